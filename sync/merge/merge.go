// Package merge brings one row and one write together. It is the heart of the engine and pure: the same writes give
// the same row in whatever order they arrive. DESIGN.md says why.
package merge

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Write is what a change set does to one row, as the hub merges it.
type Write struct {
	Op      record.Op
	Dot     clock.Dot    // names the change set
	As      clock.Dot    // for a released or amended change set: the dot it was first sent under; whoever saw that, saw this
	Eff     clock.Stamp  // effective time
	Context clock.Vector // what the author had seen of the row
	Unseen  clock.Vector // the part of Context that the hub itself has not applied: see Cell.Seen
	Cells   []record.CellWrite
}

// Conflict says that a cell holds values whose authors did not know of each other, or ceased to.
type Conflict struct {
	Cell     record.CellID     // Column 0 stands for the row: it was deleted here and written there
	Standing []record.Standing // the first is shown; of a closed one first what decided it, then what it decided between
	Ask      bool              // a person must settle it
	Open     bool              // more than one value stands
}

// DeletedCell is the cell that a conflict between a delete and a write is recorded under.
var DeletedCell = record.CellID{}

// Apply merges w, committed as seq, into the row, which is the caller's and is changed in place: its shown values,
// vector and metadata. It returns what became of concurrent values. The row must not have w.Dot yet.
func Apply(row *record.Row, w *Write, seq uint64) []Conflict {
	var conflicts []Conflict
	for i := range w.Cells {
		position := row.Table.ColumnByID(w.Cells[i].Column)
		if position < 0 {
			continue
		}
		conflicts = append(conflicts, applyCell(row, position, w, &w.Cells[i], seq)...)
	}
	before := row.Vector
	row.Vector = before.With(w.Dot)
	if c, ok := settleLife(row, w, before, seq); ok {
		conflicts = append(conflicts, c)
	}
	row.Seq = seq
	return conflicts
}

// applyCell merges one written cell and returns what became of a conflict that was in it, or is now.
func applyCell(row *record.Row, position int, w *Write, write *record.CellWrite, seq uint64) []Conflict {
	column := &row.Table.Columns[position]
	cell := cellOf(row.Meta, write.CellID)
	standing := standingOf(row, position, cell)
	newcomer := record.Standing{Dot: w.Dot, Eff: w.Eff, Value: write.Value, As: w.As}
	if !column.Asking() && (replacedBefore(cell, w) || wroteAgain(standing, &newcomer)) {
		// Somebody whose write is already here had seen this one and replaced it: it never stands, but it is recorded.
		return records(column, write.CellID, append(standing, newcomer), standing)
	}
	kept, replaced := split(column, standing, w, write)
	for _, r := range replaced {
		newcomer.Eff = max(newcomer.Eff, r.Eff)
	}
	kept = append(kept, newcomer)
	showFirst(column, kept)
	cell.Seq, cell.Seen = seq, remembered(cell.Seen, w.Unseen)
	cell.Shown, cell.Others = kept[0], append([]record.Standing(nil), kept[1:]...)
	row.Put(position, write.Key, kept[0].Value)
	assumed := func(s record.Standing) bool { return !w.Context.Covers(s.Dot) && s.Value != newcomer.Value }
	if differ(standing) && len(replaced) > 0 || slices.ContainsFunc(replaced, assumed) { // he had not seen what was amended
		return records(column, write.CellID, append([]record.Standing{newcomer}, standing...), kept)
	}
	return records(column, write.CellID, nil, kept)
}

// remembered joins what was seen with what more was, as far as a row can keep it. What is not kept makes later values
// stand beside where they would have been replaced: a question too many, never a value lost.
func remembered(seen, more clock.Vector) clock.Vector {
	if seen.Len()+more.Len() > clock.MaxVectorLen {
		return seen
	}
	return seen.Join(more)
}

// records returns the closed record of values between which a write has decided, and the open one of those that stand
// now, where they differ. The closed one comes first: it ends the record that was open.
func records(column *schema.Column, id record.CellID, decided, standing []record.Standing) []Conflict {
	var list []Conflict
	if len(decided) > 0 {
		list = append(list, Conflict{Cell: id, Standing: decided})
	}
	if differ(standing) {
		list = append(list, Conflict{Cell: id, Standing: standing, Open: true, Ask: needsPerson(column, standing)})
	}
	return list
}

// replacedBefore reports whether an author whose value came to the cell earlier had already seen the write.
func replacedBefore(cell *record.Cell, w *Write) bool {
	return cell.Seen.Covers(w.Dot) || !w.As.IsZero() && cell.Seen.Covers(w.As)
}

// wroteAgain reports whether the author of a released value has a later one standing: he went on from what was refused.
func wroteAgain(standing []record.Standing, released *record.Standing) bool {
	return !released.As.IsZero() && slices.ContainsFunc(standing, func(s record.Standing) bool { return laterOf(s.By(), released.As) })
}

