package replica

import (
	"database/sql/driver"
	"encoding/binary"
	"errors"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// What the column hidden of _base says.
const (
	baseShown = iota
	baseLeft
	baseGone
)

// Base implements device.Store.
func (tx *Tx) Base(k record.Key) (base *device.Base, err error) {
	if some, err := tx.any(&tx.pinned, "SELECT EXISTS (SELECT 1 FROM _base)"); err != nil || !some {
		return nil, err
	}
	_, err = tx.conn.One(func(r *sqlrow.Rows) error {
		base, err = tx.readBase(r, k)
		return err
	}, "SELECT hub, low, hidden FROM _base WHERE tbl = ? AND row = ?", int64(k.Table), k.ID[:])
	return base, err
}

func (tx *Tx) readBase(r *sqlrow.Rows, k record.Key) (*device.Base, error) {
	base := &device.Base{Hidden: r.Int(2) != baseShown, Gone: r.Int(2) == baseGone}
	var err error
	if base.Low, err = wholeVector(r.Bytes(1)); err != nil {
		return nil, corrupt("the base of a row", err)
	}
	if r.Null(0) {
		return base, nil
	}
	if base.Row, err = tx.unpack(tx.layout.Schema().TableByID(k.Table), k.ID, r.Bytes(0)); err != nil {
		return nil, unsealed("the base of a row", err)
	}
	return base, nil
}

// PutBase implements device.Store.
func (tx *Tx) PutBase(k record.Key, b *device.Base) error {
	var hub driver.Value
	if b.Row != nil {
		packed, err := tx.pack(b.Row)
		if err != nil {
			return err
		}
		hub = packed
	}
	hidden := int64(baseShown)
	switch {
	case b.Gone:
		hidden = baseGone
	case b.Hidden:
		hidden = baseLeft
	}
	_, err := tx.conn.Exec("INSERT INTO _base(tbl, row, hub, low, hidden) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"+
		" SET hub = excluded.hub, low = excluded.low, hidden = excluded.hidden",
		int64(k.Table), k.ID[:], hub, b.Low.AppendBinary(make([]byte, 0, 16)), hidden)
	if err != nil {
		return err
	}
	tx.pinned = yes
	return tx.confirm(k)
}

const settleBase = "DELETE FROM _base WHERE tbl = ? AND row = ? AND hidden = 0 AND (hub IS NOT NULL OR ?) AND NOT EXISTS" +
	" (SELECT 1 FROM _pending_on p WHERE p.tbl = _base.tbl AND p.row = _base.row)"

// Settle implements device.Store. The row is written first: where its base turns out not to be as it must, the caller
// writes all of it.
func (tx *Tx) Settle(k record.Key, seq uint64, vector clock.Vector, inserted bool) (bool, error) {
	shown, err := tx.layout.Advance(tx.conn, k, seq, vector)
	if err != nil || !shown {
		return false, err
	}
	dropped, err := tx.conn.Exec(settleBase, int64(k.Table), k.ID[:], inserted)
	if err != nil || dropped == 0 {
		return false, err
	}
	return true, tx.confirm(k)
}

// DropBase implements device.Store.
func (tx *Tx) DropBase(k record.Key) error {
	_, err := tx.conn.Exec("DELETE FROM _base WHERE tbl = ? AND row = ?", int64(k.Table), k.ID[:])
	return err
}

// Bases implements device.Store.
func (tx *Tx) Bases() ([]record.Key, error) {
	return tx.keys("SELECT tbl, row FROM _base ORDER BY tbl, row")
}

// pack and unpack are packRow and unpackRow with sealed values sealed.
func (tx *Tx) pack(row *record.Row) ([]byte, error) {
	sealed, err := tx.layout.SealRow(row)
	if err != nil {
		return nil, err
	}
	return packRow(sealed), nil
}

func (tx *Tx) unpack(t *schema.Table, id record.ID, b []byte) (*record.Row, error) {
	row, err := unpackRow(t, id, b)
	if err == nil {
		err = tx.layout.OpenRow(row)
	}
	return row, err
}

// packRow returns the row as a base keeps it. Values go by column ids, so that another version of the schema reads
// them:
//
//	row = seq deleted vector { column value }
//
// Numbers are unsigned varints, null values are left out.
func packRow(row *record.Row) []byte {
	b := binary.AppendUvarint(make([]byte, 0, 256), row.Seq)
	deleted := byte(0)
	if row.Deleted {
		deleted = 1
	}
	b = row.Vector.AppendBinary(append(b, deleted))
	for i, v := range row.Cols {
		if !v.IsNull() {
			b = v.AppendBinary(binary.AppendUvarint(b, uint64(row.Table.Columns[i].ID)))
		}
	}
	return b
}

var errPacked = errors.New("replica: malformed packed row")

// unpackRow reads what packRow wrote; columns that this version does not know are passed over.
func unpackRow(t *schema.Table, id record.ID, b []byte) (*record.Row, error) {
	if t == nil {
		return nil, fault.New(fault.Invalid, "there is no such table: the app is older than the data")
	}
	row := &record.Row{Table: t, ID: id, Cols: make([]record.Value, len(t.Columns))}
	seq, n := binary.Uvarint(b)
	if n <= 0 || len(b) == n {
		return nil, errPacked
	}
	row.Seq, row.Deleted = seq, b[n] == 1
	var err error
	row.Vector, b, err = clock.CutVector(b[n+1:])
	for err == nil && len(b) > 0 {
		column, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errPacked
		}
		var v record.Value
		v, b, err = record.CutValue(b[n:])
		if at := t.ColumnByID(schema.ColumnID(column)); at >= 0 {
			row.Cols[at] = v
		}
	}
	return row, err
}

func wholeVector(b []byte) (clock.Vector, error) {
	v, rest, err := clock.CutVector(b)
	if err == nil && len(rest) > 0 {
		err = clock.ErrVector
	}
	return v, err
}
