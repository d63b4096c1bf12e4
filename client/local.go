package client

import (
	"context"
	"runtime"
	"time"

	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// local is the replica as a session drives it.
type local struct{ *Client }

func (c local) Hello() (h wire.Hello, err error) {
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) (err error) {
		h, err = device.Hello(tx, c.Schema, c.Now().UnixMilli())
		return err
	})
	a := c.account.get()
	h.App, h.Token = c.App, a.Token
	if !a.Device.IsZero() {
		h.Device = a.Device
	}
	return h, err
}

func (c local) Sign(text []byte) ([]byte, error) { return c.account.sign(text) }

func (c local) Identity() (*device.Identity, error) { return c.identity(context.Background()) }

func (c local) Greet(w *wire.Welcome) (renew bool, err error) {
	if len(w.Token) > 0 {
		if err := c.account.change(func(a *accountData) { a.Token = w.Token }); err != nil {
			return false, err
		}
	}
	if c.unchangedBy(w) {
		return false, nil
	}
	err = c.take(c.replica.Write, func(r *device.Replica) (err error) {
		renew, err = r.Greet(w, c.Now().UnixMilli())
		return err
	})
	return renew, err
}

// offsetSlack is how far the measured clock offset may wander before it is written down.
const offsetSlack = 100 * time.Millisecond

// unchangedBy reports whether the hub's welcome tells the replica nothing: most reconnects, which then write nothing.
func (c local) unchangedBy(w *wire.Welcome) bool {
	id, err := c.Identity()
	if err != nil || id == nil || w.Actor != 0 || w.Epoch != id.Epoch || w.Known > id.Counter {
		return false
	}
	if forgettable, err := c.forgettable(device.Forgettable(id, w)); err != nil || forgettable {
		return false
	}
	wander := time.Duration(w.Now-c.Now().UnixMilli()-id.Offset) * time.Millisecond
	return id.Schema >= c.Schema.Version && wander.Abs() <= offsetSlack
}

// forgettable reports whether the outbox has items that need not be kept. What was judged since is above the
// commit, so that one that was looked at need not be looked at again.
func (c local) forgettable(upTo uint64) (some bool, err error) {
	if upTo <= c.contact.forgotten() {
		return false, nil
	}
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) (err error) {
		some, err = tx.Forgettable(upTo)
		return err
	})
	if err == nil && !some {
		c.contact.forgot(upTo)
	}
	return some, err
}

func (c local) TakePage(p *wire.Page) (id *device.Identity, err error) {
	if len(p.Erased) > 0 { // before what was fetched is removed: what is being fetched goes when it has come
		c.segments.spoil()
	}
	err = c.take(c.replica.WriteBulk, func(r *device.Replica) error {
		id = r.Identity()
		return r.TakePage(p)
	})
	c.contact.progressed(p)
	c.indexer.fetched(p.Last)
	return id, err
}

func (c local) TakeVerdicts(v *wire.Verdicts) (taken device.Taken, err error) {
	err = c.take(c.replica.WriteBulk, func(r *device.Replica) (err error) {
		taken, err = r.TakeVerdicts(v)
		return err
	})
	return taken, err
}

// take runs do in a write transaction, and tells the watchers after the commit.
func (c local) take(write func(context.Context, func(*replica.Tx) error) error, do func(*device.Replica) error) error {
	var changed []record.Key
	err := write(context.Background(), func(tx *replica.Tx) error {
		r, err := device.Open(tx, c.Schema)
		if err != nil {
			return err
		}
		err = do(r)
		changed = r.Changed()
		return err
	})
	if err == nil {
		c.contact.stirring.stir() // a verdict may change no row that is shown
		c.tell(changed)
		runtime.Gosched() // who was told goes first: to thank the hub is in no hurry
	}
	return err
}

// Testify looks first whether there is anything to offer: nearly always there is nothing.
func (c local) Testify() (m *wire.Witness, err error) {
	any := false
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) error {
		copies, err := tx.Witnesses(false, 0, 1)
		any = len(copies) > 0
		return err
	})
	if err != nil || !any {
		return nil, err
	}
	err = c.take(c.replica.Write, func(r *device.Replica) (err error) {
		m, err = r.Testify()
		return err
	})
	return m, err
}

func (c local) Kept(k *wire.Kept) error {
	return c.take(c.replica.Write, func(r *device.Replica) error { return r.Kept(k) })
}

func (c local) Unsent(after uint64, limit int) ([]*device.Item, error) {
	return c.replica.Unsent(context.Background(), after, limit)
}

func (c local) Held() (held []record.Bucket, err error) {
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) (err error) {
		held, err = device.Held(tx)
		return err
	})
	return held, err
}

// Compare reads the rows of one bucket after another, beside whoever writes; only where they differ is anything written.
func (c local) Compare(s *wire.Sums) (differ []record.Bucket, err error) {
	suspect := wire.Sums{At: s.At}
	for i := range s.Sums {
		differs, err := c.differs(&wire.Sums{At: s.At, Sums: s.Sums[i : i+1]})
		if err != nil {
			return nil, err
		}
		if differs {
			suspect.Sums = append(suspect.Sums, s.Sums[i])
		}
	}
	if len(suspect.Sums) > 0 {
		err = c.take(c.replica.Write, func(r *device.Replica) (err error) {
			differ, err = r.Compare(&suspect)
			return err
		})
	}
	c.contact.compared(c.Now())
	if len(differ) > 0 {
		c.Log.Error("the replica differed from the hub; it is fetched anew", "buckets", len(differ))
	}
	return differ, err
}

func (c local) differs(s *wire.Sums) (differs bool, err error) {
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) error {
		r, err := device.Open(tx, c.Schema)
		if err != nil {
			return err
		}
		found, err := r.Differ(s)
		differs = len(found) > 0
		return err
	})
	return differs, err
}
