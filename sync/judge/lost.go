package judge

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// looks is how much more may be read to learn whether something is lacking. One is a row, or a change set of up to lookBytes
// in the ledger; a longer one counts as several. Whose device says what it held, says whom the hub has to ask about.
type looks int

// How much is read, at most, while others wait for the transaction: for one copy, beyond which a person is asked; and for all
// of them, beyond which the device offers the rest again, and copies that were kept stay open. A push of 10,000 change sets
// costs as much.
const (
	maxRowLooks looks = 2_000
	maxLooks    looks = 20_000
	lookBytes         = 4 << 10
)

// forOne looks at one copy, which may always take all that one may.
func (l *looks) forOne(look func(left *looks) error) error {
	left := maxRowLooks
	err := look(&left)
	*l -= maxRowLooks - left
	return err
}

// look reads an entry of the ledger.
func (b *Batch) look(d clock.Dot, left *looks) (*Entry, error) {
	e, err := b.store.Entry(d)
	*left--
	if e != nil {
		*left -= looks(len(e.Encoded) / lookBytes)
	}
	return e, err
}

// lacks reports whether some change set of an earlier epoch that a row had taken in, before it showed what the change would
// bring back, was never judged by this hub, as far as it knows. A device whose rows lost their vectors cannot say; its
// values decide. Where too much would have to be read, a person does.
func (b *Batch) lacks(have *record.Row, lost *record.RowChange, left *looks) (bool, error) {
	if lost.Context.IsZero() {
		return true, nil
	}
	since, before := written{}, written{} // by those that came after the restore, and those that it left
	var earlier []clock.Dot
	for d := range lost.Context.All() {
		if d.Actor.Epoch() >= b.Epoch {
			continue
		}
		if *left <= 0 {
			return true, nil
		}
		judged, err := b.look(d, left)
		if err != nil {
			return true, err
		}
		if judged == nil && (have == nil || !have.Vector.Covers(d)) {
			return true, nil
		}
		earlier = append(earlier, d)
		if judged == nil {
			continue
		}
		cs, err := read(judged)
		if err != nil {
			return true, err
		}
		if judged.Seq <= b.RestoreAt {
			before.add(cs, lost.Key())
			continue
		}
		if touches, err := b.touches(cs, lost.Key(), left); !touches || err != nil {
			return true, err
		}
		since.add(cs, lost.Key())
	}
	others := map[record.CellID]record.Value{}
	for _, w := range lost.Cells {
		if isAnothers(have, w, since, before) {
			others[w.CellID] = w.Value
		}
	}
	known, err := b.wroteEarlier(lost.Key(), earlier, others, left)
	return !known, err
}

// written is what change sets wrote in the cells of a row.
type written map[record.CellID][]record.Value

func (w written) add(cs *record.ChangeSet, key record.Key) {
	for x := range writesOn(cs, key) {
		w[x.CellID] = append(w[x.CellID], x.Value)
	}
}

// writesOn returns what the change set writes in the row.
func writesOn(cs *record.ChangeSet, key record.Key) iter.Seq[record.CellWrite] {
	return func(yield func(record.CellWrite) bool) {
		for i := range cs.Rows {
			if cs.Rows[i].Key() != key {
				continue
			}
			for _, w := range cs.Rows[i].Cells {
				if !yield(w) {
					return
				}
			}
		}
	}
}

// touches reports whether the change set is of the row, or of what belongs to it, which brings it back.
func (b *Batch) touches(cs *record.ChangeSet, key record.Key, left *looks) (bool, error) {
	if slices.ContainsFunc(cs.Rows, func(c record.RowChange) bool { return c.Key() == key }) {
		return true, nil
	}
	for i := range cs.Rows {
		if *left <= 0 {
			return false, nil
		}
		line, err := b.lineOf(&cs.Rows[i])
		if *left -= looks(len(line)); err != nil || slices.Contains(line, key) {
			return err == nil, err
		}
	}
	return false, nil
}

// read returns the change set of an entry.
func read(e *Entry) (*record.ChangeSet, error) {
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return nil, fmt.Errorf("judge: ledger entry %v: %w", e.Dot, err)
	}
	return cs, nil
}

// deepest is how many rows own one another at most: schemas have two or three.
const deepest = 16

// lineOf returns the row that the change is of, the one that owns it, and so on. Of a row that is not here, since what makes
// it is in quarantine, the change itself says whose it was to be.
func (b *Batch) lineOf(c *record.RowChange) (line []record.Key, err error) {
	for key, ok := c.Key(), true; ok && len(line) < deepest; {
		line = append(line, key)
		row, err := b.Row(key)
		if err != nil {
			return nil, err
		}
		if row == nil && key == c.Key() {
			if t := b.Schema.TableByID(c.Table); t != nil {
				row = record.NewRow(t, c, clock.Dot{})
			}
		}
		if row == nil || row.Table.Parent == "" {
			break
		}
		key, ok = b.parent(row)
	}
	return line, nil
}

