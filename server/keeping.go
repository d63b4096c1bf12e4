package server

import (
	"context"
	"errors"
	"time"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// keepEvery is how often a hub keeps house.
const keepEvery = 24 * time.Hour

// KeepHouse does what nobody asks for, at once and then every day until ctx ends: see Tidy. Trouble is logged, and the
// next day tried again.
func (c *Core) KeepHouse(ctx context.Context) {
	daily(ctx, func() {
		done, err := c.Tidy(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.log.Error("housekeeping did not finish; it goes on tomorrow", "error", err)
		default:
			c.log.Info("housekeeping is done", "jobs_released", done.Released, "late_holds_ended", done.Late, "rows_forgotten", done.Forgotten, "files_removed", done.Files, "positions_erased", done.Positions)
		}
	})
}

// KeepFolder removes, at once and then every day until ctx ends, the beginnings of files of which nothing more comes, and segments in
// which somebody stands whom another node erased: each node has its own.
func (c *Core) KeepFolder(ctx context.Context) {
	daily(ctx, func() {
		c.segments.Tidy(ctx)
		if n, err := c.Files.SweepBeginnings(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("beginnings of files could not be looked through; it goes on tomorrow", "error", err)
		} else if n > 0 {
			c.log.Info("beginnings of files are removed", "files", n)
		}
	})
}

// daily does it at once, and then every day until ctx ends.
func daily(ctx context.Context, do func()) {
	for {
		do()
		next := time.NewTimer(keepEvery)
		select {
		case <-ctx.Done():
			next.Stop()
			return
		case <-next.C:
		}
	}
}

// Tidied is what one round of housekeeping did.
type Tidied struct {
	Released  int // finished jobs that left the phones
	Late      int // holds by what somebody had not heard that he lost, whose grace is over
	Forgotten int // deleted rows that no device can miss any more
	Files     int // that no row names
	Calls     int // of programs, whose answers nobody asks for any more
	Positions int // of people, on days that are kept no longer
}

// Tidy lets finished jobs leave the phones once they have been over for as many days as their branch's policy says, and what
// somebody came to hold by not having heard what he had lost (see judge.Batch.EndLate),
// forgets deleted rows that every device has heard of, drops what programs were answered long ago, makes positions of people vanish that were kept for their days, reconciles (see Reconcile), removes files that no row names and imported ones that are a month old, and drops codes, tokens and browser sessions that have expired.
// What fails keeps nothing else from being done: a store for files may be away for days. The error joins what failed.
// Doing it twice, or in two processes at a time, does it once.
func (c *Core) Tidy(ctx context.Context) (done Tidied, err error) {
	count := func(n *int, do func(context.Context) (int, error)) func() error {
		return func() (err error) {
			*n, err = do(ctx)
			return err
		}
	}
	for _, do := range []func() error{
		func() error { return c.Store.Write(ctx, func(tx *store.Tx) error { return tx.Expire(c.now()) }) },
		count(&done.Late, c.Hub.EndLate),
		count(&done.Forgotten, c.Collect),
		func() error { return c.Reconcile(ctx) },
		count(&done.Calls, c.sweepCalls),
		func() error { sweepImports(c.imports, c.now()); return nil },
		count(&done.Files, c.Files.Sweep),
		count(&done.Released, c.releaseAll),
		count(&done.Positions, c.sweepPositions), // last, since it waits for who reads the database: see eraseRows
	} {
		if ctx.Err() != nil {
			return done, errors.Join(err, ctx.Err())
		}
		err = errors.Join(err, do())
	}
	return done, err
}

// releaseAll lets finished jobs leave the phones, branch by branch.
func (c *Core) releaseAll(ctx context.Context) (released int, err error) {
	branches, err := c.ids(ctx, "SELECT DISTINCT branch FROM job")
	for _, branch := range branches {
		n, e := c.releaseFinished(ctx, branch)
		released, err = released+n, errors.Join(err, e)
	}
	return released, err
}

// sweepCalls drops what programs were answered under their keys so long ago that nobody asks again.
func (c *Core) sweepCalls(ctx context.Context) (n int, err error) {
	ids, err := c.ids(ctx, "SELECT id FROM api_call WHERE _del = 0 AND at <= ? ORDER BY id", c.now().UnixMilli()-2*aftersales.CallsKept)
	if err != nil {
		return 0, err
	}
	return len(ids), c.eachInTurn(ctx, aftersales.CauseCallSweep, ids, aftersales.SweepCall)
}

// finishedJobs are the branch's jobs that were over at a time and that somebody still holds.
const finishedJobs = `SELECT id FROM job WHERE branch IS ? AND _del = 0 AND finished_at <= ? AND EXISTS (
	SELECT 1 FROM assignment a WHERE a.job = job.id AND a._del = 0 AND a.state IN ('open', 'finished')) ORDER BY id`

// releaseAtOnce is how many jobs leave in one commit.
const releaseAtOnce = 100

func (c *Core) releaseFinished(ctx context.Context, branch record.ID) (released int, err error) {
	days, err := c.releaseDays(ctx, branch)
	if err != nil {
		return 0, err
	}
	before := c.now().AddDate(0, 0, -days).UnixMilli()
	jobs, err := c.ids(ctx, finishedJobs, idOrNull(branch), before)
	var heard uint64
	if err == nil {
		err = c.Store.Read(ctx, func(v *store.View) (err error) {
			heard, err = v.HeadBefore(clock.StampAt(before + 1))
			return err
		})
	}
	for len(jobs) > 0 && err == nil {
		n := min(releaseAtOnce, len(jobs))
		var left int
		left, err = c.release(ctx, jobs[:n], days, heard)
		released, jobs = released+left, jobs[n:]
	}
	return released, err
}

func (c *Core) releaseDays(ctx context.Context, branch record.ID) (days int, err error) {
	err = c.Hub.View(ctx, func(v hub.View) error {
		days, err = aftersales.ReleaseDays(reviewer{v, aftersales.Schema}, branch)
		return err
	})
	return days, err
}

// release ends the assignments of those jobs of which the hub heard by the commit that they were over: in one commit, of
// which the phones hear. It returns how many jobs had any.
func (c *Core) release(ctx context.Context, jobs []record.ID, days int, heard uint64) (released int, err error) {
	_, err = c.Hub.Do(ctx, record.ID{}, nil, aftersales.CauseJobRelease, func(o *hub.Office) error {
		released = 0
		for _, job := range jobs {
			ended, err := aftersales.ReleaseFinished(Bind(o, record.ID{}), job, o.Now(), days, heard)
			switch {
			case fault.CodeOf(err) == fault.UnknownRow: // gone since it was looked up
			case err != nil:
				return err
			case ended > 0:
				released++
			}
		}
		return nil
	})
	return released, err
}

// ids returns what a query for one column of ids gives; the zero id stands for NULL.
func (c *Core) ids(ctx context.Context, query string, args ...any) ([]record.ID, error) {
	return sqlrow.IDs(c.Store.Query(ctx, query, args...))
}

func idOrNull(id record.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}
