package list

import (
	"database/sql/driver"
	"regexp"
	"strings"

	"fieldsync/sync/sqlrow"
)

// Run returns one page of the list, of at most limit rows.
func (l *List) Run(s Selecter, q Query, limit int) (Page, error) {
	var page Page
	q, err := q.sought(s)
	if err != nil {
		return page, err
	}
	from, args := l.from(q)
	err = s.Select(func(r *sqlrow.Rows) error { page.Total = int(r.Int(0)); return r.Err() },
		"SELECT count(*) FROM (SELECT 1 FROM "+from+where(q.where)+" LIMIT ?) counted", append(append(args, q.args...), int64(CountMost+1))...)
	if err != nil || page.Total == 0 {
		return page, err
	}
	places, err := l.read(s, q, limit+1, &page)
	if len(page.Rows) > limit {
		page.Rows, page.Next = page.Rows[:limit], places[limit-1].String()
	}
	return page, err
}

// Each calls do with every row that matches, in order: for an export.
func (l *List) Each(s Selecter, q Query, do func(Row) error) error {
	q, err := q.sought(s)
	if err != nil {
		return err
	}
	return s.Select(func(r *sqlrow.Rows) error {
		row, err := l.row(r)
		if err != nil {
			return err
		}
		return do(row)
	}, l.sql(q, ""), l.arguments(q)...)
}

func (l *List) read(s Selecter, q Query, limit int, page *Page) (places []place, err error) {
	err = s.Select(func(r *sqlrow.Rows) error {
		row, err := l.row(r)
		page.Rows = append(page.Rows, row)
		places = append(places, place{plain(r.Values()[1]), row.ID})
		return err
	}, l.sql(q, " LIMIT ?"), append(l.arguments(q), int64(limit))...)
	return places, err
}

// sql composes the query: the id, the sorted value, then of each column its value, unit and reference.
func (l *List) sql(q Query, end string) string {
	var b strings.Builder
	b.WriteString("SELECT " + l.ID + ", " + q.sort.SQL)
	for i := range l.Columns {
		c := &l.Columns[i]
		b.WriteString(", " + c.SQL)
		for _, more := range []string{c.Unit, c.Ref} {
			if more != "" {
				b.WriteString(", " + more)
			}
		}
	}
	conditions := q.where
	if q.after != nil {
		conditions = append(conditions[:len(conditions):len(conditions)], q.beyond(l.ID))
	}
	down, nulls := "", " NULLS FIRST"
	if q.down {
		down, nulls = " DESC", " DESC NULLS LAST"
	}
	from, _ := l.from(q)
	b.WriteString(" FROM " + from + where(conditions) + " ORDER BY " + q.order() + nulls + ", " + l.ID + down + end)
	return b.String()
}

// order is what is sorted by. The few rows that the index has found are read first: with a + before the column no other
// index gives them in order.
func (q *Query) order() string {
	if q.few && simple.MatchString(q.sort.SQL) {
		return "+" + q.sort.SQL
	}
	return q.sort.SQL
}

var simple = regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)

func where(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}

// beyond is the condition of what comes after the place; rows without a value stand first going up, last going down.
func (q *Query) beyond(id string) string {
	by := q.sort.SQL
	switch none := q.after.value == nil; {
	case none && q.down:
		return "(" + by + " IS NULL AND " + id + " < ?)"
	case none:
		return "(" + by + " IS NULL AND " + id + " > ? OR " + by + " IS NOT NULL)"
	case q.down:
		return "((" + by + ", " + id + ") < (?, ?) OR " + by + " IS NULL)"
	}
	return "(" + by + ", " + id + ") > (?, ?)"
}

func (l *List) arguments(q Query) []driver.Value {
	_, args := l.from(q)
	args = append(args, q.args...)
	if q.after == nil {
		return args
	}
	if q.after.value != nil {
		args = append(args, q.after.value)
	}
	return append(args, q.after.id[:])
}

func (l *List) row(r *sqlrow.Rows) (Row, error) {
	row, at := Row{ID: r.ID(0), Cells: make([]Cell, len(l.Columns))}, 2
	for i := range l.Columns {
		c, cell := &l.Columns[i], &row.Cells[i]
		cell.Column, cell.Null = c, r.Null(at)
		switch c.Kind {
		case Text, Translated, Code:
			cell.Text = r.Text(at)
		default:
			cell.Number = r.Int(at)
		}
		at++
		if c.Unit != "" {
			cell.Text = r.Text(at)
			at++
		}
		if c.Ref != "" {
			if !r.Null(at) {
				cell.Ref = r.ID(at)
			}
			at++
		}
	}
	return row, r.Err()
}

// plain returns a value as a cursor keeps it.
func plain(v driver.Value) driver.Value {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v
}
