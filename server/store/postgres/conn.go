// Package postgres is a connection to PostgreSQL in the shape that package sqlrow and database/sql take: a
// database/sql/driver connection over pgconn, the lower half of pgx. It gives values as SQLite gives them: numbers are
// int64 (booleans 0 and 1, sums too), texts string, bytes []byte.
//
// A connection of PostgreSQL does one thing at a time. Who asks for something while rows of a query are open is
// answered all the same: what is left of them is read into memory first.
package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Conn is one connection. It is used by one goroutine at a time.
type Conn struct {
	pg       *pgconn.PgConn
	open     *rows // that are still being received
	prepared int   // how many statements were: each has a name of its own
}

var (
	_ driver.Conn               = (*Conn)(nil)
	_ driver.ConnPrepareContext = (*Conn)(nil)
	_ driver.Validator          = (*Conn)(nil)
	_ driver.StmtExecContext    = (*stmt)(nil)
	_ driver.StmtQueryContext   = (*stmt)(nil)
)

// Options say where the database is, and what holds of a connection to it.
type Options struct {
	URL      string            // postgres://user:password@host:port/database?sslmode=…, or key=value pairs as libpq takes them
	Settings map[string]string // of the session: "default_transaction_read_only": "on"
}

// Connect opens a connection. Errors are those of pgconn.
func Connect(ctx context.Context, o Options) (*Conn, error) {
	config, err := pgconn.ParseConfig(o.URL)
	if err != nil {
		return nil, err
	}
	for name, value := range o.Settings {
		config.RuntimeParams[name] = value
	}
	pg, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &Conn{pg: pg}, nil
}

// Say executes a statement without arguments on a connection of its own: one that makes or drops a database, say, which no transaction may.
func Say(ctx context.Context, o Options, statement string) (err error) {
	c, err := Connect(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	s, err := c.PrepareContext(ctx, statement)
	if err == nil {
		//lint:ignore SA1019 it takes no arguments
		_, err = s.Exec(nil)
	}
	return err
}

// Connector opens connections for database/sql.
type Connector struct{ Options }

// Connect implements driver.Connector.
func (c Connector) Connect(ctx context.Context) (driver.Conn, error) { return Connect(ctx, c.Options) }

// Driver implements driver.Connector; there is none that opens by a name.
func (c Connector) Driver() driver.Driver { return nameless{} }

type nameless struct{}

func (nameless) Open(string) (driver.Conn, error) {
	return nil, errors.New("postgres: connections are opened by a Connector")
}

// IsValid implements driver.Validator: it is false once the connection has broken.
func (c *Conn) IsValid() bool { return !c.pg.IsClosed() }

// Close ends the connection.
func (c *Conn) Close() error { return c.pg.Close(context.Background()) }

// Begin is not used: whoever has a connection says BEGIN himself.
func (c *Conn) Begin() (driver.Tx, error) {
	return nil, errors.New("postgres: transactions begin by statements")
}

// Prepare is PrepareContext without a context.
func (c *Conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext prepares a query that takes arguments or gives rows. Everything else, which may be several statements,
// is executed as it stands. A query that searches for a text is planned for each text anew: what suits one that is in few rows
// takes long for one that is in many.
func (c *Conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if !isQuery(query) {
		return &stmt{conn: c, text: query}, nil
	}
	if err := c.free(); err != nil {
		return nil, err
	}
	c.prepared++
	described, err := c.pg.Prepare(ctx, "s"+strconv.Itoa(c.prepared), query, nil)
	if err != nil {
		return nil, fmt.Errorf("%w in: %s", err, query)
	}
	s := &stmt{conn: c, text: query, described: described, anew: strings.Contains(query, "::tsquery"), formats: make([]int16, len(described.Fields))}
	for i, f := range described.Fields {
		s.formats[i] = formatOf(f.DataTypeOID)
	}
	return s, nil
}

func isQuery(text string) bool {
	for _, verb := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"} {
		if strings.HasPrefix(strings.TrimLeft(text, " \t\n"), verb) {
			return true
		}
	}
	return false
}

// free makes the connection free for something else, by reading what is left of the open rows.
func (c *Conn) free() error {
	if c.open == nil {
		return nil
	}
	return c.open.readAhead()
}

// stmt is a statement: prepared, or else executed as it stands.
type stmt struct {
	conn      *Conn
	text      string
	described *pgconn.StatementDescription // nil: not prepared
	anew      bool                         // it is planned for the arguments at each call
	formats   []int16                      // of the columns of its rows
	values    [][]byte                     // the arguments, kept to be written over
	types     []int16
}

// Close implements driver.Stmt. A statement of a broken connection is gone by itself.
func (s *stmt) Close() error {
	if s.described == nil || !s.conn.IsValid() {
		return nil
	}
	if err := s.conn.free(); err != nil {
		return err
	}
	return s.conn.pg.Deallocate(context.Background(), s.described.Name)
}

// NumInput implements driver.Stmt.
func (s *stmt) NumInput() int {
	if s.described == nil {
		return 0
	}
	return len(s.described.ParamOIDs)
}

// Exec is ExecContext without a context.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query is QueryContext without a context.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

func named(args []driver.Value) []driver.NamedValue {
	list := make([]driver.NamedValue, len(args))
	for i, v := range args {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return list
}

// ExecContext executes the statement.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if s.described == nil {
		if err := s.conn.free(); err != nil {
			return nil, err
		}
		return driver.RowsAffected(0), s.run(ctx)
	}
	reader, err := s.execute(ctx, args)
	if err != nil {
		return nil, err
	}
	tag, err := reader.Close()
	return driver.RowsAffected(tag.RowsAffected()), err
}

// errAbandoned is the answer to a COMMIT of which the server has made a ROLLBACK, since a statement before it had failed.
var errAbandoned = errors.New("postgres: a statement failed before, so that nothing was committed")

// run executes what was not prepared.
func (s *stmt) run(ctx context.Context) error {
	results, err := s.conn.pg.Exec(ctx, s.text).ReadAll()
	if err == nil && s.text == "COMMIT" && len(results) == 1 && results[0].CommandTag.String() == "ROLLBACK" {
		err = errAbandoned
	}
	return err
}

// QueryContext executes the statement for its rows.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.described == nil {
		return nil, fmt.Errorf("postgres: this gives no rows: %s", s.text)
	}
	reader, err := s.execute(ctx, args)
	if err != nil {
		return nil, err
	}
	r := &rows{of: s, reader: reader}
	s.conn.open = r
	return r, nil
}

func (s *stmt) execute(ctx context.Context, args []driver.NamedValue) (*pgconn.ResultReader, error) {
	if len(args) != len(s.described.ParamOIDs) {
		return nil, fmt.Errorf("postgres: %d arguments for %d: %s", len(args), len(s.described.ParamOIDs), s.text)
	}
	if err := s.conn.free(); err != nil {
		return nil, err
	}
	s.values, s.types = s.values[:0], s.types[:0]
	for i, a := range args {
		value, format, err := encode(a.Value, s.described.ParamOIDs[i])
		if err != nil {
			return nil, fmt.Errorf("postgres: argument %d of %s: %w", i+1, s.text, err)
		}
		s.values, s.types = append(s.values, value), append(s.types, format)
	}
	defer clear(s.values)
	if s.anew {
		return s.conn.pg.ExecParams(ctx, s.text, s.values, s.described.ParamOIDs, s.types, s.formats), nil
	}
	return s.conn.pg.ExecStatement(ctx, s.described, s.values, s.types, s.formats), nil
}
