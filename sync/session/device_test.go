package session_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// replica is what a device's machine drives: it notes what it is asked, and answers as it is told.
type replica struct {
	id      device.Identity
	items   []*device.Item
	held    []record.Bucket
	renew   bool
	taken   device.Taken
	differs []record.Bucket
	copies  []wire.Rows
	looks   int // into the queue
	fails   error
}

func (r *replica) Hello() (wire.Hello, error) {
	return wire.Hello{Cursors: r.id.Cursors, Actor: r.id.Actor}, r.fails
}
func (r *replica) Sign(b []byte) ([]byte, error)                     { return append([]byte("signed "), b...), r.fails }
func (r *replica) Greet(*wire.Welcome) (bool, error)                 { return r.renew, r.fails }
func (r *replica) TakeVerdicts(*wire.Verdicts) (device.Taken, error) { return r.taken, r.fails }
func (r *replica) Identity() (*device.Identity, error)               { id := r.id; return &id, r.fails }
func (r *replica) Held() ([]record.Bucket, error)                    { return r.held, r.fails }
func (r *replica) Compare(*wire.Sums) ([]record.Bucket, error)       { return r.differs, r.fails }
func (r *replica) Kept(k *wire.Kept) error                           { r.copies = r.copies[k.Count:]; return r.fails }

func (r *replica) Testify() (*wire.Witness, error) {
	if len(r.copies) == 0 {
		return nil, r.fails
	}
	return &wire.Witness{Rows: r.copies}, r.fails
}

func (r *replica) TakePage(p *wire.Page) (*device.Identity, error) {
	if r.fails == nil && p.Last {
		r.id.Cursors[p.Class] = p.To
	}
	id := r.id
	return &id, r.fails
}

func (r *replica) Unsent(after uint64, limit int) (items []*device.Item, err error) {
	r.looks++
	for _, i := range r.items {
		if i.N > after && len(items) < limit {
			items = append(items, i)
		}
	}
	return items, r.fails
}

// writes puts n change sets of the actor and that size into the queue.
func (r *replica) writes(n int, a clock.Actor, size int) {
	for range n {
		next := uint64(len(r.items) + 1)
		r.items = append(r.items, &device.Item{
			N: next, Change: &record.ChangeSet{Dot: clock.Dot{Actor: a, Counter: next}}, Encoded: make([]byte, size),
		})
	}
}

// phone is a device's machine, and its replica.
type phone struct {
	*testing.T
	*replica
	machine *session.Device
}

func newPhone(t *testing.T) *phone {
	r := &replica{id: device.Identity{Actor: 1}}
	return &phone{t, r, session.NewDevice(r)}
}

// live returns a phone that was welcomed by a hub at commit 5, and has everything.
func live(t *testing.T) *phone {
	p := newPhone(t)
	p.id.Cursors = [schema.Classes]uint64{5, 5, 5}
	p.machine.Step(session.Opened{})
	p.machine.Step(got(wire.Welcome{Head: 5}))
	return p
}

func got(m wire.Message) session.Event { return session.Received{Message: m} }

// expect says what the machine asks for when something happens.
func (p *phone) expect(e session.Event, want ...session.Effect) {
	p.Helper()
	same(p.T, p.machine.Step(e), want)
}

func same(t *testing.T, got, want []session.Effect) {
	t.Helper()
	reasons := cmp.Comparer(func(a, b *fault.Error) bool { return a == b || a != nil && b != nil && a.Code == b.Code })
	if d := cmp.Diff(want, got, reasons, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("effects (-want +got):\n%s", d)
	}
}

var (
	waits    = session.Expect{Within: session.AnswerWithin}
	rests    = session.Expect{}
	bye      = session.Send{Message: wire.Bye{}}
	again    = session.Close{Again: true}
	misplace = session.Close{Reason: session.ErrOutOfPlace}
)

func TestADeviceGreetsSignsAndIsLevel(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.id.Cursors = [schema.Classes]uint64{5, 5, 5}
	p.expect(session.Opened{}, session.Send{Message: wire.Hello{Cursors: p.id.Cursors, Actor: 1}}, waits)
	signed := append([]byte("signed "), wire.ChallengeText([]byte("n"))...)
	p.expect(got(wire.Challenge{Nonce: []byte("n")}), session.Send{Message: wire.Proof{Signature: signed}}, waits)
	p.expect(got(wire.Welcome{Head: 5}), session.CaughtUp{}, rests)
}

