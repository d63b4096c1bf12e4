package session_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// office is a hub's machine for one connection.
type office struct {
	*testing.T
	machine *session.Hub
}

var (
	person    = record.ID{7}
	knocking  = session.Expect{Within: session.HelloWithin}
	turnedOut = []session.Effect{
		session.Send{Message: wire.Refusal{Code: session.ErrOutOfPlace.Code, Message: session.ErrOutOfPlace.Message}},
		misplace,
	}
)

func newOffice(t *testing.T) *office { return &office{t, session.NewHub()} }

func (o *office) expect(e session.Event, want ...session.Effect) {
	o.Helper()
	same(o.T, o.machine.Step(e), want)
}

// admits returns a hub at commit 9 that has admitted a device of the actor 1; what it does at once is passed over.
func admits(t *testing.T, hello wire.Hello, admitted session.Admitted) *office {
	o := newOffice(t)
	hello.Actor = 1
	o.machine.Step(session.Opened{})
	o.machine.Step(got(hello))
	admitted.Person, admitted.Welcome.Head = person, 9
	o.machine.Step(admitted)
	return o
}

// serving returns one whose device had everything up to commit 9, and whose first round is over.
func serving(t *testing.T) *office {
	at := [schema.Classes]uint64{9, 9, 9}
	o := admits(t, wire.Hello{Cursors: at, Schema: 4}, session.Admitted{Cursors: at})
	for class := range schema.Class(schema.Classes) {
		o.machine.Step(session.Paged{Page: wire.Page{Class: class, From: 9, To: 9}, Head: 9})
	}
	return o
}

// asked is what a machine wants to read: the class, from which commit, and where a page goes on.
type asked struct {
	class  schema.Class
	from   uint64
	resume string
}

// happens feeds an event, and returns the pages that are sent and what is read next.
func (o *office) happens(e session.Event) (sent []wire.Page, reads []asked) {
	for _, effect := range o.machine.Step(e) {
		switch effect := effect.(type) {
		case session.Send:
			if p, ok := effect.Message.(wire.Page); ok {
				sent = append(sent, p)
			}
		case session.Read:
			if effect.Want.Person != person {
				o.Errorf("reads for %v", effect.Want.Person)
			}
			reads = append(reads, asked{effect.Want.Class, effect.Want.From, string(effect.Want.Resume)})
		}
	}
	return sent, reads
}

// expectReads says how many pages an event sends, and what is read next.
func (o *office) expectReads(e session.Event, sends int, want ...asked) {
	o.Helper()
	sent, reads := o.happens(e)
	if len(sent) != sends || !slices.Equal(reads, want) {
		o.Errorf("%+v: sends %d pages and reads %v, want %d and %v", e, len(sent), reads, sends, want)
	}
}

// page is a page of the class that brings one row; quiet one that brings none.
func page(class schema.Class, from, to, head uint64) session.Paged {
	p := quiet(class, from, to, head)
	p.Page.Rows = []wire.Rows{{Table: 1, Whole: true, Rows: []wire.Row{{ID: record.ID{1}}}}}
	return p
}

func quiet(class schema.Class, from, to, head uint64) session.Paged {
	return session.Paged{Page: wire.Page{Class: class, From: from, To: to, Last: true}, Head: head}
}

func TestAHubChallengesAndAdmits(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	hello := wire.Hello{Device: record.ID{1}, Actor: 1}
	o.expect(session.Opened{}, knocking)
	o.expect(got(hello), rests, session.Admit{Hello: hello})
	o.expect(session.Challenged{Nonce: []byte("n")}, session.Send{Message: wire.Challenge{Nonce: []byte("n")}}, knocking)
	o.expect(got(wire.Proof{Signature: []byte("s")}), rests,
		session.Prove{Hello: hello, Nonce: []byte("n"), Signature: []byte("s")})
	welcome := wire.Welcome{Head: 9}
	effects := o.machine.Step(session.Admitted{Person: person, Welcome: welcome})
	same(t, effects[:2], []session.Effect{session.Send{Message: welcome}, rests})
	if read, ok := effects[2].(session.Read); !ok || read.Want.Class != 0 || read.Want.From != 0 {
		t.Errorf("%+v", effects[2])
	}
}

