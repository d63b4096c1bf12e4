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

// The wait grows with each failure up to a cap, after a while up to another one, and is drawn from the whole range below.
func TestWaitsGrowUpToACap(t *testing.T) {
	t.Parallel()
	for failures, limit := range map[int]time.Duration{
		1: 500 * time.Millisecond, 2: 650 * time.Millisecond, 3: 845 * time.Millisecond,
		9: 3500 * time.Millisecond, 30: 3500 * time.Millisecond, // 30 waits of 3.9 s at most are less than two minutes
		300: 5 * time.Minute,
	} {
		between(t, failures, 0, limit/8, limit+limit/8)
	}
}

// Who was away for less than two minutes is back within four seconds.
func TestNobodyWaitsLongAfterAShortOutage(t *testing.T) {
	t.Parallel()
	for range 1000 {
		var b link.Backoff
		for away := time.Duration(0); away < 2*time.Minute; {
			wait := b.Failed(0)
			if wait >= 4*time.Second {
				t.Fatalf("after %s it waits %s", away, wait)
			}
			away += wait
		}
	}
}

// Whoever has been away for a few seconds waits for a quarter of that once more, on the average.
func TestAWaitIsAPartOfTheOutage(t *testing.T) {
	t.Parallel()
	var waits, outages time.Duration
	for range 1000 {
		var b link.Backoff
		away := time.Duration(0)
		for away < 10*time.Second {
			away += b.Failed(0)
		}
		waits, outages = waits+b.Failed(0), outages+away
	}
	if part := float64(waits) / float64(outages); part < 0.15 || part > 0.35 {
		t.Errorf("%.2f of the outage", part)
	}
}

// After an outage thousands of devices come back spread out, also those that have long been at the cap.
func TestDevicesAtTheCapDoNotComeBackInStep(t *testing.T) {
	t.Parallel()
	seen := between(t, 300, 0, 0, 6*time.Minute)
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
	seen := between(t, 4, time.Minute, time.Minute, time.Minute+2*time.Second)
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
