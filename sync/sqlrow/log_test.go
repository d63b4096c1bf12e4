package sqlrow_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"fieldsync/sync/sqlrow"
)

// journalled opens a database with a write-ahead log and a table of notes.
func journalled(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	execute(t, db, "CREATE TABLE IF NOT EXISTS note(n INTEGER PRIMARY KEY, text TEXT)")
	return db
}

func execute(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

func length(t *testing.T, path string) int64 {
	t.Helper()
	at, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return at.Size()
}

// crashed returns the path of a copy of the database as it lies on the disk.
func crashed(t *testing.T, path string) string {
	t.Helper()
	there := filepath.Join(t.TempDir(), "copy.db")
	for _, ending := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + ending)
		if err == nil {
			err = os.WriteFile(there+ending, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return there
}

func count(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	var sound string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("the database is %s, %v", sound, err)
	}
	if err := db.QueryRow("SELECT count(*) FROM note").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The log is given as much room again as it has, within a transaction, up to where it begins anew. Whatever was committed
// before and afterwards is there when the machine stops, however much room is left.
func TestALogThatWasGivenRoomKeepsEveryCommit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	db := journalled(t, path)
	log := sqlrow.NewLog(path, 700)
	for n := range 18 {
		execute(t, db, "INSERT INTO note(text) VALUES(printf('%.*c', 150000, 'x'))")
		for more := log.Short(); more; {
			execute(t, db, "BEGIN IMMEDIATE")
			var err error
			if more, err = log.Lengthen(); err != nil {
				t.Fatal(err)
			}
			execute(t, db, "COMMIT")
			if err := log.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		if have := count(t, journalled(t, crashed(t, path))); have != n+1 {
			t.Fatalf("%d of %d notes survived", have, n+1)
		}
	}
	const most = (700 + 700/16) * 4120
	if n := length(t, path+"-wal"); n != most || log.Short() {
		t.Errorf("the log takes %d bytes, want %d", n, most)
	}
}

// A log that has room is left alone, and so is one that is gone.
func TestALogWithRoomIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	log := sqlrow.NewLog(path, 4000)
	if _, err := log.Lengthen(); log.Short() || err == nil {
		t.Error("there is a log before there is a database")
	}
	db := journalled(t, path)
	if !log.Short() {
		t.Error("a log that SQLite began has room")
	}
	if more, err := log.Lengthen(); more || err != nil || log.Short() || length(t, path+"-wal") != 1<<20 {
		t.Errorf("%v, %v, %d bytes", more, err, length(t, path+"-wal"))
	}
	execute(t, db, "INSERT INTO note(text) VALUES('fits')")
	if log.Short() {
		t.Error("a commit that fits has made the log short")
	}
	execute(t, db, "PRAGMA wal_checkpoint(TRUNCATE)")
	execute(t, db, "INSERT INTO note(text) VALUES('anew')")
	if !log.Short() {
		t.Error("a log that began anew has room")
	}
}
