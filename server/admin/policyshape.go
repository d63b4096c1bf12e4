package admin

import (
	"slices"

	"fieldsync/sync/aftersales"
)

// A part is a value that a policy has, as a form asks for it.
type part struct {
	Name  string // in the JSON of the policy
	Kind  partKind
	Codes []string // what it can be
	Words string   // what names the codes: "policy.is" where it is empty
	List  string   // the code list that has what it can be
	Rows  []part   // what a row of it has
	Least int64
	Most  int64 // of a number; 0: no bound
	Scale int   // digits behind the point
	Needs bool
}

// partKind says how a part is typed.
type partKind uint8

const (
	aNumber partKind = iota
	aText
	aChoice // one of its codes, or of its list's
	aFlag
	someOf // any of its codes, or of its list's
	rowsOf
	aPrice // minor units of the policy's currency
	shifts // of a day: "08:00-12:00, 13:00-17:00"
)

const (
	mostDays   = 36500
	mostMonths = 1200
)

var unitDates = []string{aftersales.StartAccepted, aftersales.StartInstalled, aftersales.StartSold}

var payersCodes = []string{aftersales.PayerCustomer, aftersales.PayerCompany, aftersales.PayerMaker, aftersales.PayerDealer}

// whoPays are the parts of the matrices of charges and of freight.
func whoPays(kinds bool) []part {
	rule := []part{
		{Name: "in", Kind: aChoice, Codes: []string{aftersales.InWarranty, aftersales.Out}},
		{Name: "fault", Kind: aChoice, Codes: []string{aftersales.ByQuality, aftersales.ByExclusion}},
	}
	if kinds {
		rule = append(rule, part{Name: "kind", Kind: aChoice, Codes: aftersales.ChargeKinds})
	}
	return []part{{Name: "rules", Kind: rowsOf, Rows: append(rule,
		part{Name: "payer", Kind: aChoice, Codes: payersCodes, Needs: true}, part{Name: "price_list", Kind: aText})}}
}

// policyShapes are the kinds of policy that have a form; the others are written as text.
var policyShapes = map[string][]part{
	aftersales.PolicyWarranty: {
		{Name: "starts", Kind: someOf, Codes: unitDates, Needs: true},
		{Name: "months", Kind: aNumber, Most: mostMonths, Needs: true},
		{Name: "card_days", Kind: aNumber, Most: mostDays},
		{Name: "excludes", Kind: someOf, List: aftersales.ListExclusion},
	},
	aftersales.PolicyCharge:  whoPays(true),
	aftersales.PolicyFreight: whoPays(false),
	aftersales.PolicyPrice: {
		{Name: "currency", Kind: aText, Needs: true},
		{Name: "price_list", Kind: aText},
		{Name: "tax_rate", Kind: aNumber, Scale: 2, Most: 100_00, Needs: true},
		{Name: "tax_included", Kind: aFlag},
		{Name: "rounding", Kind: aChoice, Codes: []string{aftersales.RoundLine, aftersales.RoundTotal}, Needs: true},
		{Name: "round_to", Kind: aNumber, Least: 1, Most: 1_000_000, Needs: true},
		{Name: "max_discount", Kind: aNumber, Scale: 2, Most: 100_00},
		{Name: "services", Kind: rowsOf, Rows: []part{
			{Name: "code", Kind: aChoice, List: aftersales.ListService, Needs: true},
			{Name: "kind", Kind: aChoice, Codes: aftersales.ChargeKinds, Needs: true},
			{Name: "unit", Kind: aText, Needs: true},
			{Name: "price", Kind: aPrice, Needs: true},
		}},
	},
	aftersales.PolicySLA: {
		{Name: "promises", Kind: rowsOf, Rows: []part{
			{Name: "target", Kind: aChoice, Codes: aftersales.PromiseEvents[1:], Words: "event", Needs: true},
			{Name: "minutes", Kind: aNumber, Least: 1, Most: 5 * 366 * 24 * 60, Needs: true},
			{Name: "working", Kind: aFlag},
			{Name: "from", Kind: aChoice, Codes: aftersales.PromiseEvents, Words: "event"},
			{Name: "level", Kind: aChoice, List: aftersales.ListServiceLevel},
			{Name: "severity", Kind: aChoice, List: aftersales.ListSeverity},
			{Name: "region", Kind: aChoice, List: aftersales.ListRegion},
			{Name: "class", Kind: aChoice, Codes: []string{"A", "B", "C", "D"}, Words: "request.service_class"},
			{Name: "type", Kind: aChoice, Codes: []string{
				aftersales.TypeInstall, aftersales.TypeInWarranty, aftersales.TypeOutOfWarranty, aftersales.TypeMaintenance, aftersales.TypeOther,
			}, Words: "request.type"},
			{Name: "never_rest", Kind: aFlag},
		}},
		{Name: "rests", Kind: someOf, List: aftersales.ListWait},
		{Name: "soon_minutes", Kind: aNumber, Most: 5 * 366 * 24 * 60},
	},
	aftersales.PolicyCalendar: {
		{Name: "week.mon", Kind: shifts}, {Name: "week.tue", Kind: shifts}, {Name: "week.wed", Kind: shifts}, {Name: "week.thu", Kind: shifts},
		{Name: "week.fri", Kind: shifts}, {Name: "week.sat", Kind: shifts}, {Name: "week.sun", Kind: shifts},
		{Name: "days", Kind: rowsOf, Rows: []part{{Name: "date", Kind: aText, Needs: true}, {Name: "hours", Kind: shifts}}},
		{Name: "zone", Kind: aText},
	},
	aftersales.PolicyReturn: {
		{Name: "from", Kind: aChoice, Codes: unitDates, Needs: true},
		{Name: "refund_days", Kind: aNumber, Most: mostDays},
		{Name: "exchange_days", Kind: aNumber, Most: mostDays},
		{Name: "early_days", Kind: aNumber, Most: mostDays},
		{Name: "repairs", Kind: aNumber, Most: 1000},
		{Name: "repair_months", Kind: aNumber, Most: mostMonths},
		{Name: "same_fault", Kind: aFlag},
	},
}

// codesOf returns what a part can be, with its names; and what stands there, though it is among them no more.
func (v *Visit) codesOf(r Reader, p part, standing []string) (options []option, err error) {
	if p.List != "" {
		if options, err = v.codes(r, p.List, ""); err != nil {
			return nil, err
		}
	}
	words := p.Words
	if words == "" {
		words = "policy.is"
	}
	for _, c := range p.Codes {
		options = append(options, option{c, v.lang.name(words + "." + c)})
	}
	for _, c := range standing {
		if c != "" && !slices.ContainsFunc(options, func(o option) bool { return o.Value == c }) {
			options = append(options, option{c, c})
		}
	}
	return options, nil
}
