package hub

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// HeldBy returns the buckets that the person holds now.
func HeldBy(v View, person record.ID) ([]record.Bucket, error) {
	own := []record.Bucket{record.Shared, record.PersonBucket(person)}
	held, err := v.HeldBy(person)
	held = slices.DeleteFunc(held, func(b record.Bucket) bool { return slices.Contains(own, b) })
	return append(own, held...), err
}

// read builds the next part of a page, follows the device's buckets as they change, and returns what the machine makes of it.
// Where that is to read on, as it is for every class in which nothing happened, the same snapshot serves: beginning another costs
// more than finding nothing does.
func (c *conn) read(want judge.Want) (effects []session.Effect) {
	var buckets []record.Bucket
	err := c.hub.Store.Read(context.Background(), func(v View) error {
		for more := true; more; want, more = readsOn(effects) {
			var answer session.Paged
			var err error
			if answer.Page, answer.Head, err = judge.NextPage(v, c.hub.Schema, want); err != nil {
				return err
			}
			if len(answer.Page.Enter)+len(answer.Page.Leave) > 0 {
				if buckets, err = HeldBy(v, want.Person); err != nil {
					return err
				}
			}
			effects = c.machine.Step(answer)
		}
		return nil
	})
	if err != nil {
		return c.machine.Step(c.answer(nil, err))
	}
	if buckets != nil {
		c.hub.subscribe(c, buckets)
		c.tell(nil) // for what was committed in them before they were subscribed to
	}
	return effects
}

// readsOn returns what is to be read next where that is all that is to be done.
func readsOn(effects []session.Effect) (want judge.Want, only bool) {
	if len(effects) == 1 {
		read, ok := effects[0].(session.Read)
		return read.Want, ok
	}
	return judge.Want{}, false
}

func (c *conn) sum(e session.Sum) (session.Event, error) {
	var answer session.Summed
	err := c.hub.Store.Read(context.Background(), func(v View) (err error) {
		answer.Sums, err = judge.Sums(v, c.hub.Schema, c.author.Person, e.Buckets, e.At, e.Schema)
		return err
	})
	if err == nil {
		c.hub.stats.comparisons.Inc()
	}
	return answer, err
}

func (h *Hub) batch(tx Tx) (*judge.Batch, error) { return judge.NewBatch(tx, h.cfg, h.stamp()) }

// judge decides about the change sets of a push, durably, and returns the answer to it. Everybody whom it concerns is
// told but the connection that it came from, which is told with the answer.
func (h *Hub) judge(ctx context.Context, from *conn, author judge.Author, p *pushed) (answer session.Judged, err error) {
	var news *judge.News
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("hub: judging panicked: %v\n%s", trouble, debug.Stack())
		}
	}()
	<-p.read
	if p.err != nil {
		h.blame(p.err)
		return session.Judged{}, p.err
	}
	err = h.Store.WriteInLine(ctx, func(tx Tx) error {
		b, err := h.batch(tx)
		if err != nil {
			return err
		}
		if ack, ok := h.notes.ack(p.by); ok {
			if err := b.Acknowledge(ack.Actor, ack.K, ack.Written); err != nil {
				return err
			}
		}
		answer, err = h.judgePush(b, author, p.by, p.changes)
		news = b.News()
		return err
	})
	if err != nil {
		h.blame(err)
		return session.Judged{}, err
	}
	h.stats.count(answer.Verdicts.Verdicts)
	if from != nil {
		from.settled(answer.Settled())
	}
	h.committed(news, from)
	if news != nil {
		h.wake()
	}
	return answer, nil
}

// settled lowers what the office sees waiting on the device by so many: in order, so that what it named when it came goes
// first. It is noted in memory, and written down with the other notes.
func (c *conn) settled(n int) {
	if n == 0 || c.contact.Pending == 0 {
		return
	}
	if c.contact.Pending = max(c.contact.Pending-n, 0); c.contact.Pending == 0 {
		c.contact.Oldest = time.Time{}
	}
	c.hub.notes.heard(c.device, c.contact)
}

// pushed is a push that was read before the transaction that others may wait for.
type pushed struct {
	by      clock.Actor
	changes []judge.Parsed
	err     error
	read    chan struct{} // closed when the others are there
}

