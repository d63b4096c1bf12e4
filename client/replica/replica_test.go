package replica_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/client/replica"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

// conforming drives a replica through the suite of device.Store.
type conforming struct {
	*replica.Replica
	options replica.Options
}

func (c *conforming) Write(do func(device.Store) error) error {
	return c.Replica.Write(context.Background(), func(tx *replica.Tx) error { return do(tx) })
}

// sending is a replica whose queue is being sent all the while: what waits is read, and remembered, before each transaction,
// and again before it commits.
type sending struct{ *conforming }

func (s *sending) Write(do func(device.Store) error) error {
	const all = 1 << 10
	if _, err := s.Unsent(context.Background(), 0, all); err != nil {
		return err
	}
	return s.conforming.Write(func(tx device.Store) error {
		err := do(tx)
		_, failed := s.Unsent(context.Background(), 0, all)
		return errors.Join(err, failed)
	})
}

func (c *conforming) Reopen() (err error) {
	if err = c.Close(); err == nil {
		c.Replica, err = replica.Open(context.Background(), c.options)
	}
	return err
}

func TestDeviceStore(t *testing.T) {
	t.Parallel()
	simtest.TestDeviceStore(t, func(t *testing.T, s *schema.Schema) simtest.DeviceStore {
		o := replica.Options{Path: filepath.Join(t.TempDir(), "replica.db"), Schema: s}
		c := &conforming{open(t, o), o}
		t.Cleanup(func() { _ = c.Close() })
		return c
	})
}

func TestDeviceStoreWhileItsQueueIsSent(t *testing.T) {
	t.Parallel()
	simtest.TestDeviceStore(t, func(t *testing.T, s *schema.Schema) simtest.DeviceStore {
		o := replica.Options{Path: filepath.Join(t.TempDir(), "replica.db"), Schema: s}
		c := &conforming{open(t, o), o}
		t.Cleanup(func() { _ = c.Close() })
		return &sending{c}
	})
}

