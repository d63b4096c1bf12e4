package client

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/wire"
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

// Another network is another to learn about, and on mobile data the phone's radio is left alone longer from the start.
func TestAHeartbeatFollowsTheNetwork(t *testing.T) {
	t.Parallel()
	c := opened(t, Options{Path: filepath.Join(t.TempDir(), "field.db")})
	first := c.beat.Every()
	c.beat.Answered()
	if learned := c.beat.Every(); learned <= first {
		t.Errorf("%s, then %s", first, learned)
	}
	c.SetNetwork(NetworkMetered)
	metered := c.beat.Every()
	if c.NetworkChanged(); metered <= first || c.beat.Every() != metered {
		t.Errorf("%s at first, %s on mobile data", first, metered)
	}
	c.SetNetwork(NetworkFree)
	if got := c.beat.Every(); got != first {
		t.Errorf("%s on another network, want %s", got, first)
	}
}

// What a program is called stands in the first message of every connection: a name that the hub could not read is refused at once,
// and not when there is work to be sent.
func TestAProgramsNameIsOneThatTheHubReads(t *testing.T) {
	t.Parallel()
	for name, fits := range map[string]bool{
		strings.Repeat("x", wire.MaxApp): true, strings.Repeat("x", wire.MaxApp+1): false, "\xff": false,
	} {
		c, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "field.db"), App: name})
		if err == nil {
			err = c.Close()
		}
		if fits != (err == nil) || !fits && fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
}
