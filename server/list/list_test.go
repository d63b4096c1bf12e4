package list_test

import (
	"bytes"
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/list"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"

	"github.com/xuri/excelize/v2"
)

var parties = &list.List{
	Name: "party", From: "party p", ID: "p.id", Where: "p._del = 0", Order: "name",
	Columns: []list.Column{
		{Name: "name", SQL: "p.name", Ref: "p.id", URL: "/customers/"},
		{Name: "city", SQL: "p.city"},
		{Name: "note", SQL: "p.note", Fixed: true, Aside: true},
		{Name: "blacklisted", SQL: "p.blacklisted", Kind: list.Flag},
		{Name: "archived_at", SQL: "p.archived_at", Kind: list.Instant},
	},
	Filters: []list.Filter{
		{Name: "q", Test: list.Search, Where: `p.name LIKE ? ESCAPE '\' OR p.city LIKE ? ESCAPE '\'`},
		{Name: "kind", Test: list.OneOf, Where: "p.kind", Codes: []string{"person", "organisation"}, Names: "party.kind"},
		{Name: "parent", Test: list.Refers, Where: "p.parent", Options: "SELECT id, name FROM party WHERE parent IS NULL ORDER BY name"},
		{Name: "blacklisted", Test: list.Is, Where: "p.blacklisted = 1"},
		{Name: "since", Test: list.Since, Where: "p.archived_at"},
		{Name: "until", Test: list.Until, Where: "p.archived_at"},
	},
}

type town struct {
	*testing.T
	hub  *server.Server
	made []aftersales.Party
}

