package simtest

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// truth is what nobody in the fleet can know: who wrote what, and what he really saw. Values of the columns that it
// follows are never given twice, so that a value names the write that made it.
type truth struct {
	writes map[place]map[record.Value]*written // by the cell and the value
	sets   []*deed
	byRID  map[record.ID]*deed
	// recorded are the values that were in a conflict's record of a hub that was restored since: those who wrote on knew
	// the conflict, and the record is gone with the hub.
	recorded map[*written]bool
	// held are the values that stood on some phone as the hub had them when the hub was restored.
	held map[*written]*phone
	// named are the change sets that each number stood for on a hub that was restored since.
	named map[clock.Dot]map[record.ID]bool
}

// place is one cell of one row.
type place struct {
	row  record.Key
	cell record.CellID
}

// written is one value that somebody wrote, with every value of the cell that he, and those whose values he saw, saw.
type written struct {
	place
	value record.Value
	saw   map[*written]bool
	rid   record.ID
}

// deed is one change set that was durable on the device or the hub that made it.
type deed struct {
	rid     record.ID
	by      string
	phone   *phone // nil for the office
	instead *deed  // the refused one that it releases or amends
	values  []*written
	deleted []*written // what he saw of the rows that he deleted
	lost    bool       // its phone's file was put back to before it
}

func newTruth() *truth {
	return &truth{
		writes: map[place]map[record.Value]*written{}, byRID: map[record.ID]*deed{}, recorded: map[*written]bool{},
		held: map[*written]*phone{}, named: map[clock.Dot]map[record.ID]bool{},
	}
}

// follows reports whether every value of the column is given once.
func follows(c *schema.Column) bool {
	switch c.Kind {
	case schema.Enum, schema.Set, schema.Ref, schema.AnyRef:
		return false
	}
	return true
}

// view is what an author saw: the shown value of a cell, null if there is none.
type view func(place) record.Value

// viewOf is what rows show.
func viewOf(rows map[record.Key]*record.Row) view {
	return func(p place) record.Value {
		row := rows[p.row]
		if row == nil {
			return record.Null
		}
		i := row.Table.ColumnByID(p.cell.Column)
		if i < 0 {
			return record.Null
		}
		if p.cell.Key != "" {
			return row.Cols[i].Cell(p.cell.Key)
		}
		return row.Cols[i]
	}
}

// note takes down what somebody wrote and what he saw.
func (t *truth) note(d *deed, changes []record.RowChange, saw view) {
	for i := range changes {
		c := &changes[i]
		table := Schema.TableByID(c.Table)
		for _, w := range c.Cells {
			if follows(&table.Columns[table.ColumnByID(w.Column)]) && !w.Value.IsNull() {
				p := place{c.Key(), w.CellID}
				d.values = append(d.values, t.write(p, w.Value, d, saw(p)))
			}
		}
		if c.Op == record.Delete {
			d.deleted = append(d.deleted, t.seen(c.Key(), d, saw)...)
		}
	}
	t.sets = append(t.sets, d)
	t.byRID[d.rid] = d
}

// seeReleased adds to what was seen what the deed releases of it: whoever saw what was refused saw that.
func (d *deed) seeReleased(seen map[*written]bool) {
	if d.instead == nil {
		return
	}
	for _, w := range d.values {
		for _, old := range d.instead.values {
			if old.place == w.place && seen[old] {
				seen[w] = true
			}
		}
	}
}

// wroteOn reports whether he whose refused change set the deed releases wrote the cell again later. That counts as having
// seen what was refused.
func (t *truth) wroteOn(d *deed, p place) bool {
	if d.instead == nil {
		return false
	}
	later := t.sets[slices.Index(t.sets, d.instead)+1:]
	return slices.ContainsFunc(later, func(x *deed) bool {
		return x.phone != nil && d.instead.phone != nil && x.phone.person == d.instead.phone.person && slices.ContainsFunc(x.values, func(w *written) bool { return w.place == p })
	})
}

// stoodForOther reports whether the number once stood for another change set, on a hub that was restored since: of a phone whose
// file was put back unnoticed. Who saw that one seems to have seen this, and nobody can know better; what it says is recorded.
func (t *truth) stoodForOther(number clock.Dot, rid record.ID) bool {
	for other := range t.named[number] {
		if other != rid {
			return true
		}
	}
	return false
}

// testimony returns a deed that stands for what a phone held and the hub had lost: whoever releases it goes on from it.
func (t *truth) testimony(e *judge.Entry) *deed {
	d := &deed{rid: e.Origin.RID}
	for _, c := range must(record.ParseChangeSet(e.Encoded)).Rows {
		for _, w := range c.Cells {
			p := place{c.Key(), w.CellID}
			if known := t.writes[p][w.Value]; known != nil {
				d.values = append(d.values, known)
			}
		}
		if c.Op == record.Delete { // whoever did it first had seen what he saw
			d.deleted = append(d.deleted, t.deletedBefore(c.Key())...)
		}
	}
	return d
}

// deletedBefore returns what those saw who ever deleted the row.
func (t *truth) deletedBefore(k record.Key) (saw []*written) {
	for _, d := range t.sets {
		for _, w := range d.deleted {
			if w.row == k {
				saw = append(saw, w)
			}
		}
	}
	return saw
}

// seen returns the values of the row that somebody saw, and, where he releases what another did, what that one saw.
func (t *truth) seen(k record.Key, d *deed, saw view) (seen []*written) {
	if d.instead != nil {
		seen = append(seen, d.instead.deleted...)
	}
	for p, values := range t.writes {
		if w := values[saw(p)]; p.row == k && w != nil {
			seen = append(seen, w)
		}
	}
	return seen
}

// write takes down one value. What is released was seen by whoever saw what was refused, and is the same where nothing
// was amended.
func (t *truth) write(p place, v record.Value, d *deed, shown record.Value) *written {
	if same := t.writes[p][v]; same != nil {
		return same
	}
	w := &written{place: p, value: v, rid: d.rid, saw: map[*written]bool{}}
	w.see(t.writes[p][shown])
	if d.instead != nil {
		for _, x := range d.instead.values {
			if x.place == p {
				w.see(x)
			}
		}
	}
	if t.writes[p] == nil {
		t.writes[p] = map[record.Value]*written{}
	}
	t.writes[p][v] = w
	return w
}

func (w *written) see(before *written) {
	if before == nil {
		return
	}
	w.saw[before] = true
	for x := range before.saw {
		w.saw[x] = true
	}
}

// noteItem takes down what was written on a phone.
func (t *truth) noteItem(p *phone, item *device.Item, saw view) {
	rid := item.Change.RID(item.Hash)
	t.note(&deed{rid: rid, by: p.name, phone: p}, item.Change.Rows, saw)
}
