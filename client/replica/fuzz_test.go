package replica

import (
	"testing"

	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// What a damaged file holds is anybody's bytes.

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{4, 0, 1, 15, 200, 'x'})
	f.Add([]byte{3, 6, 18, 1, 2, 3, 4, 5, 6, 7, 8, 'a', 'b', 'c'})
	f.Fuzz(func(t *testing.T, b []byte) {
		values, ok := parseRecord(b)
		if !ok {
			return
		}
		_ = identityOf(1, append(values[:0:0], values...))
		if i := (&salvage{layout: sqlrow.New(benchSchema, sqlrow.SQLite, sqlrow.Device)}).itemOf(1, values); i != nil && !sound(i) {
			t.Errorf("an item that nobody wrote: %+v", i)
		}
	})
}

func FuzzUnpackRow(f *testing.F) {
	row := benchRows(f, 1)[0]
	f.Add(packRow(row))
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		row, err := unpackRow(benchSchema.Table("job"), record.ID{1}, b)
		if err != nil {
			return
		}
		again, err := unpackRow(row.Table, row.ID, packRow(row))
		if err != nil || !again.Vector.Equal(row.Vector) || again.Seq != row.Seq || again.Deleted != row.Deleted {
			t.Fatalf("%+v came back as %+v, %v", row, again, err)
		}
		for i, v := range row.Cols {
			if again.Cols[i] != v {
				t.Fatalf("column %d: %v came back as %v", i, v, again.Cols[i])
			}
		}
	})
}
