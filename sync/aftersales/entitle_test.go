package aftersales

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/record"
)

// today is the day of the world's morning, in Shanghai.
const today = 20_370

// contract makes one with the world's customer that pays so many percent of everything for 90 days more.
func (w *world) contract(percent int64) record.ID {
	w.t.Helper()
	return w.id(CreateContract(w, ContractInput{
		Party: w.party, StartsOn: today - 30, EndsOn: today + 90, Excludes: []string{"misuse"},
		PartsPercent: percent, LabourPercent: percent, TravelPercent: percent, FreightPercent: percent,
	}))
}

// hour makes the input one hour of labour on the world's job, where it does not say otherwise.
func (w *world) hour(in ChargeInput) ChargeInput {
	in.Job, in.Quantity = w.job, Quantity{One, ""}
	if in.Service == "" && in.Kind == "" {
		in.Service = "labour"
	}
	return in
}

func (w *world) sold(days int64) *world {
	w.t.Helper()
	w.ok(w.Update("unit", w.unit, record.Values{"sold_on": record.Date(days)}))
	return w
}

func (w *world) entitle(work Work) Entitlement {
	w.t.Helper()
	d, err := Entitle(w, w.unit, work, w.now)
	w.ok(err)
	return d
}

func (d Entitlement) says(code string) bool {
	return slices.ContainsFunc(d.Why, func(r Reason) bool { return r.Code == code })
}

func (w *world) findings() (list []BillingFinding) {
	w.t.Helper()
	rows, err := w.Refs("billing_finding", "job", w.job)
	w.ok(err)
	for _, row := range rows {
		list = append(list, BillingFindingOf(row))
	}
	return list
}

// leaking is assigned, out of warranty, with an hour given for free that the technician thought covered.
func leaking(t teller) *world {
	w := assigned(t).sold(today - 800)
	w.id(AddCharge(w, w.hour(ChargeInput{Basis: BasisWarranty, Reason: "bought last year, says the customer"})))
	w.ok(RecordFindings(w.as(w.office), w.job))
	return w
}