// isAnothers reports whether the value is lost, in whose cell those wrote that came after the restore, and none of them that
// value. A phone's file that was copied before the restore may have brought other work under a number than that which was
// lost: a needless question beats a lost value.
// One that stands beside the value shown is not lost, nor is one that the restore left, and that others replaced since.
func isAnothers(have *record.Row, w record.CellWrite, since, before written) bool {
	wrote := since[w.CellID]
	return len(wrote) > 0 && !slices.Contains(wrote, w.Value) && !slices.Contains(before[w.CellID], w.Value) && !stands(have, w)
}

// maxEarlier is how far back a value is looked for in the work of each who wrote on the row; beyond, a person is asked.
const maxEarlier = 200

// wroteEarlier reports whether those whom the row's vector names wrote all the values, with earlier numbers than those that it
// names: then they are in the ledger, and others replaced them. What everybody did last is looked at first.
func (b *Batch) wroteEarlier(key record.Key, by []clock.Dot, values map[record.CellID]record.Value, left *looks) (bool, error) {
	for n := uint64(1); n <= maxEarlier && len(values) > 0; n++ {
		by = slices.DeleteFunc(by, func(d clock.Dot) bool { return n >= d.Counter })
		for _, d := range by {
			if *left <= 0 {
				return false, nil
			}
			e, err := b.look(clock.Dot{Actor: d.Actor, Counter: d.Counter - n}, left)
			if err != nil {
				return false, err
			}
			if e == nil {
				continue
			}
			cs, err := read(e)
			if err != nil {
				return false, err
			}
			for w := range writesOn(cs, key) {
				if v, missing := values[w.CellID]; missing && v == w.Value {
					delete(values, w.CellID)
				}
			}
		}
	}
	return len(values) == 0, nil
}

// stands reports whether the value is among those of the cell that nobody has replaced.
func stands(row *record.Row, w record.CellWrite) bool {
	if row == nil || row.Meta == nil {
		return false
	}
	at, known := row.Meta.Find(w.CellID)
	return known && slices.ContainsFunc(row.Meta.Cells[at].Others, func(s record.Standing) bool { return s.Value == w.Value })
}

// lostChange returns the change that would bring to the hub's row what a device held of it: the values that differ. A null
// is not a value: that something was cleared is not brought back. It is nil where nothing differs. Of a row that may only
// be added, another version can be read, and not be applied.
func lostChange(t *schema.Table, have *record.Row, batch *wire.Rows, in *wire.Row) *record.RowChange {
	c := &record.RowChange{Op: record.Insert, Table: t.ID, ID: in.ID, Context: in.Vector}
	switch {
	case have == nil && in.Deleted:
		return nil
	case have != nil && in.Deleted:
		if c.Op = record.Delete; have.Deleted {
			return nil
		}
		return c
	case have != nil:
		c.Op = record.Update
	}
	for i, id := range batch.Columns {
		at := t.ColumnByID(id)
		if at < 0 || i >= len(in.Values) || have != nil && t.Mode != schema.Ledger && t.Columns[at].Has(schema.Immutable) {
			continue
		}
		addLost(c, &t.Columns[at], have, at, in.Values[i])
	}
	completeGroups(c, t, have, batch, in)
	slices.SortFunc(c.Cells, func(x, y record.CellWrite) int { return x.Compare(y.CellID) })
	if len(c.Cells) == 0 && have != nil {
		return nil
	}
	return c
}

// addLost adds the cells of a column that differ.
func addLost(c *record.RowChange, column *schema.Column, have *record.Row, at int, v record.Value) {
	if v.IsNull() {
		return
	}
	if !column.Kind.Keyed() {
		if record.Check(column, "", v) == nil && (have == nil || have.Cols[at] != v) {
			c.Cells = append(c.Cells, record.CellWrite{CellID: record.CellID{Column: column.ID}, Value: v})
		}
		return
	}
	standing := map[string]record.Value{}
	if have != nil {
		standing = maps.Collect(have.Cols[at].Cells())
	}
	for key, x := range v.Cells() {
		if !x.IsNull() && record.Check(column, key, x) == nil && standing[key] != x {
			c.Cells = append(c.Cells, record.CellWrite{CellID: record.CellID{Column: column.ID, Key: key}, Value: x})
		}
	}
}

// completeGroups adds the other columns of each group of which one differs: they are written together.
func completeGroups(c *record.RowChange, t *schema.Table, have *record.Row, batch *wire.Rows, in *wire.Row) {
	if have == nil && len(c.Cells) == 0 {
		return
	}
	groups := map[string]bool{}
	written := map[schema.ColumnID]bool{}
	for _, w := range c.Cells {
		written[w.Column] = true
		if g := t.Columns[t.ColumnByID(w.Column)].Group; g != "" {
			groups[g] = true
		}
	}
	for i := range t.Columns {
		column := &t.Columns[i]
		if !groups[column.Group] || written[column.ID] {
			continue
		}
		w := record.CellWrite{CellID: record.CellID{Column: column.ID}}
		if at := slices.Index(batch.Columns, column.ID); at >= 0 && at < len(in.Values) && record.Check(column, "", in.Values[at]) == nil {
			w.Value = in.Values[at]
		} else if have != nil {
			w.Value = have.Cols[i]
		}
		c.Cells = append(c.Cells, w)
	}
}
