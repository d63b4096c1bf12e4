package device

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Greet takes in the hub's Welcome: the clock's offset, a new incarnation, a new epoch. now is the device's clock when
// the message came, in ms since 1970 UTC. It reports whether the session must begin again for a new incarnation: another
// copy writes with this one. What is not sent yet goes under its old names first, and gets others where those are taken.
func (r *Replica) Greet(w *wire.Welcome, now int64) (renew bool, err error) {
	if w.Actor == 0 && w.Epoch == r.id.Epoch && r.id.Actor != Provisional {
		copied, err := r.copied(w)
		if err != nil {
			return false, err
		}
		if copied {
			return true, r.Renounce()
		}
	}
	return false, r.greet(w, now)
}

// copied reports whether the hub has judged change sets under the device's incarnation that the device did not write: more
// than it has written, or others, by the chain of their hashes up to the last that the hub knows. Where that one is
// not here any more, the next to be sent will tell.
func (r *Replica) copied(w *wire.Welcome) (bool, error) {
	switch {
	case w.Known == r.id.Counter:
		return w.Chain != r.id.Chain, nil
	case w.Known > r.id.Counter:
		return true, nil
	}
	item, err := r.store.Item(clock.Dot{Actor: r.id.Actor, Counter: w.Known})
	return err == nil && item != nil && w.Chain != item.Chain, err
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
		if err := r.relearn(); err != nil {
			return err
		}
	}
	if upTo := Forgettable(r.id, w); upTo > 0 {
		if err := r.store.Forget(upTo); err != nil {
			return err
		}
	}
	return r.store.PutIdentity(r.id)
}

// Forgettable returns up to which commit the device need not keep what it wrote: backups have it, and pages have told what becomes of
// the rows that it is on. Until then it says which rows a verdict may have brought: see leaveUnnamed.
func Forgettable(id *Identity, w *wire.Welcome) uint64 {
	if slices.Min(id.Cursors[:]) == 0 { // some class is yet to come, or comes anew
		return 0
	}
	return min(w.BackedUp, id.Cursors[schema.ClassWork])
}

// relearn makes the device fetch everything again: the app knows columns that it passed over before. Until a row has
// come again, nothing of it counts as seen: its vector covers values that nobody was shown.
func (r *Replica) relearn() error {
	r.id.Schema = r.schema.Version
	r.id.Cursors = [schema.Classes]uint64{}
	r.id.Resume, r.id.Partial = nil, [3]uint64{}
	pinned, err := r.store.Bases()
	if err != nil {
		return err
	}
	for _, key := range pinned {
		base, err := r.store.Base(key)
		if err != nil {
			return err
		}
		base.Low = clock.Vector{}
		if base.Row != nil {
			base.Row.Vector = clock.Vector{}
		}
		if err := r.store.PutBase(key, base); err != nil {
			return err
		}
	}
	for class := range schema.Class(schema.Classes) {
		if err := r.unsee(class); err != nil {
			return err
		}
	}
	return nil
}

// unsee empties the vectors of the rows of a class.
func (r *Replica) unsee(class schema.Class) error {
	return r.eachHeld(class, func(key record.Key) error {
		row, err := r.store.Row(key)
		if err != nil || row == nil || row.Vector.IsZero() {
			return err
		}
		row.Vector = clock.Vector{}
		return r.store.PutRow(row)
	})
}

// rewind begins a new epoch: the hub's history went back. The device forgets how far it had come, so that everything
// it holds is compared; it keeps copies of what the hub may lack; and whatever it had been told is sent again, with the
// verdict it had. What the hub lacks is then decided by dot and hash, never by a counter.
func (r *Replica) rewind(w *wire.Welcome) error {
	if err := r.bearWitness(w.Common); err != nil {
		return err
	}
	r.id.Epoch = w.Epoch
	r.id.Cursors = [schema.Classes]uint64{}
	r.id.Resume, r.id.Partial = nil, [3]uint64{}
	for _, state := range []State{Accepted, Refused, Closed} {
		if err := eachItem(r.store, state, r.reopen); err != nil {
			return err
		}
	}
	return nil
}

// reopen makes a change set one that is sent again. An accepted one waits once more; one that was refused stays what its
// author, or the office, made of it.
func (r *Replica) reopen(item *Item) error {
	accepted := item.State == Accepted
	item.Seq = Unjudged
	if accepted {
		item.State = Pending
	}
	if err := r.store.PutItem(item); err != nil || !accepted {
		return err
	}
	return r.repin(item)
}

