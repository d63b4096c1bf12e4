// Package session is the conversation of a device and the hub as two state machines, one an end. A machine is fed
// events and answers with effects; sockets, timers, files and clocks live outside it, so that a whole fleet runs in
// one thread under a seed. DESIGN.md draws the states.
package session

import (
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Effect is something a machine asks of its driver. Effects are carried out in order.
type Effect interface{ effect() }

// Send asks to send a message.
type Send struct{ Message wire.Message }

// Close asks to close the connection. A driver that reconnects waits RetryAfter at least; 0 leaves it to its backoff,
// and Again asks to reconnect at once.
type Close struct {
	Reason     *fault.Error // nil after a Bye
	RetryAfter time.Duration
	Again      bool
}

// Expect asks to feed TimedOut unless another event comes within the time; 0 asks to wait for ever.
type Expect struct{ Within time.Duration }

// The device's own effects.
type (
	// CaughtUp says that nothing is left to send or to fetch, as far as both ends know.
	CaughtUp struct{}
	// More asks to feed Wrote next: there may be more to send, which is read when what is ready has left.
	More struct{}
	// Fetch asks to fetch the segment of a class, beside the session: answered by Fetched, once there is no more to come of it.
	Fetch struct{ Class schema.Class }
)

// The hub's own effects. Each is answered by the event named.
type (
	// Admit asks who the device is: answered by Admitted, Challenged or Refused.
	Admit struct{ Hello wire.Hello }
	// Prove asks to check a signature over a nonce: answered by Admitted or Refused.
	Prove struct {
		Hello     wire.Hello
		Nonce     []byte
		Signature []byte
	}
	// Judge asks for verdicts: answered by Judged.
	Judge struct{ Push wire.Push }
	// Read asks for the next part of a page: answered by Paged.
	Read struct{ Want judge.Want }
	// Sum asks for the checksums of buckets at the commit that the device has come up to: answered by Summed.
	Sum struct {
		Buckets []record.Bucket
		At      uint64
		Schema  int // the version that the device speaks
	}
	// Diverged tells that the device's rows in the buckets were not the hub's, though nothing waited; it is not answered.
	Diverged struct{ Buckets []record.Bucket }
	// Heard notes how far the device has come; it is not answered.
	Heard struct{ Ack wire.Ack }
	// Keep keeps witness copies for the office: answered by Kept.
	Keep struct{ Rows []wire.Rows }
)

func (Send) effect()     {}
func (Close) effect()    {}
func (Expect) effect()   {}
func (CaughtUp) effect() {}
func (More) effect()     {}
func (Fetch) effect()    {}
func (Admit) effect()    {}
func (Prove) effect()    {}
func (Judge) effect()    {}
func (Read) effect()     {}
func (Sum) effect()      {}
func (Diverged) effect() {}
func (Heard) effect()    {}
func (Keep) effect()     {}

// Event is something that happened to a machine.
type Event interface{ event() }

// Events of both ends.
type (
	// Opened says that the connection is there.
	Opened struct{}
	// Received is a message of the other end.
	Received struct{ Message wire.Message }
	// TimedOut says that what was expected did not come.
	TimedOut struct{}
)

// Wrote tells the device's machine that the replica may have something new to send: the item, which is durable, where the driver
// has it at hand. Without it the machine looks into the queue.
type Wrote struct{ Item *device.Item }

// Check tells the device's machine to compare what it holds with the hub, when there is nothing better to do.
type Check struct{}

// Fetched answers Fetch. The session ends as soon as nothing is under way, and what was fetched is taken in before the next.
type Fetched struct{}

// Leave tells the device's machine to end the session.
type Leave struct{}

// Events of the hub.
type (
	// Challenged answers Admit: the device must sign the nonce.
	Challenged struct{ Nonce []byte }
	// Admitted answers Admit and Prove: the device is known, and this is what it is told.
	Admitted struct {
		Person  record.ID
		Welcome wire.Welcome
		Cursors [schema.Classes]uint64 // where to begin: the device's own, or zero in a new epoch
		Resume  []byte                 // where the page goes on that the device has parts of; empty where none does
		// Mute is set for a device that is hard-revoked: it may deliver what it said it has, is sent nothing but verdicts, and
		// is refused so after the last.
		Mute *fault.Error
		// Segments are the classes of which the device asks for a segment, and there is one: it is sent nothing of them, and comes
		// again when it has taken that.
		Segments [schema.Classes]bool
		// Follows says that the connection is told of every commit after Welcome.Head: a device that has all up to there needs no
		// look.
		Follows bool
	}
	// Refused ends the session, in answer to any effect or on its own, as when the device is revoked.
	Refused struct {
		Reason     *fault.Error
		RetryAfter time.Duration
	}
	// Judged answers Judge. Applied are the rows that the device now has as the hub has them; Since is the hub's head
	// before the push, and Regranted says that it changed who holds what.
	Judged struct {
		Verdicts  wire.Verdicts
		Applied   []judge.FeedEntry
		Since     uint64
		Regranted bool
	}
	// Paged answers Read. Head is the hub's when it was read: a page that ends before it is followed by another.
	Paged struct {
		Page wire.Page
		Head uint64
	}
	// Summed answers Sum.
	Summed struct{ Sums wire.Sums }
	// Kept answers Keep.
	Kept struct{ Kept wire.Kept }
	// Moved says that the hub committed something that the device may care for.
	Moved struct{}
	// Told says what a commit of the hub changed that the device may see, by class: enough where it has all before it.
	Told struct {
		At   uint64 // the hub's head after the commit
		Rows [schema.Classes][]wire.Rows
	}
	// Closing says that the hub shuts down.
	Closing struct{ RetryAfter time.Duration }
)

func (Opened) event()     {}
func (Received) event()   {}
func (TimedOut) event()   {}
func (Wrote) event()      {}
func (Check) event()      {}
func (Fetched) event()    {}
func (Leave) event()      {}
func (Challenged) event() {}
func (Admitted) event()   {}
func (Refused) event()    {}
func (Judged) event()     {}
func (Paged) event()      {}
func (Summed) event()     {}
func (Kept) event()       {}
func (Moved) event()      {}
func (Told) event()       {}
func (Closing) event()    {}

// How long an end waits for the other before it gives the connection up.
const (
	AnswerWithin = 30 * time.Second // a message that must be answered
	HelloWithin  = 10 * time.Second // the first message of a connection, and the proof
)

// ErrOutOfPlace says that a message came that its sender may not send in this state.
var ErrOutOfPlace = fault.New(fault.Malformed, "a message came out of place; update the app")

// ErrSilent says that the other end did not answer in time.
var ErrSilent = fault.New(fault.Overloaded, "no answer; trying again")

// Verdicts returns the answer to a push: rulings in runs, the rows that come along, the keys of those that do not.
func Verdicts(a clock.Actor, epoch uint32, at uint64, changes []judge.Ruling, rows []wire.Rows, gone []record.Key) wire.Verdicts {
	v := wire.Verdicts{Actor: a, Epoch: epoch, At: at, Rows: rows, Gone: gone}
	for _, r := range changes {
		one := wire.Verdict{
			Counter: r.Dot.Counter, Count: 1, Hash: r.Hash, Outcome: r.Outcome, Seq: r.Seq, Code: r.Code, Message: r.Message,
		}
		if r.Eff != r.Meant {
			one.Eff = []clock.Stamp{r.Eff}
		}
		v.Verdicts = wire.Join(v.Verdicts, one)
	}
	return v
}

// plain reports whether all that the hub committed since before the push is the push itself, each change set taken as it
// was sent: then there is nothing in it that its author's device does not have.
func (j *Judged) plain() bool {
	applied := uint64(0)
	for i := range j.Verdicts.Verdicts {
		v := &j.Verdicts.Verdicts[i]
		if v.Outcome != wire.Applied {
			return false
		}
		applied += v.Count
	}
	return !j.Regranted && j.Verdicts.At == j.Since+applied
}

// Settled returns how many change sets have a verdict now that waited for one: those that were refused before are sent
// again once a session.
func (j *Judged) Settled() (n int) {
	for i := range j.Verdicts.Verdicts {
		switch v := &j.Verdicts.Verdicts[i]; {
		case v.Outcome == wire.Applied || v.Outcome == wire.Merged, v.Outcome == wire.Quarantined && v.Seq > j.Since:
			n += int(v.Count)
		}
	}
	return n
}

// Applied returns the rows that the author's device now has as the hub has them: those of change sets that were applied
// just now, each at the commit that did.
func Applied(rulings []judge.Ruling) []judge.FeedEntry {
	var rows []judge.FeedEntry
	for _, r := range rulings {
		for _, key := range r.Written {
			rows = append(rows, judge.FeedEntry{Seq: r.Seq, Key: key})
		}
	}
	return rows
}
