package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The kinds of party.
const (
	PartyPerson       = "person"
	PartyOrganisation = "organisation"
)

// The roles a party can have, several at once.
const (
	RoleCustomer = "customer"
	RoleDealer   = "dealer"
	RoleSupplier = "supplier"
	RoleRepairer = "repairer"
	RoleCompany  = "company" // our own
)

var partyColumns = slices.Concat(branch(), []schema.Column{
	text(1, "number", searchable, indexed),
	enum(2, "kind", []string{PartyPerson, PartyOrganisation}, required),
	text(3, "name", required, personal, searchable),
	set(4, "roles"),
	ref(5, "parent", "party"),
	text(6, "phone", personal, searchable, indexed), // E.164
	text(7, "phone2", personal, searchable, indexed),
	text(8, "email", personal, searchable),
	code(9, "province"),
	text(10, "city", personal, searchable),
	text(11, "district", personal),
	text(12, "address", personal, searchable),
	text(13, "tax_number", personal),
	code(14, "customer_group"),
	office(integer(15, "blacklisted")), // 1: serve only after asking
	office(text(16, "blacklist_reason")),
	code(17, "language"),
	text(18, "note", personal, searchable),
	set(19, "tags"),
	ref(20, "salesman", "person"),
}, together("position",
	decimal(30, "latitude", PositionScale, personal), // WGS-84 degrees
	decimal(31, "longitude", PositionScale, personal),
), alias("party"), fields(personal), archive())

var partyTable = &schema.Table{
	ID: 10, Name: "party", Create: true, Alias: "merged_into",
	Columns: partyColumns,
	Buckets: []schema.Bucket{in(CustomerBucket, "id")},
	Rights: []schema.Right{{Name: RightWork, Columns: []string{
		"phone", "phone2", "email", "province", "city", "district", "address", "note", "tags", "fields",
		"latitude", "longitude",
	}}},
	Withheld: tidied(partyColumns),
}

// Party is a row of the table party.
type Party struct {
	ID              record.ID      `json:"id"`
	Branch          record.ID      `json:"branch"`
	Number          string         `json:"number"`
	Kind            string         `json:"kind"`
	Name            string         `json:"name"`
	Roles           []string       `json:"roles"`
	Parent          record.ID      `json:"parent"`
	Phone           string         `json:"phone"`
	Phone2          string         `json:"phone2"`
	Email           string         `json:"email"`
	Province        string         `json:"province"`
	City            string         `json:"city"`
	District        string         `json:"district"`
	Address         string         `json:"address"`
	CustomerGroup   string         `json:"customer_group"`
	Blacklisted     bool           `json:"blacklisted"`
	BlacklistReason string         `json:"blacklist_reason"`
	Language        string         `json:"language"`
	Salesman        record.ID      `json:"salesman"`
	Latitude        int64          `json:"latitude"`  // 1e-7 degrees
	Longitude       int64          `json:"longitude"` // 1e-7 degrees
	Note            string         `json:"note"`
	Tags            []string       `json:"tags"`
	Fields          map[string]any `json:"fields"`
	MergedInto      record.ID      `json:"merged_into"`
	ArchivedAt      int64          `json:"archived_at"`
	ArchivedReason  string         `json:"archived_reason"`
}

// PartyOf returns the row as a Party; the zero Party for nil.
func PartyOf(r *record.Row) Party { return view[Party](r) }

// PartyInput says what a new party is.
type PartyInput struct {
	ID       record.ID // zero: a fresh one
	Branch   record.ID // zero: the author's
	Number   string    // "": the next of the series
	Kind     string    // "": an organisation
	Name     string
	Roles    []string // none: a customer
	Parent   record.ID
	Phone    string
	Phone2   string
	Email    string
	Province string
	City     string
	District string
	Address  string
	Group    string // of the list "customer_group"
	Salesman record.ID
	Language string
	Position *Position // of the address; nil: not known
	Note     string
	Tags     []string
	Fields   FieldValues
	Beside   record.Values // what the same change writes of it next: the rules for new rows count it
}

// CreateParty makes a customer, dealer, supplier. Codes: MissingText, UnknownCode, BadPhone, BadMail, BadPosition, BadField, MissingField,
// fault.UnknownRow.
func CreateParty(tx Tx, in PartyInput) (record.ID, error) {
	name, err := textFor("the name", in.Name)
	if err != nil {
		return record.ID{}, err
	}
	if err := checkCode(tx, ListCustomerGroup, in.Group); err != nil {
		return record.ID{}, err
	}
	if err := needAll(tx, Row{"party", in.Parent}, Row{"person", in.Salesman}); err != nil {
		return record.ID{}, err
	}
	id, branch, number, err := identity(tx, in.ID, in.Branch, in.Number, SeriesParty)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(branch), "number": optional(number), "name": record.Text(name),
		"kind": record.Text(cmp.Or(in.Kind, PartyOrganisation)), "parent": record.Ref(in.Parent),
		"phone": optional(in.Phone), "phone2": optional(in.Phone2), "email": optional(in.Email),
		"province": optional(in.Province), "city": optional(in.City), "district": optional(in.District),
		"address": optional(in.Address), "customer_group": optional(in.Group), "language": optional(in.Language),
		"note": optional(in.Note), "salesman": record.Ref(in.Salesman),
	}
	if err := firstError(in.Position.put(values), reachable(tx, "party", branch, values)); err != nil {
		return record.ID{}, err
	}
	if len(in.Roles) == 0 {
		in.Roles = []string{RoleCustomer}
	}
	addSet(values, "roles", in.Roles)
	addSet(values, "tags", in.Tags)
	return id, insertWithFields(tx, "party", id, values, in.Fields, in.Beside)
}
