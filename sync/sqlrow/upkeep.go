package sqlrow

import (
	"cmp"
	"database/sql/driver"
	"slices"
	"strings"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

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
