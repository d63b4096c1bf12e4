package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

const customersURL = "/customers"

// customers is the list of everybody who is served.
var customers = &Listing{
	List: &list.List{
		Name: "party", From: "party p LEFT JOIN party g ON g.id = p.parent", ID: "p.id",
		Where: "p._del = 0 AND +p.merged_into IS NULL", Order: "name",
		Columns: []list.Column{
			{Name: "name", SQL: "p.name", Ref: "p.id", URL: customersURL + "/"},
			{Name: "number", SQL: "p.number"},
			{Name: "phone", SQL: "p.phone"},
			{Name: "city", SQL: "p.city"},
			{Name: "address", SQL: "p.address", Fixed: true},
			{Name: "kind", SQL: "p.kind", Kind: list.Code, Codes: "party.kind", Aside: true},
			{Name: "parent", SQL: "g.name", Ref: "p.parent", URL: customersURL + "/", Fixed: true, Aside: true},
			{Name: "blacklisted", SQL: "p.blacklisted", Kind: list.Flag, Fixed: true},
			{Name: "archived_at", SQL: "p.archived_at", Kind: list.Instant, Fixed: true, Aside: true},
		},
		Filters: []list.Filter{
			{Name: "q", Test: list.Search, In: list.In("party", "p.id")},
			{Name: "customer_group", Test: list.Refers, Where: "p.customer_group = (SELECT code FROM code WHERE id = ?)",
				Options: "SELECT id, label FROM code WHERE list = 'customer_group' AND _del = 0 ORDER BY rank, code"},
			{Name: "salesman", Test: list.Refers, Where: "p.salesman",
				Options: "SELECT id, name FROM person WHERE id IN (SELECT salesman FROM party WHERE _del = 0) ORDER BY name, id"},
			{Name: "blacklisted", Test: list.Is, Where: "p.blacklisted = 1"},
			archived("p"),
		},
		Indexes: []string{
			`CREATE INDEX IF NOT EXISTS "party.name,id" ON party(name, id)`,
			`CREATE INDEX IF NOT EXISTS "party.city,id" ON party(city, id)`,
			`CREATE INDEX IF NOT EXISTS "party.number,id" ON party(number, id)`,
			`CREATE INDEX IF NOT EXISTS "party.phone,id" ON party(phone, id)`,
			`CREATE INDEX IF NOT EXISTS "party.kind,id" ON party(kind, id)`,
		},
	},
	Each: customersEach,
	URL:  customersURL, Title: "Customers", New: customersURL + "/new", Make: "New customer", Need: auth.EditCustomers,
	Page:  "customers",
	Empty: "Your customers will stand here, with their machines and what was done for them. They come by hand, by import, or with their first call.",
}

var customerForm = &Form{
	Table: "party",
	Columns: []string{
		"name", "kind", "roles", "parent", "phone", "phone2", "email", "province", "city", "district", "address",
		"customer_group", "salesman", "tax_number", "language", "tags", "note", "fields",
	},
	Lists:    map[string]string{"customer_group": aftersales.ListCustomerGroup},
	Needed:   []string{"name"},
	Defaults: map[string]string{"kind": aftersales.PartyOrganisation, "roles": aftersales.RoleCustomer},
	URL:      customersURL,
	New:      "New customer", Edit: "Edit %s", Make: "Make the customer", Made: "The customer is made.",
	Cause: aftersales.CauseCreate,
	Create: func(tx aftersales.Tx, values record.Values) (record.ID, error) {
		return aftersales.CreateParty(tx, aftersales.PartyInput{
			Name: values["name"].Text(), Kind: values["kind"].Text(), Roles: chosen(values, "roles"), Parent: values["parent"].Ref(),
			Phone: values["phone"].Text(), Phone2: values["phone2"].Text(), Email: values["email"].Text(),
			Province: values["province"].Text(), City: values["city"].Text(), District: values["district"].Text(),
			Address: values["address"].Text(), Group: values["customer_group"].Text(), Language: values["language"].Text(),
			Salesman: values["salesman"].Ref(), Note: values["note"].Text(), Tags: chosen(values, "tags"), Fields: ownFields(values),
		})
	},
}

var customerDetail = &Detail{
	Table: "party", URL: customersURL, Page: "customer", Form: customerForm, Edit: auth.EditCustomers,
	Facts: []string{
		"number", "kind", "roles", "parent", "phone", "phone2", "email", "province", "city", "district", "address",
		"customer_group", "salesman", "tax_number", "blacklisted", "blacklist_reason", "language", "tags", "merged_into", "archived_reason",
	},
	Texts: []string{"note"},
	Sections: []sectionOf{
		{table: "contact", via: "party", columns: []string{"name", "position", "phone", "email", "note"}, url: contactsURL + "/"},
		{table: "site", via: "party", columns: []string{"name", "city", "address", "region"}, latest: 20, url: sitesURL + "/"},
		{table: "contract", via: "party", columns: []string{"number", "kind", "scope", "starts_on", "ends_on", "ended_on"}, url: contractsURL + "/"},
		{table: "unit", via: "party", columns: []string{"name", "serial", "product", "status", "installed_on", "warranty_until"}, url: assetsURL + "/", latest: 20, all: assetsURL + "?party="},
		{table: "request", via: "party", columns: []string{"number", "state", "title"}, url: requestsURL + "/", latest: 20, all: requestsURL + "?party="},
		{table: "job", via: "party", columns: []string{"number", "state", "title", "plan_start"}, url: jobsURL + "/", latest: 20, all: jobsURL + "?party="},
	},
}

// ListCustomers shows the customers.
func (o *Office) ListCustomers(v *Visit) error { return o.ShowList(v, customers, nil) }

// ShowCustomer shows one, with his machines and what was done for him.
func (o *Office) ShowCustomer(v *Visit) error { return o.ShowDetail(v, customerDetail, customerMore) }

// NewCustomer shows the form that makes one.
func (o *Office) NewCustomer(v *Visit) error { return o.ShowNew(v, customerForm) }

// CreateCustomer makes one.
func (o *Office) CreateCustomer(v *Visit) error { return o.SendNew(v, customerForm) }

// EditCustomer shows the form that changes one.
func (o *Office) EditCustomer(v *Visit) error { return o.ShowEdit(v, customerForm) }

// SaveCustomer writes what was changed.
func (o *Office) SaveCustomer(v *Visit) error { return o.SendEdit(v, customerForm) }
