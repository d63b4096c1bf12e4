package aftersales

import (
	"slices"
	"testing"

	"fieldsync/sync/record"
)

var requestRefusals = []refusal{
	{BadCall, "a call from nobody", newWorld, func(w *world) error { return drop(RegisterCall(w, CallInput{Note: "?"})) }},
	{BadCall, "a call sideways", newWorld, func(w *world) error {
		return drop(RegisterCall(w, CallInput{Direction: "sideways", Phone: "1"}))
	}},
	{BadCall, "a call that ended before it began", newWorld, func(w *world) error {
		return drop(RegisterCall(w, CallInput{Phone: "1", Duration: -1}))
	}},
	{UnknownCode, "a call by pigeon", newWorld, func(w *world) error {
		return drop(RegisterCall(w, CallInput{Phone: "1", Channel: "pigeon"}))
	}},
	{UnknownCode, "a request by pigeon", newWorld, func(w *world) error {
		return drop(CreateRequest(w, RequestInput{Title: "x", Channel: "pigeon"}))
	}},
	{UnknownCode, "a severity that no list has", newWorld, func(w *world) error {
		return drop(CreateRequest(w, RequestInput{Title: "x", Severity: "doom"}))
	}},
	{UnknownCode, "waiting for nothing in particular", newWorld, func(w *world) error {
		return drop(MarkWait(w, WaitInput{Request: w.request(), Edge: EdgeStart}))
	}},
	{UnknownCode, "waiting for Godot", newWorld, func(w *world) error {
		return drop(MarkWait(w, WaitInput{Request: w.request(), Edge: EdgeStart, Reason: "godot"}))
	}},
	{ClockRunning, "waiting twice for the same", newWorld, func(w *world) error {
		in := WaitInput{Request: w.request(), Edge: EdgeStart, Reason: "parts"}
		w.id(MarkWait(w, in))
		return drop(MarkWait(w, in))
	}},
	{ClockStopped, "no longer waiting, though it did not", newWorld, func(w *world) error {
		return drop(MarkWait(w, WaitInput{Request: w.request(), Edge: EdgeStop, Reason: "parts"}))
	}},
	{WrongState, "waiting though it is over", newWorld, func(w *world) error {
		r := w.request()
		w.ok(SolveRequest(w, SolveRequestInput{Request: r, Solution: "x"}))
		return drop(MarkWait(w, WaitInput{Request: r, Edge: EdgeStart, Reason: "parts"}))
	}},
	{WrongState, "closed before it is solved", newWorld, func(w *world) error { return CloseRequest(w, w.request()) }},
	{WrongState, "reopened while open", newWorld, func(w *world) error {
		return ReopenRequest(w, ReopenRequestInput{w.request(), RequestNew, "x"})
	}},
	{WrongState, "given to somebody though it is over", newWorld, func(w *world) error {
		r := w.request()
		w.ok(SolveRequest(w, SolveRequestInput{Request: r, Solution: "x"}))
		return HandRequest(w, HandRequestInput{Request: r, Person: w.li})
	}},
	{WrongState, "to the depot though somebody drives there", newWorld, func(w *world) error {
		r := w.request()
		w.id(CreateJob(w, JobInput{Request: r}))
		return MoveRequest(w, MoveRequestInput{Request: r, To: RequestDepot, Reason: "x"})
	}},
	{MissingReason, "reopened without a reason", newWorld, func(w *world) error {
		return ReopenRequest(w, ReopenRequestInput{Request: w.request()})
	}},
	{NotSeen, "undoing what was not seen", newWorld, func(w *world) error {
		r := w.request()
		w.ok(SolveRequest(w, SolveRequestInput{Request: r, Solution: "x"}))
		return ReopenRequest(w, ReopenRequestInput{r, RequestSolved, "x"})
	}},
	{WhoUnclear, "given to nobody", newWorld, func(w *world) error {
		return HandRequest(w, HandRequestInput{Request: w.request()})
	}},
	{WhoUnclear, "escalated to two", newWorld, func(w *world) error {
		return MoveRequest(w, MoveRequestInput{
			Request: w.request(), To: RequestEscalated, Reason: "x", Handler: w.li, Team: w.id(CreateTeam(w, w.branch, "x")),
		})
	}},
	{NotAvailable, "given to somebody who left", newWorld, func(w *world) error {
		w.ok(Archive(w, ArchiveInput{"person", w.li, "left"}))
		return HandRequest(w, HandRequestInput{Request: w.request(), Person: w.li})
	}},
}