func TestAHubReadsOneClassAfterTheOther(t *testing.T) {
	t.Parallel()
	o := admits(t, wire.Hello{}, session.Admitted{})
	o.expectReads(page(0, 0, 5, 9), 1, asked{0, 5, ""}) // there is more of it
	o.expectReads(page(0, 5, 9, 9), 1, asked{1, 0, ""})
	o.expectReads(quiet(1, 0, 9, 9), 1, asked{2, 0, ""}) // the device is told that there is nothing
	o.expectReads(page(2, 0, 9, 9), 1)
	o.expectReads(got(wire.Ack{K: 9, Pages: 4, Actor: 1}), 0)
	o.expectReads(session.Moved{}, 0, asked{0, 9, ""})
	o.expectReads(quiet(0, 9, 10, 10), 0, asked{1, 9, ""}) // and not told of every commit that does not concern it
}

// A device that has all that the hub has is looked for only where it may not be told of a commit since.
func TestNothingIsReadForADeviceThatHasEverything(t *testing.T) {
	t.Parallel()
	at := [schema.Classes]uint64{9, 9, 9}
	rows := [schema.Classes][]wire.Rows{schema.ClassStock: page(0, 0, 0, 0).Page.Rows}
	for name, c := range map[string]struct {
		session.Admitted
		want []asked
	}{
		"all":                  {session.Admitted{Cursors: at, Follows: true}, nil},
		"all, as far as known": {session.Admitted{Cursors: at}, []asked{{0, 9, ""}}},
		"not the last class": {
			session.Admitted{Cursors: [schema.Classes]uint64{9, 9, 8}, Follows: true}, []asked{{0, 9, ""}},
		},
		"a page is under way": {
			session.Admitted{Cursors: at, Follows: true, Resume: []byte{1}}, []asked{{1, 9, "\x01"}},
		},
	} {
		o := newOffice(t)
		o.machine.Step(session.Opened{})
		o.machine.Step(got(wire.Hello{Actor: 1}))
		c.Person, c.Welcome.Head = person, 9
		o.expectReads(c.Admitted, 0, c.want...)
		if c.want != nil {
			continue
		}
		sent, reads := o.happens(session.Told{At: 11, Rows: rows})
		if len(sent) != 1 || sent[0].Class != schema.ClassStock || sent[0].From != 9 || sent[0].To != 11 || reads != nil {
			t.Errorf("%s: told of a commit it sends %+v and reads %v", name, sent, reads)
		}
	}
}

func TestAPageInPartsIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	o := admits(t, wire.Hello{}, session.Admitted{})
	part := page(0, 0, 9, 9)
	part.Page.Last, part.Page.Resume = false, []byte("there")
	o.expectReads(part, 1, asked{0, 0, "there"})
	o.expectReads(page(0, 0, 9, 9), 1, asked{1, 0, ""})
}

// A page in parts that ends beyond what may be read before verdicts are given is gone on with after them, and not begun anew.
func TestAPageInPartsWaitsForVerdicts(t *testing.T) {
	t.Parallel()
	o := serving(t)
	o.expectReads(session.Moved{}, 0, asked{0, 9, ""})
	o.machine.Step(got(wire.Push{Actor: 1}))
	part := page(0, 9, 12, 12)
	part.Page.Last, part.Page.Resume = false, []byte("there")
	o.expectReads(part, 1)
	o.expectReads(session.Moved{}, 0)
	o.expectReads(session.Judged{Verdicts: wire.Verdicts{Actor: 1, At: 13}, Since: 12}, 0, asked{0, 9, "there"})
	o.expectReads(page(0, 9, 12, 13), 1, asked{0, 12, ""})
}

func TestWhatMovesDuringARoundIsReadAfterIt(t *testing.T) {
	t.Parallel()
	o := admits(t, wire.Hello{}, session.Admitted{})
	o.expectReads(session.Moved{}, 0) // a Read is under way
	o.expectReads(page(0, 0, 9, 9), 1, asked{1, 0, ""})
	o.expectReads(session.Moved{}, 0)
	o.expectReads(quiet(1, 0, 9, 10), 1, asked{1, 9, ""}) // the hub is further than this page
	o.expectReads(quiet(1, 9, 10, 10), 0, asked{2, 0, ""})
	o.expectReads(quiet(2, 0, 10, 10), 1, asked{0, 9, ""}) // from the beginning, for the first class may have changed
	o.expectReads(quiet(0, 9, 10, 10), 0, asked{1, 9, ""})
}

