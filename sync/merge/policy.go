package merge

import (
	"cmp"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// showFirst orders concurrent values by the column's policy, the shown one first. The order is total: effective time
// and then the dot break every tie, so that all ends that hold the same values show the same one.
func showFirst(c *schema.Column, standing []record.Standing) {
	slices.SortFunc(standing, func(a, b record.Standing) int { return -rank(c, a, b) })
}

// rank is positive where a is shown before b.
func rank(c *schema.Column, a, b record.Standing) int {
	if c.Kind == schema.Set {
		return cmp.Or(yes(!a.Value.IsNull(), !b.Value.IsNull()), later(a, b))
	}
	switch c.Policy {
	case schema.Owner:
		return cmp.Or(yes(owns(c, a), owns(c, b)), later(a, b))
	case schema.Ladder:
		return cmp.Or(cmp.Compare(c.Rank(a.Value.Text()), c.Rank(b.Value.Text())), later(a, b))
	case schema.Max:
		return cmp.Or(a.Value.Compare(b.Value), later(a, b))
	case schema.Min:
		return cmp.Or(yes(!a.Value.IsNull(), !b.Value.IsNull()), b.Value.Compare(a.Value), later(a, b))
	case schema.First:
		return later(b, a)
	}
	return later(a, b)
}

// later is the last resort of every policy: by effective time, then by dot.
func later(a, b record.Standing) int {
	return cmp.Or(cmp.Compare(a.Eff, b.Eff), a.Dot.Compare(b.Dot))
}

// owns reports whether the value was written by the side that owns the column. The hub writes for the office; whoever
// releases what was refused writes for its author.
func owns(c *schema.Column, s record.Standing) bool {
	byDevice := s.By().Actor.Side() == clock.SideDevice
	return byDevice == (c.Owner == schema.Device)
}

func yes(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