func TestADeviceWaitsForThePagesItLacks(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.machine.Step(session.Opened{})
	p.expect(got(wire.Welcome{Head: 5}), waits)
	ack := func(class schema.Class, k uint64, pages uint32) session.Send {
		return session.Send{Message: wire.Ack{Class: class, K: k, Pages: pages, Actor: 1}}
	}
	p.expect(got(wire.Page{To: 5}), ack(0, 0, 1), waits)
	p.expect(got(wire.Page{To: 5, Last: true}), ack(0, 5, 2), waits)
	p.expect(got(wire.Page{Class: 1, To: 5, Last: true}), ack(1, 5, 3), waits)
	p.expect(got(wire.Page{Class: 2, To: 5, Last: true}), ack(2, 5, 4), session.CaughtUp{}, rests)
	p.expect(got(wire.Page{From: 5, To: 6}), ack(0, 5, 5), waits) // a page under way is waited for
	p.expect(got(wire.Page{From: 5, To: 6, Last: true}), ack(0, 6, 6), session.CaughtUp{}, rests)
}

// The page brought a row that another copy of the device wrote with its numbers: it asks for an incarnation of its own.
func TestADeviceThatMeetsItselfComesBackAsAnother(t *testing.T) {
	t.Parallel()
	p := live(t)
	p.id.Actor = device.Provisional
	p.expect(got(wire.Page{From: 5, To: 6, Last: true}), session.Send{Message: wire.Bye{}}, session.Close{Again: true})
}

// pushes returns how many change sets each push of the effects carries.
func pushes(effects []session.Effect) (sizes []int) {
	for _, e := range effects {
		if s, ok := e.(session.Send); ok {
			if m, ok := s.Message.(wire.Push); ok {
				sizes = append(sizes, len(m.Changes))
			}
		}
	}
	return sizes
}

// all feeds an event and then, as a driver does, what the machine asks for to go on sending.
func (p *phone) all(e session.Event) (effects []session.Effect) {
	for e != nil {
		next := p.machine.Step(e)
		effects, e = append(effects, next...), nil
		if slices.Contains(next, session.Effect(session.More{})) {
			e = session.Wrote{}
		}
	}
	return effects
}

func (p *phone) expectPushes(e session.Event, want ...int) {
	p.Helper()
	if sizes := pushes(p.all(e)); !cmp.Equal(sizes, want) {
		p.Errorf("pushes of %v change sets, want %v", sizes, want)
	}
}

func TestAQueueIsSentInPushesWithinAWindow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		queue func(*replica)
		sent  [][]int // at once, and after each answer
	}{
		"nothing":             {func(*replica) {}, [][]int{nil}},
		"a few":               {func(r *replica) { r.writes(3, 1, 10) }, [][]int{{3}, nil}},
		"many":                {func(r *replica) { r.writes(6000, 1, 10) }, [][]int{{128, 1024, 1024, 1024}, {1024}, {1024}, {752}, nil}},
		"large":               {func(r *replica) { r.writes(5, 1, 100<<10) }, [][]int{{2, 2, 1}, nil}},
		"one that is larger":  {func(r *replica) { r.writes(2, 1, 400<<10) }, [][]int{{1, 1}, nil}},
		"of two incarnations": {func(r *replica) { r.writes(3, 1, 10); r.writes(2, 2, 10) }, [][]int{{3}, {2}, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := live(t)
			c.queue(p.replica)
			for i, want := range c.sent {
				if i == 0 {
					p.expectPushes(session.Wrote{}, want...)
				} else {
					p.expectPushes(got(wire.Verdicts{}), want...)
				}
			}
		})
	}
}

func TestWhatWaitsIsSentOnceAndThenTheDeviceIsLevel(t *testing.T) {
	t.Parallel()
	p := live(t)
	p.writes(1, 1, 10)
	p.expectPushes(session.Wrote{}, 1)
	p.expect(session.Wrote{}, waits)
	p.expect(got(wire.Verdicts{}), session.CaughtUp{}, rests)
	p.expect(got(wire.Verdicts{}), misplace)
}

