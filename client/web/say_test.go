package web

import (
	"math"
	"testing"

	"fieldsync/sync/aftersales"
)

func TestMoneyAndQuantitiesAreReadWithoutRounding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		scale int
		want  int64
		ok    bool
	}{
		{"2", 3, 2000, true}, {"1.5", 3, 1500, true}, {"1,5", 3, 1500, true}, {".5", 3, 500, true}, {"80.50", 2, 8050, true},
		{"1.2345", 3, 0, false}, {"-1", 3, 0, false}, {"", 3, 0, false}, {".", 3, 0, false}, {"two", 3, 0, false}, {"80.5", 0, 0, false},
		{"99999999999999999999", 0, math.MaxInt64, true}, // for the command to refuse, which tells the bound
	} {
		if n, ok := amount(c.text, c.scale); ok != c.ok || ok && n != c.want {
			t.Errorf("%q: %d %v", c.text, n, ok)
		}
	}
	for m, want := range map[aftersales.Money]string{
		{Minor: 8050, Currency: "CNY"}: "80.50 CNY", {Minor: 5, Currency: "CNY"}: "0.05 CNY", {Minor: -105, Currency: "EUR"}: "−1.05 EUR",
		{Minor: 80, Currency: "JPY"}: "80 JPY", {}: "",
	} {
		if got := money(m); got != want {
			t.Errorf("%v: %q", m, got)
		}
	}
}

// When the lease is over the app shows nothing of anybody, but the ways out stay.

// A discount is kept in hundredths of a percent, and said in percent.
func TestADiscountIsSaidInPercent(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	l := &language{w.Match("en")}
	if said := l.why(aftersales.Reason{Code: aftersales.WhyDiscount, Args: []string{"750"}}); said != "Discount: 7.50 %" {
		t.Errorf("it says %q", said)
	}
}
