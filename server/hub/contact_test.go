package hub

import (
	"math"
	"testing"
	"time"

	"fieldsync/sync/wire"
)

// How long something waits on a device is told by the hub's clock, however wrong the device's is.
func TestWhatWaitsIsAsOldByAnyClock(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_750_000_000_000)
	at := now.UnixMilli()
	const hour = 3_600_000
	for name, c := range map[string]struct{ clock, oldest, waits int64 }{
		"right":                     {at, at - hour, hour},
		"three hours ahead":         {at + 3*hour, at + 2*hour, hour},
		"three hours slow":          {at - 3*hour, at - 4*hour, hour},
		"put back since":            {at, at + 9*hour, 0},
		"beyond any clock":          {math.MaxInt64, math.MaxInt64, 0},
		"beyond any clock, earlier": {math.MinInt64, at - hour, hour},
	} {
		got := contactOf(&wire.Hello{Now: c.clock, Oldest: c.oldest}, &wire.Welcome{}, now)
		if waits := now.Sub(got.Oldest).Milliseconds(); waits != c.waits {
			t.Errorf("%s: %d ms, want %d", name, waits, c.waits)
		}
	}
	if got := contactOf(&wire.Hello{Now: at}, &wire.Welcome{}, now); !got.Oldest.IsZero() {
		t.Errorf("nothing waits, and since %v", got.Oldest)
	}
}