func TestEntitlementBothWays(t *testing.T) {
	t.Parallel()
	year := AddMonths(today, -12)
	product := func(w *world, months int64) record.ID {
		return w.id(CreateProduct(w, ProductInput{Code: "X", WarrantyMonths: months}))
	}
	for _, c := range []struct {
		what    string
		prepare func(*world) Work
		basis   string
		labour  int64 // percent that the customer does not pay
		why     string
		unsure  bool
	}{
		{"sold a year ago today", func(w *world) Work { w.sold(year); return Work{} }, BasisWarranty, 100, WhyInWarranty, false},
		{"sold a day earlier", func(w *world) Work { w.sold(year - 1); return Work{} }, BasisPaid, 0, WhyWarrantyOver, false},
		{"sold nobody knows when", func(*world) Work { return Work{} }, BasisPaid, 0, WhyNoStart, true},
		{"accepted tomorrow", func(w *world) Work {
			w.ok(w.Update("unit", w.unit, record.Values{"accepted_on": record.Date(today + 1)}))
			return Work{}
		}, BasisPaid, 0, WhyNotBegun, false},
		{"accepted later than sold", func(w *world) Work {
			w.sold(year - 30)
			w.ok(w.Update("unit", w.unit, record.Values{"accepted_on": record.Date(year)}))
			return Work{}
		}, BasisWarranty, 100, WhyInWarranty, false},
		{"the office gave more time", func(w *world) Work {
			w.sold(year - 1)
			w.ok(w.Update("unit", w.unit, record.Values{"warranty_until": record.Date(today)}))
			return Work{}
		}, BasisWarranty, 100, WhyInWarranty, false},
		{"the office gave less", func(w *world) Work {
			w.sold(today - 5)
			w.ok(w.Update("unit", w.unit, record.Values{"warranty_until": record.Date(today - 1)}))
			return Work{}
		}, BasisPaid, 0, WhyWarrantyOver, false},
		{"a model with three years", func(w *world) Work {
			w.sold(year - 365)
			w.ok(w.Update("unit", w.unit, record.Values{"product": record.Ref(product(w, 36))}))
			return Work{}
		}, BasisWarranty, 100, WhyInWarranty, false},
		{"a model that has not arrived", func(w *world) Work {
			w.sold(year)
			w.ok(w.Update("unit", w.unit, record.Values{"product": record.Ref(nobody)}))
			return Work{}
		}, BasisWarranty, 100, WhyModelNotHere, true},
		{"misuse in warranty", func(w *world) Work { w.sold(today); return Work{Cause: "misuse"} }, BasisPaid, 0, WhyExcluded, false},
		{"a defect in warranty", func(w *world) Work { w.sold(today); return Work{Cause: "quality"} }, BasisWarranty, 100, WhyInWarranty, false},
		{"opened by somebody", func(w *world) Work {
			w.sold(today)
			return Work{Exclusions: []string{"unauthorised_repair"}}
		}, BasisPaid, 0, WhyExcluded, false},
		{"void for good", func(w *world) Work {
			w.sold(today)
			w.ok(w.Update("unit", w.unit, record.Values{"voids.serial_altered": record.Number(1)}))
			return Work{}
		}, BasisPaid, 0, WhyExcluded, false},
		{"the whole customer under contract", func(w *world) Work { w.sold(year - 1); w.contract(80); return Work{} },
			BasisContract, 80, WhyWarrantyOver, false},
		{"a contract leaves misuse out", func(w *world) Work { w.sold(year - 1); w.contract(80); return Work{Cause: "misuse"} },
			BasisPaid, 0, WhyContractExcl, false},
		{"warranty before contract", func(w *world) Work { w.sold(today); w.contract(80); return Work{} },
			BasisWarranty, 100, WhyInWarranty, false},
		{"a contract that was ended", func(w *world) Work {
			w.sold(year - 1)
			w.ok(EndContract(w, w.contract(80), today-1, "not paid"))
			return Work{}
		}, BasisPaid, 0, WhyNoContract, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			d := w.entitle(c.prepare(w))
			if d.Day != today || d.Basis != c.basis || d.Cover[ChargeLabour].Percent != c.labour || !d.says(c.why) || d.Unsure != c.unsure {
				t.Errorf("day %d: %s, labour %d %%, unsure %v, because %v", d.Day, d.Basis, d.Cover[ChargeLabour].Percent, d.Unsure, d.Why)
			}
			if (d.Type == TypeInWarranty) != (c.basis == BasisWarranty) || len(d.Versions) != 4 {
				t.Errorf("type %s by %d versions", d.Type, len(d.Versions))
			}
		})
	}
}

// A product can hold components with other terms than its own: by a row of the model, or as units of their own.
func TestComponentsHaveTheirOwnWarranty(t *testing.T) {
	t.Parallel()
	w := newWorld(t).sold(today - 800)
	product := w.id(CreateProduct(w, ProductInput{Code: "X", WarrantyMonths: 12}))
	w.ok(w.Update("unit", w.unit, record.Values{"product": record.Ref(product)}))
	w.id(PutProductComponent(w, ProductComponentInput{Product: product, Code: "frame", WarrantyMonths: 36}))
	if d := w.entitle(Work{}); d.Basis != BasisPaid {
		t.Error("the machine is still covered")
	}
	if d := w.entitle(Work{Component: "frame"}); d.Basis != BasisWarranty {
		t.Errorf("the frame is not covered: %v", d.Why)
	}
	if d := w.entitle(Work{Component: "burner"}); d.Basis != BasisPaid {
		t.Error("a component without terms has more than its machine")
	}
	frame := w.id(CreateUnit(w, UnitInput{Serial: "F-1", Parent: w.unit, Component: "frame"}))
	d, err := Entitle(w, frame, Work{}, w.now)
	w.ok(err)
	if d.Basis != BasisWarranty || d.Term.From != today-800 {
		t.Errorf("the frame as a unit: %s from %d", d.Basis, d.Term.From)
	}
	fresh := w.id(CreateUnit(w, UnitInput{Serial: "F-2", Parent: w.unit, WarrantyMonths: 6, InstalledOn: today - 10}))
	if d, err = Entitle(w, fresh, Work{}, w.now); err != nil || d.Basis != BasisWarranty || d.Term.Months != 6 {
		t.Errorf("a component put in ten days ago: %s, %v", d.Basis, err)
	}
}

