package aftersales

import (
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/record"
)

func (w *world) chargeNow(id record.ID) Charge { w.t.Helper(); return ChargeOf(w.get("charge", id)) }

func TestAChargeKeepsWhatItWasReckonedBy(t *testing.T) {
	t.Parallel()
	w := assigned(t).sold(today - 800)
	c := w.chargeNow(w.id(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Discount: 5_00}}))))
	if c.Gross != (Money{114_00, "CNY"}) || c.Tax != (Money{13_12, "CNY"}) || c.Net != (Money{100_88, "CNY"}) ||
		c.Basis != BasisPaid || c.Quantity != (Quantity{One, "h"}) || len(c.VersionIDs()) != 4 {
		t.Errorf("%+v", c)
	}
	why, err := c.Why()
	if err != nil || len(why) == 0 {
		t.Error("the charge does not say why", err)
	}
	w.sold(today)
	covered := w.chargeNow(w.id(AddCharge(w, w.hour(ChargeInput{Replaces: c.ID}))))
	if covered.Gross.Minor != 0 || covered.Basis != BasisWarranty || covered.UnitPrice.Minor != 120_00 {
		t.Errorf("%+v", covered)
	}
	if total, err := ChargeTotals(w, w.job); err != nil || total.Gross.Minor != 0 || total.NotRaised.Minor != 120_00 {
		t.Errorf("%+v, %v", total, err)
	}
	w.id(TakeBackCharge(w, covered.ID, "entered by mistake"))
	if list, err := Charges(w, w.job); err != nil || len(list) != 0 {
		t.Errorf("%d charges are left (%v)", len(list), err)
	}
}

func TestPartsHaveThePriceOfTheirDay(t *testing.T) {
	t.Parallel()
	w := assigned(t).sold(today - 800)
	price := func(minor, from int64, list string) {
		w.ok(insert(w, "price", w.NewID(), record.Values{
			"part": record.Ref(w.part), "price_list": record.Text(list), "amount": record.Money(minor, "CNY"),
			"valid_from": record.Date(from),
		}))
	}
	one := ChargeInput{ChargeLine: ChargeLine{Kind: ChargeParts, Part: w.part}}
	if d := w.entitle(Work{Lines: []ChargeLine{w.hour(one).ChargeLine}}); !d.Unsure || d.Lines[0].Gross.Minor != 0 {
		t.Error("a part without a price has one")
	}
	price(9_00, 1, "list")
	price(10_00, today, "list")
	price(11_00, today+1, "list")
	price(1_00, today, "cost")
	c := w.chargeNow(w.id(AddCharge(w, w.hour(one))))
	if c.UnitPrice.Minor != 10_00 || c.Quantity.Unit != "pcs" {
		t.Errorf("%+v", c)
	}
	w.choose(PolicyCharge, "parts_at_cost")
	if c := w.chargeNow(w.id(AddCharge(w, w.hour(one)))); c.UnitPrice.Minor != 1_00 {
		t.Errorf("at cost it is %v", c.UnitPrice)
	}
}

// consumable makes the part one, with a price in the catalogue's list and one at cost.
func (w *world) consumable(list, cost int64) {
	w.t.Helper()
	w.ok(w.Update("part", w.part, record.Values{"category": record.Text("consumable")}))
	w.id(SetPrice(w, PriceInput{Part: w.part, Amount: Money{list, "CNY"}}))
	w.id(SetPrice(w, PriceInput{Part: w.part, PriceList: "cost", Amount: Money{cost, "CNY"}}))
}

// eight has the customer pay for a part that costs as much.
func (w *world) eight() {
	w.t.Helper()
	w.sold(today - 800)
	w.ok(w.Update("part", w.part, record.Values{"list_price": record.Money(8_00, "CNY")}))
}

func (w *world) many(n int64) MoveInput {
	return MoveInput{Job: w.job, Part: w.part, Quantity: Quantity{Amount: n * One}}
}

