package replica

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// The benchmarks measure against the plain table that the same rows would fill: their figures are ratios, since
// machines differ. FIELDSYNC_BENCH_JOBS names a file of jobs, one JSON object a line; without it they are made up.

var benchSchema = schema.Must(schema.New("bench", 1,
	&schema.Table{ID: 1, Name: "person", Buckets: []schema.Bucket{{}}, Columns: []schema.Column{
		{ID: 1, Name: "name", Kind: schema.Text}}},
	&schema.Table{ID: 2, Name: "job", Buckets: []schema.Bucket{{}}, Columns: []schema.Column{
		{ID: 1, Name: "status", Kind: schema.Enum},
		{ID: 2, Name: "customer_name", Kind: schema.Text},
		{ID: 3, Name: "phone", Kind: schema.Text},
		{ID: 4, Name: "address", Kind: schema.Text},
		{ID: 5, Name: "fault", Kind: schema.Text},
		{ID: 6, Name: "priority", Kind: schema.Integer},
		{ID: 7, Name: "scheduled_at", Kind: schema.Instant},
		{ID: 8, Name: "updated_at", Kind: schema.Instant},
		{ID: 9, Name: "technician_id", Kind: schema.Ref, Ref: "person"},
		{ID: 10, Name: "asset_serial", Kind: schema.Text},
		{ID: 11, Name: "notes", Kind: schema.Text},
	}},
))

type benchJob struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	CustomerName string `json:"customer_name"`
	Phone        string `json:"phone"`
	Address      string `json:"address"`
	Fault        string `json:"fault"`
	Priority     int64  `json:"priority"`
	ScheduledAt  int64  `json:"scheduled_at"`
	UpdatedAt    int64  `json:"updated_at"`
	TechnicianID string `json:"technician_id"`
	AssetSerial  string `json:"asset_serial"`
	Notes        string `json:"notes"`
}

// benchRows returns n jobs in key order.
func benchRows(b testing.TB, n int) []*record.Row {
	b.Helper()
	table, actor := benchSchema.Table("job"), testActor(1)
	rows := make([]*record.Row, 0, n)
	for j := range benchJobs(b, n) {
		id, err := record.ParseID(j.ID)
		if err != nil {
			b.Fatal(err)
		}
		technician, err := record.ParseID(j.TechnicianID)
		if err != nil {
			b.Fatal(err)
		}
		rows = append(rows, &record.Row{Table: table, ID: id, Cols: []record.Value{
			record.Text(j.Status), record.Text(j.CustomerName), record.Text(j.Phone), record.Text(j.Address),
			record.Text(j.Fault), record.Number(j.Priority), record.Instant(j.ScheduledAt), record.Instant(j.UpdatedAt),
			record.Ref(technician), record.Text(j.AssetSerial), record.Text(j.Notes),
		}, Seq: uint64(len(rows) + 1), Vector: clock.VectorOf(clock.Dot{Actor: actor, Counter: uint64(len(rows) + 1)})})
	}
	slices.SortFunc(rows, func(x, y *record.Row) int { return bytes.Compare(x.ID[:], y.ID[:]) })
	return rows
}

func benchJobs(b testing.TB, n int) func(func(benchJob) bool) {
	if path := os.Getenv("FIELDSYNC_BENCH_JOBS"); path != "" {
		return readJobs(b, path, n)
	}
	r := rand.New(rand.NewPCG(1, 2))
	word := []string{"compressor makes a loud grinding noise", "压缩机运行时噪音很大", "door seal is torn", "门封条破损内部结霜"}
	return func(yield func(benchJob) bool) {
		for range n {
			more := yield(benchJob{
				ID: randomID(r).String(), Status: "assigned", CustomerName: "Olivia Smith", Phone: "+44 7123 456789",
				Address: fmt.Sprintf("%d High Road, Unit 7, Leeds 12345", r.IntN(400)), Priority: r.Int64N(5),
				Fault:       strings.Repeat(word[r.IntN(4)]+"; ", 4),
				ScheduledAt: 1_772_000_000_000 + r.Int64N(1e10), UpdatedAt: 1_772_000_000_000, TechnicianID: randomID(r).String(),
				AssetSerial: "AB-123456-C7", Notes: "call before arrival, gate code 1234; parking in the rear",
			})
			if !more {
				return
			}
		}
	}
}

