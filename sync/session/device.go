package session

import (
	"errors"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Local is the replica, as a session drives it. Each call is one transaction, durable when it returns.
type Local interface {
	Hello() (wire.Hello, error)
	Sign(text []byte) ([]byte, error)
	// Greet takes in the hub's answer and reports whether the session must begin again for a new incarnation.
	Greet(*wire.Welcome) (renew bool, err error)
	TakePage(*wire.Page) (*device.Identity, error)
	TakeVerdicts(*wire.Verdicts) (device.Taken, error)
	// Unsent returns change sets that wait for a verdict, in order, from after the given number in the queue.
	Unsent(after uint64, limit int) ([]*device.Item, error)
	Identity() (*device.Identity, error)
	// Held returns the buckets that the replica holds.
	Held() ([]record.Bucket, error)
	// Compare holds the hub's checksums against the replica. Where they differ it makes the replica fetch everything
	// again, and says in which buckets.
	Compare(*wire.Sums) (differ []record.Bucket, err error)
	// Testify returns the next copies of rows that a restored hub may lack, nil where there are none. Kept takes in what
	// the hub says to them.
	Testify() (*wire.Witness, error)
	Kept(*wire.Kept) error
}

// How much a device sends before it waits for verdicts: enough to keep the hub busy, and little enough to lose.
const (
	pushFirst  = 128       // change sets in the first message of a connection, so that the hub has something to do at once
	pushItems  = 1024      // ... and in those that follow: each is a durable commit of the hub's, and takes it about 35 ms
	pushBytes  = 256 << 10 // of change sets in a message
	pushWindow = 4         // messages without a verdict
)

// Device is the device's end of one connection.
type Device struct {
	local   Local
	state   deviceState
	proved  bool   // a challenge was answered
	head    uint64 // the hub's, when it welcomed the device
	sent    uint64 // the number in the queue up to which change sets were sent on this connection
	waiting int    // pushes without verdicts, all of actor's change sets
	actor   clock.Actor
	pages   uint32 // taken on this connection
	cursors [schema.Classes]uint64
	partial bool // a page is under way: its last part has not come
	resent  int
	check   []record.Bucket // buckets still to be compared
	asked   bool            // for checksums, and they have not come
	offered bool            // copies, and the hub has not answered
	heard   bool            // there is nothing (more) that the hub would take a copy of
	level   bool            // CaughtUp was said, and nothing came since
	apart   fetching
}

type deviceState uint8

const (
	deviceNew deviceState = iota
	deviceGreeting
	deviceLive
	deviceClosed
)

// maxResends is how often a connection begins its queue again because the hub asked for earlier change sets.
const maxResends = 3

// Step feeds an event to the machine and returns what is to be done.
func (d *Device) Step(e Event) []Effect {
	if d.state == deviceClosed {
		return nil
	}
	effects, err := d.step(e)
	if err != nil {
		return append(effects, d.close(err)...)
	}
	return effects
}

func (d *Device) step(e Event) ([]Effect, error) {
	switch e := e.(type) {
	case Opened:
		return d.open()
	case Received:
		return d.received(e.Message)
	case Wrote:
		return d.wrote(e.Item)
	case Check:
		return d.begin()
	case Fetched:
		d.apart.done = true
		return d.settle(nil)
	case Leave:
		d.state = deviceClosed
		return []Effect{Send{wire.Bye{}}, Close{}}, nil
	case TimedOut:
		return nil, ErrSilent
	}
	return nil, ErrOutOfPlace
}

func (d *Device) open() ([]Effect, error) {
	hello, err := d.local.Hello()
	if err != nil {
		return nil, err
	}
	d.state, d.cursors = deviceGreeting, hello.Cursors
	return []Effect{Send{hello}, Expect{AnswerWithin}}, nil
}

func (d *Device) received(m wire.Message) ([]Effect, error) {
	switch m := m.(type) {
	case wire.Refusal:
		d.state = deviceClosed
		return []Effect{Close{fault.New(m.Code, m.Message), retryAfter(m.RetryAfter), false}}, nil
	case wire.Goodbye:
		d.state = deviceClosed
		return []Effect{Close{RetryAfter: retryAfter(m.RetryAfter)}}, nil
	}
	if d.state == deviceGreeting {
		return d.greeted(m)
	}
	switch m := m.(type) {
	case wire.Verdicts:
		return d.judged(&m)
	case wire.Page:
		return d.paged(&m)
	case wire.Sums:
		return d.summed(&m)
	case wire.Kept:
		return d.kept(&m)
	}
	return nil, ErrOutOfPlace
}

// maxRetryAfter is how long a device leaves a hub alone, whatever the hub asks for.
const maxRetryAfter = time.Hour

func retryAfter(ms int64) time.Duration {
	return time.Duration(min(max(ms, 0), maxRetryAfter.Milliseconds())) * time.Millisecond
}

func (d *Device) greeted(m wire.Message) ([]Effect, error) {
	switch m := m.(type) {
	case wire.Challenge:
		if d.proved {
			return nil, ErrOutOfPlace
		}
		d.proved = true
		signature, err := d.local.Sign(wire.ChallengeText(m.Nonce))
		if err != nil {
			return nil, err
		}
		return []Effect{Send{wire.Proof{Signature: signature}}, Expect{AnswerWithin}}, nil
	case wire.Welcome:
		return d.welcomed(&m)
	}
	return nil, ErrOutOfPlace
}

func (d *Device) welcomed(w *wire.Welcome) ([]Effect, error) {
	renew, err := d.local.Greet(w)
	if err != nil {
		return nil, err
	}
	if renew {
		return d.again(), nil
	}
	id, err := d.local.Identity()
	if err != nil {
		return nil, err
	}
	d.state, d.head, d.cursors = deviceLive, w.Head, id.Cursors
	return d.push()
}

// again ends the connection to begin anew at once: what the device is called has changed.
func (d *Device) again() []Effect {
	d.state = deviceClosed
	return []Effect{Send{wire.Bye{}}, Close{Again: true}}
}

// wrote sends what was written. An item that comes next in the queue need not be read from it.
func (d *Device) wrote(item *device.Item) ([]Effect, error) {
	if d.state != deviceLive {
		return nil, nil
	}
	d.level = false
	if item == nil || item.N != d.sent+1 || !d.maySend(item) {
		return d.push()
	}
	d.waiting++
	return d.settle([]Effect{Send{d.pushOf([]*device.Item{item})}})
}

// maySend reports whether the item may go before any verdict that is waited for. What is written under no incarnation yet
// may not go at all.
func (d *Device) maySend(item *device.Item) bool {
	by := item.Change.Dot.Actor
	return by != device.Provisional && d.waiting < pushWindow && (d.waiting == 0 || by == d.actor)
}

// push sends the next change sets, unless the window is full, one incarnation a message, in the order they were written.
// Those of the next incarnation wait for the verdicts of the one before: their contexts name it, and if it forked they
// must not. Further messages are read when this one has left, so that the hub works on it meanwhile.
func (d *Device) push() ([]Effect, error) {
	if d.waiting == pushWindow {
		return d.settle(nil)
	}
	limit := pushItems
	if d.sent == 0 {
		limit = pushFirst
	}
	items, err := d.local.Unsent(d.sent, limit)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 || !d.maySend(items[0]) {
		return d.settle(nil)
	}
	d.waiting++
	return []Effect{Send{d.pushOf(items)}, Expect{AnswerWithin}, More{}}, nil
}

// pushOf returns the message for as many of the items as fit.
func (d *Device) pushOf(items []*device.Item) wire.Push {
	d.actor = items[0].Change.Dot.Actor
	p := wire.Push{Actor: d.actor}
	size, room := 0, 0
	for _, item := range items {
		size += len(item.Encoded)
		room += item.Change.Size()
		if item.Change.Dot.Actor != p.Actor || (size > pushBytes || room > record.RoomFor(size)) && len(p.Changes) > 0 {
			break
		}
		p.Changes = append(p.Changes, item.Pushed())
		d.sent = item.N
	}
	return p
}

func (d *Device) judged(v *wire.Verdicts) ([]Effect, error) {
	if d.waiting == 0 {
		return nil, ErrOutOfPlace
	}
	taken, err := d.local.TakeVerdicts(v)
	if err != nil {
		return nil, err
	}
	d.waiting--
	if taken.Forked {
		return d.again(), nil
	}
	switch {
	case taken.Resend:
		if d.resent++; d.resent > maxResends {
			return nil, ErrOutOfPlace
		}
		d.sent = 0
	case d.sent == taken.Queue:
		return d.settle(nil)
	}
	return d.push()
}

func (d *Device) paged(p *wire.Page) ([]Effect, error) {
	if d.apart.promises(p) {
		return d.promised(p.Class)
	}
	id, err := d.local.TakePage(p)
	if errors.Is(err, device.ErrPage) {
		return d.again(), nil
	}
	if err != nil {
		return nil, err
	}
	if id.Actor == device.Provisional { // another copy writes with its numbers
		return d.again(), nil
	}
	d.pages++
	d.cursors, d.partial = id.Cursors, !p.Last
	ack := wire.Ack{Class: p.Class, K: id.Cursors[p.Class], Pages: d.pages, Actor: id.Actor, Written: id.Counter}
	d.level = false
	return d.settle([]Effect{Send{ack}})
}

// settle says what the machine waits for now: an answer, or, caught up or while a segment is being fetched, nothing. Once
// everything else is done it offers the hub what that may have lost.
func (d *Device) settle(effects []Effect) ([]Effect, error) {
	if d.apart.done && d.waiting == 0 && !d.offered && !d.partial {
		return append(effects, d.again()...), nil
	}
	if d.waiting > 0 || d.offered || d.partial || !d.complete() {
		return append(effects, Expect{AnswerWithin}), nil
	}
	if d.apart.under {
		return append(effects, Expect{}), nil
	}
	if !d.heard {
		copies, err := d.local.Testify()
		if err != nil {
			return effects, err
		}
		if copies != nil {
			d.offered = true
			return append(effects, Send{*copies}, Expect{AnswerWithin}), nil
		}
		d.heard = true
	}
	if !d.level {
		d.level = true
		effects = append(effects, CaughtUp{})
	}
	return append(effects, Expect{}), nil
}

// kept takes in what the hub says to the copies that it was offered. What it has no room for stays, for another session.
func (d *Device) kept(k *wire.Kept) ([]Effect, error) {
	if !d.offered {
		return nil, ErrOutOfPlace
	}
	if err := d.local.Kept(k); err != nil {
		return nil, err
	}
	d.offered, d.heard = false, k.Code != "" || k.Count == 0
	return d.settle(nil)
}

func (d *Device) complete() bool {
	for class, c := range d.cursors {
		if c < d.head && !d.apart.classes[class] {
			return false
		}
	}
	return true
}

// begin starts comparing what the device holds with the hub, unless there is something better to do.
func (d *Device) begin() ([]Effect, error) {
	if d.state != deviceLive || !d.level || d.asked {
		return nil, nil
	}
	held, err := d.local.Held()
	d.check = held
	return d.verify(), err
}

// verify asks about the next buckets.
func (d *Device) verify() []Effect {
	n := min(len(d.check), wire.MaxVerify)
	if n == 0 {
		return nil
	}
	asked := d.check[:n]
	d.check, d.asked = d.check[n:], true
	return []Effect{Send{wire.Verify{Buckets: asked}}}
}

func (d *Device) summed(s *wire.Sums) ([]Effect, error) {
	if !d.asked {
		return nil, ErrOutOfPlace
	}
	d.asked = false
	differ, err := d.local.Compare(s)
	if err != nil {
		return nil, err
	}
	if len(differ) > 0 {
		d.state = deviceClosed
		return []Effect{Send{wire.Bye{Differs: differ}}, Close{Again: true}}, nil
	}
	return d.verify(), nil
}

func (d *Device) close(err error) []Effect {
	d.state = deviceClosed
	reason := &fault.Error{}
	if !errors.As(err, &reason) {
		reason = fault.Wrap(fault.Internal, "the device could not go on", err)
	}
	return []Effect{Close{Reason: reason}}
}