func (w *world) partLine(n int64) ChargeInput {
	return ChargeInput{Job: w.job, ChargeLine: ChargeLine{Part: w.part, Quantity: Quantity{Amount: n * One}}}
}

// worked has the job done after so many minutes at work.
func (w *world) worked(minutes int64) {
	w.t.Helper()
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	w.pass(minutes)
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "cleaned"}}))
}

// The hub reckons again, both ways.
func TestLeakageAndRefundsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what   string
		story  func(*world)
		kind   string // "" for none
		amount int64
	}{
		{"charged as it should be", func(w *world) { w.sold(today - 800); w.id(AddCharge(w, w.hour(ChargeInput{}))) }, "", 0},
		{"free as it should be", func(w *world) { w.sold(today); w.id(AddCharge(w, w.hour(ChargeInput{}))) }, "", 0},
		{"free though not covered", func(w *world) {
			w.sold(today - 800)
			w.id(AddCharge(w, w.hour(ChargeInput{Basis: BasisWarranty, Reason: "looks new"})))
		}, GapLeakage, 120_00},
		{"charged though covered", func(w *world) {
			w.sold(today)
			w.id(AddCharge(w, w.hour(ChargeInput{Basis: BasisPaid, Reason: "no invoice at hand"})))
		}, GapRefund, -120_00},
		{"the date of sale was corrected", func(w *world) {
			w.sold(today)
			w.id(AddCharge(w, w.hour(ChargeInput{})))
			w.sold(today - 800)
		}, GapLeakage, 120_00},
		{"the contract was not on the phone", func(w *world) {
			w.sold(today - 800)
			w.id(AddCharge(w, w.hour(ChargeInput{})))
			w.contract(50)
		}, GapRefund, -60_00},
		{"the cause was found later", func(w *world) {
			w.sold(today)
			w.id(AddCharge(w, w.hour(ChargeInput{})))
			w.ok(w.Update("job", w.job, record.Values{"cause_code": record.Text("misuse")}))
		}, GapLeakage, 120_00},
		{"given away knowingly", func(w *world) {
			w.sold(today - 800)
			w.id(AddCharge(w, w.hour(ChargeInput{Basis: BasisGoodwill, Reason: "the third time"})))
		}, GapGoodwill, 120_00},
		{"below the price", func(w *world) {
			w.sold(today - 800)
			w.id(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Service: "labour", Price: Money{100_00, "CNY"}}})))
		}, GapPrice, 20_00},
		{"a discount by right that needs one", func(w *world) {
			w.sold(today - 800)
			w.id(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Discount: 10_00}, Authorised: true})))
		}, GapPrice, 6_00},
		{"a discount that needs none", func(w *world) {
			w.sold(today - 800)
			w.id(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Discount: 5_00}})))
		}, "", 0},
		{"a part that nobody charged", func(w *world) {
			w.sold(today - 800)
			w.ok(w.Update("part", w.part, record.Values{"list_price": record.Money(8_00, "CNY")}))
			w.id(UsePart(w, w.one(MoveInput{Job: w.job})))
		}, GapLeakage, 8_00},
		{"three of a part, and one charged", func(w *world) {
			w.eight()
			w.id(UsePart(w, w.many(3)))
			w.id(AddCharge(w, w.partLine(1)))
		}, GapLeakage, 16_00},
		{"one of a part charged, for another movement of it", func(w *world) {
			w.eight()
			w.id(UsePart(w, w.many(2)))
			charged := w.partLine(1)
			charged.Movement = w.id(UsePart(w, w.many(1)))
			w.id(AddCharge(w, charged))
		}, GapLeakage, 16_00},
		{"three of a part, one charged and two brought back", func(w *world) {
			w.eight()
			w.id(UsePart(w, w.many(3)))
			w.id(AddCharge(w, w.partLine(1)))
			w.id(ReturnPart(w, w.many(2)))
		}, "", 0},
		{"three of a part, all on one line", func(w *world) {
			w.eight()
			w.id(UsePart(w, w.many(1)))
			w.id(UsePart(w, w.many(2)))
			w.id(AddCharge(w, w.partLine(3)))
		}, "", 0},
		{"a part charged in two lines, one of which was taken back", func(w *world) {
			w.eight()
			w.id(UsePart(w, w.many(2)))
			w.id(AddCharge(w, w.partLine(1)))
			w.id(TakeBackCharge(w, w.id(AddCharge(w, w.partLine(1))), "twice"))
		}, GapLeakage, 8_00},
		{"work that nobody charged", func(w *world) { w.sold(today - 800); w.worked(50) }, GapLeakage, 120_00},
		{"work that nobody had to charge", func(w *world) { w.sold(today); w.worked(50) }, "", 0},
		{"work that is not done yet", func(w *world) {
			w.sold(today - 800)
			w.ok(Arrive(w, VisitInput{Job: w.job}))
			w.pass(50)
		}, "", 0},
		{"work that was charged for less", func(w *world) {
			w.sold(today - 800)
			line := w.hour(ChargeInput{})
			line.Quantity.Amount = One / 2
			w.id(AddCharge(w, line))
			w.worked(50)
		}, "", 0},
		{"a part that nobody had to charge", func(w *world) {
			w.sold(today)
			w.ok(w.Update("part", w.part, record.Values{"list_price": record.Money(8_00, "CNY")}))
			w.id(UsePart(w, w.one(MoveInput{Job: w.job})))
		}, "", 0},
		{"a charge by the policy of its time", func(w *world) {
			w.sold(today - 800)
			w.id(AddCharge(w, w.hour(ChargeInput{})))
			w.pass(1)
			w.choose(PolicyCharge, "parts_at_cost")
		}, "", 0},
		{"freight back charged though the company pays that way", func(w *world) {
			w.choose(PolicyFreight, "each_way")
			w.sold(today)
			w.id(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Service: "freight_in"}})))
			w.id(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Service: "freight_back"}, Basis: BasisPaid, Reason: "as always"})))
		}, GapRefund, -8_00},
		{"freight to us given away", func(w *world) {
			w.choose(PolicyFreight, "each_way")
			w.sold(today)
			w.id(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Service: "freight_in"}, Basis: BasisWarranty, Reason: "as always"})))
		}, GapLeakage, 8_00},
		{"a consumable at the price of the list", func(w *world) {
			w.choose(PolicyCharge, "price_by_category")
			w.sold(today - 800)
			w.consumable(100_00, 20_00)
			w.id(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Kind: ChargeParts, Part: w.part, Price: Money{100_00, "CNY"}}})))
		}, GapPrice, -80_00},
		{"a consumable that nobody charged", func(w *world) {
			w.choose(PolicyCharge, "price_by_category")
			w.sold(today - 800)
			w.consumable(100_00, 20_00)
			w.id(UsePart(w, w.one(MoveInput{Job: w.job})))
		}, GapLeakage, 20_00},
		{"something of no list, at the price that was asked", func(w *world) {
			w.sold(today - 800)
			in := w.hour(ChargeInput{ChargeLine: ChargeLine{Kind: ChargeTravel, Service: "ferry", Price: Money{33_00, "CNY"}}})
			w.id(AddCharge(w, in))
		}, "", 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w := assigned(t)
			c.story(w)
			w.ok(RecordFindings(w.as(w.office), w.job))
			list := w.findings()
			if c.kind == "" && len(list) > 0 || c.kind != "" && (len(list) != 1 || list[0].Kind != c.kind || list[0].Amount.Minor != c.amount) {
				t.Errorf("found %+v", list)
			}
			before := len(w.written)
			w.ok(RecordFindings(w, w.job))
			if len(w.written) != before {
				t.Error("reckoned again, it is written again")
			}
		})
	}
}

