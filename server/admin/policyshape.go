package admin

import (
	"slices"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/sqlrow"
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

	Called  string // what names it, where another part of the same name means something else
	Letters int    // how many capital letters a text has, and nothing else; 0: any text
	Table   string // of anyRow: whose rows it is one of
	// Standing is the table whose categories can be chosen too, though they are in no list: imports bring their own.
	Standing string
	Keyed    bool // of rowsOf: in the JSON an object, the first cell of each row its key, the second its value
	// Agree says of a row what its cells cannot say one by one: which of them is wrong, and why.
	Agree func(row map[string]any) (cell string, wrong *fault.Error)
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
	aShift // one alone: "22:00-07:00"
	anyRow // a living row of its table: a person, a group
)

const (
	mostDays   = 36500
	mostMonths = 1200
)

var unitDates = []string{aftersales.StartAccepted, aftersales.StartInstalled, aftersales.StartSold}

var payersCodes = []string{aftersales.PayerCustomer, aftersales.PayerCompany, aftersales.PayerMaker, aftersales.PayerDealer}

// whoPays are the parts of the matrices: of charges, and of freight, which is one kind of line alone.
func whoPays(kinds bool) []part {
	rule := []part{
		{Name: "in", Kind: aChoice, Codes: []string{aftersales.InWarranty, aftersales.Out}},
		{Name: "fault", Kind: aChoice, Codes: []string{aftersales.ByQuality, aftersales.ByExclusion}},
	}
	if kinds {
		rule = append(rule, part{Name: "kind", Kind: aChoice, Codes: aftersales.ChargeKinds})
	}
	rule = append(rule, part{Name: "service", Kind: aChoice, List: aftersales.ListService})
	if kinds {
		rule = append(rule, part{Name: "part_category", Kind: aChoice, List: aftersales.ListPartCategory, Standing: "part"})
	}
	rule = append(rule,
		part{Name: "product_category", Kind: aChoice, List: aftersales.ListProductCategory, Standing: "product"},
		part{Name: "payer", Kind: aChoice, Codes: payersCodes, Needs: true})
	if kinds {
		rule = append(rule, part{Name: "price_list", Kind: aText})
	}
	return []part{{Name: "rules", Kind: rowsOf, Agree: aboutOneThing, Rows: rule}}
}

// aboutOneThing refuses a rule of who pays that could fit nothing.
func aboutOneThing(row map[string]any) (string, *fault.Error) {
	switch kind := row["kind"]; {
	case row["service"] != nil && (kind == aftersales.ChargeParts || row["part_category"] != nil):
		return "service", fault.New(fault.Invalid, "a rule is about a service or about parts: parts are no service")
	case row["part_category"] != nil && kind != nil && kind != aftersales.ChargeParts:
		return "part_category", fault.New(fault.Invalid, "a rule about a category of parts is about parts: choose that kind, or none")
	}
	return "", nil
}

var (
	aClass = part{Name: "class", Kind: aChoice, Codes: []string{"A", "B", "C", "D"}, Words: "request.service_class"}
	aType  = part{Name: "type", Kind: aChoice, Words: "request.type", Codes: []string{
		aftersales.TypeInstall, aftersales.TypeInWarranty, aftersales.TypeOutOfWarranty, aftersales.TypeMaintenance, aftersales.TypeOther,
	}}
)

const mostMinutes = 5 * 366 * 24 * 60

// points are what a reason to send somebody is worth.
func points(name string) part { return part{Name: name, Kind: aNumber, Most: 1_000_000, Needs: true} }

// oneOfTwo refuses a route to nobody, and one to a person and a group.
func oneOfTwo(row map[string]any) (string, *fault.Error) {
	if (row["person"] == nil) == (row["team"] == nil) {
		return "person", fault.New(fault.Invalid, "To a person or to a group: choose one of the two.")
	}
	return "", nil
}

// reaches refuses a rule by which nobody would hear.
func reaches(row map[string]any) (string, *fault.Error) {
	switch addressed := row["to"] == aftersales.ToAddress; {
	case addressed && row["address"] == nil:
		return "address", fault.New(fault.Invalid, "Which address? It is needed where the rule says that it goes to an address.")
	case !addressed && row["address"] != nil:
		return "address", fault.New(fault.Invalid, "An address is for rules that go to an address. Empty it, or choose that.")
	case row["channel"] == aftersales.ChannelApp && row["to"] != aftersales.ToConcerned:
		return "channel", fault.New(fault.Invalid, "Only colleagues have the app: choose whom it concerns, or another way.")
	}
	return "", nil
}

