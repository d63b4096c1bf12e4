package sqlrow

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"fieldsync/sync/schema"
)

// Search is the full-text index over the columns that a schema marks as searchable: an FTS5 table without content of its
// own, in the same SQLite file as the rows; terms.go says what it holds of a text, find.go how it is asked, searchpg.go
// what PostgreSQL has in its place.
// It stands in four tables:
//
//	_search        FTS5: the terms of each indexed row, by its number
//	_search_row    which row has which number: exactly the rows that are in the index. Those of one table stand in a
//	               stretch of their own, so that one table is searched without a look at the others
//	_search_due    rows that changed since, each with the text that the index holds of it
//	_search_state  how far the first build has come, and what it was built for
//
// To take a row out of an FTS5 table without content one must know what went in. So, in every committed state: the index
// holds of a row the text in _search_due or, where it is not there, the text that the row has now. A write to a row adds
// to _search_due, in its own transaction; whoever has time works that off with Step, in small transactions. So nothing is
// ever missing for good, wherever a process dies, and no writer waits for the index. A row that is dropped leaves the
// index in the same transaction; FTS5's secure-delete then takes its terms out of the pages they stand on.
//
// The first build walks the tables in key order. Rows beyond the place it has reached need no entry in _search_due, so
// that a first download costs nothing. A schema whose searchable columns are others than those the index was built for,
// or a program that cuts text otherwise, builds it anew.
type Search struct {
	layout    *Layout
	tables    []*searched // in the order in which they are built: by class, then id
	byID      map[schema.TableID]*searched
	signature string
}

// searched is a table with searchable columns.
type searched struct {
	*schema.Table
	place   int   // in Search.tables
	columns []int // positions of the searchable ones

	text, page string // the values of one row; those of the living rows after an id
}

// termsVersion rises whenever terms.go cuts text otherwise, or rows are numbered otherwise; PostgreSQL's terms have a mark.
const termsVersion = 3

// stretch is how many numbers the rows of one table have.
const stretch = 1 << 40

// numbers returns between which numbers those of the table's rows lie, both excluded.
func (t *searched) numbers() (above, below int64) {
	return int64(t.place) * stretch, int64(t.place+1) * stretch
}

// newSearch returns the index of the layout, nil where the schema marks nothing.
func newSearch(l *Layout) *Search {
	s := &Search{layout: l, byID: map[schema.TableID]*searched{}}
	hash := fnv.New64a()
	for _, t := range l.schema.Tables {
		if of := searchedTable(t); of != nil {
			s.tables, s.byID[t.ID] = append(s.tables, of), of
		}
	}
	if len(s.tables) == 0 {
		return nil
	}
	slices.SortFunc(s.tables, func(a, b *searched) int { return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.ID, b.ID)) })
	fmt.Fprint(hash, termsVersion)
	if l.dialect == Postgres {
		fmt.Fprint(hash, "marked")
	}
	for place, t := range s.tables {
		t.place = place
		for _, at := range t.columns {
			fmt.Fprint(hash, " ", t.ID, " ", t.Columns[at].ID)
		}
	}
	s.signature = hex.EncodeToString(hash.Sum(nil))
	return s
}

func searchedTable(t *schema.Table) *searched {
	s := &searched{Table: t}
	var names []string
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Has(schema.Searchable) {
			s.columns = append(s.columns, i)
			for _, column := range columnsOf(c) {
				names = append(names, Quote(column.name))
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	from := "SELECT id, _del, " + strings.Join(names, ", ") + " FROM " + Quote(t.Name)
	s.text = from + " WHERE id = ?"
	s.page = from + " WHERE id > ? ORDER BY id"
	return s
}

const searchTables = `CREATE VIRTUAL TABLE _search USING fts5(text, content='', tokenize="ascii tokenchars '#='");
INSERT INTO _search(_search, rank) VALUES('secure-delete', 1);
CREATE TABLE _search_row (
	n   INTEGER PRIMARY KEY,
	tbl INTEGER NOT NULL,
	row BLOB    NOT NULL,
	UNIQUE (tbl, row)
);
CREATE TABLE _search_due (
	tbl INTEGER NOT NULL,
	row BLOB    NOT NULL,
	old BLOB,             -- what the index holds of the row; null for a row that is not in it
	PRIMARY KEY (tbl, row)
) WITHOUT ROWID;
CREATE TABLE _search_state (
	one       INTEGER PRIMARY KEY CHECK (one = 1),
	signature TEXT    NOT NULL,
	place     INTEGER NOT NULL, -- of the table that is being built; the number of tables when all are
	row       BLOB    NOT NULL  -- the last row of it that is in the index
)`

// migrate makes the tables of the index, empty, where there are none or those of another index.
func (s *Search) migrate(c *Conn) error {
	if s == nil {
		return nil
	}
	have, err := c.HasTable("_search_state")
	if err != nil {
		return err
	}
	built := ""
	if have {
		_, err = c.One(func(r *Rows) error { built = r.Text(0); return nil }, "SELECT signature FROM _search_state")
		if err != nil || built == s.signature {
			return err
		}
	}
	_, err = c.Exec("DROP TABLE IF EXISTS _search; DROP TABLE IF EXISTS _search_row; DROP TABLE IF EXISTS _search_due;" +
		"DROP TABLE IF EXISTS _search_state;" + s.definition())
	if err != nil {
		return err
	}
	_, err = c.Exec("INSERT INTO _search_state(one, signature, place, row) VALUES(1, ?, 0, x'')", s.signature)
	return err
}

// definition returns the statements that make the tables of the index.
func (s *Search) definition() string {
	if s.layout.dialect == Postgres {
		return searchTablesInPostgres
	}
	return searchTables
}
