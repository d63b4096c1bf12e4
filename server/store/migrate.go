package store

import (
	_ "embed"
	"fmt"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

//go:embed hub.sql
var hubSQL string

// migrations bring the hub's own tables from one version to the next; see engine.version.
// A step is never changed once it was released.
var migrations = []string{hubSQL}

// migrate brings the tables of the hub and of the application to the version of this program: all of it or nothing.
func (s *Store) migrate() error {
	c := s.writer.conn
	if err := s.engine.exclusive(c); err != nil {
		return err
	}
	if err := s.migrateHub(c); err != nil {
		_ = c.run("ROLLBACK")
		return err
	}
	if err := s.migrateSchema(c); err != nil {
		_ = c.run("ROLLBACK")
		return err
	}
	if err := s.engine.share(c); err != nil {
		_ = c.run("ROLLBACK")
		return err
	}
	return c.run("COMMIT")
}

func (s *Store) migrateHub(c *conn) error {
	version, err := s.engine.version(c)
	switch {
	case err != nil:
		return err
	case int(version) > len(migrations):
		return fault.New(Newer, "The database was written by a newer version of the hub. Install that version.")
	case int(version) == len(migrations):
		return nil
	}
	return makeHub(s.engine, c, version, int64(len(migrations)))
}

// makeHub brings the hub's own tables from one version to another.
func makeHub(e engine, c *conn, from, to int64) error {
	for version := from; version < to; version++ {
		if err := c.run(e.dialect().Definition(migrations[version])); err != nil {
			return fmt.Errorf("store: migration %d: %w", version+1, err)
		}
	}
	return e.setVersion(c, to)
}

func (s *Store) migrateSchema(c *conn) error {
	want := s.options.Schema
	var name string
	var have int64
	known, err := c.One(func(r *sqlrow.Rows) error {
		name, have = r.Text(0), r.Int(1)
		return r.Err()
	}, "SELECT schema, version FROM _hub")
	switch {
	case err != nil:
		return err
	case known && name != want.Name:
		return fault.Newf(Foreign, "The database belongs to the application %s, not to %s.", name, want.Name)
	case known && int(have) > want.Version:
		return fault.Newf(Newer, "The database has version %d of the schema, this hub knows %d. Install the newer hub.", have, want.Version)
	}
	if err = s.layout.UseKeys(c.Conn); err != nil {
		return err
	}
	if _, err = s.layout.Migrate(c.Conn); err != nil {
		return err
	}
	if err = c.run(s.layout.Indexes()...); err != nil {
		return err
	}
	if known {
		_, err = c.Exec("UPDATE _hub SET version = ?", int64(want.Version))
		return err
	}
	return s.found(c)
}

// found gives a new database its identity.
func (s *Store) found(c *conn) error {
	id, err := s.random(len(record.ID{}))
	if err != nil {
		return err
	}
	_, err = c.Exec("INSERT INTO _hub(one, id, epoch, restore_at, schema, version, lineage) VALUES(1, ?, 0, 0, ?, ?, ?)",
		id, s.options.Schema.Name, int64(s.options.Schema.Version), s.engine.lineage())
	return err
}
