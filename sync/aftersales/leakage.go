package aftersales

import (
	"encoding/json"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// What the hub finds when it reckons a charge again.
const (
	GapLeakage  = "leakage"    // given free, or for less, though not covered
	GapRefund   = "refund_due" // charged though covered
	GapGoodwill = "goodwill"   // given away knowingly
	GapPrice    = "price"      // covered alike, but the price or discount is not the policy's
)

// The states of a finding.
const (
	GapOpen      = "open"
	GapWithdrawn = "withdrawn" // reckoned again, it is none any more
	GapSettled   = "settled"
)

// A billing finding is what a charge, or a part that went without one, should have cost the customer and did not. It
// lies in a bucket that no phone holds.
var billingFindingTable = &schema.Table{
	ID: 152, Name: "billing_finding",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		anyRef(2, "about", required, indexed), // the charge, or the movement
		enum(3, "kind", []string{GapLeakage, GapRefund, GapGoodwill, GapPrice}, required),
		money(4, "expected", required), // for the customer, with tax
		money(5, "charged", required),
		money(6, "amount", required), // expected less charged: what leaked, negative where it is due back
		long(64<<10, text(7, "why")), // JSON: []Reason
		text(8, "versions"),          // the ids of the policy versions that judged, blanks between
		enum(9, "state", []string{GapOpen, GapWithdrawn, GapSettled}, required, indexed),
		instant(10, "found_at", required),
		enum(11, "settled_as", []string{SettledCharged, SettledRefunded, SettledWaived}),
		text(12, "reason"),
		ref(13, "settled_by", "person"),
		instant(14, "settled_at"),
	}),
	Buckets: []schema.Bucket{in(OfficeBucket, "job")},
}

// How a finding is settled.
const (
	SettledCharged  = "charged"
	SettledRefunded = "refunded"
	SettledWaived   = "waived"
)

// BillingGap is what a recomputed entitlement says about one charge or movement.
type BillingGap struct {
	About    Row         `json:"about"`
	Kind     string      `json:"kind"`
	Expected Money       `json:"expected"`
	Charged  Money       `json:"charged"`
	Amount   Money       `json:"amount"` // Expected less Charged
	Why      []Reason    `json:"why"`
	Versions []record.ID `json:"versions"`
}

// BillingFinding is a row of the table billing_finding.
type BillingFinding struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Job        record.ID `json:"job"`
	About      Row       `json:"about"`
	Kind       string    `json:"kind"`
	Expected   Money     `json:"expected"`
	Charged    Money     `json:"charged"`
	Amount     Money     `json:"amount"`
	EncodedWhy string    `json:"why"`
	Versions   string    `json:"versions"`
	State      string    `json:"state"`
	FoundAt    int64     `json:"found_at"`
	SettledAs  string    `json:"settled_as"`
	Reason     string    `json:"reason"`
	SettledBy  record.ID `json:"settled_by"`
	SettledAt  int64     `json:"settled_at"`
}

// BillingFindingOf returns the row as a BillingFinding; the zero one for nil.
func BillingFindingOf(r *record.Row) BillingFinding { return view[BillingFinding](r) }

// CheckBilling reckons a job's charges again, each by the policies in force when it happened and by what is known
// today, and the parts and the work that the customer had without a charge; it returns what does not agree. It decides nothing
// about charges whose price is not known.
func CheckBilling(v View, job record.ID) ([]BillingGap, error) {
	row, err := v.Row("job", job)
	if err != nil || row == nil {
		return nil, err
	}
	j := JobOf(row)
	charges, err := Charges(v, job)
	if err != nil {
		return nil, err
	}
	var list []BillingGap
	for _, c := range charges {
		f, err := checkCharge(v, j, c)
		if err != nil {
			return nil, err
		}
		list = append(list, f...)
	}
	free, err := checkMovements(v, j, charges)
	if err != nil {
		return nil, err
	}
	work, err := checkWork(v, j, charges)
	return slices.Concat(list, free, work), err
}

