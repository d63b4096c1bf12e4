package hub

import (
	"sync"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/session"
)

// pace bounds how often each device may ask for something that costs the hub work. A device has so many goes at once,
// and gets one back at a time: an honest one that comes back again and again through a bad network never runs out, one
// that asks without end is put off. Only devices that have shown who they are count, or anybody could use up another's.
type pace struct {
	burst int
	every time.Duration // until one more is allowed

	mu    sync.Mutex
	used  map[record.ID]time.Time // when the device will have all its goes back
	swept time.Time
}

func newPace(burst int, every time.Duration) *pace {
	return &pace{burst: burst, every: every, used: map[record.ID]time.Time{}}
}

// take uses one go of the device at the time now. It returns how long the device has to wait, 0 if it need not.
func (p *pace) take(device record.ID, now time.Time) (wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep(now)
	full := p.used[device]
	if full.Before(now) {
		full = now
	}
	full = full.Add(p.every)
	if wait = full.Sub(now) - time.Duration(p.burst)*p.every; wait > 0 {
		return wait
	}
	p.used[device] = full
	return 0
}

// sweep forgets, once in the time that it takes to get all goes back, the devices that have.
func (p *pace) sweep(now time.Time) {
	if now.Sub(p.swept) < time.Duration(p.burst)*p.every {
		return
	}
	p.swept = now
	for device, full := range p.used {
		if full.Before(now) {
			delete(p.used, device)
		}
	}
}

var errTooOften = fault.New(fault.Overloaded, "this device asks too often; it goes on by itself in a while. Nothing on it is lost")

// How often a device may open a session, and how often it may have checksums made or rows compared. A person who holds
// thousands of buckets compares them in hundreds of messages.
func newPaces() (hellos, checks *pace) {
	return newPace(120, time.Second), newPace(600, time.Second/4)
}

// putOff ends the session of a device that asks too often.
func (h *Hub) putOff(wait time.Duration) session.Event {
	h.stats.refusals.WithLabelValues(string(errTooOften.Code)).Inc()
	return session.Refused{Reason: errTooOften, RetryAfter: wait}
}
