package aftersales

import (
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
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

// What was missed stays so, whichever job somebody then says was his.
func TestAMissIsNotEditedAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what  string
		after int64 // minutes since the customer asked; the promise is for sixty
		code  fault.Code
	}{
		{"another job is his in time", 50, ""},
		{"another job is his too late", 70, Backdated},
	} {
		w := newWorld(t)
		w.ok(w.promise(Promise{Target: EventArrival, Minutes: 60}))
		urgent := w.id(CreateRequest(w, RequestInput{Party: w.party, Site: w.site, Title: "It stands"}))
		elsewhere := w.id(CreateJob(w, JobInput{Title: "Another one", Party: w.party}))
		w.id(AssignJob(w, AssignInput{Job: elsewhere, Person: w.wang}))
		w.pass(10)
		w.ok(Arrive(w.as(w.wang), VisitInput{Job: elsewhere}))
		w.as(w.office).pass(c.after - 10)
		if got := fault.CodeOf(Edit(w, EditInput{"job", elsewhere, record.Values{"request": record.Ref(urgent)}})); got != c.code {
			t.Errorf("%s: %q, want %q", c.what, got, c.code)
		}
	}
}

// A program says as of when somebody took a step of his visit, in the order of the steps, and keeps no promise that was missed.
func TestStepsThatProgramsReportFollowOneAnother(t *testing.T) {
	t.Parallel()
	const minute = 60_000
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventArrival, Minutes: 60}))
	r := w.request()
	job := w.id(CreateJob(w, JobInput{Request: r}))
	w.pass(5)
	w.id(AssignJob(w, AssignInput{Job: job, Person: w.wang}))
	visits, err := Visits(w, job)
	w.ok(err)
	asked := w.now - 5*minute
	visit := visits[0].ID
	w.pass(40)
	w.refused(Backdated, CheckStep(w, visit, asked+4*minute)) // before it was his
	w.ok(CheckStep(w, visit, asked+10*minute))
	w.ok(CheckStep(w, visit, 0))
	w.ok(Travel(w, VisitInput{Job: job, Person: w.wang, At: Moment{Corrected: asked + 10*minute}}))
	w.refused(Backdated, CheckStep(w, visit, asked+9*minute)) // before he set out
	w.ok(CheckStep(w, visit, asked+30*minute))
	w.pass(20)
	w.refused(Backdated, CheckStep(w, visit, asked+60*minute)) // when it was due, and nobody there
	w.ok(CheckStep(w, visit, asked+61*minute))
	w.refused(fault.UnknownRow, CheckStep(w, nobody, 0))
}

func TestNothingIsChargedBeforeTheJobWasReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	job := w.id(CreateJob(w, JobInput{Title: "It stands", Party: w.party}))
	w.ok(CheckOnJob(w, job, w.now))
	w.ok(CheckOnJob(w, job, w.now-dayMillis/2))
	w.refused(Backdated, CheckOnJob(w, job, w.now-3*dayMillis))
	w.ok(CheckOnJob(w, record.ID{}, 1))
	asked := w.now - 5*dayMillis
	r := w.id(CreateRequest(w, RequestInput{Party: w.party, Title: "It stands", ReceivedAt: asked}))
	job = w.id(CreateJob(w, JobInput{Request: r}))
	w.ok(CheckOnJob(w, job, asked))
	w.refused(Backdated, CheckOnJob(w, job, asked-1))
}
