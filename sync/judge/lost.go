package judge

import (
	"fmt"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// lacks reports whether some change set of an earlier epoch that a row had taken in, before it showed what the change would
// bring back, was never judged by this hub, as far as it knows. A device whose rows lost their vectors cannot say; its
// values decide.
func (b *Batch) lacks(have *record.Row, lost *record.RowChange) (bool, error) {
	if lost.Context.IsZero() {
		return true, nil
	}
	var since, before []*record.RowChange // what those did to the row that came after the restore, and that it left
	for d := range lost.Context.All() {
		if d.Actor.Epoch() >= b.Epoch {
			continue
		}
		judged, err := b.store.Entry(d)
		if err != nil {
			return true, err
		}
		if judged == nil && (have == nil || !have.Vector.Covers(d)) {
			return true, nil
		}
		if judged == nil {
			continue
		}
		did, touches, err := b.changeOf(judged, lost.Key())
		switch {
		case err != nil:
			return true, err
		case judged.Seq <= b.RestoreAt:
			before = append(before, did...)
		case !touches:
			return true, nil
		default:
			since = append(since, did...)
		}
	}
	for _, w := range lost.Cells {
		if !isAnothers(have, w, since, before) {
			continue
		}
		if known, err := b.wroteEarlier(lost, w); !known || err != nil {
			return true, err
		}
	}
	return false, nil
}

// changeOf returns what the change set of the entry writes in the row, and whether it touches it at all: by what belongs to
// it, too, which brings it back.
func (b *Batch) changeOf(e *Entry, key record.Key) (did []*record.RowChange, touches bool, err error) {
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return nil, false, fmt.Errorf("judge: ledger entry %v: %w", e.Dot, err)
	}
	for i := range cs.Rows {
		if cs.Rows[i].Key() == key {
			did = append(did, &cs.Rows[i])
		}
		line, err := b.lineOf(&cs.Rows[i])
		if err != nil {
			return nil, false, err
		}
		touches = touches || slices.Contains(line, key)
	}
	return did, touches, nil
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
func isAnothers(have *record.Row, w record.CellWrite, since, before []*record.RowChange) bool {
	wrote, same := writes(since, w)
	_, left := writes(before, w)
	return wrote && !same && !left && !stands(have, w)
}

// maxEarlier is how far back a value is looked for in the work of each who wrote on the row; beyond, a person is asked.
const maxEarlier = 200

// wroteEarlier reports whether somebody whom the row's vector names wrote the value with an earlier number than that which it
// names: then it is in the ledger, and others replaced it.
func (b *Batch) wroteEarlier(lost *record.RowChange, w record.CellWrite) (bool, error) {
	for d := range lost.Context.All() {
		for n := uint64(1); n < d.Counter && n <= maxEarlier; n++ {
			e, err := b.store.Entry(clock.Dot{Actor: d.Actor, Counter: d.Counter - n})
			if err != nil {
				return false, err
			}
			if e == nil {
				continue
			}
			did, _, err := b.changeOf(e, lost.Key())
			if _, wrote := writes(did, w); wrote || err != nil {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// writes reports whether one of the changes writes the cell, and whether one writes the very value.
func writes(changes []*record.RowChange, w record.CellWrite) (cell, value bool) {
	for _, c := range changes {
		for _, x := range c.Cells {
			cell = cell || x.CellID == w.CellID
			value = value || x.CellID == w.CellID && x.Value == w.Value
		}
	}
	return cell, value
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
	for key, x := range v.Cells() {
		if !x.IsNull() && record.Check(column, key, x) == nil && (have == nil || have.Cols[at].Cell(key) != x) {
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
