package store

import (
	"database/sql/driver"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Row returns the row with its metadata, dead or alive; nil if there was never one.
func (r reads) Row(k record.Key) (*record.Row, error) { return r.layout.Get(r.conn.Conn, k) }

// Refs returns the ids of the living rows of the table whose reference column holds id, in order.
func (r reads) Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error) {
	return r.layout.Refs(r.conn.Conn, t, column, id)
}

// Called returns the living rows of the table whose column of texts holds this one, in the order of their ids.
func (r reads) Called(t *schema.Table, column, text string) (ids []record.ID, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error { ids = append(ids, q.ID(0)); return q.Err() },
		"SELECT id FROM "+sqlrow.Quote(t.Name)+" WHERE "+sqlrow.Quote(column)+" = ? AND _del = 0 ORDER BY id", text)
	return ids, err
}

// PutRow writes the row and moves its feed entries from the commit was (0: there are none) to row.Seq.
func (tx *Tx) PutRow(row *record.Row, was uint64) error {
	tx.writing(row.Key())
	if err := tx.write(row, was); err != nil {
		return err
	}
	for _, b := range buckets(row) {
		at := place{b, row.Table.Class}
		if err := tx.moveEntry(at, row, was); err != nil {
			return err
		}
		tx.outcome.touched[at] = row.Seq
	}
	return nil
}

// writing makes what was read of the row before worthless.
func (tx *Tx) writing(k record.Key) {
	delete(tx.ahead.rows, k)
	tx.lately.note(k)
}

// buckets returns the buckets the row lies in, each once: a movement within a van names it twice.
func buckets(row *record.Row) []record.Bucket {
	all := row.Buckets()
	for i := len(all) - 1; i > 0; i-- {
		if slices.Contains(all[:i], all[i]) {
			all = slices.Delete(all, i, i+1)
		}
	}
	return all
}

// write tries first what is cheap: a row that changes keeps its references.
func (tx *Tx) write(row *record.Row, was uint64) error {
	if err := tx.search.Changing(row); err != nil {
		return err
	}
	if was > 0 {
		if done, err := tx.layout.Update(tx.conn.Conn, row); done || err != nil {
			return err
		}
	}
	return tx.layout.Put(tx.conn.Conn, row)
}

func (tx *Tx) moveEntry(at place, row *record.Row, was uint64) error {
	bucket, pk := at.bucket.Bytes(), row.ID[:]
	if was > 0 {
		moved, err := tx.conn.Exec("UPDATE _feed SET seq = ?"+
			" WHERE bucket = ? AND class = ? AND seq = ? AND tbl = ? AND pk = ?",
			int64(row.Seq), bucket, int64(at.class), int64(was), int64(row.Table.ID), pk)
		if err != nil || moved > 0 {
			return err
		}
	}
	_, err := tx.conn.Exec("INSERT INTO _feed(bucket, class, seq, tbl, pk) VALUES(?, ?, ?, ?, ?)",
		bucket, int64(at.class), int64(row.Seq), int64(row.Table.ID), pk)
	return err
}

// DropRow removes a row and its feed entries without a trace: for a tombstone that every device has passed.
func (tx *Tx) DropRow(row *record.Row) error {
	tx.writing(row.Key())
	for _, b := range buckets(row) {
		_, err := tx.conn.Exec("DELETE FROM _feed WHERE bucket = ? AND class = ? AND seq = ? AND tbl = ? AND pk = ?",
			b.Bytes(), int64(row.Table.Class), int64(row.Seq), int64(row.Table.ID), row.ID[:])
		if err != nil {
			return err
		}
	}
	if err := tx.search.Dropping(row.Key()); err != nil {
		return err
	}
	return tx.layout.Drop(tx.conn.Conn, row.Key())
}

// FeedSince returns the bucket's entries of the class with after < seq <= to, in order of seq, at most limit.
func (v *View) FeedSince(b record.Bucket, class schema.Class, after, to uint64, limit int) ([]judge.FeedEntry, error) {
	if v.heads.quiet(place{b, class}, after, v.head) {
		return nil, nil
	}
	rows, err := v.conn.QueryUpTo(limit, "SELECT seq, tbl, pk FROM _feed WHERE bucket = ? AND class = ? AND seq > ? AND seq <= ?"+
		" ORDER BY seq, tbl, pk", b.Bytes(), int64(class), int64(after), int64(to))
	if err != nil {
		return nil, err
	}
	var entries []judge.FeedEntry
	for len(entries) < limit && rows.Next() {
		entries = append(entries, judge.FeedEntry{Seq: rows.Uint(0), Key: key(rows, 1)})
	}
	return entries, rows.Close()
}

// Scan calls yield for the living rows of table t that lie in the bucket by its rule-th bucket rule, in key order from
// the first id greater than after, until yield returns false. The row is only valid during the call; it is as a device
// has it, without metadata, which nobody needs to send it and which would take a fifth of the time.
func (v *View) Scan(
	t *schema.Table, rule int, b record.Bucket, after record.ID, yield func(*record.Row) bool,
) error {
	where, args := within(t, rule, b)
	return v.layout.ScanAfter(v.conn.Conn, t, v.layout.Select(t)+" WHERE id > ? AND "+where+" ORDER BY id",
		append([]driver.Value{after[:]}, args...), v.readShown, yield)
}

// readShown reads a row as a device has it: of the packed metadata, which stand before the last column, only what they
// begin with, a byte for the version and the vector.
func (v *View) readShown(rows *sqlrow.Rows, t *schema.Table) (*record.Row, error) {
	values := rows.Values()
	meta, _ := values[len(values)-2].([]byte)
	if len(meta) == 0 {
		return nil, record.ErrEncoding
	}
	_, rest, err := clock.CutVector(meta[1:])
	if err != nil {
		return nil, err
	}
	values[len(values)-2] = meta[1 : len(meta)-len(rest)]
	return v.shown.Read(rows, t)
}

// Count returns about how many living rows of the table the bucket has. Of the bucket that everybody holds, which may
// be large, it counts the feed: dead rows too, until they are collected.
func (v *View) Count(t *schema.Table, rule int, b record.Bucket) (uint64, error) {
	if t.Buckets[rule].Kind == schema.SharedBucket {
		n, err := v.conn.Int("SELECT count(*) FROM _feed WHERE bucket = ? AND class = ? AND tbl = ?",
			b.Bytes(), int64(t.Class), int64(t.ID))
		return uint64(n), err
	}
	where, args := within(t, rule, b)
	return v.layout.Count(v.conn.Conn, t, where, args...)
}

// within returns the condition for living rows that lie in the bucket by the table's rule-th bucket rule.
func within(t *schema.Table, rule int, b record.Bucket) (where string, args []driver.Value) {
	switch from := t.Buckets[rule].From; {
	case t.Buckets[rule].Kind != b.Kind:
		return "0 = 1", nil
	case b.Kind == schema.SharedBucket:
		return "_del = 0", nil
	default:
		return sqlrow.Quote(from) + " = ? AND _del = 0", []driver.Value{b.ID[:]}
	}
}

// key reads a row's key from the columns tbl and pk, which begin at i.
func key(q *sqlrow.Rows, i int) record.Key {
	return record.Key{Table: schema.TableID(q.Int(i)), ID: q.ID(i + 1)}
}
