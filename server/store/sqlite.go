package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	sqlite3 "modernc.org/sqlite"
	sqlitecode "modernc.org/sqlite/lib"

	"fieldsync/server/disk"
	"fieldsync/sync/fault"
	"fieldsync/sync/sqlrow"
)

// sqlite is the engine that is part of the program: one file, written by one process at a time.
type sqlite struct {
	path    string
	readers int
	journal *sqlrow.Log
}

// emptyAfter is after how many pages the write-ahead log is emptied, beside whoever writes, and emptySooner where the disk has
// no more left than the rows' reserve; autocheckpoint is at what length a commit does it itself, and keeps everybody waiting,
// where that did not come to an end.
const (
	emptyAfter     = 10_000
	emptySooner    = emptyAfter / 10
	autocheckpoint = 2 * emptyAfter
)

func (sqlite) dialect() sqlrow.Dialect { return sqlrow.SQLite }

// The settings of connections. A commit is durable when it returns (FULL). Checkpoints are rare, since they are 40 %
// of the cost of spread writes. The writer's cache holds the upper levels of every table; a reader's need not.
var (
	pragmas = map[purpose][]string{
		toWrite: {"journal_mode(WAL)", "synchronous(FULL)", fmt.Sprintf("wal_autocheckpoint(%d)", autocheckpoint), "cache_size(-65536)",
			"busy_timeout(10000)", "secure_delete(ON)"},
		toRead:  {"query_only(1)", "cache_size(-8192)", "busy_timeout(10000)"},
		toCopy:  {"busy_timeout(10000)"},
		toEmpty: {"synchronous(FULL)"},
	}
	reporting = pragmas[toRead]
)

func location(path string, pragmas []string) string {
	at := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return at.String()
}

func (e sqlite) connect(p purpose) (*conn, error) {
	if p == toWrite {
		if err := e.wholeLog(); err != nil {
			return nil, err
		}
		create(e.path)
	}
	raw, err := new(sqlite3.Driver).Open(location(e.path, pragmas[p]))
	if err != nil {
		return nil, err
	}
	return &conn{sqlrow.Wrap(raw), raw}, nil
}

// wholeLog refuses a write-ahead log with a byte that went bad: SQLite would pass over every commit behind it, and then write
// over them.
func (e sqlite) wholeLog() error {
	broken, err := sqlrow.LogBroken(e.path)
	if err == nil && broken {
		err = fault.New(Corrupt, "The database's log, "+e.path+"-wal, is damaged: commits behind the damage would be lost. Nothing was"+
			" changed. Keep both files, and restore a backup: devices send again what it lacks.")
	}
	return err
}

// create makes the file where there is none, for its owner alone to read: it holds what customers and hashes of
// passwords are, and SQLite gives its journal the same rights. A file that is there is not touched: to open and close it
// would end the locks that this process holds on it.
func create(path string) {
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
		_ = f.Close() // where it could not be made, SQLite says why
	}
}

func (e sqlite) reports() (*sql.DB, error) {
	db, err := sql.Open("sqlite", location(e.path, reporting))
	if err == nil {
		db.SetMaxOpenConns(e.readers)
	}
	return db, err
}

func (sqlite) exclusive(c *conn) error { return c.run("BEGIN IMMEDIATE") }

// applicationID stands in the header of the file ("fsyn"), so that another program's database is never taken for ours.
const applicationID = 0x6673796e

// version refuses a database that is not the hub's.
func (sqlite) version(c *conn) (int64, error) {
	id, err := c.Int("PRAGMA application_id")
	if err != nil {
		return 0, err
	}
	tables, err := c.Int("SELECT count(*) FROM sqlite_schema")
	if err == nil && id != applicationID && tables > 0 {
		err = fault.New(Foreign, "The file is another program's database. Name the hub's database file.")
	}
	if err != nil {
		return 0, err
	}
	return c.Int("PRAGMA user_version")
}

func (sqlite) setVersion(c *conn, version int64) error {
	return c.run(fmt.Sprintf("PRAGMA application_id = %d", applicationID), fmt.Sprintf("PRAGMA user_version = %d", version))
}

// numberOn has nothing to do: the next number is the greatest and one.
func (sqlite) numberOn(*conn) error { return nil }

func (sqlite) begin(c *conn) (version int64, err error) {
	if err = c.run("BEGIN IMMEDIATE"); err == nil {
		version, err = c.Int("PRAGMA data_version")
	}
	return version, err
}

func (sqlite) committed() {}

func (e sqlite) log() *sqlrow.Log {
	if e.scant() {
		return nil
	}
	return e.journal
}

// scant reports whether the disk has no more left than what all else leaves to the rows: the log takes as little as it can.
func (e sqlite) scant() bool { return disk.Short(filepath.Dir(e.path), 0, disk.Reserve) }

