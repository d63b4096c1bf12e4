package store

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// benchSchema has the twelve columns that peers are measured on: 562 bytes of JSON a row.
var benchSchema = schema.Must(schema.New("bench", 1,
	&schema.Table{ID: 1, Name: "job", Class: schema.ClassWork, Buckets: []schema.Bucket{{Kind: 2, From: "id"}}, Columns: benchColumns()},
	&schema.Table{ID: 2, Name: "part", Class: schema.ClassLibrary, Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
		Columns: benchColumns()},
))

func benchColumns() []schema.Column {
	return []schema.Column{
		{ID: 1, Name: "status", Kind: schema.Enum}, {ID: 2, Name: "customer_name", Kind: schema.Text},
		{ID: 3, Name: "phone", Kind: schema.Text}, {ID: 4, Name: "address", Kind: schema.Text},
		{ID: 5, Name: "fault", Kind: schema.Text}, {ID: 6, Name: "priority", Kind: schema.Integer},
		{ID: 7, Name: "scheduled_at", Kind: schema.Instant}, {ID: 8, Name: "updated_at", Kind: schema.Instant},
		{ID: 9, Name: "technician_id", Kind: schema.Text}, {ID: 10, Name: "asset_serial", Kind: schema.Text},
		{ID: 11, Name: "notes", Kind: schema.Text},
	}
}

var benchPerson = benchID(7_000_000)

func benchID(n int) record.ID {
	var random [10]byte
	binary.BigEndian.PutUint64(random[2:], uint64(n)*0x9e3779b97f4a7c15)
	return record.NewID(1_750_000_000_000+int64(n), random)
}

func benchRow(t *schema.Table, n int, d clock.Dot, seq uint64) *record.Row {
	text := func(s string) record.Value { return record.Text(s) }
	row := &record.Row{Table: t, ID: benchID(n), Seq: seq, Vector: clock.VectorOf(d), Cols: []record.Value{
		text("waiting_parts"), text("Mason Tanaka"), text("+44 7689 134065"), text("216 Mill Road, Unit 5, Denver 71980"),
		text(strings.Repeat("液压泵 makes a loud grinding noise; ", 3)), record.Number(5), record.Instant(1776453548000),
		record.Instant(1770148952935 + int64(n)), text("5f3ebb63-bdd8-421b-81fc-0fc8141d615d"),
		text(fmt.Sprintf("CW-%06d-O35", n)), text("call before arrival, gate code 1993; roof access needs a second technician"),
	}}
	row.Meta = &record.Meta{Created: d, Born: seq}
	for i := range t.Columns {
		row.Meta.Cells = append(row.Meta.Cells, record.Cell{ID: record.CellID{Column: t.Columns[i].ID}, Seq: seq,
			Shown: record.Standing{Dot: d, Eff: clock.StampAt(1_750_000_000_000)}})
	}
	return row
}

