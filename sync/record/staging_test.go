package record_test

import (
	"errors"
	"slices"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// stored is a source of rows in memory.
type stored map[record.Key]*record.Row

func (s stored) Row(k record.Key) (*record.Row, error) { return s[k], nil }

func (s stored) Refs(t *schema.Table, column string, id record.ID) (ids []record.ID, err error) {
	for k, row := range s {
		if row.Table == t && !row.Deleted && row.Get(column).Ref() == id {
			ids = append(ids, k.ID)
		}
	}
	slices.SortFunc(ids, func(a, b record.ID) int { return slices.Compare(a[:], b[:]) })
	return ids, nil
}

// newDraft returns a draft over one job of the customer 9.
func newDraft(t *testing.T) (*record.Draft, stored) {
	t.Helper()
	c, err := record.NewChange(record.Insert, jobs, record.ID{1}, record.Values{"state": record.Text("new"), "customer": record.Ref(record.ID{9})})
	if err != nil {
		t.Fatal(err)
	}
	source := stored{c.Key(): record.NewRow(jobs, &c, clock.Dot{Actor: 4, Counter: 1})}
	return record.NewDraft(source, world), source
}

func TestADraftShowsItsOwnWrites(t *testing.T) {
	t.Parallel()
	d, source := newDraft(t)
	old, fresh := record.ID{1}, record.ID{2}
	do(t, d.Update(jobs, old, record.Values{"state": record.Text("done")}))
	do(t, d.Insert(jobs, fresh, record.Values{"state": record.Text("new"), "customer": record.Ref(record.ID{9})}))
	do(t, d.Update(jobs, fresh, record.Values{"notes": record.Text("a")}))

	row, err := d.Row(record.Key{Table: 1, ID: old})
	if err != nil || row.Get("state").Text() != "done" {
		t.Error(row, err)
	}
	if ids, err := d.Refs(jobs, "customer", record.ID{9}); err != nil || !slices.Equal(ids, []record.ID{old, fresh}) {
		t.Error(ids, err)
	}
	if source[record.Key{Table: 1, ID: old}].Get("state").Text() != "new" {
		t.Error("the draft wrote into its source")
	}
	staged := d.Staged()
	if len(staged) != 2 || staged[0].Change.Op != record.Update || staged[1].Change.Op != record.Insert || len(staged[1].Change.Cells) != 3 {
		t.Errorf("staged %+v", staged)
	}
}

func TestADraftHidesWhatItDeletes(t *testing.T) {
	t.Parallel()
	d, _ := newDraft(t)
	key := record.Key{Table: 1, ID: record.ID{1}}
	do(t, d.Delete(jobs, key.ID))
	if row, err := d.Row(key); row != nil || err != nil {
		t.Error(row, err)
	}
	if ids, _ := d.Refs(jobs, "customer", record.ID{9}); len(ids) != 0 {
		t.Error(ids)
	}
	if staged := d.Staged(); len(staged) != 1 || staged[0].Change.Op != record.Delete {
		t.Errorf("%+v", staged)
	}
}

func TestWhatADraftMakesAndDeletesIsNeverSaid(t *testing.T) {
	t.Parallel()
	d, _ := newDraft(t)
	do(t, d.Insert(jobs, record.ID{2}, record.Values{"state": record.Text("new")}))
	do(t, d.Delete(jobs, record.ID{2}))
	if staged := d.Staged(); len(staged) != 0 {
		t.Errorf("%+v", staged[0].Change)
	}
}

func TestADraftRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		write func(d *record.Draft) error
		want  fault.Code
	}{
		"a row twice": {func(d *record.Draft) error {
			return d.Insert(jobs, record.ID{1}, record.Values{"state": record.Text("new")})
		}, fault.Exists},
		"an update of nothing": {func(d *record.Draft) error { return d.Update(jobs, record.ID{7}, nil) }, fault.UnknownRow},
		"a delete of nothing":  {func(d *record.Draft) error { return d.Delete(jobs, record.ID{7}) }, fault.UnknownRow},
		"a delete, twice": {func(d *record.Draft) error {
			return errors.Join(d.Delete(jobs, record.ID{1}), d.Delete(jobs, record.ID{1}))
		}, fault.UnknownRow},
		"what does not fit": {func(d *record.Draft) error {
			return d.Update(jobs, record.ID{1}, record.Values{"state": record.Text("lost")})
		}, fault.Invalid},
	} {
		d, _ := newDraft(t)
		before := len(d.Staged())
		if err := c.write(d); fault.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if name != "a delete, twice" && len(d.Staged()) != before {
			t.Errorf("%s: something was staged all the same", name)
		}
	}
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
