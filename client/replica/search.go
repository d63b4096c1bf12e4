package replica

import (
	"context"

	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// indexAtOnce is how many rows one transaction brings into the search index: a user who writes meanwhile waits for them,
// some tens of milliseconds.
const indexAtOnce = 100

// Index brings some rows into the search index: what changed, and what was never indexed of the tables up to the class;
// and reports whether there is more to do. It writes only where there is something to write.
func (r *Replica) Index(ctx context.Context, upTo schema.Class) (more bool, err error) {
	lags, err := r.Lags(ctx, upTo)
	if err != nil || !lags {
		return false, err
	}
	err = r.WriteBulk(ctx, func(tx *Tx) (err error) {
		more, err = tx.search.Step(upTo, indexAtOnce)
		return err
	})
	return more, err
}

// Lags reports whether the search index lacks anything of the tables up to the class.
func (r *Replica) Lags(ctx context.Context, upTo schema.Class) (lags bool, err error) {
	err = r.Read(ctx, func(tx *Tx) (err error) {
		lags, err = tx.Lags(upTo)
		return err
	})
	return lags, err
}

// Lags is Replica.Lags within the snapshot.
func (tx *Tx) Lags(upTo schema.Class) (bool, error) { return tx.search.Lags(upTo) }

// Find searches the rows; see sqlrow.Layout.Find.
func (tx *Tx) Find(query string, o sqlrow.SearchOptions) ([]sqlrow.Hit, error) {
	return tx.layout.Find(tx.conn, query, o)
}
