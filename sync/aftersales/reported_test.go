package aftersales

import (
	"testing"

	"fieldsync/sync/fault"
)

// What a program reports counts as of when it happened, if it says so at once; nothing makes good what was missed.
func TestWhatProgramsReportIsBounded(t *testing.T) {
	t.Parallel()
	const minute = 60_000
	for _, c := range []struct {
		what   string
		passed int64 // minutes since the customer asked; the promise is for ten
		at     int64 // minutes before now
		code   fault.Code
	}{
		{"now", 8, 0, ""},
		{"a moment ago", 8, 3, ""},
		{"five minutes ago", 8, 5, ""},
		{"longer ago", 8, 6, Backdated},
		{"before he asked", 2, 3, Backdated},
		{"when it was due, and missed since", 12, 2, Backdated},
		{"before it was due, and missed since", 13, 4, Backdated},
		{"since it was missed", 13, 2, ""},
		{"now that it is missed", 13, 0, ""},
	} {
		w := newWorld(t)
		w.ok(w.promise(Promise{Target: EventResponse, Minutes: 10}))
		r := w.request()
		w.pass(c.passed)
		at := w.now - c.at*minute
		if c.at == 0 {
			at = 0
		}
		if got := fault.CodeOf(CheckReported(w, r, at)); got != c.code {
			t.Errorf("%s: %q, want %q", c.what, got, c.code)
		}
	}
	w := newWorld(t)
	w.refused(fault.UnknownRow, CheckReported(w, nobody, 0))
}
