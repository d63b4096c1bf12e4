package client

import (
	"testing"
	"time"
)

// A replica is compared with the hub soon after it connected, however often, and once a day while it stays connected.
func TestAReplicaIsComparedOnceADay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	c := &contact{}
	due := func(want time.Duration) {
		t.Helper()
		if got := c.nextCheck(now); got != want {
			t.Errorf("compared in %s, want %s", got, want)
		}
	}
	due(time.Minute)
	due(time.Minute) // the connection broke before it came to that
	c.compared(now)
	due(24 * time.Hour)
	now = now.Add(9 * time.Hour)
	due(15 * time.Hour)
	now = now.Add(24 * time.Hour)
	due(time.Minute)
}
