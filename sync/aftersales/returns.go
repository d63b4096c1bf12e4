package aftersales

import (
	"cmp"
	"slices"
	"strconv"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// ReturnPolicy says when a unit is taken back, exchanged or replaced and not only repaired. Days count from the day
// after, and the last one is included.
type ReturnPolicy struct {
	From         string `json:"from"`          // the date of the unit that days count from: StartSold ...
	RefundDays   int64  `json:"refund_days"`   // 0: no refund
	ExchangeDays int64  `json:"exchange_days"` // 0: no exchange
	EarlyDays    int64  `json:"early_days"`    // a failure so early is the maker's, freight and all; 0: no such rule
	Repairs      int64  `json:"repairs"`       // after so many repairs it is replaced; 0: never
	RepairMonths int64  `json:"repair_months"` // counting those of so many months; 0: all
	SameFault    bool   `json:"same_fault"`    // counting only the last ones in a row with the same fault
}

// Validate refuses an unknown date, negative terms, and a right to exchange that ends before that to a refund. Codes:
// BadPolicy.
func (p ReturnPolicy) Validate() error {
	if !slices.Contains([]string{StartAccepted, StartInstalled, StartSold}, p.From) {
		return fault.Newf(BadPolicy, "days of return do not count from %v", p.From)
	}
	if min(p.RefundDays, p.ExchangeDays, p.EarlyDays, p.Repairs, p.RepairMonths) < 0 {
		return fault.New(BadPolicy, "no term of a return is negative")
	}
	if p.ExchangeDays != 0 && p.ExchangeDays < p.RefundDays {
		return fault.New(BadPolicy, "who may return a unit may exchange it as long")
	}
	return nil
}

func returnPolicies() []PolicyTemplate {
	return []PolicyTemplate{
		{PolicyReturn, "month", texts("Refund 7 days, exchange 30, new after 3 repairs of one fault",
			"7天退货、30天换货、同一故障修3次换新", "7天退貨、30天換貨、同一故障修3次換新"),
			ReturnPolicy{StartSold, 7, 30, 15, 3, 0, true}},
		{PolicyReturn, "computer", texts("Refund 7 days, exchange 15, new after 2 repairs in a year",
			"7天退货、15天换货、一年内修2次换新", "7天退貨、15天換貨、一年內修2次換新"),
			ReturnPolicy{StartSold, 7, 15, 7, 2, 12, false}},
		{PolicyReturn, "repair", texts("Repair only", "只修不退换", "只修不退換"), ReturnPolicy{From: StartSold}},
	}
}

// The reasons of remedies, with their args.
const (
	WhyRefund     = "refund_until"   // the last day
	WhyExchange   = "exchange_until" // the last day
	WhyEarly      = "early_failure"  // the last day
	WhyReplace    = "replace_after"  // so many repairs
	WhyRepairOnly = "repair_only"
)

// RemedyReasons are the codes of the reasons of remedies, for catalogues to be checked against.
var RemedyReasons = []string{WhyRefund, WhyExchange, WhyEarly, WhyReplace, WhyRepairOnly, WhyNoStart}

// Remedies are what a customer may ask for beside a repair.
type Remedies struct {
	Refund   bool      `json:"refund"`
	Exchange bool      `json:"exchange"`
	Early    bool      `json:"early"`   // the failure is the maker's, freight and all
	Replace  bool      `json:"replace"` // it was repaired too often
	Repairs  int64     `json:"repairs"` // that count
	Why      []Reason  `json:"why"`
	Version  record.ID `json:"version"` // of the policy that decided
	Unsure   bool      `json:"unsure"`  // the date to count from is not known
}

func (r *Remedies) because(code string, args ...string) { r.Why = append(r.Why, Reason{code, args}) }

// RemediesFor says what the customer may ask for beside a repair of a unit with a fault (of the list "fault"; "" where
// it is not known) at an instant, by the policy in force then and the unit's history as it is here. A fault that is not
// the product's gives no such right: ask Entitle first. Codes: fault.UnknownRow.
func RemediesFor(v View, unit record.ID, faultCode string, at int64) (Remedies, error) {
	u, err := rowFor(v, "unit", unit, UnitOf)
	if err != nil {
		return Remedies{}, err
	}
	if u.ID.IsZero() {
		return Remedies{}, fault.New(fault.UnknownRow, "this unit is not here: sync, and try again")
	}
	twins, err := Twins(v, "unit", u.ID)
	if err != nil {
		return Remedies{}, err
	}
	same := []Unit{u} // and what was joined with it
	for _, row := range twins {
		same = append(same, UnitOf(row))
	}
	p, version, err := InForce[ReturnPolicy](v, PolicyReturn, u.Branch, at)
	if err != nil {
		return Remedies{}, err
	}
	today, err := dayAt(v, u.Site, u.Branch, at)
	if err != nil {
		return Remedies{}, err
	}
	r := Remedies{Version: version}
	var from int64
	for _, u := range same {
		from = cmp.Or(from, map[string]int64{StartAccepted: u.AcceptedOn, StartInstalled: u.InstalledOn, StartSold: u.SoldOn}[p.From])
	}
	r.byDays(p, from, today)
	if r.Repairs, err = repairsThatCount(v, same, p, faultCode, at); err != nil {
		return Remedies{}, err
	}
	if p.Repairs != 0 && r.Repairs >= p.Repairs {
		r.Replace = true
		r.because(WhyReplace, strconv.FormatInt(r.Repairs, 10))
	}
	if !r.Refund && !r.Exchange && !r.Replace && !r.Early {
		r.because(WhyRepairOnly)
	}
	return r, nil
}

// byDays decides what depends on how old the unit is.
func (r *Remedies) byDays(p ReturnPolicy, from, today int64) {
	if from == 0 {
		r.Unsure = p.ExchangeDays != 0 || p.RefundDays != 0 || p.EarlyDays != 0
		if r.Unsure {
			r.because(WhyNoStart)
		}
		return
	}
	for _, w := range []struct {
		days int64
		is   *bool
		why  string
	}{{p.RefundDays, &r.Refund, WhyRefund}, {p.ExchangeDays, &r.Exchange, WhyExchange}, {p.EarlyDays, &r.Early, WhyEarly}} {
		if *w.is = w.days != 0 && from <= today && today <= from+w.days; *w.is {
			r.because(w.why, day(from+w.days))
		}
	}
}

// repairsThatCount counts the repairs of a unit, under all the rows that it has, before an instant as the policy does: a repair is a job
// with a fault in its history, however many visits and people it took, or a line of it that names no job.
func repairsThatCount(v View, same []Unit, p ReturnPolicy, faultCode string, at int64) (int64, error) {
	var rows []*record.Row
	for _, u := range same {
		more, err := v.Refs("service_record", "unit", u.ID)
		if err != nil {
			return 0, err
		}
		rows = append(rows, more...)
	}
	var all []ServiceRecord
	for _, row := range standing(rows) {
		all = append(all, ServiceRecordOf(row))
	}
	slices.SortFunc(all, func(a, b ServiceRecord) int {
		return cmp.Or(cmp.Compare(b.Corrected, a.Corrected), compareIDs(b.ID, a.ID))
	})
	var repairs []ServiceRecord // the latest first
	for _, s := range all {
		old := p.RepairMonths != 0 && AddMonths(floorDiv(s.Corrected, dayMillis), p.RepairMonths) < floorDiv(at, dayMillis)
		again := !s.Job.IsZero() && slices.ContainsFunc(repairs, func(r ServiceRecord) bool { return r.Job == s.Job })
		if s.FaultCode != "" && s.Corrected < at && !old && !again {
			repairs = append(repairs, s)
		}
	}
	if !p.SameFault {
		return int64(len(repairs)), nil
	}
	n := 0
	for n < len(repairs) && repairs[n].FaultCode == faultCode {
		n++
	}
	return int64(n), nil
}
