package store

import (
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// pushSchema has jobs in the buckets of their technicians, whom the bench's person covers.
var pushSchema = schema.Must(schema.New("push", 1,
	&schema.Table{ID: 1, Name: "technician", Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
		Columns: []schema.Column{{ID: 1, Name: "name", Kind: schema.Text}}},
	&schema.Table{ID: 2, Name: "job", Buckets: []schema.Bucket{{Kind: 2, From: "technician"}}, Columns: pushColumns(),
		Rights: []schema.Right{{Name: "work", Columns: []string{"status", "notes", "updated_at"}}}},
))

func pushColumns() []schema.Column {
	columns := benchColumns()
	columns[8] = schema.Column{ID: 9, Name: "technician", Kind: schema.Ref, Ref: "technician", Flags: schema.Required | schema.Immutable}
	return columns
}

// pushWorld is a store with jobs, and a device whose person may work on all of them.
type pushWorld struct {
	*Store
	author judge.Author
	phone  clock.Actor
	wrote  uint64
	seen   map[record.ID]clock.Vector
}

const pushRows, pushTechnicians = 10_000, 200

func newPushWorld(b *testing.B) *pushWorld {
	w := &pushWorld{Store: open(b, Options{Path: filepath.Join(b.TempDir(), "hub.db"), Schema: pushSchema}),
		author: judge.Author{Person: benchPerson, Device: benchID(8_000_000)}, seen: map[record.ID]clock.Vector{}}
	jobs := pushSchema.Table("job")
	chance := rand.New(rand.NewPCG(1, 2))
	err := w.Write(b.Context(), func(tx *Tx) (err error) {
		office, err := tx.NewActor(record.ID{}, record.ID{}, clock.SideHub)
		if err != nil {
			return err
		}
		if w.phone, err = tx.NewActor(benchPerson, w.author.Device, clock.SideDevice); err != nil {
			return err
		}
		for i := range pushTechnicians {
			root := record.Key{Table: 1, ID: benchID(i)}
			err := tx.PutHold(judge.Hold{Person: benchPerson, Bucket: record.Bucket{Kind: 2, ID: root.ID}, Root: root, Right: "work", Since: 1, Until: judge.Forever})
			if err != nil {
				return err
			}
		}
		for i := range pushRows {
			row := benchRow(jobs, i, clock.Dot{Actor: office, Counter: 1}, 1)
			row.Cols[8] = record.Ref(benchID(chance.IntN(pushTechnicians)))
			w.seen[row.ID] = row.Vector
			if err := tx.PutRow(row, 0); err != nil {
				return err
			}
		}
		return tx.PutCommit(1, clock.StampAt(1_750_000_000_000), nil)
	})
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// edits returns pushes of n changes each, of all rows in order.
func (w *pushWorld) edits(b *testing.B, n int) (pushes [][]judge.Parsed) {
	for i := range pushRows {
		w.wrote++
		id := benchID(i)
		cs := record.ChangeSet{Dot: clock.Dot{Actor: w.phone, Counter: w.wrote}, Stamp: clock.StampAt(1_750_000_100_000), K: 1, Cause: "job.edit",
			Rows: []record.RowChange{{Op: record.Update, Table: 2, ID: id, Context: w.seen[id], Cells: []record.CellWrite{
				{CellID: record.CellID{Column: 1}, Value: record.Text("on_site")},
				{CellID: record.CellID{Column: 8}, Value: record.Number(int64(w.wrote))},
				{CellID: record.CellID{Column: 11}, Value: record.Text("customer wants a call, gate 1234; roof access needs a second technician")},
			}}}}
		w.seen[id] = w.seen[id].With(cs.Dot)
		parsed, err := judge.Parse(wire.Pushed{Encoded: cs.AppendBinary(nil)})
		if err != nil {
			b.Fatal(err)
		}
		if i%n == 0 {
			pushes = append(pushes, nil)
		}
		pushes[len(pushes)-1] = append(pushes[len(pushes)-1], parsed)
	}
	return pushes
}

// BenchmarkPush judges what a device wrote offline, 10,000 changes an operation, 1,024 to a durable commit.
func BenchmarkPush(b *testing.B) {
	w := newPushWorld(b)
	var used, took time.Duration
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		pushes := w.edits(b, 1024)
		if err := w.Write(b.Context(), (*Tx).completeHistory); err != nil { // it would be filled meanwhile
			b.Fatal(err)
		}
		b.StartTimer()
		began, cpu := time.Now(), processTime()
		for _, changes := range pushes {
			if err := w.Write(b.Context(), func(tx *Tx) error { return w.judge(tx, changes) }); err != nil {
				b.Fatal(err)
			}
		}
		used, took = used+processTime()-cpu, took+time.Since(began)
	}
	b.ReportMetric(float64(used.Microseconds())/float64(b.N*pushRows), "cpu-us/edit")
	b.ReportMetric(float64(b.N*pushRows)/took.Seconds(), "edits/s")
}

func (w *pushWorld) judge(tx *Tx, changes []judge.Parsed) error {
	batch, err := judge.NewBatch(tx, judge.Config{Schema: pushSchema}, clock.StampAt(1_760_000_000_000))
	if err != nil {
		return err
	}
	if err := batch.Foresee(changes); err != nil {
		return err
	}
	for i := range changes {
		r, err := batch.JudgeParsed(w.author, changes[i])
		if err != nil {
			return err
		}
		if r.Outcome != wire.Applied {
			panic(r)
		}
	}
	return batch.Flush()
}

// processTime is how much CPU the process has used.
func processTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
