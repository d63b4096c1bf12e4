package sqlrow

import (
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// MatchesMost is how many rows Matches lists: of a text that more rows hold, each row that a query looks at is asked.
const MatchesMost = 1000

// matchesSome is how many are listed of a text that more rows hold.
const matchesSome = 2 * MatchesMost

// Matches are the living rows of a table that hold every piece of a text, for queries of the application's.
type Matches struct {
	Many bool // more than MatchesMost: a query does better to go through its rows in order than to begin with these

	index string         // the condition that the row with an id is in the index and holds the text; %s is that id, %apart the end of its subquery
	args  []driver.Value // of index
	list  string         // the other rows, as one argument of json_each
	some  string         // of many, those that were found first, likewise

	dialect Dialect
}

// Matches returns which rows of the table hold every piece of the text; see Find. A text without a letter or digit is
// held by no row. Refused is what Find refuses.
func (l *Layout) Matches(c *Conn, text, table string) (m Matches, err error) {
	f, err := l.finding(c, text)
	if err != nil {
		return m, err
	}
	t, err := f.of(table)
	if err != nil {
		return m, err
	}
	var list []candidate
	if len(f.ways) > 0 {
		if list, err = f.candidates(t, false, matchesSome); err != nil {
			return m, err
		}
	}
	if m.Many = len(list) > MatchesMost; m.Many {
		m.some = idList(list)
		m.index, m.args = f.condition(t)
		if list, err = f.written(t, false, dueMost); err != nil {
			return m, err
		}
	}
	m.list, m.dialect = idList(list), l.dialect
	return m, nil
}

// Best returns those of the rows that Find returns first, at most so many.
func (l *Layout) Best(c *Conn, text, table string, most int) (m Matches, err error) {
	hits, err := l.Find(c, text, SearchOptions{Tables: []string{table}, Limit: most})
	var list []candidate
	for _, h := range hits {
		list = append(list, candidate{id: h.ID})
	}
	m.list, m.dialect = idList(list), l.dialect
	return m, err
}

// None reports whether no row holds the text.
func (m Matches) None() bool { return !m.Many && m.list == idList(nil) }

// Way is how a query asks which of its rows hold a text.
type Way uint8

// The ways.
const (
	First Way = iota // it begins with those that do, by an index of their ids: they are few
	Aside            // it goes through its rows by other conditions
	Each             // the same, in order and until a page is full: PostgreSQL does not look for all that hold the text first
)

// Hold returns the condition that the row whose id an expression gives holds the text, and its arguments.
func (m Matches) Hold(id string, way Way) (condition string, args []driver.Value) {
	condition = m.dialect.listed(id, way)
	if !m.Many {
		return condition, []driver.Value{m.list}
	}
	apart := ""
	if way == Each {
		apart = " OFFSET 0" // no list is made of a subquery that has an offset
	}
	index := strings.NewReplacer("%s", id, "%apart", apart).Replace(m.index)
	return "(" + index + " OR " + condition + ")", append(append([]driver.Value{}, m.args...), m.list)
}

// listed is the condition that an id is in a list. SQLite finds the rows by an index unless the id has a + before it;
// PostgreSQL, where the condition is one of several, only by an array.
func (d Dialect) listed(id string, way Way) string {
	switch {
	case way != First:
		id = "+" + id
	case d == Postgres:
		return id + " = ANY (ARRAY(SELECT decode(value, 'hex') FROM json_array_elements_text(?::json) AS listed(value)))"
	}
	return id + " IN (SELECT unhex(value) FROM json_each(?))"
}

// Some returns, of many, the condition that the row is one of some thousands that hold the text, the latest first, and its
// arguments: a query that begins with these sees soon that there are more than it counts.
func (m Matches) Some(id string) (condition string, args []driver.Value) {
	return m.dialect.listed(id, First), []driver.Value{m.some}
}

// condition asks the index of one row. SQLite reads all numbers that fit once, which takes milliseconds, and looks them up
// from then on: so the number has a + before it, or the planner would look for each of them among those of the row.
// PostgreSQL looks at the row's own terms.
func (f *finding) condition(t *searched) (condition string, args []driver.Value) {
	above, below := t.numbers()
	if args = []driver.Value{int64(t.ID)}; f.layout.dialect == Postgres {
		condition, args = " AND found.terms @@ ?::tsquery", append(args, f.asks(t, false))
		var ways []string
		for _, cut := range f.ways {
			var stand []string
			for _, p := range cut {
				one, argument := p.standing()
				stand, args = append(stand, one), append(args, argument)
			}
			ways = append(ways, strings.Join(stand, " AND "))
		}
		condition += " AND (" + strings.Join(ways, " OR ") + ")%apart"
	} else {
		condition = " AND +found.n IN (SELECT rowid FROM _search WHERE _search MATCH ? AND rowid > ? AND rowid < ?)"
		args = append(args, f.asks(t, false), above, below)
	}
	condition = "EXISTS (SELECT 1 FROM _search_row found WHERE found.tbl = ? AND found.row = %s" + condition + ")"
	if len(f.dueKeys) > 0 {
		condition += " AND NOT EXISTS (SELECT 1 FROM _search_due due WHERE due.tbl = ? AND due.row = %s)"
		args = append(args, int64(t.ID))
	}
	return condition, args
}

// idList returns ids as one argument of json_each.
func idList(list []candidate) string {
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = hex.EncodeToString(c.id[:])
	}
	text, _ := json.Marshal(texts) // of strings: never fails
	return string(text)
}
