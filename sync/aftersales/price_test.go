package aftersales

import "testing"

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
		if p, err := priceOf(w, w.part, "list", day); err != nil || p != want {
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
	if p, _ := priceOf(w, w.part, "list", today+31); p != yuan(110) {
		t.Errorf("it costs %v", p)
	}
}
