package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

const discrepanciesURL = "/discrepancies"

// discrepancies is the list of what was done and does not fit together, the latest first.
var discrepancies = &Listing{
	List: &list.List{
		Name: "discrepancy",
		From: "discrepancy d LEFT JOIN job j ON j.id = d.job LEFT JOIN part p ON p.id = d.part LEFT JOIN location l ON l.id = d.location LEFT JOIN person w ON w.id = d.person",
		ID:   "d.id", Where: "d._del = 0", Order: "-found_at",
		Columns: []list.Column{
			{Name: "kind", SQL: "d.kind", Kind: list.Code, Codes: "discrepancy.kind", Ref: "d.id", URL: discrepanciesURL + "/", Fixed: true},
			{Name: "state", SQL: "d.state", Kind: list.Code, Codes: "discrepancy.state", Fixed: true},
			{Name: "job", SQL: "j.number", Ref: "d.job", URL: jobsURL + "/", Fixed: true},
			{Name: "part", SQL: "p.code", Fixed: true},
			{Name: "quantity", SQL: "d.quantity", Kind: list.Quantity, Scale: aftersales.QuantityScale, Unit: "d.quantity_unit", Fixed: true},
			{Name: "location", SQL: "l.name", Fixed: true},
			{Name: "person", SQL: "w.name", Fixed: true},
			{Name: "found_at", SQL: "d.found_at", Kind: list.Instant},
		},
		Filters: []list.Filter{{Name: "open", Test: list.Is, Where: "d.state = 'open'"}},
		Indexes: []string{`CREATE INDEX IF NOT EXISTS "discrepancy.found,id" ON discrepancy(found_at, id)`},
	},
	Each: discrepanciesEach,
	URL:  discrepanciesURL, Title: "Discrepancies", Need: auth.SeeInbox,
	Empty: "What was done and does not fit together will stand here: a shortage in a van, a hand-over of which one half is missing, paid work without its second yes.",
}

var discrepancyDetail = &Detail{
	Table: "discrepancy", URL: discrepanciesURL, State: "state", Page: "settling",
	Facts: []string{"kind", "job", "part", "quantity", "location", "person", "found_at", "settled_at", "settled_by", "resolution"},
	Texts: []string{"note"},
}

func discrepancyMore(b *builder, row *record.Row) (any, error) {
	b.page.Name = capital(b.v.lang.Name("discrepancy.kind." + row.Get("kind").Text()))
	return settling{Open: aftersales.DiscrepancyOf(row).Open(), May: b.v.Who.May(auth.SettleStock)}, b.subject(row)
}

// ListDiscrepancies shows what does not fit together.
func (o *Office) ListDiscrepancies(v *Visit) error { return o.ShowList(v, discrepancies, nil) }

// ShowDiscrepancy shows one of them.
func (o *Office) ShowDiscrepancy(v *Visit) error {
	return o.ShowDetail(v, discrepancyDetail, discrepancyMore)
}

// SettleDiscrepancy says how it was settled. What that takes is done apart, by its own command.
func (o *Office) SettleDiscrepancy(v *Visit) error {
	return o.detailDo(v, discrepancyDetail, discrepancyMore, aftersales.CauseDiscrepancy, v.t("It is settled."), func(tx aftersales.Tx, id record.ID) error {
		return aftersales.Settle(tx, aftersales.SettleInput{Discrepancy: id, Resolution: v.form("reason")})
	})
}
