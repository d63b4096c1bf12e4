package simtest

import (
	"testing"

	"fieldsync/sync/judge"
)

// The hub forgets nothing that a device has not taken which stays connected, however long ago that was: it hears its heartbeats.
func TestADeviceThatStaysConnectedForMonthsIsWaitedFor(t *testing.T) {
	s := newStage(t, 1)
	absence := judge.LongestAbsence.Milliseconds() + 1
	s.run(absence)
	if n := len(s.hub.live()); n != 1 {
		t.Errorf("%d devices are waited for", n)
	}
	s.away(s.phones[0])
	s.run(absence)
	if n := len(s.hub.live()); n != 0 {
		t.Errorf("%d devices are waited for that nobody has heard of", n)
	}
}