// checkCharge compares one charge with what it should be.
func checkCharge(v View, j Job, c Charge) ([]BillingGap, error) {
	line := ChargeLine{Kind: c.Kind, Part: c.Part, Service: c.Service, Quantity: c.Quantity}
	in := ChargeInput{ChargeLine: line, Component: c.Component, Exclusions: strings.Fields(c.Exclusions)}
	cause := j.CauseCode
	if cause == "" {
		cause = c.CauseCode
	}
	d, err := Entitle(v, c.Unit, in.work(j, cause), c.Corrected)
	if fault.CodeOf(err) == UnknownCode || fault.CodeOf(err) == UnknownPart {
		in.Price = c.UnitPrice // a service or part of no list costs what was asked for it
		d, err = Entitle(v, c.Unit, in.work(j, cause), c.Corrected)
	}
	if err != nil || priceless(d) {
		return nil, err
	}
	want := d.Lines[0]
	if want.Discount, err = allowedDiscount(v, j, c); err != nil {
		return nil, err
	}
	if err := want.reckon(); err != nil {
		return nil, err
	}
	if want.Gross.Currency != c.Gross.Currency || want.Gross == c.Gross {
		return nil, nil
	}
	kind := GapPrice
	switch {
	case c.Basis == BasisGoodwill && want.Gross.Minor > c.Gross.Minor:
		kind = GapGoodwill
	case want.Percent < c.Percent:
		kind = GapLeakage
	case want.Percent > c.Percent:
		kind = GapRefund
	}
	return []BillingGap{gap(Row{"charge", c.ID}, kind, want.Gross, c.Gross, d)}, nil
}

// allowedDiscount is the discount of the charge as far as it needed no right.
func allowedDiscount(v View, j Job, c Charge) (int64, error) {
	p, _, err := InForce[PricePolicy](v, PolicyPrice, j.Branch, c.Corrected)
	return min(c.Discount, p.MaxDiscount), err
}

// priceless reports whether the decision could not name a price.
func priceless(d Entitlement) bool {
	return slices.ContainsFunc(d.Lines, func(l PricedLine) bool {
		return slices.ContainsFunc(l.Why, func(r Reason) bool { return r.Code == WhyNoPrice })
	})
}

func gap(about Row, kind string, expected, charged Money, d Entitlement) BillingGap {
	return BillingGap{
		About: about, Kind: kind, Expected: expected, Charged: charged,
		Amount: Money{min(max(expected.Minor-charged.Minor, -record.MaxMoney), record.MaxMoney), expected.Currency},
		Why:    slices.Concat(d.Why, d.Lines[0].Why), Versions: d.Versions,
	}
}

// checkMovements finds parts used for the job that nobody charged, or not as many, though the customer should have paid.
func checkMovements(v View, j Job, charges []Charge) ([]BillingGap, error) {
	rows, err := v.Refs("movement", "job", j.ID)
	if err != nil {
		return nil, err
	}
	var list []BillingGap
	for _, m := range uncharged(standing(rows), charges) {
		in := ChargeInput{ChargeLine: ChargeLine{Kind: ChargeParts, Part: m.Part, Quantity: m.Quantity}}
		d, err := Entitle(v, j.Unit, in.work(j, j.CauseCode), m.Corrected)
		if fault.CodeOf(err) == UnknownPart {
			continue
		}
		if err != nil {
			return nil, err
		}
		if want := d.Lines[0].Gross; want.Minor > 0 && !priceless(d) {
			list = append(list, gap(Row{"movement", m.ID}, GapLeakage, want, Money{0, want.Currency}, d))
		}
	}
	return list, nil
}

// uncharged returns the movements of our parts to a customer, each with how much of it is neither in a charge nor came back
// unused. A charge is for the movement that it names; what it does not name, and what came back, is taken off in turn.
func uncharged(rows []*record.Row, charges []Charge) (list []Movement) {
	named, other := map[record.ID]int64{}, map[record.ID]int64{} // by movement and by part, thousandths
	for _, c := range charges {
		if c.Movement.IsZero() {
			other[c.Part] += c.Quantity.Amount
		}
		named[c.Movement] += c.Quantity.Amount
	}
	for _, row := range rows {
		m := MovementOf(row)
		switch {
		case m.Owner != OwnerUs:
		case m.Cause == MoveReturn && m.Condition == Good:
			other[m.Part] += m.Quantity.Amount
		case m.Cause == MoveRepairUse || m.Cause == MoveSaleUse:
			own := min(named[m.ID], m.Quantity.Amount)
			other[m.Part] += named[m.ID] - own // charged with it, and more than it moved
			m.Quantity.Amount -= own
			list = append(list, m)
		}
	}
	for i := range list {
		n := min(list[i].Quantity.Amount, other[list[i].Part])
		list[i].Quantity.Amount -= n
		other[list[i].Part] -= n
	}
	return slices.DeleteFunc(list, func(m Movement) bool { return m.Quantity.Amount == 0 })
}