func (w *world) request() record.ID {
	w.t.Helper()
	return w.id(CreateRequest(w, RequestInput{Unit: w.unit, Title: "Leaks", Severity: "2"}))
}

// warranted ends the machine's warranty so many days from now.
func (w *world) warranted(days int64) {
	w.ok(Edit(w, EditInput{"unit", w.unit, record.Values{"warranty_until": record.Date(w.now/dayMillis + days)}}))
}

func TestTypeFollowsFromTheWarranty(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what         string
		days         int64
		given, class string
		want, paid   string
	}{
		{"the last day", 0, "", "", TypeInWarranty, ClassFree},
		{"the day after", -1, "", "", TypeOutOfWarranty, ClassPaid},
		{"what the office says stands", -1, TypeInstall, "", TypeInstall, ""},
		{"and so does the class", 0, "", ClassContract, TypeInWarranty, ClassContract},
	} {
		w := newWorld(t)
		w.warranted(c.days)
		r := RequestOf(w.get("request", w.id(CreateRequest(w, RequestInput{
			Unit: w.unit, Title: "x", Type: c.given, ServiceClass: c.class, Severity: "2",
		}))))
		if r.Type != c.want || r.ServiceClass != c.paid || r.Priority != 2 || r.Party != w.party {
			t.Errorf("%s: type %q, class %q, priority %d", c.what, r.Type, r.ServiceClass, r.Priority)
		}
	}
	w := newWorld(t)
	if r := RequestOf(w.get("request", w.request())); r.Type != "" {
		t.Errorf("the warranty is unknown, the type %q", r.Type)
	}
}

// What a customer calls about stands somewhere: an unknown product is registered when the request is saved, once.
func TestAnUnknownProductIsRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	product := w.id(CreateProduct(w, ProductInput{Code: "PUMP-7"}))
	units := count(w, "unit")
	call := RequestInput{Party: w.party, Site: w.site, Product: product, Serial: "P-77", Title: "Hums"}
	first := RequestOf(w.get("request", w.id(CreateRequest(w, call))))
	unit := UnitOf(w.get("unit", first.Unit))
	if count(w, "unit") != units+1 || unit.Serial != "P-77" || unit.Party != w.party || unit.Site != w.site {
		t.Fatalf("the pump stands as %+v", unit)
	}
	again := RequestOf(w.get("request", w.id(CreateRequest(w, call))))
	known := RequestOf(w.get("request", w.id(CreateRequest(w, RequestInput{Party: w.party, Serial: "C-100", Title: "Leaks"}))))
	if again.Unit != first.Unit || known.Unit != w.unit || count(w, "unit") != units+1 {
		t.Fatal("a machine that is known was registered again")
	}
}

func TestTheCallRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.id(RegisterCall(w, CallInput{Phone: "+86 21 555-0100", Caller: "a Ms Chen", Model: "some crane"}))
	request := w.request()
	w.pass(3)
	done := CallOf(w.get("call", w.id(RegisterCall(w, CallInput{
		Phone: "+86 21 555-0100", Request: request, Duration: 170, Replaces: call,
	}))))
	if done.Party != w.party || done.Author != w.office || done.Branch != w.branch || done.Phone != Phone("+86 21 555-0100") {
		t.Fatalf("registered as %+v", done)
	}
	rows, err := w.Refs("call", "request", request)
	if w.ok(err); len(rows) != 1 {
		t.Fatalf("the request knows of %d calls", len(rows))
	}
}

