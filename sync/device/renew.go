package device

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Greet takes in the hub's Welcome: the clock's offset, a new incarnation, a new epoch. now is the device's clock when
// the message came, in ms since 1970 UTC. It reports whether the session must begin again for a new incarnation: the
// hub has judged more change sets under this one than the device has written, so another copy writes with it.
func (r *Replica) Greet(w *wire.Welcome, now int64) (renew bool, err error) {
	if w.Actor == 0 && w.Epoch == r.id.Epoch && w.Known > r.id.Counter && r.id.Actor != Provisional {
		return true, r.Renounce()
	}
	return false, r.greet(w, now)
}

func (r *Replica) greet(w *wire.Welcome, now int64) error {
	r.id.Offset = w.Now - now
	if w.Epoch != r.id.Epoch {
		if err := r.rewind(w); err != nil {
			return err
		}
	}
	if w.Actor != 0 {
		if err := r.adopt(w.Actor); err != nil {
			return err
		}
	}
	if r.schema.Version > r.id.Schema {
		r.relearn()
	}
	if w.BackedUp > 0 {
		if err := r.store.Forget(w.BackedUp); err != nil {
			return err
		}
	}
	return r.store.PutIdentity(r.id)
}

// relearn makes the device fetch everything again: the app knows columns that it passed over before.
func (r *Replica) relearn() {
	r.id.Schema = r.schema.Version
	r.id.Cursors = [schema.Classes]uint64{}
	r.id.Resume, r.id.Partial = nil, [3]uint64{}
}

// rewind begins a new epoch: the hub's history went back. The device forgets how far it had come, so that everything
// it holds is compared; and whatever it had been told is sent again, with the verdict it had. What the
// hub lacks is then decided by dot and hash, never by a counter.
func (r *Replica) rewind(w *wire.Welcome) error {
	r.id.Epoch = w.Epoch
	r.id.Cursors = [schema.Classes]uint64{}
	r.id.Resume, r.id.Partial = nil, [3]uint64{}
	for _, state := range []State{Accepted, Closed} {
		if err := r.reopenAll(state); err != nil {
			return err
		}
	}
	return nil
}

func (r *Replica) reopenAll(s State) error {
	for after := uint64(0); ; {
		items, err := r.store.Items(s, after, 256)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, item := range items {
			after = item.N
			if err := r.reopen(item); err != nil {
				return err
			}
		}
	}
}

// reopen makes a change set that was done with one that is sent again: an accepted one waits once more; one that was
// refused, and decided about, stands as refused until the hub says that it knows the decision.
func (r *Replica) reopen(item *Item) error {
	switch item.State {
	case Accepted:
		item.State = Pending
		if err := r.store.PutItem(item); err != nil {
			return err
		}
		return r.repin(item)
	case Closed:
		item.State = Refused
		return r.store.PutItem(item)
	}
	return nil
}

// repin keeps the rows of a change set that is pending again apart from what the hub will send for them. Nothing of
// the row counts as seen by later writes but what the restored hub shows.
func (r *Replica) repin(item *Item) error {
	for i := range item.Change.Rows {
		key := item.Change.Rows[i].Key()
		if r.pinned[key] {
			continue
		}
		row, err := r.store.Row(key)
		if err != nil {
			return err
		}
		base := &Base{Row: row, Hidden: row == nil}
		if item.Change.Rows[i].Op == record.Insert {
			base.Row, base.Hidden = nil, row == nil
		}
		r.pinned[key] = true
		if err := r.store.PutBase(key, base); err != nil {
			return err
		}
	}
	return nil
}

// adopt takes on a new incarnation. Work written under the old one goes first, under its own dots; what was written
// under none is stamped with the new.
func (r *Replica) adopt(a clock.Actor) error {
	if r.id.Actor == a {
		return nil
	}
	if r.id.Actor != 0 && r.id.Actor != Provisional {
		r.id.Retired = append(r.id.Retired, Past{r.id.Actor, r.id.Chain})
	}
	r.id.Actor, r.id.Counter, r.id.Chain = a, 0, record.Hash{}
	return r.restamp(clock.Dot{Actor: Provisional, Counter: 1})
}

// Renounce gives up the incarnation, as a copied or restored database must: the original may be writing with it. Until
// the hub hands out another, work is written under none.
func (r *Replica) Renounce() error {
	if r.id.Actor == Provisional {
		return nil
	}
	if r.id.Actor != 0 {
		r.id.Retired = append(r.id.Retired, Past{r.id.Actor, r.id.Chain})
	}
	r.id.Actor, r.id.Counter, r.id.Chain = Provisional, 0, record.Hash{}
	return r.store.PutIdentity(r.id)
}

// fork answers the news that from d on the incarnation's numbers are somebody else's: what has no verdict is stamped
// anew, for the time being under none. So is all that was written after it, whatever its incarnation: its contexts name
// what is stamped anew, and numbers must follow the order of writing.
func (r *Replica) fork(d clock.Dot) error {
	if err := r.Renounce(); err != nil {
		return err
	}
	return r.restamp(d)
}

// gap answers a hub that expects an earlier change set. If the device still has it, sending again is enough; if not,
// the hub will never get there, and what is unsent needs new numbers.
func (r *Replica) gap(a clock.Actor, expected uint64, taken *Taken) error {
	item, err := r.store.Item(clock.Dot{Actor: a, Counter: expected})
	if err != nil {
		return err
	}
	if item != nil {
		taken.Resend = true
		return r.reopen(item)
	}
	taken.Forked = true
	return r.fork(clock.Dot{Actor: a, Counter: expected})
}

// restamp gives the pending change sets from the first one that carries d, or a later dot of its actor, on new dots of
// the current incarnation. Their contexts are cut to what precedes d, and name the change sets before them by their new
// dots; their identity stays, so that nothing is taken twice.
func (r *Replica) restamp(d clock.Dot) error {
	renamed := map[record.Key]clock.Vector{}
	found := false
	for after := uint64(0); ; {
		items, err := r.store.Items(Pending, after, 256)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, item := range items {
			after = item.N
			found = found || item.Change.Dot.Actor == d.Actor && item.Change.Dot.Counter >= d.Counter
			if !found {
				continue
			}
			if err := r.restampItem(item, d, renamed); err != nil {
				return err
			}
		}
	}
}

func (r *Replica) restampItem(item *Item, d clock.Dot, renamed map[record.Key]clock.Vector) error {
	item.Change.Origin = item.Change.RID(item.Hash)
	r.id.Counter++
	item.Change.Dot = clock.Dot{Actor: r.id.Actor, Counter: r.id.Counter}
	for i := range item.Change.Rows {
		c := &item.Change.Rows[i]
		c.Context = c.Context.Cut(d).Join(renamed[c.Key()])
		renamed[c.Key()] = renamed[c.Key()].With(item.Change.Dot)
	}
	item.encode(r.id.Chain)
	r.id.Chain = item.Chain
	return r.store.PutItem(item)
}