func TestContractsCoverWhatTheyList(t *testing.T) {
	t.Parallel()
	for what, entry := range map[string]func(*world, record.ID) CoverInput{
		"unit": func(w *world, c record.ID) CoverInput { return CoverInput{Contract: c, Unit: w.unit} },
		"site": func(w *world, c record.ID) CoverInput { return CoverInput{Contract: c, Site: w.site} },
		"model": func(w *world, c record.ID) CoverInput {
			product := w.id(CreateProduct(w, ProductInput{Code: "X"}))
			w.ok(w.Update("unit", w.unit, record.Values{"product": record.Ref(product)}))
			return CoverInput{Contract: c, Product: product}
		},
	} {
		w := newWorld(t).sold(today - 800)
		c := w.id(CreateContract(w, ContractInput{
			Party: w.party, Scope: ScopeListed, StartsOn: today, EndsOn: today, LabourPercent: 100,
		}))
		if d := w.entitle(Work{}); d.Basis != BasisPaid {
			t.Errorf("%s: covered before it is listed", what)
		}
		in := entry(w, c)
		if again, id := w.id(CoverByContract(w, in)), w.id(CoverByContract(w, in)); again != id {
			t.Errorf("%s: listed twice", what)
		}
		if d := w.entitle(Work{}); d.Basis != BasisContract || d.Cover[ChargeParts].Percent != 0 || d.Cover[ChargeLabour].Percent != 100 {
			t.Errorf("%s: %s because %v", what, d.Basis, d.Why)
		}
		delete(w.rows, record.Key{Table: contractTable.ID, ID: c}) // not on this phone
		if d := w.entitle(Work{}); !d.Unsure || !d.says(WhyContractNotHere) {
			t.Errorf("%s: a contract that is elsewhere is no reason to be sure", what)
		}
	}
}

func TestAGroupsContractCoversItsMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t).sold(today - 800)
	group := w.id(CreateParty(w, PartyInput{Name: "Harbour Group"}))
	w.ok(w.Update("party", w.party, record.Values{"parent": record.Ref(group)}))
	w.ok(w.Update("party", group, record.Values{"parent": record.Ref(w.party)})) // a circle ends too
	w.id(CreateContract(w, ContractInput{Party: group, StartsOn: today, EndsOn: today, PartsPercent: 50}))
	if d := w.entitle(Work{}); d.Basis != BasisContract {
		t.Errorf("%s because %v", d.Basis, d.Why)
	}
}

// What the founding documents disagree about is a policy that somebody chooses.
func TestShippedPoliciesDecideDifferently(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, name  string
		sold        int64
		cause       string
		line        string
		percent     int64
		payer, list string
	}{
		{PolicyCharge, "parts_and_labour", today - 800, "quality", ChargeLabour, 0, PayerCustomer, "list"},
		{PolicyCharge, "parts_at_cost", today - 800, "quality", ChargeLabour, 100, PayerCompany, "list"},
		{PolicyCharge, "parts_at_cost", today - 800, "quality", ChargeParts, 0, PayerCustomer, "cost"},
		{PolicyCharge, "labour_if_misuse", today - 800, "quality", ChargeLabour, 100, PayerCompany, "list"},
		{PolicyCharge, "labour_if_misuse", today - 800, "misuse", ChargeLabour, 0, PayerCustomer, "list"},
		{PolicyCharge, "labour_if_misuse", today - 800, "quality", ChargeParts, 0, PayerCustomer, "list"},
		{PolicyCharge, "parts_and_labour", today, "misuse", ChargeParts, 0, PayerCustomer, "list"},
		{PolicyCharge, "parts_and_labour", today, "quality", ChargeTravel, 100, PayerCompany, "list"},
		{PolicyFreight, "maker", today, "quality", ChargeFreight, 100, PayerMaker, "list"},
		{PolicyFreight, "maker", today - 800, "quality", ChargeFreight, 0, PayerCustomer, "list"},
		{PolicyFreight, "customer", today, "quality", ChargeFreight, 0, PayerCustomer, "list"},
		{PolicyFreight, "cause", today, "misuse", ChargeFreight, 100, PayerDealer, "list"},
		{PolicyFreight, "cause", today, "quality", ChargeFreight, 100, PayerCompany, "list"},
		{PolicyWarranty, "sale_card", today - 21, "quality", ChargeLabour, 0, PayerCustomer, "list"},
		{PolicyWarranty, "sale_card", today - 20, "quality", ChargeLabour, 100, PayerCompany, "list"},
	} {
		w := newWorld(t).sold(c.sold)
		w.choose(c.kind, c.name)
		got := w.entitle(Work{Cause: c.cause}).Cover[c.line]
		if got.Percent != c.percent || got.Payer != c.payer || got.priceList != c.list {
			t.Errorf("%s, sold %d days ago, %s, %s: %d %% by %s, list %s", c.name, today-c.sold, c.cause, c.line,
				got.Percent, got.Payer, got.priceList)
		}
	}
}

