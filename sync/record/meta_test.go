package record_test

import (
	"errors"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyHubRow draws a row with the metadata that merging leaves: most cells written together, some with siblings.
var anyHubRow = rapid.Custom(func(t *rapid.T) *record.Row {
	r := &record.Row{Table: jobs, Vector: anyVector.Draw(t, "vector")}
	r.Meta = &record.Meta{Created: anyDot.Draw(t, "created"), Born: rapid.Uint64().Draw(t, "born")}
	if rapid.Bool().Draw(t, "deleted") {
		r.Meta.Delete = &record.Deletion{Dot: anyDot.Draw(t, "delete"), Context: anyVector.Draw(t, "context")}
	}
	together := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record.Cell {
		return record.Cell{Seq: rapid.Uint64().Draw(t, "seq"), Shown: record.Standing{Dot: anyDot.Draw(t, "dot"), Eff: anyStamp.Draw(t, "eff")}}
	}), 1, 3).Draw(t, "writes")
	for i := range jobs.Columns {
		column := &jobs.Columns[i]
		cell := rapid.SampledFrom(together).Draw(t, "write")
		switch rapid.IntRange(0, 3).Draw(t, "fate") {
		case 0:
			continue // never written
		case 1:
			cell.Seen = anyVector.Draw(t, "seen")
			cell.Others = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record.Standing {
				return record.Standing{Dot: anyDot.Draw(t, "other"), Eff: anyStamp.Draw(t, "eff"), Value: anyPlain.Draw(t, "value")}
			}), 0, 2).Draw(t, "others")
		}
		keys := []string{""}
		if column.Kind.Keyed() {
			keys = []string{"a", "b"}
		}
		for _, key := range keys {
			cell.ID = record.CellID{Column: column.ID, Key: key}
			r.Meta.Cells = append(r.Meta.Cells, cell)
		}
	}
	return r
})

func TestMetadataComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		row := anyHubRow.Draw(t, "row")
		got := &record.Row{Table: jobs}
		if err := record.ReadMeta(got, record.AppendMeta(nil, row)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(row, got, sameValues, cmp.Comparer(func(a, b clock.Vector) bool { return a.Equal(b) }), ignoreTable); d != "" {
			t.Fatal(d)
		}
		if v, err := record.MetaVector(record.AppendMeta(nil, row)); err != nil || !v.Equal(row.Vector) {
			t.Fatalf("%v instead of %v, %v", v, row.Vector, err)
		}
	})
}

var ignoreTable = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Table" }, cmp.Ignore())

// The promise: at twenty columns, metadata is at most a fifth of the row.
func TestMetadataOfARowWrittenAtOnceIsSmall(t *testing.T) {
	t.Parallel()
	office, _ := clock.NewActor(1, 3, clock.SideOffice)
	dot := clock.Dot{Actor: office, Counter: 40_000}
	row := &record.Row{Table: jobs, Vector: clock.VectorOf(dot), Meta: &record.Meta{Created: dot, Born: 70_000}}
	for i := range jobs.Columns {
		if !jobs.Columns[i].Kind.Keyed() {
			row.Meta.Cells = append(row.Meta.Cells, record.Cell{
				ID: record.CellID{Column: jobs.Columns[i].ID}, Seq: 70_000,
				Shown: record.Standing{Dot: dot, Eff: clock.StampAt(1_790_000_000_000)},
			})
		}
	}
	if n := len(record.AppendMeta(nil, row)); n > 48 {
		t.Errorf("the metadata of one write to twelve columns takes %d bytes", n)
	}
}

func TestMalformedMetadataIsRefused(t *testing.T) {
	t.Parallel()
	head := []byte{1, 1, 5, 9, 1, 9, 7} // version, vector {5: 9}, created by the first actor at 9, born at 7
	for name, tail := range map[string][]byte{
		"nothing more":                 {},
		"a deletion of 2":              {2, 0, 0},
		"an actor beyond the vector":   {0, 1, 2, 9, 3, 3, 1, 0},
		"a position beyond the table":  {0, 1, 1, 9, 3, 3, 0x80, 0x80, 0x80, 1, 0},
		"a column in two groups":       {0, 2, 1, 9, 3, 3, 1, 1, 8, 3, 3, 1, 0},
		"a column in a group and not":  {0, 1, 1, 9, 3, 3, 1, 1, 1, 0, 3, 1, 9, 3, 0, 0},
		"a column of 17 bits":          {0, 0, 1, 0x81, 0x80, 4, 0, 3, 1, 9, 3, 0, 0},
		"more groups than there could": {0, 100},
		"something after it":           {0, 0, 0, 0},
	} {
		row := &record.Row{Table: jobs}
		if err := record.ReadMeta(row, append(head[:len(head):len(head)], tail...)); !errors.Is(err, record.ErrEncoding) || row.Meta != nil {
			t.Errorf("%s: %v, %v", name, row.Meta, err)
		}
	}
	if err := record.ReadMeta(&record.Row{Table: jobs}, []byte{2}); !errors.Is(err, record.ErrEncoding) {
		t.Errorf("another version: %v", err)
	}
	for _, b := range [][]byte{nil, {2}, {1, 9}} {
		if _, err := record.MetaVector(b); !errors.Is(err, record.ErrEncoding) {
			t.Errorf("the vector of %x: %v", b, err)
		}
	}
}

// FuzzMeta reads any bytes as metadata: what is read can be written, and reads the same.
func FuzzMeta(f *testing.F) {
	for seed := range 40 {
		f.Add(record.AppendMeta(nil, anyHubRow.Example(seed)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		row, again := &record.Row{Table: jobs}, &record.Row{Table: jobs}
		if record.ReadMeta(row, b) != nil {
			return
		}
		if err := record.ReadMeta(again, record.AppendMeta(nil, row)); err != nil {
			t.Fatalf("%x was read as %+v, which cannot be read again: %v", b, row.Meta, err)
		}
		if d := cmp.Diff(row, again, sameValues, ignoreTable); d != "" {
			t.Fatal(d)
		}
	})
}