func TestAFindingIsWithdrawnWhenItIsNoneAndStaysSettled(t *testing.T) {
	t.Parallel()
	w := leaking(t)
	w.sold(today)
	w.ok(RecordFindings(w, w.job))
	if f := w.findings()[0]; f.State != GapWithdrawn {
		t.Errorf("the unit was new after all, and the finding is %s", f.State)
	}
	w.sold(today - 800)
	w.ok(RecordFindings(w, w.job))
	if f := w.findings()[0]; f.State != GapOpen {
		t.Errorf("and old again: %s", f.State)
	}
	w.ok(SettleFinding(w, SettleFindingInput{w.findings()[0].ID, SettledWaived, "our mistake"}))
	w.sold(today)
	w.ok(RecordFindings(w, w.job))
	if f := w.findings()[0]; f.State != GapSettled || f.SettledBy != w.office || f.SettledAs != SettledWaived {
		t.Errorf("%+v", f)
	}
}

// Whatever the amounts, net and tax make the gross, cover and discount never raise a price, the sum of the lines is
// off the sum by total by no more than a unit a line, and what is rounded lies within half a step.
func TestRoundingKeepsTheSum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		included := rapid.Bool().Draw(r, "included")
		step := rapid.SampledFrom([]int64{1, 5, 10, 100}).Draw(r, "step")
		var byLine, byTotal []PricedLine
		for range rapid.IntRange(1, 20).Draw(r, "lines") {
			l := PricedLine{
				ChargeLine: ChargeLine{
					Quantity: Quantity{Amount: rapid.Int64Range(1, 1_000_000).Draw(r, "quantity")},
					Discount: rapid.Int64Range(0, 100_00).Draw(r, "discount"),
				},
				UnitPrice:   Money{rapid.Int64Range(0, 1_000_000_00).Draw(r, "price"), "CNY"},
				Percent:     rapid.Int64Range(0, 100).Draw(r, "percent"),
				TaxRate:     rapid.SampledFrom([]int64{0, 5_00, 13_00, 19_00}).Draw(r, "rate"),
				TaxIncluded: included, Rounding: RoundLine, RoundTo: step,
			}
			if err := l.reckon(); err != nil {
				r.Fatal(err)
			}
			whole := l
			whole.Percent, whole.Discount = 0, 0
			if err := whole.reckon(); err != nil || whole.Gross.Minor < l.Gross.Minor {
				r.Fatalf("%v: %d for less than all, %d for all", err, l.Gross.Minor, whole.Gross.Minor)
			}
			if l.Net.Minor+l.Tax.Minor != l.Gross.Minor || l.Net.Minor < 0 || l.Tax.Minor < 0 {
				r.Fatalf("%d + %d is not %d", l.Net.Minor, l.Tax.Minor, l.Gross.Minor)
			}
			byLine = append(byLine, l)
			l.Rounding = RoundTotal
			byTotal = append(byTotal, l)
		}
		a, err := SumLines(byLine)
		if err != nil {
			r.Fatal(err)
		}
		b, err := SumLines(byTotal)
		if err != nil {
			r.Fatal(err)
		}
		n := int64(len(byLine))
		if d := a.Tax.Minor - b.Tax.Minor; d > n || -d > n {
			r.Fatalf("tax %d by line, %d by total", a.Tax.Minor, b.Tax.Minor)
		}
		if off := a.Rounding.Minor; a.Rounded.Minor%step != 0 || 2*max(off, -off) > step || a.Rounded.Minor-off != a.Gross.Minor {
			r.Fatalf("%d rounded to %d by %d", a.Gross.Minor, a.Rounded.Minor, step)
		}
	})
}

func TestOneSlipHasOneCurrency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := SumLines([]PricedLine{{Gross: Money{1, "CNY"}}, {Gross: Money{1, "EUR"}}})
	w.refused(BadMoney, err)
	if sum, err := SumLines(nil); err != nil || sum.Gross.Minor != 0 {
		t.Error("nothing costs something", err)
	}
}
