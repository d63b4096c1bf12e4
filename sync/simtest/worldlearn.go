package simtest

import (
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// learn gives the replica's file the tables and columns of a later schema, as a migration does: the new columns of the
// rows there are null.
func (d *MemDevice) learn(s *schema.Schema) {
	d.schema = s
	d.state = d.state.snapshot()
	d.state.bind(&d.journal)
	d.state.rows.own()
	d.state.bases.own()
	for i := range d.state.rows.items {
		d.state.rows.items[i].value = relearned(d.state.rows.items[i].value, s)
	}
	d.state.copies.own()
	for i := range d.state.copies.items {
		w := *d.state.copies.items[i].value
		w.Row = relearned(w.Row, s)
		d.state.copies.items[i].value = &w
	}
	for i := range d.state.bases.items {
		b := copyBase(d.state.bases.items[i].value)
		if b.Row != nil {
			b.Row = relearned(b.Row, s)
		}
		d.state.bases.items[i].value = b
	}
}

func relearned(r *record.Row, s *schema.Schema) *record.Row {
	t := s.TableByID(r.Table.ID)
	row := *r
	row.Table, row.Cols = t, make([]record.Value, len(t.Columns))
	for i := range r.Cols {
		row.Cols[t.ColumnByID(r.Table.Columns[i].ID)] = r.Cols[i]
	}
	return &row
}