func TestAHubThatRestsReadsWhenSomethingMoves(t *testing.T) {
	t.Parallel()
	o := serving(t)
	o.expectReads(session.Moved{}, 0, asked{0, 9, ""})
	o.expectReads(page(0, 9, 10, 10), 1, asked{1, 9, ""})
	o.expectReads(quiet(1, 9, 10, 10), 0, asked{2, 9, ""})
	o.expectReads(quiet(2, 9, 10, 10), 0)
}

// told is what a commit up to the head changed in one class.
func told(class schema.Class, at uint64) session.Told {
	e := session.Told{At: at}
	e.Rows[class] = page(class, 0, at, at).Page.Rows
	return e
}

func TestAHubThatRestsIsToldWhatACommitChanged(t *testing.T) {
	t.Parallel()
	o := serving(t)
	sent, reads := o.happens(told(1, 12))
	if len(sent) != 1 || len(reads) != 0 {
		t.Fatalf("%d pages are sent, %v is read", len(sent), reads)
	}
	if p := sent[0]; p.Class != 1 || p.From != 9 || p.To != 12 || !p.Last || len(p.Rows) != 1 {
		t.Errorf("%+v", p)
	}
	o.expectReads(told(1, 12), 0)          // it has that
	o.expectReads(session.Told{At: 13}, 0) // it concerns somebody else
	sent, _ = o.happens(told(0, 14))       // a class that nothing was sent of
	if p := sent[0]; p.From != 9 || p.To != 14 {
		t.Errorf("%+v", p)
	}
	o.expectReads(session.Moved{}, 0, asked{0, 14, ""})
}

func TestAHubThatIsBehindReadsForWhatItIsTold(t *testing.T) {
	t.Parallel()
	o := serving(t)
	o.expectReads(session.Moved{}, 0, asked{0, 9, ""})
	o.expectReads(told(0, 11), 0) // the round may not bring it
	o.expectReads(quiet(0, 9, 10, 10), 0, asked{1, 9, ""})
	o.expectReads(quiet(1, 9, 10, 10), 0, asked{2, 9, ""})
	o.expectReads(quiet(2, 9, 10, 10), 0, asked{0, 9, ""}) // another one does

	o = serving(t)
	o.machine.Step(got(wire.Push{Actor: 1}))
	o.expectReads(told(0, 11), 0, asked{0, 9, ""}) // verdicts are owed

	o = serving(t)
	for i := range uint64(wire.Window) {
		o.expectReads(told(0, 10+i), 1)
	}
	o.expectReads(told(0, 99), 0) // the device is slow
	o.expectReads(got(wire.Ack{K: 10, Pages: 1, Actor: 1}), 0, asked{0, 9 + wire.Window, ""})
}

// Between the commit of a push and its verdicts others commit too.
func TestWhatIsHeldBackWhileVerdictsAreOwedIsReadAfterThem(t *testing.T) {
	t.Parallel()
	for name, news := range map[string]session.Event{"told": told(0, 11), "moved": session.Moved{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := serving(t)
			o.machine.Step(got(wire.Push{Actor: 1}))      // which is commit 10
			o.expectReads(news, 0, asked{0, 9, ""})       // of commit 11, which is not read yet
			o.expectReads(none(0, 9), 0, asked{1, 9, ""}) // but only up to what was answered
			o.expectReads(none(1, 9), 0, asked{2, 9, ""})
			o.expectReads(none(2, 9), 0)
			verdicts := wire.Verdicts{Actor: 1, At: 10, Verdicts: []wire.Verdict{{Counter: 1, Count: 1, Outcome: wire.Applied, Seq: 10}}}
			o.expectReads(session.Judged{Verdicts: verdicts, Since: 9}, 0, asked{0, 9, ""})
		})
	}
}

// none is what is read where there is nothing to be had.
func none(class schema.Class, at uint64) session.Paged {
	return session.Paged{Page: wire.Page{Class: class, From: at, To: at}, Head: at}
}

