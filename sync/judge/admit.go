package judge

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Actors is what admitting a device asks of the store.
type Actors interface {
	// Actor returns nil for an actor that was never handed out.
	Actor(clock.Actor) (*Actor, error)
	// ActorsOf returns the incarnations that were handed out for the person, in order.
	ActorsOf(person record.ID) ([]Actor, error)
	Head() (uint64, error)
	// CommitTime returns when the commit was made.
	CommitTime(seq uint64) (clock.Stamp, error)
	// Collected returns the highest commit that was noted as PutCollected says, 0 for none.
	Collected() (uint64, error)
}

// Admission is what the hub makes of a Hello whose sender it has recognised.
type Admission struct {
	Welcome  wire.Welcome
	Cursors  [schema.Classes]uint64 // where its pages begin
	Resume   []byte                 // where the page goes on that it has parts of; empty where none does
	NewActor bool                   // the device needs a fresh incarnation: the caller hands it out in Welcome.Actor, and see Begin
	Knows    uint64                 // the K that it begins with
}

// Admit answers a Hello. A device of another epoch begins anew: everything it holds is compared, and it gets a fresh
// incarnation, as does one that has none or claims somebody else's. One that was away so long that deletes may have been
// forgotten begins anew too, as who it was: by the time, or because its file is older than what it acknowledged, as one is
// that was put back, or copied, or lost its last pages with the power. So does one that claims to be ahead of the hub.
// nowMillis is the hub's clock.
func Admit(r Actors, cfg Config, author Author, h *wire.Hello, nowMillis int64) (Admission, error) {
	head, err := r.Head()
	if err != nil {
		return Admission{}, err
	}
	a := Admission{Cursors: h.Cursors}
	a.Welcome = wire.Welcome{
		Epoch: cfg.Epoch, Head: head, Now: nowMillis, Schema: cfg.Schema.Version,
	}
	if h.Epoch != cfg.Epoch && h.Epoch == cfg.Before {
		a.Welcome.Common = cfg.RestoreAt
	}
	forgets := forgetting{Actors: r, head: head, now: nowMillis}
	if forgets.collected, err = r.Collected(); err != nil {
		return Admission{}, err
	}
	for class, cursor := range h.Cursors {
		forgotten, err := forgets.since(schema.Class(class), cursor)
		if err != nil {
			return Admission{}, err
		}
		if forgotten || h.Epoch != cfg.Epoch {
			a.Cursors[class] = 0
		}
	}
	if h.Epoch == cfg.Epoch { // what was sent in another may be so no more
		if err := forgets.resume(&a, h); err != nil {
			return Admission{}, err
		}
	}
	actor, err := r.Actor(h.Actor)
	if err != nil {
		return Admission{}, err
	}
	if actor == nil || actor.Device != author.Device || actor.Person != author.Person || h.Epoch != cfg.Epoch {
		a.NewActor = true
		a.Knows, err = knows(r, cfg, author)
		return a, err
	}
	a.Welcome.Known, a.Welcome.Chain = actor.Counter, actor.Chain
	return a, nil
}

// forgetting is what a hub can no longer tell a device that has been away.
type forgetting struct {
	Actors
	head, collected uint64
	now             int64
	asked           uint64 // the commit whose time was asked for last: a device is as a rule equally far in every class
	at              clock.Stamp
}

// since reports whether a row may have been deleted after the commit, of which the hub knows nothing any more. It never knew
// anything of a commit that it has not made.
func (f *forgetting) since(class schema.Class, seq uint64) (bool, error) {
	if seq > f.head || class == schema.ClassWork && seq < f.collected {
		return true, nil
	}
	if seq != f.asked {
		var err error
		if f.at, err = f.CommitTime(seq); err != nil {
			return false, err
		}
		f.asked = seq
	}
	return f.now-f.at.Millis() > LongestAbsence.Milliseconds(), nil
}

// resume decides where the page goes on that the device has parts of. It cannot where the pages do not begin where the device
// says, or rows may have been deleted since the page's end and forgotten: the parts that it has may show them. Then the class begins
// with nothing: a page from the cursor would not name a bucket that had begun to enter and was taken away since.
func (f *forgetting) resume(a *Admission, h *wire.Hello) error {
	if len(h.Resume) == 0 {
		return nil
	}
	page, ok := parsePosition(h.Resume)
	if !ok || page.class >= schema.Classes {
		a.Cursors = [schema.Classes]uint64{}
		return nil
	}
	forgotten, err := f.since(page.class, page.to)
	switch {
	case err != nil:
		return err
	case forgotten || a.Cursors != h.Cursors:
		a.Cursors[page.class] = 0
	default:
		a.Resume = h.Resume
	}
	return nil
}

// knows returns the K that the device was heard to have by the incarnation that it had last in this epoch: it does not forget
// that with its number. Of one that forked nobody can say which of the two asks now; nor what somebody who comes out of
// another epoch knows of this one.
func knows(r Actors, cfg Config, author Author) (k uint64, err error) {
	actors, err := r.ActorsOf(author.Person)
	for _, a := range actors {
		if a.Device == author.Device && a.Actor.Epoch() == cfg.Epoch {
			if k = max(a.AckK, a.LastK); a.Forked {
				k = 0
			}
		}
	}
	return k, err
}

// Begin notes what the device knew when it was given the fresh incarnation of its Welcome.
func (a *Admission) Begin(tx Store) error {
	actor, err := tx.Actor(a.Welcome.Actor)
	if err != nil || actor == nil || a.Knows == 0 {
		return err
	}
	actor.AckK = a.Knows
	return tx.PutActor(actor)
}

// Acknowledge notes how far a device has come and which of its change sets have seen that.
func (b *Batch) Acknowledge(a clock.Actor, k, written uint64) error {
	actor, err := b.actor(a)
	if err != nil || actor == nil || k <= actor.AckK { // what is said of the same K again is not more
		return err
	}
	actor.AckK, actor.AckN = min(k, b.seq), written
	return nil
}
