package aftersales

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

var bases = []string{BasisWarranty, BasisContract, BasisPaid, BasisGoodwill, BasisInternal}

// A charge is a line of what a job costs its customer, with all that it was reckoned by, so that it can be reckoned
// again. A correction is a new row that names the one it replaces; one of the quantity 0 takes it back.
var chargeTable = &schema.Table{
	ID: 150, Name: "charge", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		ref(2, "visit", "visit"),
		ref(3, "unit", "unit"),
		enum(4, "kind", ChargeKinds, required),
		ref(5, "part", "part"),
		code(6, "service"),
		text(7, "text"),
		quantity(8, "quantity", required),
		money(9, "unit_price", required),
		integer(10, "discount"),             // hundredths of a percent
		integer(11, "percent", required),    // that the customer does not pay
		enum(12, "payer", payers, required), // of that share
		enum(13, "basis", bases, required),
		money(14, "net", required),
		money(15, "tax", required),
		money(16, "gross", required),
		integer(17, "tax_rate", required), // hundredths of a percent
		integer(18, "tax_included"),
		enum(19, "rounding", []string{RoundLine, RoundTotal}, required),
		integer(20, "round_to"),
		long(64<<10, text(21, "why")), // JSON: []Reason
		text(22, "versions"),          // the ids of the policy versions, blanks between
		text(23, "component"),
		text(24, "cause_code"),
		text(25, "exclusions"), // codes, blanks between
		ref(26, "contract", "contract"),
		ref(27, "movement", "movement"), // that took the part out
		ref(28, "author", "person"),
		ref(29, "replaces", "charge"),
	}, occurred()),
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  add(RightWork),
}

// The codes of charging.
const (
	DiscountTooHigh fault.Code = "discount_too_high" // more than what needs no right
	AlreadyReplaced fault.Code = "already_replaced"  // another row corrects it already
)

// Charge is a row of the table charge.
type Charge struct {
	ID          record.ID `json:"id"`
	Branch      record.ID `json:"branch"`
	Job         record.ID `json:"job"`
	Visit       record.ID `json:"visit"`
	Unit        record.ID `json:"unit"`
	Kind        string    `json:"kind"`
	Part        record.ID `json:"part"`
	Service     string    `json:"service"`
	Text        string    `json:"text"`
	Quantity    Quantity  `json:"quantity"`
	UnitPrice   Money     `json:"unit_price"`
	Discount    int64     `json:"discount"`
	Percent     int64     `json:"percent"`
	Payer       string    `json:"payer"`
	Basis       string    `json:"basis"`
	Net         Money     `json:"net"`
	Tax         Money     `json:"tax"`
	Gross       Money     `json:"gross"`
	TaxRate     int64     `json:"tax_rate"`
	TaxIncluded bool      `json:"tax_included"`
	Rounding    string    `json:"rounding"`
	RoundTo     int64     `json:"round_to"`
	EncodedWhy  string    `json:"why"`
	Versions    string    `json:"versions"`
	Component   string    `json:"component"`
	CauseCode   string    `json:"cause_code"`
	Exclusions  string    `json:"exclusions"`
	Contract    record.ID `json:"contract"`
	Movement    record.ID `json:"movement"`
	Author      record.ID `json:"author"`
	Replaces    record.ID `json:"replaces"`
	Occurred    int64     `json:"occurred"`
	Corrected   int64     `json:"corrected"`
}

// ChargeOf returns the row as a Charge; the zero Charge for nil.
func ChargeOf(r *record.Row) Charge { return view[Charge](r) }

// Why returns the reasons of the line.
func (c Charge) Why() ([]Reason, error) {
	var list []Reason
	if c.EncodedWhy == "" {
		return nil, nil
	}
	err := json.Unmarshal([]byte(c.EncodedWhy), &list)
	return list, err
}

// Line returns the charge as the line that it was priced as.
func (c Charge) Line() PricedLine {
	return PricedLine{
		ChargeLine: ChargeLine{Kind: c.Kind, Part: c.Part, Service: c.Service, Quantity: c.Quantity, Discount: c.Discount},
		UnitPrice:  c.UnitPrice, Percent: c.Percent, Payer: c.Payer, Basis: c.Basis, Net: c.Net, Tax: c.Tax,
		Gross: c.Gross, TaxRate: c.TaxRate, TaxIncluded: c.TaxIncluded, Rounding: c.Rounding, RoundTo: c.RoundTo,
	}
}

// Charges returns the job's charges that no other replaces, oldest first.
func Charges(v View, job record.ID) ([]Charge, error) {
	rows, err := v.Refs("charge", "job", job)
	if err != nil {
		return nil, err
	}
	list := []Charge{}
	for _, row := range standing(rows) {
		if c := ChargeOf(row); c.Quantity.Amount != 0 {
			list = append(list, c)
		}
	}
	return list, nil
}

