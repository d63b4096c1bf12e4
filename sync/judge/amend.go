package judge

import (
	"fmt"
	"math"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// original is a quarantined change set that another one replaces: its entry, those that it was to replace itself, and
// the least that their author knew.
type original struct {
	entry *Entry
	older []*Entry
	k     uint64
}

// amended finds the quarantined change set that cs replaces; nil if it replaces none. One that was closed before
// cannot be closed again, or its stock would move twice.
func (b *Batch) amended(cs *record.ChangeSet, author Author) (*original, error) {
	if cs.Amends.IsZero() {
		return nil, nil
	}
	e, err := b.store.Entry(cs.Amends)
	if err != nil {
		return nil, err
	}
	if e == nil || e.Outcome != wire.Quarantined {
		return nil, fault.New(fault.Invalid, "it replaces a change that is not waiting for a decision")
	}
	if e, err = b.judgedFirst(e); err != nil {
		return nil, err
	}
	by, err := b.actor(e.Dot.Actor)
	if err != nil {
		return nil, err
	}
	if !author.Trusted && (by == nil || by.Person != author.Person) {
		return nil, fault.New(fault.NotAllowed, "it replaces a change of somebody else")
	}
	if !e.Closed.IsZero() {
		return nil, errClosed
	}
	o := &original{entry: e, k: math.MaxUint64}
	return o, b.addOlder(o, by, e, len(cs.Rows) == 0)
}

var errClosed = fault.New(fault.Closed, "the change that this one replaces was already decided")

// addOlder follows a change set that was sent again, and refused again, to those before it: they are the same work, and
// of them one at most takes effect. A dismissal ends one alone.
func (b *Batch) addOlder(o *original, by *Actor, e *Entry, dismissal bool) error {
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return fmt.Errorf("judge: ledger entry %v: %w", e.Dot, err)
	}
	o.k = min(o.k, b.knowledge(by, cs))
	if dismissal || cs.Amends.IsZero() {
		return nil
	}
	older, err := b.store.Entry(cs.Amends)
	if err != nil || older == nil || older.Outcome != wire.Quarantined {
		return err
	}
	if older, err = b.judgedFirst(older); err != nil {
		return err
	}
	if !older.Closed.IsZero() {
		took, err := b.tookEffect(older.Closed)
		if took {
			return errClosed
		}
		return err
	}
	o.older = append(o.older, older)
	return b.addOlder(o, by, older, false)
}

// tookEffect reports whether what closed a quarantined change set was more than a dismissal.
func (b *Batch) tookEffect(d clock.Dot) (bool, error) {
	e, err := b.store.Entry(d)
	if err != nil || e == nil {
		return false, err
	}
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return false, fmt.Errorf("judge: ledger entry %v: %w", d, err)
	}
	return len(cs.Rows) > 0, nil
}

func (b *Batch) closeAmended(o *original, by clock.Dot) error {
	if o == nil {
		return nil
	}
	for _, e := range append(o.older, o.entry) {
		e.Closed = by
		if err := b.store.PutEntry(e); err != nil {
			return err
		}
	}
	return nil
}