// What is written while nothing else waits goes as it is handed over, without a look into the queue; what comes out of
// turn, or may not go yet, is found there.
func TestWhatIsHandedOverIsNotLookedFor(t *testing.T) {
	t.Parallel()
	p := live(t)
	p.writes(3, 1, 10)
	p.expectPushes(session.Wrote{Item: p.items[2]}, 3) // the machine does not know what is before it
	p.taken.Queue = 3
	looks := func() int { n := p.looks; p.looks = 0; return n }
	looks()
	p.expect(got(wire.Verdicts{}), session.CaughtUp{}, rests)
	p.writes(1, 1, 10)
	p.expectPushes(session.Wrote{Item: p.items[3]}, 1)
	if n := looks(); n > 0 {
		t.Errorf("the queue was looked into %d times", n)
	}
	p.expect(session.Wrote{Item: p.items[3]}, waits) // told twice
	p.writes(1, 2, 10)
	p.expect(session.Wrote{Item: p.items[4]}, waits) // of another incarnation
	p.expectPushes(got(wire.Verdicts{}), 1)
	p.taken.Queue = 5
	p.expect(got(wire.Verdicts{}), session.CaughtUp{}, rests)
	nameless := &record.ChangeSet{Dot: clock.Dot{Actor: device.Provisional, Counter: 1}}
	p.expect(session.Wrote{Item: &device.Item{N: 6, Change: nameless}}, session.CaughtUp{}, rests)
}

// The first message leaves before what follows it is read: the hub works on it meanwhile.
func TestADeviceSendsWhatItHasReadBeforeItReadsOn(t *testing.T) {
	t.Parallel()
	p := live(t)
	p.writes(200, 1, 10)
	effects := p.machine.Step(session.Wrote{})
	if sizes := pushes(effects); !cmp.Equal(sizes, []int{128}) {
		t.Errorf("pushes of %v change sets, want a first one of 128", sizes)
	}
	same(t, effects[1:], []session.Effect{waits, session.More{}})
	p.expectPushes(session.Wrote{}, 72)
}

func TestADeviceThatForkedBeginsAgain(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*phone) session.Event{
		"by a verdict": func(p *phone) session.Event {
			p.writes(1, 1, 10)
			p.machine.Step(session.Wrote{})
			p.taken.Forked = true
			return got(wire.Verdicts{})
		},
		"by a page that does not follow": func(p *phone) session.Event {
			p.fails = device.ErrPage
			return got(wire.Page{})
		},
	} {
		t.Log(name)
		p := live(t)
		p.expect(prepare(p), bye, again)
		p.expect(session.Wrote{})
	}
	p := newPhone(t)
	p.renew = true
	p.machine.Step(session.Opened{})
	p.expect(got(wire.Welcome{}), bye, again)
}

// A device whose rows are not the hub's says which buckets, and comes back for all of them.
func TestADeviceThatDiffersSaysSoAndComesBack(t *testing.T) {
	t.Parallel()
	p := live(t)
	p.held, p.differs = []record.Bucket{record.Shared, {Kind: 2}}, []record.Bucket{{Kind: 2}}
	p.machine.Step(session.Check{})
	p.expect(got(wire.Sums{}), session.Send{Message: wire.Bye{Differs: p.differs}}, again)
	p.expect(session.Wrote{})
}

// A hub that asks for earlier change sets again and again is left.
func TestTheQueueBeginsAgainAFewTimes(t *testing.T) {
	t.Parallel()
	p := live(t)
	p.writes(2, 1, 10)
	p.expectPushes(session.Wrote{}, 2)
	p.taken.Resend = true
	for range 3 {
		p.expectPushes(got(wire.Verdicts{}), 2)
	}
	p.expect(got(wire.Verdicts{}), misplace)
}

func TestADeviceComparesWhenThereIsNothingBetterToDo(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.expect(session.Check{})
	p.machine.Step(session.Opened{})
	p.expect(session.Check{})

	p = live(t)
	p.expect(session.Check{}) // it holds nothing
	for i := range wire.MaxVerify + 4 {
		p.held = append(p.held, record.Bucket{Kind: 2, ID: record.ID{byte(i)}})
	}
	p.expect(session.Check{}, session.Send{Message: wire.Verify{Buckets: p.held[:wire.MaxVerify]}})
	p.expect(session.Check{}) // one at a time
	p.expect(got(wire.Sums{}), session.Send{Message: wire.Verify{Buckets: p.held[wire.MaxVerify:]}})
	p.expect(got(wire.Sums{}))
	p.expect(got(wire.Sums{}), misplace)

	p = live(t)
	p.writes(1, 1, 10)
	p.machine.Step(session.Wrote{})
	p.expect(session.Check{}) // a verdict is waited for
}

