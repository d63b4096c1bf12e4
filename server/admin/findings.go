package admin

import (
	"encoding/json"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

const findingsURL = "/billing-findings"

// findings is the list of charges that do not agree with what the customer is entitled to.
var findings = &Listing{
	List: &list.List{
		Name: "billing_finding",
		From: "billing_finding f LEFT JOIN job j ON j.id = f.job LEFT JOIN party p ON p.id = j.party", ID: "f.id", Where: "f._del = 0", Order: "-found_at",
		Columns: []list.Column{
			{Name: "kind", SQL: "f.kind", Kind: list.Code, Codes: "billing_finding.kind", Ref: "f.id", URL: findingsURL + "/", Fixed: true},
			{Name: "state", SQL: "f.state", Kind: list.Code, Codes: "billing_finding.state", Fixed: true},
			{Name: "job", SQL: "j.number", Ref: "f.job", URL: jobsURL + "/", Fixed: true},
			{Name: "party", SQL: "p.name", Ref: "j.party", URL: customersURL + "/", Fixed: true},
			{Name: "expected", SQL: "f.expected_minor", Kind: list.Money, Unit: "f.expected_currency", Fixed: true},
			{Name: "charged", SQL: "f.charged_minor", Kind: list.Money, Unit: "f.charged_currency", Fixed: true},
			{Name: "amount", SQL: "f.amount_minor", Kind: list.Money, Unit: "f.amount_currency", Fixed: true},
			{Name: "found_at", SQL: "f.found_at", Kind: list.Instant},
			{Name: "settled_as", SQL: "f.settled_as", Kind: list.Code, Codes: "billing_finding.settled_as", Fixed: true, Aside: true},
		},
		Filters: []list.Filter{
			{Name: "open", Test: list.Is, Where: "f.state = 'open'"},
			{Name: "kind", Test: list.OneOf, Where: "f.kind", Names: "billing_finding.kind",
				Codes: []string{aftersales.GapLeakage, aftersales.GapRefund, aftersales.GapGoodwill, aftersales.GapPrice}},
		},
		Indexes: []string{`CREATE INDEX IF NOT EXISTS "billing_finding.found,id" ON billing_finding(found_at, id)`},
	},
	URL: findingsURL, Title: "Leakage and refunds due", Need: auth.SeeInbox,
	Empty: "What was given though not covered, and charged though covered, will stand here. Each job is reckoned again when it ends and when its slip is audited.",
}

var findingDetail = &Detail{
	Table: "billing_finding", URL: findingsURL, State: "state", Page: "settling",
	Facts: []string{"kind", "job", "expected", "charged", "amount", "found_at", "settled_as", "reason", "settled_by", "settled_at"},
}

func findingMore(b *builder, row *record.Row) (any, error) {
	f := aftersales.BillingFindingOf(row)
	b.page.Name = capital(b.v.lang.Name("billing_finding.kind." + f.Kind))
	if err := b.subject(row); err != nil {
		return nil, err
	}
	x := settling{Open: f.State == aftersales.GapOpen, May: b.v.Who.May(auth.SettleBilling)}
	for _, as := range []string{aftersales.SettledCharged, aftersales.SettledRefunded, aftersales.SettledWaived} {
		x.As = append(x.As, option{as, capital(b.v.lang.Name("billing_finding.settled_as." + as))})
	}
	var why []aftersales.Reason
	if json.Unmarshal([]byte(f.EncodedWhy), &why) != nil {
		return x, nil // written by a later version: shown without its reasons
	}
	var err error
	x.Why, err = b.v.reasons(b.n, why)
	return x, err
}

// ListFindings shows what was given or charged wrongly.
func (o *Office) ListFindings(v *Visit) error { return o.ShowList(v, findings, nil) }

// ShowFinding shows one of them.
func (o *Office) ShowFinding(v *Visit) error { return o.ShowDetail(v, findingDetail, findingMore) }

// SettleFinding says what became of it.
func (o *Office) SettleFinding(v *Visit) error {
	return o.detailDo(v, findingDetail, findingMore, aftersales.CauseFindingSettle, v.t("It is settled."), func(tx aftersales.Tx, id record.ID) error {
		return aftersales.SettleFinding(tx, aftersales.SettleFindingInput{Finding: id, As: v.form("as"), Reason: v.form("reason")})
	})
}
