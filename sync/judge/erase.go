package judge

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Erase clears every personal value of the rows, those that stand beside the shown ones too, in the author's name. It
// is the one write that changes what is otherwise set once or only added: forgetting somebody overrules keeping a
// record. Devices hear of it as of any change. A row that is not there, or has nothing personal in it, is passed over;
// the zero Ruling says that there was nothing to erase.
func (b *Batch) Erase(author Author, a clock.Actor, rows []record.Key) (Ruling, error) {
	var changes []record.RowChange
	for _, key := range rows {
		row, err := b.Row(key)
		if err != nil {
			return Ruling{}, err
		}
		if row == nil {
			continue
		}
		if c := erasure(row); len(c.Cells) > 0 {
			changes = append(changes, c)
		}
	}
	if len(changes) == 0 {
		return Ruling{}, nil
	}
	author.Trusted, author.erases = true, true
	return b.Commit(author, a, changes, "erase")
}

// erasure returns the change that clears the row's personal cells, naming every value that stands in them.
func erasure(row *record.Row) record.RowChange {
	c := record.RowChange{Op: record.Update, Table: row.Table.ID, ID: row.ID, Context: row.Vector}
	for _, cell := range row.Meta.Cells {
		i := row.Table.ColumnByID(cell.ID.Column)
		if i < 0 || !row.Table.Columns[i].Has(schema.Personal) || empty(row, i, &cell) {
			continue
		}
		c.Cells = append(c.Cells, record.CellWrite{CellID: cell.ID, Settles: standingDots(&cell)})
	}
	return c
}

func empty(row *record.Row, position int, c *record.Cell) bool {
	shown := row.Cols[position]
	if c.ID.Key != "" {
		shown = shown.Cell(c.ID.Key)
	}
	return shown.IsNull() && !slices.ContainsFunc(c.Others, func(s record.Standing) bool { return !s.Value.IsNull() })
}

func standingDots(c *record.Cell) []clock.Dot {
	dots := []clock.Dot{c.Shown.Dot}
	for _, o := range c.Others {
		dots = append(dots, o.Dot)
	}
	return dots
}