func TestAMessageOutOfPlaceEndsTheSession(t *testing.T) {
	t.Parallel()
	greeting := func(t *testing.T) *phone {
		p := newPhone(t)
		p.machine.Step(session.Opened{})
		return p
	}
	states := map[string]func(*testing.T) *phone{"new": newPhone, "greeting": greeting, "live": live}
	for state, messages := range map[string][]wire.Message{
		"new":      {wire.Challenge{}, wire.Welcome{}, wire.Verdicts{}, wire.Sums{}, wire.Hello{}},
		"greeting": {wire.Verdicts{}, wire.Page{}, wire.Sums{}, wire.Hello{}, wire.Push{}, wire.Bye{}},
		"live":     {wire.Challenge{}, wire.Welcome{}, wire.Verdicts{}, wire.Sums{}, wire.Hello{}, wire.Ack{}, wire.Bye{}},
	} {
		for _, m := range messages {
			t.Logf("%s: %T", state, m)
			p := states[state](t)
			p.expect(got(m), misplace)
			p.expect(got(m))
		}
	}
	p := live(t)
	p.expect(session.Moved{}, misplace) // an event of the hub
}

func TestADeviceLeavesWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	refusal := wire.Refusal{Code: fault.Overloaded, Message: "later", RetryAfter: 7000}
	for name, c := range map[string]struct {
		event session.Event
		want  []session.Effect
	}{
		"by its owner": {session.Leave{}, []session.Effect{bye, session.Close{}}},
		"by a refusal": {got(refusal), []session.Effect{
			session.Close{Reason: fault.New(fault.Overloaded, ""), RetryAfter: 7 * time.Second},
		}},
		"by a goodbye": {got(wire.Goodbye{RetryAfter: 9}), []session.Effect{session.Close{RetryAfter: 9 * time.Millisecond}}},
		"by silence":   {session.TimedOut{}, []session.Effect{session.Close{Reason: session.ErrSilent}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, begin := range []func(*testing.T) *phone{newPhone, live} {
				p := begin(t)
				p.expect(c.event, c.want...)
				p.expect(session.Opened{}) // nothing follows
				p.expect(session.TimedOut{})
			}
		})
	}
}

// Trouble of the replica ends the session and is named: a refusal as it is, anything else as the device's own.
func TestTroubleOfTheReplicaEndsTheSession(t *testing.T) {
	t.Parallel()
	for _, fails := range []error{errors.New("the disk is full"), fault.New(fault.NotAllowed, "not enrolled")} {
		code := fault.CodeOf(fails)
		if code == "" {
			code = fault.Internal
		}
		ends := session.Close{Reason: fault.New(code, "")}
		for name, event := range map[string]session.Event{
			"a page": got(wire.Page{}), "something written": session.Wrote{}, "checking": session.Check{},
		} {
			t.Log(name)
			p := live(t)
			p.fails = fails
			p.expect(event, ends)
		}
		p := newPhone(t)
		p.fails = fails
		p.expect(session.Opened{}, ends)
		for _, m := range []wire.Message{wire.Challenge{}, wire.Welcome{}} {
			p := newPhone(t)
			p.machine.Step(session.Opened{})
			p.fails = fails
			p.expect(got(m), ends)
		}
	}
}

func TestNoHubKeepsADeviceAwayForEver(t *testing.T) {
	t.Parallel()
	for ms, want := range map[int64]time.Duration{
		0: 0, 1500: 1500 * time.Millisecond, -1: 0, math.MinInt64: 0, math.MaxInt64: time.Hour,
	} {
		newPhone(t).expect(got(wire.Goodbye{RetryAfter: ms}), session.Close{RetryAfter: want})
		newPhone(t).expect(got(wire.Refusal{RetryAfter: ms}), session.Close{Reason: &fault.Error{}, RetryAfter: want})
	}
}
