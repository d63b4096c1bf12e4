package list

import (
	"bytes"
	"cmp"
	"database/sql/driver"
	"slices"
	"strings"
	"time"

	"fieldsync/sync/record"
)

// Of some lists no table holds the rows: what a device says of itself this moment, or who may do what. Such a list has no
// From, its filters name columns in Where, and whoever shows it brings the rows, which are filtered, sorted and paged here.

// RunOf returns one page of the rows, of at most limit of them.
func (l *List) RunOf(rows []Row, q Query, limit int) Page {
	matching := l.Matching(rows, q)
	page := Page{Total: min(len(matching), CountMost+1), By: q.sort, Down: q.down}
	if q.after != nil {
		from, found := slices.BinarySearchFunc(matching, *q.after, func(row Row, after place) int { return q.compare(q.placeOf(&row), after) })
		if found {
			from++
		}
		matching = matching[from:]
	}
	page.Rows = matching[:min(limit, len(matching))]
	if len(matching) > limit {
		last := q.placeOf(&page.Rows[limit-1])
		page.Next = last.String()
	}
	return page
}

// Matching returns the rows that match, in order.
func (l *List) Matching(rows []Row, q Query) (matching []Row) {
	for i := range rows {
		if !slices.ContainsFunc(q.keeps, func(keeps func(*Row) bool) bool { return !keeps(&rows[i]) }) {
			matching = append(matching, rows[i])
		}
	}
	slices.SortFunc(matching, func(a, b Row) int { return q.compare(q.placeOf(&a), q.placeOf(&b)) })
	return matching
}

// EachOf calls do with every row that matches, in order: for an export.
func (l *List) EachOf(rows []Row, q Query, do func(Row) error) error {
	for _, row := range l.Matching(rows, q) {
		if err := do(row); err != nil {
			return err
		}
	}
	return nil
}

func (q *Query) placeOf(row *Row) place { return place{valueOf(row.Cell(q.sort.Name)), row.ID} }

// compare orders as the database does: what has no value first, and the other way round going down.
func (q *Query) compare(a, b place) int {
	order := cmp.Or(compareValues(a.value, b.value), bytes.Compare(a.id[:], b.id[:]))
	if q.down {
		return -order
	}
	return order
}

func compareValues(a, b driver.Value) int {
	an, aNumber := a.(int64)
	bn, bNumber := b.(int64)
	at, aText := a.(string)
	bt, bText := b.(string)
	switch {
	case aNumber && bNumber:
		return cmp.Compare(an, bn)
	case aText && bText:
		return cmp.Compare(at, bt)
	}
	return cmp.Compare(rank(a), rank(b))
}

func rank(v driver.Value) int {
	switch v.(type) {
	case nil:
		return 0
	case int64:
		return 1
	}
	return 2
}

func valueOf(c *Cell) driver.Value {
	switch {
	case c == nil || c.Null:
		return nil
	case c.Column.Kind == Text, c.Column.Kind == Translated, c.Column.Kind == Code:
		return c.Text
	}
	return c.Number
}

// keep narrows a list that no table holds.
func (q *Query) keep(l *List, f *Filter, answers []string, zone *time.Location) {
	keeps := l.keeper(f, answers, zone)
	if keeps != nil {
		q.keeps, q.On = append(q.keeps, keeps), true
	}
}

// keeper returns what holds of the rows that an answer leaves, nil for an answer that fits nothing.
func (l *List) keeper(f *Filter, answers []string, zone *time.Location) func(*Row) bool {
	switch f.Test {
	case Search:
		sought := strings.Fields(strings.ToLower(answers[0]))
		return func(row *Row) bool {
			return !slices.ContainsFunc(sought, func(word string) bool { return !row.holds(word) })
		}
	case OneOf:
		answers = slices.DeleteFunc(slices.Clone(answers), func(a string) bool { return !slices.Contains(f.Codes, a) })
		if len(answers) == 0 {
			return nil
		}
		return func(row *Row) bool { c := row.Cell(f.Where); return !c.Null && slices.Contains(answers, c.Text) }
	case Refers:
		id, err := record.ParseID(answers[0])
		if err != nil {
			return nil
		}
		return func(row *Row) bool { return row.Cell(f.Where).Ref == id }
	case Is:
		return func(row *Row) bool { c := row.Cell(f.Where); return !c.Null && c.Number != 0 }
	case Since, Until:
		from, until, ok := f.bounds(answers[0], zone)
		if !ok {
			return nil
		}
		return func(row *Row) bool {
			c := row.Cell(f.Where)
			return !c.Null && (f.Test == Since && c.Number >= from || f.Test == Until && c.Number < until)
		}
	}
	return nil
}

// holds reports whether one of the row's texts has the word in it, in whatever case.
func (r *Row) holds(word string) bool {
	return slices.ContainsFunc(r.Cells, func(c Cell) bool {
		return !c.Null && c.Column.Kind == Text && strings.Contains(strings.ToLower(c.Text), word)
	})
}

// Cell returns the row's cell of the column of that name, nil if there is none.
func (r *Row) Cell(name string) *Cell {
	i := slices.IndexFunc(r.Cells, func(c Cell) bool { return c.Column.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Cells[i]
}

// New returns a row of the list with empty cells, for Set to fill.
func (l *List) New(id record.ID) Row {
	row := Row{ID: id, Cells: make([]Cell, len(l.Columns))}
	for i := range row.Cells {
		row.Cells[i] = Cell{Column: &l.Columns[i], Null: true}
	}
	return row
}

// Put gives the row's cell of that name a text, none where it is "".
func (r *Row) Put(name, text string) *Row {
	c := r.Cell(name)
	c.Text, c.Null = text, text == ""
	return r
}

// Lead has the row's cell of that name lead to a row.
func (r *Row) Lead(name string, to record.ID) *Row {
	r.Cell(name).Ref = to
	return r
}

// Count gives the row's cell of that name a number.
func (r *Row) Count(name string, n int64) *Row {
	c := r.Cell(name)
	c.Number, c.Null = n, false
	return r
}

// At gives the row's cell of that name a moment, none where it is zero.
func (r *Row) At(name string, t time.Time) *Row {
	if !t.IsZero() {
		r.Count(name, t.UnixMilli())
	}
	return r
}
