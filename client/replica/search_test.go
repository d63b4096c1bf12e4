package replica_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fieldsync/client/replica"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

var searchSchema = schema.Must(schema.New("search", 1,
	&schema.Table{ID: 1, Name: "job", Buckets: []schema.Bucket{{}}, Columns: []schema.Column{
		{ID: 1, Name: "title", Kind: schema.Text, Flags: schema.Searchable},
		{ID: 2, Name: "serial", Kind: schema.Text, Flags: schema.Searchable | schema.Indexed},
		{ID: 3, Name: "state", Kind: schema.Text},
	}},
	&schema.Table{ID: 2, Name: "part", Class: schema.ClassStock, Buckets: []schema.Bucket{{}}, Columns: []schema.Column{
		{ID: 1, Name: "name", Kind: schema.Translated, Flags: schema.Searchable},
		{ID: 2, Name: "tags", Kind: schema.Set, Flags: schema.Searchable},
	}},
))

var searchJob, searchPart = searchSchema.Table("job"), searchSchema.Table("part")

func rowID(n int) (id record.ID) {
	id[0], id[14], id[15] = 1, byte(n>>8), byte(n)
	return id
}

func jobRow(n int, title, serial string) *record.Row {
	text := func(s string) record.Value {
		if s == "" {
			return record.Null
		}
		return record.Text(s)
	}
	return &record.Row{Table: searchJob, ID: rowID(n), Cols: []record.Value{text(title), text(serial), record.Null}}
}

func partRow(n int, zh, en string, tags ...string) *record.Row {
	row := &record.Row{Table: searchPart, ID: rowID(n), Cols: make([]record.Value, 2)}
	row.Put(0, "zh", record.Text(zh))
	row.Put(0, "en", record.Text(en))
	for _, tag := range tags {
		row.Put(1, tag, record.Number(1))
	}
	return row
}

func index(t interface{ Fatal(...any) }, r *replica.Replica) {
	for more := true; more; {
		var err error
		if more, err = r.Index(context.Background(), schema.ClassLibrary); err != nil {
			t.Fatal(err)
		}
	}
}

func find(t interface{ Fatal(...any) }, r *replica.Replica, query string, o sqlrow.SearchOptions) (hits []sqlrow.Hit) {
	err := r.Read(context.Background(), func(tx *replica.Tx) (err error) {
		hits, err = tx.Find(query, o)
		return err
	})
	if err != nil {
		t.Fatal(fmt.Sprintf("%q: %v", query, err))
	}
	return hits
}

// numbersOf returns the hits by the last byte of their ids, in their order.
func numbersOf(hits []sqlrow.Hit) (numbers []int) {
	for _, h := range hits {
		numbers = append(numbers, int(h.ID[14])<<8|int(h.ID[15]))
	}
	return numbers
}

func TestFindsAsPeopleType(t *testing.T) {
	t.Parallel()
	r := open(t, replica.Options{Path: path(t), Schema: searchSchema})
	write(t, r, putAll([]*record.Row{
		jobRow(1, "主轴有噪音，左侧油缸漏油", "AB-012345-C67"),
		jobRow(2, "Hydraulic oil drips from the left cylinder; 报警12停机", "XY-999999-Z01"),
		jobRow(3, "Spare for AB-012345-C67, read/write head", ""),
		partRow(4, "液压泵", "Hydraulic pump", "crane", "ＦＵＬＬ宽"),
	}))
	index(t, r)
	for query, want := range map[string][]int{
		"噪音": {1}, "噪": {1}, "音": {1}, "油": {1}, "泵": {4}, "压泵": {4}, "油缸漏油": {1}, "漏缸": nil, "缸油": nil,
		"hydr": {2, 4}, "HYDRAULIC": {2, 4}, "draulic": nil, "oil hyd": {2}, "Cyl 报警": {2}, "报警12": {2},
		"AB-012345-C67": {1, 3}, "ab012345c67": {1, 3}, "012345": {1, 3}, "2345-c": {1, 3}, "c67": {1, 3}, "ab": {1, 3}, "7": {1, 3},
		"AB-012345": {1, 3}, "z0": {2}, "write": {3}, "read": {3}, "cran": {4}, "cra ne": nil, "full宽": {4}, "ＦＵＬＬ": {4},
		"": nil, "---": nil, "噪音 泵": nil, "12": {1, 2, 3},
	} {
		got := numbersOf(find(t, r, query, sqlrow.SearchOptions{}))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
	if got := find(t, r, "ab 012345 c67", sqlrow.SearchOptions{}); len(got) != 2 || !got[0].Exact || got[0].ID != rowID(1) || got[1].Exact {
		t.Errorf("the thing with exactly this serial does not come first: %v", got)
	}
	if got := find(t, r, "hydraulic", sqlrow.SearchOptions{Tables: []string{"part"}}); len(got) != 1 || got[0].Table != "part" {
		t.Errorf("within parts: %v", got)
	}
	if got := find(t, r, "hydraulic", sqlrow.SearchOptions{Limit: 1}); len(got) != 1 {
		t.Errorf("limited to one: %v", got)
	}
}

func TestSearchRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	r := open(t, replica.Options{Path: path(t), Schema: searchSchema})
	read(t, r, func(tx *replica.Tx) error {
		_, err := tx.Find("x", sqlrow.SearchOptions{Tables: []string{"nowhere"}})
		wantCode(t, "an unknown table", err, fault.Invalid)
		_, err = tx.Find(strings.Repeat("噪", sqlrow.MaxSearch), sqlrow.SearchOptions{})
		wantCode(t, "a novel", err, fault.TooLarge)
		return nil
	})
}

