package systemtest

import (
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	gosync "sync"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/server/badline"
)

// The bad day: a hub and its devices, each a process, under load while things go wrong, one alone and two at a time. What
// everybody wrote is checked afterwards by somebody who has nothing of the engine: see history.
var (
	faultsAsked  = flag.String("faults", "", "the faults to suffer: some, all, or names as in 'hub killed+line cut'; .ci/faults says it")
	faultLoad    = flag.Duration("load", 10*time.Second, "how long the devices work under each of them")
	faultDevices = flag.Int("devices", 5, "how many devices")
	faultWithin  = flag.Duration("within", stuck, "how soon after the last fault has healed all must be sent")
	faultSeed    = flag.Uint64("seed", 1, "decides who is struck and when")
)

// calamity is one thing that goes wrong. It strikes, and heals with what strike returned; both act by themselves, whatever
// else goes wrong meanwhile.
type calamity struct {
	name   string
	needs  string // nodes, for a hub of several on PostgreSQL with NATS; disks, for small disks; or nothing
	strike func(d *day, chance *rand.Rand) heal
}

// heal ends what went wrong, and reports whether it is known to have hit somebody. A fault that hit nobody proves nothing.
type heal func() (hit bool)

var calamities = []calamity{
	{"hub killed", "", func(d *day, r *rand.Rand) heal { return d.someNode(r).takeDown((*serving).kill) }},
	{"hub restarted", "", func(d *day, r *rand.Rand) heal { return d.someNode(r).takeDown((*serving).end) }},
	{"hub stopped", "", func(d *day, r *rand.Rand) heal { return d.someNode(r).freeze() }},
	{"device killed", "", eachHand((*hand).kill)},
	{"device stopped", "", eachHand((*hand).freeze)},
	{"line down", "", onLines(func(s *badline.State) { s.Down = true }, func(s *badline.State) { s.Down = false },
		func(l *badline.Line) *atomic.Int64 { return &l.Broken })},
	{"line silent", "", onLines(func(s *badline.State) { s.Silent = true }, func(s *badline.State) { s.Silent = false },
		func(l *badline.Line) *atomic.Int64 { return &l.Held })},
	{"line slow", "", onLines(func(s *badline.State) { s.Delay, s.Pace = 150*time.Millisecond, 4<<10 },
		func(s *badline.State) { s.Delay, s.Pace = 0, 0 }, func(l *badline.Line) *atomic.Int64 { return &l.Slowed })},
	{"line cut", "", onLines(func(s *badline.State) { s.Cut = true }, func(s *badline.State) { s.Cut = false },
		func(l *badline.Line) *atomic.Int64 { return &l.Cuts })},
	{"messages twice", "", onLines(func(s *badline.State) { s.Twice = 30 }, func(s *badline.State) { s.Twice = 0 },
		func(l *badline.Line) *atomic.Int64 { return &l.Again })},
	{"clock wrong", "", eachHand((*hand).misdate)},
	{"hub's disk full", "disks", func(d *day, _ *rand.Rand) heal { return d.fillHub() }},
	{"device's disk full", "disks", func(d *day, r *rand.Rand) heal { return d.hands[r.IntN(roomy)].fill() }},
	{"PostgreSQL restarted", "nodes", func(d *day, _ *rand.Rand) heal { return d.withoutPostgreSQL() }},
	{"NATS gone", "nodes", func(d *day, _ *rand.Rand) heal { return d.withoutNATS() }},
}

// someCalamities are those of a bounded run: each at least once, with another.
var someCalamities = []string{
	"hub killed+line silent", "hub stopped+messages twice", "device killed+hub's disk full", "device stopped+line slow",
	"clock wrong+hub restarted", "device's disk full+line cut", "line down", "NATS gone+PostgreSQL restarted",
}

// eachHand strikes about a third of the devices, at least one.
func eachHand(strike func(*hand, *rand.Rand) heal) func(*day, *rand.Rand) heal {
	return func(d *day, r *rand.Rand) heal {
		var heals []func()
		var hit atomic.Bool
		for _, n := range r.Perm(len(d.hands))[:(len(d.hands)+2)/3] {
			one := strike(d.hands[n], r)
			heals = append(heals, func() {
				if one() {
					hit.Store(true)
				}
			})
		}
		return func() bool {
			together(heals)
			return hit.Load()
		}
	}
}

// onLines strikes the lines of about half the devices. What a line counts tells whether anybody spoke on it meanwhile.
func onLines(worse, better func(*badline.State), of func(*badline.Line) *atomic.Int64) func(*day, *rand.Rand) heal {
	return func(d *day, r *rand.Rand) heal {
		struck := r.Perm(len(d.hands))[:(len(d.hands)+1)/2]
		hits := func() (n int64) {
			for _, h := range struck {
				n += of(d.hands[h].line).Load()
			}
			return n
		}
		before := hits()
		for _, n := range struck {
			d.hands[n].line.Alter(worse)
		}
		d.hands[struck[0]].hurry(func() bool { return hits() > before })
		return func() bool {
			for _, n := range struck {
				d.hands[n].line.Alter(better)
			}
			return hits() > before
		}
	}
}

// together does all of it at once, and returns when all is done.
func together(all []func()) {
	var wait gosync.WaitGroup
	for _, do := range all {
		wait.Go(do)
	}
	wait.Wait()
}

