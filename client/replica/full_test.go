package replica

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
)

// openBench opens a replica of jobs that the test closes in the end.
func openBench(t *testing.T) *Replica {
	t.Helper()
	r, err := Open(context.Background(), Options{Path: filepath.Join(t.TempDir(), "replica.db"), Schema: benchSchema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestFullDiskUndoesTheTransactionAndPasses(t *testing.T) {
	t.Parallel()
	r, ctx := openBench(t), context.Background()
	rows := benchRows(t, 2000)
	put := func(from, to int) func(*Tx) error {
		return func(tx *Tx) error {
			for _, row := range rows[from:to] {
				if err := tx.PutRow(row); err != nil {
					return err
				}
			}
			return tx.PutIdentity(&device.Identity{Queue: uint64(to)})
		}
	}
	if err := r.Write(ctx, put(0, 100)); err != nil {
		t.Fatal(err)
	}
	pages, err := r.writer.Int("PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	limit := func(n int64) {
		if _, err := r.writer.Int(fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages + 5)
	for _, write := range []func(context.Context, func(*Tx) error) error{r.Write, r.WriteBulk} {
		if code := fault.CodeOf(write(ctx, put(100, 2000))); code != DiskFull {
			t.Errorf("writing to a full disk: code %q, want %s", code, DiskFull)
		}
		careless := write(ctx, func(tx *Tx) error {
			_ = put(100, 2000)(tx) // a program that does not look at errors
			return put(100, 101)(tx)
		})
		if fault.CodeOf(careless) != DiskFull {
			t.Errorf("a program that overlooks a full disk is told %v", careless)
		}
		wantQueue(t, r, 100)
	}
	limit(1 << 30)
	if err := r.Write(ctx, put(100, 2000)); err != nil {
		t.Errorf("with space again: %v", err)
	}
	wantQueue(t, r, 2000)
}

// wantQueue fails the test unless rows and identity are those of the transaction that ended with n.
func wantQueue(t *testing.T, r *Replica, n int64) {
	t.Helper()
	err := r.Read(context.Background(), func(tx *Tx) error {
		who, err := tx.Identity()
		if err != nil {
			return err
		}
		rows, err := tx.conn.Int("SELECT count(*) FROM job")
		if int64(who.Queue) != n || rows != n {
			t.Errorf("%d rows and an identity of %d, want %d", rows, who.Queue, n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAReplicaWithoutRoomRefusesAndGoesOnWithMore(t *testing.T) {
	t.Parallel()
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "replica.db")
	rows := benchRows(t, 500)
	write := func(room int64) error {
		r, err := Open(ctx, Options{Path: path, Schema: benchSchema, Room: room})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		return r.Write(ctx, func(tx *Tx) error {
			for _, row := range rows {
				if err := tx.PutRow(row); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write(1 << 30); err != nil {
		t.Fatal("with room:", err)
	}
	rows = benchRows(t, 4000)
	if err := write(1); fault.CodeOf(err) != DiskFull {
		t.Error("without room:", err)
	}
	if err := write(0); err != nil {
		t.Error("without a bound:", err)
	}
}

func TestReadOnlyFileIsSaidSo(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("whoever runs this may write everywhere")
	}
	dir := t.TempDir()
	o := Options{Path: filepath.Join(dir, "replica.db"), Schema: benchSchema}
	r, err := Open(context.Background(), o)
	if err == nil {
		err = r.Close()
	}
	if err == nil {
		err = os.Chmod(dir, 0o500)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(dir, 0o700) }()
	if _, err = Open(context.Background(), o); fault.CodeOf(err) != Storage && fault.CodeOf(err) != ReadOnly {
		t.Errorf("a folder that cannot be written: %v", err)
	}
}

func TestWriterThatLostItsRightsChangesNothing(t *testing.T) {
	t.Parallel()
	r := openBench(t)
	rows := benchRows(t, 2)
	if err := r.Write(context.Background(), func(tx *Tx) error { return tx.PutRow(rows[0]) }); err != nil {
		t.Fatal(err)
	}
	set := func(on string) {
		if _, err := r.writer.Exec("PRAGMA query_only = " + on); err != nil {
			t.Fatal(err)
		}
	}
	set("ON")
	err := r.Write(context.Background(), func(tx *Tx) error { return tx.PutRow(rows[1]) })
	if fault.CodeOf(err) != ReadOnly {
		t.Errorf("writing without the right to: %v", err)
	}
	set("OFF")
	if err := r.Write(context.Background(), func(tx *Tx) error { return tx.PutRow(rows[1]) }); err != nil {
		t.Error(err)
	}
}

func TestBulkWritesAreDurableLaterAndUserWritesAtOnce(t *testing.T) {
	t.Parallel()
	r, ctx := openBench(t), context.Background()
	level := func(write func(context.Context, func(*Tx) error) error) (n int64) {
		err := write(ctx, func(tx *Tx) (err error) {
			n, err = tx.conn.Int("PRAGMA synchronous")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const normal, full = 1, 2
	for range 2 {
		if got := level(r.Write); got != full {
			t.Errorf("what a user writes is written with synchronous = %d", got)
		}
		if got := level(r.WriteBulk); got != normal {
			t.Errorf("what is downloaded is written with synchronous = %d", got)
		}
	}
}

// What a bench gives a bare table is what a bulk write works with, setting for setting.
func TestTakingInNamesTheSettingsOfABulkWrite(t *testing.T) {
	t.Parallel()
	r, ctx := openBench(t), context.Background()
	bare, err := open(filepath.Join(t.TempDir(), "bare.db"), "rwc", TakingIn()...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bare.Close() }()
	err = r.WriteBulk(ctx, func(tx *Tx) error {
		for _, setting := range TakingIn() {
			name, _, _ := strings.Cut(setting, "(")
			if name == "journal_mode" {
				continue // a word: WAL, as everywhere
			}
			var want int64
			if err := bare.QueryRowContext(ctx, "PRAGMA "+name).Scan(&want); err != nil {
				return err
			}
			if got, err := tx.conn.Int("PRAGMA " + name); err != nil || got != want {
				t.Errorf("%s is %d in a bulk write, and %d beside it: %v", name, got, want, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLargeFileIsCheckedWhereItMatters(t *testing.T) {
	t.Parallel()
	r := openBench(t)
	rows := benchRows(t, 10)
	err := r.Write(context.Background(), func(tx *Tx) error {
		if err := tx.PutIdentity(&device.Identity{Queue: 1}); err != nil {
			return err
		}
		return change(tx, rows[0], clock.Dot{Actor: testActor(1), Counter: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, whole := range []bool{true, false} {
		if err := checkStructure(r.writer.Conn, whole); err != nil {
			t.Errorf("whole %v: a sound file: %v", whole, err)
		}
	}
}

// A full disk has no room for the file that SQLite makes beside one that it reads; here something else lies in its place. What
// is in the replica can be read all the same, by whoever only reads.
func TestAReplicaIsReadWhereNothingCanBeMadeBesideIt(t *testing.T) {
	t.Parallel()
	o := Options{Path: filepath.Join(t.TempDir(), "replica.db"), Schema: benchSchema}
	r, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	rows := benchRows(t, 10)
	err = r.Write(context.Background(), func(tx *Tx) error {
		for _, row := range rows {
			if err := tx.PutRow(row); err != nil {
				return err
			}
		}
		return tx.PutIdentity(&device.Identity{Queue: 10})
	})
	if err := errors.Join(err, r.Close(), os.Mkdir(o.Path+"-shm", 0o700)); err != nil {
		t.Fatal(err)
	}
	if r, err := Open(context.Background(), o); err == nil {
		t.Error("it can be written", r.Close())
	}
	o.ReadOnly = true
	if r, err = Open(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	wantQueue(t, r, 10)
	if err := r.Write(context.Background(), func(*Tx) error { return nil }); fault.CodeOf(err) != ReadOnly {
		t.Errorf("writing: %v", err)
	}
}
