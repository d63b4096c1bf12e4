package aftersales

import (
	"slices"
	"testing"

	"fieldsync/sync/record"
)

// What somebody did on a day stands task by task, each with its stretches of time, its parts and its money; what was
// corrected, what others did and what happened on other days does not count.
func TestADayIsReportedTaskByTask(t *testing.T) {
	t.Parallel()
	const minute = 60_000
	w := assigned(t)
	w.as(w.office).id(AssignJob(w, AssignInput{Job: w.job, Person: w.li}))
	w.as(w.wang).ok(Travel(w, VisitInput{Job: w.job}))
	start := w.now
	w.pass(20)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	w.as(w.li).ok(Arrive(w, VisitInput{Job: w.job}))
	w.as(w.wang).pass(30)
	used := w.id(UsePart(w, w.one(MoveInput{Job: w.job})))
	w.as(w.office).id(CorrectMovement(w, CorrectInput{Movement: used, Amount: 2 * One}))
	other := w.as(w.office).id(CreateJob(w, JobInput{Title: "Another", Party: w.party, Kind: "repair"}))
	w.id(AssignJob(w, AssignInput{Job: other, Person: w.wang}))
	w.as(w.wang).pass(10)
	w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: Money{90_00, "CNY"}, SignedBy: "Lin", Shown: "90"}))
	paid := w.id(TakePayment(w, PaymentInput{Job: w.job, Method: "cash", Amount: Money{90_00, "CNY"}}))
	w.id(TakePayment(w, PaymentInput{Job: w.job, Method: "cash", Amount: Money{80_00, "CNY"}, Replaces: paid}))

	report := func(from, until int64) DayReport {
		t.Helper()
		d, err := ReportDay(w, w.wang, []record.ID{other, w.job}, from, until, w.now)
		w.ok(err)
		return d
	}
	d := report(start-5*minute, start+24*60*minute)
	if len(d.Tasks) != 1 || d.Tasks[0].Job.ID != w.job || d.Tasks[0].Customer == "" || len(d.Taken) != 1 || d.Taken[0] != (Taken{"cash", Money{80_00, "CNY"}}) {
		t.Fatalf("%+v", d.Tasks)
	}
	if parts := d.Tasks[0].Parts; len(parts) != 1 || parts[0].Quantity.Amount != 2*One || parts[0].Code == "" {
		t.Errorf("what the office corrected is no longer his: %+v", parts)
	}
	want := []Span{
		{TimeTravel, start, start + 20*minute, false}, {TimeWork, start + 20*minute, start + 60*minute, true},
	}
	if task := d.Tasks[0]; !slices.Equal(task.Spans, want) || d.Spent[TimeWork] != 40*minute || d.Spent[TimeTravel] != 20*minute {
		t.Errorf("%+v", task)
	}
	// The day ends in the middle of the way, and the next goes on with it.
	if d = report(start-minute, start+15*minute); d.Spent[TimeTravel] != 15*minute || d.Tasks[0].Spans[0].Running || d.Spent[TimeWork] != 0 {
		t.Errorf("%+v", d.Spent)
	}
	if d = report(start+15*minute, start+55*minute); d.Spent[TimeTravel] != 5*minute || d.Spent[TimeWork] != 35*minute || d.Tasks[0].Spans[1].Running {
		t.Errorf("%+v", d.Spent)
	}
	if d = report(start+120*minute, start+180*minute); len(d.Tasks) != 0 {
		t.Errorf("a clock counts before it ran: %+v", d.Tasks)
	}
}

// A phone's clock was a day ahead when a stretch began, and was put right: the stretch ends all the same, and no other lasts until it.
func TestAStretchThatBeganByAWrongClockEnds(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	mark := func(edge string) {
		t.Helper()
		w.id(MarkTime(w, MarkInput{Job: w.job, Kind: TimeWork, Edge: edge}))
	}
	const day = 24 * 60
	w.pass(day)
	mark(EdgeStart)
	w.pass(30 - day)
	mark(EdgeStop)
	mark(EdgeStart)
	w.pass(30)
	mark(EdgeStop)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	w.pass(30)
	w.ok(Pause(w, VisitInput{Job: w.job}))
	running, err := RunningClock(w, w.job, w.wang)
	if err != nil || running == nil || running.Kind != TimePause {
		t.Errorf("%+v runs, %v", running, err)
	}
	for _, days := range []int64{0, 1, 2} {
		spent, err := TimeSpent(w, w.job, w.wang, w.now+days*day*60_000)
		if err != nil || spent[TimeWork] > 10 || spent[TimePause] > days*day*60_000 {
			t.Errorf("after %d days %v, %v", days, spent, err)
		}
	}
}