// A request on its way: handed to a specialist, who waits for parts; a job; solved by it, closed; and open again.
func TestACallIsTakenOffTheRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request()
	one := w.id(RegisterCall(w, CallInput{Phone: "+86 21 555 0100", Request: r}))
	two := w.id(RegisterCall(w, CallInput{Phone: "+86 21 555 0101", Request: r}))
	w.refused(MissingReason, drop(TakeBackCall(w, one, " ")))
	gone := w.id(TakeBackCall(w, one, "private"))
	for _, id := range []record.ID{one, gone} {
		w.refused(AlreadyReplaced, drop(TakeBackCall(w, id, "again")))
	}
	rows, err := w.Refs("call", "request", r)
	w.ok(err)
	if left := StandingCalls(rows); len(left) != 1 || left[0].ID != two {
		t.Fatalf("%+v", left)
	}
	if c := CallOf(w.get("call", gone)); c.Request != r || c.Party != w.party || c.Note != "private" || !c.TakenBack() {
		t.Fatalf("who had it hears of it where it lay: %+v", c)
	}
}

func TestWhereARequestStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request()
	stands := func(state, waits string, people ...record.ID) {
		t.Helper()
		s, err := StandingOf(w, r)
		if w.ok(err); s.State != state || s.Waits != waits || !slices.Equal(s.People, people) {
			t.Fatalf("it stands %+v, want %s, waiting for %q, with %v", s, state, waits, people)
		}
	}
	stands(RequestNew, "")
	w.ok(HandRequest(w, HandRequestInput{Request: r, Person: w.li}))
	stands(RequestNew, "", w.li)
	w.ok(RespondRequest(w.as(w.li), r, Moment{}))
	answered := w.now
	w.pass(5)
	w.ok(RespondRequest(w, r, Moment{}))
	w.id(MarkWait(w, WaitInput{Request: r, Reason: "parts", Edge: EdgeStart}))
	stands(RequestNew, "parts", w.li)
	w.pass(5)
	w.id(MarkWait(w, WaitInput{Request: r, Reason: "parts", Edge: EdgeStop}))
	w.as(w.office)
	for level := range int64(2) {
		w.ok(MoveRequest(w, MoveRequestInput{Request: r, To: RequestEscalated, Reason: "hard", Handler: w.office}))
		if q := RequestOf(w.get("request", r)); q.Level != level+1 || q.FirstResponseAt != answered {
			t.Fatalf("escalated to %+v", q)
		}
	}
	stands(RequestEscalated, "", w.office)
	w.job = w.id(CreateJob(w, JobInput{Request: r}))
	stands(JobNew, "", w.office)
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	stands(JobPlanned, "", w.wang)
	w.ok(Complete(w.as(w.wang), CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "New seal"}}))
	stands(RequestSolved, "", w.office)
	w.ok(CloseRequest(w.as(w.office), r))
	if q := RequestOf(w.get("request", r)); q.State != RequestClosed || q.ClosedAt != w.now {
		t.Fatalf("closed as %+v", q)
	}
	w.ok(ReopenRequest(w, ReopenRequestInput{r, RequestClosed, "leaks again"}))
	stands(RequestNew, "", w.office)
	w.ok(MoveRequest(w, MoveRequestInput{Request: r, To: RequestDepot, Reason: "workshop", Intake: CarryIn}))
	stands(RequestDepot, "", w.office)
	w.ok(SolveRequest(w, SolveRequestInput{Request: r, Solution: "Gave another"}))
	stands(RequestClosed, "", w.office)
}

// A correction of a mark takes its place, and two marks of one kind from two phones make one stretch.
func TestWaitsAreStretches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request()
	start := w.now
	mark := func(edge string, at int64, replaces record.ID) record.ID {
		return w.id(MarkWait(w, WaitInput{
			Request: r, Reason: "parts", Edge: edge, At: Moment{Device: at, Corrected: at}, Replaces: replaces,
		}))
	}
	first := mark(EdgeStart, start, record.ID{})
	mark(EdgeStop, start+100, record.ID{})
	mark(EdgeStart, start+40, first)
	mark(EdgeStart, start+200, record.ID{})
	waits, err := Waits(w, r)
	if w.ok(err); len(waits) != 2 || waits[0].Start != start+40 || waits[0].End != start+100 || waits[1].End != 0 {
		t.Fatalf("it waited %+v", waits)
	}
}
