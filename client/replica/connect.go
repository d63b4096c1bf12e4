package replica

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"fieldsync/sync/sqlrow"
)

// Figures that were measured, see the package's benchmarks.
const (
	cacheKiB       = 4096 // a larger cache is no faster and costs a phone its memory
	pageBytes      = 4 << 10
	autocheckpoint = 4000 // pages
	walLimit       = 32 << 20
	busyMillis     = 5000
)

// durable has a commit wait for the disk; WriteBulk does without.
const durable = "synchronous(FULL)"

// writing are the settings of the one connection that writes, reading those of the others.
var (
	writing = []string{
		fmt.Sprintf("busy_timeout(%d)", busyMillis),
		fmt.Sprintf("cache_size(-%d)", cacheKiB),
		"journal_mode(WAL)",
		durable,
		fmt.Sprintf("wal_autocheckpoint(%d)", autocheckpoint),
		fmt.Sprintf("journal_size_limit(%d)", walLimit),
		"foreign_keys(OFF)",
		"temp_store(MEMORY)",
		"secure_delete(ON)", // what is erased is in no page of the file, those that are free among them
	}
	reading = []string{
		fmt.Sprintf("busy_timeout(%d)", busyMillis),
		fmt.Sprintf("cache_size(-%d)", cacheKiB/2),
		"query_only(ON)",
		"temp_store(MEMORY)",
	}
)

// TakingIn returns the settings of the connection that writes, as PRAGMAs in the form "name(value)", while what the hub
// sends is taken in: who measures against a bare table gives it the same.
func TakingIn() []string {
	settings := slices.Clone(writing)
	settings[slices.Index(settings, durable)] = "synchronous(NORMAL)"
	return settings
}

// dsn returns the name under which the driver opens the file. Modes are those of SQLite: "rwc" makes the file where
// there is none, "ro" only reads.
func dsn(path, mode string, pragmas ...string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // a drive letter
		slashed = "/" + slashed
	}
	query := url.Values{"mode": {mode}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String()
}

// open returns a pool of connections to the file. Nothing is opened before the first use.
func open(path, mode string, pragmas ...string) (*sql.DB, error) {
	return sql.Open("sqlite", dsn(path, mode, pragmas...))
}

// openStill is open for reading a file that nobody changes: nothing is made beside it.
func openStill(path string) (*sql.DB, error) {
	return sql.Open("sqlite", dsn(path, "ro", reading...)+"&immutable=1")
}

// create makes the file where there is none, for its owner alone to read: SQLite gives its own files the same rights. A
// file that is there is not touched: to open and close it would end the locks that this process holds on it.
func create(path string) {
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
		_ = f.Close() // where it could not be made, SQLite says why
	}
}

// handle is one connection that is kept, with its prepared statements.
type handle struct {
	*sqlrow.Conn
	held *sql.Conn
}

// hold takes a connection out of the pool until the handle is closed.
func hold(ctx context.Context, pool *sql.DB) (*handle, error) {
	held, err := pool.Conn(ctx)
	if err != nil {
		return nil, explain(err)
	}
	h := &handle{held: held}
	err = held.Raw(func(c any) error {
		h.Conn = sqlrow.Wrap(c.(driver.Conn))
		h.Explain = explain
		return nil
	})
	return h, err
}

func (h *handle) close() {
	_ = h.Conn.Close()
	_ = h.held.Close()
}

// run executes statements one after another.
func run(c *sqlrow.Conn, statements ...string) error {
	for _, s := range statements {
		if _, err := c.Exec(s); err != nil {
			return err
		}
	}
	return nil
}
