package clock_test

import (
	"math"
	"testing"
	"time"

	"fieldsync/sync/clock"

	"pgregory.net/rapid"
)

// A clock may stand still, jump back or be observed from elsewhere: its stamps still rise.
func TestStampsRiseWhateverTheWallClockDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := clock.NewHLC(clock.Stamp(rapid.Uint64Range(0, 1<<60).Draw(t, "last")))
		last := clock.Stamp(0)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			wall := rapid.Int64Range(0, 1<<45).Draw(t, "wall")
			if rapid.Bool().Draw(t, "observe") {
				c.Observe(clock.StampAt(rapid.Int64Range(0, 1<<45).Draw(t, "remote")), wall)
			}
			s := c.Now(wall)
			if s <= last || s < clock.StampAt(wall) {
				t.Fatalf("%d after %d, at wall %d", s, last, wall)
			}
			last = s
		}
	})
}

func TestAStampFollowsWhatWasObserved(t *testing.T) {
	t.Parallel()
	const wall = 1_790_000_000_000
	near := clock.StampAt(wall).Add(clock.MaxAhead.Milliseconds())
	for name, c := range map[string]struct {
		remote  clock.Stamp
		adopted bool
		next    clock.Stamp
	}{
		"of the past":          {clock.StampAt(wall - 5), true, clock.StampAt(wall)},
		"as far as is allowed": {near, true, near + 1},
		"too far ahead":        {near.Add(1), false, clock.StampAt(wall)},
	} {
		var hlc clock.HLC
		if got := hlc.Observe(c.remote, wall); got != c.adopted {
			t.Errorf("%s: adopted %t", name, got)
		}
		if got := hlc.Now(wall); got != c.next {
			t.Errorf("%s: %d, want %d", name, got, c.next)
		}
	}
}

func TestStampsOfOneMillisecondAreCounted(t *testing.T) {
	t.Parallel()
	var hlc clock.HLC
	a, b := hlc.Now(5), hlc.Now(5)
	if b != a+1 || a.Millis() != 5 || b.Millis() != 5 || !a.Time().Equal(time.UnixMilli(5)) {
		t.Error(a, b)
	}
}

func TestStampsStayInTheirRange(t *testing.T) {
	t.Parallel()
	end := clock.StampAt(math.MaxInt64)
	for name, c := range map[string]struct{ got, want clock.Stamp }{
		"before 1970":         {clock.StampAt(-1), 0},
		"past the end":        {end, clock.StampAt(1<<48 - 1)},
		"moved past the end":  {clock.StampAt(7).Add(math.MaxInt64), end},
		"moved before 1970":   {clock.StampAt(7).Add(math.MinInt64), 0},
		"moved from the end":  {end.Add(math.MaxInt64), end},
		"moved, counter kept": {(clock.StampAt(7) + 3).Add(-2), clock.StampAt(5) + 3},
		"between":             {clock.Stamp(5).Clamp(3, 9), 5},
		"below":               {clock.Stamp(2).Clamp(3, 9), 3},
		"above":               {clock.Stamp(12).Clamp(3, 9), 9},
		"bounds that cross":   {clock.Stamp(5).Clamp(9, 3), 9},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", name, c.got, c.want)
		}
	}
}
