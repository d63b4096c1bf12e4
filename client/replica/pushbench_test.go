package replica

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// pushing is a replica whose outbox is filled and judged again and again.
type pushing struct {
	*testing.B
	*Replica
	rows []*record.Row
	seq  uint64 // of the hub
}

// BenchmarkPush reports what 10,000 changes, each its own change set, cost the device once it is connected: they are read
// to be sent, and their verdicts taken, so many a message as a session takes.
func BenchmarkPush(b *testing.B) {
	p := newPushing(b)
	for run := 0; b.Loop(); run++ {
		b.StopTimer()
		p.edit(run)
		b.StartTimer()
		p.push()
	}
	p.perChange()
}

// BenchmarkRecord reports what it costs to record such a change, but for the commit of a transaction of its own.
func BenchmarkRecord(b *testing.B) {
	p := newPushing(b)
	for run := 0; b.Loop(); run++ {
		p.edit(run)
		b.StopTimer()
		p.push()
		b.StartTimer()
	}
	p.perChange()
}

func newPushing(b *testing.B) *pushing {
	p := &pushing{B: b, rows: benchRows(b, 10_000)}
	r, err := Open(context.Background(), Options{Path: filepath.Join(b.TempDir(), "replica.db"), Schema: benchSchema})
	p.must(err)
	p.Replica, p.seq = r, uint64(len(p.rows))
	p.must(r.WriteBulk(context.Background(), func(tx *Tx) error {
		p.must(tx.PutIdentity(&device.Identity{
			Device: record.ID{1}, Person: record.ID{2}, Actor: testActor(1), Schema: benchSchema.Version,
		}))
		return tx.PutRows(p.rows)
	}))
	return p
}

func (p *pushing) perChange() {
	p.ReportMetric(float64(p.Elapsed().Microseconds())/float64(p.N*len(p.rows)), "us/change")
	p.must(p.Close())
}

func (p *pushing) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *pushing) edit(run int) {
	p.must(p.Write(context.Background(), func(tx *Tx) error {
		for _, row := range p.rows {
			w, err := device.Begin(tx, benchSchema, 1_780_000_000_000, record.Salt{})
			p.must(err)
			p.must(w.Update(row.Table, row.ID, record.Values{
				"notes": record.Text(fmt.Sprint("exchanged the seal, run ", run)), "priority": record.Number(int64(run)),
				"status": record.Text("done"),
			}))
			_, err = w.Commit("bench")
			p.must(err)
		}
		return nil
	}))
}

// push sends all that waits to a hub that applies everything.
func (p *pushing) push() {
	const atOnce = 1024
	for sent := uint64(0); ; {
		items, err := p.Unsent(context.Background(), sent, atOnce)
		p.must(err)
		if len(items) == 0 {
			return
		}
		sent = items[len(items)-1].N
		p.judge(items)
	}
}

func (p *pushing) judge(items []*device.Item) {
	first := items[0].Change.Dot
	run := wire.Verdict{Outcome: wire.Applied, Counter: first.Counter, Count: uint64(len(items)), Seq: p.seq + 1}
	hashes := make([]record.Hash, len(items))
	for i, item := range items {
		hashes[i] = item.Hash
	}
	run.Hash = wire.RunHash(hashes...)
	p.seq += run.Count
	p.must(p.WriteBulk(context.Background(), func(tx *Tx) error {
		r, err := device.Open(tx, benchSchema)
		p.must(err)
		taken, err := r.TakeVerdicts(&wire.Verdicts{Actor: first.Actor, Verdicts: []wire.Verdict{run}})
		if err == nil && taken.Judged != len(items) {
			err = fmt.Errorf("%d of %d change sets were judged", taken.Judged, len(items))
		}
		return err
	}))
}
