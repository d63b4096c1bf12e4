package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"fieldsync/client"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// replicaName is the file name of a replica.
const replicaName = "replica.db"

// deviceProcess is a device with a replica of its own.
type deviceProcess struct {
	place
	client *client.Client
	seen   chan sighting
	ready  time.Duration // how long the first sync took until work was possible
	stop   func()        // ends the watch
}

// sighting is a change of a row as its watcher heard it.
type sighting struct {
	row record.ID
	at  int64
}

func openDevice(ctx context.Context, p place) (func(context.Context, order) (answer, error), func() error, error) {
	return openReplica(ctx, p, benchSchema)
}

// openSearching opens a device whose jobs can be searched.
func openSearching(ctx context.Context, p place) (func(context.Context, order) (answer, error), func() error, error) {
	return openReplica(ctx, p, searchSchema)
}

// openReader opens a device that reads a catalogue.
func openReader(ctx context.Context, p place) (func(context.Context, order) (answer, error), func() error, error) {
	return openReplica(ctx, p, catalogueSchema)
}

func openReplica(
	ctx context.Context, p place, s *schema.Schema,
) (func(context.Context, order) (answer, error), func() error, error) {
	c, err := client.Open(ctx, client.Options{
		Path: filepath.Join(p.dir, replicaName), Schema: s, App: "fieldbench", DeferIndexes: true,
	})
	if err != nil {
		return nil, nil, err
	}
	d := &deviceProcess{place: p, client: c, seen: make(chan sighting, 1024), stop: func() {}}
	return d.obey, d.close, nil
}

func (d *deviceProcess) close() error {
	d.stop()
	return d.client.Close()
}

func (d *deviceProcess) obey(ctx context.Context, o order) (answer, error) {
	switch o.Do {
	case "enrol":
		if err := d.client.Enrol(ctx, o.Server, o.Code, "bench"); err != nil {
			return answer{}, err
		}
		return answer{}, d.client.Move(o.Proxy)
	case "sync":
		begun := time.Now()
		stop := d.watchReady(ctx, begun)
		err := d.client.SyncOnce(ctx)
		stop()
		return answer{Nanos: int64(time.Since(begun)), PeakKiB: peakKiB()}, err
	case "ready":
		return answer{Ready: int64(d.ready)}, nil
	case "edit":
		return d.edit(ctx, o)
	case "jobs":
		ids, err := d.jobs(ctx)
		return answer{Rows: ids, Count: len(ids)}, err
	case "state":
		s, err := d.client.Status(ctx)
		return answer{Pending: s.Pending, Refused: s.Refused}, err
	case "index":
		return d.index(ctx)
	case "connect":
		return answer{}, d.connect(ctx)
	case "update":
		values := newMaker(o.Seed).edit()
		begun := time.Now().UnixNano()
		return answer{At: begun}, d.update(ctx, o.Row, values)
	case "await":
		return d.await(ctx, o.Row)
	}
	return answer{}, fmt.Errorf("unknown order %q", o.Do)
}

// readyEvery is how often a device is asked whether work is possible: so seldom that it does not count.
const readyEvery = 10 * time.Millisecond

// watchReady notes when work is possible, on a device on which it was not when it began, until stop is called.
func (d *deviceProcess) watchReady(ctx context.Context, begun time.Time) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	look := func() bool {
		s, err := d.client.Status(ctx)
		if err == nil && s.Ready {
			d.ready = time.Since(begun)
		}
		return err != nil || s.Ready
	}
	if d.ready > 0 {
		cancel()
		return func() {}
	}
	watching.Go(func() {
		for !look() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(readyEvery):
			}
		}
	})
	return func() {
		cancel()
		watching.Wait()
		if d.ready == 0 {
			d.ready = time.Since(begun)
		}
	}
}

func (d *deviceProcess) update(ctx context.Context, row record.ID, values record.Values) error {
	return d.client.Update(ctx, "job.edit", func(tx client.Tx) error { return tx.Update("job", row, values) })
}

// edit changes so many jobs, each in a transaction of its own, spread over the table.
func (d *deviceProcess) edit(ctx context.Context, o order) (answer, error) {
	ids, err := d.jobs(ctx)
	if err != nil {
		return answer{}, err
	}
	m := newMaker(o.Seed)
	for _, id := range spread(ids, o.Count) {
		if err := d.update(ctx, id, m.edit()); err != nil {
			return answer{}, err
		}
	}
	return answer{Count: o.Count}, nil
}

// jobs returns the ids of the jobs that the device holds, in order.
func (d *deviceProcess) jobs(ctx context.Context) ([]record.ID, error) {
	return sqlrow.IDs(d.client.Query(ctx, "SELECT id FROM job ORDER BY id"))
}

// index returns when the search index is complete, and how long that took.
func (d *deviceProcess) index(ctx context.Context) (answer, error) {
	for begun := time.Now(); time.Since(begun) < 10*patience; time.Sleep(time.Millisecond) {
		if s, err := d.client.Status(ctx); err != nil || s.SearchReady {
			return answer{Nanos: int64(time.Since(begun))}, err
		}
	}
	return answer{}, errors.New("the search index did not get ready")
}

// patience bounds the waits for something that is due within milliseconds.
const patience = 30 * time.Second

// connect begins to watch, goes online, and returns when the device is level with the hub.
func (d *deviceProcess) connect(ctx context.Context) error {
	changes, stop := d.client.Watch("job")
	d.stop = stop
	go func() {
		for change := range changes {
			now := time.Now().UnixNano()
			for _, key := range change.Rows {
				d.seen <- sighting{key.ID, now}
			}
		}
	}()
	if err := d.client.Connect(); err != nil {
		return err
	}
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(time.Millisecond) {
		if s, err := d.client.Status(ctx); err != nil || s.Online {
			return err
		}
	}
	return errors.New("the device did not get online")
}

// await returns when the watcher heard of the next change of the row.
func (d *deviceProcess) await(ctx context.Context, row record.ID) (answer, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case s := <-d.seen:
			if s.row == row {
				return answer{At: s.at}, nil
			}
		case <-late.C:
			return answer{}, errors.New("the change did not arrive")
		case <-ctx.Done():
			return answer{}, ctx.Err()
		}
	}
}
