package aftersales

import (
	"slices"
	"time"
	_ "time/tzdata" // a phone has no zones of its own

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// The dates of a unit from which a warranty can run.
const (
	StartAccepted  = "accepted_on"
	StartInstalled = "installed_on"
	StartSold      = "sold_on"
)

// WarrantyPolicy says from when and how long a unit is under warranty, and what the warranty leaves out.
type WarrantyPolicy struct {
	Starts   []string `json:"starts"`    // dates of the unit, the first one known counts
	Months   int64    `json:"months"`    // where neither the unit nor its model says
	CardDays int64    `json:"card_days"` // the warranty card must be back so many days after the sale; 0: no such rule
	Excludes []string `json:"excludes"`  // codes of the lists "cause" and "exclusion" for which nothing is free
}

// Validate refuses a policy without a start or with negative terms. Codes: BadPolicy.
func (p WarrantyPolicy) Validate() error {
	for _, s := range p.Starts {
		if !slices.Contains([]string{StartAccepted, StartInstalled, StartSold}, s) {
			return fault.Newf(BadPolicy, "a warranty does not start with %s", s)
		}
	}
	if len(p.Starts) == 0 || p.Months < 0 || p.CardDays < 0 {
		return fault.New(BadPolicy, "a warranty needs a date to start with, and no negative terms")
	}
	return nil
}

var usualExclusions = []string{
	"misuse", "wear", "unauthorised_repair", "modification", "transport", "force_majeure", "serial_altered",
	"no_proof", "expired_part", "software",
}

func warrantyPolicies() []PolicyTemplate {
	with := func(card int64, starts ...string) WarrantyPolicy {
		return WarrantyPolicy{Starts: starts, Months: 12, CardDays: card, Excludes: usualExclusions}
	}
	return []PolicyTemplate{
		{PolicyWarranty, "acceptance", texts("From acceptance", "自验收起", "自驗收起"),
			with(0, StartAccepted, StartInstalled, StartSold)},
		{PolicyWarranty, "sale", texts("From sale", "自销售起", "自銷售起"), with(0, StartSold)},
		{PolicyWarranty, "sale_card", texts("From sale, card back in 20 days", "自销售起，回执卡20天内寄回",
			"自銷售起，回執卡20天內寄回"), with(20, StartSold)},
	}
}

// Term is how long a unit or component is under warranty. Dates are days since 1970-01-01; Until is the last day.
type Term struct {
	From   int64 `json:"from"`
	Until  int64 `json:"until"`
	Months int64 `json:"months"`
}

// covers reports whether the day lies in the term.
func (t Term) covers(day int64) bool { return t.Until != 0 && t.From <= day && day <= t.Until }

// AddMonths returns the day so many months after a day (days since 1970-01-01): that of the same number, or the last
// of a month that has no such day. It is the last day of a term of that length.
func AddMonths(day, months int64) int64 {
	t := time.Unix(day*24*60*60, 0).UTC()
	y, m, d := t.Date()
	end := time.Date(y, m+time.Month(months)+1, 0, 0, 0, 0, 0, time.UTC) // the last day of that month
	if d < end.Day() {
		end = end.AddDate(0, 0, d-end.Day())
	}
	return floorDiv(end.Unix(), 24*60*60)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// DayIn returns the day (days since 1970-01-01) on which an instant (ms UTC) falls in an IANA zone; in UTC for a zone
// that is unknown.
func DayIn(zone string, at int64) int64 {
	location, err := time.LoadLocation(zone)
	if err != nil {
		location = time.UTC
	}
	_, offset := time.UnixMilli(at).In(location).Zone()
	return floorDiv(at+int64(offset)*1000, dayMillis)
}

// warranty is what decides a warranty: the unit, what it is fitted in, and their models.
type warranty struct {
	v       View
	unit    Unit
	twins   []Unit // that were joined with it
	machine Unit   // the zero Unit for one that is fitted in nothing
	policy  WarrantyPolicy
	why     []Reason
	unsure  bool
}

func (w *warranty) because(code string, args ...string) { w.why = append(w.why, Reason{code, args}) }

// term returns how long the unit, or the component of it with that code, is under warranty; the zero Term where that
// is not known.
func (w *warranty) term(component string) (Term, error) {
	if component == "" && w.unit.WarrantyUntil != 0 {
		return Term{From: w.start(), Until: w.unit.WarrantyUntil}, nil
	}
	months, err := w.months(component)
	if err != nil {
		return Term{}, err
	}
	from := w.start()
	if from == 0 {
		w.because(WhyNoStart)
		w.unsure = true
		return Term{}, nil
	}
	return Term{from, AddMonths(from, months), months}, nil
}

// start returns the first of the policy's dates that the unit has, else one that was joined with it, else the machine.
func (w *warranty) start() int64 {
	for _, u := range slices.Concat([]Unit{w.unit}, w.twins, []Unit{w.machine}) {
		dates := map[string]int64{StartAccepted: u.AcceptedOn, StartInstalled: u.InstalledOn, StartSold: u.SoldOn}
		for _, s := range w.policy.Starts {
			if dates[s] != 0 {
				return dates[s]
			}
		}
	}
	return 0
}

// months returns the length of the term: the component's own, else the unit's, its part's, its model's, the machine's,
// the policy's.
func (w *warranty) months(component string) (int64, error) {
	if component != "" {
		if n, err := w.componentMonths(w.unit.Product, component); n != 0 || err != nil {
			return n, err
		}
	}
	if w.unit.WarrantyMonths != 0 {
		return w.unit.WarrantyMonths, nil
	}
	if w.unit.Component != "" {
		if n, err := w.componentMonths(w.machine.Product, w.unit.Component); n != 0 || err != nil {
			return n, err
		}
	}
	for _, from := range []Row{{"part", w.unit.Part}, {"product", w.unit.Product}, {"product", w.machine.Product}} {
		if n, err := w.rowMonths(from); n != 0 || err != nil {
			return n, err
		}
	}
	return w.policy.Months, nil
}

func (w *warranty) componentMonths(product record.ID, code string) (int64, error) {
	return w.rowMonths(Row{"product_component", ProductComponentID(product, code)})
}

// rowMonths returns the warranty that a row of the catalogue gives, 0 for none. A model that is not here yet makes the
// answer unsure.
func (w *warranty) rowMonths(from Row) (int64, error) {
	if from.ID.IsZero() {
		return 0, nil
	}
	row, err := w.v.Row(from.Table, from.ID)
	if err != nil {
		return 0, err
	}
	if row == nil {
		if from.Table == "product" {
			w.because(WhyModelNotHere)
			w.unsure = true
		}
		return 0, nil
	}
	return row.Get("warranty_months").Number(), nil
}

// cardLate reports whether the policy wants a card that did not come back in time.
func (w *warranty) cardLate(day int64) bool {
	u := w.unit
	if !w.machine.ID.IsZero() {
		u = w.machine
	}
	if w.policy.CardDays == 0 || u.SoldOn == 0 {
		return false
	}
	last := u.SoldOn + w.policy.CardDays
	return day > last && (u.CardOn == 0 || u.CardOn > last)
}
