package judge_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

// Two tables in which what gives somebody a bucket owns other rows.
func newStays() *schema.Schema {
	const bucket schema.BucketKind = 2
	person := &schema.Table{ID: 1, Name: "person", Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
		Columns: []schema.Column{{ID: 1, Name: "name", Kind: schema.Text}}}
	stay := &schema.Table{ID: 2, Name: "stay", Buckets: []schema.Bucket{{Kind: bucket, From: "id"}},
		Columns: []schema.Column{{ID: 1, Name: "guest", Kind: schema.Ref, Ref: "person"}},
		Grants:  []schema.Grant{{To: "guest", Right: "stay", Paths: []schema.Path{{Kind: bucket}}}}}
	note := &schema.Table{ID: 3, Name: "note", Buckets: []schema.Bucket{{Kind: bucket, From: "stay"}}, Parent: "stay",
		Columns: []schema.Column{{ID: 1, Name: "stay", Kind: schema.Ref, Ref: "stay", Flags: schema.Required | schema.Immutable}}}
	return schema.Must(schema.New("stays", 1, person, stay, note))
}

func TestARowThatIsBroughtBackGivesItsHoldsAgain(t *testing.T) {
	t.Parallel()
	s, m := newStays(), simtest.NewMaker(1)
	w := &world{T: t, hub: simtest.NewMemHub(s), make: m, cfg: judge.Config{Schema: s, Salt: salt}, now: clock.StampAt(1_750_000_000_000)}
	w.desk = w.enrol(m.ID(), record.ID{}, clock.SideOffice)
	guest := m.ID()
	stay, note := record.Key{Table: 2, ID: m.ID()}, record.Key{Table: 3, ID: m.ID()}
	holds := func() (open int) {
		w.tx(func(tx judge.Store) error {
			list, err := tx.HoldsFrom(stay)
			open = len(list)
			return err
		})
		return open
	}
	insert, err := record.NewChange(record.Insert, s.Table("stay"), stay.ID, record.Values{"guest": record.Ref(guest)})
	w.must(err)
	w.office(insert)
	w.office(record.RowChange{Op: record.Delete, Table: stay.Table, ID: stay.ID, Context: w.row(stay).Vector})
	if holds() != 0 {
		t.Fatal("a deleted row gives a hold")
	}
	child, err := record.NewChange(record.Insert, s.Table("note"), note.ID, record.Values{"stay": record.Ref(stay.ID)})
	w.must(err)
	w.office(child)
	if w.row(stay).Deleted || holds() != 1 {
		t.Errorf("deleted: %v, holds: %d", w.row(stay).Deleted, holds())
	}
}