// ChargeTotals adds up what the job's customer is to pay. Codes: BadMoney for several currencies.
func ChargeTotals(v View, job record.ID) (Totals, error) {
	all, err := ChargeTotalsEach(v, job)
	switch {
	case err != nil || len(all) == 0:
		return Totals{}, err
	case len(all) > 1:
		return Totals{}, errCurrencies
	}
	return all[0], nil
}

// ChargeTotalsEach is ChargeTotals for each currency by itself, in the order of their codes. Codes: BadMoney for amounts that
// are too large.
func ChargeTotalsEach(v View, job record.ID) ([]Totals, error) {
	charges, err := Charges(v, job)
	if err != nil {
		return nil, err
	}
	lines := map[string][]PricedLine{}
	for _, c := range charges {
		lines[c.Gross.Currency] = append(lines[c.Gross.Currency], c.Line())
	}
	var all []Totals
	for _, currency := range slices.Sorted(maps.Keys(lines)) {
		t, err := SumLines(lines[currency])
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// ChargeInput is a line of what a job costs.
type ChargeInput struct {
	Job        record.ID
	Visit      record.ID
	ChargeLine           // Price zero: as policy and price list have it
	Text       string    // beside the part's or service's name
	Unit       record.ID // zero: the job's; a component that is a unit
	Component  string    // of the model, where the component is no unit
	Cause      string    // "": the job's
	Exclusions []string  // of the list "exclusion": what was found on site
	Basis      string    // "": as decided; else what its author claims, which needs a reason: BasisGoodwill ...
	Reason     string
	Authorised bool      // the author has the right to any discount: the caller checked it
	Movement   record.ID // that took the part out
	Replaces   record.ID // the charge that this one corrects
	At         Moment
}

// AddCharge writes a line of what the job costs its customer, decided by Entitle as of the moment it happened. Codes:
// BadQuantity, BadMoney, UnknownCode, UnknownPart, DiscountTooHigh, MissingReason, AlreadyReplaced, CodeJobClosed,
// CodeSlipAudited, fault.UnknownRow.
func AddCharge(tx Tx, in ChargeInput) (record.ID, error) {
	row, err := unlockedJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	if err := in.check(tx); err != nil {
		return record.ID{}, err
	}
	job := JobOf(row)
	in.Unit, in.Cause = first(in.Unit, job.Unit), cmp.Or(in.Cause, job.CauseCode)
	d, err := Entitle(tx, in.Unit, in.work(job, in.Cause), in.At.corrected(tx))
	if err != nil {
		return record.ID{}, err
	}
	line := d.Lines[0]
	if err := in.claim(&line); err != nil {
		return record.ID{}, err
	}
	if err := in.checkDiscount(tx, job, d.At); err != nil {
		return record.ID{}, err
	}
	return in.insert(tx, job, d, line)
}

// TakeBackCharge replaces a charge by one of nothing. Codes: MissingReason, AlreadyReplaced, CodeJobClosed,
// CodeSlipAudited, fault.UnknownRow.
func TakeBackCharge(tx Tx, charge record.ID, reason string) (record.ID, error) {
	row, err := need(tx, "charge", charge)
	if err != nil {
		return record.ID{}, err
	}
	c := ChargeOf(row)
	job, err := unlockedJob(tx, c.Job)
	if err != nil {
		return record.ID{}, err
	}
	if reason, err = reasonFor("take the charge back", reason); err != nil {
		return record.ID{}, err
	}
	in := ChargeInput{Job: c.Job, Visit: c.Visit, Unit: c.Unit, Text: reason, Replaces: charge}
	if err := in.checkReplaced(tx); err != nil {
		return record.ID{}, err
	}
	line := c.Line()
	line.Quantity.Amount = 0
	if err := line.reckon(); err != nil {
		return record.ID{}, err
	}
	return in.insert(tx, JobOf(job), Entitlement{}, line)
}

func (in ChargeInput) check(tx Tx) error {
	if err := needAll(tx, Row{"visit", in.Visit}, Row{"unit", in.Unit}, Row{"movement", in.Movement}); err != nil {
		return err
	}
	if err := checkCode(tx, ListCause, in.Cause); err != nil {
		return err
	}
	for _, code := range in.Exclusions {
		if err := checkCode(tx, ListExclusion, code); err != nil {
			return err
		}
	}
	if in.Basis != "" && !slices.Contains(bases, in.Basis) {
		return fault.Newf(UnknownCode, "nothing is done on the basis of %v", in.Basis)
	}
	if in.Quantity.Amount > MaxJobQuantity {
		return errTooMany()
	}
	return in.checkReplaced(tx)
}

// checkReplaced refuses to correct a charge of another job, or one that is corrected already.
func (in ChargeInput) checkReplaced(tx Tx) error {
	old, err := needIf(tx, "charge", in.Replaces)
	if err != nil || old == nil {
		return err
	}
	if old.Get("job").Ref() != in.Job {
		return fault.New(fault.UnknownRow, "the charge to correct is another job's")
	}
	later, err := tx.Refs("charge", "replaces", in.Replaces)
	if err == nil && len(later) > 0 {
		err = fault.New(AlreadyReplaced, "this charge is corrected already: correct the correction")
	}
	return err
}

// work is what Entitle is asked, with a cause that may be known only later.
func (in ChargeInput) work(job Job, cause string) Work {
	return Work{
		Branch: job.Branch, Party: job.Party, Site: job.Site, Component: in.Component, Cause: cause,
		Exclusions: in.Exclusions, Lines: []ChargeLine{in.ChargeLine},
	}
}

// claim puts what the author claims in the place of what was decided. Whether he was right the hub reckons again.
func (in *ChargeInput) claim(line *PricedLine) (err error) {
	if in.Basis == "" || in.Basis == line.Basis {
		return nil
	}
	if in.Reason, err = reasonFor("charge otherwise than the policies say", in.Reason); err != nil {
		return err
	}
	line.Basis, line.Percent, line.Payer = in.Basis, 100, PayerCompany
	why := Reason{WhyClaimed, []string{in.Basis, in.Reason}}
	switch in.Basis {
	case BasisPaid:
		line.Percent, line.Payer = 0, PayerCustomer
	case BasisGoodwill:
		why = Reason{WhyGoodwill, []string{in.Reason}}
	}
	line.Why = append(line.Why, why)
	return line.reckon()
}

func (in ChargeInput) checkDiscount(tx Tx, job Job, at int64) error {
	p, _, err := InForce[PricePolicy](tx, PolicyPrice, job.Branch, at)
	if err == nil && in.Discount > p.MaxDiscount && !in.Authorised {
		err = fault.New(DiscountTooHigh, "this discount needs somebody with the right to give it")
	}
	return err
}

func (in ChargeInput) insert(tx Tx, job Job, d Entitlement, line PricedLine) (record.ID, error) {
	why, err := json.Marshal(slices.Concat(d.Why, line.Why))
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(job.Branch), "job": record.Ref(job.ID), "visit": record.Ref(in.Visit),
		"unit": record.Ref(in.Unit), "kind": record.Text(line.Kind), "part": record.Ref(line.Part),
		"service": optional(line.Service), "text": optional(in.Text), "quantity": line.Quantity.Value(),
		"unit_price": line.UnitPrice.Value(), "discount": at(line.Discount), "percent": record.Number(line.Percent),
		"payer": record.Text(line.Payer), "basis": record.Text(line.Basis), "net": line.Net.Value(),
		"tax": line.Tax.Value(), "gross": line.Gross.Value(), "tax_rate": record.Number(line.TaxRate),
		"tax_included": flag(line.TaxIncluded), "rounding": record.Text(line.Rounding), "round_to": at(line.RoundTo),
		"why": record.Text(string(why)), "versions": optional(joinIDs(d.Versions)),
		"component": optional(in.Component), "cause_code": optional(in.Cause),
		"exclusions": optional(strings.Join(in.Exclusions, " ")), "contract": record.Ref(d.Contract),
		"movement": record.Ref(in.Movement), "author": record.Ref(tx.Author()), "replaces": record.Ref(in.Replaces),
	}
	in.At.put(tx, values)
	id := tx.NewID()
	return id, insert(tx, "charge", id, values)
}

// joinIDs returns the ids as text, blanks between.
func joinIDs(ids []record.ID) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return strings.Join(list, " ")
}

