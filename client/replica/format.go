package replica

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"regexp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/sqlrow"
)

// The file says of itself what it is: SQLite's application id, and the version of the tables of replica.sql.
const (
	applicationID = 0x66737963 // "fsyc"
	format        = 1
)

//go:embed replica.sql
var annotated string

// ownTables are the tables of replica.sql. SQLite keeps a definition as it was written: what is there for readers would take
// two pages of every file.
var ownTables = withoutProse(annotated)

var prose = regexp.MustCompile(`--[^\n]*|\s+`)

func withoutProse(sql string) string {
	return prose.ReplaceAllString(prose.ReplaceAllString(sql, " "), " ")
}

// checkFormat refuses a database that is not a replica, or one that a newer program wrote. One without any table is
// a replica that was never finished.
func checkFormat(c *sqlrow.Conn) error {
	var id, version, tables, own int64
	for query, n := range map[string]*int64{
		"PRAGMA application_id":              &id,
		"PRAGMA user_version":                &version,
		"SELECT count(*) FROM sqlite_schema": &tables,
		"SELECT count(*) FROM sqlite_schema WHERE name IN ('_outbox', '_identity')": &own,
	} {
		var err error
		if *n, err = c.Int(query); err != nil {
			return err
		}
	}
	switch {
	case tables == 0:
		return nil
	case id != applicationID && own == 2:
		return corrupt("the header of the file", nil)
	case id != applicationID:
		return fault.New(Foreign, "the file is not a replica of this app: choose another path")
	case version > format:
		return fault.New(fault.Version, "the data was written by a newer version of this app: update the app")
	}
	return nil
}

// openWriter opens the file for writing and makes the tables, columns and indexes that are missing.
func openWriter(ctx context.Context, path string, room int64, layout *sqlrow.Layout) (*sql.DB, *handle, error) {
	create(path)
	pragmas := writing
	if room > 0 {
		pragmas = append(slices.Clone(writing), fmt.Sprintf("max_page_count(%d)", max(1, room/pageBytes)))
	}
	pool, err := open(path, "rwc", pragmas...)
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
	err := checkFormat(c)
	if err == nil {
		err = run(c, fmt.Sprintf("PRAGMA application_id = %d", applicationID), fmt.Sprintf("PRAGMA user_version = %d", format),
			ownTables)
	}
	if err == nil {
		err = layout.UseKeys(c)
	}
	if err == nil {
		_, err = layout.Migrate(c)
	}
	if err == nil {
		err = run(c, layout.Indexes()...)
	}
	if err == nil {
		err = putShape(c)
	}
	return err
}