// repin keeps the rows of a change set that is pending again apart from what the hub will send for them. Nothing of
// the row counts as seen by later writes but what the restored hub shows.
func (r *Replica) repin(item *Item) error {
	for i := range item.Change.Rows {
		key := item.Change.Rows[i].Key()
		if base, err := r.store.Base(key); err != nil {
			return err
		} else if base != nil {
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

// Found makes the store a replica of the person's: an empty one, or one that lost who it is with a damaged file. What
// such a one has to send is stamped anew, as after Reenrol, and its queue goes on behind it.
func Found(store Store, s *schema.Schema, device, person record.ID) error {
	last, err := lastInQueue(store)
	if err != nil {
		return err
	}
	id := &Identity{Device: device, Person: person, Actor: Provisional, Schema: s.Version, Queue: last}
	if err := store.PutIdentity(id); err != nil || last == 0 {
		return err
	}
	r, err := Open(store, s)
	if err != nil {
		return err
	}
	return r.Reenrol(device)
}

// Number gives a replica that writes under no incarnation the one that came with its enrolment, so that its work has names
// before it has met the hub, and can be brought there by another way. Where the hub's history has to be compared first, it
// waits for the Welcome.
func (r *Replica) Number(a clock.Actor) error {
	fresh := r.id.Epoch == 0 && r.id.Queue == 0 && r.id.Cursors == [schema.Classes]uint64{}
	if a == 0 || r.id.Actor != Provisional || !fresh && r.id.Epoch != a.Epoch() {
		return nil
	}
	r.id.Epoch = a.Epoch()
	if err := r.adopt(a); err != nil {
		return err
	}
	return r.store.PutIdentity(r.id)
}

// lastInQueue returns the highest number of the outbox's items, 0 where there is none.
func lastInQueue(store Store) (last uint64, err error) {
	for _, state := range []State{Pending, Accepted, Refused, Closed} {
		err := eachItem(store, state, func(item *Item) error {
			last = max(last, item.N)
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return last, nil
}

// Reenrol makes the replica another device of its person. Numbers belong to a device, so whatever has no verdict is
// stamped anew; it keeps its identity, and is not taken twice.
func (r *Replica) Reenrol(device record.ID) error {
	r.id.Device = device
	oldest, err := r.store.Items(Pending, 0, 1)
	if err != nil {
		return err
	}
	if len(oldest) == 0 {
		err = r.Renounce()
	} else {
		err = r.fork(oldest[0].Change.Dot)
	}
	if err != nil {
		return err
	}
	return r.store.PutIdentity(r.id)
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
	return r.fork(clock.Dot{Actor: a, Counter: expected})
}

// restamp gives the change sets that are to be sent, from the first one that carries d or a later dot of its actor on,
// new dots of the current incarnation; those that were refused under another actor keep theirs. Contexts are cut to what
// precedes d, and name the change sets before them by their new dots; their identity stays, so that nothing is taken
// twice.
func (r *Replica) restamp(d clock.Dot) error {
	s := restamping{d, map[clock.Dot]clock.Dot{}, map[record.Key]clock.Vector{}}
	for after := uint64(0); ; {
		items, err := toSend(r.store, after, atOnce)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, item := range items {
			after = item.N
			if !s.concerns(item) {
				continue
			}
			if err := r.restampItem(item, &s); err != nil {
				return err
			}
		}
	}
}

// restamping is what was stamped anew so far: dots by the old ones, and the new ones on each row.
type restamping struct {
	from clock.Dot
	dots map[clock.Dot]clock.Dot
	rows map[record.Key]clock.Vector
}

func (s *restamping) concerns(item *Item) bool {
	d := item.Change.Dot
	return d.Actor == s.from.Actor && d.Counter >= s.from.Counter || len(s.dots) > 0 && item.State == Pending
}

func (r *Replica) restampItem(item *Item, s *restamping) error {
	cs := item.Change
	cs.Origin = cs.First(item.Hash)
	r.id.Counter++
	old, fresh := cs.Dot, clock.Dot{Actor: r.id.Actor, Counter: r.id.Counter}
	cs.Dot, s.dots[old] = fresh, fresh
	if renamed, ok := s.dots[cs.Amends]; ok {
		cs.Amends = renamed
	}
	for i := range cs.Rows {
		c := &cs.Rows[i]
		c.Context = c.Context.Cut(s.from).Join(s.rows[c.Key()])
		s.rows[c.Key()] = s.rows[c.Key()].With(fresh)
	}
	item.encode(r.id.Chain)
	r.id.Chain = item.Chain
	return r.store.PutItem(item)
}