// newTown has parties of which some have no city, some names stand twice, and some look like formulas.
func newTown(t *testing.T, n int) *town {
	t.Helper()
	s, err := server.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"), server.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w := &town{T: t, hub: s}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	_, err = s.Core().Hub.Do(t.Context(), record.ID{}, nil, aftersales.CauseSetUp, func(o *hub.Office) error {
		tx := server.Bind(o, record.ID{})
		for i := range n {
			p := aftersales.Party{Name: fmt.Sprintf("客户 %02d%%", i%7), Kind: "organisation", ArchivedAt: int64(i) * 3_600_000}
			if i%3 > 0 {
				p.City = []string{"", "上海", "Zürich"}[i%3]
			}
			if i%5 == 0 {
				p.Kind, p.Name = "person", "=SUM(A1)"
			}
			id, err := aftersales.CreateParty(tx, aftersales.PartyInput{Name: p.Name, City: p.City, Kind: p.Kind})
			if err != nil {
				return err
			}
			p.ID = id
			w.made = append(w.made, p)
			if err := tx.Update("party", id, record.Values{"archived_at": record.Instant(p.ArchivedAt)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *town) read(do func(list.Selecter) error) {
	w.Helper()
	if err := w.hub.Core().Store.Read(context.Background(), func(v *store.View) error { return do(v) }); err != nil {
		w.Fatal(err)
	}
}

// shown reads the list to its end, page by page.
func (w *town) shown(asked string, limit int) (names []string, total int) {
	w.Helper()
	v, err := url.ParseQuery(asked)
	if err != nil {
		w.Fatal(err)
	}
	for more := true; more; {
		q, err := parties.Parse(v, time.UTC)
		if err != nil {
			w.Fatal(err)
		}
		w.read(func(s list.Selecter) error {
			page, err := parties.Run(s, q, limit)
			total = page.Total
			for _, row := range page.Rows {
				names = append(names, row.ID.String())
			}
			v.Set("after", page.Next)
			more = page.Next != ""
			return err
		})
	}
	return names, total
}

func TestPagesShowEveryRowOnceInOrder(t *testing.T) {
	t.Parallel()
	w := newTown(t, 61)
	by := map[string]func(a, b aftersales.Party) int{
		"name": func(a, b aftersales.Party) int { return strings.Compare(a.Name, b.Name) },
		"city": func(a, b aftersales.Party) int { return strings.Compare(a.City, b.City) }, // without one first, as ""
	}
	for column, compare := range by {
		for _, down := range []bool{false, true} {
			want := slices.Clone(w.made)
			slices.SortFunc(want, func(a, b aftersales.Party) int {
				c := cmp.Or(compare(a, b), bytes.Compare(a.ID[:], b.ID[:]))
				if down {
					return -c
				}
				return c
			})
			sign := map[bool]string{true: "-"}[down]
			for _, limit := range []int{1, 7, 60, 61, 100} {
				got, total := w.shown("sort="+sign+column, limit)
				if total != len(want) || len(got) != len(want) {
					t.Fatalf("%s%s by %d: %d rows of %d, want %d", sign, column, limit, len(got), total, len(want))
				}
				for i := range want {
					if got[i] != want[i].ID.String() {
						t.Fatalf("%s%s by %d: row %d is another", sign, column, limit, i)
					}
				}
			}
		}
	}
}

func TestFiltersNarrow(t *testing.T) {
	t.Parallel()
	w := newTown(t, 60)
	count := func(fits func(aftersales.Party) bool) (n int) {
		for _, p := range w.made {
			if fits(p) {
				n++
			}
		}
		return n
	}
	day := int64(24 * 3_600_000)
	for asked, fits := range map[string]func(aftersales.Party) bool{
		"":                        func(aftersales.Party) bool { return true },
		"q=海":                     func(p aftersales.Party) bool { return p.City == "上海" },
		"q=%25":                   func(p aftersales.Party) bool { return strings.Contains(p.Name, "%") },
		"q=_":                     func(aftersales.Party) bool { return false },
		"q=%27+OR+1=1":            func(aftersales.Party) bool { return false },
		"kind=person":             func(p aftersales.Party) bool { return p.Kind == "person" },
		"kind=person&kind=bogus":  func(p aftersales.Party) bool { return p.Kind == "person" },
		"kind=bogus":              func(aftersales.Party) bool { return true },
		"parent=nonsense":         func(aftersales.Party) bool { return true },
		"blacklisted=1":           func(p aftersales.Party) bool { return p.Blacklisted },
		"since=1970-01-02":        func(p aftersales.Party) bool { return p.ArchivedAt >= day },
		"until=1970-01-02":        func(p aftersales.Party) bool { return p.ArchivedAt < 2*day },
		"since=1970-13-02":        func(aftersales.Party) bool { return true },
		"q=%E5%AE%A2&kind=person": func(aftersales.Party) bool { return false },
	} {
		got, total := w.shown(asked, 50)
		if want := count(fits); len(got) != want || total != want {
			t.Errorf("%q: %d rows of %d, want %d", asked, len(got), total, want)
		}
	}
}

func TestDamagedCursorIsRefused(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"x", strings.Repeat("0", 36), strings.Repeat("0", 37), record.ID{1}.String() + "ixyz", record.ID{1}.String() + "q"} {
		if _, err := parties.Parse(url.Values{"after": {after}}, time.UTC); err == nil {
			t.Errorf("%q passes", after)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(record.ID{1}.String()+"i12", "-city")
	f.Add(record.ID{1}.String()+"t上海", "name")
	f.Fuzz(func(t *testing.T, after, sort string) {
		q, err := parties.Parse(url.Values{"after": {after}, "sort": {sort}}, time.UTC)
		if err != nil {
			return
		}
		if err := parties.Each(nothing{}, q, func(list.Row) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

type nothing struct{}

func (nothing) Select(func(*sqlrow.Rows) error, string, ...driver.Value) error { return nil }
func (nothing) Matches(string, string) (sqlrow.Matches, error)                 { return sqlrow.Matches{}, nil }

type plain struct{}

func (plain) Head(c *list.Column) string { return c.Name }
func (plain) Tell(c list.Cell) string    { return c.Text }
func (plain) Value(c list.Cell) any      { return c.Text }

func TestExportsHoldEveryRowAndNoFormula(t *testing.T) {
	t.Parallel()
	w := newTown(t, 30)
	columns := []*list.Column{parties.Column("name"), parties.Column("city")}
	q, err := parties.Parse(url.Values{}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	var text, book bytes.Buffer
	w.read(func(s list.Selecter) error {
		each := func(do func(list.Row) error) error { return parties.Each(s, q, do) }
		return cmp.Or(list.WriteCSV(&text, each, columns, plain{}), list.WriteXLSX(&book, each, columns, plain{}))
	})
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text.Bytes(), []byte("\uFEFF")))).ReadAll()
	if err != nil || len(lines) != 31 || lines[0][0] != "name" {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if strings.Contains(text.String(), "\n=") || !strings.Contains(text.String(), "'=SUM") {
		t.Error("a text that begins with = would be a formula")
	}
	file, err := excelize.OpenReader(&book)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := file.GetRows("Sheet1")
	if err != nil || len(rows) != 31 || rows[1][0] != "=SUM(A1)" {
		t.Errorf("%d rows in the spreadsheet, %v: %v", len(rows), err, rows[1])
	}
	if formula, err := file.GetCellFormula("Sheet1", "A2"); err != nil || formula != "" {
		t.Errorf("a text became the formula %q, %v", formula, err)
	}
}

// A list whose rows no table holds is filtered, sorted and paged as one of the database is.
func TestRowsOfNoTableArePagedAlike(t *testing.T) {
	t.Parallel()
	l := &list.List{
		Name: "things", Order: "name",
		Columns: []list.Column{{Name: "name"}, {Name: "kind", Kind: list.Code, Codes: "kind"}, {Name: "at", Kind: list.Instant}, {Name: "broken", Kind: list.Flag}},
		Filters: []list.Filter{
			{Name: "q", Test: list.Search}, {Name: "kind", Test: list.OneOf, Where: "kind", Codes: []string{"a", "b"}}, {Name: "broken", Test: list.Is, Where: "broken"},
			{Name: "since", Test: list.Since, Where: "at"}, {Name: "until", Test: list.Until, Where: "at"}, {Name: "of", Test: list.Refers, Where: "name"},
		},
	}
	var rows []list.Row
	for i := range 23 {
		row := l.New(list.KeyOf(uint64(i+1), 0))
		row.Put("name", fmt.Sprintf("Thing %d", i%7)).Lead("name", record.ID{byte(i)}).Put("kind", []string{"a", "b", ""}[i%3])
		if i%2 == 0 {
			row.At("at", time.UnixMilli(int64(i)*36*3_600_000)).Count("broken", int64(i%4/2))
		}
		rows = append(rows, row)
	}
	for asked, want := range map[string]int{
		"": 23, "q=THING+3": 3, "q=thing+nothing": 0, "kind=a": 8, "kind=a&kind=b": 16, "kind=z": 23, "broken=1": 6, "since=1970-01-10": 9, "until=1970-01-04": 2,
		"since=nonsense": 23, "of=" + (record.ID{5}).String(): 1, "sort=at": 23, "sort=-at": 23, "sort=-kind&broken=1": 6, "sort=-name": 23,
	} {
		v, _ := url.ParseQuery(asked)
		var shown []list.Row
		for more := true; more; {
			q, err := l.Parse(v, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			page := l.RunOf(rows, q, 4)
			if shown = append(shown, page.Rows...); page.Total != want {
				t.Errorf("%q: %d in all, want %d", asked, page.Total, want)
			}
			v.Set("after", page.Next)
			more = page.Next != ""
		}
		seen := map[record.ID]bool{}
		for i, row := range shown {
			if seen[row.ID] = true; i > 0 && v.Get("sort") == "-at" && row.Cell("at").Number > shown[i-1].Cell("at").Number {
				t.Errorf("%q: out of order at %d", asked, i)
			}
		}
		if len(shown) != want || len(seen) != want {
			t.Errorf("%q: %d shown, %d of them different, want %d", asked, len(shown), len(seen), want)
		}
	}
}

// Rows without an id are told apart by the numbers of their key.
func TestRowsWithoutAnIDArePaged(t *testing.T) {
	t.Parallel()
	w := newTown(t, 40)
	for _, key := range [][]string{{"p.archived_at"}, {"p._del", "p.archived_at"}} {
		l := &list.List{Name: "numbered", From: "party p", Key: key, Where: "p._del = 0", Order: "name", Columns: []list.Column{{Name: "name", SQL: "p.name"}, {Name: "city", SQL: "p.city"}}}
		for _, order := range []string{"name", "-name", "city", "-city"} {
			v, seen := url.Values{"sort": {order}}, map[record.ID]bool{}
			for more := true; more; {
				q, err := l.Parse(v, time.UTC)
				if err != nil {
					t.Fatal(err)
				}
				w.read(func(s list.Selecter) error {
					page, err := l.Run(s, q, 7)
					for _, row := range page.Rows {
						seen[row.ID] = true
					}
					v.Set("after", page.Next)
					more = page.Next != ""
					return err
				})
			}
			if len(seen) != len(w.made) {
				t.Errorf("by %s, apart by %v: %d rows, want %d", order, key, len(seen), len(w.made))
			}
		}
	}
}

// What is told page by page comes once: for a file, though the list is asked for in an order in which too many match, and for who may see
// some of the rows only.
func TestWhatIsToldPageByPageComesOnceAndEnds(t *testing.T) {
	t.Parallel()
	w := newTown(t, list.CountMost+1)
	parsed := func(asked url.Values) list.Query {
		q, err := parties.Parse(asked, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	w.read(func(s list.Selecter) error {
		told := 0
		err := parties.EachPage(s, parsed(url.Values{"sort": {"note"}}), 300, func(rows []list.Row) error {
			if told += len(rows); told > len(w.made) {
				return io.ErrShortWrite
			}
			return nil
		})
		if err != nil || told != len(w.made) {
			t.Errorf("%d of %d are told: %v", told, len(w.made), err)
		}
		return nil
	})
	asked, seen, calls := url.Values{}, map[record.ID]bool{}, 0
	few := func(rows []list.Row) (some []list.Row, err error) {
		if calls++; calls > 100 {
			return nil, io.ErrShortWrite
		}
		for _, row := range rows {
			if row.ID[15]%8 == 0 {
				some = append(some, row)
			}
		}
		return some, nil
	}
	for more := true; more; {
		w.read(func(s list.Selecter) error {
			page, err := parties.RunSome(s, parsed(asked), 40, few)
			for _, row := range page.Rows {
				if seen[row.ID] {
					t.Errorf("%s comes twice", row.ID)
				}
				seen[row.ID] = true
			}
			if more = page.Next != ""; more && (len(page.Rows) < 40 || page.Total != len(page.Rows)+1) {
				t.Errorf("a page of %d says that there are %d", len(page.Rows), page.Total)
			}
			asked.Set("after", page.Next)
			return err
		})
	}
	want := 0
	for _, p := range w.made {
		if p.ID[15]%8 == 0 {
			want++
		}
	}
	if len(seen) != want {
		t.Errorf("%d of %d are seen", len(seen), want)
	}
}
