package server

import (
	"context"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// outlivedPositions are the positions of days that are kept no longer, and of days that are still to come.
const outlivedPositions = "SELECT id FROM position WHERE _del = 0 AND (day <= ? OR day > ?) ORDER BY id"

// sweepPositions makes positions vanish that were kept for as long as the company keeps them: from the rows, from the
// histories, from what was refused, and from the phones. The rows of a person's days are known by his id alone, so what a
// phone brings later of such a day, or brought and was refused, is forgotten as well.
func (c *Core) sweepPositions(ctx context.Context) (swept int, err error) {
	days := 0
	err = c.Hub.View(ctx, func(v hub.View) error {
		days, err = aftersales.PositionDays(reviewer{v, aftersales.Schema})
		return err
	})
	if err != nil {
		return 0, err
	}
	last := aftersales.LastPositionDay(c.now().UnixMilli(), days)
	rows, err := c.ids(ctx, outlivedPositions, last, aftersales.PositionDay(c.now().UnixMilli())+1)
	if err != nil {
		return 0, err
	}
	all, err := c.positionDays(ctx, last)
	if err != nil {
		return 0, err
	}
	if err := c.erasePositions(ctx, append(all, rows...)); err != nil {
		return 0, err
	}
	return len(rows), c.eachInTurn(ctx, aftersales.CausePositionSweep, rows, aftersales.SweepPosition)
}

// positionDays returns the ids of all positions, be they there or not, that people can have had up to a day: from the one
// on which a switch was set first, but no further back than a phone stays away.
func (c *Core) positionDays(ctx context.Context, last int64) (ids []record.ID, err error) {
	people, err := c.ids(ctx, "SELECT person FROM position_switch ORDER BY person")
	if err != nil {
		return nil, err
	}
	for _, person := range people {
		since, err := c.sharedSince(ctx, person)
		if err != nil {
			return nil, err
		}
		for day := max(since, last-int64(judge.LongestAbsence.Hours()/24)); day <= last; day++ {
			ids = append(ids, aftersales.PositionID(person, day))
		}
	}
	return ids, nil
}

// sharedSince returns the day on which the person set his switch first.
func (c *Core) sharedSince(ctx context.Context, person record.ID) (day int64, err error) {
	err = c.Hub.View(ctx, func(v hub.View) error {
		row, err := reviewer{v, aftersales.Schema}.Row("position_switch", aftersales.PositionSwitchID(person))
		if err == nil && row != nil {
			day = aftersales.PositionDay(row.Get("since").Number())
		}
		return err
	})
	return day, err
}

// erasePositions erases those of the rows that are not erased yet, some at a time: nobody waits long for his turn.
func (c *Core) erasePositions(ctx context.Context, ids []record.ID) error {
	for len(ids) > 0 {
		n := min(collectAtOnce, len(ids))
		fresh, err := c.notErased(ctx, ids[:n])
		if err == nil && len(fresh) > 0 {
			err = c.Erase(ctx, record.ID{}, fresh)
		}
		if err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// notErased returns the keys of those positions that were not erased yet.
func (c *Core) notErased(ctx context.Context, ids []record.ID) (fresh []record.Key, err error) {
	table := c.Store.Schema().Table("position").ID
	err = c.Store.Write(ctx, func(tx *store.Tx) error {
		fresh = nil
		for _, id := range ids {
			key := record.Key{Table: table, ID: id}
			erased, err := tx.Erased(key)
			if err != nil {
				return err
			}
			if !erased {
				fresh = append(fresh, key)
			}
		}
		return nil
	})
	return fresh, err
}
