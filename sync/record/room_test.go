package record_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"

	"pgregory.net/rapid"
)

func TestAChangeSetTakesOfTheRoomWhatItSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := anyChangeSet.Draw(t, "change set")
		b := c.AppendBinary(nil)
		if _, left, err := record.ParseWithin(b, c.Size()); err != nil || left != 0 {
			t.Fatalf("of %d bytes %d are left: %v", c.Size(), left, err)
		}
		if _, left, err := record.ParseWithin(b, c.Size()-1); err == nil || left != c.Size()-1 {
			t.Fatalf("with a byte too few it was read: %d are left", left)
		}
	})
}

// Cells that take 4 bytes each are 28 times as large once they are read, dots 8 times. Nothing runs beside this test, since
// it counts what is allocated.
func TestNoChangeSetCostsMoreThanFourTimesItself(t *testing.T) {
	var dots []clock.Dot
	for a := range clock.MaxVectorLen {
		dots = append(dots, clock.Dot{Actor: clock.Actor(a + 1), Counter: 1})
	}
	context, err := clock.NewVector(dots)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 3))
	for name, make := range map[string]func(n int) []record.RowChange{
		"cells": func(n int) []record.RowChange {
			return []record.RowChange{{Op: record.Update, Table: 1, Cells: cellsOf(n, record.Null)}}
		},
		"texts": func(n int) []record.RowChange {
			return []record.RowChange{{Op: record.Update, Table: 1, Cells: cellsOf(n, record.Text("ab"))}}
		},
		"longer": func(n int) []record.RowChange {
			return []record.RowChange{{Op: record.Update, Table: 1, Cells: cellsOf(n, record.Text("seventeen letters"))}}
		},
		"dots": func(n int) []record.RowChange {
			return rowsOf(n/1000, record.RowChange{Op: record.Delete, Table: 1, Context: context})
		},
		"rows": func(n int) []record.RowChange {
			return rowsOf(min(n, record.MaxRows), record.RowChange{Op: record.Delete, Table: 1})
		},
		"settled": func(n int) []record.RowChange {
			cells := cellsOf(1, record.Null)
			cells[0].Settles = dots
			return rowsOf(n/1000, record.RowChange{Op: record.Update, Table: 1, Cells: cells})
		},
	} {
		for _, n := range []int{3, 300, 9000, 60_000} {
			cs := record.ChangeSet{Dot: clock.Dot{Actor: 1, Counter: 1}, Rows: make(n)}
			b := cs.AppendBinary(nil)
			wantCheap(t, name, b)
			for range 20 {
				hurt := bytes.Clone(b)
				hurt[random.IntN(len(b))] = byte(random.Uint32())
				wantCheap(t, name+", a byte wrong", hurt)
			}
		}
	}
}

func wantCheap(t *testing.T, name string, b []byte) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := record.ParseWithin(b, record.RoomFor(len(b)))
	runtime.ReadMemStats(&after)
	if took := int(after.TotalAlloc - before.TotalAlloc); took > record.RoomFor(len(b)) {
		t.Errorf("%s, of %d bytes: %d were allocated, want at most %d (%v)", name, len(b), took, record.RoomFor(len(b)), err)
	}
}

func cellsOf(n int, v record.Value) []record.CellWrite {
	cells := make([]record.CellWrite, n)
	for i := range cells {
		cells[i] = record.CellWrite{CellID: record.CellID{Column: 1, Key: string([]byte{byte(i >> 12 & 63), byte(i >> 6 & 63), byte(i & 63)})}, Value: v}
	}
	return cells
}

func rowsOf(n int, c record.RowChange) []record.RowChange {
	rows := make([]record.RowChange, n)
	for i := range rows {
		rows[i] = c
	}
	return rows
}
