package sqlrow

import (
	"cmp"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"fieldsync/sync/record"
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

// termsVersion rises whenever terms.go cuts text otherwise, or rows are numbered otherwise.
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

// Upkeep keeps the index true to the rows within one transaction; see Search. Of a layout that has no index it does
// nothing.
type Upkeep struct {
	*Search
	conn  *Conn
	known bool // place and row are those of _search_state
	place int
	row   []byte
}

// Upkeep returns the upkeep of the index for a transaction on the connection. After any part of the transaction was
// undone, another one is to be asked for.
func (l *Layout) Upkeep(c *Conn) Upkeep { return Upkeep{Search: l.search, conn: c} }

func (u *Upkeep) load() error {
	if u.known {
		return nil
	}
	_, err := u.conn.One(func(r *Rows) error {
		u.place, u.row, u.known = int(r.Int(0)), append([]byte{}, r.Bytes(1)...), true
		return nil
	}, "SELECT place, row FROM _search_state")
	return err
}

// covers reports whether the build has passed the row.
func (u *Upkeep) covers(t *searched, id record.ID) bool {
	return t.place < u.place || t.place == u.place && slices.Compare(id[:], u.row) <= 0
}

// Changing notes that the row is about to be written as it is given.
func (u *Upkeep) Changing(row *record.Row) error {
	if u.Search == nil || u.byID[row.Table.ID] == nil {
		return nil
	}
	t := u.byID[row.Table.ID]
	if err := u.load(); err != nil || !u.covers(t, row.ID) {
		return err
	}
	n, err := u.number(row.Key())
	if err != nil {
		return err
	}
	becomes := t.source(row)
	if n == 0 {
		if becomes == "" {
			return nil
		}
		return u.due(row.Key(), nil)
	}
	was, err := u.source(t, row.ID)
	if err != nil || was == becomes {
		return err
	}
	return u.due(row.Key(), []byte(was))
}

// due notes a row. What the index holds of it is what it held when the row was noted first.
func (u *Upkeep) due(k record.Key, old driver.Value) error {
	_, err := u.conn.Exec("INSERT INTO _search_due(tbl, row, old) VALUES(?, ?, ?) ON CONFLICT DO NOTHING",
		int64(k.Table), k.ID[:], old)
	return err
}

// number returns the number of the row in the index, 0 if it is not there.
func (u *Upkeep) number(k record.Key) (int64, error) {
	return u.conn.Int("SELECT n FROM _search_row WHERE tbl = ? AND row = ?", int64(k.Table), k.ID[:])
}

// Dropping takes the row out of the index: it is about to be dropped from its table.
func (u *Upkeep) Dropping(k record.Key) error {
	if u.Search == nil || u.byID[k.Table] == nil {
		return nil
	}
	n, err := u.number(k)
	if err != nil {
		return err
	}
	if n > 0 {
		if err = u.takeOut(n, k); err == nil {
			_, err = u.conn.Exec("DELETE FROM _search_row WHERE n = ?", n)
		}
	}
	if err == nil {
		_, err = u.conn.Exec("DELETE FROM _search_due WHERE tbl = ? AND row = ?", int64(k.Table), k.ID[:])
	}
	return err
}

// takeOut removes from the index what it holds of a row.
func (u *Upkeep) takeOut(n int64, k record.Key) error {
	if u.layout.dialect == Postgres {
		return nil // what is put in replaces it, or its row is deleted
	}
	var old []byte
	noted, err := u.conn.One(func(r *Rows) error { old = r.Bytes(0); return nil },
		"SELECT old FROM _search_due WHERE tbl = ? AND row = ?", int64(k.Table), k.ID[:])
	source := string(old)
	if err == nil && !noted {
		source, err = u.source(u.byID[k.Table], k.ID)
	}
	if err == nil {
		_, err = u.conn.Exec("INSERT INTO _search(_search, rowid, text) VALUES('delete', ?, ?)", n, terms(source))
	}
	return err
}

// source returns the text of the row as it stands, "" where there is none.
func (u *Upkeep) source(t *searched, id record.ID) (text string, err error) {
	_, err = u.conn.One(func(r *Rows) error { text, err = t.read(r); return err }, t.text, id[:])
	return text, err
}

// read returns the source text of the row that a query of the table's stands at; a deleted row has none.
func (t *searched) read(r *Rows) (string, error) {
	row := record.Row{Table: t.Table, Cols: make([]record.Value, len(t.Columns)), Deleted: r.Int(1) != 0}
	i := 2
	var err error
	for _, at := range t.columns {
		if row.Cols[at], i, err = r.value(i, &t.Columns[at]); err != nil {
			return "", unreadable(t.Table, r.ID(0), err)
		}
	}
	return t.source(&row), nil
}

// source returns what is searchable of the row: its values, one after another.
func (t *searched) source(row *record.Row) string {
	var values []string
	for _, at := range t.columns {
		if row.Deleted {
			break
		}
		switch v := row.Cols[at]; t.Columns[at].Kind {
		case schema.Set:
			for element := range v.Cells() {
				values = append(values, element)
			}
		case schema.Translated, schema.Fields:
			for _, cell := range v.Cells() {
				values = append(values, cell.Text())
			}
		default:
			values = append(values, v.Text())
		}
	}
	return strings.Join(slices.DeleteFunc(values, func(v string) bool { return v == "" }), valueEnd)
}

// Step brings up to limit rows into the index: those that changed first, then the next ones of the first build, of the
// tables up to the class. It reports whether there is more. It belongs into a write transaction of its own.
func (u *Upkeep) Step(upTo schema.Class, limit int) (more bool, err error) {
	if u.Search == nil {
		return false, nil
	}
	done, err := u.workOff(limit)
	if err == nil && done < limit {
		err = u.build(upTo, limit-done)
	}
	if err != nil {
		return false, err
	}
	return u.Lags(upTo)
}

// Lags reports whether the index lacks anything of the tables up to the class.
func (u *Upkeep) Lags(upTo schema.Class) (bool, error) {
	if u.Search == nil {
		return false, nil
	}
	if err := u.load(); err != nil || u.place < len(u.tables) && u.tables[u.place].Class <= upTo {
		return true, err
	}
	n, err := u.conn.Int("SELECT EXISTS (SELECT 1 FROM _search_due)")
	return n > 0, err
}

func (u *Upkeep) workOff(limit int) (done int, err error) {
	var keys []record.Key
	err = u.conn.Each(func(r *Rows) error {
		keys = append(keys, record.Key{Table: schema.TableID(r.Int(0)), ID: r.ID(1)})
		return nil
	}, "SELECT tbl, row FROM _search_due LIMIT ?", int64(limit))
	for _, k := range keys {
		if err == nil {
			err = u.again(k)
		}
	}
	return len(keys), err
}

// Now indexes the row at once if it changed, for values that must not stay in the index until somebody has time.
func (u *Upkeep) Now(k record.Key) error {
	if u.Search == nil || u.byID[k.Table] == nil {
		return nil
	}
	due, err := u.conn.Int("SELECT count(*) FROM _search_due WHERE tbl = ? AND row = ?", int64(k.Table), k.ID[:])
	if err != nil || due == 0 {
		return err
	}
	return u.again(k)
}

// again indexes a row that changed.
func (u *Upkeep) again(k record.Key) error {
	n, err := u.number(k)
	if err != nil {
		return err
	}
	source, err := u.source(u.byID[k.Table], k.ID)
	if err == nil && n > 0 {
		err = u.takeOut(n, k)
	}
	if err == nil && n > 0 && source == "" {
		_, err = u.conn.Exec("DELETE FROM _search_row WHERE n = ?", n)
	}
	if err == nil && source != "" {
		err = u.putIn(n, k, source)
	}
	if err == nil {
		_, err = u.conn.Exec("DELETE FROM _search_due WHERE tbl = ? AND row = ?", int64(k.Table), k.ID[:])
	}
	return err
}

// putIn adds a row to the index, under a new number where it has none.
func (u *Upkeep) putIn(n int64, k record.Key, source string) (err error) {
	if u.layout.dialect == Postgres {
		return u.putInPostgres(n, k, source)
	}
	if n == 0 {
		if n, err = u.next(k.Table); err == nil {
			_, err = u.conn.Exec("INSERT INTO _search_row(n, tbl, row) VALUES(?, ?, ?)", n, int64(k.Table), k.ID[:])
		}
	}
	if err == nil {
		_, err = u.conn.Exec("INSERT INTO _search(rowid, text) VALUES(?, ?)", n, terms(source))
	}
	return err
}

// next returns the number of the next row of the table: the latest has the greatest.
func (u *Upkeep) next(table schema.TableID) (int64, error) {
	above, below := u.byID[table].numbers()
	n, err := u.conn.Int("SELECT max(n) FROM _search_row WHERE n > ? AND n < ?", above, below) // 0 for none
	return max(n, above) + 1, err
}

// build goes on with the first build.
func (u *Upkeep) build(upTo schema.Class, limit int) error {
	err := u.load()
	for err == nil && limit > 0 && u.place < len(u.tables) && u.tables[u.place].Class <= upTo {
		var n int
		n, err = u.buildTable(u.tables[u.place], limit)
		limit -= n
		if n == 0 { // the table is done
			u.place, u.row = u.place+1, []byte{}
		}
	}
	if err != nil {
		return err
	}
	_, err = u.conn.Exec("UPDATE _search_state SET place = ?, row = ?", int64(u.place), u.row)
	return err
}

func (u *Upkeep) buildTable(t *searched, limit int) (n int, err error) {
	rows, err := u.conn.QueryUpTo(limit, t.page, u.row)
	if err != nil {
		return 0, err
	}
	type found struct {
		id     record.ID
		source string
	}
	var page []found
	for len(page) < limit && rows.Next() {
		f := found{id: rows.ID(0)}
		if f.source, err = t.read(rows); err != nil {
			break
		}
		page = append(page, f)
	}
	if err = cmp.Or(err, rows.Close()); err != nil {
		return 0, err
	}
	for _, f := range page {
		if f.source != "" {
			if err = u.putIn(0, record.Key{Table: t.ID, ID: f.id}, f.source); err != nil {
				return 0, err
			}
		}
		u.row = f.id[:]
	}
	return len(page), nil
}
