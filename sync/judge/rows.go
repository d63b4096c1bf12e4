package judge

import (
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// rowBatches gathers rows for the wire, those of one table and one set of columns together.
type rowBatches struct {
	batches []wire.Rows
	index   map[batchKey]int
	arena   []record.Value
}

type batchKey struct {
	table   schema.TableID
	columns uint64
	whole   bool
}

func (r *rowBatches) addWhole(row *record.Row) {
	r.add(row, uint64(1)<<len(row.Table.Columns)-1, true)
}

// addSince adds what whoever has the row as of the commit lacks of it: the columns whose values changed since; all of a row
// that was born since, or is dead.
func (r *rowBatches) addSince(row *record.Row, since uint64) {
	if row.Deleted || row.Meta.Born > since {
		r.addWhole(row)
		return
	}
	var columns uint64
	for _, c := range row.Meta.Cells {
		if i := row.Table.ColumnByID(c.ID.Column); i >= 0 && c.Seq > since {
			columns |= 1 << i
		}
	}
	r.add(row, columns, false)
}

func (r *rowBatches) add(row *record.Row, columns uint64, whole bool) {
	key := batchKey{row.Table.ID, columns, whole}
	i, ok := r.index[key]
	if !ok {
		if r.index == nil {
			r.index = map[batchKey]int{}
		}
		i = len(r.batches)
		r.index[key] = i
		r.batches = append(r.batches, wire.Rows{Table: row.Table.ID, Columns: columnIDs(row.Table, columns), Whole: whole})
	}
	batch := &r.batches[i]
	batch.Rows = append(batch.Rows, wire.Row{
		ID: row.ID, Seq: row.Seq, Vector: row.Vector, Deleted: row.Deleted, Values: r.values(row, columns, len(batch.Columns)),
	})
}

// maxArena is how many values are made room for at once.
const maxArena = 4096

// values copies the row's values of the given columns into the arena. Most messages are of one row, so it begins small.
func (r *rowBatches) values(row *record.Row, columns uint64, n int) []record.Value {
	if cap(r.arena)-len(r.arena) < n {
		r.arena = make([]record.Value, 0, max(n, min(4*cap(r.arena), maxArena)))
	}
	from := len(r.arena)
	for i := range row.Cols {
		if columns>>i&1 != 0 {
			r.arena = append(r.arena, row.Cols[i])
		}
	}
	return r.arena[from:len(r.arena):len(r.arena)]
}

func columnIDs(t *schema.Table, columns uint64) []schema.ColumnID {
	var ids []schema.ColumnID
	for i := range t.Columns {
		if columns>>i&1 != 0 {
			ids = append(ids, t.Columns[i].ID)
		}
	}
	return ids
}
