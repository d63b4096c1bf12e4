package aftersales

import (
	"testing"

	"fieldsync/sync/record"
)

// What was promised by where a machine stands is judged by where it stood when it was promised, however the site is corrected
// later; whoever asks afterwards is promised by what holds then.
func TestAPromiseIsKeptThoughThePlaceChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventArrival, Region: "city", Minutes: 60}, Promise{Target: EventArrival, Minutes: 120}))
	at := func(region string) {
		w.t.Helper()
		w.ok(Edit(w, EditInput{"site", w.site, record.Values{"region": record.Text(region)}}))
	}
	ask := func() record.ID {
		w.t.Helper()
		w.pass(10)
		return w.id(CreateRequest(w, RequestInput{Title: "Leaks", Site: w.site}))
	}
	promised := func(request record.ID) int64 { w.t.Helper(); return w.clock(request, w.now).Promise.Minutes }
	w.ok(w.Update("site", w.site, record.Values{"region": record.Text("city")}))
	first := ask()
	w.pass(10)
	at("suburb")
	second := ask()
	w.pass(10)
	at("city")
	third := ask()
	for request, minutes := range map[record.ID]int64{first: 60, second: 120, third: 60} {
		if got := promised(request); got != minutes {
			t.Errorf("arrival within %d minutes, it was promised within %d", got, minutes)
		}
	}
	before := len(w.written)
	at("city")
	w.ok(Edit(w, EditInput{"site", w.site, record.Values{"note": record.Text("ring twice")}}))
	if n := len(w.written) - before; n > 2 {
		t.Errorf("nothing changed, and %d rows are written", n)
	}
}

// The hours of a promise are those of the zone in which the branch lay.
func TestAPromiseIsKeptThoughTheZoneChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventArrival, Minutes: 60, Working: true}))
	w.choose(PolicyCalendar, "daily")
	w.pass(1)
	r := w.id(CreateRequest(w, RequestInput{Title: "Leaks", Site: w.site}))
	due := w.clock(r, w.now).Due
	w.pass(10)
	w.ok(Edit(w, EditInput{"site", w.site, record.Values{"zone": record.Text("America/New_York")}}))
	if got := w.clock(r, w.now).Due; got != due {
		t.Errorf("it was due at %d, and since the zone changed at %d", due, got)
	}
	later := w.id(CreateRequest(w, RequestInput{Title: "Leaks", Site: w.site}))
	if got := w.clock(later, w.now).Due; got == due || got == 0 {
		t.Errorf("a promise of the new zone is due at %d", got)
	}
}
