package replica

import (
	"database/sql/driver"

	"fieldsync/sync/device"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// PutWitness implements device.Store.
func (tx *Tx) PutWitness(w *device.Witness) error {
	var n driver.Value
	if w.N > 0 {
		n = int64(w.N)
	}
	key := w.Row.Key()
	packed, err := tx.pack(w.Row)
	if err != nil {
		return err
	}
	_, err = tx.conn.Exec("INSERT INTO _witness(n, tbl, row, hub, seq) VALUES(?, ?, ?, ?, ?) ON CONFLICT(n) DO UPDATE"+
		" SET tbl = excluded.tbl, row = excluded.row, hub = excluded.hub, seq = excluded.seq",
		n, int64(key.Table), key.ID[:], packed, int64(w.Seq))
	return err
}

// Witnesses implements device.Store. A copy of a row whose table this version does not know waits for one that does.
func (tx *Tx) Witnesses(taken bool, after uint64, limit int) (copies []*device.Witness, err error) {
	where := "seq = 0"
	if taken {
		where = "seq > 0"
	}
	err = tx.conn.Each(func(r *sqlrow.Rows) error {
		if len(copies) >= limit {
			return errEnough
		}
		t := tx.layout.Schema().TableByID(schema.TableID(r.Uint(1)))
		if t == nil {
			return nil
		}
		row, err := tx.unpack(t, r.ID(2), r.Bytes(3))
		if err != nil {
			return unsealed("a copy of a row", err)
		}
		copies = append(copies, &device.Witness{N: r.Uint(0), Row: row, Seq: r.Uint(4)})
		return nil
	}, "SELECT n, tbl, row, hub, seq FROM _witness WHERE n > ? AND "+where+" ORDER BY n", int64(after))
	if err == errEnough {
		err = nil
	}
	return copies, err
}

// DropWitness implements device.Store.
func (tx *Tx) DropWitness(n uint64) error {
	_, err := tx.conn.Exec("DELETE FROM _witness WHERE n = ?", int64(n))
	return err
}