func TestAHubWaitsForADeviceThatIsSlow(t *testing.T) {
	t.Parallel()
	o := admits(t, wire.Hello{}, session.Admitted{})
	at := uint64(0)
	for range wire.Window - 1 {
		o.expectReads(page(0, at, at+1, 99), 1, asked{0, at + 1, ""})
		at++
	}
	o.expectReads(page(0, at, at+1, 99), 1)
	o.expectReads(session.Moved{}, 0)
	o.expectReads(got(wire.Ack{K: 1, Pages: 1, Actor: 1}), 0, asked{0, at + 1, ""})
	o.expectReads(got(wire.Ack{K: 2, Pages: 2, Actor: 1}), 0) // one at a time
}

func TestAPageLeftOffIsGoneOnWith(t *testing.T) {
	t.Parallel()
	resume := []byte{1, 'x'} // of the class 1
	at := [schema.Classes]uint64{9, 0, 0}
	for name, c := range map[string]struct {
		admitted session.Admitted
		want     asked
	}{
		"where it was left off":      {session.Admitted{Cursors: at, Resume: resume}, asked{1, 0, string(resume)}},
		"not where it is begun anew": {session.Admitted{Cursors: at}, asked{0, 9, ""}},
	} {
		o := newOffice(t)
		o.machine.Step(session.Opened{})
		o.machine.Step(got(wire.Hello{Cursors: at, Resume: resume}))
		t.Log(name)
		c.admitted.Person, c.admitted.Welcome.Head = person, 9
		o.expectReads(c.admitted, 0, c.want)
		if c.want.resume != "" { // and then a whole round
			o.expectReads(page(1, 0, 7, 9), 1, asked{1, 7, ""})
			o.expectReads(page(1, 7, 9, 9), 1, asked{0, 9, ""})
			o.expectReads(quiet(0, 9, 9, 9), 0, asked{1, 9, ""})
		}
	}
}

// A device that was shut out may deliver what it said it has, and is shown nothing. After the last verdict it is told why.
func TestAMutedDeviceDeliversAndIsSentNothing(t *testing.T) {
	t.Parallel()
	shut := fault.New(fault.Revoked, "shut out")
	begin := func() *office { return admits(t, wire.Hello{Pending: 3}, session.Admitted{Mute: shut}) }
	toldWhy := []session.Effect{session.Send{Message: wire.Refusal{Code: shut.Code, Message: shut.Message}}, session.Close{Reason: shut}}
	o := begin()
	o.expectReads(session.Moved{}, 0)
	push := wire.Push{Actor: 1}
	o.expect(got(push), session.Expect{}, session.Judge{Push: push})
	o.expect(got(push), session.Expect{}, session.Judge{Push: push})
	verdicts := func(seq uint64) wire.Verdicts {
		return wire.Verdicts{Actor: 1, At: seq, Verdicts: []wire.Verdict{{Counter: seq, Count: 1, Outcome: wire.Quarantined, Seq: seq}}}
	}
	o.expect(session.Judged{Verdicts: verdicts(10), Since: 9}, session.Send{Message: verdicts(10)})
	waits := session.Expect{Within: session.AnswerWithin * 2 / 3}
	o.expect(session.Judged{Verdicts: verdicts(11), Since: 10}, session.Send{Message: verdicts(11)}, waits)
	o.expect(got(push), session.Expect{}, session.Judge{Push: push})
	o.expect(session.Judged{Verdicts: verdicts(9), Since: 11}, session.Send{Message: verdicts(9)}, waits) // it was refused before
	o.expect(got(push), session.Expect{}, session.Judge{Push: push})
	o.expect(session.Judged{Verdicts: verdicts(12), Since: 11}, append([]session.Effect{session.Send{Message: verdicts(12)}}, toldWhy...)...)
	begin().expect(session.TimedOut{}, toldWhy...)
	begin().expect(got(wire.Verify{}), turnedOut...)
	empty := newOffice(t)
	empty.machine.Step(session.Opened{})
	empty.machine.Step(got(wire.Hello{}))
	empty.expect(session.Admitted{Mute: shut}, toldWhy...)
}

func TestVerdictsAreSentAndPushesCounted(t *testing.T) {
	t.Parallel()
	o := serving(t)
	push := wire.Push{Actor: 1}
	for range 8 {
		o.expect(got(push), session.Judge{Push: push})
	}
	verdicts := wire.Verdicts{Actor: 1, At: 10}
	same(t, o.machine.Step(session.Judged{Verdicts: verdicts})[:1], []session.Effect{session.Send{Message: verdicts}})
	o.expect(got(push), session.Judge{Push: push})
	o.expect(got(push), turnedOut...) // more than any device leaves unanswered
}

