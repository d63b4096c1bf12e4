package simtest

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// keepNamed takes down what each number stood for, before the hub is restored.
func (f *Fleet) keepNamed() {
	for _, it := range f.hub.store.state.entries.items {
		if f.truth.named[it.key] == nil {
			f.truth.named[it.key] = map[record.ID]bool{}
		}
		f.truth.named[it.key][it.value.Origin.RID] = true
	}
}

// checkCopies asks of what devices held and a restored hub lost that no row was changed by it, that it is kept once, and that
// it waits for the office while something in it has not come, and no longer.
func (f *Fleet) checkCopies() {
	s := f.hub.store.state
	kept := map[string]clock.Dot{}
	for _, it := range s.entries.items {
		e := it.value
		if !f.isCopy(it.key) {
			continue
		}
		if e.Outcome != wire.Quarantined {
			f.fail("copy", "%v was taken for a change", it.key)
		}
		c := must(record.ParseChangeSet(e.Encoded)).Rows[0]
		f.checkShowsNot(&c, it.key)
		if !e.Closed.IsZero() {
			continue
		}
		same := string((&record.ChangeSet{Rows: []record.RowChange{c}}).AppendBinary(nil))
		if other, twice := kept[same]; twice {
			f.fail("copy", "%v and %v say the same", other, it.key)
		}
		kept[same] = it.key
		if f.allCame(c.Context) {
			f.fail("copy", "%v waits, and all of %s has come", it.key, nameOf(c.Key()))
		}
	}
}

// checkShowsNot asks that no value of the row stands there under the number of a copy.
func (f *Fleet) checkShowsNot(c *record.RowChange, copied clock.Dot) {
	row, _ := f.hub.store.state.rows.get(c.Key())
	if row == nil {
		return
	}
	for i := range row.Meta.Cells {
		cell := &row.Meta.Cells[i]
		for _, v := range append([]record.Standing{cell.Shown}, cell.Others...) {
			if v.Dot == copied {
				f.fail("copy", "%s shows what %v says, and nobody decided that", nameOf(c.Key()), copied)
			}
		}
	}
}

// allCame reports whether each change set that the vector of a copy names has come since under its own name, and no name
// stood for another one, before any restore or after it.
func (f *Fleet) allCame(vector clock.Vector) bool {
	for d := range vector.All() {
		e, judged := f.hub.store.state.entries.get(d)
		if named := f.truth.named[d]; !judged || len(named) != 1 || !named[e.Origin.RID] {
			return false
		}
	}
	return !vector.IsZero()
}

// hasCome reports whether the copy was closed by the work that it stood in for, and not by a person.
func (f *Fleet) hasCome(e *judge.Entry) bool {
	if e.Closed.IsZero() {
		return false
	}
	by, known := f.hub.store.state.entries.get(e.Closed)
	return known && must(record.ParseChangeSet(by.Encoded)).Amends != e.Dot
}
