package list

import (
	"database/sql/driver"
	"regexp"
	"strings"

	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// Run returns one page of the list, of at most limit rows.
func (l *List) Run(s Selecter, q Query, limit int) (Page, error) {
	var page Page
	q, err := q.sought(l, s)
	if err != nil {
		return page, err
	}
	page.Total, err = l.count(s, q)
	if err != nil {
		return page, err
	}
	q.fit(l, page.Total, limit)
	if page.By, page.Down = q.sort, q.down; page.Total == 0 {
		return page, nil
	}
	places, err := l.read(s, q, limit+1, &page)
	if len(page.Rows) > limit {
		page.Rows, page.Next = page.Rows[:limit], places[limit-1].String()
	}
	return page, err
}

// RunSome is Run for who may see only some of the rows, which see returns: it goes on until they fill a page. Total is how many
// those of the page are, or one more where there may be others.
func (l *List) RunSome(s Selecter, q Query, limit int, see func([]Row) ([]Row, error)) (some Page, err error) {
	first := q.after == nil
	for {
		page, err := l.Run(s, q, limit)
		if err != nil {
			return some, err
		}
		seen, err := see(page.Rows)
		if err != nil {
			return some, err
		}
		page.Rows = append(some.Rows, seen...)
		if some = page; len(some.Rows) >= limit || page.Next == "" {
			break
		}
		if err = q.goOn(&page); err != nil {
			return some, err
		}
	}
	if some.Total = len(some.Rows); some.Next != "" || !first {
		some.Total++
	}
	return some, nil
}

// EachPage calls do with every page of at most so many rows, in order: for an export of what takes more than the rows to say.
func (l *List) EachPage(s Selecter, q Query, limit int, do func([]Row) error) error {
	for {
		page, err := l.Run(s, q, limit)
		if err == nil && len(page.Rows) > 0 {
			err = do(page.Rows)
		}
		if err != nil || page.Next == "" {
			return err
		}
		if err = q.goOn(&page); err != nil {
			return err
		}
	}
}

// goOn has the query go on behind the page, sorted as that is: where too many match, not as was asked.
func (q *Query) goOn(page *Page) (err error) {
	q.sort, q.down = page.By, page.Down
	q.after, err = parsePlace(page.Next)
	return err
}

// count counts the rows that match, as far as CountMost and one: by some of those that an index finds, where there are as many
// among them, for it would take longer to go through all rows in order.
func (l *List) count(s Selecter, q Query) (total int, err error) {
	if q.some != nil {
		if total, err = l.count(s, *q.some); err != nil || total > CountMost {
			return total, err
		}
	}
	from, args := l.from(q)
	err = s.Select(func(r *sqlrow.Rows) error { total = int(r.Int(0)); return r.Err() },
		"SELECT count(*) FROM (SELECT 1 FROM "+from+where(q.where)+" LIMIT ?) counted", append(append(args, q.args...), int64(CountMost+1))...)
	return total, err
}

// Each calls do with every row that matches, in the order of the pages: for an export.
func (l *List) Each(s Selecter, q Query, do func(Row) error) error {
	q, err := q.sought(l, s)
	if err != nil {
		return err
	}
	total, err := l.count(s, q)
	if err != nil {
		return err
	}
	q.fit(l, total, total)
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
		p := place{id: row.ID}
		if !l.byID(q) {
			p.value = plain(r.Values()[0])
		}
		places = append(places, p)
		return err
	}, l.sql(q, " LIMIT ?"), append(l.arguments(q), int64(limit))...)
	return places, err
}

// keys are what tells rows apart.
func (l *List) keys() []string {
	if len(l.Key) > 0 {
		return l.Key
	}
	return []string{l.ID}
}

// byID reports whether a query goes by the ids alone.
func (l *List) byID(q Query) bool { return q.sort.Kind == Made }

// sql composes the query: the sorted value, what tells rows apart, then of each column its value, unit and reference.
func (l *List) sql(q Query, end string) string {
	var b strings.Builder
	b.WriteString("SELECT " + q.sort.SQL + ", " + strings.Join(l.keys(), ", "))
	for i := range l.Columns {
		c := &l.Columns[i]
		if c.Told {
			b.WriteString(", NULL")
		} else {
			b.WriteString(", " + c.SQL)
		}
		for _, more := range []string{c.Unit, c.Ref} {
			if more != "" {
				b.WriteString(", " + more)
			}
		}
	}
	conditions := q.where
	if q.after != nil {
		conditions = append(conditions[:len(conditions):len(conditions)], l.beyond(q))
	}
	down, nulls := "", " NULLS FIRST"
	if q.down {
		down, nulls = " DESC", " DESC NULLS LAST"
	}
	orders := []string{q.by() + nulls}
	if l.byID(q) {
		orders = []string{q.by() + down}
	} else {
		for _, key := range l.keys() {
			orders = append(orders, key+down)
		}
	}
	from, _ := l.from(q)
	b.WriteString(" FROM " + from + where(conditions) + " ORDER BY " + strings.Join(orders, ", ") + end)
	return b.String()
}

// by is what is sorted by. The few rows that match are read first: with a + before the column no other index gives them
// in order.
func (q *Query) by() string {
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
func (l *List) beyond(q Query) string {
	by, keys := q.sort.SQL, l.keys()
	all, marks := strings.Join(keys, ", "), strings.Repeat(", ?", len(keys))[2:]
	sign := " > "
	if q.down {
		sign = " < "
	}
	behind := "(" + all + ")" + sign + "(" + marks + ")"
	switch none := q.after.value == nil; {
	case l.byID(q):
		return behind
	case none && q.down:
		return "(" + by + " IS NULL AND " + behind + ")"
	case none:
		return "(" + by + " IS NULL AND " + behind + " OR " + by + " IS NOT NULL)"
	case q.down:
		return "((" + by + ", " + all + ") < (?, " + marks + ") OR " + by + " IS NULL)"
	}
	return "(" + by + ", " + all + ") > (?, " + marks + ")"
}

func (l *List) arguments(q Query) []driver.Value {
	_, args := l.from(q)
	args = append(args, q.args...)
	if q.after == nil {
		return args
	}
	if q.after.value != nil && !l.byID(q) {
		args = append(args, q.after.value)
	}
	if len(l.Key) == 0 {
		return append(args, q.after.id[:])
	}
	a, b := Numbers(q.after.id)
	return append(args, []driver.Value{int64(a), int64(b)}[:len(l.Key)]...)
}

// id reads what tells a row apart, which begins at the second value.
func (l *List) id(r *sqlrow.Rows) record.ID {
	switch len(l.Key) {
	case 0:
		return r.ID(1)
	case 1:
		return KeyOf(r.Uint(1), 0)
	}
	return KeyOf(r.Uint(1), r.Uint(2))
}

func (l *List) row(r *sqlrow.Rows) (Row, error) {
	row, at := Row{ID: l.id(r), Cells: make([]Cell, len(l.Columns))}, 1+len(l.keys())
	for i := range l.Columns {
		c, cell := &l.Columns[i], &row.Cells[i]
		cell.Column, cell.Null = c, r.Null(at)
		switch {
		case cell.Null || c.Told:
		case c.Kind == Text, c.Kind == Translated, c.Kind == Code:
			cell.Text = r.Text(at)
		case c.Kind == Made:
			var says bool
			cell.Number, says = row.ID.Made()
			cell.Null = !says
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
