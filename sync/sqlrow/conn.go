package sqlrow

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"fieldsync/sync/record"
)

// Conn is one connection of a database/sql driver, with its prepared statements. It is used by one goroutine at a
// time. Each SQL text is prepared once and kept, so a text is a constant of the program and values are arguments.
type Conn struct {
	// Explain, if set, turns the driver's errors into what callers are told.
	Explain func(error) error

	driver  driver.Conn
	dialect Dialect
	stmts   map[string]*statement
	args    []driver.Value // where rows gather their values
	gather  gathered       // rows of Gather that the database does not have yet
	inside  bool           // a Transaction is running ...
	failed  error          // ... and this is its first error
}

// Wrap returns a Conn over a connection to SQLite that stays its caller's to close: the one that (*sql.Conn).Raw hands
// out, for as long as that sql.Conn is held.
func Wrap(c driver.Conn) *Conn { return SQLite.Wrap(c) }

// Wrap returns a Conn over a connection to a database that speaks the dialect; see Wrap. Texts are given to it as
// Dialect.Statement takes them.
func (d Dialect) Wrap(c driver.Conn) *Conn {
	return &Conn{driver: c, dialect: d, stmts: map[string]*statement{}}
}

// Close releases the prepared statements; the connection beneath stays open.
func (c *Conn) Close() error {
	var errs []error
	for text, s := range c.stmts {
		errs = append(errs, s.stmt.Close())
		delete(c.stmts, text)
	}
	return errors.Join(errs...)
}

// statement is a prepared statement and the arguments it is executed with, kept to be written over.
type statement struct {
	stmt driver.Stmt
	args []driver.NamedValue
	busy bool // rows of it are being read
}

func (c *Conn) prepare(text string) (*statement, error) {
	var stmt driver.Stmt
	var err error
	text = c.dialect.Statement(text)
	if p, ok := c.driver.(driver.ConnPrepareContext); ok {
		stmt, err = p.PrepareContext(context.Background(), text)
	} else {
		stmt, err = c.driver.Prepare(text)
	}
	if err != nil {
		return nil, err
	}
	return &statement{stmt: stmt}, nil
}

// statement returns the prepared statement of the text; a second one, not kept, while rows of the first are open.
func (c *Conn) statement(text string) (s *statement, kept bool, err error) {
	if s = c.stmts[text]; s != nil && !s.busy {
		return s, true, nil
	}
	kept = s == nil
	if s, err = c.prepare(text); err == nil && kept {
		c.stmts[text] = s
	}
	return s, kept, err
}

func (s *statement) bind(args []driver.Value) []driver.NamedValue {
	s.args = s.args[:0]
	for i, v := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return s.args
}

// Transaction executes begin ("BEGIN IMMEDIATE"), calls do, and commits. Everything is rolled back after an error or a
// panic of do, and after any error of the connection, whether do minded it or not: a database may end a transaction
// by itself when its disk is full, and what follows must not be written alone.
func (c *Conn) Transaction(begin string, do func() error) (err error) {
	if _, err = c.Exec(begin); err != nil {
		return err
	}
	c.inside = true
	committed := false
	defer func() {
		c.inside, c.failed = false, nil
		if !committed {
			_, _ = c.Exec("ROLLBACK") // fails where the database has done so itself
		}
	}()
	if err = cmp.Or(do(), c.failed); err == nil {
		_, err = c.Exec("COMMIT")
		committed = err == nil
	}
	return err
}

// fail explains an error, and keeps the first one of a transaction.
func (c *Conn) fail(err error) error {
	if c.Explain != nil {
		err = c.Explain(err)
	}
	if c.inside && c.failed == nil {
		c.failed = err
	}
	return err
}

// Exec executes a statement that gives no rows and returns how many rows it changed. Errors are the driver's.
func (c *Conn) Exec(text string, args ...driver.Value) (affected int64, err error) {
	if strings.HasPrefix(text, "ROLLBACK") {
		c.gather.forget()
	}
	if err = c.Settle(); err != nil {
		return 0, err
	}
	return c.execute(text, args)
}

// execute is Exec whatever was gathered.
func (c *Conn) execute(text string, args []driver.Value) (affected int64, err error) {
	s, kept, err := c.statement(text)
	if err != nil {
		return 0, c.fail(err)
	}
	if !kept {
		defer s.stmt.Close()
	}
	result, err := s.exec(args)
	clear(s.args) // a kept statement does not keep its arguments alive
	if err == nil {
		affected, err = result.RowsAffected()
	}
	if err != nil {
		return 0, c.fail(err)
	}
	return affected, nil
}

func (s *statement) exec(args []driver.Value) (driver.Result, error) {
	if e, ok := s.stmt.(driver.StmtExecContext); ok {
		return e.ExecContext(context.Background(), s.bind(args))
	}
	//lint:ignore SA1019 a driver that knows no contexts has nothing else
	return s.stmt.Exec(args)
}

func (s *statement) query(args []driver.Value) (driver.Rows, error) {
	if q, ok := s.stmt.(driver.StmtQueryContext); ok {
		return q.QueryContext(context.Background(), s.bind(args))
	}
	//lint:ignore SA1019 a driver that knows no contexts has nothing else
	return s.stmt.Query(args)
}

// Query executes a statement that gives rows. They must be closed. Errors are the driver's.
func (c *Conn) Query(text string, args ...driver.Value) (*Rows, error) {
	if err := c.Settle(); err != nil {
		return nil, err
	}
	s, kept, err := c.statement(text)
	if err != nil {
		return nil, c.fail(err)
	}
	rows, err := s.query(args)
	if err != nil {
		if !kept {
			_ = s.stmt.Close()
		}
		return nil, c.fail(err)
	}
	s.busy = true
	return &Rows{conn: c, rows: rows, of: s, kept: kept, values: make([]driver.Value, len(rows.Columns()))}, nil
}

