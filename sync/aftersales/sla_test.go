package aftersales

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/worktime"
)

var slaRefusals = []refusal{
	{BadPolicy, "a calendar without work", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, PolicyInput{Kind: PolicyCalendar, JSON: `{"week": {}}`}))
	}},
	{BadPolicy, "a calendar on Mars", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, PolicyInput{Kind: PolicyCalendar, JSON: `{"zone": "Mars", "week": {"mon": ["08:00-09:00"]}}`}))
	}},
	{BadPolicy, "a promise of nothing", newWorld, func(w *world) error { return w.promise(Promise{Target: EventArrival}) }},
	{BadPolicy, "a promise for the next century", newWorld, func(w *world) error {
		return w.promise(Promise{Target: EventArrival, Minutes: 1 << 40})
	}},
	{BadPolicy, "a promise that escalates for no reason", newWorld, func(w *world) error {
		return w.promise(Promise{Target: EventArrival, Minutes: 1, Escalate: " "})
	}},
	{BadPolicy, "a promise to arrive before", newWorld, func(w *world) error {
		return w.promise(Promise{Target: EventArrival, From: EventRepair, Minutes: 1})
	}},
	{BadPolicy, "a promise that was not received", newWorld, func(w *world) error {
		return w.promise(Promise{Target: EventReceived, Minutes: 1})
	}},
	{BadPolicy, "due soon after it is due", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, PolicyInput{Kind: PolicySLA, Body: SLAPolicy{SoonMinutes: -1}}))
	}},
	{UnknownCode, "a service level that no list has", newWorld, func(w *world) error {
		return drop(CreateRequest(w, RequestInput{Title: "x", ServiceLevel: "divine"}))
	}},
	{fault.UnknownRow, "the clocks of nothing", newWorld, func(w *world) error { return drop(SLA(w, nobody, morning)) }},
}

// promise makes the company promise this and nothing else from now on; clocks rest while the customer is waited for.
func (w *world) promise(promises ...Promise) error {
	return drop(PublishPolicy(w, PolicyInput{Kind: PolicySLA, Body: SLAPolicy{
		Promises: promises, Rests: []string{"customer"}, SoonMinutes: 30,
	}}))
}

// clock returns the one clock of the request.
func (w *world) clock(request record.ID, at int64) Clock {
	w.t.Helper()
	clocks, err := SLA(w, request, at)
	if w.ok(err); len(clocks) != 1 {
		w.t.Fatalf("%d clocks: %+v", len(clocks), clocks)
	}
	return clocks[0]
}

func (w *world) clockIs(request record.ID, minutes int64, state string) {
	w.t.Helper()
	if c := w.clock(request, morning+minutes*60_000); c.State != state {
		w.t.Fatalf("after %d minutes the clock is %s, want %s: %+v", minutes, c.State, state, c)
	}
}

func TestAClockRunsIsDueSoonAndBreached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventArrival, Minutes: 120}))
	r := w.request()
	for minutes, state := range map[int64]string{0: ClockRuns, 89: ClockRuns, 90: ClockSoon, 120: ClockSoon, 121: ClockBreached} {
		w.clockIs(r, minutes, state)
	}
	w.job = w.id(CreateJob(w, JobInput{Request: r}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.pass(200)
	// The phone was without network: he arrived an hour and a half after the call, and says so an hour later.
	arrived := int64(morning + 90*60_000)
	w.ok(Arrive(w.as(w.wang), VisitInput{Job: w.job, At: Moment{Device: arrived + 7_000_000, Corrected: arrived}}))
	w.clockIs(r, 300, ClockMet)
	w.clockIs(r, 80, ClockRuns)
	if c := w.clock(r, w.now); c.Met != arrived || c.Due != morning+120*60_000 || c.Late() || c.Why != "arrival within 2h from received" {
		t.Fatalf("the clock is %+v", c)
	}
}

func TestAClockThatIsMetTooLateStaysBreached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventResponse, Minutes: 10}))
	r := w.request()
	w.pass(11)
	w.ok(RespondRequest(w, r, Moment{}))
	if c := w.clock(r, w.now); c.State != ClockBreached || !c.Late() {
		t.Fatalf("the clock is %+v", c)
	}
}

func TestAClockRestsWhileTheCustomerIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventRepair, Minutes: 120}))
	r := w.request()
	mark := func(reason, edge string, minute int64) {
		at := morning + minute*60_000
		w.id(MarkWait(w, WaitInput{Request: r, Reason: reason, Edge: edge, At: Moment{at, at}}))
	}
	mark("parts", EdgeStart, 5) // of which the promise says nothing
	mark("customer", EdgeStart, 60)
	w.clockIs(r, 59, ClockRuns)
	w.clockIs(r, 500, ClockRests)
	mark("customer", EdgeStop, 300)
	w.clockIs(r, 299, ClockRests)
	w.clockIs(r, 301, ClockRuns)
	w.clockIs(r, 350, ClockSoon)
	w.clockIs(r, 361, ClockBreached)
	mark("customer", EdgeStart, 400) // too late to help
	w.clockIs(r, 500, ClockBreached)
	c := w.clock(r, morning+500*60_000)
	if want := []worktime.Interval{{Start: morning + 60*60_000, End: morning + 300*60_000}, {Start: morning + 400*60_000}}; !slices.Equal(c.Rests, want) {
		t.Fatalf("it rested %v", c.Rests)
	}
}

// City 6 h, suburb 7 h of working time, by the clocks of the site, over a holiday.
func TestRegionsAndWorkingTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ region, zone, shown, want string }{
		{"city", "Asia/Shanghai", "Asia/Shanghai", "2025-10-13 12:53:20"},
		{"suburb", "Asia/Shanghai", "Asia/Shanghai", "2025-10-13 13:53:20"},
		{"", "Asia/Shanghai", "Asia/Shanghai", "2025-10-13 13:53:20"},
		{"city", "Asia/Urumqi", "Asia/Urumqi", "2025-10-13 10:53:20"}, // one country, another noon
		{"city", "nowhere", "Asia/Shanghai", "2025-10-13 12:53:20"},   // then by the branch's clocks
	} {
		w := newWorld(t)
		w.id(PublishPolicy(w, PolicyInput{Kind: PolicyCalendar, Branch: w.branch, JSON: `{
			"week": {"mon": ["08:00-18:00"], "tue": ["08:00-18:00"], "wed": ["08:00-18:00"], "thu": ["08:00-18:00"], "fri": ["08:00-18:00"]},
			"days": {"2025-10-10": []}}`}))
		w.ok(w.promise(
			Promise{Target: EventArrival, Region: "city", Minutes: 360, Working: true},
			Promise{Target: EventArrival, Minutes: 420, Working: true},
		))
		place := record.Values{"region": optional(c.region), "zone": record.Text(c.zone)}
		w.ok(w.Update("site", w.site, place))
		r := w.request() // on Thursday at 16:53:20 in Shanghai; Friday is off
		clock := w.clock(r, w.now)
		zone, err := worktime.Zone(c.shown)
		w.ok(err)
		if got := time.UnixMilli(clock.Due).In(zone).Format(time.DateTime); got != c.want {
			t.Errorf("%s in %s: due %s, want %s", c.region, c.zone, got, c.want)
		}
		if due := RequestOf(w.get("request", r)).DueAt; due != clock.Due || len(clock.Versions) != 2 {
			t.Errorf("the list says %d, the clock %d by %v", due, clock.Due, clock.Versions)
		}
	}
}

func TestThePromiseThatFits(t *testing.T) {
	t.Parallel()
	policy := SLAPolicy{Promises: []Promise{
		{Target: EventArrival, Level: "premium", Severity: "1", Minutes: 1},
		{Target: EventArrival, Level: "premium", Minutes: 2},
		{Target: EventArrival, Severity: "1,2", Region: "city", Minutes: 3},
		{Target: EventArrival, Class: ClassContract, Minutes: 4},
		{Target: EventArrival, Type: TypeInstall, Minutes: 5},
		{Target: EventArrival, Minutes: 6},
	}}
	for _, c := range []struct {
		r      Request
		region string
		want   int64
	}{
		{Request{ServiceLevel: "premium", Severity: "1"}, "city", 1},
		{Request{ServiceLevel: "premium", Severity: "2"}, "city", 2},
		{Request{ServiceLevel: "basic", Severity: "2"}, "city", 3},
		{Request{Severity: "2"}, "suburb", 6},
		{Request{Severity: "12"}, "city", 6},
		{Request{ServiceClass: ClassContract}, "", 4},
		{Request{Type: TypeInstall}, "", 5},
	} {
		if p, ok := policy.promiseFor(EventArrival, c.r, c.region); !ok || p.Minutes != c.want {
			t.Errorf("%+v in %q: promise %d, want %d", c.r, c.region, p.Minutes, c.want)
		}
	}
	if _, ok := policy.promiseFor(EventRepair, Request{}, ""); ok {
		t.Error("nobody promised to repair it")
	}
}

