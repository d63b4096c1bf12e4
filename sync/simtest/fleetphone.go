package simtest

import (
	"errors"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// phone drives the device's half as an app does: a replica on its disk, and one session after another.
type phone struct {
	f       *Fleet
	name    string
	person  record.ID
	store   *MemDevice
	schema  *schema.Schema
	skew    int64
	conn    *conn
	machine *session.Device
	timer   int
	tries   int // connections since the last that got on
	dials   int // connections since everything healed
	away    bool
	dead    bool
	late    *device.Item // written on this connection, and not handed to its session yet
	copied  *MemDevice   // an older copy of the file

	replaced bool        // the hub ended its last connection, for one of another copy of the phone
	segment  *memSegment // fetched, and not taken in yet
	shy      bool        // the hub had no segment after all: the rows come one by one

	putBackSince bool // the file was once put back: what it held then may be gone with it
}

// newPhone enrols a phone for the person.
func newPhone(f *Fleet, name string, person record.ID, s *schema.Schema) *phone {
	p := &phone{f: f, name: name, person: person, schema: s, store: NewMemDevice(s)}
	if f.Skew > 0 {
		p.skew = f.Int64N(2*f.Skew) - f.Skew
	}
	id := f.hub.enrol(person)
	do(p.store.Write(func(tx device.Store) error {
		return tx.PutIdentity(&device.Identity{Device: id, Person: person, Schema: s.Version, Actor: device.Provisional})
	}))
	p.watch()
	f.phones = append(f.phones, p)
	f.after(f.Int64N(100), p.dial)
	return p
}

// watch lets the process die at boundaries of its commits.
func (p *phone) watch() {
	p.store.OnCommit = func(b Boundary) error {
		if p.f.chance(p.f.Crash) {
			p.f.meets("a device dies " + boundaries[b] + " a commit")
			return ErrCrashed
		}
		return nil
	}
}

func (p *phone) now() int64 { return p.f.now + p.skew }

// write runs one transaction on the disk and reports whether it is durable, though the process may have died after it.
func (p *phone) write(do func(device.Store) error) (durable bool, err error) {
	commits := p.store.Commits()
	err = p.store.Write(do)
	if errors.Is(err, ErrCrashed) {
		p.die()
	}
	return p.store.Commits() > commits, err
}

// die ends the process; somebody starts the app again later.
func (p *phone) die() {
	if p.dead {
		return
	}
	p.f.tracef("%s dies", p.name)
	p.dead = true
	if p.conn != nil {
		p.conn.cut()
	}
	p.f.after(p.f.Int64N(3000), p.revive)
}

func (p *phone) revive() {
	if !p.dead {
		return
	}
	p.dead = false
	do(p.store.Reopen())
	p.redial(0)
}

// heal brings the phone back: it runs, and has a network.
func (p *phone) heal() {
	p.revive()
	p.tries, p.dials, p.away = 0, 0, false
	if p.conn != nil {
		p.conn.cut()
	}
	p.redial(0)
}

// dial opens a connection, if there is none.
func (p *phone) dial() {
	if p.conn != nil || p.dead || p.away {
		return
	}
	if p.f.hub.down {
		p.redial(p.backoff())
		return
	}
	p.dials++
	p.tries++
	p.f.tracef("  %s connects", p.name)
	p.takeSegment()
	if p.dead {
		return
	}
	p.conn = &conn{f: p.f, phone: p, lacks: p.lacks()}
	p.machine, p.late = session.NewDevice(p, p.conn.lacks...), nil
	p.f.hub.accept(p.conn)
	p.step(session.Opened{})
}

// comparedAfter is how long a phone that has everything waits until it compares its rows with the hub's, in ms.
const comparedAfter = 50

func (p *phone) redial(ms int64) { p.f.after(ms, p.dial) }

// backoff returns how long to wait before the next try, in ms. Copies of a phone take turns, each long enough to get level.
func (p *phone) backoff() int64 {
	replaced := p.replaced
	p.replaced = false
	switch {
	case p.f.healed && replaced:
		return 500 + p.f.Int64N(500)
	case p.f.healed:
		return 1 + p.f.Int64N(100)
	}
	return p.f.Int64N(int64(min(100<<min(p.tries, 6), 3000)))
}

func (p *phone) gone(c *conn) {
	if p.conn == c {
		p.conn, p.machine = nil, nil
		p.redial(p.backoff())
	}
}

// step feeds an event to the session's machine and does what it asks.
func (p *phone) step(e session.Event) {
	c := p.conn
	if c == nil || c.dead || c.up.shut {
		return
	}
	p.timer++
	for _, effect := range p.machine.Step(e) {
		if !c.dead {
			p.perform(c, effect)
		}
	}
}

func (p *phone) perform(c *conn, effect session.Effect) {
	switch e := effect.(type) {
	case session.Send:
		p.send(c, e.Message)
	case session.Close:
		p.close(c, e)
	case session.Fetch:
		p.fetch(c, e.Class)
	case session.CaughtUp:
		p.tries, p.shy = 0, false
		p.f.after(comparedAfter, func() {
			if p.conn == c {
				p.step(session.Check{})
			}
		})
	case session.More:
		p.step(session.Wrote{})
	case session.Expect:
		if e.Within > 0 {
			timer := p.timer
			p.f.after(e.Within.Milliseconds(), func() {
				if p.conn == c && p.timer == timer {
					p.step(session.TimedOut{})
				}
			})
		}
	}
}

func (p *phone) send(c *conn, m wire.Message) {
	if hello, ok := m.(wire.Hello); ok {
		if p.f.IntN(2) == 0 {
			hello.Token = []byte("token")
		}
		m = hello
	}
	p.f.tracef("    %s -> hub: %s", p.name, describe(m))
	p.f.hears(m)
	mine := codecFor(p.schema).For(Schema.Version) // as the welcome said
	c.carry(&c.up, m, mine, codecFor(Schema), func(m wire.Message) { p.f.hub.step(c, session.Received{Message: m}) })
}

func (p *phone) close(c *conn, e session.Close) {
	if e.Reason != nil {
		p.f.tracef("    %s closes: %v (%v)", p.name, e.Reason, e.Reason.Detail)
		p.f.checkClose(p, e.Reason)
	}
	p.conn, p.machine = nil, nil
	c.shut(&c.up)
	if e.Reason != nil && e.Reason.Code == fault.Unauthentic { // a restored hub knows nothing of it
		p.f.after(p.f.Int64N(500), p.refused)
	}
	if e.Again {
		p.redial(0)
		return
	}
	p.redial(max(e.RetryAfter.Milliseconds(), p.backoff()))
}

// update is how people write on their phones; it returns the change set once it is durable.
func (p *phone) update(cause string, amends clock.Dot, story func(*device.Tx) error) *device.Item {
	if p.dead {
		return nil
	}
	var item *device.Item
	durable, err := p.write(func(store device.Store) error {
		tx, err := device.Begin(store, p.schema, p.now(), p.f.salt())
		if err != nil {
			return err
		}
		if err := story(tx); err != nil {
			return err
		}
		if amends.IsZero() {
			item, err = tx.Commit(cause)
		} else {
			item, err = tx.CommitAmended(cause, amends)
		}
		return err
	})
	if !durable || item == nil {
		var f *fault.Error
		if err != nil && !errors.As(err, &f) && !errors.Is(err, ErrCrashed) {
			p.f.fail("phone", "%s cannot write: %v", p.name, err)
		}
		return nil
	}
	p.f.tracef("%s writes %s", p.name, describeChange(item.Change))
	p.step(session.Wrote{Item: p.atHand(item)})
	return item
}

// atHand returns the item as who wrote it hands it to the session: now and then not at all, as when that is too busy to
// listen, and now and then late, after others.
func (p *phone) atHand(item *device.Item) *device.Item {
	switch {
	case p.f.chance(0.2):
		return nil
	case p.f.chance(0.2):
		item, p.late = p.late, item
	}
	return item
}

// take runs what takes in news from the hub.
func (p *phone) take(do func(*device.Replica) error) error {
	_, err := p.write(func(store device.Store) error {
		r, err := device.Open(store, p.schema)
		if err != nil {
			return err
		}
		return do(r)
	})
	return err
}

// The phone is its session's Local.

// Hello implements session.Local.
func (p *phone) Hello() (h wire.Hello, err error) {
	_, err = p.write(func(store device.Store) error {
		h, err = device.Hello(store, p.schema, p.now())
		return err
	})
	return h, err
}

// Sign implements session.Local.
func (p *phone) Sign(text []byte) ([]byte, error) { return text[:8], nil }

// Greet implements session.Local.
func (p *phone) Greet(w *wire.Welcome) (renew bool, err error) {
	err = p.take(func(r *device.Replica) error {
		renew, err = r.Greet(w, p.now())
		return err
	})
	return renew, err
}

// TakePage implements session.Local.
func (p *phone) TakePage(page *wire.Page) (id *device.Identity, err error) {
	err = p.take(func(r *device.Replica) error {
		err := r.TakePage(page)
		id = r.Identity()
		return err
	})
	return id, err
}

// TakeVerdicts implements session.Local.
func (p *phone) TakeVerdicts(v *wire.Verdicts) (taken device.Taken, err error) {
	err = p.take(func(r *device.Replica) error {
		taken, err = r.TakeVerdicts(v)
		return err
	})
	return taken, err
}

// Unsent implements session.Local.
func (p *phone) Unsent(after uint64, limit int) (items []*device.Item, err error) {
	_, err = p.write(func(store device.Store) error {
		items, err = device.Unsent(store, after, limit)
		return err
	})
	return items, err
}

// Identity implements session.Local.
func (p *phone) Identity() (id *device.Identity, err error) {
	_, err = p.write(func(store device.Store) error {
		id, err = store.Identity()
		return err
	})
	return id, err
}

// Held implements session.Local.
func (p *phone) Held() (held []record.Bucket, err error) {
	_, err = p.write(func(store device.Store) error {
		held, err = device.Held(store)
		return err
	})
	return held, err
}

// Testify implements session.Local.
func (p *phone) Testify() (m *wire.Witness, err error) {
	err = p.take(func(r *device.Replica) error {
		m, err = r.Testify()
		return err
	})
	return m, err
}

// Kept implements session.Local.
func (p *phone) Kept(k *wire.Kept) error {
	return p.take(func(r *device.Replica) error { return r.Kept(k) })
}

// Compare implements session.Local.
func (p *phone) Compare(sums *wire.Sums) (differ []record.Bucket, err error) {
	err = p.take(func(r *device.Replica) error {
		differ, err = r.Compare(sums)
		return err
	})
	return differ, err
}
