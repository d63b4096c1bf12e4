package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"fieldsync/server/store/postgres"
	"fieldsync/sync/fault"
	"fieldsync/sync/sqlrow"
)

// postgresql is the engine that operators run for themselves. Several processes may write one database: each
// transaction begins by taking its turn, a row that it locks until it has committed. So commit numbers are given in the
// order in which they become visible, and no checkpoint ever passes over one: who sees a commit sees every one before.
type postgresql struct {
	url     string
	readers int

	ours atomic.Int64 // the turns of this process that were committed

	mu    sync.Mutex
	known string // the lineage, once there was a connection
}

func (*postgresql) dialect() sqlrow.Dialect { return sqlrow.Postgres }

// connectWithin is how long a server may take to answer before it counts as gone.
const connectWithin = 20 * time.Second

// settings are those of a session. They bound how long a hub keeps the turn that has stopped, or whose machine vanished.
// Whatever a list is sorted by has an index in just that order. By the index of its column alone and an incremental sort, which
// PostgreSQL thinks quicker, all rows without a value were read and sorted before the first of them was shown.
func settings(p purpose) map[string]string {
	s := map[string]string{"application_name": "fieldsync", "tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5",
		"tcp_keepalives_count": "3", "TimeZone": "UTC"}
	switch p {
	case toWrite:
		s["idle_in_transaction_session_timeout"] = "60s"
	case toRead:
		s["default_transaction_read_only"] = "on"
		s["enable_incremental_sort"] = "off"
	case toCount:
		s["synchronous_commit"] = "off"
	}
	return s
}

func (e *postgresql) connect(p purpose) (*conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), connectWithin)
	defer cancel()
	raw, err := postgres.Connect(ctx, postgres.Options{URL: e.url, Settings: settings(p)})
	if err != nil {
		return nil, err
	}
	c := &conn{sqlrow.Postgres.Wrap(raw), raw}
	if err = e.prepare(c, p); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// prepare sees to it that every text can be stored, that commits are durable, and that the server is still the one of the first
// connection.
func (e *postgresql) prepare(c *conn, p purpose) error {
	if err := e.recognise(c); err != nil || p != toWrite {
		return err
	}
	var durable, encoding string
	_, err := c.One(func(q *sqlrow.Rows) error { durable, encoding = q.Text(0), q.Text(1); return q.Err() },
		"SELECT current_setting('synchronous_commit'), current_setting('server_encoding')")
	if err == nil && encoding != "UTF8" {
		return fault.New(Unreadable, "The database cannot store every text: its encoding has to be UTF8. Create it anew, with -E UTF8.")
	}
	if err == nil && (durable == "off" || durable == "local") {
		err = c.run("SET synchronous_commit = on")
	}
	return err
}

// recognise refuses a server that was put back to an older state, or took over from another, under a hub that works:
// what this process remembers may never have happened there.
func (e *postgresql) recognise(c *conn) error {
	now, err := lineageOf(c)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known == "" {
		e.known = now
	}
	if e.known != now {
		return fault.New(Replaced, "The database was restored, or another server took over. Start the hub again.")
	}
	return nil
}

// lineageOf names the server's cluster, the database in it, and the timeline: a number that rises whenever the server
// was restored from an archive, or a standby took over.
func lineageOf(c *conn) (lineage string, err error) {
	_, err = c.One(func(q *sqlrow.Rows) error {
		lineage = strings.Join([]string{q.Text(0), q.Text(1), q.Text(2)}, "/")
		return q.Err()
	}, "SELECT (SELECT system_identifier::text FROM pg_control_system()),"+
		" (SELECT oid::text FROM pg_database WHERE datname = current_database()),"+
		" substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")
	return lineage, err
}

func (e *postgresql) lineage() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.known
}

func (e *postgresql) reports() (*sql.DB, error) {
	db := sql.OpenDB(postgres.Connector{Options: postgres.Options{URL: e.url, Settings: settings(toRead)}})
	db.SetMaxOpenConns(e.readers)
	return db, nil
}

