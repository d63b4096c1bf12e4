package aftersales

import (
	"slices"
	"testing"

	"fieldsync/sync/record"
)

// A part costs what the list says from a day on; what was charged before stays, and a price that has begun is followed
// rather than changed.
func TestPricesFollowEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	today := floorDiv(w.now, dayMillis)
	yuan := func(n int64) Money { return Money{n * 100, "CNY"} }
	w.id(SetPrice(w, PriceInput{Part: w.part, Amount: yuan(100)}))
	w.id(SetPrice(w, PriceInput{Part: w.part, Amount: yuan(120), ValidFrom: today + 30}))
	for day, want := range map[int64]Money{today: yuan(100), today + 29: yuan(100), today + 30: yuan(120)} {
		if p, _, err := priceOf(w, w.part, "list", day, w.now); err != nil || p != want {
			t.Errorf("after %d days it costs %v: %v", day-today, p, err)
		}
	}
	list, err := PricesOf(w, w.part)
	if w.ok(err); len(list) != 2 || list[0].Amount != yuan(120) {
		t.Fatalf("%+v", list)
	}
	for _, in := range []PriceInput{{Replaces: list[1].ID}, {ValidFrom: today - 10}} {
		in.Part, in.Amount = w.part, yuan(1)
		_, err = SetPrice(w, in)
		w.refused(PricePublished, err)
	}
	_, err = SetPrice(w, PriceInput{Part: w.part, Amount: yuan(-1)})
	w.refused(BadMoney, err)
	_, err = SetPrice(w, PriceInput{Part: w.site, Amount: yuan(1)})
	w.refused(UnknownPart, err)
	w.id(SetPrice(w, PriceInput{Part: w.part, Amount: yuan(110), ValidFrom: today + 30, Replaces: list[0].ID}))
	if p, _, _ := priceOf(w, w.part, "list", today+31, w.now); p != yuan(110) {
		t.Errorf("it costs %v", p)
	}
}

// Whoever gives a part another price in the catalogue changes nothing of what was charged before, be it this morning.
func TestACataloguePriceIsFollowedByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	yuan := func(n int64) Money { return Money{n * 100, "CNY"} }
	part := w.id(CreatePart(w, PartInput{Code: "HOSE-9", ListPrice: yuan(80)}))
	costs := func(at int64, want Money) {
		t.Helper()
		work := Work{Lines: []ChargeLine{{Kind: ChargeParts, Part: part, Quantity: Quantity{One, "pcs"}}}}
		d, err := Entitle(w, w.unit, work, at)
		_, entry, _ := priceOf(w, part, "list", d.Day, at)
		if w.ok(err); !entry.IsZero() && !slices.Contains(d.Versions, entry) {
			t.Errorf("the decision does not store the price that it used: %v", d.Versions)
		}
		if len(d.Lines) != 1 || d.Lines[0].UnitPrice != want {
			t.Errorf("it costs %+v, want %v", d.Lines, want)
		}
	}
	set := func(price Money) {
		t.Helper()
		w.ok(Edit(w, EditInput{Table: "part", ID: part, Values: record.Values{"list_price": price.Value()}}))
	}
	yesterday, dawn := w.now-dayMillis, w.now
	w.pass(60)
	set(yuan(95))
	noon := w.now
	w.pass(60)
	set(yuan(99))
	costs(yesterday, yuan(80))
	costs(dawn, yuan(80))
	costs(noon, yuan(95))
	costs(w.now, yuan(99))
	costs(w.now+dayMillis, yuan(99))
}