// TestFaults lets devices work while things go wrong. It runs by name, as .ci/faults does: it takes minutes.
func TestFaults(t *testing.T) {
	if *faultsAsked == "" {
		t.Skip("it runs by name: .ci/faults")
	}
	program := filepath.Join(t.TempDir(), "fieldsyncd")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "fieldsync/server/cmd/fieldsyncd").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	disks := canMount(t)
	var results outcomes
	t.Run("all", func(t *testing.T) {
		for _, suffered := range sufferings(t) {
			if !disks && slices.ContainsFunc(suffered, func(c calamity) bool { return c.needs == "disks" }) {
				fmt.Printf("skipped: %s: a small disk cannot be mounted here\n", nameOf(suffered))
				continue
			}
			t.Run(nameOf(suffered), func(t *testing.T) {
				t.Parallel()
				results.add(suffer(t, program, suffered))
			})
		}
	})
	results.print()
}

// sufferings are the faults to suffer at a time, as the flag says.
func sufferings(t *testing.T) (all [][]calamity) {
	t.Helper()
	names := strings.Split(*faultsAsked, ",")
	switch *faultsAsked {
	case "some":
		names = someCalamities
	case "all":
		names = nil
		for i := range calamities {
			all = append(all, calamities[i:i+1])
		}
		for i := range calamities {
			for j := range i {
				all = append(all, []calamity{calamities[j], calamities[i]})
			}
		}
	}
	for _, name := range names {
		var one []calamity
		for part := range strings.SplitSeq(name, "+") {
			i := slices.IndexFunc(calamities, func(c calamity) bool { return c.name == part })
			if i < 0 {
				t.Fatalf("there is no fault %q", part)
			}
			one = append(one, calamities[i])
		}
		all = append(all, one)
	}
	return all
}

func nameOf(suffered []calamity) string {
	names := make([]string, len(suffered))
	for i, c := range suffered {
		names[i] = c.name
	}
	return strings.Join(names, "+")
}

// suffer is one day: everybody works, things go wrong and heal, again and again and at the end once more, until all is
// over; then nothing is lost, all are level and nobody is stuck.
func suffer(t *testing.T, program string, suffered []calamity) outcome {
	needs := func(what string) bool {
		return slices.ContainsFunc(suffered, func(c calamity) bool { return c.needs == what })
	}
	name := fnv.New64()
	_, _ = io.WriteString(name, nameOf(suffered)) // memory takes all
	random := rand.New(rand.NewPCG(*faultSeed, name.Sum64()))
	d := newDay(t, program, random, needs("nodes") || random.IntN(2) > 0 && !needs("disks"), needs("disks"))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again: .ci/faults -only '%s' -seed %d -load %s -devices %d", nameOf(suffered), *faultSeed, *faultLoad, len(d.hands))
		}
	})
	d.work()
	d.endure(suffered, *faultLoad)
	d.rest()
	healed := time.Now()
	result := outcome{name: nameOf(suffered), nodes: len(d.nodes), hits: d.struck(suffered)}
	d.settle()
	result.empty = time.Since(healed)
	d.isLevel()
	result.level = time.Since(healed)
	result.changes = d.lostNothing()
	d.close()
	return result
}

// endure has the faults strike and heal while the devices work, each at moments of its own. When the time is over all of
// them are in force; then the work ends, and all heal.
func (d *day) endure(suffered []calamity, within time.Duration) {
	over := time.Now().Add(within)
	var faults []func()
	for _, c := range suffered {
		chance := rand.New(rand.NewPCG(d.random.Uint64(), 5))
		faults = append(faults, func() { d.strikes(c, chance, over) })
	}
	faults = append(faults, func() {
		time.Sleep(time.Until(over))
		d.rest()
	})
	together(faults)
}

// strikes has one fault strike and heal until the time is over. The last hold ends with it.
func (d *day) strikes(c calamity, chance *rand.Rand, over time.Time) {
	between := func(from, to time.Duration) time.Duration { return from + time.Duration(chance.Int64N(int64(to-from))) }
	for {
		gap, hold := between(500*time.Millisecond, 4*time.Second), between(time.Second, 6*time.Second)
		left := time.Until(over)
		last := left-gap-hold < 3*time.Second
		if last {
			gap, hold = max(0, left-hold), min(hold, left)
		}
		time.Sleep(gap)
		heal := c.strike(d, chance)
		if left := time.Until(over); last || hold > left {
			hold = left // who was struck late, since another fault had to heal first, heals with all
		}
		time.Sleep(hold)
		if heal() {
			d.noteHit(c.name)
		}
		if last {
			return
		}
	}
}

// outcome is what is known of a day.
type outcome struct {
	name         string
	nodes        int
	changes      int
	hits         []int         // how often each fault struck and hit somebody
	empty, level time.Duration // after the last fault had healed
}

type outcomes struct {
	mu  gosync.Mutex
	all []outcome
}

// add notes how a day went, and shows it.
func (o *outcomes) add(one outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.all) == 0 {
		fmt.Printf("%-44s %8s %6s %8s %18s %12s\n", "fault", "hit", "nodes", "changes", "queues empty, s", "level, s")
	}
	o.all = append(o.all, one)
	hits := strings.Trim(strings.ReplaceAll(fmt.Sprint(one.hits), " ", "+"), "[]")
	fmt.Printf("%-44s %8s %6d %8d %18.1f %12.1f\n", one.name, hits, one.nodes, one.changes, one.empty.Seconds(), one.level.Seconds())
}

// print sums the days up.
func (o *outcomes) print() {
	if len(o.all) == 0 {
		return
	}
	slices.SortFunc(o.all, func(a, b outcome) int { return int(b.empty - a.empty) })
	within, changes := 0, 0
	for _, one := range o.all {
		changes += one.changes
		if one.empty <= 5*time.Second {
			within++
		}
	}
	fmt.Printf("seed %d: %d changes; queues empty within 5 s after %d of %d, the median %.1f s, the longest %.1f s\n", *faultSeed,
		changes, within, len(o.all), o.all[len(o.all)/2].empty.Seconds(), o.all[0].empty.Seconds())
}