// benchStore returns a store with n rows of the table, each put by a commit of a thousand, and holds on jobs.
func benchStore(b *testing.B, table string, n, holds int) (*Store, clock.Actor) {
	b.Helper()
	s := open(b, Options{Path: filepath.Join(b.TempDir(), "hub.db"), Schema: benchSchema})
	t := benchSchema.Table(table)
	var office, phone clock.Actor
	for at := 0; at < n; at += 1000 {
		err := s.Write(b.Context(), func(tx *Tx) (err error) {
			if at == 0 {
				if office, err = tx.NewActor(record.ID{}, record.ID{}, clock.SideHub); err != nil {
					return err
				}
				if phone, err = tx.NewActor(benchPerson, benchID(8_000_000), clock.SideDevice); err != nil {
					return err
				}
			}
			for i := at; i < min(at+1000, n); i++ {
				seq := uint64(i + 1)
				if err = tx.PutRow(benchRow(t, i, clock.Dot{Actor: office, Counter: seq}, seq), 0); err != nil {
					return err
				}
				if i < holds {
					bucket := record.Bucket{Kind: 2, ID: benchID(i)}
					root := record.Key{Table: 1, ID: benchID(i)}
					err = tx.PutHold(judge.Hold{Person: benchPerson, Bucket: bucket, Root: root, Right: "work", Since: seq, Until: judge.Forever})
					if err != nil {
						return err
					}
				}
			}
			return tx.PutCommit(uint64(min(at+1000, n)), clock.StampAt(1_750_000_000_000+int64(at)), nil)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s, phone
}

// BenchmarkJudge does what judging a change set of three columns takes: ledger, row, holds, row and ledger, with a
// durable commit every 256.
func BenchmarkJudge(b *testing.B) {
	const rows = 10_000
	for _, spread := range []bool{false, true} {
		b.Run(map[bool]string{false: "adjacent", true: "spread"}[spread], func(b *testing.B) {
			s, phone := benchStore(b, "job", rows, rows)
			change := make([]byte, 220)
			b.ResetTimer()
			started := time.Now()
			for n := 0; n < b.N; {
				err := s.Write(b.Context(), func(tx *Tx) error {
					head, err := tx.Head()
					if err != nil {
						return err
					}
					actor, err := tx.Actor(phone)
					if err != nil {
						return err
					}
					for range min(256, b.N-n) {
						at := n % rows
						if spread {
							at = n * 7919 % rows
						}
						n++
						head++
						if err = judgeOne(tx, actor, at, head, change); err != nil {
							return err
						}
					}
					return tx.PutCommit(head, clock.StampAt(1_760_000_000_000+int64(head)), nil)
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/time.Since(started).Seconds(), "changes/s")
		})
	}
}

func judgeOne(tx *Tx, actor *judge.Actor, at int, seq uint64, change []byte) error {
	d := clock.Dot{Actor: actor.Actor, Counter: actor.Counter + 1}
	binary.BigEndian.PutUint64(change, d.Counter)
	if old, err := tx.Entry(d); err != nil || old != nil {
		return fmt.Errorf("entry %v: %w", old, err)
	}
	row, err := tx.Row(record.Key{Table: 1, ID: benchID(at)})
	if err != nil {
		return err
	}
	holds, err := tx.HoldsOn(record.Bucket{Kind: 2, ID: row.ID})
	if err != nil || len(holds) != 1 {
		return fmt.Errorf("holds %v: %w", holds, err)
	}
	was := row.Seq
	row.Cols[0], row.Cols[7] = record.Text("done"), record.Number(int64(seq))
	for _, i := range []int{0, 7, 10} {
		row.Meta.Cells[i].Seq, row.Meta.Cells[i].Shown = seq, record.Standing{Dot: d, Eff: clock.StampAt(1_750_000_100_000)}
	}
	row.Seq, row.Vector = seq, row.Vector.With(d)
	if err = tx.PutRow(row, was); err != nil {
		return err
	}
	hash := record.HashOf(change)
	origin := record.Origin{Dot: d, RID: record.ID(hash)}
	if old, err := tx.Restamped(origin); err != nil || !old.IsZero() {
		return fmt.Errorf("entry %v: %w", old, err)
	}
	actor.Counter, actor.Chain = d.Counter, record.Chain(actor.Chain, hash)
	if err = tx.PutActor(actor); err != nil {
		return err
	}
	return tx.PutEntry(&judge.Entry{Dot: d, Origin: origin, Hash: hash, Seq: seq, Eff: 5, Outcome: wire.Applied, Encoded: change})
}

// BenchmarkPull asks what a reconnecting device asks: its holds, and the feed of each bucket.
func BenchmarkPull(b *testing.B) {
	const rows, holds = 100_000, 300
	for _, behind := range []uint64{0, rows} {
		b.Run(map[uint64]string{0: "nothing new", rows: "everything"}[behind], func(b *testing.B) {
			s, _ := benchStore(b, "job", rows, holds)
			b.ResetTimer()
			for range b.N {
				err := s.Read(b.Context(), func(v *View) error {
					list, err := v.HoldsOf(benchPerson, rows-behind)
					if err != nil || len(list) != holds {
						return fmt.Errorf("%d holds: %w", len(list), err)
					}
					for _, h := range list {
						if _, err = v.FeedSince(h.Bucket, schema.ClassWork, rows-behind, rows, 1000); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScan is the first sync's read side.
func BenchmarkScan(b *testing.B) {
	const rows = 50_000
	s, _ := benchStore(b, "part", rows, 0)
	b.ReportAllocs()
	b.ResetTimer()
	started := time.Now()
	for range b.N {
		n := 0
		err := s.Read(b.Context(), func(v *View) error {
			return v.Scan(benchSchema.Table("part"), 0, record.Shared, record.ID{}, func(*record.Row) bool { n++; return true })
		})
		if err != nil || n != rows {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.N*rows)/time.Since(started).Seconds(), "rows/s")
}
