package judge

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/merge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// merging is the state of taking in one change set.
type merging struct {
	cs      *record.ChangeSet
	rows    []record.RowChange
	as      clock.Dot // see merge.Write.As
	eff     clock.Stamp
	revived []record.Key // rows that were brought back because something of theirs was written
	changed bool         // some row is now another than its author's
}

// decide has the domain review what is written, and returns what is to be merged: that, or what the domain says in its place;
// and what the hub is to write besides. claim is nil for what the office and the hub write.
func (b *Batch) decide(author Author, claim *claim, cs *record.ChangeSet, eff clock.Stamp) (m merging, also []record.RowChange, err error) {
	decision, err := b.review(cs, author)
	if err != nil {
		return m, nil, err
	}
	m = merging{cs: cs, eff: eff, rows: cs.Rows}
	if decision.Instead == nil {
		return m, decision.Also, nil
	}
	m.rows, m.changed = decision.Instead, true
	if claim != nil {
		err = claim.mayDivert(cs, decision.Instead)
	}
	return m, decision.Also, err
}

func (b *Batch) mergeAll(m *merging) error {
	for i := range m.rows {
		if err := b.mergeRow(m, &m.rows[i]); err != nil {
			return err
		}
	}
	for i := range m.rows {
		if err := b.regrant(&m.rows[i]); err != nil {
			return err
		}
	}
	for _, key := range m.revived { // as when it was deleted, everything about it may give another hold than before
		if err := b.regrant(&record.RowChange{Op: record.Delete, Table: key.Table, ID: key.ID}); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) mergeRow(m *merging, c *record.RowChange) error {
	t := b.Schema.TableByID(c.Table)
	saw, err := b.believable(c, m.cs.Dot.Actor)
	if err != nil {
		return err
	}
	unseen, err := b.unseen(saw, m.cs.Dot.Actor)
	if err != nil {
		return err
	}
	again, err := b.cameAgain(c.Key(), m.cs.Dot.Actor)
	if err != nil {
		return err
	}
	w := &merge.Write{Op: c.Op, Dot: m.cs.Dot, As: m.as, Eff: m.eff, Context: saw, Unseen: unseen, Cells: c.Cells}
	before, err := b.Row(c.Key())
	if err != nil {
		return err
	}
	if before != nil && before.Deleted && c.Op != record.Delete {
		m.revived = append(m.revived, c.Key())
	}
	conflicts, err := b.write(t, c.Key(), w)
	if err != nil {
		return err
	}
	row := b.rows[c.Key()].row
	m.changed = m.changed || again || len(conflicts) > 0 || !row.Vector.Equal(c.Context.With(m.cs.Dot)) ||
		row.Deleted != (c.Op == record.Delete)
	for _, conflict := range conflicts {
		if err := b.putConflict(row, conflict, saw); err != nil {
			return err
		}
	}
	return b.revive(m, row)
}

// cameAgain reports whether the row went back with a restore and came forward again by what devices had kept. Then its
// vector is what somebody may have seen of it before, while his device by now has the row as it went back: that it has it
// as it is shows in nothing but what another than its author wrote in this epoch.
func (b *Batch) cameAgain(key record.Key, author clock.Actor) (bool, error) {
	if b.Epoch == 0 {
		return false, nil
	}
	row, err := b.Row(key)
	if err != nil || row == nil || row.Seq <= b.RestoreAt {
		return false, err
	}
	for d := range row.Vector.All() {
		if d.Actor != author && d.Actor.Epoch() >= b.Epoch {
			return false, nil
		}
	}
	return true, nil
}

func (b *Batch) putConflict(row *record.Row, c merge.Conflict, saw clock.Vector) error {
	return b.store.PutConflict(Conflict{
		Row: row.Key(), Cell: c.Cell, Seq: b.seq, Ask: c.Ask, Open: c.Open, Values: c.Standing, Context: saw,
	})
}

// revive brings back the deleted row that owns a row which was just written: an edit of the part is an edit of the
// whole.
func (b *Batch) revive(m *merging, row *record.Row) error {
	if row.Table.Parent == "" || row.Deleted {
		return nil
	}
	key, ok := b.parent(row)
	if !ok {
		return nil
	}
	parent, err := b.Row(key)
	if err != nil || parent == nil || !parent.Deleted {
		return err
	}
	m.changed, m.revived = true, append(m.revived, key)
	w := &merge.Write{Op: record.Update, Dot: m.cs.Dot, Eff: m.eff}
	conflicts, err := b.write(parent.Table, key, w)
	if err != nil {
		return err
	}
	for _, c := range conflicts {
		if err := b.putConflict(parent, c, clock.Vector{}); err != nil {
			return err
		}
	}
	return b.revive(m, parent)
}

func (b *Batch) parent(row *record.Row) (record.Key, bool) {
	column := row.Table.Columns[row.Table.Column(row.Table.Parent)]
	id := row.Get(row.Table.Parent).Ref()
	return record.Key{Table: b.Schema.Table(column.Ref).ID, ID: id}, !id.IsZero()
}

// believable returns the part of a change's context that its author can have seen: of others who write in this epoch,
// no more than the row carries, for nobody hears of a change set before the hub has judged it. A claim to have seen what
// comes would silence whoever writes next. Of earlier epochs he may know what a restore has lost.
func (b *Batch) believable(c *record.RowChange, by clock.Actor) (clock.Vector, error) {
	row, err := b.Row(c.Key())
	if err != nil {
		return clock.Vector{}, err
	}
	var carries clock.Vector
	if row != nil {
		carries = row.Vector
	}
	if carries.CoversAll(c.Context) {
		return c.Context, nil
	}
	var dots []clock.Dot
	for d := range c.Context.All() {
		if d.Actor != by && d.Actor.Epoch() >= b.Epoch {
			d.Counter = min(d.Counter, carries.Get(d.Actor))
		}
		if d.Counter > 0 {
			dots = append(dots, d)
		}
	}
	return clock.NewVector(dots)
}

// unseen returns the part of an author's context that the hub has not applied: change sets it has not judged, as
// after a restore, and his own that stand in quarantine. The cells he wrote remember it, so that what he had knowingly
// replaced does not come back when it arrives after him. Of others' quarantined change sets a context says nothing: it
// covers their numbers for the sake of later ones.
func (b *Batch) unseen(context clock.Vector, by clock.Actor) (clock.Vector, error) {
	var failed error
	open := context.Filter(func(d clock.Dot) bool {
		actor, err := b.actor(d.Actor)
		if err == nil && (actor == nil || d.Counter > actor.Counter) {
			return true
		}
		var oldest uint64
		if err == nil && d.Actor == by {
			oldest, err = b.store.OldestQuarantined(d.Actor)
		}
		if err != nil {
			failed = err
		}
		return oldest != 0 && oldest <= d.Counter
	})
	return open, failed
}

// keysOf returns the rows that the change set writes, but for those of tables that only a newer app knows.
func (b *Batch) keysOf(cs *record.ChangeSet) []record.Key {
	return appendKeys(make([]record.Key, 0, len(cs.Rows)), b.Schema, cs)
}

func appendKeys(keys []record.Key, s *schema.Schema, cs *record.ChangeSet) []record.Key {
	for i := range cs.Rows {
		if s.TableByID(cs.Rows[i].Table) != nil {
			keys = append(keys, cs.Rows[i].Key())
		}
	}
	return keys
}
