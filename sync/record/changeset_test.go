package record_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var sameValues = cmp.Options{cmp.AllowUnexported(record.Value{}), cmpopts.EquateEmpty()}

func TestChangeSetsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := anyChangeSet.Draw(t, "change set")
		got, err := record.ParseChangeSet(c.AppendBinary(nil))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c, got, sameValues); d != "" {
			t.Fatal(d)
		}
	})
}

func TestTheFirstRowsOfAChangeSetAreReadAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := anyChangeSet.Draw(t, "change set")
		most := rapid.IntRange(0, len(c.Rows)+1).Draw(t, "most")
		got, rows, err := record.ParseFirstRows(c.AppendBinary(nil), most)
		if err != nil || rows != len(c.Rows) {
			t.Fatalf("%d rows of %d, %v", rows, len(c.Rows), err)
		}
		whole := *c
		whole.Rows = c.Rows[:min(most, len(c.Rows))]
		if d := cmp.Diff(&whole, got, sameValues); d != "" {
			t.Fatal(d)
		}
	})
}

// small is the smallest change set with a row: dot, flags, stamp, offset, epoch, K, cause, one row with one cell.
func small(change func(b []byte) []byte) []byte {
	b := []byte{1, 1, 0, 9, 0, 1, 7, 0, 1 /* row: */, 2, 1}
	b = append(b, make([]byte, 16)...)
	b = append(b, 0 /* cells: */, 1, 4, 0, 1, 2, 0)
	return change(b)
}

