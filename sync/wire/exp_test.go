package wire

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

func editSet(r *rand.Rand, rows Rows, i int, actor clock.Actor, n uint64) []byte {
	row := rows.Rows[i]
	ms := int64(1_790_000_000_000) + int64(n)*900 + r.Int64N(800)
	cs := record.ChangeSet{Dot: clock.Dot{Actor: actor, Counter: n}, Stamp: clock.StampAt(ms), Offset: 37, Epoch: 1, K: 10000, Cause: "CompleteJob",
		Rows: []record.RowChange{{Op: record.Update, Table: 1, ID: row.ID, Context: row.Vector, Cells: []record.CellWrite{
			{CellID: record.CellID{Column: 1}, Value: record.Text("done")},
			{CellID: record.CellID{Column: 8}, Value: record.Instant(ms)},
			{CellID: record.CellID{Column: 11}, Value: record.Text(phrases(r, enNote, zhNote, 45, 9999))},
		}}}}
	return cs.AppendBinary(nil)
}

func TestPushSize(t *testing.T) {
	codec, _ := NewCodec(jobSchema)
	rows := jobRows(10000, 1)
	r := rand.New(rand.NewPCG(2, 2))
	actor, _ := clock.NewActor(1, 7, clock.SideDevice)
	for _, per := range []int{1, 10, 100, 1000, 2000} {
		up, down, raw := 0, 0, 0
		n := 0
		var spent time.Duration
		for n < 10000 && n < per*100 {
			p := Push{Actor: actor}
			v := Verdicts{Actor: actor, Epoch: 1, At: uint64(10000 + n)}
			for range per {
				e := editSet(r, rows, n, actor, uint64(n+1))
				p.Changes = append(p.Changes, Pushed{Encoded: e})
				raw += len(e)
				v.Verdicts = Join(v.Verdicts, Verdict{Counter: uint64(n + 1), Count: 1, Hash: record.HashOf(e), Outcome: Applied, Seq: uint64(10000 + n)})
				n++
			}
			t0 := time.Now()
			b, err := codec.Encode(nil, p)
			spent += time.Since(t0)
			if err != nil {
				t.Fatal(err)
			}
			up += len(b)
			b, err = codec.Encode(nil, v)
			if err != nil {
				t.Fatal(err)
			}
			down += len(b)
		}
		fmt.Println(per, "raw", raw/n, "up", float64(up)/float64(n), "down", float64(down)/float64(n), "us", spent.Microseconds()/int64(n))
	}
	one := Rows{Table: 1, Columns: rows.Columns[:3], Rows: []Row{rows.Rows[0]}}
	one.Rows[0].Values = []record.Value{rows.Rows[0].Values[0], rows.Rows[0].Values[7], rows.Rows[0].Values[10]}
	b, _ := codec.Encode(nil, Page{From: 10000, To: 10001, Last: true, Rows: []Rows{one}})
	fmt.Println("page of 1", len(b), b[1], "dict", len(Dictionary(jobSchema)))
	t0 := time.Now()
	for range 1000 {
		b, _ = codec.Encode(b[:0], Page{From: 10000, To: 10001, Last: true, Rows: []Rows{one}})
	}
	fmt.Println(time.Since(t0) / 1000)
	t0 = time.Now()
	for range 1000 {
		codec.Decode(b, MaxMessage)
	}
	fmt.Println(time.Since(t0) / 1000)
	token := make([]byte, 16)
	actor7, _ := clock.NewActor(1, 7000, clock.SideDevice)
	h, _ := codec.Encode(nil, Hello{Device: record.ID{1}, Token: token, Schema: 3, Epoch: 1, Cursors: [3]uint64{100000, 100000, 100000}, Actor: actor7, Written: 1200, Now: 1790000000000, App: "fieldtech 1.0"})
	w, _ := codec.Encode(nil, Welcome{Epoch: 1, Head: 100000, RestoreAt: 0, Now: 1790000000000, Person: record.ID{2}, Known: 1200, Schema: 3, BackedUp: 99000})
	a, _ := codec.Encode(nil, Ack{K: 100000, Actor: actor7, Written: 1200})
	p, _ := codec.Encode(nil, Page{From: 100000, To: 100000, Last: true})
	fmt.Println("hello", len(h), "welcome", len(w), "ack", len(a), "page", len(p))
}