func TestAnAcknowledgementIsOfWhatWasSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ack wire.Ack
		ok  bool
	}{
		"as sent":           {wire.Ack{K: 10, Pages: 2, Actor: 1}, true},
		"of nobody":         {wire.Ack{K: 10, Pages: 2}, true},
		"once more":         {wire.Ack{K: 10, Pages: 1, Actor: 1}, true},
		"of too many pages": {wire.Ack{K: 10, Pages: 3, Actor: 1}, false},
		"of fewer":          {wire.Ack{K: 10, Pages: 0, Actor: 1}, false},
		"in another's name": {wire.Ack{K: 10, Pages: 2, Actor: 2}, false},
		"of no class":       {wire.Ack{Class: schema.Classes, Pages: 2, Actor: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := serving(t)
			o.machine.Step(session.Moved{})
			o.machine.Step(page(0, 9, 10, 11))
			o.machine.Step(page(0, 10, 11, 11))
			o.machine.Step(got(wire.Ack{K: 10, Pages: 1, Actor: 1}))
			effects := o.machine.Step(got(c.ack))
			if heard := len(effects) > 0 && effects[0] == session.Effect(session.Heard{Ack: c.ack}); heard != c.ok {
				t.Errorf("heard: %v", heard)
			}
		})
	}
}

func TestNobodyAcknowledgesMoreThanHeWasSent(t *testing.T) {
	t.Parallel()
	o := serving(t)
	o.machine.Step(session.Moved{})
	o.machine.Step(page(0, 9, 10, 10))
	o.expect(got(wire.Ack{K: 99, Pages: 1, Actor: 1}), session.Heard{Ack: wire.Ack{K: 10, Pages: 1, Actor: 1}})
}

func TestADeviceAcknowledgesUnderTheIncarnationItWasGiven(t *testing.T) {
	t.Parallel()
	for actor, want := range map[clock.Actor]bool{1: false, 5: true} {
		o := admits(t, wire.Hello{}, session.Admitted{Welcome: wire.Welcome{Actor: 5}})
		o.machine.Step(page(0, 0, 9, 9))
		effects := o.machine.Step(got(wire.Ack{K: 9, Pages: 1, Actor: actor}))
		if _, heard := effects[0].(session.Heard); heard != want {
			t.Errorf("%v is heard: %v", actor, heard)
		}
	}
}

func TestAHubComparesAndKeepsCopies(t *testing.T) {
	t.Parallel()
	o := serving(t)
	buckets := []record.Bucket{record.Shared}
	o.expect(got(wire.Verify{Buckets: buckets}), session.Sum{Buckets: buckets, At: 9, Schema: 4})
	sums := wire.Sums{At: 9}
	o.expect(session.Summed{Sums: sums}, session.Send{Message: sums})
	o.expect(got(wire.Bye{Differs: buckets}), session.Diverged{Buckets: buckets}, session.Close{})

	o = serving(t)
	rows := []wire.Rows{{Table: 1}}
	o.expect(got(wire.Witness{Rows: rows}), session.Keep{Rows: rows})
	kept := wire.Kept{Count: 1, At: 10}
	o.expect(session.Kept{Kept: kept}, session.Send{Message: kept})
	o.expect(got(wire.Witness{Rows: rows}), session.Keep{Rows: rows})
	o.expect(got(wire.Witness{Rows: rows}), turnedOut...) // one at a time
}

func TestAMessageOutOfPlaceIsRefused(t *testing.T) {
	t.Parallel()
	states := map[string]func(*testing.T) *office{
		"new": newOffice,
		"admitting": func(t *testing.T) *office {
			o := newOffice(t)
			o.machine.Step(got(wire.Hello{}))
			return o
		},
		"challenging": func(t *testing.T) *office {
			o := newOffice(t)
			o.machine.Step(got(wire.Hello{}))
			o.machine.Step(session.Challenged{})
			return o
		},
		"proving": func(t *testing.T) *office {
			o := newOffice(t)
			o.machine.Step(got(wire.Hello{}))
			o.machine.Step(session.Challenged{})
			o.machine.Step(got(wire.Proof{}))
			return o
		},
		"live": serving,
	}
	welcome := map[string][]wire.Message{
		"new":         {wire.Hello{}},
		"challenging": {wire.Proof{}},
		"live":        {wire.Push{}, wire.Ack{}, wire.Verify{}, wire.Witness{}},
	}
	all := []wire.Message{
		wire.Hello{}, wire.Proof{}, wire.Push{}, wire.Ack{}, wire.Verify{}, wire.Witness{}, wire.Challenge{}, wire.Welcome{},
		wire.Verdicts{}, wire.Page{}, wire.Sums{}, wire.Refusal{}, wire.Goodbye{},
	}
	for state, begin := range states {
		for _, m := range all {
			if slices.ContainsFunc(welcome[state], func(w wire.Message) bool { return sameKind(w, m) }) {
				continue
			}
			o := begin(t)
			t.Logf("%s: %T", state, m)
			o.expect(got(m), turnedOut...)
			o.expect(got(m))
		}
		o := begin(t)
		o.expect(got(wire.Bye{}), session.Close{}) // a device may leave at any time
		o.expect(session.Moved{})
	}
}

