package server

import (
	"errors"
	"os"
	"testing"

	"fieldsync/server/admin"
	"fieldsync/server/store/postgres"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/sqlrow"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestAPageInPostgreSQLReadsLittleMoreThanItShows: of a text that all jobs hold PostgreSQL read every one for the first page.
func TestAPageInPostgreSQLReadsLittleMoreThanItShows(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	s := newShopOn(t, database, 2*sqlrow.MatchesMost)
	onPostgres(t, database, "ANALYZE") // as the server does by itself after a minute
	for name, c := range map[string]struct {
		asked []string
		table string
		most  int
	}{
		"by time, those without one first": {[]string{"sort", "plan_start"}, "job", 1100},
		"by time, the last first":          {[]string{"sort", "-plan_start"}, "job", 1100},
		"a serial of few machines":         {[]string{"q", "SN-00001"}, "job", 300},
		"a text that all jobs hold":        {[]string{"q", "液压"}, "_search_row", 3600}, // two thousand are looked up to be counted
	} {
		read := 0
		err := engine{s.core}.View(t.Context(), func(r admin.Reader) error {
			before, err := rowsRead(r, c.table)
			if err != nil {
				return err
			}
			page, err := admin.Jobs.List.Run(r, s.query(c.asked...), 50)
			if err != nil || len(page.Rows) != 50 {
				t.Errorf("%s: %d rows, %v", name, len(page.Rows), err)
			}
			read, err = rowsRead(r, c.table)
			read -= before
			return err
		})
		if err != nil || read == 0 || read > c.most {
			t.Errorf("%s: %d rows of %s were read, want at most %d: %v", name, read, c.table, c.most, err)
		}
	}
}

// rowsRead returns how many rows of a table the connection has read that the server was not yet told of.
func rowsRead(r admin.Reader, table string) (n int, err error) {
	err = r.Select(func(q *sqlrow.Rows) error { n = int(q.Int(0)); return q.Err() },
		"SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = ?", table)
	return n, err
}

// TestWhatHasNoValueIsNotReadWhole: of rows in the order of their insertion, half of which have no value, PostgreSQL took the
// index of the column alone, and sorted that half.
func TestWhatHasNoValueIsNotReadWhole(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	s := openHubOn(t, database)
	onPostgres(t, database, `CREATE TABLE plan (id BIGINT PRIMARY KEY, at BIGINT, title TEXT);
		INSERT INTO plan SELECT n, CASE WHEN n % 2 = 0 THEN n END, repeat('x', 200) FROM generate_series(1, 20000) AS of(n);
		CREATE INDEX alone ON plan(at NULLS FIRST); CREATE INDEX whole ON plan(at NULLS FIRST, id); ANALYZE plan`)
	read := 0
	err := engine{s.core}.View(t.Context(), func(r admin.Reader) (err error) {
		err = r.Select(func(q *sqlrow.Rows) error { return q.Err() }, "SELECT id, title FROM plan ORDER BY at NULLS FIRST, id LIMIT 50")
		if err == nil {
			read, err = rowsRead(r, "plan")
		}
		return err
	})
	if err != nil || read != 50 {
		t.Errorf("%d rows were read, want 50: %v", read, err)
	}
}

func onPostgres(t *testing.T, database, statements string) {
	t.Helper()
	c, err := postgres.Connect(t.Context(), postgres.Options{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqlrow.Postgres.Wrap(c).Exec(statements)
	if err = errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
}