// checkWork finds working time on a job that is done for which there is no charge at all, though the customer should have paid it
// by the hour.
func checkWork(v View, j Job, charges []Charge) ([]BillingGap, error) {
	visits, err := Visits(v, j.ID)
	done := j.Over() && slices.ContainsFunc(visits, func(v Visit) bool { return v.State == VisitCompleted })
	if err != nil || !done || slices.ContainsFunc(charges, func(c Charge) bool { return c.Kind == ChargeLabour }) {
		return nil, err
	}
	all, err := JobHours(v, j.ID, j.FinishedAt)
	if err != nil {
		return nil, err
	}
	var worked int64
	for _, h := range all {
		worked += h.Spent[TimeWork]
	}
	prices, _, err := InForce[PricePolicy](v, PolicyPrice, j.Branch, j.FinishedAt)
	i := slices.IndexFunc(prices.Services, func(s ServicePrice) bool { return s.Kind == ChargeLabour && s.Unit == "h" })
	if err != nil || i < 0 || worked == 0 {
		return nil, err
	}
	in := ChargeInput{ChargeLine: ChargeLine{Service: prices.Services[i].Code, Quantity: WorkingHours(worked)}}
	d, err := Entitle(v, j.Unit, in.work(j, j.CauseCode), j.FinishedAt)
	if err != nil || d.Lines[0].Gross.Minor <= 0 {
		return nil, err
	}
	want := d.Lines[0].Gross
	return []BillingGap{gap(Row{"job", j.ID}, GapLeakage, want, Money{0, want.Currency}, d)}, nil
}

// RecordFindings reckons the job again and keeps the findings as rows: a finding that is new is open, one that changed
// says so, one that is none any more is withdrawn. What somebody settled stays settled.
func RecordFindings(tx Tx, job record.ID) error {
	findings, err := CheckBilling(tx, job)
	if err != nil {
		return err
	}
	found := map[record.ID]bool{}
	for _, f := range findings {
		id := NamedID("billing_finding", f.About.ID.String())
		found[id] = true
		if err := f.record(tx, id, job); err != nil {
			return err
		}
	}
	rows, err := tx.Refs("billing_finding", "job", job)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if found[row.ID] || row.Get("state").Text() != GapOpen {
			continue
		}
		if err := tx.Update("billing_finding", row.ID, record.Values{"state": record.Text(GapWithdrawn)}); err != nil {
			return err
		}
	}
	return nil
}

func (f BillingGap) record(tx Tx, id, job record.ID) error {
	row, err := tx.Row("billing_finding", id)
	if err != nil {
		return err
	}
	old := BillingFindingOf(row)
	if row != nil && (old.State == GapSettled || old.State == GapOpen && old.Amount == f.Amount && old.Kind == f.Kind) {
		return nil
	}
	why, err := json.Marshal(f.Why)
	if err != nil {
		return err
	}
	values := record.Values{
		"kind": record.Text(f.Kind), "expected": f.Expected.Value(), "charged": f.Charged.Value(),
		"amount": f.Amount.Value(), "why": record.Text(string(why)), "versions": optional(joinIDs(f.Versions)),
		"state": record.Text(GapOpen), "found_at": record.Instant(tx.Now()),
	}
	if row != nil {
		return tx.Update("billing_finding", id, values)
	}
	of, err := need(tx, "job", job)
	if err != nil {
		return err
	}
	values["branch"], values["job"], values["about"] = of.Get("branch"), record.Ref(job), f.About.Value()
	return insert(tx, "billing_finding", id, values)
}

// SettleFindingInput says how a finding is settled.
type SettleFindingInput struct {
	Finding record.ID
	As      string // SettledCharged, SettledRefunded, SettledWaived
	Reason  string
}

// SettleFinding closes a finding. Codes: MissingReason, UnknownCode, WrongState, fault.UnknownRow.
func SettleFinding(tx Tx, in SettleFindingInput) error {
	row, err := need(tx, "billing_finding", in.Finding)
	if err != nil {
		return err
	}
	reason, err := reasonFor("settle the finding", in.Reason)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{SettledCharged, SettledRefunded, SettledWaived}, in.As) {
		return fault.New(UnknownCode, "a finding is charged, refunded or waived")
	}
	if row.Get("state").Text() != GapOpen {
		return fault.New(WrongState, "the finding is not open")
	}
	return tx.Update("billing_finding", in.Finding, record.Values{
		"state": record.Text(GapSettled), "settled_as": record.Text(in.As), "reason": record.Text(reason),
		"settled_by": record.Ref(tx.Author()), "settled_at": record.Instant(tx.Now()),
	})
}
