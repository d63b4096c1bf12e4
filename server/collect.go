package server

import (
	"context"

	"fieldsync/server/store"
	"fieldsync/sync/judge"
)

// collectAtOnce is how many rows of a class one transaction forgets at most, so that nobody waits long for his turn.
const collectAtOnce = 500

// Collect forgets deleted rows that no device can miss any more, and returns how many.
func (c *Core) Collect(ctx context.Context) (n int, err error) {
	for {
		collected := 0
		err := c.Store.Write(ctx, func(tx *store.Tx) (err error) {
			since := c.now().Add(-judge.LongestAbsence)
			live, err := tx.LiveActors(since)
			if err != nil {
				return err
			}
			absent, err := tx.HeadAt(since)
			if err != nil {
				return err
			}
			head, err := tx.Head()
			if err != nil {
				return err
			}
			collected, err = judge.Collect(tx, judge.Passed(live, head), absent, collectAtOnce)
			return err
		})
		n += collected
		if err != nil || collected == 0 {
			return n, err
		}
	}
}