func TestMalformedChangeSetsAreRefused(t *testing.T) {
	t.Parallel()
	const (
		actor, counter, flags, offset, epoch, cause, op, table, cells = 0, 1, 2, 4, 5, 7, 9, 10, 28
	)
	set := func(at int, x byte) func([]byte) []byte {
		return func(b []byte) []byte { b[at] = x; return b }
	}
	wide := func(at int, x uint64) func([]byte) []byte {
		return func(b []byte) []byte {
			return append(binary.AppendUvarint(bytes.Clone(b[:at]), x), b[at+1:]...)
		}
	}
	if c, err := record.ParseChangeSet(small(bytes.Clone)); err != nil || c.Rows[0].Cells[0].Value != record.Number(1) {
		t.Fatalf("the one that is well formed: %v, %v", c, err)
	}
	for name, change := range map[string]func([]byte) []byte{
		"nothing":                 func([]byte) []byte { return nil },
		"a byte too few":          func(b []byte) []byte { return b[:len(b)-1] },
		"a byte too many":         func(b []byte) []byte { return append(b, 0) },
		"more than the largest":   func(b []byte) []byte { return append(b, make([]byte, record.MaxChangeSet)...) },
		"no actor":                set(actor, 0),
		"no counter":              set(counter, 0),
		"an unknown flag":         set(flags, 8),
		"a flag without its salt": set(flags, 4),
		"a salt of zero": func(b []byte) []byte {
			return append(append([]byte{1, 1, 4, 9, 0, 1, 7, 0}, make([]byte, 16)...), b[8:]...)
		},
		"a flag without its origin": set(flags, 1),
		"an origin of zero":         func(b []byte) []byte { return append(append([]byte{1, 1, 1}, make([]byte, 16)...), b[3:]...) },
		"amends nothing":            func(b []byte) []byte { return append([]byte{1, 1, 2, 9, 0, 1, 7, 0, 0}, b[7:]...) },
		"a number in a longer form": func(b []byte) []byte { return append([]byte{0x81, 0}, b[1:]...) },
		"an epoch of 33 bits":       wide(epoch, 1<<32),
		"a table of 17 bits":        wide(table, 1<<16+1),
		"a column of 17 bits":       wide(cells+1, 1<<16+4),
		"a cause too long": func(b []byte) []byte {
			return append(append(b[:cause:cause], append([]byte{65}, make([]byte, 65)...)...), b[8:]...)
		},
		"a cause that is no text":     func(b []byte) []byte { return append(append(b[:cause:cause], 1, 0xff), b[8:]...) },
		"more rows than bytes":        set(cause+1, 100),
		"no operation":                set(op, 0),
		"an unknown operation":        set(op, 4),
		"a delete that writes":        set(op, byte(record.Delete)),
		"more cells than bytes":       set(cells, 100),
		"a cell twice":                func(b []byte) []byte { b[cells] = 2; return append(b, b[cells+1:]...) },
		"cells out of order":          func(b []byte) []byte { b[cells] = 2; return append(b, 3, 0, 1, 2, 0) },
		"saw nothing, and says so":    func(b []byte) []byte { b[len(b)-1] = 1; return append(b, byte(record.ShapeNull)) },
		"settles more than there are": func(b []byte) []byte { b[len(b)-1] = 18; return append(b, 1, 1) },
	} {
		if c, err := record.ParseChangeSet(small(change)); !errors.Is(err, record.ErrEncoding) || c != nil {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}

func TestIdentitySurvivesStampingAgain(t *testing.T) {
	t.Parallel()
	c := record.ChangeSet{Dot: clock.Dot{Actor: 4, Counter: 1}, Stamp: 9}
	first := record.HashOf(c.AppendBinary(nil))
	again := c
	again.Dot, again.Origin = clock.Dot{Actor: 8, Counter: 1}, c.First(first)
	second := record.HashOf(again.AppendBinary(nil))
	if first == second || again.First(second) != c.First(first) {
		t.Error("a change set under a new name is not known as the old one")
	}
}

// What was erased from a change set cannot be found by guessing, from what is left of it and the hash that it keeps.
func TestWhatWasErasedCannotBeGuessed(t *testing.T) {
	t.Parallel()
	s := schema.Must(schema.New("test", 1, &schema.Table{
		ID: 1, Name: "customer", Columns: []schema.Column{
			{ID: 1, Name: "name", Kind: schema.Text}, {ID: 2, Name: "phone", Kind: schema.Text, Flags: schema.Personal},
		},
		Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
	}))
	writes := func(column schema.ColumnID, v, saw record.Value) []record.RowChange {
		return []record.RowChange{{Op: record.Update, Table: 1, ID: record.ID{7}, Cells: []record.CellWrite{
			{CellID: record.CellID{Column: column}, Value: v, Saw: saw}}}}
	}
	number, none := record.Text("555-0100"), record.Null
	for i, c := range []struct {
		rows     []record.RowChange
		personal bool
	}{
		{writes(1, number, none), false}, {writes(2, number, none), true}, {writes(2, none, number), true}, {writes(2, none, none), false},
	} {
		if got := record.WritesPersonal(s, c.rows); got != c.personal {
			t.Errorf("%d: personal %v", i, got)
		}
	}
	cs := record.ChangeSet{Dot: clock.Dot{Actor: 4, Counter: 1}, Salt: record.Salt{9}, Rows: writes(2, number, number)}
	encoded := cs.AppendBinary(nil)
	left, changed, err := record.Redact(s, encoded, map[record.Key]bool{{Table: 1, ID: record.ID{7}}: true})
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	guess, err := record.ParseChangeSet(left)
	if err != nil || !cmp.Equal(guess.Rows, writes(2, none, none), sameValues) {
		t.Fatal(guess, err)
	}
	guess.Rows = writes(2, number, number)
	if record.HashOf(guess.AppendBinary(nil)) == record.HashOf(encoded) {
		t.Error("the hash tells that the guess is right")
	}
}

func TestChainTellsOrderAndLength(t *testing.T) {
	t.Parallel()
	a, b := record.Hash{1}, record.Hash{2}
	var none record.Hash
	if record.Chain(record.Chain(none, a), b) == record.Chain(record.Chain(none, b), a) || record.Chain(none, a) == a {
		t.Error("different histories have the same chain")
	}
}

// FuzzChangeSet reads any bytes as a change set: what is read has these very bytes, and so the same hash.
func FuzzChangeSet(f *testing.F) {
	for seed := range 40 {
		f.Add(anyChangeSet.Example(seed).AppendBinary(nil))
	}
	f.Add(small(bytes.Clone))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := record.ParseChangeSet(b)
		if err != nil {
			return
		}
		if again := c.AppendBinary(nil); !bytes.Equal(again, b) {
			t.Fatalf("%x was read as %+v, which is %x", b, c, again)
		}
	})
}
