package record_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"

	"github.com/google/go-cmp/cmp"
)

func TestNewChangeOrdersItsCells(t *testing.T) {
	t.Parallel()
	c, err := record.NewChange(record.Insert, jobs, record.ID{1}, record.Values{
		"tags.b": record.Number(1), "state": record.Text("new"), "tags.a": record.Number(1), "count": record.Number(3),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []record.CellID{{Column: 1}, {Column: 4}, {Column: 14, Key: "a"}, {Column: 14, Key: "b"}}
	var got []record.CellID
	for _, w := range c.Cells {
		got = append(got, w.CellID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAChangeSaysItsCellsAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	want := record.Values{"tags.b": record.Number(1), "state": record.Text("new"), "count": record.Null}
	c, err := record.NewChange(record.Update, jobs, record.ID{1}, want)
	if err != nil {
		t.Fatal(err)
	}
	if got, known := c.Values(jobs); !known || !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	c.Cells = append(c.Cells, record.CellWrite{CellID: record.CellID{Column: 9999}})
	if got, known := c.Values(jobs); known || got != nil {
		t.Errorf("%v, though a column is unknown", got)
	}
}

func TestChangesThatFitTheirTable(t *testing.T) {
	t.Parallel()
	done := record.Text("done")
	type values = record.Values
	for name, c := range map[string]struct {
		op      record.Op
		table   *schema.Table
		values  values
		refused string // what the message says; "" where the change fits
	}{
		"an insert":                            {record.Insert, jobs, values{"state": done}, ""},
		"an insert with half a group":          {record.Insert, jobs, values{"state": done, "start": record.Instant(1)}, ""},
		"an insert that sets what stays":       {record.Insert, jobs, values{"state": done, "customer": record.Ref(record.ID{1})}, ""},
		"an insert without what is needed":     {record.Insert, jobs, values{"notes": done}, "state is missing"},
		"an insert with null for it":           {record.Insert, jobs, values{"state": record.Null}, "state is missing"},
		"an update":                            {record.Update, jobs, values{"notes": record.Text("a")}, ""},
		"an update of nothing":                 {record.Update, jobs, nil, ""},
		"an update of a group":                 {record.Update, jobs, values{"start": record.Instant(1), "until": record.Instant(2)}, ""},
		"an update of half a group":            {record.Update, jobs, values{"until": record.Instant(2)}, "start must be written together"},
		"an update of what stays":              {record.Update, jobs, values{"customer": record.Ref(record.ID{1})}, "customer is set once"},
		"an update that fits no column":        {record.Update, jobs, values{"nowhere": done}, "no column nowhere"},
		"an update of a value that fits not":   {record.Update, jobs, values{"count": done}, "another kind"},
		"an update of a plain column by key":   {record.Update, jobs, values{"notes.de": done}, "malformed key"},
		"a delete":                             {record.Delete, jobs, nil, ""},
		"an entry of a ledger":                 {record.Insert, marks, values{"at": record.Instant(1)}, ""},
		"an entry of a ledger, changed":        {record.Update, marks, values{"at": record.Instant(1)}, "a correction is a new row"},
		"an entry of a ledger, deleted":        {record.Delete, marks, nil, "a correction is a new row"},
		"a key that holds the separator":       {record.Update, jobs, values{"fields.engine.no": record.Number(1)}, ""},
		"one language of a translated text":    {record.Update, jobs, values{"title.de": record.Text("Pumpe")}, ""},
		"an element of a set that is no mark":  {record.Update, jobs, values{"tags.urgent": record.Number(3)}, "something else than 1"},
		"an enum with a code of another table": {record.Insert, jobs, values{"state": record.Text("open")}, "unknown code open"},
	} {
		_, err := record.NewChange(c.op, c.table, record.ID{1}, c.values)
		switch {
		case c.refused == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.refused != "" && (fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.refused)):
			t.Errorf("%s: %v, want %q", name, err, c.refused)
		}
	}
}

func TestAChangeFromANewerAppIsRefusedByName(t *testing.T) {
	t.Parallel()
	c := record.RowChange{Op: record.Update, Table: jobs.ID, Cells: []record.CellWrite{{CellID: record.CellID{Column: 99}}}}
	if err := record.CheckChange(jobs, &c); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "newer than the hub") {
		t.Error(err)
	}
}

func TestChangesOfOneRowBecomeOne(t *testing.T) {
	t.Parallel()
	change := func(op record.Op, values record.Values) record.RowChange {
		c, err := record.NewChange(op, jobs, record.ID{1}, values)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	insert := change(record.Insert, record.Values{"state": record.Text("new"), "count": record.Number(1)})
	update := change(record.Update, record.Values{"notes": record.Text("a"), "count": record.Number(2)})
	for name, c := range map[string]struct{ got, want record.RowChange }{
		"insert, then update": {
			record.Coalesce(insert, update),
			change(record.Insert, record.Values{"state": record.Text("new"), "notes": record.Text("a"), "count": record.Number(2)}),
		},
		"update, then delete": {record.Coalesce(update, change(record.Delete, nil)), change(record.Delete, nil)},
	} {
		if d := cmp.Diff(c.want, c.got, sameValues); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if insert.Cells[1].Value != record.Number(1) {
		t.Error("coalescing wrote into the first change")
	}
}