func FuzzHostileQueriesAreHarmless(f *testing.F) {
	r, err := replica.Open(context.Background(), replica.Options{Path: filepath.Join(f.TempDir(), "r.db"), Schema: searchSchema})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = r.Close() })
	for _, q := range []string{`"`, `" OR "`, `a AND`, `NOT a`, `a* b^ {x}:`, `NEAR(a b, 2)`, `text : a`, "'; DROP TABLE job; --",
		"\x00噪", "\xff\xfe", "-_./", "a-", "#abc", "=x", "ｅ́", strings.Repeat("a ", 500), "٣", "ǅ", "ﬃ", "〇ー"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		err := r.Read(context.Background(), func(tx *replica.Tx) error {
			_, err := tx.Find(query, sqlrow.SearchOptions{})
			return err
		})
		if err != nil && fault.CodeOf(err) != fault.TooLarge {
			t.Errorf("%q: %v", query, err)
		}
	})
}

// TestSearchEqualsANaiveOne writes, changes, deletes and drops rows in any order, with the index worked off in between at
// any place, and compares every answer with a look at each row.
func TestSearchEqualsANaiveOne(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		r, err := replica.Open(context.Background(), replica.Options{Path: filepath.Join(folder, fmt.Sprint(n)), Schema: searchSchema})
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		truth := map[int]*record.Row{}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			change(rt, r, truth)
		}
		index(rt, r)
		for range 20 {
			query := rapid.OneOf(dense, latin, serial).Draw(rt, "query")
			if rapid.Bool().Draw(rt, "two pieces") {
				query += " " + rapid.OneOf(dense, latin, serial).Draw(rt, "and")
			}
			want := slices.Sorted(maps.Keys(naive(truth, query)))
			got := numbersOf(find(rt, r, query, sqlrow.SearchOptions{Limit: 1000}))
			slices.Sort(got)
			if !slices.Equal(got, want) {
				rt.Fatalf("%q: %v, want %v", query, got, want)
			}
		}
	})
}

var (
	dense  = rapid.StringOfN(rapid.SampledFrom([]rune("噪音油缸漏泵")), 1, 4, -1)
	latin  = rapid.StringOfN(rapid.SampledFrom([]rune("abB")), 1, 5, -1)
	serial = rapid.StringMatching(`[aB1]{0,3}-?1[aB12]{0,3}`)
	texts  = rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(dense, latin, serial), 0, 5).Draw(t, "words"), " ")
	})
)

func change(t *rapid.T, r *replica.Replica, truth map[int]*record.Row) {
	n := rapid.IntRange(1, 12).Draw(t, "row")
	do := func(tx *replica.Tx) error { return nil }
	switch rapid.IntRange(0, 6).Draw(t, "what") {
	case 0:
		if _, err := r.Index(context.Background(), schema.Class(rapid.IntRange(0, 2).Draw(t, "class"))); err != nil {
			t.Fatal(err)
		}
	case 1:
		delete(truth, n)
		do = func(tx *replica.Tx) error { return tx.DropRow(record.Key{Table: searchJob.ID, ID: rowID(n)}) }
	default:
		row := jobRow(n, texts.Draw(t, "title"), texts.Draw(t, "serial"))
		row.Deleted = rapid.IntRange(0, 5).Draw(t, "deleted") == 0
		truth[n] = row
		do = func(tx *replica.Tx) error { return tx.PutRow(row) }
	}
	if err := r.Write(context.Background(), do); err != nil {
		t.Fatal(err)
	}
}

// naive looks at every word of every row.
func naive(truth map[int]*record.Row, query string) map[int]bool {
	found := map[int]bool{}
	for n, row := range truth {
		words := strings.Fields(row.Cols[0].Text() + " " + row.Cols[1].Text())
		found[n] = !row.Deleted
		for _, piece := range strings.Fields(query) {
			found[n] = found[n] && slices.ContainsFunc(words, func(word string) bool { return matches(word, piece) })
		}
	}
	maps.DeleteFunc(found, func(_ int, is bool) bool { return !is })
	return found
}