// Clocks that start from a later event, those nobody must meet any more, and the one that ends with the call back.
func TestTheCourseOfARequestsClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(
		Promise{Target: EventDispatch, Minutes: 60}, Promise{Target: EventRepair, From: EventArrival, Minutes: 60},
		Promise{Target: EventClose, From: EventRepair, Minutes: 60},
	))
	r := w.request()
	are := func(dispatch, repair, close string) {
		t.Helper()
		clocks, err := SLA(w, r, w.now)
		if w.ok(err); clocks[0].State != dispatch || clocks[1].State != repair || clocks[2].State != close {
			t.Fatalf("they are %s, %s, %s", clocks[0].State, clocks[1].State, clocks[2].State)
		}
	}
	are(ClockRuns, ClockPending, ClockPending)
	w.job = w.id(CreateJob(w, JobInput{Request: r}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.pass(100)
	are(ClockMet, ClockPending, ClockPending)
	w.ok(Arrive(w.as(w.wang), VisitInput{Job: w.job}))
	w.pass(50)
	are(ClockMet, ClockSoon, ClockPending)
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "x"}}))
	are(ClockMet, ClockMet, ClockRuns)
	w.pass(61)
	are(ClockMet, ClockMet, ClockBreached)
	w.ok(CloseRequest(w.as(w.office), r))
	are(ClockMet, ClockMet, ClockBreached)

	r = w.request()
	w.ok(SolveRequest(w, SolveRequestInput{Request: r, Solution: "Main switch"}))
	are(ClockVoid, ClockPending, ClockMet)
	r = w.request()
	w.ok(MoveRequest(w, MoveRequestInput{Request: r, To: RequestCancelled, Reason: "x"}))
	w.pass(500)
	are(ClockVoid, ClockVoid, ClockVoid)
}

// Who calls a request off, or solves it on the telephone, when a promise was missed already, makes nothing good: it is missed for
// ever, and due no more.
func TestWhatWasMissedIsMissedThoughTheRequestEnds(t *testing.T) {
	t.Parallel()
	for story, end := range map[string]func(*world, record.ID) error{
		"called off": func(w *world, r record.ID) error {
			return MoveRequest(w, MoveRequestInput{Request: r, To: RequestCancelled, Reason: "x"})
		},
		"solved on the telephone": func(w *world, r record.ID) error {
			return SolveRequest(w, SolveRequestInput{Request: r, Solution: "Main switch"})
		},
	} {
		w := newWorld(t)
		w.ok(w.promise(Promise{Target: EventArrival, Minutes: 60}))
		late, early := w.request(), w.request()
		w.ok(end(w, early))
		w.pass(90)
		w.ok(end(w, late))
		w.pass(90)
		if c := w.clock(late, w.now); c.State != ClockBreached || c.Met != 0 || c.Over != morning+90*60_000 || NextDue([]Clock{c}) != 0 {
			t.Errorf("%s too late: %+v", story, c)
		}
		if c := w.clock(early, w.now); c.State != ClockVoid || NextDue([]Clock{c}) != 0 {
			t.Errorf("%s in time: %+v", story, c)
		}
		w.clockIs(late, 80, ClockBreached)
		w.clockIs(late, 29, ClockRuns)
	}
}

// A request that was reopened and solved anew works again since then, not since its first job was done.
func TestARepairThatDidNotHoldIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventRepair, Minutes: 60}))
	r := w.request()
	w.job = w.id(CreateJob(w, JobInput{Request: r}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.pass(30)
	w.ok(Complete(w.as(w.wang), CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "x"}}))
	w.as(w.office)
	w.clockIs(r, 30, ClockMet)
	w.ok(ReopenRequest(w, ReopenRequestInput{Request: r, Seen: RequestSolved, Reason: "It stands again"}))
	w.pass(60)
	w.ok(SolveRequest(w, SolveRequestInput{Request: r, Solution: "Main switch"}))
	if c := w.clock(r, w.now); c.State != ClockBreached || c.Met != w.now {
		t.Fatalf("it is repaired: %+v", c)
	}
}

// What was promised when the customer called holds, whatever is promised later.
func TestAPromiseIsKeptThoughThePolicyChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventArrival, Minutes: 60}))
	r := w.request()
	w.pass(1)
	w.ok(w.promise(Promise{Target: EventArrival, Minutes: 5}))
	w.clockIs(r, 20, ClockRuns)
	if c := w.clock(w.request(), w.now); c.Due != w.now+5*60_000 {
		t.Fatalf("the new promise is due at %d", c.Due-w.now)
	}
}