func readJobs(b testing.TB, path string, n int) func(func(benchJob) bool) {
	return func(yield func(benchJob) bool) {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		lines := bufio.NewScanner(f)
		for range n {
			var j benchJob
			if !lines.Scan() || json.Unmarshal(lines.Bytes(), &j) != nil || !yield(j) {
				return
			}
		}
	}
}

func randomID(r *rand.Rand) (id record.ID) {
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	return id
}

const inOneTransaction = 10_000

// plain writes the rows into one plain table through database/sql, as fast as that goes, and returns how long it took
// and how large the file became.
func plain(b testing.TB, rows []*record.Row) (time.Duration, int64) {
	path := filepath.Join(b.TempDir(), "plain.db")
	pool, err := open(path, "rwc", writing...)
	if err != nil {
		b.Fatal(err)
	}
	pool.SetMaxOpenConns(1)
	mustExec(b, pool, "PRAGMA synchronous = NORMAL")
	mustExec(b, pool, `CREATE TABLE job (id BLOB PRIMARY KEY, status TEXT, customer_name TEXT, phone TEXT, address TEXT,
		fault TEXT, priority INTEGER, scheduled_at INTEGER, updated_at INTEGER, technician_id BLOB, asset_serial TEXT,
		notes TEXT)`)
	start := time.Now()
	for part := range slices.Chunk(rows, inOneTransaction) {
		tx, err := pool.Begin()
		if err != nil {
			b.Fatal(err)
		}
		insert, err := tx.Prepare("INSERT INTO job VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
		if err != nil {
			b.Fatal(err)
		}
		for _, row := range part {
			v := row.Cols
			ref := v[8].Ref()
			_, err := insert.Exec(row.ID[:], v[0].Text(), v[1].Text(), v[2].Text(), v[3].Text(), v[4].Text(), v[5].Number(),
				v[6].Number(), v[7].Number(), ref[:], v[9].Text(), v[10].Text())
			if err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(start)
	if err := pool.Close(); err != nil {
		b.Fatal(err)
	}
	return took, sizeOf(b, path)
}

func mustExec(b testing.TB, pool *sql.DB, statement string) {
	b.Helper()
	if _, err := pool.Exec(statement); err != nil {
		b.Fatal(err)
	}
}

func sizeOf(b testing.TB, path string) int64 {
	b.Helper()
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// replicated writes the rows as a first download does.
func replicated(b testing.TB, rows []*record.Row) (time.Duration, int64) {
	path := filepath.Join(b.TempDir(), "replica.db")
	r, err := Open(context.Background(), Options{Path: path, Schema: benchSchema})
	if err != nil {
		b.Fatal(err)
	}
	if err := r.DeferIndexes(context.Background()); err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	for part := range slices.Chunk(rows, inOneTransaction) {
		err := r.WriteBulk(context.Background(), func(tx *Tx) error {
			for some := range slices.Chunk(part, 64) {
				if err := tx.PutRows(some); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(start)
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	return took, sizeOf(b, path)
}

// BenchmarkBulk reports the speed of a first download against the plain table, and the size of the file.
func BenchmarkBulk(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		rows := benchRows(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var bare, full time.Duration
			var bareSize, fullSize int64
			for b.Loop() {
				took, size := plain(b, rows)
				bare, bareSize = bare+took, size
				took, size = replicated(b, rows)
				full, fullSize = full+took, size
			}
			b.ReportMetric(bare.Seconds()/full.Seconds(), "speed-ratio")
			b.ReportMetric(float64(fullSize)/float64(bareSize), "size-ratio")
			b.ReportMetric(float64(n*b.N)/full.Seconds(), "rows/s")
			b.ReportMetric(float64(fullSize)/float64(n), "B/row")
		})
	}
}

// BenchmarkOffline reports how fast 10,000 changes of known rows go into one transaction: the row, its base, the item.
func BenchmarkOffline(b *testing.B) {
	rows := benchRows(b, 10_000)
	actor := testActor(1)
	for b.Loop() {
		b.StopTimer()
		r, err := Open(context.Background(), Options{Path: filepath.Join(b.TempDir(), "replica.db"), Schema: benchSchema})
		if err != nil {
			b.Fatal(err)
		}
		put := func(tx *Tx) error {
			for _, row := range rows {
				if err := tx.PutRow(row); err != nil {
					return err
				}
			}
			return nil
		}
		if err := r.Write(context.Background(), put); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		err = r.Write(context.Background(), func(tx *Tx) error {
			for n, row := range rows {
				if err := change(tx, row, clock.Dot{Actor: actor, Counter: uint64(n + 1)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "changes/s")
}

// change does to the store what one small update of a row does.
func change(tx *Tx, row *record.Row, d clock.Dot) error {
	c, err := record.NewChange(record.Update, row.Table, row.ID, record.Values{"notes": record.Text("done")})
	if err != nil {
		return err
	}
	c.Context = row.Vector
	shown := row.Clone()
	shown.Show(&c)
	set := &record.ChangeSet{Dot: d, Stamp: clock.StampAt(int64(d.Counter)), Cause: "bench", Rows: []record.RowChange{c}}
	item := &device.Item{N: d.Counter, Change: set, Encoded: set.AppendBinary(nil), State: device.Pending}
	item.Hash = record.HashOf(item.Encoded)
	if err := tx.PutBase(row.Key(), &device.Base{Row: row, Low: row.Vector}); err != nil {
		return err
	}
	if err := tx.PutRow(shown); err != nil {
		return err
	}
	return tx.PutItem(item)
}

// BenchmarkExamine reports how long the look at the whole file takes that every Open begins with.
func BenchmarkExamine(b *testing.B) {
	rows := benchRows(b, 100_000)
	path := filepath.Join(b.TempDir(), "replica.db")
	r, err := Open(context.Background(), Options{Path: path, Schema: benchSchema})
	if err != nil {
		b.Fatal(err)
	}
	err = r.WriteBulk(context.Background(), func(tx *Tx) error {
		for _, row := range rows {
			if err := tx.PutRow(row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := r.examine(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(sizeOf(b, path))*float64(b.N)/b.Elapsed().Seconds()/1e6, "MB/s")
}

// BenchmarkOpenKilled opens what a program leaves that was killed with a journal of some MiB. "frames" is the part of looking through
// the journal before SQLite does.
func BenchmarkOpenKilled(b *testing.B) {
	ctx, dir := context.Background(), b.TempDir()
	path := filepath.Join(dir, "left.db")
	r, err := Open(ctx, Options{Path: path, Schema: benchSchema})
	if err != nil {
		b.Fatal(err)
	}
	rows := benchRows(b, 20_000)
	for _, part := range [][]*record.Row{rows[:1], rows} { // the first write after an Open empties the journal
		if err = r.WriteBulk(ctx, func(tx *Tx) error { return tx.PutRows(part) }); err != nil {
			b.Fatal(err)
		}
	}
	copied := filepath.Join(dir, "opened.db")
	copyLeft := func() {
		for _, ending := range []string{"", "-wal", ".instance", ".keys"} {
			if content, err := os.ReadFile(path + ending); err == nil {
				err = os.WriteFile(copied+ending, content, 0o600)
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("frames", func(b *testing.B) {
		for b.Loop() {
			if broken, err := sqlrow.LogBroken(path); broken || err != nil {
				b.Fatal(broken, err)
			}
		}
		b.ReportMetric(float64(sizeOf(b, path+"-wal"))/(1<<20), "MiB")
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			copyLeft()
			b.StartTimer()
			left, err := Open(ctx, Options{Path: copied, Schema: benchSchema})
			if err != nil || left.Recovery != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			_ = left.Close()
			b.StartTimer()
		}
	})
	_ = r.Close()
}

func testActor(serial uint64) clock.Actor {
	a, err := clock.NewActor(0, serial, clock.SideDevice)
	if err != nil {
		panic(err)
	}
	return a
}