// Who pays freight can go by its way, what parts cost by their category, who pays travel by whether the machine can be
// brought: each where the policy says so, and nowhere else.
func TestWhoPaysGoesByWayAndCategory(t *testing.T) {
	t.Parallel()
	freight := func(service string) ChargeLine { return ChargeLine{Service: service, Quantity: Quantity{One, ""}} }
	for _, c := range []struct {
		kind, name string
		sold       int64
		cause      string
		line       ChargeLine
		category   string // of the part, or of the model
		percent    int64
		gross      int64 // in full yuan
	}{
		{PolicyFreight, "each_way", today, "quality", freight("freight_in"), "", 0, 8},
		{PolicyFreight, "each_way", today, "quality", freight("freight_back"), "", 100, 0},
		{PolicyFreight, "each_way", today - 800, "misuse", freight("freight_back"), "", 100, 0},
		{PolicyFreight, "each_way", today, "quality", freight("freight"), "", 0, 8},
		{PolicyFreight, "maker", today, "quality", freight("freight_in"), "", 100, 0},
		{PolicyCharge, "price_by_category", today - 800, "quality", ChargeLine{Kind: ChargeParts}, "common", 0, 70},
		{PolicyCharge, "price_by_category", today - 800, "quality", ChargeLine{Kind: ChargeParts}, "special", 0, 100},
		{PolicyCharge, "price_by_category", today - 800, "quality", ChargeLine{Kind: ChargeParts}, "", 0, 100},
		{PolicyCharge, "price_by_category", today - 800, "quality", ChargeLine{Kind: ChargeParts}, "consumable", 0, 20},
		{PolicyCharge, "price_by_category", today, "misuse", ChargeLine{Kind: ChargeParts}, "consumable", 0, 20},
		{PolicyCharge, "price_by_category", today, "quality", ChargeLine{Kind: ChargeParts}, "consumable", 100, 0},
		{PolicyCharge, "travel_if_built_in", today, "quality", freight("visit"), "built_in", 0, 50},
		{PolicyCharge, "travel_if_built_in", today, "quality", freight("visit"), "portable", 100, 0},
		{PolicyCharge, "travel_if_built_in", today, "quality", freight("labour"), "built_in", 100, 0},
	} {
		w := newWorld(t).sold(c.sold)
		w.choose(c.kind, c.name)
		for list, yuan := range map[string]int64{"list": 100, "market": 70, "cost": 20} {
			w.id(SetPrice(w, PriceInput{Part: w.part, PriceList: list, Amount: Money{yuan * 100, "CNY"}}))
		}
		w.ok(w.Update("part", w.part, record.Values{"category": optional(c.category)}))
		model := w.id(CreateProduct(w, ProductInput{Code: "WH-1", WarrantyMonths: 12, Category: c.category}))
		w.ok(w.Update("unit", w.unit, record.Values{"product": record.Ref(model)}))
		if c.line.Kind == ChargeParts {
			c.line.Part, c.line.Quantity = w.part, Quantity{One, ""}
		}
		line := w.entitle(Work{Cause: c.cause, Lines: []ChargeLine{c.line}}).Lines[0]
		if line.Percent != c.percent || line.Gross.Minor != c.gross*100 {
			t.Errorf("%s, sold %d days ago, %s, %s %q: %d %% free, %v to pay", c.name, today-c.sold, c.cause, c.line.Service, c.category,
				line.Percent, line.Gross)
		}
	}
}