// However a request went, a clock at an instant does not depend on what happened later, and once it is breached it is
// for ever: nothing that anybody records after it repairs it, but what happened in time and is heard of late.
func TestClocksLookBackOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.ok(w.promise(Promise{Target: EventResponse, Minutes: rapid.Int64Range(1, 600).Draw(t, "promise"),
			Working: rapid.Bool().Draw(t, "working")}))
		r := w.request()
		type seen struct {
			at int64
			c  Clock
		}
		var before []seen
		waiting := false
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			w.pass(rapid.Int64Range(1, 300).Draw(t, "pass"))
			before = append(before, seen{w.now - 1, w.clock(r, w.now-1)})
			if rapid.IntRange(0, 4).Draw(t, "what") == 0 {
				w.ok(RespondRequest(w, r, Moment{}))
				continue
			}
			edge := EdgeStart
			if waiting {
				edge = EdgeStop
			}
			waiting = !waiting
			w.id(MarkWait(w, WaitInput{Request: r, Reason: "customer", Edge: edge}))
		}
		for i, s := range before {
			again := w.clock(r, s.at)
			if again.State != s.c.State || again.Met != s.c.Met || again.Due != s.c.Due {
				t.Fatalf("seen from today, the clock then was %+v, seen then %+v", again, s.c)
			}
			if i > 0 && before[i-1].c.State == ClockBreached && s.c.State != ClockBreached {
				t.Fatalf("a breach was repaired: %+v", s.c)
			}
		}
	})
}

// Lists go by when the next promise is due that somebody has yet to keep: what was kept, what rests and what is over is due
// no more, and a job is due when the customer has waited long enough for somebody to come.
func TestARequestSaysWhenItsNextPromiseIsDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventResponse, Minutes: 60}, Promise{Target: EventArrival, Minutes: 300}))
	r := w.request()
	asked := w.now
	due := func(story string, minutes int64) {
		t.Helper()
		w.ok(drop(AnnounceClocks(w, r)))
		want := asked + minutes*60_000
		if minutes == 0 {
			want = 0
		}
		if got := RequestOf(w.get("request", r)).DueAt; got != want {
			t.Errorf("%s: due after %d minutes, want %d", story, (got-asked)/60_000, minutes)
		}
	}
	due("nobody answered", 60)
	w.pass(90)
	due("nobody answered in time", 60)
	w.ok(RespondRequest(w, r, Moment{}))
	due("answered, too late", 300)
	w.id(MarkWait(w, WaitInput{Request: r, Reason: "customer", Edge: EdgeStart}))
	w.pass(10)
	due("it waits for the customer", 0)
	w.id(MarkWait(w, WaitInput{Request: r, Reason: "customer", Edge: EdgeStop}))
	due("it waits no more", 310)
	job := w.id(CreateJob(w, JobInput{Request: r}))
	if got := JobOf(w.get("job", job)).DueAt; got != asked+310*60_000 {
		t.Errorf("the job is due after %d minutes", (got-asked)/60_000)
	}
}

// Where the policy says so, a request of which a promise is missed is escalated by itself: once, and not behind somebody who did.
func TestAMissedPromiseEscalates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventResponse, Minutes: 60, Escalate: "nobody looked at it"}, Promise{Target: EventArrival, Minutes: 300, Escalate: "nobody came"}))
	r, known := w.request(), w.request()
	stands := func(story string, request record.ID, state string, level int64, reason string) {
		t.Helper()
		w.ok(drop(AnnounceClocks(w, request)))
		if got := RequestOf(w.get("request", request)); got.State != state || got.Level != level || got.Reason != reason {
			t.Errorf("%s: %s, level %d, %q", story, got.State, got.Level, got.Reason)
		}
	}
	w.ok(RespondRequest(w, known, Moment{}))
	stands("in time", r, RequestNew, 0, "")
	w.pass(61)
	stands("nobody answered", r, RequestEscalated, 1, "nobody looked at it")
	stands("looked at again", r, RequestEscalated, 1, "nobody looked at it")
	stands("somebody answered", known, RequestNew, 0, "")
	w.ok(MoveRequest(w, MoveRequestInput{Request: known, To: RequestEscalated, Reason: "he calls every hour"}))
	w.pass(300)
	stands("escalated before", known, RequestEscalated, 1, "he calls every hour")
}
