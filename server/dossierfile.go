package server

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"path"
	"strings"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Write implements admin.Dossiers. The archive holds data.json with the rows by table, history.json with every change of
// them that is known, account.json with how a colleague signs in, and the files that the rows name, each once. Values stand there as
// the API gives them.
func (d dossiers) Write(ctx context.Context, w io.Writer, f admin.Dossier) error {
	out := zip.NewWriter(w)
	var files []*record.Row
	err := d.Store.Read(ctx, func(v *store.View) (err error) {
		if files, err = writeRows(out, v, append(f.Personal, f.Others...)); err != nil {
			return err
		}
		if err := writeAccounts(out, v, f.Personal); err != nil {
			return err
		}
		return writeHistory(out, reader{v, auth.Branches{All: true}}, f.Personal)
	})
	if err == nil {
		err = d.writeFiles(ctx, out, files)
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// writeRows writes data.json, and returns the rows that name a file.
func writeRows(out *zip.Writer, v *store.View, keys []record.Key) (files []*record.Row, err error) {
	tables := map[string][]any{}
	for _, k := range keys {
		row, err := v.Row(k)
		if err != nil {
			return nil, err
		}
		if row == nil || row.Deleted {
			continue
		}
		tables[row.Table.Name] = append(tables[row.Table.Name], valuesOf(row))
		if row.Table.Name == "attachment" {
			files = append(files, row)
		}
	}
	return files, writeJSON(out, "data.json", tables)
}

// valuesOf returns what a row says, without what it leaves empty.
func valuesOf(row *record.Row) map[string]any {
	o := map[string]any{"id": row.ID.String()}
	for i := range row.Table.Columns {
		if c := &row.Table.Columns[i]; !row.Cols[i].IsNull() {
			o[c.Name] = api.Encode(c, row.Cols[i])
		}
	}
	return o
}

// pastChange is a value that was written once.
type pastChange struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Cause  string    `json:"cause"`
	Table  string    `json:"table"`
	ID     string    `json:"id"`
	Column string    `json:"column"`
	Key    string    `json:"key,omitempty"` // of a column that holds several values
	Value  any       `json:"value"`
}

// historyPage is how many change sets are read at a time.
const historyPage = 200

// writeHistory writes history.json.
func writeHistory(out *zip.Writer, r reader, rows []record.Key) error {
	about := map[record.Key]bool{}
	for _, k := range rows {
		about[k] = true
	}
	past := []pastChange{}
	for cursor, more := "", true; more; more = cursor != "" {
		events, next, err := r.History(rows, cursor, historyPage)
		if err != nil {
			return err
		}
		for i := range events {
			of, err := changesAbout(r, &events[i], about)
			if err != nil {
				return err
			}
			past = append(past, of...)
		}
		cursor = next
	}
	return writeJSON(out, "history.json", past)
}

// changesAbout returns what the change set wrote into those rows.
func changesAbout(r reader, e *admin.Event, about map[record.Key]bool) (past []pastChange, err error) {
	by, err := r.Writer(e.Change.Dot.Actor)
	if err != nil {
		return nil, err
	}
	for i := range e.Change.Rows {
		c := &e.Change.Rows[i]
		t := r.view.Schema().TableByID(c.Table)
		if t == nil || !about[c.Key()] {
			continue
		}
		for _, w := range c.Cells {
			at := t.ColumnByID(w.Column)
			if at < 0 || w.Value.IsNull() {
				continue
			}
			value := any(w.Value.Text())
			if w.Key == "" {
				value = api.Encode(&t.Columns[at], w.Value)
			}
			past = append(past, pastChange{
				time.UnixMilli(e.Received).UTC(), by.Name, e.Change.Cause, t.Name, c.ID.String(), t.Columns[at].Name, w.Key, value,
			})
		}
	}
	return past, nil
}

// writeFiles writes the files that are here, each under its hash: the rows name them by it.
func (d dossiers) writeFiles(ctx context.Context, out *zip.Writer, rows []*record.Row) error {
	written := map[blob.Hash]bool{}
	for _, row := range rows {
		h, ok := blob.ParseHash(row.Get("sha256").Text())
		if !ok || written[h] {
			continue
		}
		written[h] = true
		if err := d.writeFile(ctx, out, h, "files/"+h.String()+extension(row.Get("name").Text())); err != nil {
			return err
		}
	}
	return nil
}

// extension is the ending of a file's name if it is a plain one, "" else.
func extension(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if len(ext) > 6 || strings.Trim(ext, ".abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	return ext
}

func (d dossiers) writeFile(ctx context.Context, out *zip.Writer, h blob.Hash, name string) error {
	content, err := d.Files.Open(ctx, h)
	if fault.CodeOf(err) == blob.Unknown {
		return nil // still on its way, or erased
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	to, err := out.Create(name)
	if err == nil {
		_, err = io.Copy(to, content)
	}
	return err
}

func writeJSON(out *zip.Writer, name string, value any) error {
	to, err := out.Create(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