// What differs from its kind of line is said beside it, and a phone without the model says that it may differ.
func TestWhatHasRulesOfItsOwnIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t).sold(today - 800)
	w.choose(PolicyFreight, "each_way")
	w.choose(PolicyCharge, "price_by_category")
	got := map[string]string{}
	for _, s := range w.entitle(Work{}).Special {
		got[s.Kind+" "+s.Service+s.PartCategory] = s.Payer + " " + s.priceList
	}
	want := map[string]string{"freight freight_back": "company list", "parts common": "customer market", "parts consumable": "customer cost"}
	if !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	w.sold(today).choose(PolicyCharge, "travel_if_built_in")
	w.ok(w.Update("unit", w.unit, record.Values{"product": record.Ref(nobody), "warranty_until": record.Date(today + 9)}))
	if d := w.entitle(Work{}); !d.Unsure || !d.says(WhyModelNotHere) {
		t.Errorf("nobody says that the category is not known: %v", d.Why)
	}
	for _, r := range []ChargeRule{
		{Kind: ChargeParts, Service: "labour", Payer: PayerCustomer}, {Service: "labour", PartCategory: "common", Payer: PayerCustomer},
		{Kind: ChargeTravel, PartCategory: "common", Payer: PayerCustomer},
	} {
		_, err := PublishPolicy(w, PolicyInput{Kind: PolicyCharge, Body: ChargePolicy{[]ChargeRule{r}}})
		w.refused(BadPolicy, err)
	}
}

// choose publishes a ready-made policy, in force from now.
func (w *world) choose(kind, name string) {
	w.t.Helper()
	for _, p := range PolicyTemplates(kind) {
		if p.Name == name {
			w.id(PublishPolicy(w, PolicyInput{Kind: kind, Body: p.Body}))
			return
		}
	}
	w.t.Fatalf("no ready-made policy %s/%s", kind, name)
}

// A month has its last day, and a term counted in parts is no longer than the whole.
func TestMonths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, months, want int64 }{
		{0, 0, 0}, {0, 1, 31}, {30, 1, 58}, {58, 12, 58 + 365}, {-1, 2, 58}, {789, 12, 789 + 365}, {58, -1, 27},
	} {
		if got := AddMonths(c.from, c.months); got != c.want {
			t.Errorf("%d months after %d: %d, want %d", c.months, c.from, got, c.want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		day, n, m := rapid.Int64Range(-40_000, 80_000).Draw(r, "day"), rapid.Int64Range(0, 600).Draw(r, "n"), rapid.Int64Range(0, 600).Draw(r, "m")
		a, b := AddMonths(AddMonths(day, n), m), AddMonths(day, n+m)
		if a > b || b-a > 3 || n > 0 && AddMonths(day, n) <= day {
			r.Fatalf("%d + %d + %d: %d in parts, %d in one", day, n, m, a, b)
		}
	})
}

func TestADayBeginsWhereTheMachineStands(t *testing.T) {
	t.Parallel()
	const late = 20 * 60 * 60 * 1000 // 20:00 UTC
	for zone, want := range map[string]int64{"Asia/Shanghai": 1, "": 0, "nowhere": 0, "America/New_York": 0} {
		if got := DayIn(zone, late); got != want {
			t.Errorf("%s: day %d, want %d", zone, got, want)
		}
	}
	if DayIn("", -1) != -1 {
		t.Error("the millisecond before 1970 belongs to 1969")
	}
}
