package api

import (
	"sync"
	"time"

	"fieldsync/sync/record"
)

// A program may send burst requests at once and perSecond from then on: enough for any honest one, and one that runs wild
// leaves the hub to the others.
const (
	perSecond = 50
	burst     = 500
)

// pace counts the requests of programs.
type pace struct {
	mu   sync.Mutex
	left map[record.ID]allowance
}

type allowance struct {
	tokens float64
	at     time.Time
}

// allows takes one request off what the program may send.
func (p *pace) allows(program record.ID, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == nil {
		p.left = map[record.ID]allowance{}
	}
	a, known := p.left[program]
	if !known {
		a = allowance{burst, now}
	}
	a.tokens = min(burst, a.tokens+perSecond*max(0, now.Sub(a.at).Seconds()))
	a.at = now
	ok := a.tokens >= 1
	if ok {
		a.tokens--
	}
	p.left[program] = a
	return ok
}
