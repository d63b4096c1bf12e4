package session

import (
	"math"
	"testing"
	"time"

	"fieldsync/sync/wire"
)

func TestNoHubKeepsADeviceAwayForEver(t *testing.T) {
	t.Parallel()
	for ms, want := range map[int64]time.Duration{
		0: 0, 1500: 1500 * time.Millisecond, -1: 0, math.MinInt64: 0, math.MaxInt64: time.Hour,
	} {
		for _, m := range []wire.Message{wire.Goodbye{RetryAfter: ms}, wire.Refusal{RetryAfter: ms}} {
			effects := NewDevice(nil).Step(Received{Message: m})
			if got := effects[len(effects)-1].(Close).RetryAfter; got != want {
				t.Errorf("%T of %d ms: comes back after %s, want %s", m, ms, got, want)
			}
		}
	}
}