func (e sqlite) heavy(c *conn) bool {
	counts, can := c.raw.(sqlite3.DBStatus)
	if !can {
		return false
	}
	pages, _, err := counts.Status(sqlite3.DBStatusCacheWrite, false)
	if err == nil && (pages >= emptyAfter || pages >= emptySooner && e.scant()) {
		_, _, err = counts.Status(sqlite3.DBStatusCacheWrite, true)
		return err == nil
	}
	return false
}

// emptyTries is how often what was written meanwhile is brought over too: each time it is less. A log of which nothing is
// left to bring over is begun anew by the next commit.
const emptyTries = 8

func (e sqlite) empty() error {
	c, err := e.connect(toEmpty)
	if err != nil {
		return err
	}
	for tries, left := 0, true; left && tries < emptyTries && err == nil; tries++ {
		_, err = c.One(func(q *sqlrow.Rows) error {
			left = q.Int(1) > q.Int(2)
			return q.Err()
		}, "PRAGMA wal_checkpoint(PASSIVE)")
	}
	return errors.Join(err, c.close())
}

func (sqlite) snapshot(c *conn) error { return c.run("BEGIN") }

// alone waits for nobody: one process serves a file.
func (sqlite) alone(ctx context.Context, _ string, do func(context.Context)) error {
	do(ctx)
	return nil
}

// deserted is left to who names the file: a lock in its folder says who works on it.
func (sqlite) deserted(context.Context, *conn) error { return nil }

// lineage is unknown: a file does not know that it was put in the place of another.
func (sqlite) lineage() string { return "" }

func (sqlite) sweep(c *conn) error {
	busy, err := c.Int("PRAGMA wal_checkpoint(TRUNCATE)")
	if err == nil && busy != 0 {
		err = fault.New(Busy, "Somebody is reading the database. Try again.")
	}
	return err
}

// copyTo copies the database without what is free in it.
func (e sqlite) copyTo(ctx context.Context, _ *Store, path string) error {
	c, err := e.connect(toCopy)
	if err != nil {
		return err
	}
	defer func() { _ = c.close() }() // it was only read
	create(path)
	_, err = c.raw.(driver.ExecerContext).ExecContext(ctx, "VACUUM INTO ?", []driver.NamedValue{{Ordinal: 1, Value: path}})
	return err
}

func (sqlite) verify(r reads, report *VerifyReport) error {
	return r.conn.Each(func(q *sqlrow.Rows) error {
		if line := q.Text(0); line != "ok" {
			report.problem("database: %s", line)
		}
		return q.Err()
	}, "PRAGMA integrity_check")
}

// refusal is what an error of the database means to the person who runs the hub.
type refusal struct {
	code    fault.Code
	message string
}

// sqliteRefusals are by primary result code.
var sqliteRefusals = map[int]refusal{
	sqlitecode.SQLITE_FULL:     {DiskFull, "The disk is full, and this was not written; what came before it stands. Free some space and try again."},
	sqlitecode.SQLITE_READONLY: {ReadOnly, "The database may not be written. Check who may write its file and folder."},
	sqlitecode.SQLITE_PERM:     {ReadOnly, "The database may not be written. Check who may write its file and folder."},
	sqlitecode.SQLITE_CANTOPEN: {Unreadable, "The database cannot be opened. Check that its folder exists, and who may write it and the file."},
	sqlitecode.SQLITE_IOERR:    {Unreadable, "The disk does not work as it should. Look at the system's log."},
	sqlitecode.SQLITE_CORRUPT:  {Corrupt, "The database is damaged. Stop the hub and restore a backup."},
	sqlitecode.SQLITE_NOTADB:   {Foreign, "The file is no database, or its beginning is damaged. Name the hub's database file, or bring a backup back: fieldsyncd restore."},
	sqlitecode.SQLITE_BUSY:     {Busy, "Another program is writing the database. Stop it, or try again."},
}

func (sqlite) explain(err error) error {
	var e *sqlite3.Error
	if !errors.As(err, &e) {
		return nil
	}
	code := e.Code() & 0xff
	switch e.Code() {
	case sqlitecode.SQLITE_IOERR_SHMSIZE: // the journal's index cannot grow: there is no room for it
		code = sqlitecode.SQLITE_FULL
	case sqlitecode.SQLITE_IOERR_GETTEMPPATH:
		return fault.Wrap(Unreadable, "There is no folder for temporary files, and this was not written. Name one that the hub may write: TMPDIR.", err)
	}
	if r, ok := sqliteRefusals[code]; ok {
		return fault.Wrap(r.code, r.message, err)
	}
	return unexplained(err)
}
