package replica

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/sync/device"
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

// A damaged file is read page by page, with its journal: nothing in either is trusted.
func FuzzCarve(f *testing.F) {
	page := append([]byte{13, 0, 0, 0, 3, 0, 100, 0, 0xff, 0xff, 0, 200, 0, 16}, make([]byte, 4096-14)...)
	journal := append(make([]byte, 32+24), page...)
	binary.BigEndian.PutUint32(journal[8:], 4096)
	binary.BigEndian.PutUint32(journal[32:], 2)
	binary.BigEndian.PutUint32(journal[36:], 2)
	f.Add(page, journal)
	f.Add(append([]byte("SQLite format 3\x00\x02\x00"), page...), []byte{})
	f.Add([]byte("SQLite format 3\x00\x00\x01"), journal[:100])
	layout := sqlrow.New(benchSchema, sqlrow.SQLite, sqlrow.Device)
	f.Fuzz(func(t *testing.T, file, wal []byte) {
		path := filepath.Join(t.TempDir(), "hurt.db")
		if err := errors.Join(os.WriteFile(path, file, 0o600), os.WriteFile(path+"-wal", wal, 0o600)); err != nil {
			t.Fatal(err)
		}
		s := &salvage{items: map[uint64]*device.Item{}, layout: layout}
		s.carve(path)
		for _, i := range s.items {
			if !sound(i) {
				t.Errorf("an item that nobody wrote: %+v", i)
			}
		}
	})
}
