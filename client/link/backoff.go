package link

import (
	"math/rand/v2"
	"time"
)

// Backoff says how long to wait before the next attempt. It grows with each failure up to a cap, and is drawn from the whole
// range below: after an outage thousands of devices come back spread out, not in step. (Jitter that is added before the
// cap would put all of them at the cap.) It grows so slowly that a wait is about two fifths of the outage so far at most:
// what is over after ten seconds nobody notices four seconds later. The zero Backoff is ready.
type Backoff struct {
	limit time.Duration // of the latest wait
}

const (
	firstWait = 500 * time.Millisecond
	growth    = 1.3 // from one failure to the next
	longest   = 5 * time.Minute
)

// Failed notes a failure and returns how long to wait; at least as long as the hub asked for, and then some.
func (b *Backoff) Failed(retryAfter time.Duration) time.Duration {
	b.limit = min(max(firstWait, time.Duration(float64(b.limit)*growth)), longest)
	return retryAfter + rand.N(b.limit) + b.limit/8
}

// Succeeded forgets the failures.
func (b *Backoff) Succeeded() { b.limit = 0 }
