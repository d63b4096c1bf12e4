package sqlrow

import (
	"cmp"
	"database/sql/driver"
	"errors"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// of returns the table with that id; one that is not in the layout's schema is refused with fault.Invalid.
func (l *Layout) of(id schema.TableID) (*table, error) {
	if t := l.tables[id]; t != nil {
		return t, nil
	}
	return nil, fault.New(fault.Invalid, "there is no such table: the app is older than the data")
}

// Get returns the row, dead or alive; nil if there is none.
func (l *Layout) Get(c *Conn, k record.Key) (row *record.Row, err error) {
	t, err := l.of(k.Table)
	if err != nil {
		return nil, err
	}
	_, err = c.One(func(r *Rows) error { row, err = l.Read(r, t.Table); return err }, t.get, k.ID[:])
	return row, err
}

// GetAll calls yield for each of the rows that there is, dead or alive, in no particular order. Each row is its own.
func (l *Layout) GetAll(c *Conn, keys []record.Key, yield func(*record.Row)) error {
	if len(keys) <= few {
		return l.getEach(c, keys, yield)
	}
	ids := map[schema.TableID][]record.ID{}
	for _, k := range keys {
		ids[k.Table] = append(ids[k.Table], k.ID)
	}
	for id, of := range ids {
		t, err := l.of(id)
		if err != nil {
			return err
		}
		err = c.EachOf(t.getAll, of, func(r *Rows) error {
			row, err := l.Read(r, t.Table)
			if err == nil {
				yield(row)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// few is how many rows are read sooner one by one than by a statement that is made for many.
const few = 4

func (l *Layout) getEach(c *Conn, keys []record.Key, yield func(*record.Row)) error {
	for _, k := range keys {
		row, err := l.Get(c, k)
		if err != nil {
			return err
		}
		if row != nil {
			yield(row)
		}
	}
	return nil
}

// Select returns "SELECT id, ... FROM table" with the columns that Read takes, for a store to continue.
func (l *Layout) Select(t *schema.Table) string { return l.tables[t.ID].selects }

// Read returns the row that a query beginning with Select stands at.
func (l *Layout) Read(r *Rows, t *schema.Table) (*record.Row, error) {
	row := &record.Row{Table: t, ID: r.ID(0), Cols: make([]record.Value, len(t.Columns))}
	i := 1
	var err error
	for at := range t.Columns {
		if row.Cols[at], i, err = r.value(i, &t.Columns[at]); err != nil {
			return nil, unreadable(t, row.ID, err)
		}
	}
	row.Seq, row.Deleted = r.Uint(i), r.Int(i+2) != 0
	state, _ := r.values[i+1].([]byte)
	if err = cmp.Or(r.err, l.readState(row, state)); err == nil {
		err = l.OpenRow(row)
	}
	if err != nil {
		return nil, unreadable(t, row.ID, err)
	}
	return row, nil
}

func (l *Layout) readState(row *record.Row, state []byte) (err error) {
	if l.side == Hub {
		return record.ReadMeta(row, state)
	}
	var rest []byte
	row.Vector, rest, err = clock.CutVector(state)
	if err == nil && len(rest) > 0 {
		err = clock.ErrVector
	}
	return err
}

// appendState appends the values of _seq, _seen or _meta, and _del.
func (l *Layout) appendState(args []driver.Value, row *record.Row) ([]driver.Value, error) {
	var state []byte
	switch {
	case l.side == Device:
		state = row.Vector.AppendBinary(make([]byte, 0, 16))
	case row.Meta == nil:
		return nil, errors.New("sqlrow: a row without metadata cannot stand on the hub")
	default:
		state = record.AppendMeta(make([]byte, 0, 64), row)
	}
	del := int64(0)
	if row.Deleted {
		del = 1
	}
	return append(args, int64(row.Seq), state, del), nil
}

// args returns the id, the values and the state of the row, in the order of the insert. They are valid until the next
// call.
func (l *Layout) args(c *Conn, t *table, row *record.Row) (args []driver.Value, err error) {
	args, err = l.appendArgs(c.args[:0], t, row)
	c.args = args
	return args, err
}

func (l *Layout) appendArgs(args []driver.Value, t *table, row *record.Row) (_ []driver.Value, err error) {
	if len(row.Cols) != len(t.Columns) {
		return args, fault.New(fault.Invalid, t.Name+" has another number of columns: the app is of another version")
	}
	if row, err = l.SealRow(row); err != nil {
		return args, err
	}
	args = append(args, slices.Clone(row.ID[:]))
	for i := range t.Columns {
		if args, err = appendValue(args, &t.Columns[i], row.Cols[i]); err != nil {
			return args, err
		}
	}
	return l.appendState(args, row)
}

// Put writes the row, whether there was one or not. Columns of the database that this version does not know keep what
// they hold. A value that does not fit its column is refused with fault.Invalid.
func (l *Layout) Put(c *Conn, row *record.Row) error {
	return l.write(c, row, func(t *table) string { return t.upsert })
}

func (l *Layout) write(c *Conn, row *record.Row, statement func(*table) string) error {
	t, err := l.of(row.Table.ID)
	if err != nil {
		return err
	}
	args, err := l.args(c, t, row)
	if err == nil {
		_, err = c.Exec(statement(t), args...)
	}
	return err
}

// Insert writes a row that is likely new and reports whether it was; a row that exists stays as it is.
func (l *Layout) Insert(c *Conn, row *record.Row) (fresh bool, err error) {
	t, err := l.of(row.Table.ID)
	if err != nil {
		return false, err
	}
	args, err := l.args(c, t, row)
	if err != nil {
		return false, err
	}
	n, err := c.Exec(t.insert, args...)
	return n == 1, err
}

// InsertedAtOnce is how many rows InsertAll takes.
const InsertedAtOnce = 16

// InsertAll writes that many rows of one table by one statement and reports whether all were new; those that exist stay as
// they are.
func (l *Layout) InsertAll(c *Conn, rows []*record.Row) (fresh bool, err error) {
	t, err := l.of(rows[0].Table.ID)
	args := c.args[:0]
	for i := 0; i < len(rows) && err == nil; i++ {
		args, err = l.appendArgs(args, t, rows[i])
	}
	if c.args = args; err != nil {
		return false, err
	}
	n, err := c.Exec(t.insertAll, args...)
	return n == InsertedAtOnce, err
}

// Update writes a row that exists and whose indexed columns stay what they are, and reports whether that was so;
// otherwise it writes nothing. It is Put without the cost of the indexes.
func (l *Layout) Update(c *Conn, row *record.Row) (done bool, err error) {
	t, err := l.of(row.Table.ID)
	if err != nil {
		return false, err
	}
	args, err := l.args(c, t, row)
	if err != nil {
		return false, err
	}
	n, err := c.Exec(t.update, t.updateArgs(args)...)
	return n == 1, err
}

// Advance says of a device's row that is there which commit of the hub it is as of and what it has taken in; its values
// stay.
func (l *Layout) Advance(c *Conn, k record.Key, seq uint64, seen clock.Vector) (done bool, err error) {
	t, err := l.of(k.Table)
	if err != nil {
		return false, err
	}
	n, err := c.Exec(t.advance, int64(seq), seen.AppendBinary(make([]byte, 0, 16)), k.ID[:])
	return n == 1, err
}

// updateArgs brings the arguments of the insert into the order of the update.
func (t *table) updateArgs(args []driver.Value) []driver.Value {
	ordered := make([]driver.Value, len(args))
	for i, at := range t.order {
		ordered[i] = args[at]
	}
	return ordered
}

// Drop removes the row from the table, without a trace; there need not be one.
func (l *Layout) Drop(c *Conn, k record.Key) error {
	t, err := l.of(k.Table)
	if err == nil {
		_, err = c.Exec(t.drop, k.ID[:])
	}
	return err
}

// Refs returns the ids of the living rows of the table whose reference column holds id, in order. A column that is
// not a reference is refused with fault.Invalid.
func (l *Layout) Refs(c *Conn, t *schema.Table, column string, id record.ID) (ids []record.ID, err error) {
	if err = l.refers(t, column); err != nil {
		return nil, err
	}
	query := "SELECT id FROM " + Quote(t.Name) + " WHERE " + Quote(column) + " = ? AND _del = 0 ORDER BY id"
	err = c.Each(func(r *Rows) error {
		ids = append(ids, r.ID(0))
		return nil
	}, l.dialect.Bind(query), id[:])
	return ids, err
}

// RefsAll calls yield with what Refs returns of each id, one after another: what refers to an id comes in order.
func (l *Layout) RefsAll(c *Conn, t *schema.Table, column string, ids []record.ID, yield func(id, row record.ID)) error {
	if err := l.refers(t, column); err != nil {
		return err
	}
	query := "SELECT " + Quote(column) + ", id FROM " + Quote(t.Name) + " WHERE " + Quote(column) + " IN " + IDMarks + " AND _del = 0 ORDER BY id"
	return c.EachOf(l.dialect.Bind(query), ids, func(r *Rows) error {
		yield(r.ID(0), r.ID(1))
		return r.Err()
	})
}

func (l *Layout) refers(t *schema.Table, column string) error {
	i := t.Column(column)
	if l.tables[t.ID] == nil || i < 0 || t.Columns[i].Kind != schema.Ref && t.Columns[i].Kind != schema.AnyRef {
		return fault.New(fault.Invalid, t.Name+" has no reference "+column)
	}
	return nil
}

// Scan calls yield for the rows of the table that the condition picks, dead and alive, in key order, until yield
// returns false. The condition is SQL with "?" for arguments; "" picks every row. Yield may ask the connection for
// something else.
func (l *Layout) Scan(
	c *Conn, t *schema.Table, where string, args []driver.Value, yield func(*record.Row) bool,
) error {
	query := l.tables[t.ID].selects + " WHERE id > ?"
	if where != "" {
		query += " AND (" + where + ")"
	}
	return l.ScanAfter(c, t, query+" ORDER BY id", append([]driver.Value{[]byte{}}, args...), l.Read, yield)
}

// ScanAfter calls yield for the rows of a query of the table's that begins with Select and gives them in the order of
// their ids, after the id that is its first argument, until yield returns false.
func (l *Layout) ScanAfter(c *Conn, t *schema.Table, query string, args []driver.Value,
	read func(*Rows, *schema.Table) (*record.Row, error), yield func(*record.Row) bool,
) error {
	n, atOnce, more := 0, l.dialect.atOnce(), true
	for more && n%atOnce == 0 {
		rows, err := c.QueryUpTo(atOnce, query, args...)
		if err != nil {
			return err
		}
		began, last := n, record.ID{}
		for more && rows.Next() {
			row, err := read(rows, t)
			if err != nil {
				return errors.Join(err, rows.Close())
			}
			n, last = n+1, row.ID
			more = yield(row)
		}
		if err := rows.Close(); err != nil {
			return err
		}
		more, args[0] = more && n > began, last[:]
	}
	return nil
}

// Count returns how many rows of the table the condition picks, dead and alive; see Scan.
func (l *Layout) Count(c *Conn, t *schema.Table, where string, args ...driver.Value) (uint64, error) {
	query := "SELECT count(*) FROM " + Quote(t.Name)
	if where != "" {
		query += " WHERE " + where
	}
	n, err := c.Int(l.dialect.Bind(query), args...)
	return uint64(n), err
}
