package simtest

import (
	"errors"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// fleetHub drives the hub's half as a server does: it answers what the sessions ask, and judges what several of them
// push in one durable commit.
type fleetHub struct {
	f        *Fleet
	store    *MemHub
	conns    []*conn
	devices  map[record.ID]*enrolled
	diverged int // how often a phone said that its rows are not the hub's
	queue    []pushed
	acks     []wire.Ack
	planned  bool
	down     bool
	backups  []backup
	erasures []record.Key // of rows, outside the database
	verified uint64       // the commits that two backups include
	segments [schema.Classes]*memSegment
}

// enrolled is a device that the hub knows.
type enrolled struct {
	person, device record.ID
	since          uint64      // the head when it was enrolled
	actor          clock.Actor // the incarnation that it came with last
	seen           int64       // when that was, ms since 1970 UTC
}

type pushed struct {
	conn *conn
	push wire.Push
}

type backup struct {
	*Snapshot
	head uint64
}

func newFleetHub(f *Fleet) *fleetHub {
	h := &fleetHub{f: f, store: NewMemHub(Schema), devices: map[record.ID]*enrolled{}}
	h.store.OnCommit = func(b Boundary) error {
		if f.chance(f.Crash) {
			f.meets("the hub dies " + boundaries[b] + " a commit")
			return ErrCrashed
		}
		return nil
	}
	return h
}

func (h *fleetHub) config() judge.Config {
	m := h.store.Marker()
	return judge.Config{Schema: Schema, Rules: rules{}, Epoch: m.Epoch, RestoreAt: m.RestoreAt, Before: m.Before,
		Salt: h.f.salt}
}

// write runs do in a group commit of its own, then answer, which sees what was written; and tells the sessions. It
// reports whether the commit is durable, though the hub may have died right after it.
func (h *fleetHub) write(do func(*judge.Batch) error, answer func(judge.Store, *judge.Batch) error) (durable bool, err error) {
	if h.down {
		return false, ErrCrashed
	}
	cfg := h.config()
	if cfg.Own, err = h.own(); err != nil {
		if errors.Is(err, ErrCrashed) {
			h.crash()
		}
		return false, err
	}
	var b *judge.Batch
	commits := h.store.Commits()
	err = h.store.Write(func(tx judge.Store) error {
		var err error
		if b, err = judge.NewBatch(tx, cfg, clock.StampAt(h.f.now)); err != nil {
			return err
		}
		if err = do(b); err != nil {
			return err
		}
		if err = b.Flush(); err != nil || answer == nil {
			return err
		}
		return answer(tx, b)
	})
	durable = h.store.Commits() > commits
	if errors.Is(err, ErrCrashed) {
		h.crash()
		return durable, err
	}
	if err == nil {
		h.nudge(b.News())
	}
	return durable, err
}

// crash ends the process; it is started again some seconds later.
func (h *fleetHub) crash() {
	h.f.tracef("the hub dies")
	h.down, h.queue, h.acks = true, nil, nil
	h.cutAll()
	h.f.after(h.f.Int64N(2000), h.reopen)
}

func (h *fleetHub) cutAll() {
	for _, c := range slices.Clone(h.conns) {
		c.cut()
	}
}

func (h *fleetHub) reopen() {
	if h.start() {
		h.eraseAgain()
	}
}

// start opens what is on the disk, and reports whether it was closed.
func (h *fleetHub) start() (was bool) {
	if was = h.down; was {
		h.down = false
		do(h.store.Reopen())
	}
	return was
}

func (h *fleetHub) read(ask func(judge.Reader) error) {
	if err := h.store.Read(ask); err != nil {
		h.f.fail("hub", "reading: %v", err)
	}
}

// nudge tells the sessions of those who hold one of the buckets what changed, or that they must look for themselves.
func (h *fleetHub) nudge(n *judge.News) {
	if n == nil {
		return
	}
	for _, c := range slices.Clone(h.conns) {
		switch {
		case c.who == nil || !h.concerns(c.who.person, n.Touched):
		case n.Whole && !h.f.chance(0.2):
			held := func(b record.Bucket) bool { return h.concerns(c.who.person, []record.Bucket{b}) }
			h.step(c, session.Told{At: n.Head, Rows: n.Rows(held)})
		default:
			h.step(c, session.Moved{})
		}
	}
}

func (h *fleetHub) concerns(person record.ID, touched []record.Bucket) (yes bool) {
	h.read(func(r judge.Reader) error {
		for _, b := range touched {
			ok, err := judge.HoldsNow(r, person, b)
			if ok || err != nil {
				yes = true
				return err
			}
		}
		return nil
	})
	return yes
}

// accept takes in a new connection.
func (h *fleetHub) accept(c *conn) {
	c.hub = session.NewHub()
	h.conns = append(h.conns, c)
	h.step(c, session.Opened{})
}

func (h *fleetHub) gone(c *conn) {
	h.conns = slices.DeleteFunc(h.conns, func(x *conn) bool { return x == c })
}

// step feeds an event to a session's machine and does what it asks.
func (h *fleetHub) step(c *conn, e session.Event) {
	if c.dead || c.down.shut {
		return
	}
	c.timer++
	for _, effect := range c.hub.Step(e) {
		h.perform(c, effect)
	}
}

func (h *fleetHub) perform(c *conn, effect session.Effect) {
	switch e := effect.(type) {
	case session.Send:
		h.send(c, e.Message)
	case session.Close:
		c.shut(&c.down)
	case session.Expect:
		h.expect(c, e)
	case session.Admit:
		h.answer(c, func() session.Event { return h.admit(c, &e.Hello) })
	case session.Prove:
		h.answer(c, func() session.Event { return h.welcome(c, &e.Hello) })
	case session.Judge:
		h.queue = append(h.queue, pushed{c, e.Push})
		h.plan()
	case session.Read:
		h.answer(c, func() session.Event { return h.page(e.Want) })
	case session.Sum:
		h.answer(c, func() session.Event { return h.sum(c, e) })
	case session.Keep:
		h.answer(c, func() session.Event { return h.keep(c, e.Rows) })
	case session.Diverged:
		h.diverged++
	case session.Heard:
		if e.Ack.Actor != 0 {
			h.acks = append(h.acks, e.Ack)
			h.plan()
		}
	}
}

func (h *fleetHub) send(c *conn, m wire.Message) {
	h.f.tracef("    hub -> %s: %s", c.phone.name, describe(m))
	h.f.hears(m)
	theirs := codecFor(c.phone.schema)
	mine := codecFor(Schema).For(c.phone.schema.Version)
	c.carry(&c.down, m, mine, theirs, func(m wire.Message) {
		if c.phone.conn == c {
			c.phone.step(session.Received{Message: m})
		}
	})
}

func (h *fleetHub) expect(c *conn, e session.Expect) {
	if e.Within == 0 {
		return
	}
	timer := c.timer
	h.f.after(e.Within.Milliseconds(), func() {
		if !c.dead && c.timer == timer {
			h.step(c, session.TimedOut{})
		}
	})
}

// answer gives the machine the answer to what it asked, after a little while.
func (h *fleetHub) answer(c *conn, find func() session.Event) {
	h.f.after(h.f.Int64N(5), func() {
		if c.dead || h.down {
			return
		}
		if e := find(); e != nil {
			h.step(c, e)
		}
	})
}

func (h *fleetHub) admit(c *conn, hello *wire.Hello) session.Event {
	if h.f.Challenge && len(hello.Token) == 0 {
		return session.Challenged{Nonce: []byte("nonce")}
	}
	return h.welcome(c, hello)
}

// welcome lets a device in that has shown who it is.
func (h *fleetHub) welcome(c *conn, hello *wire.Hello) session.Event {
	who := h.devices[hello.Device]
	if who == nil {
		return session.Refused{Reason: fault.New(fault.Unauthentic, "nobody knows this device")}
	}
	author := judge.Author{Person: who.person, Device: who.device}
	var a judge.Admission
	_, err := h.write(func(*judge.Batch) error { return nil }, func(tx judge.Store, _ *judge.Batch) (err error) {
		a, err = judge.Admit(tx.(hubTx), h.config(), author, hello, h.f.now)
		return err
	})
	if err != nil {
		return h.trouble(err)
	}
	if a.NewActor {
		if a.Welcome.Actor, err = h.store.Enrol(who.person, who.device, clock.SideDevice); err == nil {
			err = h.store.Write(a.Begin)
		}
		if err != nil {
			return h.trouble(err)
		}
	}
	h.register(c, who)
	a.Welcome.BackedUp = h.verified
	who.seen, who.actor = h.f.now, hello.Actor
	if a.NewActor {
		who.actor = a.Welcome.Actor
	}
	return session.Admitted{
		Person: who.person, Welcome: a.Welcome, Cursors: a.Cursors, Resume: a.Resume, Segments: h.promised(c, hello), Follows: true,
	}
}

// register makes c the device's one connection and ends the one it had. What the device said on one that it has closed arrives all
// the same.
func (h *fleetHub) register(c *conn, who *enrolled) {
	c.who = who
	for _, other := range slices.Clone(h.conns) {
		if other != c && other.who == who && !other.up.shut {
			other.replace()
		}
	}
}

// trouble is the answer to what failed: none if the hub has died.
func (h *fleetHub) trouble(err error) session.Event {
	if errors.Is(err, ErrCrashed) {
		h.crash()
		return nil
	}
	h.f.fail("hub", "%v", err)
	return session.Refused{Reason: fault.Wrap(fault.Internal, "the hub is in trouble", err)}
}

func (h *fleetHub) page(want judge.Want) session.Event {
	var e session.Paged
	h.read(func(r judge.Reader) (err error) {
		want.Rows = h.f.PageRows
		e.Page, e.Head, err = judge.NextPage(r, Schema, want)
		return err
	})
	return e
}

func (h *fleetHub) sum(c *conn, asked session.Sum) session.Event {
	var e session.Summed
	h.read(func(r judge.Reader) (err error) {
		e.Sums, err = judge.Sums(r, Schema, c.who.person, asked.Buckets, asked.At, asked.Schema)
		return err
	})
	return e
}

// keep keeps what a device held and the hub may have lost.
func (h *fleetHub) keep(c *conn, rows []wire.Rows) session.Event {
	a, err := h.witness(c.who.device)
	if err != nil {
		return h.trouble(err)
	}
	var e session.Kept
	author := judge.Author{Person: c.who.person, Device: c.who.device}
	_, err = h.write(func(b *judge.Batch) (err error) {
		e.Kept, err = b.Testify(author, a, rows)
		return err
	}, nil)
	if err != nil {
		return h.trouble(err)
	}
	return e
}

// witness returns the hub's actor under which it keeps what the device held.
func (h *fleetHub) witness(device record.ID) (clock.Actor, error) { return h.hubActor(device) }

// own returns the actor under which the hub writes what follows from what others write.
func (h *fleetHub) own() (clock.Actor, error) { return h.hubActor(record.ID{}) }

func (h *fleetHub) hubActor(device record.ID) (clock.Actor, error) {
	epoch := h.store.Marker().Epoch
	for _, it := range h.store.state.actors.items {
		if a := it.value; a.Device == device && a.Person.IsZero() && a.Actor.Epoch() == epoch {
			return a.Actor, nil
		}
	}
	return h.store.Enrol(record.ID{}, device, clock.SideHub)
}

// plan makes a group commit of what waits, a little later.
func (h *fleetHub) plan() {
	if h.planned {
		return
	}
	h.planned = true
	h.f.after(1+h.f.Int64N(10), func() {
		h.planned = false
		if !h.down {
			h.commit()
		}
	})
}

// look reads one row of the hub, for those who sit there.
func (h *fleetHub) look(k record.Key) *record.Row {
	r, _ := h.store.state.rows.get(k)
	return copyRow(r)
}

func tableOf(name string) *schema.Table { return Schema.Table(name) }
