package link_test

import (
	"testing"
	"time"

	"fieldsync/client/link"
)

// between says that so many failures in a row, and so many waits drawn after each, lie in a range.
func between(t *testing.T, failures int, retryAfter, least, most time.Duration) (seen map[time.Duration]bool) {
	t.Helper()
	seen = map[time.Duration]bool{}
	for range 200 {
		var b link.Backoff
		wait := time.Duration(0)
		for range failures {
			wait = b.Failed(retryAfter)
		}
		if wait < least || wait >= most {
			t.Fatalf("after %d failures it waits %s, want between %s and %s", failures, wait, least, most)
		}
		seen[wait] = true
	}
	return seen
}

// The wait doubles with each failure up to a cap, and is drawn from the whole range below.
func TestWaitsGrowUpToACap(t *testing.T) {
	t.Parallel()
	for failures, limit := range map[int]time.Duration{
		1: 500 * time.Millisecond, 2: time.Second, 3: 2 * time.Second, 9: 128 * time.Second,
		10: 256 * time.Second, 11: 5 * time.Minute, 21: 5 * time.Minute, 200: 5 * time.Minute,
	} {
		between(t, failures, 0, limit/8, limit+limit/8)
	}
}

// After an outage thousands of devices come back spread out, also those that have long been at the cap.
func TestDevicesAtTheCapDoNotComeBackInStep(t *testing.T) {
	t.Parallel()
	seen := between(t, 50, 0, 0, 6*time.Minute)
	early := 0
	for wait := range seen {
		if wait < 3*time.Minute {
			early++
		}
	}
	if len(seen) < 190 || early < 50 || early > 150 {
		t.Errorf("%d different waits of 200, %d of them early", len(seen), early)
	}
}

// The hub is left alone for as long as it asked, and then devices come spread out all the same.
func TestAHubIsLeftAloneAsLongAsItAsked(t *testing.T) {
	t.Parallel()
	seen := between(t, 4, time.Minute, time.Minute, time.Minute+5*time.Second)
	if len(seen) < 190 {
		t.Errorf("%d different waits of 200", len(seen))
	}
}

func TestASuccessForgetsTheFailures(t *testing.T) {
	t.Parallel()
	var b link.Backoff
	for range 30 {
		b.Failed(0)
	}
	b.Succeeded()
	if wait := b.Failed(0); wait > time.Second {
		t.Errorf("waits %s after one failure", wait)
	}
}
