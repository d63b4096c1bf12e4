package store

import (
	"context"

	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// indexAtOnce is how many rows one transaction brings into the search index; others wait for it meanwhile.
const indexAtOnce = 25

// Index brings some rows into the search index, what changed and what was never indexed, and reports whether there is
// more to do. It writes only where there is something to write; it makes no commit of the engine's.
func (s *Store) Index(ctx context.Context) (more bool, err error) {
	err = s.Read(ctx, func(v *View) error {
		more, err = v.SearchLags()
		return err
	})
	if err != nil || !more {
		return false, err
	}
	err = s.WriteInLine(ctx, func(tx *Tx) (err error) {
		more, err = tx.search.Step(schema.Classes, indexAtOnce)
		return err
	})
	return more, err
}

// SearchLags reports whether the search index lacks rows, or what was changed in them.
func (v *View) SearchLags() (bool, error) {
	upkeep := v.layout.Upkeep(v.conn.Conn)
	return upkeep.Lags(schema.Classes)
}

// Search searches the rows; see sqlrow.Layout.Find.
func (v *View) Search(query string, o sqlrow.SearchOptions) ([]sqlrow.Hit, error) {
	return v.layout.Find(v.conn.Conn, query, o)
}

// Matches returns which rows of a table hold a text; see sqlrow.Layout.Matches.
func (v *View) Matches(text, table string) (sqlrow.Matches, error) {
	return v.layout.Matches(v.conn.Conn, text, table)
}

// Best returns those that fit best of them; see sqlrow.Layout.Best.
func (v *View) Best(text, table string, most int) (sqlrow.Matches, error) {
	return v.layout.Best(v.conn.Conn, text, table, most)
}
