package aftersales

import (
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// severityEdit is an edit of a request some minutes after the customer asked, to a severity.
type severityEdit struct {
	minute   int64
	severity string
}

// A clock is judged by what was promised when it happened: severity 1 is promised within 60 minutes, 2 within 240, 3 nothing.
func TestAClockIsJudgedByTheSeverityOfItsTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what   string
		begins string
		edits  []severityEdit
		met    int64 // minutes after the customer asked; 0: nobody arrived
		at     int64
		due    int64 // minutes; 0: none
		state  string
	}{
		{"more severe: its time runs from then on", "2", []severityEdit{{100, "1"}}, 0, 130, 160, ClockSoon},
		{"more severe: missed since, not before", "2", []severityEdit{{100, "1"}}, 0, 161, 160, ClockBreached},
		{"more severe: no later than it was due", "2", []severityEdit{{200, "1"}}, 0, 201, 240, ClockRuns},
		{"more severe: seen from before", "2", []severityEdit{{100, "1"}}, 0, 90, 240, ClockRuns},
		{"less severe in time", "1", []severityEdit{{50, "2"}}, 0, 70, 240, ClockRuns},
		{"less severe too late", "1", []severityEdit{{70, "2"}}, 0, 80, 60, ClockBreached},
		{"nothing promised any more, too late", "1", []severityEdit{{70, "3"}}, 0, 80, 60, ClockBreached},
		{"nothing promised any more, in time", "1", []severityEdit{{50, "3"}}, 0, 80, 0, ""},
		{"promised at last", "3", []severityEdit{{100, "1"}}, 0, 110, 160, ClockRuns},
		{"met before it became more severe", "2", []severityEdit{{130, "1"}}, 120, 140, 240, ClockMet},
		{"met too late before it became less severe", "1", []severityEdit{{80, "2"}}, 70, 90, 60, ClockBreached},
		{"met after it became more severe", "2", []severityEdit{{100, "1"}}, 150, 155, 160, ClockMet},
		{"met too late after it became more severe", "2", []severityEdit{{100, "1"}}, 170, 175, 160, ClockBreached},
		{"up and down", "2", []severityEdit{{100, "1"}, {110, "2"}}, 0, 120, 240, ClockRuns},
		{"up, missed, down", "2", []severityEdit{{100, "1"}, {170, "2"}}, 0, 175, 160, ClockBreached},
		{"up, missed, down, up", "2", []severityEdit{{100, "1"}, {170, "2"}, {172, "1"}}, 0, 175, 160, ClockBreached},
	} {
		w := newWorld(t)
		w.ok(w.promise(Promise{Target: EventArrival, Severity: "1", Minutes: 60}, Promise{Target: EventArrival, Severity: "2", Minutes: 240}))
		r := w.id(CreateRequest(w, RequestInput{Party: w.party, Site: w.site, Title: "It stands", Severity: c.begins}))
		w.job = w.id(CreateJob(w, JobInput{Request: r}))
		w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
		asked, now := w.now, int64(0)
		reach := func(minute int64) { w.pass(minute - now); now = minute }
		arrive := func(before int64) {
			if c.met > now && c.met <= before {
				reach(c.met)
				w.ok(Arrive(w.as(w.wang), VisitInput{Job: w.job}))
				w.as(w.office)
			}
		}
		for _, e := range c.edits {
			arrive(e.minute)
			reach(e.minute)
			w.ok(Edit(w, EditInput{"request", r, record.Values{"severity": record.Text(e.severity)}}))
		}
		arrive(200)
		clocks, err := SLA(w, r, asked+c.at*60_000)
		if w.ok(err); c.state == "" {
			if len(clocks) != 0 {
				t.Errorf("%s: %+v", c.what, clocks)
			}
			continue
		}
		if len(clocks) != 1 || clocks[0].State != c.state || (clocks[0].Due-asked)/60_000 != c.due {
			t.Errorf("%s: due after %d minutes and %s is wanted: %+v", c.what, c.due, c.state, clocks)
		}
	}
}