// VersionIDs returns the versions of policies, and the price of the list, that decided the charge.
func (c Charge) VersionIDs() (ids []record.ID) {
	for _, s := range strings.Fields(c.Versions) {
		if id, err := record.ParseID(s); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// checkReckoned refuses a charge whose sums do not follow from its own price, cover and discount. Whether these are
// right CheckBilling finds out: a charge that somebody made is kept. Codes: BadMoney.
func checkReckoned(t *schema.Table, change *record.RowChange) error {
	c := ChargeOf(record.NewRow(t, change, clock.Dot{}))
	line := c.Line()
	if line.Percent < 0 || line.Percent > 100 || line.Discount < 0 || line.Discount > 100_00 || line.TaxRate < 0 ||
		line.TaxRate > 100_00 || line.Quantity.Amount < 0 {
		return fault.New(BadMoney, "cover, discount and tax lie between 0 and 100 percent")
	}
	whole := line // what the job's totals reckon, to say what the customer does not pay
	whole.Percent = 0
	if err := errors.Join(whole.reckon(), line.reckon()); err != nil {
		return fault.New(BadMoney, "the amount is too large")
	}
	if line.Net != c.Net || line.Tax != c.Tax || line.Gross != c.Gross {
		return fault.New(BadMoney, "the sums of the charge do not follow from its price")
	}
	return nil
}
