package list

import (
	"database/sql/driver"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// BadCursor says that a link into the middle of a list is damaged.
const BadCursor fault.Code = "bad_cursor"

var errCursor = fault.New(BadCursor, "This link to a page of the list is damaged. Open the list again.")

// Query is what somebody asks of a list.
type Query struct {
	sort   *Column
	down   bool // from the greatest
	where  []string
	args   []driver.Value
	after  *place
	inside map[string]driver.Value // what is asked within From, by the clause
	seeks  []seek                  // texts that the index is asked for
	few    bool                    // the index has found few rows: read, and then sorted
	On     bool                    // some filter narrows the list
}

// seek is a text that somebody looks for.
type seek struct {
	in   []Found
	text string
}

// place is where a page of a list begins: after the row with that value in the sorted column, and that id.
type place struct {
	value driver.Value // nil, an int64 or a string
	id    record.ID
}

// Parse reads the query of a URL: its filters by their names, "sort" and "after". What names no filter is left alone,
// and an answer that fits none narrows nothing. Days are those of the zone. The error is a *fault.Error with the code
// BadCursor.
func (l *List) Parse(v url.Values, zone *time.Location) (Query, error) {
	q := Query{}
	q.sort, q.down = l.order(v.Get("sort"))
	if l.Where != "" {
		q.where = append(q.where, l.Where)
	}
	for i := range l.Filters {
		q.narrow(&l.Filters[i], v[l.Filters[i].Name], zone)
	}
	var err error
	if after := v.Get("after"); after != "" {
		q.after, err = parsePlace(after)
	}
	return q, err
}

func (l *List) order(asked string) (by *Column, down bool) {
	for _, name := range []string{asked, l.Order} {
		plain, down := strings.CutPrefix(name, "-")
		if c := l.Column(plain); c != nil && !c.Fixed {
			return c, down
		}
	}
	return &l.Columns[0], false
}

func (q *Query) narrow(f *Filter, answers []string, zone *time.Location) {
	answers = slices.DeleteFunc(slices.Clone(answers), func(s string) bool { return strings.TrimSpace(s) == "" })
	if len(answers) == 0 {
		return
	}
	switch f.Test {
	case Search:
		q.search(f, strings.TrimSpace(answers[0]))
	case OneOf:
		q.oneOf(f, answers)
	case Refers:
		if id, err := record.ParseID(answers[0]); err == nil && f.Inside != "" {
			q.inside, q.On = map[string]driver.Value{f.Inside: id[:]}, true // of which a list has one
		} else if err == nil {
			q.refers(f.Where, id)
		}
	case Is:
		q.and(f.Where)
	case Since, Until:
		q.day(f, answers[0], zone)
	}
}

func (q *Query) and(where string, args ...driver.Value) {
	q.where, q.args, q.On = append(q.where, "("+where+")"), append(q.args, args...), true
}

// refers compares an expression with the id, or puts it wherever a condition asks for it.
func (q *Query) refers(where string, id record.ID) {
	if !strings.Contains(where, "?") {
		where += " = ?"
	}
	args := make([]driver.Value, strings.Count(where, "?"))
	for i := range args {
		args[i] = id[:]
	}
	q.and(where, args...)
}

func (q *Query) search(f *Filter, text string) {
	if len(f.In) > 0 {
		q.seeks, q.On = append(q.seeks, seek{f.In, text}), true
		return
	}
	pattern := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
	args := make([]driver.Value, strings.Count(f.Where, "?"))
	for i := range args {
		args[i] = pattern
	}
	q.and(f.Where, args...)
}

// from returns the list's FROM clause with what is asked within it, and its arguments.
func (l *List) from(q Query) (from string, args []driver.Value) {
	from = l.From
	for i := range l.Filters {
		if f := &l.Filters[i]; f.Inside != "" {
			clause := ""
			if value, asked := q.inside[f.Inside]; asked {
				clause, args = " "+f.Inside, append(args, value)
			}
			from = strings.ReplaceAll(from, "{"+f.Name+"}", clause)
		}
	}
	return from, args
}

// sought returns the query with the conditions of what the index finds.
func (q Query) sought(s Selecter) (Query, error) {
	q.where, q.args = slices.Clip(q.where), slices.Clip(q.args)
	for _, seek := range q.seeks {
		condition, args, many, err := Seek(s, seek.in, seek.text)
		if err != nil {
			return q, err
		}
		q.and(condition, args...)
		q.few = q.few || len(many) == 0
	}
	return q, nil
}

// Seek returns the condition that a text is found in one of the tables, and those of them of which many rows hold it: where
// there are any, a query does better to go through its rows in order.
func Seek(s Selecter, in []Found, text string) (condition string, args []driver.Value, many []string, err error) {
	var either []string
	for _, f := range in {
		m, err := s.Matches(text, f.Table)
		if err != nil {
			return "", nil, nil, err
		}
		one, more := m.Hold(f.At)
		either, args = append(either, one), append(args, more...)
		if m.Many {
			many = append(many, f.Table)
		}
	}
	if len(many) > 0 {
		for i := range in {
			either[i] = strings.ReplaceAll(either[i], in[i].At+" IN", "+"+in[i].At+" IN")
		}
	}
	return strings.Join(either, " OR "), args, many, nil
}

func (q *Query) oneOf(f *Filter, answers []string) {
	var args []driver.Value
	for _, a := range answers {
		if len(f.Codes) == 0 || slices.Contains(f.Codes, a) {
			args = append(args, a)
		}
	}
	if len(args) > 0 {
		q.and(f.Where+" IN (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
	}
}

func (q *Query) day(f *Filter, answer string, zone *time.Location) {
	if f.Days {
		zone = time.UTC
	}
	day, err := time.ParseInLocation(time.DateOnly, answer, zone)
	if err != nil {
		return
	}
	of := func(t time.Time) int64 {
		if f.Days {
			return t.Unix() / 86400
		}
		return t.UnixMilli()
	}
	if f.Test == Since {
		q.and(f.Where+" >= ?", of(day))
	} else {
		q.and(f.Where+" < ?", of(day.AddDate(0, 0, 1)))
	}
}

// String returns the cursor of what comes after the place: the id, and the value with the letter of its type.
func (p *place) String() string {
	switch v := p.value.(type) {
	case int64:
		return p.id.String() + "i" + strconv.FormatInt(v, 10)
	case string:
		return p.id.String() + "t" + v
	}
	return p.id.String() + "n"
}

func parsePlace(cursor string) (*place, error) {
	length := len(record.ID{}.String())
	if len(cursor) <= length {
		return nil, errCursor
	}
	id, err := record.ParseID(cursor[:length])
	if err != nil {
		return nil, errCursor
	}
	p, value := &place{id: id}, cursor[length+1:]
	switch cursor[length] {
	case 'i':
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, errCursor
		}
		p.value = n
	case 't':
		p.value = value
	case 'n':
	default:
		return nil, errCursor
	}
	return p, nil
}