// laterOf reports whether d is a later change set of the same author than e. What the hub keeps for a device is under
// one actor, and of many authors: none of it went on from another.
func laterOf(d, e clock.Dot) bool {
	return d.Actor == e.Actor && d.Counter > e.Counter && d.Actor.Side() != clock.SideHub
}

// hadSeen reports whether the author of the write had seen the standing value. One that was refused and released he had
// seen if it was his own: his context cannot name the dot that it was released under. What a context says of others'
// refused change sets counts for nothing: it covers their numbers for the sake of later ones.
func hadSeen(w *Write, s *record.Standing) bool {
	by := w.Dot
	if !w.As.IsZero() {
		by = w.As
	}
	return w.Context.Covers(s.Dot) || !s.As.IsZero() && laterOf(by, s.As)
}

// cellOf returns the cell's state, which is inserted if the cell was never written.
func cellOf(m *record.Meta, id record.CellID) *record.Cell {
	i, ok := m.Find(id)
	if !ok {
		m.Cells = append(m.Cells, record.Cell{})
		copy(m.Cells[i+1:], m.Cells[i:])
		m.Cells[i] = record.Cell{ID: id}
	}
	return &m.Cells[i]
}

// standingOf returns the values that stand in the cell, the shown one first.
func standingOf(row *record.Row, position int, cell *record.Cell) []record.Standing {
	if cell.Shown.Dot.IsZero() {
		return nil
	}
	shown := cell.Shown
	shown.Value = row.Cols[position]
	if cell.ID.Key != "" {
		shown.Value = row.Cols[position].Cell(cell.ID.Key)
	}
	return append([]record.Standing{shown}, cell.Others...)
}

// split tells the standing values that a write leaves beside it from those that it knowingly replaces: the ones its
// author had seen. Where a person may have to settle, he had only one of them before him: the write replaces the ones it
// names, or else that one and what needs no person beside it. All this depends on what the author saw and on nothing
// else that stands, so that the order of arrival plays no part.
func split(c *schema.Column, standing []record.Standing, w *Write, write *record.CellWrite) (kept, replaced []record.Standing) {
	for _, s := range standing {
		if hadSeen(w, &s) && replaces(c, write, s) {
			replaced = append(replaced, s)
		} else {
			kept = append(kept, s)
		}
	}
	return kept, replaced
}

// replaces reports whether the write, whose author had seen the standing value, replaces it.
func replaces(c *schema.Column, w *record.CellWrite, s record.Standing) bool {
	switch {
	case !c.Asking():
		return true
	case len(w.Settles) > 0:
		return slices.Contains(w.Settles, s.Dot)
	}
	return !needsPerson(c, []record.Standing{s, {Value: w.Saw}})
}

// differ reports whether the values are not all the same.
func differ(standing []record.Standing) bool {
	for i := 1; i < len(standing); i++ {
		if standing[i].Value != standing[0].Value {
			return true
		}
	}
	return false
}

// needsPerson reports whether the values may only be settled by a write that names them.
func needsPerson(c *schema.Column, standing []record.Standing) bool {
	if c.Policy == schema.Ask {
		return differ(standing)
	}
	for _, pair := range c.Asks {
		if has(standing, pair[0]) && has(standing, pair[1]) {
			return true
		}
	}
	return false
}

func has(standing []record.Standing, code string) bool {
	for _, s := range standing {
		if s.Value.Text() == code {
			return true
		}
	}
	return false
}

// settleLife decides whether the row lives. A delete holds while every write in the row was seen by somebody who
// deleted it; any other write brings the row back, and that is recorded. Before is the row's vector without the write.
func settleLife(row *record.Row, w *Write, before clock.Vector, seq uint64) (Conflict, bool) {
	m, was := row.Meta, row.Deleted
	if w.Op == record.Delete {
		m.Delete = deletion(m.Delete, w, before)
	}
	if m.Delete == nil {
		return Conflict{}, false
	}
	row.Deleted = m.Delete.Context.CoversAll(row.Vector)
	if was && !row.Deleted {
		m.Born = seq
	}
	unknown := w.Op == record.Delete && !row.Deleted || was && !row.Deleted && !w.Context.Covers(m.Delete.Dot)
	return Conflict{Cell: DeletedCell, Open: false}, unknown
}

// deletion adds a delete to those there were. Its own dot says that the actor's earlier writes in the row were seen as
// well: it counts only where they were, for an office person may delete from a form that is older than his last write.
func deletion(have *record.Deletion, w *Write, before clock.Vector) *record.Deletion {
	d := &record.Deletion{Dot: w.Dot, Context: w.Context}
	if have != nil {
		d.Context = remembered(have.Context, d.Context)
	}
	if d.Context.Get(w.Dot.Actor) >= before.Get(w.Dot.Actor) {
		d.Context = d.Context.With(w.Dot)
	}
	return d
}