func matches(word, piece string) bool {
	word, piece = strings.ToLower(strings.ReplaceAll(word, "-", "")), strings.ToLower(strings.ReplaceAll(piece, "-", ""))
	if strings.ContainsAny(word, "12") || strings.ContainsAny(piece, "噪音油缸漏泵") {
		return strings.Contains(word, piece)
	}
	return strings.HasPrefix(word, piece)
}

// remains returns what stands in the tables of the search index, and in the vocabulary of FTS5.
func remains(t *testing.T, path string) (raw []byte) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', '_search', 'row')"); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"SELECT block FROM _search_data", "SELECT CAST(term AS BLOB) FROM _search_idx", "SELECT old FROM _search_due",
		"SELECT CAST(term AS BLOB) FROM temp.words",
	} {
		rows, err := db.Query(query)
		if err != nil {
			t.Fatal(query, err)
		}
		for rows.Next() {
			var b []byte
			if err := rows.Scan(&b); err != nil {
				t.Fatal(err)
			}
			raw = append(append(raw, b...), '|')
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return raw
}

func TestARowThatLeavesLeavesTheIndex(t *testing.T) {
	t.Parallel()
	at := path(t)
	r := open(t, replica.Options{Path: at, Schema: searchSchema})
	for n := range 300 { // in many transactions, so that the index has many segments and merges them
		write(t, r, putAll([]*record.Row{jobRow(n, fmt.Sprintf("油缸漏油 common words %d", n), fmt.Sprintf("AB-%06d", n))}))
		if n == 150 {
			write(t, r, putAll([]*record.Row{
				jobRow(1000, "zugangscode wolfsmilch 秘密门禁", "QX-774411"), jobRow(1001, "wolfsmilch", ""), jobRow(1002, "zugangscode", "")}))
		}
		if n%10 == 0 {
			index(t, r)
		}
	}
	index(t, r)
	write(t, r, putAll([]*record.Row{jobRow(1001, "harmless", "")})) // a value that was replaced or erased
	index(t, r)
	write(t, r, putAll([]*record.Row{jobRow(1002, "harmless", "")})) // and one that leaves before it is indexed again
	write(t, r, func(tx *replica.Tx) error {
		for _, n := range []int{1000, 1002} {
			if err := tx.DropRow(record.Key{Table: searchJob.ID, ID: rowID(n)}); err != nil {
				return err
			}
		}
		return nil
	})
	raw := remains(t, at)
	for _, secret := range []string{"zuga", "gangs", "scode", "wolf", "lfsm", "milch", "秘", "密", "门", "禁", "#qx", "774", "441"} {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("%q remains in the index", secret)
		}
	}
	if !bytes.Contains(raw, []byte("harmless")) || len(find(t, r, "zugangscode", sqlrow.SearchOptions{})) > 0 {
		t.Error("the look itself is wrong")
	}
}

// searchChild makes the test binary write and index until it is killed.
const searchChild = "FIELDSYNC_TEST_SEARCH_CHILD"

func indexForever(path string) error {
	ctx := context.Background()
	r, err := replica.Open(ctx, replica.Options{Path: path, Schema: searchSchema})
	for n := 0; err == nil; n++ {
		err = r.Write(ctx, func(tx *replica.Tx) error {
			if n%7 == 6 {
				return tx.DropRow(record.Key{Table: searchJob.ID, ID: rowID(n % 500)})
			}
			row := jobRow(n%500, fmt.Sprintf("油缸%d漏油 words", n), fmt.Sprintf("AB-%06d", n))
			return tx.PutRow(row)
		})
		if err == nil && n%5 == 0 {
			_, err = r.Index(ctx, schema.ClassLibrary)
		}
		fmt.Println(n + 1)
	}
	return err
}

func TestKilledProcessLeavesAnIndexThatIsMadeGood(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills real processes")
	}
	at := path(t)
	for round := range 6 {
		killWhileWriting(t, searchChild, at, time.Duration(20+70*round)*time.Millisecond)
	}
	r := open(t, replica.Options{Path: at, Schema: searchSchema})
	index(t, r)
	read(t, r, func(tx *replica.Tx) error {
		rows := 0
		err := tx.Each(searchJob, func(row *record.Row) error {
			rows++
			serial := row.Cols[1].Text()
			if hits := find(t, r, serial, sqlrow.SearchOptions{}); len(hits) != 1 || hits[0].ID != row.ID {
				t.Errorf("%s: %v", serial, hits)
			}
			return nil
		})
		if got := find(t, r, "words", sqlrow.SearchOptions{Limit: 1000}); len(got) != rows || rows == 0 {
			t.Errorf("%d rows, %d found", rows, len(got))
		}
		return err
	})
	if _, err := r.Query(context.Background(), "SELECT 1"); err != nil {
		t.Error(err)
	}
}

// Generators are shared by tests that run beside one another, and a rapid generator writes its name down when it is first
// asked for, beside draws that read it: so each is asked before any test runs.
func init() {
	for _, g := range []fmt.Stringer{dense, latin, serial, texts, anyNumber} {
		_ = g.String()
	}
}
