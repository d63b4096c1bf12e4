package api

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
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

// show answers with a row as it stands, and the tag under which it can be changed.
func (a *API) show(c *call, id record.ID, status int) error {
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
		return reply(c.w, status, rowObject(row))
	})
}

// tagOf returns the row's vector as an ETag.
func tagOf(row *record.Row) string {
	return `"` + base64.RawURLEncoding.EncodeToString(row.Vector.AppendBinary(nil)) + `"`
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

// rowObject returns a row as JSON; of a deleted one that it is.
func rowObject(row *record.Row) map[string]any {
	o := map[string]any{"id": row.ID.String()}
	if row.Deleted {
		o["deleted"] = true
		return o
	}
	for i := range row.Table.Columns {
		c := &row.Table.Columns[i]
		if !c.Has(schema.Sealed) {
			o[c.Name] = Encode(c, row.Cols[i])
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
	q := c.r.URL.Query()
	limit := usualPage
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > mostPage {
			return fault.New(BadRequest, "limit is a number from 1 to 500.")
		}
		limit = n
	}
	at, err := parseCursor(q.Get("cursor"))
	if err != nil {
		return err
	}
	rows := []any{}
	next, full := q.Get("cursor"), false
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		var ids []record.ID
		err := r.Select(func(s *sqlrow.Rows) error {
			ids = append(ids, s.ID(0))
			next = cursor{uint64(s.Int(1)), s.ID(0)}.String()
			return s.Err()
		}, "SELECT id, _seq FROM "+sqlrow.Quote(c.of.Table)+" WHERE (_seq, id) > (?, ?) ORDER BY _seq, id LIMIT ?", int64(at.seq), at.id[:], int64(limit))
		full = len(ids) == limit
		for _, id := range ids {
			if err != nil {
				return err
			}
			var row *record.Row
			if row, err = r.Row(record.Key{Table: c.of.table().ID, ID: id}); row != nil {
				o := rowObject(row)
				o["etag"] = tagOf(row)
				rows = append(rows, o)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, map[string]any{"rows": rows, "cursor": next, "more": full})
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
