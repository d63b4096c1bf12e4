package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"fieldsync/sync/record"
)

// rig is a hub that has the rows, a proxy before it, and the devices that were made for it.
type rig struct {
	options
	dir     string
	lean    string    // the program of devices, "" where it could not be built
	roles   [2]string // of the hub's process and of a device's
	person  record.ID
	proxy   *proxy
	hub     *worker
	makes   *worker           // databases for hubs; nil for SQLite
	made    map[string]string // the database of each hub, by its place's name
	address string            // of the hub itself
	started int               // devices so far
	crowds  int               // gathered so far
	direct  bool              // devices find the hub without the proxy: their bytes are not counted
	log     io.Writer         // what is going on, for a person who waits
}

// build makes the hub's database. The hub does not run yet.
func build(ctx context.Context, o options, log io.Writer) (*rig, error) {
	dir, err := os.MkdirTemp(o.dir, "fieldbench-*")
	if err != nil {
		return nil, fmt.Errorf("-dir: %w", err)
	}
	r := &rig{options: o, dir: dir, roles: [2]string{"hub-process", deviceRole}, person: newMaker(^uint64(0)).id(), log: log, made: map[string]string{}}
	if r.proxy, err = startProxy(); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if r.lean, err = deviceProgram(ctx, dir); err != nil {
		fmt.Fprintf(log, "devices are processes of this program, the hub's side and its memory included: %v\n", err)
	}
	if o.db != "" {
		server := r.place("databases")
		server.db = o.db
		if r.makes, err = startWorker(ctx, databasesRole, server); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	if err = r.fill(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// fill makes the hub's database and stops the hub.
func (r *rig) fill(ctx context.Context) (err error) {
	fmt.Fprintf(r.log, "filling the hub with %d rows ...\n", r.rows)
	if err = r.start(ctx); err != nil {
		return err
	}
	_, err = r.hub.tell(order{Do: "fill", Person: r.person})
	return errors.Join(err, r.stopHub())
}

// catalogue is a hub beside this one, whose rows everybody holds.
func (r *rig) catalogue(ctx context.Context) (*rig, error) {
	c := &rig{
		options: r.options, dir: filepath.Join(r.dir, "catalogue"), roles: [2]string{"catalogue-process", readerRole},
		lean: r.lean, person: r.person, proxy: r.proxy, log: r.log, makes: r.makes, made: map[string]string{},
	}
	return c, c.fill(ctx)
}

func (r *rig) place(name string) place {
	return place{dir: filepath.Join(r.dir, name), profile: r.profile, device: r.lean, source: r.source}
}

// hubPlace is the place of a hub, with a database of its own where the hubs' are not files.
func (r *rig) hubPlace(name string) (place, error) {
	p := r.place(name)
	if r.makes == nil {
		return p, nil
	}
	if r.made[name] == "" {
		a, err := r.makes.tell(order{Do: "database"})
		if err != nil {
			return p, err
		}
		r.made[name] = a.Address
	}
	p.db = r.made[name]
	return p, nil
}

// start starts the hub.
func (r *rig) start(ctx context.Context) error {
	p, err := r.hubPlace("hub")
	if err == nil {
		r.hub, err = startWorker(ctx, r.roles[0], p)
	}
	return err
}

func (r *rig) close() error {
	err := r.stopHub()
	if r.makes != nil {
		err = errors.Join(err, r.makes.stop())
	}
	if r.proxy != nil {
		r.proxy.close()
	}
	return errors.Join(err, os.RemoveAll(r.dir))
}

func (r *rig) stopHub() error {
	if r.hub == nil {
		return nil
	}
	err := r.hub.stop()
	r.hub = nil
	return err
}

// restart starts the hub afresh, with nothing in its memory.
func (r *rig) restart(ctx context.Context) (err error) {
	if err := r.stopHub(); err != nil {
		return err
	}
	if err = r.start(ctx); err != nil {
		return err
	}
	at, err := r.hub.tell(order{Do: "address"})
	r.address = at.Address
	r.proxy.lead(at.Address)
	return err
}

// device starts a device that is enrolled and has nothing yet. It enrols at the hub itself, since its HTTP connection
// stays open for a while, and finds the hub through the proxy from then on, unless that is to be left out.
func (r *rig) device(ctx context.Context) (*worker, place, error) {
	r.started++
	p := r.place(fmt.Sprint("device-", r.started))
	w, err := startWorker(ctx, r.roles[1], p)
	if err != nil {
		return nil, p, err
	}
	hub, found := "http://"+r.address, r.proxy.url()
	if r.direct {
		found = hub
	}
	code, err := r.hub.tell(order{Do: "code", Person: r.person})
	if err == nil {
		_, err = w.tell(order{Do: "enrol", Server: hub, Proxy: found, Code: code.Code})
	}
	if err != nil {
		return nil, p, errors.Join(err, w.stop())
	}
	return w, p, nil
}

// synced starts the hub, and a device that has all rows.
func (r *rig) synced(ctx context.Context) (*worker, error) {
	if r.hub == nil {
		if err := r.restart(ctx); err != nil {
			return nil, err
		}
	}
	w, _, err := r.device(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := w.tell(order{Do: "sync"}); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	return w, nil
}

// sync has the device connect, and returns how long that took from the dial until nothing was left to do, the bytes
// that passed, and the device's largest resident set.
func (r *rig) sync(w *worker) (took time.Duration, bytes, peakKiB int64, err error) {
	r.proxy.take()
	a, err := w.tell(order{Do: "sync"})
	return time.Duration(a.Nanos), r.proxy.take(), a.PeakKiB, err
}

// table loads the rows into a bare table: one by one, or from another such table.
func (r *rig) table(ctx context.Context, do string) (answer, error) {
	p := r.place("table")
	w, err := startWorker(ctx, "table-process", p)
	if err != nil {
		return answer{}, err
	}
	a, err := w.tell(order{Do: do})
	return a, errors.Join(err, w.stop(), os.RemoveAll(p.dir))
}
