package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The scenarios with many devices have a hub of their own, on which each device's person has a few jobs and nothing else.

// How many devices a scenario has unless -devices says otherwise, and how many jobs each of them holds.
const (
	crowdDevices = 10_000
	mixedDevices = 2_000
	crowdJobs    = 5
)

// rampUp is how many devices connect at a time where that is not what is measured.
const rampUp = 64

// gathering is a hub with a crowd of light devices.
type gathering struct {
	hub, swarm *worker
	devices    int
}

// gather starts a hub that knows so many devices, and a process that is all of them.
func (r *rig) gather(ctx context.Context, devices int) (*gathering, error) {
	r.crowds++
	if r.devices > 0 {
		devices = r.devices
	}
	g := &gathering{devices: devices}
	err := g.start(ctx, r)
	if err != nil {
		err = errors.Join(err, g.stop())
	}
	return g, err
}

func (g *gathering) start(ctx context.Context, r *rig) (err error) {
	p, err := r.hubPlace(fmt.Sprint("crowd-", r.crowds))
	if err != nil {
		return err
	}
	p.tls = r.tls
	crew := order{Do: "crowd", Count: g.devices, Seed: r.seed}
	if err := g.enrol(ctx, p, crew); err != nil {
		return err
	}
	if g.hub, err = startWorker(ctx, "crowd-process", p); err != nil {
		return err
	}
	at, err := g.hub.tell(order{Do: "address"})
	if err != nil {
		return err
	}
	g.swarm, err = r.swarm(ctx, at, crew)
	return err
}

// swarm starts the process that is all the devices of a hub that knows them.
func (r *rig) swarm(ctx context.Context, hub answer, crew order) (*worker, error) {
	w, err := startWorker(ctx, "swarm-process", r.place("swarm"))
	if err != nil {
		return nil, err
	}
	crew.Server, crew.Trusted = "http://"+hub.Address, hub.Trusted
	if len(hub.Trusted) > 0 {
		crew.Server = "https://" + hub.Address
	}
	if _, err = w.tell(crew); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	return w, nil
}

// enrol fills the hub's database in a process of its own, which leaves nothing in the memory of the one that is measured.
func (g *gathering) enrol(ctx context.Context, p place, crew order) error {
	w, err := startWorker(ctx, "crowd-process", p)
	if err != nil {
		return err
	}
	_, err = w.tell(crew)
	return errors.Join(err, w.stop())
}

func (g *gathering) stop() (err error) {
	for _, w := range []*worker{g.swarm, g.hub} {
		if w != nil {
			err = errors.Join(err, w.stop())
		}
	}
	return err
}

// round has all devices come, so many at a time, and go.
func (g *gathering) round(atOnce int) (answer, error) {
	came, err := g.swarm.tell(order{Do: "connect", AtOnce: atOnce})
	if err != nil {
		return came, err
	}
	_, err = g.swarm.tell(order{Do: "leave"})
	return came, err
}

// alone returns what the hub has in memory when everybody has left, in KiB.
func (g *gathering) alone() (float64, error) {
	if _, err := g.hub.tell(order{Do: "alone"}); err != nil {
		return 0, err
	}
	return g.resident()
}

// resident returns what the hub has in memory once it has given back what it does not use, in KiB.
func (g *gathering) resident() (float64, error) {
	a, err := g.hub.tell(order{Do: "memory"})
	return float64(a.KiB), err
}

// idle has all devices come and stay. What the hub has in memory then is compared with what it had before, when each of them
// had been there already and left again: nothing is counted that stays when devices go.
func idle(ctx context.Context, r *rig, t *tally) error {
	g, err := r.gather(ctx, crowdDevices)
	if err != nil {
		return err
	}
	for run := 0; run <= r.runs && err == nil; run++ {
		err = g.rest(t, run > 0)
	}
	return errors.Join(err, g.stop())
}

func (g *gathering) rest(t *tally, counts bool) error {
	before, err := g.alone()
	if err != nil {
		return err
	}
	if _, err := g.swarm.tell(order{Do: "connect", AtOnce: rampUp}); err != nil {
		return err
	}
	during, err := g.resident()
	if err == nil {
		_, err = g.swarm.tell(order{Do: "leave"})
	}
	if err == nil && counts {
		t.add("devices", float64(g.devices))
		t.add("kib_per_device", (during-before)/float64(g.devices))
	}
	return err
}

// storm has all devices come back at the same moment: a socket, the upgrade, the token, and the word that nothing has
// changed. It ends when the last of them is level. They have been there twice before: the first time a device signs, and the
// second time its token is noted as used.
func storm(ctx context.Context, r *rig, t *tally) error {
	g, err := r.gather(ctx, crowdDevices)
	if err != nil {
		return err
	}
	for range 2 {
		if _, failed := g.round(rampUp); failed != nil {
			return errors.Join(failed, g.stop())
		}
	}
	for range r.runs {
		if err = g.rush(t); err != nil {
			break
		}
	}
	return errors.Join(err, g.stop())
}

func (g *gathering) rush(t *tally) error {
	before, err := g.alone()
	if err != nil {
		return err
	}
	var came answer
	used, err := g.hub.using(func() (err error) { came, err = g.round(g.devices); return err })
	if err != nil {
		return err
	}
	after, err := g.alone()
	if err != nil {
		return err
	}
	t.add("devices", float64(g.devices))
	t.add("devices_per_s", perSecond(g.devices, time.Duration(came.Nanos)))
	t.noteHub(used, g.devices)
	t.add("p50_ms", came.Waits.P50)
	t.add("p99_ms", came.Waits.P99)
	t.add("refused_dials", float64(came.Count))
	t.add("left_kib_per_device", (after-before)/float64(g.devices))
	return nil
}

// mixed has all devices online and writing, while the office reads and writes too. It lasts as long as -for says.
func mixed(ctx context.Context, r *rig, t *tally) error {
	g, err := r.gather(ctx, mixedDevices)
	if err != nil {
		return err
	}
	if _, err = g.swarm.tell(order{Do: "connect", AtOnce: rampUp}); err == nil {
		for run := 0; run < r.runs && err == nil; run++ {
			err = g.day(r, t, uint64(run))
		}
	}
	if err == nil {
		_, err = g.swarm.tell(order{Do: "leave"})
	}
	return errors.Join(err, g.stop())
}

func (g *gathering) day(r *rig, t *tally, run uint64) error {
	seconds := max(1, int(r.during/time.Second))
	office := order{Do: "office", Seconds: seconds, Seed: run}
	var work, pages answer
	used, err := g.hub.using(func() error {
		err := g.hub.order(office)
		if err != nil {
			return err
		}
		work, err = g.swarm.tell(order{Do: "work", Seconds: seconds, Seed: run << 32})
		var failed error
		pages, failed = g.hub.answer(office)
		return errors.Join(err, failed)
	})
	if err != nil {
		return err
	}
	if work.Refused > 0 {
		return fmt.Errorf("%d changes were not accepted", work.Refused)
	}
	t.add("devices", float64(g.devices))
	t.add("changes_per_s", perSecond(work.Count, time.Duration(work.Nanos)))
	t.noteHub(used, work.Count)
	t.add("p50_ms", work.Waits.P50)
	t.add("p99_ms", work.Waits.P99)
	t.add("office_read_p95_ms", pages.Reading.P95)
	t.add("office_p95_ms", pages.Waits.P95)
	return nil
}
