package link

import (
	"math/rand/v2"
	"time"
)

// Backoff says how long to wait before the next attempt. It grows with each failure up to a cap, and then draws the
// wait from the whole range below: after an outage thousands of devices come back spread out, not in step. (Jitter
// that is added before the cap would put all of them at the cap.) The zero Backoff is ready.
type Backoff struct{ failures int }

const (
	firstWait = 500 * time.Millisecond
	longest   = 5 * time.Minute
)

// Failed notes a failure and returns how long to wait; at least as long as the hub asked for, and then some.
func (b *Backoff) Failed(retryAfter time.Duration) time.Duration {
	limit := min(firstWait<<min(b.failures, 20), longest)
	b.failures++
	return retryAfter + rand.N(limit) + limit/8
}

// Succeeded forgets the failures.
func (b *Backoff) Succeeded() { b.failures = 0 }
