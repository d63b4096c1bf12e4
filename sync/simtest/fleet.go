package simtest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"fieldsync/sync/record"
)

// Scenario says what befalls a fleet. The zero Scenario is a good day.
type Scenario struct {
	Phones    int
	Jobs      int
	Steps     int     // things that people do
	Cut       float64 // how likely a message cuts its connection
	Crash     float64 // how likely a process dies at a boundary of a commit
	Skew      int64   // how far a device's clock may be off, ms
	Reassign  bool    // jobs change hands, crews their members
	Refuse    bool    // the hub's rules refuse some changes; people decide about them
	Delete    bool    // rows are deleted while others write them
	Restore   bool    // the hub goes back to a backup
	Fork      bool    // a phone's file is copied, and nobody notices
	Copy      bool    // a phone's file is copied or put back, and noticed
	OldApp    bool    // some phones run an app that lacks a table and columns
	Challenge bool    // devices sign a nonce
	Erase     bool    // what is personal of somebody is erased
	Collect   bool    // the hub forgets deleted rows that every device has passed
	Reenrol   bool    // phones are enrolled anew, with whatever is unsent on them
	Absence   bool    // months pass
	PageRows  int     // how many rows a part of a page carries; 0 for as many as there are
	Segments  bool    // phones that have nothing fetch what everybody holds as segments
}

// scenarioOf draws what befalls the fleet of a seed: every other fault is absent, so that faults are met both alone
// and together.
func scenarioOf(r *rand.Rand) Scenario {
	s := Scenario{Phones: 2 + r.IntN(3), Jobs: 2 + r.IntN(3), Steps: 40 + r.IntN(80)}
	some := func(p float64) float64 {
		if r.IntN(2) == 0 {
			return 0
		}
		return p * r.Float64()
	}
	s.Cut, s.Crash, s.Skew = some(0.1), some(0.03), int64(some(4*3600*1000))
	for _, fault := range []*bool{&s.Reassign, &s.Refuse, &s.Delete, &s.Restore, &s.Fork, &s.Copy, &s.OldApp, &s.Challenge, &s.Erase,
		&s.Collect, &s.Reenrol, &s.Absence} {
		*fault = r.IntN(2) == 0
	}
	if r.IntN(2) == 0 {
		s.PageRows = 1 + r.IntN(8)
	}
	return s
}

// Fleet is one hub, its office and its phones, under one seed and one virtual clock.
type Fleet struct {
	*rand.Rand
	Scenario
	agenda
	hub    *fleetHub
	phones []*phone
	people []record.ID
	office *fleetOffice
	truth  *truth
	tokens int64
	healed bool
	Trace  func(format string, args ...any) // nil: nobody reads along
	Faults []string
	kinds  map[string]bool
	Met    map[string]int // how often what befell it: see Rare
}

// epochBegin is when every simulation begins: 2026-01-05 08:00 UTC.
const epochBegin = 1_767_600_000_000

// Seeded returns the fleet of a seed. Adjust changes what befalls it; it may be nil.
func Seeded(seed uint64, adjust func(*Scenario), trace func(string, ...any)) *Fleet {
	r := rand.New(rand.NewPCG(seed, 0xf1ee7))
	s := scenarioOf(r)
	s.Segments = rand.New(rand.NewPCG(seed, 0x5e6)).IntN(2) == 0
	if adjust != nil {
		adjust(&s)
	}
	f := &Fleet{Rand: r, Scenario: s, truth: newTruth(), Trace: trace, kinds: map[string]bool{}, Met: map[string]int{}}
	f.now = epochBegin
	return f
}

// Run lets the fleet live through its scenario, heals everything, and returns what went wrong; nothing if all
// invariants hold.
func (f *Fleet) Run() []string {
	f.tracef("scenario %+v", f.Scenario)
	f.hub = newFleetHub(f)
	f.open()
	for range f.Steps {
		f.step()
		f.run(f.Int64N(400))
		if len(f.Faults) > 0 {
			return f.Faults
		}
	}
	f.heal()
	f.check()
	return f.Faults
}

// heal ends all faults and gives everybody five seconds. Then everybody comes once more: what is refused, and decided
// by another copy of the phone meanwhile, is asked about once a session.
func (f *Fleet) heal() {
	f.tracef("everything heals")
	f.healed, f.Cut, f.Crash = true, 0, 0
	f.hub.reopen()
	for _, p := range f.phones {
		p.heal()
	}
	f.run(5000)
	f.checkQueues()
	for _, p := range f.phones {
		if p.conn != nil {
			p.conn.cut()
		}
	}
	f.run(2000)
}

func (f *Fleet) chance(p float64) bool { return p > 0 && f.Float64() < p }

// Latency returns how long a message is on its way, in ms.
func (f *Fleet) Latency() int64 {
	if f.healed {
		return 1 + f.Int64N(20)
	}
	if f.IntN(20) == 0 {
		return f.Int64N(3000)
	}
	return 1 + f.Int64N(100)
}

// token returns a number that was never given before.
func (f *Fleet) token() int64 {
	f.tokens++
	return f.tokens
}

func (f *Fleet) id() record.ID {
	var random [10]byte
	for i := range random {
		random[i] = byte(f.Uint32())
	}
	return record.NewID(f.now, random)
}

// salt is chance for a change set that says something personal.
func (f *Fleet) salt() (s record.Salt) {
	for i := range s {
		s[i] = byte(f.Uint32())
	}
	return s
}

func (f *Fleet) clock() string {
	ms := f.now - epochBegin
	return fmt.Sprintf("%3d.%03d", ms/1000, ms%1000)
}

func (f *Fleet) tracef(format string, args ...any) {
	f.meets(strings.TrimSpace(format))
	if f.Trace != nil {
		f.Trace("%s "+format, append([]any{f.clock()}, args...)...)
	}
}

// fail notes that an invariant does not hold.
func (f *Fleet) fail(kind, format string, args ...any) {
	f.kinds[kind] = true
	message := kind + ": " + fmt.Sprintf(format, args...)
	f.tracef("FAULT %s", message)
	if len(f.Faults) < 20 {
		f.Faults = append(f.Faults, message)
	}
}

// pick returns one of the list at random, and whether there is any.
func pick[T any](f *Fleet, list []T) (x T, ok bool) {
	if len(list) == 0 {
		return x, false
	}
	return list[f.IntN(len(list))], true
}
