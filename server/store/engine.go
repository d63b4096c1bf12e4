package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"fieldsync/sync/sqlrow"
)

// engine is the database beneath, in what SQLite and PostgreSQL do each in a way of its own. Everything else is SQL
// that both understand, see sqlrow.Dialect.
type engine interface {
	dialect() sqlrow.Dialect

	// connect opens a connection for the purpose.
	connect(purpose) (*conn, error)
	// reports opens connections that cannot write, for Query.
	reports() (*sql.DB, error)

	// paces opens connections by which several processes count together, nil where one serves the database.
	paces() *sql.DB

	// exclusive begins a transaction in which tables are made and changed, and nobody else does.
	exclusive(*conn) error
	// version returns the version of the hub's tables, 0 where there are none; another program's database is refused.
	version(*conn) (int64, error)
	// setVersion notes the version, in the transaction that brought the tables to it.
	setVersion(*conn, int64) error

	// share makes what several processes tell each other in passing: no part of the hub's data.
	share(*conn) error

	// numberOn sees to it that tables which number their rows go on after what was written under numbers given.
	numberOn(*conn) error

	// begin begins the transaction of the writer: until it ends nobody else writes. It returns a number that differs
	// from the last one if another process has written since.
	begin(*conn) (int64, error)
	// committed says that the transaction that was begun last is durable.
	committed()
	// log is the log of commits, in so far as the hub gives it room; nil where the database does so itself, or there is none to give.
	log() *sqlrow.Log
	// heavy reports, after a commit of the connection, whether so much was written since it last said so that the log of
	// commits is to be emptied.
	heavy(*conn) bool
	// empty brings what is in the log of commits to where it belongs, beside whoever writes.
	empty() error
	// snapshot begins a transaction of one that reads: its first query fixes what it sees.
	snapshot(*conn) error

	// alone runs do while no other process on the database does so under the name (see Store.Alone).
	alone(ctx context.Context, name string, do func(context.Context)) error
	// deserted refuses a database on which another process works, as far as the database knows.
	deserted(context.Context, *conn) error
	// lineage names the history of the files beneath: it is another one after they were put back to an older state, where
	// the database can tell, and "" where it cannot.
	lineage() string
	// sweep takes out of the files what is no longer in the database.
	sweep(*conn) error
	// copyTo copies the store, as it stands at one moment, into a new SQLite file.
	copyTo(ctx context.Context, s *Store, path string) error
	// verify lets the database check itself.
	verify(reads, *VerifyReport) error
	// explain turns what the database says into a refusal with a stable code, nil where it was not the database.
	explain(error) error
}

// purpose is what a connection is for.
type purpose int

const (
	toWrite purpose = iota
	toRead
	toCopy
	toEmpty
	toLead
	toCount
)

// conn is one connection with its prepared statements.
type conn struct {
	*sqlrow.Conn
	raw driver.Conn
}

func (c *conn) close() error { return errors.Join(c.Conn.Close(), c.raw.Close()) }

// alive reports whether the connection can still be used.
func (c *conn) alive() bool {
	v, asks := c.raw.(driver.Validator)
	return !asks || v.IsValid()
}

// run executes statements that take nothing and give nothing.
func (c *conn) run(statements ...string) error {
	for _, text := range statements {
		if _, err := c.Exec(text); err != nil {
			return err
		}
	}
	return nil
}
