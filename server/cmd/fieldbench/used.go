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

// spent is what a process used while something was done.
type spent struct {
	allocations uint64
	cpu         time.Duration // 0 where the system does not tell
}

// using does something and returns what the process uses meanwhile.
func (w *worker) using(do func() error) (spent, error) {
	before, err := w.tell(order{Do: "used"})
	if err == nil {
		err = do()
	}
	if err != nil {
		return spent{}, err
	}
	after, err := w.tell(order{Do: "used"})
	return spent{after.Used.Allocations - before.Used.Allocations, after.Used.Before - before.Used.After}, err
}

// noteHub notes what the hub used for each of so many.
func (t *tally) noteHub(s spent, each int) {
	t.add("hub_allocs_each", float64(s.allocations)/float64(each))
	if s.cpu > 0 {
		t.add("hub_cpu_us_each", float64(s.cpu)/float64(time.Microsecond)/float64(each))
	}
}

// counting does something that is done for so many rows, changes or reconnects, and notes what hub and device use for each.
func (r *rig) counting(t *tally, device *worker, each int, do func() error) error {
	var end spent
	hub, err := r.hub.using(func() (err error) { end, err = device.using(do); return err })
	if err != nil {
		return err
	}
	t.noteHub(hub, each)
	t.add("device_allocs_each", float64(end.allocations)/float64(each))
	return nil
}
