package replica

import (
	"database/sql/driver"
	"errors"
	"strings"

	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Tx is one transaction on the replica. It implements device.Store and belongs to the goroutine that was given it.
type Tx struct {
	conn    *sqlrow.Conn
	layout  *sqlrow.Layout
	growing schema.TableID // the table that the last row put was new in
	search  sqlrow.Upkeep
	purges  bool // what was replaced must be in no file any more
	sent    *sent
	memory
}

// memory is what a transaction knows and need not ask: it equals what is in the file as the transaction sees it. The writer,
// and there is but one, keeps it from one transaction to the next.
type memory struct {
	identity *device.Identity // nil where it is not known
	stale    answer           // whether there are rows to confirm
	pinned   answer           // whether any row has a base
}

// answer is what is known of something that is asked once.
type answer uint8

const (
	unknown answer = iota
	no
	yes
)

// afterCommit returns what is still known when the transaction is over. That there is something may be true no more.
func (m memory) afterCommit() memory {
	if m.stale == yes {
		m.stale = unknown
	}
	if m.pinned == yes {
		m.pinned = unknown
	}
	return m
}

// transact calls do with a Tx that is good for the transaction and refuses everything afterwards. The transaction begins with
// what m knows, and leaves there what it has learned.
func transact(c *sqlrow.Conn, layout *sqlrow.Layout, begin string, m *memory, do func(*Tx) error) error {
	tx := &Tx{conn: c, layout: layout, search: layout.Upkeep(c), sent: new(sent), memory: *m}
	defer func() { tx.conn = sqlrow.Wrap(ended{}) }()
	*m = memory{}
	err := c.Transaction(begin, func() error { return do(tx) })
	if err == nil {
		*m = tx.afterCommit()
	}
	return err
}

// ended is the connection of a transaction that is over.
type ended struct{}

var errEnded = errors.New("replica: the transaction has ended")

func (ended) Prepare(string) (driver.Stmt, error) { return nil, errEnded }
func (ended) Close() error                        { return nil }
func (ended) Begin() (driver.Tx, error)           { return nil, errEnded }

// Row implements device.Store.
func (tx *Tx) Row(k record.Key) (*record.Row, error) { return tx.layout.Get(tx.conn, k) }

// Rows implements device.Store.
func (tx *Tx) Rows(keys []record.Key) (map[record.Key]*record.Row, error) {
	rows := make(map[record.Key]*record.Row, len(keys))
	err := tx.layout.GetAll(tx.conn, keys, func(row *record.Row) { rows[row.Key()] = row })
	return rows, err
}

// PutRows implements device.Store. As long as rows are new, several are written by one statement.
func (tx *Tx) PutRows(rows []*record.Row) error {
	for len(rows) > 0 {
		n, err := tx.putNew(rows)
		if err == nil && n == 0 {
			n, err = 1, tx.PutRow(rows[0])
		}
		if err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// putNew writes as many of the rows as one statement takes and returns their number: 0, and whatever was written is to be
// written again, unless all of them are new.
func (tx *Tx) putNew(rows []*record.Row) (n int, err error) {
	if n = sqlrow.InsertedAtOnce; len(rows) < n || tx.growing != rows[0].Table.ID {
		return 0, nil
	}
	for _, row := range rows[:n] {
		if err := tx.search.Changing(row); err != nil {
			return 0, err
		}
	}
	fresh, err := tx.layout.InsertAll(tx.conn, rows[:n])
	if !fresh || err != nil {
		tx.growing = 0
		return 0, err
	}
	for _, row := range rows[:n] {
		if err := tx.confirm(row.Key()); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// PutRow implements device.Store. Rows come in runs, of new ones from the hub or of known ones being changed, so that
// what the last row was tells which statement to try first.
func (tx *Tx) PutRow(row *record.Row) error {
	if err := tx.search.Changing(row); err != nil {
		return err
	}
	growing := tx.growing == row.Table.ID
	first, second := tx.layout.Update, tx.layout.Insert
	if growing {
		first, second = second, first
	}
	done, err := first(tx.conn, row)
	if err == nil && !done {
		growing = !growing
		done, err = second(tx.conn, row)
	}
	if err == nil && !done { // it exists and refers to something else than before
		growing = false
		err = tx.layout.Put(tx.conn, row)
	}
	tx.growing = 0
	if growing {
		tx.growing = row.Table.ID
	}
	if err != nil {
		return err
	}
	return tx.confirm(row.Key())
}

// DropRow implements device.Store.
func (tx *Tx) DropRow(k record.Key) error {
	if err := tx.search.Dropping(k); err != nil {
		return err
	}
	return tx.layout.Drop(tx.conn, k)
}

// Refs implements device.Store. Deleted rows refer to nothing.
func (tx *Tx) Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error) {
	return tx.layout.Refs(tx.conn, t, column, id)
}

// BucketRows implements device.Store. Deleted rows lie in their buckets too.
func (tx *Tx) BucketRows(b record.Bucket, class schema.Class) (keys []record.Key, err error) {
	for _, t := range tx.layout.Schema().Tables {
		where, args := lyingIn(t, b)
		if t.Class != class || where == "" {
			continue
		}
		err = tx.conn.Each(func(r *sqlrow.Rows) error {
			keys = append(keys, record.Key{Table: t.ID, ID: r.ID(0)})
			return nil
		}, "SELECT id FROM "+sqlrow.Quote(t.Name)+" WHERE "+where+" ORDER BY id", args...)
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// lyingIn returns the condition that picks the table's rows in the bucket, "" if none can lie there.
func lyingIn(t *schema.Table, b record.Bucket) (where string, args []driver.Value) {
	var columns []string
	for _, rule := range t.Buckets {
		switch {
		case rule.Kind != b.Kind:
		case rule.Kind == schema.SharedBucket:
			return "TRUE", nil
		default:
			columns = append(columns, sqlrow.Quote(rule.From)+" = ?")
			args = append(args, b.ID[:])
		}
	}
	return strings.Join(columns, " OR "), args
}

// MarkStale implements device.Store.
func (tx *Tx) MarkStale(b record.Bucket, class schema.Class) error {
	for _, t := range tx.layout.Schema().Tables {
		where, args := lyingIn(t, b)
		if t.Class != class || where == "" {
			continue
		}
		_, err := tx.conn.Exec("INSERT INTO _stale(class, tbl, row) SELECT ?, ?, id FROM "+sqlrow.Quote(t.Name)+
			" WHERE "+where+" ON CONFLICT DO NOTHING", append([]driver.Value{int64(class), int64(t.ID)}, args...)...)
		if err != nil {
			return err
		}
	}
	tx.stale = unknown
	return nil
}

// Stale implements device.Store.
func (tx *Tx) Stale(class schema.Class) ([]record.Key, error) {
	if some, err := tx.anyStale(); err != nil || !some {
		return nil, err
	}
	return tx.keys("SELECT tbl, row FROM _stale WHERE class = ? ORDER BY tbl, row", int64(class))
}

// ClearStale implements device.Store.
func (tx *Tx) ClearStale(class schema.Class) error {
	if some, err := tx.anyStale(); err != nil || !some {
		return err
	}
	tx.stale = unknown
	_, err := tx.conn.Exec("DELETE FROM _stale WHERE class = ?", int64(class))
	return err
}

// anyStale reports whether any row is to be confirmed: nearly always none is, but in the rare page that sends a bucket anew.
func (tx *Tx) anyStale() (bool, error) {
	return tx.any(&tx.stale, "SELECT EXISTS (SELECT 1 FROM _stale)")
}

// confirm takes the row off the list of stale ones.
func (tx *Tx) confirm(k record.Key) error {
	if some, err := tx.anyStale(); err != nil || !some {
		return err
	}
	_, err := tx.conn.Exec("DELETE FROM _stale WHERE tbl = ? AND row = ?", int64(k.Table), k.ID[:])
	return err
}

// any returns what is known, and asks where nothing is.
func (tx *Tx) any(known *answer, query string) (bool, error) {
	if *known == unknown {
		some, err := tx.conn.Int(query)
		if err != nil {
			return false, err
		}
		*known = no + answer(some)
	}
	return *known == yes, nil
}

func (tx *Tx) keys(query string, args ...driver.Value) (keys []record.Key, err error) {
	err = tx.conn.Each(func(r *sqlrow.Rows) error {
		keys = append(keys, record.Key{Table: schema.TableID(r.Uint(0)), ID: r.ID(1)})
		return nil
	}, query, args...)
	return keys, err
}

// Held implements device.Store.
func (tx *Tx) Held(c schema.Class) (buckets []record.Bucket, err error) {
	err = tx.conn.Each(func(r *sqlrow.Rows) error {
		b, ok := record.BucketFromBytes(r.Bytes(0))
		if !ok {
			return corrupt("a bucket held", nil)
		}
		buckets = append(buckets, b)
		return nil
	}, "SELECT bucket FROM _bucket WHERE classes & ? ORDER BY bucket", int64(1)<<c)
	return buckets, err
}

// PutHeld implements device.Store.
func (tx *Tx) PutHeld(c schema.Class, b record.Bucket, held bool) error {
	class := int64(1) << c
	if held {
		_, err := tx.conn.Exec("INSERT INTO _bucket(bucket, classes) VALUES(?, ?)"+
			" ON CONFLICT DO UPDATE SET classes = classes | excluded.classes", b.Bytes(), class)
		return err
	}
	_, err := tx.conn.Exec("DELETE FROM _bucket WHERE bucket = ? AND classes = ?", b.Bytes(), class)
	if err == nil {
		_, err = tx.conn.Exec("UPDATE _bucket SET classes = classes & ~? WHERE bucket = ?", class, b.Bytes())
	}
	return err
}
