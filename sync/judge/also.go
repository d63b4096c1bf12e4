package judge

import (
	"fmt"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// also writes what the hub's rules let follow from a change set that was just taken in: a change set of the hub's own,
// with a commit number of its own behind it, in the same transaction. So its author's verdict is what it would be
// without, and whoever holds the new rows is fed them like any others. Rows that do not fit are a fault of the rules,
// not of the change set: an error, and nothing of either is kept.
func (b *Batch) also(rows []record.RowChange, from *record.ChangeSet) error {
	changes, err := b.following(rows)
	if err != nil || len(changes) == 0 {
		return err
	}
	actor, err := b.actor(b.Own)
	if err != nil {
		return err
	}
	if actor == nil {
		return fmt.Errorf("judge: rows follow from %v, and the hub has no actor of its own", from.Dot)
	}
	cs := &record.ChangeSet{
		Dot: clock.Dot{Actor: b.Own, Counter: actor.Counter + 1}, Stamp: b.now, Epoch: b.Epoch, K: b.seq,
		Cause: from.Cause, Rows: changes,
	}
	b.salt(cs)
	encoded := cs.AppendBinary(nil)
	if len(encoded) > record.MaxChangeSet || len(changes) > record.MaxRows {
		return fmt.Errorf("judge: what follows from %v takes %d bytes for %d rows", from.Dot, len(encoded), len(changes))
	}
	if err := b.check(Author{Trusted: true}, cs); err != nil {
		return fmt.Errorf("judge: what follows from %v does not fit: %v", from.Dot, err) // not wrapped: no reason to refuse it
	}
	b.seq++
	e := &Entry{Dot: cs.Dot, Seq: b.seq, Eff: b.now, Encoded: encoded, Hash: record.HashOf(encoded), Outcome: wire.Applied}
	e.Origin = cs.First(e.Hash)
	if err := b.mergeAll(&merging{cs: cs, eff: e.Eff, rows: cs.Rows}); err != nil {
		return err
	}
	b.advance(actor, cs, e.Hash)
	return b.store.PutEntry(e)
}

// following returns the changes without inserts of rows that are there, each with the context of its row as it is: the
// hub has seen everything.
func (b *Batch) following(rows []record.RowChange) (changes []record.RowChange, err error) {
	for _, c := range rows {
		row, err := b.Row(c.Key())
		if err != nil {
			return nil, err
		}
		if row != nil && c.Op == record.Insert {
			continue
		}
		c.Context = clock.Vector{}
		if row != nil {
			c.Context = row.Vector
		}
		changes = append(changes, c)
	}
	return changes, nil
}
