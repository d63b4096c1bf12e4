package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// A light device says and hears what any device does, over a link and a socket of its own, but keeps next to nothing: of
// its rows the ids and the vectors, and its queue, in memory. So that one machine carries thousands beside the hub that is
// being measured.

// who is a light device and its person. Both ends make the same ones from the same seed.
type who struct {
	device, person record.ID
	key            ed25519.PrivateKey
}

// crowd returns n of them.
func crowd(n int, seed uint64) []who {
	m := newMaker(^seed)
	all := make([]who, n)
	for i := range all {
		device, person := m.id(), m.id()
		secret := sha256.Sum256(device[:])
		all[i] = who{device, person, ed25519.NewKeyFromSeed(secret[:])}
	}
	return all
}

// light is the session.Local of a light device.
type light struct {
	who

	mu    sync.Mutex
	token []byte
	id    device.Identity
	rows  []lightRow // its jobs
	queue []*device.Item
	wrote time.Time     // when the change that waits was written
	took  chan answered // the verdicts on it
}

type lightRow struct {
	id     record.ID
	vector clock.Vector
}

// answered is what a device heard of its change, and how long after it wrote it.
type answered struct {
	after    time.Duration
	accepted int
}

func newLight(w who) *light {
	id := device.Identity{Device: w.device, Person: w.person, Actor: device.Provisional, Schema: crowdSchema.Version}
	return &light{who: w, id: id, took: make(chan answered, 1)}
}

// Hello says who the device is and what it has.
func (l *light) Hello() (wire.Hello, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := wire.Hello{
		Device: l.device, Token: l.token, Schema: l.id.Schema, Epoch: l.id.Epoch, Cursors: l.id.Cursors, Written: l.id.Counter,
		Pending: uint32(len(l.queue)), Now: time.Now().UnixMilli(), App: "fieldbench",
	}
	if l.id.Actor != device.Provisional {
		h.Actor = l.id.Actor
	}
	return h, nil
}

// Sign proves who it is.
func (l *light) Sign(text []byte) ([]byte, error) { return ed25519.Sign(l.key, text), nil }

// Greet takes in the hub's welcome.
func (l *light) Greet(w *wire.Welcome) (renew bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(w.Token) > 0 {
		l.token = w.Token
	}
	if w.Actor != 0 {
		l.id.Actor, l.id.Counter = w.Actor, 0
	}
	l.id.Epoch, l.id.Offset = w.Epoch, w.Now-time.Now().UnixMilli()
	return false, nil
}

// TakePage notes which jobs there are and what was applied to them.
func (l *light) TakePage(p *wire.Page) (*device.Identity, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.see(p.Rows)
	if p.Last {
		l.id.Cursors[p.Class] = p.To
	}
	return l.identity(), nil
}

func (l *light) see(batches []wire.Rows) {
	for i := range batches {
		if batches[i].Table != jobTable.ID {
			continue
		}
		for j := range batches[i].Rows {
			row := &batches[i].Rows[j]
			l.row(row.ID).vector = row.Vector
		}
	}
}

// row returns the job, which may be new.
func (l *light) row(id record.ID) *lightRow {
	at := slices.IndexFunc(l.rows, func(r lightRow) bool { return r.id == id })
	if at < 0 {
		at, l.rows = len(l.rows), append(l.rows, lightRow{id: id})
	}
	return &l.rows[at]
}

// TakeVerdicts takes what was judged out of the queue.
func (l *light) TakeVerdicts(v *wire.Verdicts) (device.Taken, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken, accepted := device.Taken{Queue: l.id.Queue}, 0
	for _, run := range v.Verdicts {
		for range run.Count {
			if len(l.queue) == 0 || run.Outcome == wire.Forked || run.Outcome == wire.Gap {
				return taken, errors.New("the hub does not know the device's changes as it does")
			}
			change := l.queue[0].Change
			l.queue, taken.Judged = l.queue[1:], taken.Judged+1
			if run.Outcome == wire.Applied || run.Outcome == wire.Merged {
				accepted++
				row := l.row(change.Rows[0].ID)
				row.vector = row.vector.With(change.Dot)
			}
		}
	}
	l.see(v.Rows)
	if len(l.queue) == 0 {
		l.took <- answered{time.Since(l.wrote), accepted}
	}
	return taken, nil
}

// Unsent returns what waits for a verdict.
func (l *light) Unsent(after uint64, limit int) ([]*device.Item, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, _ := slices.BinarySearchFunc(l.queue, after+1, func(i *device.Item, n uint64) int { return int(i.N) - int(n) })
	return slices.Clone(l.queue[from:min(len(l.queue), from+limit)]), nil
}

// write makes a change of one of its jobs, at the place in its list, and returns it: the first of the queue.
func (l *light) write(at int, values record.Values) *device.Item {
	l.mu.Lock()
	defer l.mu.Unlock()
	row := &l.rows[at%len(l.rows)]
	l.id.Counter++
	l.id.Queue++
	l.wrote = time.Now()
	l.id.Stamp = max(l.id.Stamp+1, clock.StampAt(l.wrote.UnixMilli()))
	change := &record.ChangeSet{
		Dot: clock.Dot{Actor: l.id.Actor, Counter: l.id.Counter}, Stamp: l.id.Stamp, Offset: l.id.Offset,
		Epoch: l.id.Epoch, K: l.id.Cursors[schema.ClassWork], Cause: "job.edit",
		Rows: []record.RowChange{{Op: record.Update, Table: jobTable.ID, ID: row.id, Context: row.vector, Cells: cells(values)}},
	}
	encoded := change.AppendBinary(nil)
	item := &device.Item{N: l.id.Queue, Change: change, Encoded: encoded, Hash: record.HashOf(encoded), State: device.Pending}
	l.id.Chain = record.Chain(l.id.Chain, item.Hash)
	l.queue = append(l.queue, item)
	return item
}

// cells returns the values as a change set has them, in the order of the columns.
func cells(values record.Values) (writes []record.CellWrite) {
	for _, column := range jobTable.Columns {
		if v, written := values[column.Name]; written {
			writes = append(writes, record.CellWrite{CellID: record.CellID{Column: column.ID}, Value: v})
		}
	}
	return writes
}

// Identity returns who it is and how far it has come.
func (l *light) Identity() (*device.Identity, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.identity(), nil
}

func (l *light) identity() *device.Identity {
	id := l.id
	return &id
}

// A light device has nothing to compare, and nothing that a hub could have lost.

// Held returns no bucket.
func (l *light) Held() ([]record.Bucket, error) { return nil, nil }

// Compare finds no difference.
func (l *light) Compare(*wire.Sums) ([]record.Bucket, error) { return nil, nil }

// Testify offers nothing.
func (l *light) Testify() (*wire.Witness, error) { return nil, nil }

// Kept is never called: nothing was offered.
func (l *light) Kept(*wire.Kept) error { return nil }
