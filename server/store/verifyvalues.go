package store

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// authors tells what change sets wrote. A row says of each of its values which change set it is from: so a value that was
// altered where it stands, by a disk or by somebody, is another than what its author wrote.
type authors struct {
	reads
	wrote map[clock.Dot]map[record.Key][]record.CellWrite
}

// authorsKept is of how many change sets it is remembered what they wrote: rows that lie together were written together.
const authorsKept = 16

// verify looks for values of the row that are not what their authors wrote.
func (a *authors) verify(row *record.Row, report *VerifyReport) {
	if row.Meta == nil || row.Deleted {
		return
	}
	for i := range row.Meta.Cells {
		cell := &row.Meta.Cells[i]
		at := row.Table.ColumnByID(cell.ID.Column)
		if at < 0 {
			continue
		}
		written, known := a.written(row.Key(), cell)
		forgotten := written.IsNull() && row.Table.Columns[at].Has(schema.Personal) // erased from what its author wrote
		shown := row.Cols[at]
		if cell.ID.Key != "" {
			shown = shown.Cell(cell.ID.Key)
		}
		if known && !forgotten && shown != written {
			report.problem("%s %s: %s is not what %s wrote", row.Table.Name, row.ID, row.Table.Columns[at].Name, cell.Shown.Dot)
		}
	}
}

// written returns what the author of the cell's shown value wrote; it is not known where the ledger does not say so: others
// look for what is wrong with that.
func (a *authors) written(k record.Key, cell *record.Cell) (v record.Value, known bool) {
	for _, d := range []clock.Dot{cell.Shown.Dot, cell.Shown.As} {
		for _, w := range a.of(d)[k] {
			if w.CellID == cell.ID {
				return w.Value, true
			}
		}
	}
	return record.Null, false
}

// of returns what the change set wrote, by rows.
func (a *authors) of(d clock.Dot) map[record.Key][]record.CellWrite {
	wrote, known := a.wrote[d]
	if known || d.IsZero() {
		return wrote
	}
	if e, err := a.Entry(d); err == nil && e != nil {
		if cs, err := record.ParseChangeSet(e.Encoded); err == nil {
			wrote = make(map[record.Key][]record.CellWrite, len(cs.Rows))
			for i := range cs.Rows {
				wrote[cs.Rows[i].Key()] = cs.Rows[i].Cells
			}
		}
	}
	if len(a.wrote) >= authorsKept || a.wrote == nil {
		a.wrote = make(map[clock.Dot]map[record.Key][]record.CellWrite, authorsKept)
	}
	a.wrote[d] = wrote
	return wrote
}
