package aftersales

import "testing"

// A plan within three working days, and a report within three of the repair: what the customer was given is kept, each in its time.
func TestAPlanAndAReportArePromised(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventPlan, Minutes: 60}, Promise{Target: EventReport, From: EventRepair, Minutes: 120}))
	r := w.request()
	are := func(plan, report string) {
		t.Helper()
		clocks, err := SLA(w, r, w.now)
		if w.ok(err); clocks[0].State != plan || clocks[1].State != report {
			t.Fatalf("the plan is %s, the report %s; want %s, %s", clocks[0].State, clocks[1].State, plan, report)
		}
	}
	give := func(what string) error {
		return drop(MarkWait(w, WaitInput{Request: r, Reason: what, Edge: EdgeStop, Note: "We change the pump"}))
	}
	are(ClockRuns, ClockPending)
	w.pass(50)
	w.ok(give(EventPlan))
	w.refused(ClockStopped, give(EventPlan))
	are(ClockMet, ClockPending)
	w.id(MarkWait(w, WaitInput{Request: r, Reason: EventPlan, Edge: EdgeStart})) // it was another customer's
	are(ClockSoon, ClockPending)
	w.pass(20)
	are(ClockBreached, ClockPending)
	w.ok(give(EventPlan))
	are(ClockBreached, ClockPending)

	w.job = w.id(CreateJob(w, JobInput{Request: r}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.ok(Arrive(w.as(w.wang), VisitInput{Job: w.job}))
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "x"}}))
	w.as(w.office)
	are(ClockBreached, ClockRuns)
	w.refused(WrongState, give(EventPlan)) // it is done: nobody asks for a plan
	w.ok(drop(AnnounceClocks(w, r)))
	if due := RequestOf(w.get("request", r)).DueAt; due != w.now+120*60_000 {
		t.Errorf("the report is due %d minutes after the repair", (due-w.now)/60_000)
	}
	w.ok(CloseJob(w, w.job))
	are(ClockBreached, ClockRuns) // nothing is left to do but that
	w.pass(10)
	w.ok(give(EventReport))
	are(ClockBreached, ClockMet)
	w.ok(CloseRequest(w, r))
	w.refused(WrongState, give(EventReport))

	r = w.request()
	w.ok(SolveRequest(w, SolveRequestInput{Request: r, Solution: "Main switch"}))
	are(ClockVoid, ClockVoid)
	w.pass(500)
	are(ClockVoid, ClockVoid)
}

// A job is not due by what no job does.
func TestAJobIsNotDueByAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.promise(Promise{Target: EventPlan, Minutes: 60}, Promise{Target: EventReport, Minutes: 90}))
	if due := JobOf(w.get("job", w.id(CreateJob(w, JobInput{Request: w.request()})))).DueAt; due != 0 {
		t.Errorf("it is due after %d minutes", (due-w.now)/60_000)
	}
}

// Whoever waits for the plan, or the report, is told when it is there.
func TestPlanAndReportAreTold(t *testing.T) {
	t.Parallel()
	for reason, event := range map[string]string{EventPlan: NoticePlanned, EventReport: NoticeReported, "customer": ""} {
		w := newWorld(t)
		w.id(PublishPolicy(w, PolicyInput{Kind: PolicyNotice, Body: NoticePolicy{Attempts: 1, RetrySeconds: 1, Rules: []NoticeRule{
			{Event: NoticePlanned, To: ToAddress, Channel: ChannelMail, Address: "hall@example.org"},
			{Event: NoticeReported, To: ToAddress, Channel: ChannelMail, Address: "hall@example.org"},
		}}}))
		r := w.request()
		for _, edge := range []string{EdgeStart, EdgeStop} {
			told := w.announced(func() { w.id(MarkWait(w, WaitInput{Request: r, Reason: reason, Edge: edge})) })
			want := 0
			if event != "" && edge == EdgeStop {
				want = 1
			}
			if len(told) != want || want == 1 && told[0].Event != event {
				t.Errorf("%s %s: told %v", reason, edge, told)
			}
		}
	}
}
