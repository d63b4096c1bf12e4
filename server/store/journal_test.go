package store

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// The journal has every change set once, latest first, page by page, whether or not the index has come up to it; and is
// narrowed by row, writer and time.
func TestTheJournalHasEverythingOnce(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	jobs := benchSchema.Table("job").ID
	one, two := record.Key{Table: jobs, ID: benchID(1)}, record.Key{Table: jobs, ID: benchID(2)}
	anna, bo := record.ID{1: 7}, record.ID{1: 8}
	a, b := touchingAs(t, s, anna, one), touchingAs(t, s, bo, two)
	a(4)
	b(3)
	for s.indexNext() {
	}
	a(2)
	b(2)
	for _, c := range []struct {
		what string
		of   Journal
		n    int
	}{
		{"all", Journal{}, 11},
		{"of a row", Journal{Row: one}, 6},
		{"of a person", Journal{Person: bo}, 5},
		{"of a row and another person", Journal{Row: one, Person: bo}, 0},
		{"of nobody", Journal{Person: record.ID{9}}, 0},
		{"of no device", Journal{Device: record.ID{9}}, 0},
		{"of a row by its person", Journal{Row: two, Person: bo}, 5},
		{"before the beginning", Journal{Until: 1}, 0},
		{"after the end", Journal{Since: clock.Stamp(judge.Forever)}, 0},
	} {
		if n := len(journalOf(t, s, c.of, 3)); n != c.n {
			t.Errorf("the journal %s has %d entries, want %d", c.what, n, c.n)
		}
	}
	// Commit n was made at the time n.
	for of, want := range map[Journal]int{
		{Since: clock.StampAt(7)}: 5, {Until: clock.StampAt(7)}: 6, {Since: clock.StampAt(7), Person: bo}: 3, {Until: clock.StampAt(5), Row: one}: 4,
		{Since: clock.StampAt(5), Until: clock.StampAt(9), Person: anna}: 1,
	} {
		if n := len(journalOf(t, s, of, 2)); n != want {
			t.Errorf("the journal %+v has %d entries, want %d", of, n, want)
		}
	}
}

// journalOf reads a journal in pages of so many.
func journalOf(t *testing.T, s *Store, j Journal, limit int) (all []*judge.Entry) {
	t.Helper()
	var before Position
	for {
		var page []*judge.Entry
		read(t, s, func(v *View) (err error) {
			page, err = v.Journal(j, before, limit)
			return err
		})
		for _, e := range page {
			if len(all) > 0 && positionOf(e).compare(positionOf(all[len(all)-1])) >= 0 {
				t.Fatalf("%v does not come before %v", positionOf(e), positionOf(all[len(all)-1]))
			}
			all = append(all, e)
		}
		if len(page) < limit {
			return all
		}
		before = positionOf(page[len(page)-1])
	}
}
