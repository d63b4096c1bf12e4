package simtest

import (
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

var (
	seeds = flag.Uint64("seeds", 200, "how many fleets TestFleet simulates")
	seed  = flag.Uint64("seed", 0, "the one seed that TestFleet simulates, or with -seeds the first")
	quiet = flag.Bool("quiet", false, "no trace")
)

// TestFleet lets many fleets live, each under a seed of its own.
func TestFleet(t *testing.T) {
	if *seed != 0 && !given("seeds") {
		replay(t, *seed)
		return
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	bad, met := map[string][]uint64{}, map[string]int{}
	next := make(chan uint64)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for s := range next {
				f := Seeded(s, nil, nil)
				runSafely(f)
				mu.Lock()
				for kind := range f.kinds {
					bad[kind] = append(bad[kind], s)
				}
				for what, times := range f.Met {
					met[what] += times
				}
				if len(f.Faults) > 0 {
					t.Errorf("seed %d: %s", s, f.Faults[0])
				}
				mu.Unlock()
			}
		})
	}
	for i := range *seeds {
		next <- max(*seed, 1) + i
	}
	close(next)
	wg.Wait()
	wantRare(t, met)
	for kind, list := range bad {
		t.Logf("%s: %d seeds, replay one with: go test ./sync/simtest -run TestFleet -seed=%d -v", kind, len(list), list[0])
	}
}

// onceFailed are seeds under which something that must hold did not, when they were met first. A change of the simulation makes other
// days of them; what each of them found stands as a story of its own (rules_test.go), too.
var onceFailed = []uint64{
	73259, 30002410, 30003190, 32000781, 32003367, 32004966, 32005195, 32005365, 32005628, 32007893, 61000859, 61003513, 61007266, 61015982,
}

func TestSeedsThatFailedOnce(t *testing.T) {
	t.Parallel()
	for _, s := range onceFailed {
		f := Seeded(s, nil, nil)
		runSafely(f)
		if len(f.Faults) > 0 {
			t.Errorf("seed %d: %s", s, f.Faults[0])
		}
	}
}

// enough is how many fleets there must be for whatever is rare to have befallen some of them.
const enough = 2000

// wantRare fails where something that the simulation is there for never happened, and tells how often it did.
func wantRare(t *testing.T, met map[string]int) {
	t.Helper()
	for _, what := range slices.Sorted(maps.Keys(met)) {
		t.Logf("%9d times: %s", met[what], what)
	}
	if *seeds < enough {
		return
	}
	for _, what := range Rare() {
		if met[what] == 0 {
			t.Errorf("in %d fleets it never happened: %s", *seeds, what)
		}
	}
}

func given(name string) (yes bool) {
	flag.Visit(func(f *flag.Flag) { yes = yes || f.Name == name })
	return yes
}

func runSafely(f *Fleet) {
	defer func() {
		if r := recover(); r != nil {
			buf := make([]byte, 4096)
			f.fail("panic", "%v\n%s", r, buf[:runtime.Stack(buf, false)])
		}
	}()
	f.Run()
}

func replay(t *testing.T, s uint64) {
	var trace strings.Builder
	f := Seeded(s, nil, func(format string, args ...any) {
		if !*quiet {
			fmt.Fprintf(&trace, format+"\n", args...)
		}
	})
	runSafely(f)
	t.Log(trace.String())
	for _, x := range f.Faults {
		t.Error(x)
	}
}
