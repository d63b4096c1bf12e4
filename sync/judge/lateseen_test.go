package judge_test

import (
	"slices"
	"testing"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// standing returns the texts that nobody has replaced in a column of a row.
func (w *world) standing(key record.Key, column string) (values []string) {
	w.Helper()
	row := w.row(key)
	values = append(values, row.Get(column).Text())
	if i, ok := row.Meta.Find(record.CellID{Column: row.Table.Columns[row.Table.Column(column)].ID}); ok {
		for _, s := range row.Meta.Cells[i].Others {
			values = append(values, s.Value.Text())
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// What somebody who lost a job can have seen of it, whatever he says: nothing of the commit that took it from him, nor of what
// came after; but for what he wrote himself, and for a job that he may read all the same.
func TestWhatSomebodyCanHaveSeenOfAJobThatHeLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reads bool // he is one of a crew that helps on the job
		twice bool // he writes two change sets
		want  []string
	}{
		"not what the office wrote in taking it":       {false, false, []string{"by the office, in taking it", "his"}},
		"what he wrote himself since":                  {false, true, []string{"by the office, in taking it", "his again"}},
		"all of it, where he reads it by another hold": {true, false, []string{"his"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a, job := w.tech(), w.job("a pump")
			if c.reads {
				crew := w.insert("crew", nil)
				w.insert("member", record.Values{"crew": record.Ref(crew.ID), "person": record.Ref(a.Person)})
				w.insert("assignment", record.Values{"job": record.Ref(job.ID), "crew": record.Ref(crew.ID), "state": record.Text("offered")})
			}
			given := w.assign(job, a.Person)
			k := w.head()
			w.office(w.change(record.Update, given, text("state", "ended")),
				w.change(record.Update, job, text("title", "by the office, in taking it")))
			titles := []string{"his", "his again"}
			if !c.twice {
				titles = titles[:1]
			}
			for _, title := range titles {
				if r := a.sends(a.knows(k, w.change(record.Update, job, text("title", title)))); r.Outcome == wire.Quarantined {
					t.Fatal(r.Code)
				}
			}
			if got := w.standing(job, "title"); !slices.Equal(got, c.want) {
				t.Errorf("%q stand, want %q", got, c.want)
			}
		})
	}
}

// Who made a job that was given to a colleague before he heard is late as anybody, though he never held it: the rules hear
// of which commit he had not.
func TestWhoMadeAJobThatWentToAColleagueIsLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.fresh("job")
	a.writes(record.Insert, job, text("title", "found on site"))
	k := w.head()
	b := w.tech()
	w.assign(job, b.Person)
	given := w.head()
	var lost uint64
	w.cfg.Rules = ruling(func(_ judge.Rows, _ *record.ChangeSet, author judge.Author) (judge.Decision, error) {
		lost = author.Lost
		return judge.Decision{}, nil
	})
	w.expect(a.sends(a.knows(k, w.change(record.Update, job, text("title", "his")))), wire.Merged, "")
	if lost != given {
		t.Errorf("lost by %d, want %d", lost, given)
	}
}

// Who lost a place, and moves a thing of it to one that is still his before he hears, does not have it again by that.
func TestNobodyKeepsWhatHeLostByMovingIt(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	a := y.keeper()
	lost := y.has("place", ref("keeper", record.Key{ID: a.Person}))
	own := y.has("place", ref("keeper", record.Key{ID: a.Person}))
	thing := y.has("thing", ref("place", lost))
	k := y.head()
	y.office(y.says(record.Update, lost, record.Values{"keeper": record.Null}))
	r := a.sends(a.knows(k, y.says(record.Update, thing, ref("place", own))))
	if y.expect(r, wire.Merged, ""); y.holdsOn(a.Person, thing) {
		t.Error("he holds it")
	}
}

// Of the end of what somebody held for the time being he may not have heard either: the grace runs from that.
func TestTheEndOfWhatWasLentHasToBeHeardAsWell(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	a := y.keeper()
	place := y.has("place", ref("keeper", record.Key{ID: a.Person}))
	thing := y.has("thing", ref("place", place))
	k := y.head()
	lends := func(k uint64) (record.Key, judge.Ruling) {
		loan := y.key("loan")
		return loan, a.sends(a.knows(k, y.says(record.Insert, loan,
			record.Values{"thing": record.Ref(thing.ID), "to": record.Ref(a.Person)})))
	}
	y.office(y.says(record.Update, place, record.Values{"keeper": record.Null}))
	loan, r := lends(k)
	y.expect(r, wire.Merged, "")
	y.passes(20 * day)
	k = y.head()
	y.office(y.says(record.Update, loan, record.Values{"to": record.Null}))
	if y.holdsOn(a.Person, thing) {
		t.Fatal("the office did not end it")
	}
	y.passes(20 * day)
	_, r = lends(k)
	y.expect(r, wire.Merged, "")
}