// QueryUpTo executes a query of which at most limit rows will be read. PostgreSQL is told so, since it would send all;
// SQLite is not, since it would plan the query anew at each call, which takes longer than a short query.
func (c *Conn) QueryUpTo(limit int, text string, args ...driver.Value) (*Rows, error) {
	if c.dialect == Postgres {
		text, args = text+" LIMIT ?", append(args[:len(args):len(args)], int64(limit))
	}
	return c.Query(text, args...)
}

// One executes a query, calls read for its first row, and reports whether there was one.
func (c *Conn) One(read func(*Rows) error, text string, args ...driver.Value) (found bool, err error) {
	err = c.Each(func(r *Rows) error {
		found = true
		return cmp.Or(read(r), r.err, errEnough)
	}, text, args...)
	if err == errEnough {
		err = nil
	}
	return found, err
}

// errEnough ends Each early.
var errEnough = errors.New("sqlrow: enough")

// Each executes a query and calls read for every row of it, until read or a getter has an error, which Each returns.
func (c *Conn) Each(read func(*Rows) error, text string, args ...driver.Value) (err error) {
	rows, err := c.Query(text, args...)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }() // also when read panics: open rows hold a snapshot
	for err == nil && rows.Next() {
		err = cmp.Or(read(rows), rows.err)
	}
	return err
}

// EachOf executes the query, which takes as many ids as IDMarks has, for all of them, and calls read for every row. Rows
// come in no particular order.
func (c *Conn) EachOf(query string, ids []record.ID, read func(*Rows) error) error {
	for len(ids) > 0 {
		n := min(len(ids), idsAtOnce)
		args := make([]driver.Value, 0, idsAtOnce)
		for i := range idsAtOnce {
			args = append(args, ids[min(i, n-1)][:]) // the last one stands for those that are missing
		}
		if err := c.Each(read, query, args...); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// idsAtOnce is how many ids a query takes: so many that what it costs besides the rows is spread thin.
const idsAtOnce = 64

// IDMarks stands for the ids in a query: "id IN " + IDMarks.
var IDMarks = "(?" + strings.Repeat(", ?", idsAtOnce-1) + ")"

// Int returns the first column of the first row of a query as a number, 0 if there is none.
func (c *Conn) Int(text string, args ...driver.Value) (n int64, err error) {
	_, err = c.One(func(r *Rows) error { n = r.Int(0); return nil }, text, args...)
	return n, err
}

// HasTable reports whether the database has a table of that name.
func (c *Conn) HasTable(name string) (bool, error) {
	query := "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
	if c.dialect == Postgres {
		query = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?"
	}
	n, err := c.Int(query, name)
	return n > 0, err
}

// Rows is the result of a query.
type Rows struct {
	conn   *Conn
	rows   driver.Rows
	of     *statement
	kept   bool
	values []driver.Value
	err    error
	closed bool
}

// RowOf returns values as the one row of a query, already read: for what was not read by one.
func RowOf(values ...driver.Value) *Rows { return &Rows{values: values, closed: true} }

// Next reads the next row; it is false at the end, after an error (see Err), and once the rows are closed.
func (r *Rows) Next() bool {
	if r.err != nil || r.closed {
		return false
	}
	err := r.rows.Next(r.values)
	if err != nil && err != io.EOF {
		r.err = r.conn.fail(err)
	}
	return err == nil
}

// Err returns the first error of Next or of a getter.
func (r *Rows) Err() error { return r.err }

// Values returns the row's values as the driver gives them, valid until Next or Close.
func (r *Rows) Values() []driver.Value { return r.values }

// Close ends the query and returns the first error there was. It may be called twice.
func (r *Rows) Close() error {
	if r.closed {
		return r.err
	}
	r.closed, r.of.busy = true, false
	err := r.rows.Close()
	if !r.kept {
		err = errors.Join(err, r.of.stmt.Close())
	}
	if r.err == nil {
		r.err = err
	}
	return r.err
}

// Null reports whether the i-th value is null.
func (r *Rows) Null(i int) bool { return r.values[i] == nil }

// Int returns the i-th value as a number, 0 for null; anything else is an error that Err returns.
func (r *Rows) Int(i int) int64 {
	switch v := r.values[i].(type) {
	case int64:
		return v
	case nil:
		return 0
	}
	r.mistyped(i, "a number")
	return 0
}

// Uint returns the i-th value as an unsigned number, as Int does.
func (r *Rows) Uint(i int) uint64 { return uint64(r.Int(i)) }

// Text returns the i-th value as text, "" for null; a number is an error that Err returns.
func (r *Rows) Text(i int) string {
	switch v := r.values[i].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case nil:
		return ""
	}
	r.mistyped(i, "a text")
	return ""
}

// Bytes returns a copy of the i-th value, nil for null; a number is an error that Err returns.
func (r *Rows) Bytes(i int) []byte {
	switch v := r.values[i].(type) {
	case []byte:
		return append([]byte(nil), v...)
	case string:
		return []byte(v)
	case nil:
		return nil
	}
	r.mistyped(i, "bytes")
	return nil
}

// ID returns the i-th value as an id, zero for null; anything but 16 bytes is an error that Err returns.
func (r *Rows) ID(i int) (id record.ID) {
	v, ok := r.values[i].([]byte)
	if r.values[i] != nil && (!ok || len(v) != len(id)) {
		r.mistyped(i, "an id")
		return record.ID{}
	}
	copy(id[:], v)
	return id
}

func (r *Rows) mistyped(i int, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("sqlrow: value %d is a %T, not %s", i, r.values[i], want)
	}
}
