package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fieldsync/server/store/postgres"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/sqlrow"
)

// TestMain makes the test's own binary a hub or a device when a bench that is tested starts it as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && roleOf(os.Args[1]) != nil {
		main()
	}
	os.Exit(pgtest.Main(m))
}

// figures are what each scenario measures.
var figures = map[string][]string{
	"first-sync": {"ready_ms", "hub_cpu_us_each", "hub_allocs_each", "device_allocs_each", "rows_per_s", "raw_rows_per_s", "ratio", "ms", "wire_bytes", "wire_bytes_per_row", "peak_rss_mib"},
	"segment":    {"ready_ms", "hub_cpu_us_each", "hub_allocs_each", "device_allocs_each", "rows_per_s", "raw_rows_per_s", "ratio", "ms", "wire_bytes", "wire_bytes_per_row", "peak_rss_mib"},
	"push":       {"first_rows_per_s", "hub_cpu_us_each", "hub_allocs_each", "device_allocs_each", "rows_per_s", "ms", "wire_bytes", "wire_bytes_per_row"},
	"delta":      {"hub_cpu_us_each", "hub_allocs_each", "device_allocs_each", "ms", "wire_bytes", "wire_bytes_per_row"},
	"noop":       {"hub_cpu_us_each", "hub_allocs_each", "device_allocs_each", "ms", "wire_bytes"},
	"live":       {"devices", "hub_cpu_us_each", "hub_allocs_each", "device_allocs_each", "wire_bytes_per_change", "value_bytes_per_change", "p50_ms", "p99_ms", "fsync_ms"},
	"idle":       {"devices", "kib_per_device"},
	"storm":      {"devices", "hub_cpu_us_each", "hub_allocs_each", "devices_per_s", "p50_ms", "p99_ms", "refused_dials", "left_kib_per_device"},
	"mixed":      {"devices", "hub_cpu_us_each", "hub_allocs_each", "changes_per_s", "p50_ms", "p99_ms", "office_read_p95_ms", "office_p95_ms"},
	"size":       {"ratio", "db_bytes_per_row", "raw_bytes_per_row", "search_bytes_per_row"},
}

// mayBeNone are the figures that are zero, or less, where the system does not tell, or nothing was in the way.
var mayBeNone = []string{"hub_cpu_us_each", "peak_rss_mib", "kib_per_device", "left_kib_per_device", "refused_dials"}

// Each scenario runs through, whole, on few rows: that devices hold all rows and that every edit was accepted is
// checked by the scenarios themselves. Nothing here asks how fast it was.
func TestEachScenarioMeasuresWhatItSays(t *testing.T) {
	t.Parallel()
	data := rowsFile(t, 200)
	objects := bench(t, "all", "-rows", "200", "-runs", "1", "-json", "-data", data, "-dir", t.TempDir(),
		"-devices", "8", "-tls", "-for", "1s")
	if len(objects) != len(figures) {
		t.Fatalf("%d objects, want one for each of %d scenarios", len(objects), len(figures))
	}
	for _, o := range objects {
		name, _ := o["scenario"].(string)
		if o["rows"] != 200.0 {
			t.Errorf("%s: rows is %v, want 200", name, o["rows"])
		}
		for _, figure := range figures[name] {
			if v, ok := o[figure].(float64); !ok || v <= 0 && !slices.Contains(mayBeNone, figure) {
				t.Errorf("%s: %s is %v, want a positive number", name, figure, o[figure])
			}
			delete(o, figure)
		}
		if len(o) != 2 {
			t.Errorf("%s: there is more than it should measure: %v", name, o)
		}
	}
}

// A hub may have its rows in PostgreSQL; what it made there for the bench goes with it.
func TestAHubOnPostgreSQLIsMeasuredToo(t *testing.T) {
	t.Parallel()
	at := pgtest.Start(t).Database()
	for _, o := range bench(t, "mixed", "-rows", "200", "-runs", "1", "-json", "-dir", t.TempDir(), "-devices", "8", "-for", "1s", "-db", at) {
		if v, ok := o["changes_per_s"].(float64); !ok || v <= 0 {
			t.Errorf("%v", o)
		}
	}
	conn, err := postgres.Connect(t.Context(), postgres.Options{URL: at})
	if err != nil {
		t.Fatal(err)
	}
	c := sqlrow.Postgres.Wrap(conn)
	defer func() { _ = c.Close() }()
	if left, err := c.Int("SELECT count(*) FROM pg_database WHERE datname LIKE 'fieldbench%'"); left != 0 || err != nil {
		t.Errorf("%d databases are left, %v", left, err)
	}
}

// bench runs the program and returns the objects that it printed.
func bench(t *testing.T, args ...string) (objects []map[string]any) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	for lines := json.NewDecoder(&out); lines.More(); {
		var o map[string]any
		if err := lines.Decode(&o); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	return objects
}

// rowsFile writes rows as a -data file has them.
func rowsFile(t *testing.T, n int) string {
	t.Helper()
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	for _, j := range generate(n, 7) {
		if err := lines.Encode(j); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "jobs.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMadeRowsLookLikeThoseThatOthersWereMeasuredWith(t *testing.T) {
	t.Parallel()
	const n = 3000
	jobs := generate(n, 1)
	length, chinese := 0, 0
	for i := range jobs {
		line, err := json.Marshal(&jobs[i])
		if err != nil {
			t.Fatal(err)
		}
		length += len(line)
		if strings.ContainsAny(jobs[i].Address, "号") {
			chinese++
		}
	}
	if mean := length / n; mean < 530 || mean > 600 {
		t.Errorf("a row has %d bytes of JSON, want about 562", mean)
	}
	if chinese < n*28/100 || chinese > n*38/100 {
		t.Errorf("%d of %d addresses are Chinese, want a third", chinese, n)
	}
	if again := generate(n, 1); !slices.Equal(jobs, again) {
		t.Error("the same seed made other rows")
	}
}

func TestWhatIsTypedWrongIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"frist-sync", "push -rows", "push -rows none", "push -rows 0", "push -runs 0", "push more", "noop -data no-such-file", "idle -devices -1", "mixed -for 0s",
		"size -dir no-such-folder", "size -dir bench_test.go", "noop -data .", "live -what",
	} {
		var out, errs bytes.Buffer
		if code := run(context.Background(), strings.Fields(args), strings.NewReader(""), &out, &errs); code != exitUsage {
			t.Errorf("%s: exit code %d, want %d", args, code, exitUsage)
		}
		if errs.Len() == 0 {
			t.Errorf("%s: nothing was said about it", args)
		}
	}
}

func TestAFileWithTooFewRowsIsRefused(t *testing.T) {
	t.Parallel()
	_, err := source{rows: 11, data: rowsFile(t, 10)}.load()
	if err == nil || !strings.Contains(err.Error(), "the file has 10 rows") {
		t.Errorf("the error is %v, want one that says how many rows there are", err)
	}
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, c := range []struct {
		values []float64
		p      int
		want   float64
	}{
		{[]float64{7}, 50, 7}, {[]float64{3, 1, 2}, 50, 2}, {[]float64{4, 1, 3, 2}, 50, 2.5}, {hundred, 99, 100},
		{[]float64{5, 9}, 99, 9},
	} {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("percentile %d of %v is %v, want %v", c.p, c.values, got, c.want)
		}
	}
}
