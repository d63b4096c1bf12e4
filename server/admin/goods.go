package admin

import (
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
)

// Goods are the book of what was taken from customers: what is still with us, since when, and by when it was promised back.
var Goods = &Noun{
	URL: goodsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "goods_receipt", ID: "g.id", Where: "g._del = 0", Order: "-taken_at",
			From: "goods_receipt g JOIN job j ON j.id = g.job LEFT JOIN party p ON p.id = j.party LEFT JOIN person a ON a.id = g.author",
			Columns: []list.Column{
				{Name: "number", SQL: "g.number", Ref: "g.id", URL: goodsURL + "/"},
				{Name: "state", SQL: "g.state", Kind: list.Code, Codes: "goods_receipt.state", Fixed: true},
				{Name: "items", SQL: "g.items", Fixed: true},
				{Name: "party", SQL: "p.name", Ref: "j.party", URL: customersURL + "/", Fixed: true},
				{Name: "job", SQL: "j.number", Ref: "g.job", URL: jobsURL + "/", Fixed: true},
				{Name: "taken_at", SQL: "g.taken_at", Kind: list.Instant},
				{Name: "author", SQL: "a.name", Fixed: true},
				{Name: "promised_on", SQL: "g.promised_on", Kind: list.Date},
				{Name: "returned_at", SQL: "g.returned_at", Kind: list.Instant, Fixed: true},
				{Name: "returned_to", SQL: "g.returned_to", Fixed: true, Aside: true},
				{Name: "condition", SQL: "g.condition", Fixed: true, Aside: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, In: list.In("goods_receipt", "g.id", "job", "g.job", "party", "j.party")},
				{Name: "state", Test: list.OneOf, Where: "g.state", Codes: []string{aftersales.GoodsTaken, aftersales.GoodsReturned}, Names: "goods_receipt.state"},
				{Name: "overdue", Test: list.Is, Where: "g.state = 'taken' AND g.promised_on < unixepoch('subsec') / 86400 - 1"},
			},
			Indexes: []string{
				`CREATE INDEX IF NOT EXISTS "goods_receipt.number,id" ON goods_receipt(number, id)`,
				`CREATE INDEX IF NOT EXISTS "goods_receipt.taken,id" ON goods_receipt(taken_at, id)`,
				`CREATE INDEX IF NOT EXISTS "goods_receipt.promised,id" ON goods_receipt(promised_on, id)`,
			},
		},
		URL: goodsURL, Title: "Customers' goods",
		Empty: "What technicians take from customers to the workshop will stand here, until it is given back. They write the receipts on their phones.",
	},
	One: &Detail{
		Table: "goods_receipt", URL: goodsURL, State: "state",
		Facts: []string{
			"job", "visit", "unit", "condition", "promised_on", "taken_at", "author", "given_by", "returned_at", "returned_to", "returned_by",
		},
		Texts: []string{"items"},
	},
}
