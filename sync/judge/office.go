package judge

import (
	"fmt"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// Commit takes in a change set that was made on the hub: by an office person, a token, or the hub itself. The caller
// has checked permissions; contexts are those of the rows that the author was shown, never of the commit. What would
// send a device's change set to quarantine is an error here, and nothing is kept.
func (b *Batch) Commit(author Author, a clock.Actor, changes []record.RowChange, cause string) (Ruling, error) {
	return b.commit(author, a, clock.Dot{}, changes, cause)
}

func (b *Batch) commit(author Author, a clock.Actor, amends clock.Dot, changes []record.RowChange, cause string) (Ruling, error) {
	author.Trusted = true
	actor, err := b.actor(a)
	if err != nil {
		return Ruling{}, err
	}
	if actor == nil {
		return Ruling{}, fmt.Errorf("judge: %v was never handed out", a)
	}
	cs := &record.ChangeSet{
		Dot: clock.Dot{Actor: a, Counter: actor.Counter + 1}, Stamp: b.now, Epoch: b.Epoch, K: b.seq,
		Amends: amends, Cause: cause, Rows: changes,
	}
	b.salt(cs)
	encoded := cs.AppendBinary(nil)
	if len(encoded) > record.MaxChangeSet || len(changes) > record.MaxRows { // nobody could read it again
		return Ruling{}, fault.New(fault.TooLarge, "this is too much to change at once; do it in smaller steps")
	}
	b.seq++
	e := &Entry{Dot: cs.Dot, Seq: b.seq, Eff: b.now, Encoded: encoded, Hash: record.HashOf(encoded)}
	e.Origin = cs.First(e.Hash)
	var also []record.RowChange
	if amends.IsZero() {
		also, err = b.accept(author, actor, Parsed{set: cs}, e)
	} else {
		err = b.release(author, cs, e)
	}
	if err != nil {
		b.seq--
		return Ruling{}, err
	}
	b.advance(actor, cs, e.Hash)
	r := ruling(e, cs)
	r.Return = b.keysOf(cs)
	if err := b.store.PutEntry(e); err != nil {
		return Ruling{}, err
	}
	return r, b.also(also, cs)
}

// Release applies a quarantined change set in the name of an office person, as it was or with the rows amended. It
// enters under a dot of its own that names the old one. Its contexts stay the original ones: releasing knows no more
// than the technician did; and whoever wrote on top of the refused change counts as having seen this one.
func (b *Batch) Release(author Author, a clock.Actor, old clock.Dot, amended []record.RowChange) (Ruling, error) {
	e, err := b.store.Entry(old)
	if err != nil {
		return Ruling{}, err
	}
	if e == nil {
		return Ruling{}, fault.New(fault.UnknownRow, "there is no such change")
	}
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return Ruling{}, fmt.Errorf("judge: ledger entry %v: %w", old, err)
	}
	rows := cs.Rows
	if amended != nil {
		rows = withContexts(amended, cs.Rows)
	}
	return b.commit(author, a, old, rows, "release")
}

// Dismiss closes a quarantined change set without applying it.
func (b *Batch) Dismiss(author Author, a clock.Actor, old clock.Dot) (Ruling, error) {
	return b.commit(author, a, old, nil, "dismiss")
}

// withContexts gives amended changes the contexts of the originals; a row that the original did not touch keeps the
// one it was given.
func withContexts(amended, original []record.RowChange) []record.RowChange {
	rows := append([]record.RowChange(nil), amended...)
	for i := range rows {
		for j := range original {
			if rows[i].Key() == original[j].Key() {
				rows[i].Context = original[j].Context
			}
		}
	}
	return rows
}

// release is accept for a change set that closes a quarantined one.
func (b *Batch) release(author Author, cs *record.ChangeSet, e *Entry) error {
	original, err := b.amended(cs, author)
	if err != nil {
		return err
	}
	if err := b.check(author, cs); err != nil {
		return err
	}
	e.Eff, e.Outcome = original.entry.Eff, wire.Merged
	m := merging{cs: cs, rows: cs.Rows, as: cs.Amends, eff: e.Eff}
	if err := b.mergeAll(&m); err != nil {
		return err
	}
	return b.closeAmended(original, cs.Dot)
}
