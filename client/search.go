package client

import (
	"context"

	"fieldsync/client/replica"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Hit is a row that a search has found; SearchOptions narrow a search.
type (
	Hit           = sqlrow.Hit
	SearchOptions = sqlrow.SearchOptions
)

// Search returns the rows of the replica that hold every piece of the query, as people type it and while they type:
// parts of Chinese text from one character on, parts of numbers and serials with or without their joints, beginnings of
// words in either case. First come rows with exactly that number, then those that fit best, then the latest. What was
// written a moment ago is found a moment later; Status.SearchReady tells. Codes: fault.TooLarge for a query longer than
// sqlrow.MaxSearch bytes, fault.Invalid for a table that has nothing to search.
func (c *Client) Search(ctx context.Context, query string, o SearchOptions) (hits []Hit, err error) {
	err = c.replica.Read(ctx, func(tx *replica.Tx) (err error) {
		hits, err = tx.Find(query, o)
		return err
	})
	return hits, err
}

// indexer brings the search index up to the rows, behind everything else.
type indexer struct {
	stop context.CancelFunc
	done chan struct{}
	more chan struct{} // a class was fetched: its rows may be indexed now, though none of them came with its last page
}

func (i *indexer) fetched(whole bool) {
	if !whole {
		return
	}
	select {
	case i.more <- struct{}{}:
	default: // it was told already, or nothing is indexed
	}
}

// startIndexing begins to follow what changes, unless nothing is searchable or another program writes the replica.
func (c *Client) startIndexing() {
	if c.ReadOnly || !searchable(c.Schema) {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.indexer = indexer{cancel, make(chan struct{}), make(chan struct{}, 1)}
	changes, unwatch := c.Watch()
	go func() {
		defer close(c.indexer.done)
		defer unwatch()
		for following := true; following && ctx.Err() == nil; {
			if err := c.index(ctx); err != nil && ctx.Err() == nil {
				c.Log.Error("the search index could not be brought up to date; it is tried again", "error", err)
			}
			c.contact.stirring.stir()
			select {
			case _, following = <-changes:
			case <-c.indexer.more:
			case <-ctx.Done():
			}
		}
	}()
}

func (i *indexer) close() {
	if i.stop != nil {
		i.stop()
		<-i.done
	}
}

// index indexes what there is to index. A class whose first download is under way is left for its end: a row at a time
// would slow it down.
func (c *Client) index(ctx context.Context) error {
	upTo, some, err := c.downloaded(ctx)
	for more := some; err == nil && more && ctx.Err() == nil; {
		more, err = c.replica.Index(ctx, upTo)
	}
	return err
}

// downloaded returns the last class up to which every class was fetched once.
func (c *Client) downloaded(ctx context.Context) (upTo schema.Class, some bool, err error) {
	id, err := c.identity(ctx)
	if err != nil || id == nil {
		return 0, false, err
	}
	for class := range schema.Class(schema.Classes) {
		if id.Cursors[class] == 0 {
			break
		}
		upTo, some = class, true
	}
	return upTo, some, nil
}

func searchable(s *schema.Schema) bool {
	for _, t := range s.Tables {
		for i := range t.Columns {
			if t.Columns[i].Has(schema.Searchable) {
				return true
			}
		}
	}
	return false
}
