package server

import (
	"context"
	"time"

	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// clocksEvery is how often the hub looks whether a promise has come due by time alone.
const clocksEvery = time.Minute

// clockIndexes find the requests whose clocks may run.
var clockIndexes = []string{
	`CREATE INDEX IF NOT EXISTS "request.running" ON request(id) WHERE closed_at IS NULL AND state <> 'cancelled' AND _del = 0`,
}

// running are the requests that somebody has yet to answer, or to close.
const running = `SELECT id FROM request WHERE closed_at IS NULL AND state <> 'cancelled' AND _del = 0 ORDER BY id`

// WatchClocks announces promises that are due soon, or were missed, and keeps on each request when its next one is due, until
// ctx ends: see AnnounceClocks.
func (c *Core) WatchClocks(ctx context.Context) {
	tick := time.NewTicker(clocksEvery)
	defer tick.Stop()
	for {
		if _, err := c.AnnounceClocks(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("promises that are due could not be announced; they are in a minute", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// AnnounceClocks tells whom it concerns of every promise that is due soon or was missed, and returns how many notices
// that took; a request whose next promise is due at another time than it says is told so. Each is announced once, whenever the hub was restarted, for the notice's id says what it tells of. What is
// worth telling is found by reading; only that is written, some requests to a commit.
func (c *Core) AnnounceClocks(ctx context.Context) (written int, err error) {
	ids, err := c.ids(ctx, running)
	if err != nil {
		return 0, err
	}
	var due []record.ID
	for len(ids) > 0 && err == nil {
		n := min(releaseAtOnce, len(ids))
		var some []record.ID
		some, err = c.comingDue(ctx, ids[:n])
		due, ids = append(due, some...), ids[n:]
	}
	if err != nil {
		return 0, err
	}
	return written, c.eachInTurn(ctx, aftersales.CauseNoticeClock, due, func(tx aftersales.Tx, request record.ID) error {
		n, err := aftersales.AnnounceClocks(tx, request)
		written += n
		return err
	})
}

// comingDue returns those of the requests that have news which was not told yet.
func (c *Core) comingDue(ctx context.Context, ids []record.ID) (due []record.ID, err error) {
	err = c.Hub.View(ctx, func(v hub.View) error {
		due = nil
		book, now := aftersales.NewSLABook(aftersales.Look(v)), c.now().UnixMilli()
		for _, id := range ids {
			news, err := aftersales.NewsOfClocks(book, id, now)
			switch code := fault.CodeOf(err); {
			case code == fault.UnknownRow || code == aftersales.BadPolicy: // by a policy that this version cannot read nothing is due
			case err != nil:
				return err
			case !news.None():
				due = append(due, id)
			}
		}
		return nil
	})
	return due, err
}
