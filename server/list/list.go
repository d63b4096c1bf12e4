// Package list answers the tables that the office shows: each is declared once, and can then be filtered, sorted,
// paged and exported. It knows SQL and nothing of pages.
package list

import (
	"database/sql/driver"
	"encoding/binary"
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// List is one table of the office. Its texts are constants of the program; what people type is only ever an argument.
type List struct {
	Name    string   // in URLs, files and the lists of words: "party"
	From    string   // a FROM clause with its joins: "party p LEFT JOIN party g ON g.id = p.parent"
	ID      string   // the id of a row, unique over the list: "p.id"
	Key     []string // instead of ID, where rows have none: the one or two whole numbers that tell them apart; see KeyOf
	Where   string   // what holds of every row shown: "p._del = 0"
	Columns []Column // the first names the row, and leads to it
	Filters []Filter
	Order   string   // the column it is sorted by unless asked otherwise, with "-" before it from the greatest down
	Indexes []string // CREATE INDEX IF NOT EXISTS, what makes it fast
}

// Kind is what a column holds, and so how it is shown.
type Kind uint8

// The kinds.
const (
	Text       Kind = iota
	Translated      // a translated text, as the store holds it
	Number          // a whole number, or one of Scale digits after the point
	Instant         // ms since 1970 UTC
	Date            // days since 1970-01-01
	Money           // minor units; Unit holds the expression of the currency
	Quantity        // a Number with a unit; Unit holds its expression
	Code            // a code; Codes names its column in the lists of words
	Flag            // 1: yes
	Made            // when the row was made, which its id says: SQL is the list's ID
)

// Column is one column of a list.
type Column struct {
	Name  string // in URLs and in the lists of words
	SQL   string // its expression
	Kind  Kind
	Scale uint8  // of Number and Quantity
	Unit  string // of Money and Quantity: the expression of the currency or unit
	Codes string // of Code: the column in the lists of words, "job.state"
	Ref   string // the expression of the id that it leads to, "" if it leads nowhere
	URL   string // before that id: "/customers/"
	Fixed bool   // no index has it in order: it is sorted by only where few rows match
	Told  bool   // whoever shows the list says it, row by row: no SQL does, and nothing is sorted by it
	Aside bool   // shown only when it is chosen
	Named bool   // a text that says little without the column's name; figures and flags have it anyway
}

// IsNumber reports whether a column stands in figures.
func (c *Column) IsNumber() bool { return c.Kind >= Number && c.Kind <= Quantity }

// IsNamed reports whether the column's name stands at each of its values where there is no room for a table.
func (c *Column) IsNamed() bool { return c.IsNumber() || c.Kind == Flag || c.Named }

// IsChip reports whether a column holds states, which are shown as such.
func (c *Column) IsChip() bool { return c.Kind == Code }

// Test is what a filter asks.
type Test uint8

// The tests.
const (
	Search Test = iota // a text: rows found by the index (In), or, of lists that stay short, at any place (every ? of Where is its pattern)
	OneOf              // some of Codes: Where is an expression that is compared with them
	Refers             // one row: Where is an expression that is compared with its id, or a condition with ? for it; Options lists what there is
	Is                 // yes or no: Where is the condition
	Since              // a day and after: Where is an expression in ms, or days where Days is set
	Until              // a day and before
	Tab                // one of Tabs, the first unless asked otherwise
)

// Filter is one question that narrows a list.
type Filter struct {
	Name    string
	Test    Test
	Where   string
	Else    string   // of Is: what holds where the question is not asked, "" for nothing; it narrows nothing that a page speaks of
	In      []Found  // of Search
	Codes   []string // of OneOf
	Names   string   // of OneOf and Tab: the column in the lists of words
	Tabs    []Choice // of Tab
	Options string   // of Refers: a query of id and label
	Of      string   // of Refers: without Options, the table of the row; such a filter shows only where it is asked
	Called  string   // of Refers: instead of Of, a query of the label of the row with that id
	Inside  string   // of Refers: instead of Where, a WHERE clause with one ? that stands in From where {Name} is, for what is added up there
	Days    bool     // of Since and Until
}

// Choice is one answer to a Tab: what holds of the rows that it shows, and the order that they have unless asked otherwise.
type Choice struct{ Code, Where, Order string }

// Found says where the search index looks for a text: a row of the list is found where the expression At is the id of a row
// of the table that holds it. See sqlrow.Layout.Find for what finds what.
type Found struct{ Table, At string }

// In returns where to look, from tables and expressions in turn.
func In(pairs ...string) (in []Found) {
	for i := 0; i < len(pairs); i += 2 {
		in = append(in, Found{pairs[i], pairs[i+1]})
	}
	return in
}

// Column returns the column of that name, nil if there is none.
func (l *List) Column(name string) *Column {
	i := slices.IndexFunc(l.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &l.Columns[i]
}

// Cell is one value of a row.
type Cell struct {
	Column *Column
	Null   bool
	Text   string    // Text, Translated and Code; the unit or currency of Quantity and Money
	Number int64     // Number, Instant, Date, Money, Quantity and Flag
	Ref    record.ID // what it leads to
}

// Row is one row of a list: a cell a column, in the order of List.Columns.
type Row struct {
	ID    record.ID
	Cells []Cell
}

// KeyOf returns the id of a row that two whole numbers tell apart, the second being 0 where one does.
func KeyOf(a, b uint64) (id record.ID) {
	binary.BigEndian.PutUint64(id[:8], a)
	binary.BigEndian.PutUint64(id[8:], b)
	return id
}

// Numbers returns what KeyOf was given.
func Numbers(id record.ID) (a, b uint64) {
	return binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
}

// Page is one page of a list.
type Page struct {
	Rows  []Row
	Total int     // how many rows match in all, of more than CountMost one more than that
	Next  string  // the cursor of the next page, "" after the last
	By    *Column // what it is sorted by, which is not what was asked where too many match
	Down  bool    // from the greatest
}

// Sorted returns by what the page is sorted, as a URL says it.
func (p *Page) Sorted() string {
	if p.Down {
		return "-" + p.By.Name
	}
	return p.By.Name
}

// Sorts reports whether the rows that match can be sorted by the column.
func (p *Page) Sorts(c *Column) bool { return !c.Told && (!c.Fixed || p.Total <= CountMost) }

// CountMost is how far the rows of a list are counted: nobody reads more, and to count all would take longer than to show
// them.
const CountMost = 1000

// Selecter runs queries of the program's within one snapshot.
type Selecter interface {
	Select(read func(*sqlrow.Rows) error, query string, args ...driver.Value) error
	// Matches returns which rows of a table hold a text; see sqlrow.Layout.Matches.
	Matches(text, table string) (sqlrow.Matches, error)
}

// Option is one answer to a filter that refers to rows.
type Option struct {
	ID    record.ID
	Label string
}

// OptionsOf returns the answers there are to a filter, in the order of its query.
func OptionsOf(s Selecter, f *Filter) (options []Option, err error) {
	err = s.Select(func(q *sqlrow.Rows) error {
		options = append(options, Option{q.ID(0), q.Text(1)})
		return q.Err()
	}, f.Options)
	return options, err
}
