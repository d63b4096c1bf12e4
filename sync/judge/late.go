package judge

import (
	"errors"
	"sort"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// standsBy notes how the author stands to something that he may write, or name: where he had lost it without having heard, a
// person is to look at what came of it.
func (c *claim) standsBy(s standing) {
	if s.rank == late {
		c.lost = max(c.lost, s.lost)
	}
}

// cutLate returns the changes with what their author can have seen of the rows that he had lost: nothing that was
// written since, whatever he says. Where he may read a row all the same, by another hold, he can have seen it all.
func (c *claim) cutLate(rows []record.RowChange) ([]record.RowChange, error) {
	if len(c.late) == 0 {
		return rows, nil
	}
	cut := append([]record.RowChange(nil), rows...)
	for i := range cut {
		lost, isLate := c.late[cut[i].Key()]
		if !isLate {
			continue
		}
		row, err := c.Row(cut[i].Key())
		if err != nil {
			return nil, err
		}
		if visible, err := maySee(c.HoldsOn, c.author.Person, row); err != nil || visible {
			if err != nil {
				return nil, err
			}
			continue
		}
		if cut[i].Context, err = c.judgedBy(row.Vector, cut[i].Context, lost); err != nil {
			return nil, err
		}
	}
	return cut, nil
}

// judgedBy returns the part of a context that the hub had judged before the commit, of those who wrote the row, and what the
// author's device wrote itself.
func (c *claim) judgedBy(carries, context clock.Vector, lost uint64) (clock.Vector, error) {
	var dots []clock.Dot
	for d := range context.All() {
		by, err := c.actor(d.Actor)
		if err != nil {
			return clock.Vector{}, err
		}
		wrote := min(d.Counter, carries.Get(d.Actor))
		if wrote > 0 && (by == nil || by.Device != c.author.Device) {
			before, err := c.latestBefore(clock.Dot{Actor: d.Actor, Counter: wrote}, lost)
			if err != nil {
				return clock.Vector{}, err
			}
			if before < wrote {
				d.Counter = before
			}
		}
		if d.Counter > 0 {
			dots = append(dots, d)
		}
	}
	return clock.NewVector(dots)
}

// latestBefore returns the counter of the last change set of the dot's actor, up to the dot, that the hub judged before the
// commit: numbers of one actor are judged in order.
func (b *Batch) latestBefore(d clock.Dot, seq uint64) (uint64, error) {
	var failed error
	n := sort.Search(int(d.Counter), func(i int) bool {
		e, err := b.store.Entry(clock.Dot{Actor: d.Actor, Counter: uint64(i) + 1})
		failed = errors.Join(failed, err)
		return err != nil || e != nil && e.Seq >= seq
	})
	return uint64(n), failed
}

// EndLate ends the holds that were opened by what somebody had lost, and whose grace is over; it returns how many.
func (b *Batch) EndLate() (n int, err error) {
	holds, err := b.store.LateHolds()
	if err != nil {
		return 0, err
	}
	for _, h := range holds {
		if over, err := b.graceOver(h.Late); err != nil || !over {
			return n, err // nor is any that comes after it
		}
		if n++; n == 1 {
			b.seq++
		}
		h.Until = b.seq
		if err := b.putHold(h); err != nil {
			return n, err
		}
	}
	return n, nil
}
