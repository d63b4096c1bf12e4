package replica_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// The benchmarks of searching stand on what a technician's phone may hold: 5,000 jobs and 20,000 parts.

func fillSearch(b *testing.B) *replica.Replica {
	b.Helper()
	at := filepath.Join(b.TempDir(), "r.db")
	r, err := replica.Open(context.Background(), replica.Options{Path: at, Schema: searchSchema})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Close() })
	err = r.WriteBulk(context.Background(), func(tx *replica.Tx) error { return fillRows(tx, rand.New(rand.NewPCG(1, 2))) })
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func fillRows(tx *replica.Tx, random *rand.Rand) error {
	faults := []string{"主轴预热后报警停机", "左侧油缸漏油", "hydraulic oil drips from the left cylinder", "发动机有噪音", "belt squeals under load"}
	for n := range 5000 {
		title := faults[n%5] + "; " + faults[random.IntN(5)] + fmt.Sprintf(" hall %d", random.IntN(60))
		if err := tx.PutRow(jobRow(n, title, fmt.Sprintf("AB-%06d-C%d", random.IntN(1e6), n%100))); err != nil {
			return err
		}
	}
	for n := range 20000 {
		row := partRow(n, fmt.Sprintf("液压泵%d型", n), fmt.Sprintf("Hydraulic pump type %d", n), fmt.Sprintf("P%07d", random.IntN(1e7)))
		if err := tx.PutRow(row); err != nil {
			return err
		}
	}
	return nil
}

func BenchmarkSearchBuild(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		r := fillSearch(b)
		b.StartTimer()
		index(b, r)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N)/2.5, "ms/10000rows")
}

func BenchmarkSearchQuery(b *testing.B) {
	r := fillSearch(b)
	index(b, r)
	for _, query := range []string{"噪音", "泵", "hydr", "p", "1", "hydraulic pump 199", "AB-0123", "4711", "油缸漏油 hall 7"} {
		b.Run(query, func(b *testing.B) {
			for b.Loop() {
				find(b, r, query, sqlrow.SearchOptions{})
			}
		})
	}
}

// BenchmarkSearchChange changes the text of indexed rows, one a transaction, and indexes each.
func BenchmarkSearchChange(b *testing.B) {
	r := fillSearch(b)
	index(b, r)
	n := 0
	for b.Loop() {
		n++
		row := jobRow(n%5000, fmt.Sprintf("左侧油缸漏油 number %d", n), fmt.Sprintf("AB-%06d-C1", n))
		if err := r.WriteBulk(context.Background(), func(tx *replica.Tx) error { return tx.PutRow(row) }); err != nil {
			b.Fatal(err)
		}
		index(b, r)
	}
}

// BenchmarkSearchLeave drops a hundred indexed rows in one transaction.
func BenchmarkSearchLeave(b *testing.B) {
	r := fillSearch(b)
	index(b, r)
	n := 0
	for b.Loop() {
		err := r.WriteBulk(context.Background(), func(tx *replica.Tx) error {
			for range 100 {
				if err := tx.DropRow(record.Key{Table: searchPart.ID, ID: rowID(n % 20000)}); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSearchSize reports how much the index adds to the file, a row of FIELDSYNC_BENCH_JOBS' kind in fieldbench size.
func BenchmarkSearchSize(b *testing.B) {
	for b.Loop() {
		r := fillSearch(b)
		before := pagesOf(b, r)
		index(b, r)
		b.ReportMetric(float64(pagesOf(b, r)-before)*4096/25000, "B/row")
	}
}

func pagesOf(b *testing.B, r *replica.Replica) (n int64) {
	b.Helper()
	rows, err := r.Query(context.Background(), "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			b.Fatal(err)
		}
	}
	return n
}
