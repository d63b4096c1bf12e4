package replica

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"io"

	"fieldsync/sync/sqlrow"
)

// What the file says of its own tables is data too, and SQLite checks none of it: a bit that flips in the name of a
// column makes it another column, whose values nobody finds any more; one in the name of the outbox hides everything
// that waits. So the file keeps a hash of it, written with the tables.

const shapeTable = `CREATE TABLE IF NOT EXISTS _shape (
	id  INTEGER PRIMARY KEY CHECK (id = 1),
	sum BLOB NOT NULL -- SHA-256 over the version of the file, and the names and definitions of its tables
)`

// shapeOf returns the hash of the tables that the file says it has.
func shapeOf(c *sqlrow.Conn) ([]byte, error) {
	version, err := c.Int("PRAGMA user_version")
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	number(h, version)
	err = c.Each(func(r *sqlrow.Rows) error {
		for i := range 2 {
			text := r.Bytes(i)
			number(h, int64(len(text)))
			h.Write(text)
		}
		return r.Err()
	}, "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name")
	return h.Sum(nil), err
}

func number(w io.Writer, n int64) { _, _ = w.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) } // a hash takes all

// putShape notes what the tables are, where that is not what is noted.
func putShape(c *sqlrow.Conn) error {
	if err := run(c, shapeTable); err != nil {
		return err
	}
	sum, err := shapeOf(c)
	if err == nil {
		_, err = c.Exec("INSERT INTO _shape(id, sum) VALUES(1, ?) ON CONFLICT(id) DO UPDATE SET sum = excluded.sum"+
			" WHERE sum <> excluded.sum", sum)
	}
	return err
}

// checkShape compares the tables with what is noted of them. A file in which nothing is noted was never finished.
func checkShape(c *sqlrow.Conn) error {
	noted, err := c.HasTable("_shape")
	if err != nil || !noted {
		return err
	}
	var want []byte
	if _, err = c.One(func(r *sqlrow.Rows) error { want = r.Bytes(0); return nil }, "SELECT sum FROM _shape"); err != nil {
		return err
	}
	have, err := shapeOf(c)
	if err == nil && subtle.ConstantTimeCompare(have, want) == 0 {
		err = corrupt("what the file says of its tables", nil)
	}
	return err
}
