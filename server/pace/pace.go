// Package pace bounds how often each of many, devices or programs, may ask for something that costs the hub work. Each has so
// many goes at once, and gets one back at a time: an honest one never runs out, one that asks without end is put off.
//
// Where several processes serve one database, each tells the others through it, every so many goes of somebody, in one
// update of one row: who goes to all of them at once gets little more than from one, and who asks now and then is never
// written down.
package pace

import (
	"context"
	"sync"
	"time"

	"fieldsync/sync/record"
)

// Ledger is where the processes of a hub count together. It goes by one clock, not by theirs, which may differ.
type Ledger interface {
	// Use adds to how long it takes until all goes of that kind are back, and returns how long that is now. More than most
	// it is not before: a clock that was put back keeps nobody out.
	Use(ctx context.Context, kind string, who record.ID, add, most time.Duration) (time.Duration, error)
}

// Pace counts goes of one kind. It is safe for concurrent use.
type Pace struct {
	kind   string
	burst  int
	every  time.Duration // until one more is allowed
	slice  int           // goes of somebody that are told the others together
	ledger Ledger        // nil: this process counts for itself

	mu    sync.Mutex
	used  map[record.ID]*tally
	swept time.Time
}

// tally is what one has used.
type tally struct {
	full   time.Time // when all goes are back, as this process counts
	rest   time.Time // before which there is none, as all count
	untold int
}

// tellWithin is how long the ledger may take: nobody waits for it longer.
const tellWithin = time.Second

// New returns a pace of burst goes at once, each of which comes back after every. The ledger may be nil.
func New(kind string, burst int, every time.Duration, ledger Ledger) *Pace {
	return &Pace{kind: kind, burst: burst, every: every, slice: max(1, burst/8), ledger: ledger, used: map[record.ID]*tally{}}
}

// Take uses one go at the time now. It returns how long to wait, 0 for not at all. Where the ledger does not answer, this
// process counts for itself.
func (p *Pace) Take(ctx context.Context, who record.ID, now time.Time) (wait time.Duration) {
	wait, tell := p.take(who, now)
	if !tell {
		return wait
	}
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	full, err := p.ledger.Use(ctx, p.kind, who, time.Duration(p.slice)*p.every, 2*p.all())
	if over := full - p.all(); err == nil && over > 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.of(who, now).rest = now.Add(over)
	}
	return 0
}

// take uses one go as this process counts, and reports whether it is time to tell the others.
func (p *Pace) take(who record.ID, now time.Time) (wait time.Duration, tell bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep(now)
	t := p.of(who, now)
	full := later(t.full, now).Add(p.every)
	if wait = max(full.Sub(now)-p.all(), t.rest.Sub(now)); wait > 0 {
		return wait, false
	}
	t.full = full
	if p.ledger == nil {
		return 0, false
	}
	t.untold++
	if tell = t.untold >= p.slice; tell {
		t.untold = 0
	}
	return 0, tell
}

// all is how long it takes until all goes are back.
func (p *Pace) all() time.Duration { return time.Duration(p.burst) * p.every }

func (p *Pace) of(who record.ID, now time.Time) *tally {
	t := p.used[who]
	if t == nil {
		t = &tally{full: now, rest: now}
		p.used[who] = t
	}
	return t
}

// sweep forgets, once in the time that it takes to get all goes back, those who have.
func (p *Pace) sweep(now time.Time) {
	if now.Sub(p.swept) < p.all() {
		return
	}
	p.swept = now
	for who, t := range p.used {
		if later(t.full, t.rest).Before(now) {
			delete(p.used, who)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
