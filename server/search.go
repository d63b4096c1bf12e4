package server

import (
	"context"
	"time"

	"fieldsync/server/store"
	"fieldsync/sync/sqlrow"
)

// Search returns the rows that hold every piece of the query, as people type it and while they type; what was written a
// moment ago is found a moment later. See sqlrow.Layout.Find. It asks nobody for rights: who shows hits asks.
func (c *Core) Search(ctx context.Context, query string, o sqlrow.SearchOptions) (hits []sqlrow.Hit, err error) {
	err = c.Store.Read(ctx, func(v *store.View) (err error) {
		hits, err = v.Search(query, o)
		return err
	})
	return hits, err
}

// startIndexing begins to keep the search index, until Close.
func (c *Core) startIndexing() {
	ctx, stop := context.WithCancel(context.Background())
	c.stopIndexing, c.indexed = stop, make(chan struct{})
	go func() {
		defer close(c.indexed)
		c.keepIndex(ctx)
	}()
}

// indexAfter is how long the index may lie behind a commit: those who are to hear of the commit go first, and many commits
// are looked at once.
const indexAfter = 100 * time.Millisecond

// keepIndex brings the search index up to the rows, behind everything else, until ctx ends.
func (c *Core) keepIndex(ctx context.Context) {
	changed, stop := c.Hub.Watch()
	defer stop()
	for ctx.Err() == nil {
		if err := c.index(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("the search index could not be brought up to date; it is tried again", "error", err)
		}
		select {
		case <-changed:
			rest(ctx, indexAfter)
		case <-ctx.Done():
		}
	}
}

// rest waits for so long, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	pause := time.NewTimer(d)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
}

// index works off what there is. It pauses for as long as each step took, so that most of the writer's time stays with
// those who wait for an answer.
func (c *Core) index(ctx context.Context) error {
	for ctx.Err() == nil {
		begun := time.Now()
		more, err := c.Store.Index(ctx)
		if err != nil || !more {
			return err
		}
		rest(ctx, time.Since(begun))
	}
	return nil
}