func sameKind(a, b wire.Message) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }

func TestAHubEndsAConnection(t *testing.T) {
	t.Parallel()
	revoked := fault.New(fault.Revoked, "shut out")
	refusal := func(f *fault.Error, ms int64) session.Send {
		return session.Send{Message: wire.Refusal{Code: f.Code, Message: f.Message, RetryAfter: ms}}
	}
	for name, c := range map[string]struct {
		event session.Event
		want  []session.Effect
	}{
		"silence": {session.TimedOut{},
			[]session.Effect{refusal(session.ErrSilent, 0), session.Close{Reason: session.ErrSilent}}},
		"refused": {session.Refused{Reason: revoked, RetryAfter: 3 * time.Second},
			[]session.Effect{refusal(revoked, 3000), session.Close{Reason: revoked}}},
		"shutting down": {session.Closing{RetryAfter: time.Second},
			[]session.Effect{session.Send{Message: wire.Goodbye{RetryAfter: 1000}}, session.Close{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, begin := range []func(*testing.T) *office{newOffice, serving} {
				o := begin(t)
				o.expect(c.event, c.want...)
				o.expect(session.Opened{}) // nothing follows
				o.expect(session.Judged{})
			}
		})
	}
}

// Consecutive verdicts that say the same travel as one; a time is told only where it is not the one meant.
func TestVerdictsTravelInRuns(t *testing.T) {
	t.Parallel()
	ruled := func(n uint64, o wire.Outcome, eff clock.Stamp) judge.Ruling {
		return judge.Ruling{Dot: clock.Dot{Actor: 1, Counter: n}, Outcome: o, Seq: 10 + n, Eff: eff, Meant: 50}
	}
	v := session.Verdicts(1, 2, 30, []judge.Ruling{
		ruled(1, wire.Applied, 50), ruled(2, wire.Applied, 50), ruled(3, wire.Merged, 50), ruled(4, wire.Merged, 60),
	}, nil, nil)
	if v.Actor != 1 || v.Epoch != 2 || v.At != 30 {
		t.Errorf("%+v", v)
	}
	n := uint64(0)
	for _, run := range v.Verdicts {
		n += run.Count
	}
	if n != 4 || v.Verdicts[0].Count != 2 || v.Verdicts[0].Seq != 11 || len(v.Verdicts[0].Eff) != 0 {
		t.Errorf("%+v", v.Verdicts)
	}
	last := v.Verdicts[len(v.Verdicts)-1]
	if got := last.EffOf(int(last.Count)-1, 50); got != 60 {
		t.Errorf("the last is effective at %d, want 60", got)
	}
}

// What a device wrote on this connection, and what it was not told of because there was nothing in it, need not come to
// it again. While a push of its own is being judged no page runs ahead of the last answer.
func TestAReadPassesOverWhatTheDeviceHas(t *testing.T) {
	t.Parallel()
	o := serving(t)
	o.machine.Step(session.Moved{})
	o.machine.Step(quiet(0, 9, 12, 12))
	o.machine.Step(quiet(1, 9, 12, 12))
	o.machine.Step(quiet(2, 9, 12, 12))
	o.machine.Step(got(wire.Push{Actor: 1}))
	o.machine.Step(got(wire.Push{Actor: 1}))
	mine := record.Key{Table: 1, ID: record.ID{1}}
	effects := o.machine.Step(session.Judged{
		Verdicts: wire.Verdicts{At: 13}, Applied: []judge.FeedEntry{{Seq: 13, Key: mine}},
	})
	read, ok := effects[len(effects)-1].(session.Read)
	if !ok || read.Want.From != 9 || read.Want.After != 12 || read.Want.Own[mine] != 13 || read.Want.UpTo != 13 {
		t.Errorf("%+v", effects)
	}
}

// A push that is all that happened since the device was level with the hub leaves nothing to read for it; anything else
// is looked at.
func TestNothingIsReadForADeviceAfterItsOwnPush(t *testing.T) {
	t.Parallel()
	applied := wire.Verdict{Counter: 1, Count: 3, Outcome: wire.Applied}
	merged := wire.Verdict{Counter: 1, Count: 3, Outcome: wire.Merged}
	for name, c := range map[string]struct {
		e     session.Judged
		reads bool
	}{
		"all of it":           {session.Judged{Verdicts: wire.Verdicts{At: 15, Verdicts: []wire.Verdict{applied}}, Since: 12}, false},
		"another's before":    {session.Judged{Verdicts: wire.Verdicts{At: 16, Verdicts: []wire.Verdict{applied}}, Since: 13}, true},
		"another's after":     {session.Judged{Verdicts: wire.Verdicts{At: 16, Verdicts: []wire.Verdict{applied}}, Since: 12}, true},
		"merged with others'": {session.Judged{Verdicts: wire.Verdicts{At: 15, Verdicts: []wire.Verdict{merged}}, Since: 12}, true},
		"holds moved": {
			session.Judged{Verdicts: wire.Verdicts{At: 15, Verdicts: []wire.Verdict{applied}}, Since: 12, Regranted: true}, true,
		},
	} {
		o := serving(t)
		o.machine.Step(session.Moved{})
		for class := range schema.Class(schema.Classes) {
			o.machine.Step(quiet(class, 9, 12, 12))
		}
		o.machine.Step(got(wire.Push{Actor: 1}))
		effects := o.machine.Step(c.e)
		if _, reads := effects[len(effects)-1].(session.Read); reads != c.reads {
			t.Errorf("%s: %+v", name, effects)
		}
		if c.reads {
			continue
		}
		read, ok := o.machine.Step(session.Moved{})[0].(session.Read)
		if !ok || read.Want.From != 9 || read.Want.After != 15 {
			t.Errorf("%s: afterwards %+v", name, read)
		}
	}
}

// A device that wrote much is told at the end that it has passed its own commits, or it would fetch them all when it
// comes back.
func TestADeviceThatWroteMuchIsToldThatItIsLevel(t *testing.T) {
	t.Parallel()
	o := serving(t)
	o.machine.Step(session.Moved{})
	for class := range schema.Class(schema.Classes) {
		o.machine.Step(quiet(class, 9, 12, 12))
	}
	o.machine.Step(got(wire.Push{Actor: 1}))
	o.machine.Step(got(wire.Push{Actor: 1}))
	first := wire.Verdicts{At: 512, Verdicts: []wire.Verdict{{Counter: 1, Count: 500, Outcome: wire.Applied}}}
	same(t, o.machine.Step(session.Judged{Verdicts: first, Since: 12}), []session.Effect{session.Send{Message: first}})
	second := wire.Verdicts{At: 612, Verdicts: []wire.Verdict{{Counter: 501, Count: 100, Outcome: wire.Applied}}}
	var want []session.Effect
	for class := range schema.Class(schema.Classes) {
		want = append(want, session.Send{Message: wire.Page{Class: class, From: 9, To: 612, Last: true}})
	}
	want = append(want, session.Send{Message: second})
	same(t, o.machine.Step(session.Judged{Verdicts: second, Since: 512}), want)
}

// A page may begin with nothing, where the hub has forgotten something meanwhile: what follows goes on behind that.
func TestAPageThatBeginsAnewIsGoneOnWith(t *testing.T) {
	t.Parallel()
	at := [schema.Classes]uint64{5, 9, 9}
	o := admits(t, wire.Hello{Cursors: at, Schema: 4}, session.Admitted{Cursors: at})
	first := page(0, 0, 9, 9)
	first.Page.Last, first.Page.Resume = false, []byte("behind it")
	o.expectReads(first, 1, asked{0, 0, "behind it"})
	o.expectReads(page(0, 0, 9, 10), 1, asked{0, 9, ""})
}
