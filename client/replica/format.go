package replica

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"

	"fieldsync/sync/fault"
	"fieldsync/sync/sqlrow"
)

// The file says of itself what it is: SQLite's application id, and the version of the tables of replica.sql.
const (
	applicationID = 0x66737963 // "fsyc"
	format        = 1
)

//go:embed replica.sql
var ownTables string

// checkFormat refuses a database that is not a replica, or one that a newer program wrote.
func checkFormat(c *sqlrow.Conn) error {
	id, err := c.Int("PRAGMA application_id")
	if err != nil {
		return err
	}
	version, err := c.Int("PRAGMA user_version")
	switch {
	case err != nil:
		return err
	case id != applicationID:
		return fault.New(Foreign, "the file is not a replica of this app: choose another path")
	case version > format:
		return fault.New(fault.Version, "the data was written by a newer version of this app: update the app")
	}
	return nil
}

// openWriter opens the file for writing and makes the tables, columns and indexes that are missing.
func openWriter(ctx context.Context, path string, layout *sqlrow.Layout) (*sql.DB, *handle, error) {
	pool, err := open(path, "rwc", writing...)
	if err != nil {
		return nil, nil, err
	}
	h, err := hold(ctx, pool)
	if err != nil {
		_ = pool.Close()
		return nil, nil, err
	}
	err = h.Transaction("BEGIN IMMEDIATE", func() error { return migrate(h.Conn, layout) })
	if err != nil {
		h.close()
		_ = pool.Close()
		return nil, nil, err
	}
	return pool, h, nil
}

func migrate(c *sqlrow.Conn, layout *sqlrow.Layout) error {
	tables, err := c.Int("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	if tables > 0 {
		if err = checkFormat(c); err != nil {
			return err
		}
	}
	err = run(c, fmt.Sprintf("PRAGMA application_id = %d", applicationID), fmt.Sprintf("PRAGMA user_version = %d", format))
	if err == nil {
		_, err = c.Exec(ownTables)
	}
	if err == nil {
		_, err = layout.Migrate(c)
	}
	if err == nil {
		err = run(c, layout.Indexes()...)
	}
	return err
}