// The contract, the class, the type and the site count like the severity; what changes no promise leaves no trace, and a request that
// is over keeps what it was promised.
func TestWhatPromisesGoByIsKeptWhereItCounts(t *testing.T) {
	t.Parallel()
	for column, c := range map[string]struct {
		fast      Promise
		was, then record.Value
	}{
		"service_level": {Promise{Level: "premium"}, record.Text("basic"), record.Text("premium")},
		"service_class": {Promise{Class: ClassContract}, record.Text(ClassPaid), record.Text(ClassContract)},
		"type":          {Promise{Type: TypeInWarranty}, record.Text(TypeInstall), record.Text(TypeInWarranty)},
		"site":          {Promise{Region: "city"}, record.Null, record.Value{}},
	} {
		w := newWorld(t)
		w.ok(w.Update("site", w.site, record.Values{"region": record.Text("city")}))
		if column == "site" {
			c.then = record.Ref(w.site)
		}
		c.fast.Target, c.fast.Minutes = EventArrival, 60
		w.ok(w.promise(c.fast, Promise{Target: EventArrival, Minutes: 240}))
		r := w.id(CreateRequest(w, RequestInput{Title: "It stands"}))
		w.ok(w.Update("request", r, record.Values{column: c.was}))
		w.pass(100)
		w.ok(Edit(w, EditInput{"request", r, record.Values{column: c.then}}))
		if due := w.clock(r, w.now).Due; due != w.now+60*60_000 {
			t.Errorf("%s: due %d minutes after the edit", column, (due-w.now)/60_000)
		}
	}
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventArrival, Minutes: 60}))
	r := w.request()
	w.ok(Edit(w, EditInput{"request", r, record.Values{"severity": record.Text("1")}}))
	if versions, err := PolicyVersions(w, promisedHistory, r); err != nil || len(versions) != 0 {
		t.Errorf("no promise changed, and kept is %v %v", versions, err)
	}
	w.ok(SolveRequest(w, SolveRequestInput{Request: r, Solution: "Main switch"}))
	w.refused(WrongState, Edit(w, EditInput{"request", r, record.Values{"severity": record.Text("2")}}))
}

// However often and whenever its severity is edited, a clock seen as of an instant is as it was seen then, no edit makes a miss of
// what had not been missed, and a miss stays one.
func TestNoEditReachesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.ok(w.promise(
			Promise{Target: EventArrival, Severity: "1", Minutes: rapid.Int64Range(1, 200).Draw(t, "first")},
			Promise{Target: EventArrival, Severity: "2", Minutes: rapid.Int64Range(1, 200).Draw(t, "second"), Working: rapid.Bool().Draw(t, "working")},
			Promise{Target: EventArrival, Minutes: rapid.Int64Range(1, 200).Draw(t, "third")},
		))
		r := w.request()
		waiting, missed := false, false
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			w.pass(rapid.Int64Range(1, 100).Draw(t, "pass"))
			before := w.clock(r, w.now)
			if missed && before.State != ClockBreached {
				t.Fatalf("a miss was repaired: %+v", before)
			}
			missed = before.State == ClockBreached
			if rapid.Bool().Draw(t, "waits") {
				edge := EdgeStart
				if waiting {
					edge = EdgeStop
				}
				waiting = !waiting
				w.id(MarkWait(w, WaitInput{Request: r, Reason: "customer", Edge: edge}))
			} else {
				severity := rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "severity")
				w.ok(Edit(w, EditInput{"request", r, record.Values{"severity": record.Text(severity)}}))
			}
			after := w.clock(r, w.now)
			if (after.State == ClockBreached) != missed {
				t.Fatalf("an edit changed what had happened: %+v, then %+v", before, after)
			}
			if seen := w.clock(r, w.now-1); missed && before.Due < w.now-1 && (seen.State != ClockBreached || seen.Due != before.Due) {
				t.Fatalf("seen from today, the clock then was %+v, seen then %+v", seen, before)
			}
		}
	})
}

// What the hub keeps of a request is none of a phone's: it writes no policy.
func TestAPhoneKeepsNoHistoryOfPromises(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventArrival, Severity: "1", Minutes: 60}, Promise{Target: EventArrival, Minutes: 240}))
	r := w.request()
	row := w.get("request", r)
	before := len(w.written)
	if err := keepPromised(w.as(w.wang), row, record.Values{"severity": record.Text("1")}); fault.CodeOf(err) != "" || len(w.written) != before {
		t.Fatalf("it wrote %d rows: %v", len(w.written)-before, err)
	}
}
