package store

import (
	"database/sql/driver"
	"encoding/binary"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Conflict is a conflict record with the number that it is listed under.
type Conflict struct {
	N uint64
	judge.Conflict
}

// PutConflict writes a conflict record; one of the same row and cell that is open is replaced.
func (tx *Tx) PutConflict(c judge.Conflict) error {
	values, err := tx.standings(c, tx.layout.SealValue)
	if err != nil {
		return err
	}
	row, cell := c.Row.ID[:], []driver.Value{int64(c.Row.Table), c.Row.ID[:], int64(c.Cell.Column), c.Cell.Key}
	state := []driver.Value{int64(c.Seq), flag(c.Ask), flag(c.Open), packStandings(values), c.Context.AppendBinary(nil)}
	replaced, err := tx.conn.Exec(`UPDATE _conflict SET seq = ?, ask = ?, open = ?, "values" = ?, context = ?`+
		" WHERE tbl = ? AND pk = ? AND col = ? AND cell = ? AND open = 1",
		append(state, int64(c.Row.Table), row, int64(c.Cell.Column), c.Cell.Key)...)
	if err != nil || replaced > 0 {
		return err
	}
	_, err = tx.conn.Exec(`INSERT INTO _conflict(tbl, pk, col, cell, seq, ask, open, "values", context)`+
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", append(cell, state...)...)
	return err
}

const selectConflict = `SELECT n, tbl, pk, col, cell, seq, ask, open, "values", context FROM _conflict `

// OpenConflicts returns up to limit open conflicts numbered above after, oldest first: the office's inbox. askedOnly
// leaves out those that close by themselves.
func (r reads) OpenConflicts(askedOnly bool, after uint64, limit int) ([]Conflict, error) {
	return r.conflicts(selectConflict+"WHERE open = 1 AND n > ? AND ask >= ? ORDER BY n LIMIT ?",
		int64(after), flag(askedOnly), int64(limit))
}

// ConflictsOf returns the row's conflicts, open and ended, oldest first.
func (r reads) ConflictsOf(k record.Key) ([]Conflict, error) {
	return r.conflicts(selectConflict+"WHERE tbl = ? AND pk = ? ORDER BY n", int64(k.Table), k.ID[:])
}

// Conflict returns the conflict listed under the number, nil if there is none.
func (r reads) Conflict(n uint64) (*Conflict, error) {
	found, err := r.conflicts(selectConflict+"WHERE n = ?", int64(n))
	if len(found) == 0 {
		return nil, err
	}
	return &found[0], err
}

// CountConflicts returns how many open conflicts there are, and how many of them a person must settle.
func (r reads) CountConflicts() (open, asked int, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error {
		open, asked = int(q.Int(0)), int(q.Int(1))
		return q.Err()
	}, "SELECT count(*), coalesce(sum(ask), 0) FROM _conflict WHERE open = 1")
	return open, asked, err
}

func (r reads) conflicts(query string, args ...driver.Value) (list []Conflict, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		c := Conflict{N: q.Uint(0)}
		c.Row, c.Seq = key(q, 1), q.Uint(5)
		c.Cell = record.CellID{Column: schema.ColumnID(q.Int(3)), Key: q.Text(4)}
		c.Ask, c.Open = q.Int(6) != 0, q.Int(7) != 0
		var err error
		if c.Values, err = unpackStandings(q.Bytes(8)); err == nil {
			c.Context, _, err = clock.CutVector(q.Bytes(9))
		}
		if err == nil {
			c.Values, err = r.standings(c.Conflict, r.layout.OpenValue)
		}
		list = append(list, c)
		if err == nil {
			err = q.Err()
		}
		return err
	}, query, args...)
	return list, err
}

// standings returns the conflict's values, sealed or opened where their column is sealed.
func (r reads) standings(
	c judge.Conflict, by func(*schema.Table, *schema.Column, record.ID, record.Value) (record.Value, error),
) (values []record.Standing, err error) {
	t := r.layout.Schema().TableByID(c.Row.Table)
	if t == nil || t.ColumnByID(c.Cell.Column) < 0 {
		return c.Values, nil
	}
	column := &t.Columns[t.ColumnByID(c.Cell.Column)]
	values = slices.Clone(c.Values)
	for i := range values {
		if values[i].Value, err = by(t, column, c.Row.ID, values[i].Value); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// packStandings packs values as { actor counter eff value }, numbers as unsigned varints.
func packStandings(values []record.Standing) []byte {
	b := []byte{}
	for _, v := range values {
		b = binary.AppendUvarint(b, uint64(v.Dot.Actor))
		b = binary.AppendUvarint(b, v.Dot.Counter)
		b = binary.AppendUvarint(b, uint64(v.Eff))
		b = v.Value.AppendBinary(b)
	}
	return b
}

func unpackStandings(b []byte) (values []record.Standing, err error) {
	for len(b) > 0 {
		var n [3]uint64
		for i := range n {
			x, size := binary.Uvarint(b)
			if size <= 0 {
				return nil, record.ErrEncoding
			}
			n[i], b = x, b[size:]
		}
		v := record.Standing{Dot: clock.Dot{Actor: clock.Actor(n[0]), Counter: n[1]}, Eff: clock.Stamp(n[2])}
		if v.Value, b, err = record.CutValue(b); err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}
