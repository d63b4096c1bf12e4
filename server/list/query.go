package list

import (
	"cmp"
	"database/sql/driver"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
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
	few    bool                    // an index finds few rows: read, and then sorted
	some   *Query                  // where an index finds many rows, the query for some of them
	oneOf  map[int]string          // which of where compare an expression that an index may have
	each   map[int]string          // what stands in where instead when rows are gone through in order
	keeps  []func(*Row) bool       // what holds of a row, of a list that no table has
	order  string                  // unless asked otherwise
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
	q := Query{order: l.Order}
	if l.Where != "" {
		q.where = append(q.where, l.Where)
	}
	for i := range l.Filters {
		f := &l.Filters[i]
		answers := slices.DeleteFunc(slices.Clone(v[f.Name]), func(s string) bool { return strings.TrimSpace(s) == "" })
		switch {
		case f.Test == Tab:
			q.tab(f, answers)
		case len(answers) == 0 && f.Else != "":
			q.where = append(q.where, f.Else)
		case len(answers) == 0:
		case l.From == "":
			q.keep(l, f, answers, zone)
		default:
			q.narrow(f, answers, zone)
		}
	}
	q.sort, q.down = l.order(v.Get("sort"), q.order)
	var err error
	if after := v.Get("after"); after != "" {
		q.after, err = parsePlace(after)
	}
	return q, err
}

// order returns the first of the orders that there is.
func (l *List) order(orders ...string) (by *Column, down bool) {
	for _, name := range orders {
		plain, down := strings.CutPrefix(name, "-")
		if c := l.Column(plain); c != nil && !c.Told {
			return c, down
		}
	}
	return &l.Columns[0], false
}

// fit says how the rows that match are sorted best, now that they are counted: few are sorted by whatever was asked, and
// read first where an index has them or all of them are shown; of many no more is read than the page, in the order of an
// index, and by the list's own order where none has the one asked for.
func (q *Query) fit(l *List, total, shown int) {
	if total <= CountMost {
		q.few = q.few || len(q.oneOf) > 0 || total <= shown
		return
	}
	if q.sort.Fixed {
		q.sort, q.down = l.order(q.order)
		q.after = nil
	}
	q.unindexed()
	for i, condition := range q.each {
		q.where[i] = condition
	}
}

// unindexed has the query begin with no index of an expression that it compares.
func (q *Query) unindexed() {
	q.where = slices.Clone(q.where)
	for i, expression := range q.oneOf {
		q.where[i] = strings.Replace(q.where[i], expression, "+"+expression, 1)
	}
}

// tab narrows by the answer given, else by the first.
func (q *Query) tab(f *Filter, answers []string) {
	at := max(0, slices.IndexFunc(f.Tabs, func(c Choice) bool { return slices.Contains(answers, c.Code) }))
	chosen := f.Tabs[at]
	q.where, q.order = append(q.where, chosen.Where), cmp.Or(chosen.Order, q.order)
}

func (q *Query) narrow(f *Filter, answers []string, zone *time.Location) {
	switch f.Test {
	case Search:
		q.search(f, strings.TrimSpace(answers[0]))
	case OneOf:
		q.among(f, answers)
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
func (q Query) sought(l *List, s Selecter) (Query, error) {
	q.where, q.args, q.each = slices.Clip(q.where), slices.Clip(q.args), map[int]string{}
	some, fewer := q, false
	for _, seek := range q.seeks {
		found, err := find(s, seek)
		if err != nil {
			return q, err
		}
		way := sqlrow.First
		if found.many() {
			way = sqlrow.Aside
			each, _ := found.hold(sqlrow.Each)
			q.each[len(q.where)] = "(" + each + ")"
		}
		condition, args := found.hold(way)
		q.and(condition, args...)
		q.few = q.few || way == sqlrow.First
		if m := found.matches(l.ID); !fewer && m.Many {
			fewer = true
			condition, args = m.Some(l.ID)
		}
		some.and(condition, args...)
	}
	if fewer {
		some.unindexed()
		q.some = &some
	}
	return q, nil
}

// found is what the index says of a text, table by table.
type found []struct {
	in Found
	sqlrow.Matches
}

func find(s Selecter, what seek) (f found, err error) {
	f = make(found, len(what.in))
	for i, in := range what.in {
		f[i].in = in
		if f[i].Matches, err = s.Matches(what.text, in.Table); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// many reports whether many rows of one of the tables hold the text: a query does better then to go through its rows in order.
func (f found) many() bool {
	for _, m := range f {
		if m.Many {
			return true
		}
	}
	return false
}

// matches returns those of the table that has its ids there.
func (f found) matches(at string) (m sqlrow.Matches) {
	for _, m := range f {
		if m.in.At == at {
			return m.Matches
		}
	}
	return m
}

// hold returns the condition that the text is found in one of the tables, and its arguments. Those in which it is nowhere
// are left out: a database would reckon with some rows of each, and plan for them.
func (f found) hold(way sqlrow.Way) (condition string, args []driver.Value) {
	either := []string{"1 = 0"}
	for _, m := range f {
		if m.None() {
			continue
		}
		one, more := m.Hold(m.in.At, way)
		either, args = append(either, one), append(args, more...)
	}
	return strings.Join(either[min(1, len(either)-1):], " OR "), args
}

func (q *Query) among(f *Filter, answers []string) {
	var args []driver.Value
	for _, a := range answers {
		if len(f.Codes) == 0 || slices.Contains(f.Codes, a) {
			args = append(args, a)
		}
	}
	if len(args) > 0 {
		if simple.MatchString(f.Where) {
			if q.oneOf == nil {
				q.oneOf = map[int]string{}
			}
			q.oneOf[len(q.where)] = f.Where
		}
		q.and(f.Where+" IN (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
	}
}

func (q *Query) day(f *Filter, answer string, zone *time.Location) {
	if f.Days {
		zone = time.UTC
	}
	from, until, ok := f.bounds(answer, zone)
	switch {
	case !ok:
	case f.Test == Since:
		q.and(f.Where+" >= ?", from)
	default:
		q.and(f.Where+" < ?", until)
	}
}

// bounds returns the beginning of a day and that of the next, as the filter's column holds moments.
func (f *Filter) bounds(answer string, zone *time.Location) (from, until int64, ok bool) {
	day, err := time.ParseInLocation(time.DateOnly, answer, zone)
	of := func(t time.Time) int64 {
		if f.Days {
			return t.Unix() / 86400
		}
		return t.UnixMilli()
	}
	return of(day), of(day.AddDate(0, 0, 1)), err == nil
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