// policyShapes are the forms of the kinds of policy.
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
		{Name: "currency", Kind: aText, Letters: 3, Needs: true},
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
			{Name: "minutes", Kind: aNumber, Least: 1, Most: mostMinutes, Needs: true},
			{Name: "working", Kind: aFlag},
			{Name: "from", Kind: aChoice, Codes: aftersales.PromiseEvents, Words: "event"},
			{Name: "level", Kind: aChoice, List: aftersales.ListServiceLevel},
			{Name: "severity", Kind: aChoice, List: aftersales.ListSeverity},
			{Name: "region", Kind: aChoice, List: aftersales.ListRegion},
			aClass, aType,
			{Name: "never_rest", Kind: aFlag},
			{Name: "escalate", Kind: aText},
		}},
		{Name: "rests", Kind: someOf, List: aftersales.ListWait},
		{Name: "soon_minutes", Kind: aNumber, Most: mostMinutes},
	},
	aftersales.PolicyCalendar: {
		{Name: "week.mon", Kind: shifts}, {Name: "week.tue", Kind: shifts}, {Name: "week.wed", Kind: shifts}, {Name: "week.thu", Kind: shifts},
		{Name: "week.fri", Kind: shifts}, {Name: "week.sat", Kind: shifts}, {Name: "week.sun", Kind: shifts},
		{Name: "days", Kind: rowsOf, Keyed: true, Rows: []part{{Name: "date", Kind: aText, Needs: true}, {Name: "hours", Kind: shifts}}},
		{Name: "zone", Kind: aText},
	},
	aftersales.PolicyConsent: {
		{Name: "limits", Kind: rowsOf, Keyed: true, Rows: []part{
			{Name: "currency", Kind: aText, Letters: 3, Needs: true}, {Name: "above", Kind: aPrice, Needs: true},
		}},
		{Name: "unreachable", Kind: aChoice, Codes: []string{aftersales.UnreachableProceed, aftersales.UnreachableStop}, Needs: true},
	},
	aftersales.PolicyIntake: {
		{Name: "blacklist", Kind: aChoice, Codes: []string{aftersales.BlacklistWarn, aftersales.BlacklistStop}, Needs: true},
		{Name: "country", Kind: aText, Letters: 2, Needs: true},
	},
	aftersales.PolicyDispatch: {
		points("skill"), points("near"), points("free"), points("parts"), points("knows"),
		{Name: "reach_km", Kind: aNumber, Least: 1, Most: 40_000, Needs: true},
		{Name: "work_minutes", Kind: aNumber, Least: 1, Most: mostMinutes, Needs: true},
		{Name: "silent_minutes", Kind: aNumber, Most: mostMinutes, Needs: true},
		{Name: "early_minutes", Kind: aNumber, Most: mostMinutes, Needs: true},
		{Name: "needs", Kind: rowsOf, Rows: []part{
			{Name: "fault", Called: "policy.need.fault", Kind: aChoice, List: aftersales.ListFault},
			{Name: "kind", Called: "policy.need.kind", Kind: aChoice, List: aftersales.ListJobKind},
			{Name: "skill", Called: "policy.need.skill", Kind: aChoice, List: aftersales.ListSkill, Needs: true},
			{Name: "level", Called: "policy.need.level", Kind: aNumber, Least: aftersales.LowestLevel, Most: aftersales.HighestLevel, Needs: true},
		}},
		{Name: "routes", Kind: rowsOf, Agree: oneOfTwo, Rows: []part{
			{Name: "level", Kind: aChoice, List: aftersales.ListServiceLevel},
			{Name: "severity", Kind: aChoice, List: aftersales.ListSeverity},
			{Name: "region", Kind: aChoice, List: aftersales.ListRegion},
			aClass, aType,
			{Name: "person", Kind: anyRow, Table: "person"}, {Name: "team", Kind: anyRow, Table: "team"},
		}},
	},
	aftersales.PolicyNotice: {
		{Name: "rules", Kind: rowsOf, Agree: reaches, Rows: []part{
			{Name: "event", Kind: aChoice, Codes: aftersales.NoticeEvents, Words: "notice.event", Needs: true},
			{Name: "to", Kind: aChoice, Codes: []string{aftersales.ToConcerned, aftersales.ToContact, aftersales.ToAddress}, Words: "policy.to", Needs: true},
			{Name: "channel", Kind: aChoice, Codes: aftersales.NoticeChannels, Words: "notice.channel", Needs: true},
			{Name: "address", Kind: aText},
			{Name: "language", Kind: aChoice, Codes: aftersales.Languages, Words: "person.language"},
			{Name: "text.en", Kind: aText}, {Name: "text.zh-Hans", Kind: aText}, {Name: "text.zh-Hant", Kind: aText},
		}},
		{Name: "quiet", Kind: aShift},
		{Name: "attempts", Kind: aNumber, Least: 1, Most: 100, Needs: true},
		{Name: "retry_seconds", Kind: aNumber, Least: 1, Most: 6 * 60 * 60, Needs: true},
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
	if p.Table != "" {
		if options, err = rowOptions(r, p.Table); err != nil {
			return nil, err
		}
	}
	if p.Standing != "" {
		if standing, err = categories(r, p.Standing, standing); err != nil {
			return nil, err
		}
	}
	words := p.Words
	if words == "" {
		words = "policy.is"
	}
	for _, c := range p.Codes {
		options = append(options, option{c, v.lang.Name(words + "." + c)})
	}
	for _, c := range standing {
		if c != "" && !slices.ContainsFunc(options, func(o option) bool { return o.Value == c }) {
			options = append(options, option{c, c})
		}
	}
	return options, nil
}

// rowOptions are the living rows of a table with their names: people, groups.
func rowOptions(r Reader, table string) (options []option, err error) {
	err = r.Select(func(q *sqlrow.Rows) error {
		options = append(options, option{q.ID(0).String(), q.Text(1)})
		return q.Err()
	}, "SELECT id, name FROM "+sqlrow.Quote(table)+" WHERE archived_at IS NULL AND _del = 0 ORDER BY name, id")
	return options, err
}

// categories adds those that the rows of a table have.
func categories(r Reader, table string, to []string) ([]string, error) {
	to = slices.Clone(to)
	err := r.Select(func(q *sqlrow.Rows) error { to = append(to, q.Text(0)); return q.Err() },
		"SELECT DISTINCT category FROM "+sqlrow.Quote(table)+" WHERE category IS NOT NULL AND _del = 0 ORDER BY category")
	return to, err
}
