package replica_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// segmentOf writes a segment with two parts of the rows, as the hub does, and returns its path.
func segmentOf(t *testing.T, rows []*record.Row) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a segment.db")
	pool, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	held, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close() }()
	err = held.Raw(func(raw any) error {
		c := sqlrow.Wrap(raw.(driver.Conn))
		defer func() { _ = c.Close() }()
		w := sqlrow.New(searchSchema, sqlrow.SQLite, sqlrow.Device).NewSegment(c, sqlrow.SegmentOf{Class: schema.ClassStock, Version: 1})
		err := w.Begin(9, uint64(len(rows)))
		for i, row := range rows {
			err = errors.Join(err, w.Put(row))
			if i == len(rows)/2 || i == len(rows)-1 {
				err = errors.Join(err, w.Cut([]byte{byte(i)}))
			}
		}
		return errors.Join(err, w.Finish())
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// someParts returns parts, each with a vector of its own.
func someParts(n int) (rows []*record.Row) {
	for i := range n {
		row := partRow(i+1, "密封圈", "gasket", "tag")
		row.Seq, row.Vector = uint64(i+1), clock.VectorOf(clock.Dot{Actor: 4, Counter: uint64(i + 1)})
		rows = append(rows, row)
	}
	return rows
}

// enrolled opens a replica that knows who it is.
func enrolled(t *testing.T, as clock.Actor) *replica.Replica {
	t.Helper()
	r := open(t, replica.Options{Path: path(t), Schema: searchSchema})
	err := r.Write(t.Context(), func(tx *replica.Tx) error {
		return tx.PutIdentity(&device.Identity{Device: rowID(1), Person: rowID(2), Actor: as, Schema: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func takeSegment(t *testing.T, r *replica.Replica, file string) (told []int64, err error) {
	t.Helper()
	err = r.TakeSegment(t.Context(), file, func(_ sqlrow.SegmentOf, done int64) { told = append(told, done) })
	return told, err
}

func TestASegmentBringsTheRowsAsAPageDoes(t *testing.T) {
	t.Parallel()
	rows := someParts(20)
	r := enrolled(t, 8)
	index(t, r) // passes the empty table: what comes has to be noted for it
	if told, err := takeSegment(t, r, segmentOf(t, rows)); err != nil || !slices.Equal(told, []int64{11, 20}) {
		t.Fatalf("%v, told %v", err, told)
	}
	err := r.Read(t.Context(), func(tx *replica.Tx) error {
		for _, want := range rows {
			got, err := tx.Row(want.Key())
			if err != nil || got == nil || got.Seq != want.Seq || !got.Vector.Equal(want.Vector) || !slices.Equal(got.Cols, want.Cols) {
				t.Errorf("%+v, want %+v, %v", got, want, err)
			}
		}
		id, err := tx.Identity()
		if err == nil && (id.Partial != [3]uint64{1, 0, 9} || !slices.Equal(id.Resume, []byte{19}) || id.Actor != 8) {
			t.Errorf("%+v", id)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	index(t, r)
	if hits := find(t, r, "gasket", sqlrow.SearchOptions{Limit: 50}); len(hits) != len(rows) {
		t.Errorf("%d are found", len(hits))
	}
	err = r.Write(t.Context(), func(tx *replica.Tx) error { // the hub has gone on behind it
		id, err := tx.Identity()
		if err == nil {
			id.Cursors[schema.ClassStock], id.Resume, id.Partial = 9, nil, [3]uint64{}
			err = tx.PutIdentity(id)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeSegment(t, r, segmentOf(t, rows)); !errors.Is(err, device.ErrSegment) {
		t.Errorf("it is taken once more: %v", err)
	}
}

func TestASegmentIsGoneOnWithWhereItsTakingEnded(t *testing.T) {
	t.Parallel()
	rows := someParts(20)
	r, file := enrolled(t, 8), segmentOf(t, rows)
	ctx, end := context.WithCancel(t.Context())
	err := r.TakeSegment(ctx, file, func(sqlrow.SegmentOf, int64) { end() })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for _, when := range []string{"in the middle", "at the end"} {
		if told, err := takeSegment(t, r, file); err != nil || !slices.Equal(told, []int64{11, 20}) {
			t.Errorf("%s: told %v, %v", when, told, err)
		}
		err = r.Read(t.Context(), func(tx *replica.Tx) error {
			id, err := tx.Identity()
			last, failed := tx.Row(rows[19].Key())
			if err != nil || failed != nil || last == nil || !slices.Equal(id.Resume, []byte{19}) {
				t.Errorf("%s: %+v, %+v, %v, %v", when, id, last, err, failed)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestASegmentWithWorkOfAnotherCopyRenamesTheDevice(t *testing.T) {
	t.Parallel()
	r := enrolled(t, 4) // by whose numbers there are rows in it, though it has written nothing
	if _, err := takeSegment(t, r, segmentOf(t, someParts(4))); err != nil {
		t.Fatal(err)
	}
	_ = r.Read(t.Context(), func(tx *replica.Tx) error {
		if id, err := tx.Identity(); err != nil || id.Actor != device.Provisional {
			t.Errorf("%+v %v", id, err)
		}
		return nil
	})
}

// A file that is no segment says nothing of the replica.
func TestAFileThatIsNoSegmentIsLeft(t *testing.T) {
	t.Parallel()
	r := enrolled(t, 8)
	junk := filepath.Join(t.TempDir(), "junk.db")
	if err := os.WriteFile(junk, []byte("not a database, but long enough to look at"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{junk, filepath.Join(t.TempDir(), "none.db")} {
		if _, err := takeSegment(t, r, file); !errors.Is(err, device.ErrSegment) {
			t.Error(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, replica.Options{Path: r.SegmentPath()[:len(r.SegmentPath())-len(".segment")], Schema: searchSchema})
	if again.Recovery != nil {
		t.Errorf("the replica was set aside: %+v", again.Recovery)
	}
}

// What is erased stands in a segment that was fetched before, too.
func TestAnErasureRemovesWhatWasFetched(t *testing.T) {
	t.Parallel()
	r := enrolled(t, 8)
	fetched := r.SegmentPath() + "-2.zst"
	if err := os.WriteFile(fetched, []byte("names"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := r.Write(context.Background(), func(tx *replica.Tx) error { return tx.Purge([]record.Key{{Table: searchJob.ID, ID: rowID(1)}}) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(fetched); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
