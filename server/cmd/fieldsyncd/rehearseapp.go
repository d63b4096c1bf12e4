package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// phoneApp is the app on a phone of a rehearsal: this program's, with the schema as it is or as it was a version ago, or
// another program as a process.
type phoneApp interface {
	enrol(ctx context.Context, url, code string) error
	sync(ctx context.Context) error
	// write does again what the change set did, and returns what of it the app did without.
	write(ctx context.Context, cs *record.ChangeSet) (omitted, error)
	// wrote returns the identities of all change sets that were made on the phone.
	wrote(ctx context.Context) ([]record.ID, error)
	// rows returns the content of all rows on the phone by their names: see scope.Content.
	rows(ctx context.Context) (map[string]string, error)
	close() error
}

// omitted is what an app did without, since it knows nothing of it.
type omitted struct {
	What []column
	All  bool // nothing was left to be recorded
}

// column names a column, or with 0 for it all of a table.
type column struct {
	Table  schema.TableID
	Column schema.ColumnID
}

// called is what a schema that knows the column calls it.
func (c column) called(s *schema.Schema) string {
	t := s.TableByID(c.Table)
	if t == nil {
		return fmt.Sprintf("table %d", c.Table)
	}
	if i := t.ColumnByID(c.Column); i >= 0 {
		return t.Name + "." + t.Columns[i].Name
	}
	return t.Name
}

// again writes what a change set wrote, as far as the schema knows it. A phone numbers what it makes by its own name, which is
// another one now.
func again(tx aftersales.Tx, s *schema.Schema, cs *record.ChangeSet, phone bool) (without omitted, err error) {
	without.All = true // until something is left
	for i := range cs.Rows {
		c := &cs.Rows[i]
		t := s.TableByID(c.Table)
		if t == nil {
			without.What = append(without.What, column{Table: c.Table})
			continue
		}
		values := record.Values{}
		for _, w := range c.Cells {
			if name, known := record.CellName(t, w.CellID); known {
				values[name] = w.Value
			} else {
				without.What = append(without.What, column{c.Table, w.Column})
			}
		}
		if c.Op == record.Update && len(values) == 0 {
			continue
		}
		if number, numbered := values["number"]; phone && numbered && c.Op == record.Insert {
			series, _, _ := strings.Cut(number.Text(), "-")
			values["number"] = record.Text(tx.Number(series))
		}
		without.All = false
		if err := aftersales.Rewrite(tx, t.Name, c, values); err != nil {
			return without, err
		}
	}
	return without, nil
}

// thisApp is this program's app.
type thisApp struct{ *client.Client }

func (a thisApp) enrol(ctx context.Context, url, code string) error {
	return a.Enrol(ctx, url, code, "rehearsal")
}

func (a thisApp) sync(ctx context.Context) error { return a.SyncOnce(ctx) }
func (a thisApp) close() error                   { return a.Close() }

func (a thisApp) write(ctx context.Context, cs *record.ChangeSet) (without omitted, err error) {
	err = a.Update(ctx, cs.Cause, func(tx client.Tx) (err error) {
		without, err = again(tx, a.Schema, cs, true)
		return err
	})
	return without, err
}

func (a thisApp) wrote(ctx context.Context) ([]record.ID, error) { return identities(ctx, a.Client) }

func (a thisApp) rows(ctx context.Context) (map[string]string, error) { return contents(ctx, a.Client) }

// thatApp is another program, which takes orders as this one's technicians do.
type thatApp struct {
	*member
	now func() time.Time // the phone's clock
}

// syncWithin is how long another program may try to sync.
const syncWithin = time.Minute

// told gives an order at the phone's time.
func (a thatApp) told(o order) (answer, error) {
	if _, err := a.tell(order{Do: "clock", Ahead: time.Until(a.now())}); err != nil {
		return answer{}, err
	}
	return a.tell(o)
}

func (a thatApp) enrol(_ context.Context, url, code string) error {
	_, err := a.told(order{Do: "enrol", Server: url, Code: code, Name: "rehearsal"})
	return err
}

func (a thatApp) sync(context.Context) error {
	_, err := a.told(order{Do: "sync", Within: syncWithin})
	return err
}

func (a thatApp) close() error { return a.stop() }

func (a thatApp) write(_ context.Context, cs *record.ChangeSet) (omitted, error) {
	said, err := a.told(order{Do: "write", Change: cs.AppendBinary(nil)})
	if said.Code != "" {
		err = fault.New(said.Code, strings.TrimPrefix(said.Error, string(said.Code)+": "))
	}
	if said.Without == nil {
		return omitted{}, err
	}
	return *said.Without, err
}

func (a thatApp) wrote(context.Context) ([]record.ID, error) {
	said, err := a.told(order{Do: "state"})
	var ids []record.ID
	for _, name := range said.Changes {
		id, parsed := hex.DecodeString(name)
		if parsed != nil || len(id) != len(record.ID{}) {
			return nil, fmt.Errorf("%s calls a change %q", a.program, name)
		}
		ids = append(ids, record.ID(id))
	}
	return ids, err
}

func (a thatApp) rows(context.Context) (map[string]string, error) {
	said, err := a.told(order{Do: "rows"})
	return said.Rows, err
}

// OlderApp is the app that every third phone runs.
type OlderApp struct {
	Program string   `json:"program,omitempty"` // none is this one's, as it was a version ago
	Version int      `json:"version"`           // of what it knows; 0 where there is no older app
	Latest  int      `json:"latest"`            // of what the others know
	Phones  []string `json:"phones"`            // whose they are
}

// findOlder finds out what the older app knows, where phones are to run one.
func (r *rehearsal) findOlder(ctx context.Context) (err error) {
	r.oldSchema = r.schema
	if !r.trouble[troubleApps] {
		return nil
	}
	r.Older = &OlderApp{Program: r.old, Version: r.schema.Version - 1, Latest: r.schema.Version, Phones: []string{}}
	if r.old != "" {
		if r.Older.Version, err = r.askVersion(ctx); err != nil {
			return err
		}
	}
	if r.Older.Version > 0 {
		r.oldSchema, err = r.schema.At(r.Older.Version)
	}
	return err
}

// askVersion asks the older program which version of the schema it knows.
func (r *rehearsal) askVersion(ctx context.Context) (int, error) {
	m := &member{name: filepath.Base(r.old), program: r.old, dir: filepath.Join(r.dir, "asked")}
	err := m.start(ctx)
	if err != nil {
		return 0, cli.Usage("%s does not start: %v", r.old, err)
	}
	said, err := m.tell(order{Do: "write"})
	_ = m.stop() // it has said why
	switch {
	case err != nil || said.Version == 0:
		return 0, cli.Usage("%s cannot be told what to write: -old takes a fieldsyncd, and not one from before there was -old (%v)", r.old, err)
	case said.Version > r.schema.Version:
		return 0, cli.Usage("%s is newer than this program: have it rehearse with this one as the older", r.old)
	}
	return said.Version, nil
}

// noteWithout notes what could not be recorded since the app is older.
func (r *rehearsal) noteWithout(who string, e event, without omitted) {
	if len(without.What) == 0 {
		return
	}
	var names []string
	for _, c := range without.What {
		if name := c.called(r.schema); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	became := "the rest was recorded"
	if without.All {
		became = "nothing of it was recorded"
	}
	r.Impossible = append(r.Impossible, Question{who, e.told(), "older_app", "the older app does not know " + strings.Join(names, ", ") + ": " + became})
}

// errNewer says that an office wrote what this program does not know.
var errNewer = errors.New("this program is older than what was written: update it")