// exclusive waits for whoever else makes tables, and takes the turn before it touches any: other nodes may be writing, and
// each would wait for the other.
func (e *postgresql) exclusive(c *conn) error {
	if err := c.run("BEGIN"); err != nil {
		return err
	}
	_, err := c.One(func(*sqlrow.Rows) error { return nil }, fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", applicationID))
	if err != nil {
		return err
	}
	made, err := c.HasTable("_hub")
	if err == nil && made {
		_, err = c.Int("SELECT turn FROM _hub FOR UPDATE")
	}
	return err
}

// version keeps the version in a table of its own, by which the hub's database is told from another program's.
func (*postgresql) version(c *conn) (version int64, err error) {
	ours, err := c.HasTable("_fieldsync")
	if err != nil {
		return 0, err
	}
	if ours {
		return c.Int("SELECT version FROM _fieldsync")
	}
	others, err := c.Int("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
	if err == nil && others > 0 {
		err = fault.New(Foreign, "The database is another program's. Create one for the hub, and name that with -db.")
	}
	return 0, err
}

// share makes what nodes tell each other in passing.
func (*postgresql) share(c *conn) error { return c.run(makePaces) }

func (*postgresql) setVersion(c *conn, version int64) error {
	return c.run("CREATE TABLE IF NOT EXISTS _fieldsync (version BIGINT NOT NULL)", "DELETE FROM _fieldsync",
		"INSERT INTO _fieldsync(version) VALUES("+strconv.FormatInt(version, 10)+")")
}

func (*postgresql) numberOn(c *conn) error {
	for _, table := range []string{"_conflict", "_backup"} {
		_, err := c.One(func(*sqlrow.Rows) error { return nil },
			"SELECT setval(pg_get_serial_sequence('"+table+"', 'n'), coalesce(max(n), 0) + 1, false) FROM "+table)
		if err != nil {
			return err
		}
	}
	return nil
}

// begin takes the turn. The number of turns, without those of this process, tells of the others'.
func (e *postgresql) begin(c *conn) (version int64, err error) {
	if err = c.run("BEGIN"); err == nil {
		version, err = c.Int("UPDATE _hub SET turn = turn + 1 RETURNING turn")
	}
	return version - e.ours.Load(), err
}

func (e *postgresql) committed() { e.ours.Add(1) }

// heavy is never so: the server empties its log itself.
func (*postgresql) heavy(*conn) bool { return false }

func (*postgresql) empty() error { return nil }

func (*postgresql) log() *sqlrow.Log { return nil }

func (*postgresql) snapshot(c *conn) error {
	return c.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
}

func (*postgresql) sweep(c *conn) error { return c.run("VACUUM") }

// copyTo copies it row by row: a backup is the same kind of file whatever the hub stands on.
func (*postgresql) copyTo(ctx context.Context, s *Store, path string) error {
	return s.Read(ctx, func(v *View) error {
		_, err := s.copyFrom(ctx, v, Options{Path: path}, OldHistory)
		return err
	})
}

// verify has nothing to do: whoever wants pages checked lets the server do so (data checksums, pg_amcheck).
func (*postgresql) verify(reads, *VerifyReport) error { return nil }

// leaving is how long the server may take to notice that a hub has gone.
const leaving = 3 * time.Second

// deserted asks for other connections of hubs: one that stays would go on taking in work that nobody looks for there.
func (*postgresql) deserted(ctx context.Context, c *conn) error {
	for until := time.Now().Add(leaving); ; time.Sleep(100 * time.Millisecond) {
		others, err := c.Int("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()" +
			" AND application_name = 'fieldsync' AND pid <> pg_backend_pid()")
		switch {
		case err != nil || others == 0:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(until):
			return fault.New(Busy, "Another program is using the database. Stop it, or try again.")
		}
	}
}

// postgresRefusals are by the SQLSTATE, or the class that it begins with.
var postgresRefusals = map[string]refusal{
	"53100": {DiskFull, "The disk of the database is full, and this was not written; what came before it stands. Free some space and try again."},
	"53":    {Busy, "The database server has no room for more work. Raise its limits, or try again."},
	"55000": {ReadOnly, "The database may not be written: its server is a standby. Name the one that leads with -db."},
	"25006": {ReadOnly, "The database may not be written: it is a standby, or set to be read only."},
	"42501": {ReadOnly, "The database refuses the hub's user something. Make him the owner of the database."},
	"28":    {Unreadable, "The database server does not let the hub in. Check user and password in -db."},
	"3D":    {Unreadable, "There is no such database. Create it, or check its name in -db."},
	"57":    {Unavailable, "The database server is stopping or starting. Nothing is lost; try again."},
	"08":    {Unavailable, "The database server does not answer. Nothing is lost; try again."},
	"22021": {fault.Invalid, "A text holds a character that cannot be stored. Remove it, and try again."},
	"XX":    {Corrupt, "The database is damaged. Look at its server's log, and restore a backup."},
	"55":    {Busy, "Another program is using the database. Stop it, or try again."},
}

func (*postgresql) explain(err error) error {
	var said *pgconn.PgError
	var failed *pgconn.ConnectError
	var wrong *pgconn.ParseConfigError
	var broken net.Error
	switch {
	case errors.As(err, &said):
		for _, code := range []string{said.Code, said.Code[:min(2, len(said.Code))]} {
			if r, ok := postgresRefusals[code]; ok {
				return fault.Wrap(r.code, r.message, err)
			}
		}
		return unexplained(err)
	case errors.As(err, &wrong):
		return fault.New(Unreadable, "This is not the address of a database: it is written postgres://user:password@host/database.")
	case errors.As(err, &failed), errors.As(err, &broken), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		pgconn.SafeToRetry(err), pgconn.Timeout(err):
		return fault.Wrap(Unavailable, "The database server does not answer. Nothing is lost; try again.", err)
	}
	return nil
}
