package record_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"

	"github.com/google/go-cmp/cmp"
)

func newJob(t *testing.T, values record.Values) *record.Row {
	t.Helper()
	c, err := record.NewChange(record.Insert, jobs, record.ID{1}, values)
	if err != nil {
		t.Fatal(err)
	}
	return record.NewRow(jobs, &c, clock.Dot{Actor: 4, Counter: 1})
}

func TestARowLiesInTheBucketsOfItsOwnColumns(t *testing.T) {
	t.Parallel()
	customer := record.ID{9}
	with := newJob(t, record.Values{"state": record.Text("new"), "customer": record.Ref(customer)})
	without := newJob(t, record.Values{"state": record.Text("new")})
	job := record.Bucket{Kind: 2, ID: record.ID{1}}
	mark := &record.Row{Table: marks, ID: record.ID{2}, Cols: make([]record.Value, 1)}
	for name, c := range map[string]struct{ got, want []record.Bucket }{
		"its own and its customer's": {with.Buckets(), []record.Bucket{job, {Kind: 3, ID: customer}}},
		"no customer, no bucket":     {without.Buckets(), []record.Bucket{job}},
		"everybody's":                {mark.Buckets(), []record.Bucket{record.Shared}},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestAChangeShowsOnTheRow(t *testing.T) {
	t.Parallel()
	row := newJob(t, record.Values{"state": record.Text("new"), "tags.urgent": record.Number(1), "tags.old": record.Number(1)})
	if row.Key() != (record.Key{Table: 1, ID: record.ID{1}}) || !row.Get("nowhere").IsNull() {
		t.Error(row.Key(), row.Get("nowhere"))
	}
	update, _ := record.NewChange(record.Update, jobs, row.ID, record.Values{"state": record.Text("done"), "tags.old": record.Null})
	update.Cells = append(update.Cells, record.CellWrite{CellID: record.CellID{Column: 99}, Value: record.Number(1)})
	row.Show(&update)
	if row.Get("state").Text() != "done" || row.Get("tags") != record.Null.WithCell("urgent", record.Number(1)) {
		t.Errorf("%#v", row.Cols)
	}
	row.Show(&record.RowChange{Op: record.Delete})
	if !row.Deleted {
		t.Error("a deleted row is shown")
	}
	if row.Show(&update); row.Deleted {
		t.Error("an edit did not bring the row back")
	}
}

func TestAClonedRowSharesNothingThatChanges(t *testing.T) {
	t.Parallel()
	row := newJob(t, record.Values{"state": record.Text("new")})
	row.Meta = &record.Meta{Cells: []record.Cell{{Seq: 1, Others: []record.Standing{{Eff: 1}}}}}
	clone := row.Clone()
	clone.Cols[0], clone.Meta.Cells[0].Seq, clone.Meta.Cells[0].Others[0].Eff = record.Null, 2, 2
	if row.Cols[0].IsNull() || row.Meta.Cells[0].Seq != 1 || row.Meta.Cells[0].Others[0].Eff != 1 {
		t.Errorf("%#v, %#v", row.Cols, row.Meta)
	}
	if (*record.Meta)(nil).Clone() != nil {
		t.Error("a clone of nothing is something")
	}
}

func TestCellsAreFoundByTheirOrder(t *testing.T) {
	t.Parallel()
	ids := []record.CellID{{Column: 1}, {Column: 3, Key: "a"}, {Column: 3, Key: "b"}, {Column: 7}}
	m := &record.Meta{}
	for _, id := range ids {
		m.Cells = append(m.Cells, record.Cell{ID: id})
	}
	for i, id := range ids {
		if at, ok := m.Find(id); at != i || !ok {
			t.Errorf("%v: %d, %t", id, at, ok)
		}
	}
	for id, want := range map[record.CellID]int{{}: 0, {Column: 3}: 1, {Column: 3, Key: "aa"}: 2, {Column: 9}: 4} {
		if at, ok := m.Find(id); at != want || ok {
			t.Errorf("%v: %d, %t, want %d", id, at, ok, want)
		}
	}
}
