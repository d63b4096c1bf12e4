package postgres_test

import (
	"bytes"
	"database/sql/driver"
	"os"
	"testing"

	"fieldsync/server/store/postgres"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/sqlrow"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func connect(t *testing.T) *sqlrow.Conn {
	t.Helper()
	raw, err := postgres.Connect(t.Context(), postgres.Options{URL: pgtest.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	c := sqlrow.Postgres.Wrap(raw)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := raw.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func exec(t *testing.T, c *sqlrow.Conn, text string, args ...driver.Value) int64 {
	t.Helper()
	n, err := c.Exec(text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

// TestValuesAreAsSQLiteGivesThem writes one of each kind and reads it back, and what queries make of them.
func TestValuesAreAsSQLiteGivesThem(t *testing.T) {
	t.Parallel()
	c := connect(t)
	exec(t, c, "CREATE TABLE v (id BYTEA PRIMARY KEY, n BIGINT, t TEXT, x DOUBLE PRECISION)")
	exec(t, c, "INSERT INTO v(id, n, t, x) VALUES(?, ?, ?, ?)", []byte{0, 1, 255}, int64(-1<<63), "Pumpe ✓ 泵", 0.25)
	exec(t, c, "INSERT INTO v(id, n, t, x) VALUES(?, ?, ?, ?)", []byte{}, nil, nil, nil)
	want := [][]driver.Value{
		{[]byte{}, nil, nil, nil},
		{[]byte{0, 1, 255}, int64(-1 << 63), "Pumpe ✓ 泵", 0.25},
	}
	i := 0
	err := c.Each(func(r *sqlrow.Rows) error {
		for at, v := range r.Values() {
			b, isBytes := v.([]byte)
			w, _ := want[i][at].([]byte)
			if isBytes && !bytes.Equal(b, w) || !isBytes && v != want[i][at] {
				t.Errorf("row %d, column %d: %#v, want %#v", i, at, v, want[i][at])
			}
		}
		i++
		return nil
	}, "SELECT id, n, t, x FROM v ORDER BY id")
	if err != nil || i != len(want) {
		t.Fatalf("%d rows, %v", i, err)
	}
	for query, want := range map[string]int64{
		"SELECT count(*) FROM v":                              2,
		"SELECT sum(n) FROM v":                                -1 << 63,
		"SELECT EXISTS (SELECT 1 FROM v WHERE n < 0)":         1,
		"SELECT EXISTS (SELECT 1 FROM v WHERE n > 0)":         0,
		"SELECT CASE WHEN n < 0 THEN 3 END FROM v ORDER BY n": 3,
	} {
		if n, err := c.Int(query); err != nil || n != want {
			t.Errorf("%s: %d, %v, want %d", query, n, err, want)
		}
	}
	if n, err := c.Int("SELECT count(*) FROM v WHERE n = 0 OR ?", int64(1)); err != nil || n != 2 {
		t.Errorf("a number as a condition: %d, %v", n, err)
	}
}

// TestAQueryWithinAQuery asks for something while rows are open, twice by the same text too, and leaves rows half read.
func TestAQueryWithinAQuery(t *testing.T) {
	t.Parallel()
	c := connect(t)
	const numbers = "SELECT n FROM generate_series(1, 100) AS of(n) ORDER BY n"
	outer, inner := 0, 0
	err := c.Each(func(r *sqlrow.Rows) error {
		outer += int(r.Int(0))
		if r.Int(0) > 3 {
			return nil
		}
		return c.Each(func(r *sqlrow.Rows) error { inner += int(r.Int(0)); return nil }, numbers)
	}, numbers)
	if err != nil || outer != 5050 || inner != 3*5050 {
		t.Errorf("%d, %d, %v", outer, inner, err)
	}
	rows, err := c.Query(numbers)
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	exec(t, c, "CREATE TABLE meanwhile (n BIGINT)")
	if !rows.Next() || rows.Int(0) != 2 {
		t.Errorf("after another statement the row is %d, %v", rows.Int(0), rows.Err())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	if n, err := c.Int("SELECT 7::bigint"); err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
}

// TestErrorsComeWhereTheyHappen: a statement that is wrong, one that fails at a later row, and a COMMIT after either.
func TestErrorsComeWhereTheyHappen(t *testing.T) {
	t.Parallel()
	c := connect(t)
	if _, err := c.Exec("SELECT nothing"); err == nil {
		t.Error("a wrong statement is prepared")
	}
	n, err := 0, error(nil)
	err = c.Each(func(*sqlrow.Rows) error { n++; return nil }, "SELECT 1 / (3 - n) FROM generate_series(1, 5) AS of(n)")
	if err == nil || n > 2 {
		t.Errorf("%d rows before %v", n, err)
	}
	exec(t, c, "BEGIN")
	if _, err := c.Exec("SELECT nothing"); err == nil {
		t.Error("a wrong statement is prepared")
	}
	if _, err := c.Exec("COMMIT"); err == nil {
		t.Error("what was abandoned counts as committed")
	}
	if _, err := c.Int("SELECT 1 WHERE ? > 0"); err == nil {
		t.Error("an argument too few is none")
	}
}

// TestABrokenConnectionSaysSo ends the connection from outside.
func TestABrokenConnectionSaysSo(t *testing.T) {
	t.Parallel()
	at := pgtest.Database(t)
	raw, err := postgres.Connect(t.Context(), postgres.Options{URL: at})
	if err != nil {
		t.Fatal(err)
	}
	c := sqlrow.Postgres.Wrap(raw)
	for err == nil { // it ends some time after it was told to
		_, err = c.Int("SELECT CASE WHEN pg_terminate_backend(pg_backend_pid()) THEN 1 END")
	}
	if raw.IsValid() {
		t.Error("a broken connection counts as whole")
	}
	_, _ = c.Close(), raw.Close()
}

// TestASearchIsPlannedForItsText: after some calls the server would keep one plan for all texts.
func TestASearchIsPlannedForItsText(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for range 20 {
		if n, err := c.Int("SELECT to_tsvector('simple', 'a pump') @@ ?::tsquery", "'pump'"); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if n, err := c.Int("SELECT length(?::text)", "pump"); err != nil || n != 4 {
			t.Fatal(n, err)
		}
	}
	for what, want := range map[string]bool{"tsquery": false, "length": true} {
		n, err := c.Int("SELECT CAST(sum(generic_plans) AS BIGINT) FROM pg_prepared_statements WHERE statement LIKE ?", "%"+what+"%")
		if err != nil || (n > 0) != want {
			t.Errorf("%s was planned for all arguments %d times, %v", what, n, err)
		}
	}
}
