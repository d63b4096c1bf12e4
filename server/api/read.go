package api

import (
	"database/sql/driver"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// visible refuses a row that is not there, or not for these eyes.
func (a *API) visible(c *call, id record.ID) error {
	return a.Engine.View(c.r.Context(), func(r Reader) error {
		_, err := living(r, c.of.table(), id)
		return err
	})
}

func living(r Reader, t *schema.Table, id record.ID) (*record.Row, error) {
	row, err := r.Row(record.Key{Table: t.ID, ID: id})
	if err == nil && (row == nil || row.Deleted) {
		err = errNotFound
	}
	return row, err
}

// get shows a row.
func (a *API) get(c *call) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	return a.show(c, id, http.StatusOK)
}

// getByKey shows the row that another system's key names.
func (a *API) getByKey(c *call) error {
	var id record.ID
	err := a.Engine.View(c.r.Context(), func(r Reader) error {
		row, err := c.named(rows{r})
		if err == nil && row == nil {
			err = errNotFound
		}
		if err == nil {
			id = row.ID
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.show(c, id, http.StatusOK)
}

// rows is a reader as the business reads: living rows, by the names of their tables.
type rows struct{ from Reader }

func (r rows) Row(table string, id record.ID) (*record.Row, error) {
	row, err := r.from.Row(record.Key{Table: aftersales.Schema.Table(table).ID, ID: id})
	if err != nil || row == nil || row.Deleted {
		return nil, err
	}
	return row, nil
}

func (r rows) Refs(table, column string, id record.ID) (list []*record.Row, err error) {
	ids, err := r.from.Refs(aftersales.Schema.Table(table), column, id)
	for _, id := range ids {
		row, err := r.Row(table, id)
		if err != nil {
			return nil, err
		}
		if row != nil { // none of another branch
			list = append(list, row)
		}
	}
	return list, err
}

// show answers with a row as it stands, and the tag under which it can be changed. A program that may write and not see is
// told the id alone.
func (a *API) show(c *call, id record.ID, status int) error {
	if !c.who.May(c.of.See) {
		return reply(c.w, status, object{"id": id.String()})
	}
	return a.Engine.View(c.r.Context(), func(r Reader) error {
		row, err := living(r, c.of.table(), id)
		if err != nil {
			return err
		}
		tag := tagOf(row)
		c.w.Header().Set("ETag", tag)
		if status == http.StatusOK && c.r.Method == http.MethodGet && c.r.Header.Get("If-None-Match") == tag {
			c.w.WriteHeader(http.StatusNotModified)
			return nil
		}
		return reply(c.w, status, c.rowObject(row))
	})
}

// tagOf returns the row's vector as an ETag.
func tagOf(row *record.Row) string { return tagFor(row.Vector) }

func tagFor(v clock.Vector) string {
	return `"` + base64.RawURLEncoding.EncodeToString(v.AppendBinary(nil)) + `"`
}

func parseTag(tag string) (clock.Vector, error) {
	b, err := base64.RawURLEncoding.DecodeString(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`))
	if err == nil {
		v, rest, e := clock.CutVector(b)
		if e == nil && len(rest) == 0 {
			return v, nil
		}
		err = errors.Join(e, io.ErrUnexpectedEOF)
	}
	return clock.Vector{}, fault.Wrap(BadRequest, "If-Match is no ETag of a row. Send it as you received it.", err)
}

// rowObject returns a row as JSON, null in place of what the program may not read; of a deleted one that it is.
func (c *call) rowObject(row *record.Row) map[string]any {
	o := map[string]any{"id": row.ID.String()}
	if row.Deleted {
		o["deleted"] = true
		return o
	}
	for i := range row.Table.Columns {
		column := &row.Table.Columns[i]
		switch {
		case column.Has(schema.Sealed):
		case !c.who.MayRead(row.Table, column):
			o[column.Name] = nil
		default:
			o[column.Name] = Encode(told(row.Table, column), row.Cols[i])
		}
	}
	return o
}

// The sizes of pages.
const (
	usualPage = 100
	mostPage  = 500
)

// list shows rows in the order in which they were last written: what changes comes again behind the cursor, so that who
// asks on from his last cursor hears of everything. Deleted rows are told of by their ids.
func (a *API) list(c *call) error {
	from, err := c.ask()
	if err != nil {
		return err
	}
	rows, next := []any{}, c.r.URL.Query().Get("cursor")
	full := false
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		var ids []record.ID
		err := r.Select(func(s *sqlrow.Rows) error {
			ids = append(ids, s.ID(0))
			next = cursor{uint64(s.Int(1)), s.ID(0)}.String()
			return s.Err()
		}, from.query, from.args...)
		full = len(ids) == from.limit
		for _, id := range ids {
			if err != nil {
				return err
			}
			var row *record.Row
			if row, err = r.Row(record.Key{Table: c.of.table().ID, ID: id}); row != nil {
				o := c.rowObject(row)
				o["etag"] = tagOf(row)
				rows = append(rows, o)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, object{"rows": rows, "cursor": next, "more": full})
}

// question is what a program asks of a list.
type question struct {
	query string
	args  []driver.Value
	limit int
}

// ask reads it: where to go on, how many, and what columns hold.
func (c *call) ask() (q question, err error) {
	given := c.r.URL.Query()
	if q.limit, err = limitOf(given.Get("limit")); err != nil {
		return q, err
	}
	at, err := parseCursor(given.Get("cursor"))
	if err != nil {
		return q, err
	}
	where := "(_seq, id) > (?, ?)"
	q.args = []driver.Value{int64(at.seq), at.id[:]}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name == "cursor" || name == "limit" {
			continue
		}
		value, err := c.of.filter(name, given.Get(name))
		if err != nil {
			return q, err
		}
		where += " AND " + sqlrow.Quote(name) + " = ?"
		q.args = append(q.args, value)
	}
	q.query = "SELECT id, _seq FROM " + sqlrow.Quote(c.of.Table) + " WHERE " + where + " ORDER BY _seq, id LIMIT ?"
	q.args = append(q.args, int64(q.limit))
	return q, nil
}

func limitOf(s string) (int, error) {
	if s == "" {
		return usualPage, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > mostPage {
		return 0, refused("limit", BadRequest, err, "limit is a number from 1 to 500.")
	}
	return n, nil
}

// filtered are the columns by which a list can be asked for: references and codes, and of the rest those that the store keeps
// an index of.
func (r *resource) filtered() (columns []*schema.Column) {
	t := r.table()
	for i := range t.Columns {
		c := &t.Columns[i]
		switch {
		case c.Has(schema.Sealed):
		case c.Kind == schema.Ref, c.Kind == schema.Enum, c.Has(schema.Indexed) && (c.Kind == schema.Text || c.Kind == schema.AnyRef):
			columns = append(columns, c)
		}
	}
	return columns
}

// filters describes them.
func (r *resource) filters() (params []any) {
	for _, c := range r.filtered() {
		params = append(params, query(c.Name))
	}
	return params
}

// filter reads what a column shall hold: a text, or the id of a row.
func (r *resource) filter(name, value string) (driver.Value, error) {
	for _, c := range r.filtered() {
		if c.Name != name {
			continue
		}
		if c.Kind == schema.Text || c.Kind == schema.Enum {
			return value, nil
		}
		id, err := record.ParseID(value)
		if err != nil {
			return nil, refused(name, BadRequest, err, "%s is the id of a row.", name)
		}
		return id[:], nil
	}
	return nil, refused(name, UnknownField, nil, "This list cannot be asked for by %s. The OpenAPI document lists what it can be asked for by.", name)
}

// cursor is a place in a list.
type cursor struct {
	seq uint64
	id  record.ID
}

// String returns it as a program keeps it.
func (c cursor) String() string { return strconv.FormatUint(c.seq, 36) + "." + c.id.String() }

func parseCursor(s string) (c cursor, err error) {
	if s == "" {
		return c, nil
	}
	seq, id, _ := strings.Cut(s, ".")
	if c.seq, err = strconv.ParseUint(seq, 36, 63); err == nil {
		c.id, err = record.ParseID(id)
	}
	if err != nil {
		return c, fault.Wrap(BadRequest, "This cursor is none that a list has given.", err)
	}
	return c, nil
}
