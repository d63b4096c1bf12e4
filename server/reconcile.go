package server

import (
	"context"
	"time"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// The rows that may have become, or ceased to be, what a person has to settle.
const (
	// shortages are the locations whose balance of some part is below nothing, or was when somebody last looked.
	shortages = `SELECT DISTINCT location FROM (
		SELECT to_location AS location, part, quantity AS n FROM movement m WHERE _del = 0
			AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.replaces = m.id AND r._del = 0)
		UNION ALL SELECT from_location, part, -quantity FROM movement m WHERE _del = 0
			AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.replaces = m.id AND r._del = 0)
		) flow GROUP BY location, part HAVING sum(n) < 0
		UNION SELECT location FROM discrepancy WHERE kind = 'shortage' AND state = 'open' AND _del = 0`
	// partsShort are the parts of one such location.
	partsShort = `SELECT part FROM (
		SELECT part, quantity AS n FROM movement m WHERE to_location = ?1 AND _del = 0
			AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.replaces = m.id AND r._del = 0)
		UNION ALL SELECT part, -quantity FROM movement m WHERE from_location = ?1 AND _del = 0
			AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.replaces = m.id AND r._del = 0)
		) flow GROUP BY part HAVING sum(n) < 0
		UNION SELECT part FROM discrepancy WHERE location = ?1 AND kind = 'shortage' AND state = 'open' AND _del = 0`
	// halves are the hand-overs whose halves have both come, or whose time is over. 2592000000 ms are thirty days: a product
	// would be too large for the integers of PostgreSQL.
	halves = `SELECT id FROM hand_over h WHERE _del = 0 AND half <> 'cancel' AND (expires < ?1 OR EXISTS (
		SELECT 1 FROM hand_over o WHERE o.name = h.name AND o.half <> h.half AND o._del = 0))
		AND corrected > ?1 - 2592000000 ORDER BY id`
	// lessons are the jobs that were done and that nobody has learned from.
	lessons = `SELECT id FROM job WHERE _del = 0 AND state IN ('done', 'closed') AND finished_at > ?1 - 2592000000
		AND NOT EXISTS (SELECT 1 FROM solution_use u WHERE u.job = job.id AND u.learned = 1 AND u._del = 0) ORDER BY id`
)

// Reconcile opens a discrepancy for what phones brought that does not fit together, settles those that came right by
// themselves, and lets the knowledge grow by the jobs that were done. Doing it twice does it once.
func (c *Core) Reconcile(ctx context.Context) error {
	now := c.now().UnixMilli()
	locations, err := c.ids(ctx, shortages)
	if err != nil {
		return err
	}
	for _, location := range locations {
		if err := c.checkLocation(ctx, location); err != nil {
			return err
		}
	}
	met, err := c.ids(ctx, halves, now)
	if err != nil {
		return err
	}
	if err := c.eachInTurn(ctx, aftersales.CauseDiscrepancyFind, met, aftersales.CheckHandOver); err != nil {
		return err
	}
	jobs, err := c.ids(ctx, lessons, now)
	if err != nil {
		return err
	}
	return c.eachInTurn(ctx, aftersales.CauseSolutionLearn, jobs, func(tx aftersales.Tx, job record.ID) error {
		_, err := aftersales.LearnFrom(tx, job)
		return err
	})
}

// fitAfter is how long the hub waits after a commit before it looks whether all fits: what comes in one go is looked at
// once.
const fitAfter = 2 * time.Second

// WatchFit looks after every commit, a moment later, at what it touched, until ctx ends: see ReconcileSince.
func (c *Core) WatchFit(ctx context.Context) {
	changed, stop := c.Hub.Watch()
	defer stop()
	var seen uint64
	err := c.Store.Read(ctx, func(v *store.View) (err error) {
		seen, err = v.Head()
		return err
	})
	for {
		if err != nil && ctx.Err() == nil {
			c.log.Error("what does not fit together was not looked for; it is after the next change", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		pause := time.NewTimer(fitAfter)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		var head uint64
		if head, err = c.ReconcileSince(ctx, seen); err == nil {
			seen = head
		}
	}
}

// lateCharges are those of the jobs that are closed and were charged for, or had parts used, since a commit.
const lateCharges = `SELECT id FROM job j WHERE state = 'closed' AND _del = 0 AND id IN (SELECT unhex(value) FROM json_each(?)) AND (
	EXISTS (SELECT 1 FROM charge x WHERE x.job = j.id AND x._seq > ?) OR EXISTS (SELECT 1 FROM movement x WHERE x.job = j.id AND x._seq > ?))`

// charged are those of the jobs that are done and were charged for: somebody agreed to that, or is to be asked.
const charged = `SELECT id FROM job j WHERE state IN ('done', 'closed') AND _del = 0 AND id IN (SELECT unhex(value) FROM json_each(?))
	AND EXISTS (SELECT 1 FROM charge x WHERE x.job = j.id)`

// ReconcileSince does what Reconcile does for the locations and hand-overs that commits after the commit number touched,
// reckons closed jobs again that were charged for late, and looks whether customers agreed to what they were charged. It returns up to where it looked. What cost follows is what
// was touched, never what there is.
func (c *Core) ReconcileSince(ctx context.Context, seq uint64) (head uint64, err error) {
	var locations, jobs []record.ID
	head = seq
	err = c.Store.Read(ctx, func(v *store.View) (err error) {
		locations, jobs, head, err = touchedSince(v, seq)
		return err
	})
	if err != nil || len(locations)+len(jobs) == 0 {
		return head, err
	}
	for _, location := range locations {
		if err := c.checkLocation(ctx, location); err != nil {
			return seq, err
		}
	}
	if len(locations) > 0 {
		met, err := c.ids(ctx, halves, c.now().UnixMilli())
		if err == nil {
			err = c.eachInTurn(ctx, aftersales.CauseDiscrepancyFind, met, aftersales.CheckHandOver)
		}
		if err != nil {
			return seq, err
		}
	}
	late, err := c.ids(ctx, lateCharges, store.IDList(jobs), int64(seq), int64(seq))
	if err == nil {
		err = c.eachInTurn(ctx, aftersales.CauseFindings, late, aftersales.RecordFindings)
	}
	if err != nil {
		return head, err
	}
	done, err := c.ids(ctx, charged, store.IDList(jobs))
	if err == nil {
		err = c.eachInTurn(ctx, aftersales.CauseDiscrepancyFind, done, aftersales.CheckAgreed)
	}
	return head, err
}

// touchedSince returns the locations and jobs that commits after the commit number touched, and the last of those.
func touchedSince(v *store.View, seq uint64) (locations, jobs []record.ID, head uint64, err error) {
	seen := map[record.Bucket]bool{}
	for head = seq; ; {
		commits, err := v.Commits(head, followAtOnce)
		if err != nil || len(commits) == 0 {
			return locations, jobs, head, err
		}
		head = commits[len(commits)-1].Seq
		for _, commit := range commits {
			for _, b := range commit.Buckets {
				switch {
				case seen[b]:
				case b.Kind == aftersales.LocationBucket:
					locations = append(locations, b.ID)
				case b.Kind == aftersales.JobBucket:
					jobs = append(jobs, b.ID)
				}
				seen[b] = true
			}
		}
	}
}

// checkLocation opens and settles the shortages of one location.
func (c *Core) checkLocation(ctx context.Context, location record.ID) error {
	parts, err := c.ids(ctx, partsShort, location[:])
	if err != nil {
		return err
	}
	return c.eachInTurn(ctx, aftersales.CauseDiscrepancyFind, parts, func(tx aftersales.Tx, part record.ID) error {
		return aftersales.CheckStock(tx, location, part)
	})
}

// eachInTurn runs the command for each row, some to a commit; rows that have gone meanwhile are passed over.
func (c *Core) eachInTurn(ctx context.Context, cause string, ids []record.ID, command func(aftersales.Tx, record.ID) error) error {
	for len(ids) > 0 {
		n := min(releaseAtOnce, len(ids))
		_, err := c.Hub.Do(ctx, record.ID{}, nil, cause, func(o *hub.Office) error {
			tx := Bind(o, record.ID{})
			for _, id := range ids[:n] {
				if err := command(tx, id); err != nil && fault.CodeOf(err) != fault.UnknownRow {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}
