package admin

import (
	"slices"
	"testing"
	"time"
)

// Values that conflict are told apart by when they were written, and by the moments that they are: no finer than it takes.
func TestConflictingMomentsReadDifferently(t *testing.T) {
	t.Parallel()
	v := &Visit{office: &Office{Options: Options{Zone: time.UTC}}}
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).UnixMilli()
	for _, c := range []struct {
		what   string
		second int64
		want   []string
	}{
		{"days apart", at + 2*86_400_000, []string{"2026-03-01 09:00", "2026-03-03 09:00"}},
		{"seconds apart", at + 7000, []string{"2026-03-01 09:00:00", "2026-03-01 09:00:07"}},
		{"within one second", at + 30, []string{"2026-03-01 09:00:00.000", "2026-03-01 09:00:00.030"}},
		{"at once", at, []string{"2026-03-01 09:00", "2026-03-01 09:00"}},
	} {
		values := []conflictValue{{When: at, moment: at}, {When: c.second, moment: c.second, Text: "?"}}
		v.tellApart(values)
		if got := []string{values[0].At, values[1].At}; !slices.Equal(got, c.want) {
			t.Errorf("%s: written at %v, want %v", c.what, got, c.want)
		}
		if c.second != at && values[0].Text == values[1].Text {
			t.Errorf("%s: both are %s", c.what, values[0].Text)
		}
	}
}
