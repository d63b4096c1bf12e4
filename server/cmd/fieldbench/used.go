package main

import (
	"runtime"
	"time"
)

// used is what a process has used since it began.
type used struct {
	Allocations uint64 // on the heap
	// CPU time of all its threads, before and after the allocations were counted, which takes some itself; 0 where the system
	// does not tell.
	Before, After time.Duration
}

func usedSoFar() used {
	u := used{Before: cpuTime()}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.Allocations, u.After = m.Mallocs, cpuTime()
	return u
}

// counting does something that is done for so many rows, changes or reconnects, and notes what hub and device use for each.
func (r *rig) counting(t *tally, device *worker, each int, do func() error) error {
	use := order{Do: "used"}
	var before, after [2]answer
	var err error
	for i, w := range []*worker{r.hub, device} {
		if before[i], err = w.tell(use); err != nil {
			return err
		}
	}
	if err = do(); err != nil {
		return err
	}
	for i, w := range []*worker{r.hub, device} {
		if after[i], err = w.tell(use); err != nil {
			return err
		}
	}
	allocations := func(i int) float64 {
		return float64(after[i].Used.Allocations-before[i].Used.Allocations) / float64(each)
	}
	t.add("hub_allocs_each", allocations(0))
	t.add("device_allocs_each", allocations(1))
	if cpu := after[0].Used.Before - before[0].Used.After; cpu > 0 {
		t.add("hub_cpu_us_each", float64(cpu)/float64(time.Microsecond)/float64(each))
	}
	return nil
}
