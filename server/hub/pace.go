package hub

import (
	"time"

	"fieldsync/server/pace"
	"fieldsync/sync/fault"
	"fieldsync/sync/session"
)

var errTooOften = fault.New(fault.Overloaded, "this device asks too often; it goes on by itself in a while. Nothing on it is lost")

// How often a device may open a session, and how often it may have checksums made or rows compared. A person who holds
// thousands of buckets compares them in hundreds of messages. Only devices that have shown who they are count, or anybody
// could use up another's.
func newPaces(shared pace.Ledger) (hellos, checks *pace.Pace) {
	return pace.New("hello", 120, time.Second, shared), pace.New("check", 600, time.Second/4, shared)
}

// putOff ends the session of a device that asks too often.
func (h *Hub) putOff(wait time.Duration) session.Event {
	h.stats.refusals.WithLabelValues(string(errTooOften.Code)).Inc()
	return session.Refused{Reason: errTooOften, RetryAfter: wait}
}
