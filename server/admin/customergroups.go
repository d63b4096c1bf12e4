package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// CustomerGroups are the codes of one list, for those who look after customers and not after all that a company sets.
var CustomerGroups = &Noun{
	URL: customerGroupsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "customer_group", ID: "c.id", Where: "c._del = 0 AND c.list = 'customer_group'", Order: "code", From: "code c",
			Columns: []list.Column{
				{Name: "code", SQL: "c.code", Ref: "c.id", URL: customerGroupsURL + "/"},
				{Name: "label", SQL: "c.label", Kind: list.Translated, Fixed: true},
				{Name: "retired_at", SQL: "c.retired_at", Kind: list.Instant, Fixed: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, Where: `c.label LIKE ? ESCAPE '\' OR c.code LIKE ? ESCAPE '\'`},
				{Name: "retired", Test: list.Is, Where: "c.retired_at IS NOT NULL"},
			},
		},
		URL: customerGroupsURL, Title: "Customer groups", New: customerGroupsURL + "/new", Make: "New customer group", Need: auth.EditGroups,
		Empty: "The groups that customers are put into will stand here: by salesman, by region, as you like.",
	},
	One: &Detail{Table: "code", URL: customerGroupsURL, Form: customerGroupForm, Facts: []string{"code", "label", "rank", "retired_at"}},
	Deeds: []*Deed{
		labelDeed(aftersales.CauseCodePut, auth.EditGroups, isCustomerGroup, func(tx aftersales.Tx, row *record.Row, v record.Values) error {
			return putCustomerGroup(tx, row.Get("code").Text(), v)
		}),
		retireDeed(aftersales.CauseCodePut, auth.DeleteGroups, isCustomerGroup, func(tx aftersales.Tx, row *record.Row, _ record.Values) error {
			return aftersales.RetireCode(tx, aftersales.ListCustomerGroup, row.Get("code").Text())
		}),
	},
}

// isCustomerGroup keeps who may change these from changing the codes of other lists.
func isCustomerGroup(row *record.Row) bool {
	return row.Get("list").Text() == aftersales.ListCustomerGroup
}

var customerGroupForm = &Form{
	Table: "code", Asks: []schema.Column{ask("code", schema.Text), ask("label", schema.Translated), ask("rank", schema.Integer)},
	Needed: []string{"code"}, URL: customerGroupsURL, New: "New customer group", Make: "Make the group", Made: "Customers can be put into it.", Cause: aftersales.CauseCodePut,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		code := v["code"].Text()
		return aftersales.CodeID(aftersales.ListCustomerGroup, code), putCustomerGroup(tx, code, v)
	},
}

func putCustomerGroup(tx aftersales.Tx, code string, v record.Values) error {
	return aftersales.PutCode(tx, aftersales.CodeInput{
		List: aftersales.ListCustomerGroup, Code: code, Label: translations(v, "label"), Rank: v["rank"].Number(),
	})
}