// open opens a replica that the test closes in the end, if it has not done so.
func open(t *testing.T, o replica.Options) *replica.Replica {
	t.Helper()
	if o.Schema == nil {
		o.Schema = simtest.Schema
	}
	r, err := replica.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func path(t *testing.T) string { return filepath.Join(t.TempDir(), "my replica #1 100%.db") }

func write(t *testing.T, r *replica.Replica, do func(*replica.Tx) error) {
	t.Helper()
	if err := r.Write(context.Background(), do); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, r *replica.Replica, do func(*replica.Tx) error) {
	t.Helper()
	if err := r.Read(context.Background(), do); err != nil {
		t.Fatal(err)
	}
}

func closed(t *testing.T, r *replica.Replica) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// wantCode fails the test unless err is a refusal with the code and a message.
func wantCode(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Message == "" {
		t.Errorf("%s: %v, want the code %s", what, err, code)
	}
}

func parts(m *simtest.Maker, n int) []*record.Row {
	rows := make([]*record.Row, n)
	for i := range rows {
		rows[i] = m.DeviceRow(simtest.Schema.Table("part"), 1, nil)
	}
	return rows
}

// putAll returns a transaction that puts the rows.
func putAll(rows []*record.Row) func(*replica.Tx) error {
	return func(tx *replica.Tx) error {
		for _, row := range rows {
			if err := tx.PutRow(row); err != nil {
				return err
			}
		}
		return nil
	}
}

func count(t *testing.T, r *replica.Replica, query string) (n int) {
	t.Helper()
	rows, err := r.Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	if err := rows.Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEmbeddingProgramReadsTheRowsWithSQL(t *testing.T) {
	t.Parallel()
	r, m := open(t, replica.Options{Path: path(t)}), simtest.NewMaker(1)
	job := m.DeviceRow(simtest.Schema.Table("job"), 7, record.Values{
		"title": record.Text("液压泵"), "price": record.Money(1250, "EUR"), "due": record.Date(20_000),
	})
	job.Put(simtest.Schema.Table("job").Column("tags"), "night", record.Number(1))
	job.Put(simtest.Schema.Table("job").Column("fields"), "hours", record.Number(12))
	write(t, r, putAll([]*record.Row{job}))
	for _, where := range []string{
		"title = '液压泵'", "price_minor = 1250 AND price_currency = 'EUR'", "date(due * 86400, 'unixepoch') = '2024-10-04'",
		"EXISTS (SELECT 1 FROM json_each(tags) WHERE value = 'night')", "fields ->> 'hours' = 12", "_seq = 7 AND _del = 0",
	} {
		if count(t, r, "SELECT count(*) FROM job WHERE "+where) != 1 {
			t.Errorf("the job is not found where %s", where)
		}
	}
	for _, statement := range []string{
		"DELETE FROM job", "PRAGMA query_only = OFF; DELETE FROM job", "PRAGMA journal_mode = DELETE", "DROP TABLE _outbox",
	} {
		if rows, err := r.Query(context.Background(), statement); err == nil {
			for rows.Next() {
			}
			_ = rows.Close()
		}
	}
	if count(t, r, "SELECT count(*) FROM job") != 1 || count(t, r, "SELECT count(*) FROM _outbox") != 0 {
		t.Error("a query has written")
	}
}

func TestReadersSeeOneMomentAndDoNotWait(t *testing.T) {
	t.Parallel()
	r, m := open(t, replica.Options{Path: path(t)}), simtest.NewMaker(1)
	rows := parts(m, 3)
	write(t, r, putAll(rows[:1]))
	seen := func(tx *replica.Tx) int {
		keys, err := tx.BucketRows(record.Shared, schema.ClassLibrary)
		if err != nil {
			t.Fatal(err)
		}
		return len(keys)
	}
	read(t, r, func(tx *replica.Tx) error {
		write(t, r, putAll(rows[1:2])) // commits while the reader reads
		before := seen(tx)
		write(t, r, func(other *replica.Tx) error { // and is in the middle of another one
			if err := other.PutRow(rows[2]); err != nil {
				return err
			}
			if n := seen(tx); n != before || n != 1 {
				t.Errorf("the reader saw %d rows, then %d, want 1 throughout", before, n)
			}
			return nil
		})
		return nil
	})
	read(t, r, func(tx *replica.Tx) error {
		if n := seen(tx); n != 3 {
			t.Errorf("a new reader sees %d rows, want 3", n)
		}
		return nil
	})
}

func TestReaderCannotWrite(t *testing.T) {
	t.Parallel()
	r, m := open(t, replica.Options{Path: path(t)}), simtest.NewMaker(1)
	rows := parts(m, 1)
	wantCode(t, "writing while reading", r.Read(context.Background(), putAll(rows)), replica.ReadOnly)
	write(t, r, putAll(rows))
}

func TestTransactionThatIsOverIsOfNoUse(t *testing.T) {
	t.Parallel()
	r, m := open(t, replica.Options{Path: path(t)}), simtest.NewMaker(1)
	var kept *replica.Tx
	write(t, r, func(tx *replica.Tx) error { kept = tx; return nil })
	if err := kept.PutRow(parts(m, 1)[0]); err == nil {
		t.Error("a transaction that has ended still writes")
	}
	if _, err := kept.Identity(); err == nil {
		t.Error("a transaction that has ended still reads")
	}
}

func TestWriterWaitsItsTurnAndNoLonger(t *testing.T) {
	t.Parallel()
	r := open(t, replica.Options{Path: path(t)})
	write(t, r, func(*replica.Tx) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		err := r.Write(ctx, func(*replica.Tx) error { t.Error("two write at once"); return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting ended with %v", err)
		}
		return nil
	})
}

func TestPanicLeavesTheReplicaAsItWas(t *testing.T) {
	t.Parallel()
	r, m := open(t, replica.Options{Path: path(t)}), simtest.NewMaker(1)
	rows := parts(m, 2)
	func() {
		defer func() { _ = recover() }()
		_ = r.Write(context.Background(), func(tx *replica.Tx) error {
			if err := tx.PutRow(rows[0]); err != nil {
				return err
			}
			panic("a fault of the program")
		})
	}()
	write(t, r, putAll(rows[1:]))
	if n := count(t, r, "SELECT count(*) FROM part"); n != 1 {
		t.Errorf("%d rows, want the one that was committed", n)
	}
}

func TestClosedReplicaRefuses(t *testing.T) {
	t.Parallel()
	r := open(t, replica.Options{Path: path(t)})
	closed(t, r)
	nothing := func(*replica.Tx) error { return nil }
	wantCode(t, "writing", r.Write(context.Background(), nothing), replica.Storage)
	wantCode(t, "reading", r.Read(context.Background(), nothing), replica.Storage)
	_, err := r.Query(context.Background(), "SELECT 1")
	wantCode(t, "a query", err, replica.Storage)
	if err := r.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

func TestManyReadAndWriteUntilItIsClosed(t *testing.T) {
	t.Parallel()
	r, m := open(t, replica.Options{Path: path(t)}), simtest.NewMaker(1)
	rows := parts(m, 20)
	write(t, r, putAll(rows))
	var all sync.WaitGroup
	for worker := range 6 {
		all.Go(func() {
			for err := error(nil); err == nil; {
				if worker%3 == 0 {
					err = r.Write(context.Background(), putAll(rows))
				} else {
					err = r.Read(context.Background(), wholeSet(t, len(rows)))
				}
				if err != nil {
					wantCode(t, "a closed replica", err, replica.Storage)
				}
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	closed(t, r)
	all.Wait()
}

// wholeSet returns a transaction that finds n rows.
func wholeSet(t *testing.T, n int) func(*replica.Tx) error {
	return func(tx *replica.Tx) error {
		keys, err := tx.BucketRows(record.Shared, schema.ClassLibrary)
		if len(keys) != n {
			t.Errorf("a reader finds %d rows, want %d", len(keys), n)
		}
		return err
	}
}

func TestNewerAppAddsColumnsAndAnOlderOneKeepsThem(t *testing.T) {
	t.Parallel()
	columns := []schema.Column{{ID: 1, Name: "name", Kind: schema.Text}, {ID: 2, Name: "cost", Kind: schema.Money}}
	version := func(v int, n int) *schema.Schema {
		return schema.Must(schema.New("growing", v, &schema.Table{
			ID: 1, Name: "thing", Buckets: []schema.Bucket{{}}, Columns: append([]schema.Column(nil), columns[:n]...)}))
	}
	old, young := version(1, 1), version(2, 2)
	p := path(t)
	row := &record.Row{Table: old.Tables[0], ID: record.ID{15: 1}, Cols: []record.Value{record.Text("pump")}}
	r := open(t, replica.Options{Path: p, Schema: old})
	write(t, r, putAll([]*record.Row{row}))
	closed(t, r)

	r = open(t, replica.Options{Path: p, Schema: young})
	write(t, r, func(tx *replica.Tx) error {
		grown, err := tx.Row(row.Key())
		if err != nil || grown.Get("name") != record.Text("pump") || !grown.Get("cost").IsNull() {
			t.Errorf("the row came as %v, %v", grown, err)
			return err
		}
		grown.Put(1, "", record.Money(5, "EUR"))
		return tx.PutRow(grown)
	})
	closed(t, r)

	r = open(t, replica.Options{Path: p, Schema: old})
	row.Cols[0] = record.Text("hose")
	write(t, r, putAll([]*record.Row{row}))
	if count(t, r, "SELECT count(*) FROM thing WHERE name = 'hose' AND cost_minor = 5 AND cost_currency = 'EUR'") != 1 {
		t.Error("the older app has erased a column that it does not know")
	}
}

func TestIndexesComeAfterTheFirstDownload(t *testing.T) {
	t.Parallel()
	r, m := open(t, replica.Options{Path: path(t)}), simtest.NewMaker(1)
	indexes := func() int {
		return count(t, r, "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name LIKE '%.%'")
	}
	all := indexes()
	if err := r.DeferIndexes(context.Background()); err != nil || all == 0 || indexes() != 0 {
		t.Fatalf("%v: %d of %d indexes are left", err, indexes(), all)
	}
	write(t, r, putAll(parts(m, 2)))
	if err := r.BuildIndexes(context.Background()); err != nil || indexes() != all {
		t.Fatalf("%v: %d of %d indexes were built", err, indexes(), all)
	}
	if err := r.DeferIndexes(context.Background()); err != nil || indexes() != all {
		t.Errorf("%v: with rows in it, %d of %d indexes are left", err, indexes(), all)
	}
}

func TestOpenRefusesWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	p := path(t)
	r := open(t, replica.Options{Path: p})
	closed(t, r)
	execute(t, p, "PRAGMA user_version = 99; DROP TABLE _shape") // it notes in its own way what its tables are
	_, err := replica.Open(context.Background(), replica.Options{Path: p, Schema: simtest.Schema})
	wantCode(t, "a newer program's file", err, fault.Version)
	other := path(t)
	execute(t, other, "CREATE TABLE song (title)")
	_, err = replica.Open(context.Background(), replica.Options{Path: other, Schema: simtest.Schema})
	wantCode(t, "another program's file", err, replica.Foreign)
	_, err = replica.Open(context.Background(), replica.Options{Schema: simtest.Schema})
	wantCode(t, "no path", err, fault.Invalid)
	_, err = replica.Open(context.Background(), replica.Options{Path: filepath.Join(t.TempDir(), "no", "such", "folder"), Schema: simtest.Schema})
	wantCode(t, "no folder", err, replica.Storage)
}

func TestFilesNamesAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	p := path(t)
	r := open(t, replica.Options{Path: p})
	defer closed(t, r)
	files, err := os.ReadDir(filepath.Dir(p))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), filepath.Base(p)) {
			t.Errorf("a file %q is not named after %q", f.Name(), filepath.Base(p))
		}
	}
}

// item returns a pending outbox item that changes the rows.
func item(m *simtest.Maker, n uint64, op record.Op, rows ...*record.Row) *device.Item {
	actor, err := clock.NewActor(0, 9, clock.SideDevice)
	if err != nil {
		panic(err)
	}
	i := &device.Item{N: n, State: device.Pending, Chain: m.Hash()}
	i.Change = m.ChangeSet(clock.Dot{Actor: actor, Counter: n}, op, rows...)
	i.Encoded = i.Change.AppendBinary(nil)
	i.Hash = record.HashOf(i.Encoded)
	return i
}

// What the device keeps is for the account of its person alone.
func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	p := path(t)
	m := simtest.NewMaker(5)
	write(t, open(t, replica.Options{Path: p}), putAll(parts(m, 1)))
	files, err := filepath.Glob(p + "*")
	if err != nil || len(files) < 4 {
		t.Fatalf("the replica has the files %v, %v", files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}
