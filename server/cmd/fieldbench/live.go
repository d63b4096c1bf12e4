package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"fieldsync/sync/record"
)

// live measures from the call of Update on one device to the watcher of another, after its commit there. Both are
// processes of one machine and share its clock. They find the hub without the proxy, whose turn to run each message
// would wait for. Two of a change's commits are durable: what that takes on this disk is measured beside it.
// What a change takes on all its ways is counted with two others, which do use the proxy, afterwards.
func live(ctx context.Context, r *rig, t *tally) error {
	if r.devices > 0 {
		crowded, err := r.crowded(ctx, t)
		if err != nil {
			return err
		}
		defer r.proxy.lead(r.address) // that hub has it meanwhile
		return errors.Join(crowded.rig.exchanges(ctx, t), crowded.stop())
	}
	return r.exchanges(ctx, t)
}

func (r *rig) exchanges(ctx context.Context, t *tally) error {
	r.direct = true
	err := r.pair(ctx, func(from, to *worker) error { return r.exchange(from, to, t) })
	if r.direct = false; err != nil {
		return err
	}
	return r.pair(ctx, func(from, to *worker) error { return r.weigh(from, to, t) })
}

// pair has two devices that have all rows and are online do something.
func (r *rig) pair(ctx context.Context, do func(from, to *worker) error) error {
	from, err := r.synced(ctx)
	if err != nil {
		return err
	}
	to, err := r.synced(ctx)
	if err != nil {
		return errors.Join(err, from.stop())
	}
	for _, w := range []*worker{from, to} {
		if err == nil {
			_, err = w.tell(order{Do: "connect"})
		}
	}
	if err == nil {
		err = do(from, to)
	}
	return errors.Join(err, from.stop(), to.stop())
}

// crowdedHub is a hub with the bench's rows and many devices that are online besides.
type crowdedHub struct {
	rig   *rig
	swarm *worker
}

func (r *rig) crowded(ctx context.Context, t *tally) (*crowdedHub, error) {
	c := &crowdedHub{rig: &rig{
		options: r.options, dir: filepath.Join(r.dir, "crowded"), roles: r.roles, lean: r.lean, person: r.person, proxy: r.proxy, log: r.log,
	}}
	crew := order{Do: "crowd", Count: r.devices, Seed: r.seed}
	err := c.rig.fill(ctx)
	if err == nil {
		err = c.rig.restart(ctx)
	}
	if err == nil {
		_, err = c.rig.hub.tell(crew)
	}
	if err == nil {
		c.swarm, err = c.rig.swarm(ctx, answer{Address: c.rig.address}, crew)
	}
	if err == nil {
		_, err = c.swarm.tell(order{Do: "connect", AtOnce: rampUp})
	}
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	t.add("devices", float64(r.devices))
	return c, nil
}

func (c *crowdedHub) stop() (err error) {
	if c.swarm != nil {
		_, err = c.swarm.tell(order{Do: "leave"})
		err = errors.Join(err, c.swarm.stop())
	}
	return errors.Join(err, c.rig.stopHub())
}

// legs is how many ways a change goes: to the hub, and on to the other device.
const legs = 2

// weigh counts the bytes that a change takes on its way to the hub and on to the other device, answers included; and those that
// are in it, which neither way can do without: the row's id and the values.
func (r *rig) weigh(from, to *worker, t *tally) error {
	jobs, err := from.tell(order{Do: "jobs"})
	if err != nil {
		return err
	}
	rows := spread(jobs.Rows, min(liveChanges, r.rows))
	r.proxy.bytes.Store(0)
	within := 0
	for i, row := range rows {
		seed := ^uint64(i)
		if _, err := change(from, to, row, seed); err != nil {
			return err
		}
		within += legs * bytesWithin(row, newMaker(seed).edit())
	}
	t.add("wire_bytes_per_change", float64(r.proxy.bytes.Load())/float64(len(rows)))
	t.add("value_bytes_per_change", float64(within)/float64(len(rows)))
	return nil
}

func bytesWithin(row record.ID, values record.Values) int {
	n := len(row)
	for _, v := range values {
		n += len(v.AppendBinary(nil))
	}
	return n
}

func (r *rig) exchange(from, to *worker, t *tally) error {
	jobs, err := from.tell(order{Do: "jobs"})
	if err != nil {
		return err
	}
	rows := spread(jobs.Rows, min(liveChanges, r.rows))
	for run := range r.runs {
		took := make([]float64, 0, len(rows))
		err := r.counting(t, to, len(rows), func() error {
			for i, row := range rows {
				one, err := change(from, to, row, uint64(run*len(rows)+i))
				if err != nil {
					return err
				}
				took = append(took, millis(one))
			}
			return nil
		})
		if err != nil {
			return err
		}
		floor, err := syncTime(r.dir)
		if err != nil {
			return err
		}
		t.add("fsync_ms", millis(floor))
		t.add("p50_ms", percentile(took, 50))
		t.add("p99_ms", percentile(took, 99))
	}
	return nil
}

// change has one device change the row, and returns how long it took until the other's watcher heard of it. He is told
// to wait for it before: nothing but the change is under way meanwhile.
func change(from, to *worker, row record.ID, seed uint64) (time.Duration, error) {
	await := order{Do: "await", Row: row}
	if err := to.order(await); err != nil {
		return 0, err
	}
	begun, err := from.tell(order{Do: "update", Row: row, Seed: seed})
	if err != nil {
		return 0, err
	}
	heard, err := to.answer(await)
	return time.Duration(heard.At - begun.At), err
}