// take reads a push, after the one before, and has the store look for its rows: both while that one is being judged.
func (h *Hub) take(ctx context.Context, push *wire.Push, before *pushed) *pushed {
	p := &pushed{by: push.Actor, read: make(chan struct{})}
	go func() {
		defer close(p.read)
		if before != nil {
			<-before.read
		}
		if p.changes, p.err = h.parse(push); p.err == nil {
			p.err = h.foresee(ctx, p.changes)
		}
	}()
	return p
}

func (h *Hub) foresee(ctx context.Context, changes []judge.Parsed) (err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("hub: reading ahead panicked: %v\n%s", trouble, debug.Stack())
		}
	}()
	return h.Store.Foresee(ctx, judge.RowsOf(h.Schema, changes))
}

// parse reads the change sets of a push. Together they take no more memory than a device would send at once.
func (h *Hub) parse(p *wire.Push) (changes []judge.Parsed, err error) {
	bytes := 0
	for i := range p.Changes {
		bytes += len(p.Changes[i].Encoded)
	}
	room := record.RoomFor(bytes)
	changes = make([]judge.Parsed, len(p.Changes))
	for i := range changes {
		err = h.blaming(record.HashOf(p.Changes[i].Encoded), func() (err error) {
			changes[i], err = judge.ParseWithin(p.Changes[i], &room)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return changes, nil
}

var errOrder = fault.New(fault.Malformed, "the change sets of a message come in the order of their numbers")

func (h *Hub) judgePush(b *judge.Batch, author judge.Author, by clock.Actor, changes []judge.Parsed) (session.Judged, error) {
	if err := b.Foresee(changes); err != nil {
		return session.Judged{}, err
	}
	var keys []record.Key
	rulings, since := make([]judge.Ruling, 0, len(changes)), b.Head()
	for i := range changes {
		r, err := h.judgeOne(b, author, changes[i])
		if err != nil {
			return session.Judged{}, err
		}
		if r.Dot.Actor != by {
			return session.Judged{}, judge.ErrForeign
		}
		if i > 0 && r.Dot.Counter <= rulings[i-1].Dot.Counter {
			return session.Judged{}, errOrder
		}
		rulings = append(rulings, r)
		keys = append(keys, r.Return...)
		if r.Outcome == wire.Gap || r.Outcome == wire.Forked {
			break // so would be whatever follows
		}
	}
	if err := b.Flush(); err != nil {
		return session.Judged{}, err
	}
	rows, gone, err := judge.Answer(b, author.Person, keys)
	if author.Revoked {
		rows, gone = nil, nil
	}
	verdicts := session.Verdicts(by, h.Epoch, b.Head(), rulings, rows, gone)
	return session.Judged{Verdicts: verdicts, Applied: session.Applied(rulings), Since: since, Regranted: b.Regranted()}, err
}

// maxFaults is how often judging a change set may fail before it is put aside.
const maxFaults = 3

// unjudged is trouble with one change set.
type unjudged struct {
	hash record.Hash
	error
}

func (u *unjudged) Unwrap() error { return u.error }

// blame counts trouble against the change set at which it came up: not a full disk, or whatever else the store can name,
// for it would go wrong with any.
func (h *Hub) blame(err error) {
	var u *unjudged
	if code := fault.CodeOf(err); errors.As(err, &u) && (code == "" || code == fault.Internal) {
		h.stats.faults(u.hash, 1)
	}
}

// judgeOne judges a change set. One at which judging failed, or panicked, three times over is put into quarantine as
// poison, so that it does not hold up the next one for ever.
func (h *Hub) judgeOne(b *judge.Batch, author judge.Author, p judge.Parsed) (r judge.Ruling, err error) {
	if h.stats.faults(p.Hash, 0) >= maxFaults {
		return b.Quarantine(author, p, fault.New(fault.Poison, "the server failed at this change three times; the office has it"))
	}
	err = h.blaming(p.Hash, func() (err error) {
		r, err = b.JudgeParsed(author, p)
		return err
	})
	return r, err
}

// blaming runs do, and says of what goes wrong, a panic too, at which change set it did.
func (h *Hub) blaming(hash record.Hash, do func() error) (err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("hub: judging panicked: %v\n%s", trouble, debug.Stack())
		}
		if err != nil {
			err = &unjudged{hash, err}
		}
	}()
	return do()
}
