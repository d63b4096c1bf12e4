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

// While a connection lasts the contact is written down once a minute at most, and when it ends.
func TestAContactIsWrittenDownNowAndThen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	c := &contact{}
	heard := c.heard(func() time.Time { return now })
	note := func(lag time.Duration, want bool) {
		t.Helper()
		heard()
		if at, due := c.toNote(lag); due != want || due && !at.Equal(now) {
			t.Errorf("written down: %v %v, want %v", due, at, want)
		}
	}
	note(noteWithin, true)
	now = now.Add(30 * time.Second)
	note(noteWithin, false)
	note(0, true)
	note(0, false)
	now = now.Add(noteWithin + time.Second)
	note(noteWithin, true)
	now = now.Add(-time.Hour) // somebody set the clock
	note(noteWithin, true)
}
