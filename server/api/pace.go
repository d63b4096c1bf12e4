package api

import (
	"time"

	"fieldsync/server/pace"
)

// A program may send burst requests at once and perSecond from then on: enough for any honest one, and one that runs wild
// leaves the hub to the others.
const (
	perSecond = 50
	burst     = 500
)

func newPace(shared pace.Ledger) *pace.Pace {
	return pace.New("request", burst, time.Second/perSecond, shared)
}
