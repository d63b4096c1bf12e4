package link

import (
	"math/rand/v2"
	"time"
)

// Backoff says how long to wait before the next attempt. It grows with each failure up to a cap, and is drawn from the whole
// range below: after an outage thousands of devices come back spread out, not in step. (Jitter that is added before the
// cap would put all of them at the cap.) It grows so slowly that a wait is about two fifths of the outage so far at most, and
// no longer than soon until a device has waited for a while: who comes out of the cellar or finds the hub restarted is not
// kept waiting, and ten thousand who come back within soon are no more than a hub lets in. The zero Backoff is ready.
type Backoff struct {
	limit  time.Duration // of the latest wait
	waited time.Duration // in all, since the last success
}

const (
	firstWait = 500 * time.Millisecond
	growth    = 1.3 // from one failure to the next
	soon      = 7 * time.Second / 2
	while     = 2 * time.Minute // of waiting: from then on waits grow on
	longest   = 5 * time.Minute
)

// Failed notes a failure and returns how long to wait; at least as long as the hub asked for, and then some.
func (b *Backoff) Failed(retryAfter time.Duration) time.Duration {
	most := longest
	if b.waited < while {
		most = soon
	}
	b.limit = min(max(firstWait, time.Duration(float64(b.limit)*growth)), most)
	wait := retryAfter + rand.N(b.limit) + b.limit/8
	b.waited += wait
	return wait
}

// Succeeded forgets the failures.
func (b *Backoff) Succeeded() { *b = Backoff{} }
