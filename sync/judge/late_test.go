package judge_test

import (
	"slices"
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Who lost a job, and says that he has not heard, has not seen either what the others wrote since: it stands beside his.
func TestWhoHasNotHeardOfALossHasSeenNothingSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, job := w.tech(), w.tech(), w.job("a pump")
	given := w.assign(job, a.Person)
	b.expect(a.writes(record.Update, job, text("finding", "drips")), wire.Applied, "")
	k := w.head()
	w.ends(given)
	w.assign(job, b.Person)
	b.writes(record.Update, job, text("finding", "the seal is worn"))
	b.writes(record.Update, job, text("title", "seal"))
	everything := w.row(job).Vector
	var told uint64
	w.cfg.Rules = ruling(func(_ judge.Rows, _ *record.ChangeSet, author judge.Author) (judge.Decision, error) {
		told = author.Lost
		return judge.Decision{}, nil
	})
	w.expect(a.sends(a.knows(k, w.change(record.Update, job, text("finding", "nothing at all")))), wire.Merged, "")
	if told == 0 {
		t.Error("the rules are not told that he had lost it")
	}
	standing := func(column string) (values []string) {
		row := w.row(job)
		i, ok := row.Meta.Find(record.CellID{Column: row.Table.Columns[row.Table.Column(column)].ID})
		if !ok {
			t.Fatal("nothing of ", column)
		}
		values = append(values, row.Get(column).Text())
		for _, s := range row.Meta.Cells[i].Others {
			values = append(values, s.Value.Text())
		}
		slices.Sort(values)
		return slices.Compact(values)
	}
	if got := standing("finding"); !slices.Equal(got, []string{"nothing at all", "the seal is worn"}) {
		t.Errorf("findings that stand: %q, and his first, which he replaced himself, does not", got)
	}
	told = 1
	w.assign(job, a.Person)
	cs := a.knows(k, w.change(record.Update, job, text("title", "his again")))
	cs.Rows[0].Context = everything
	w.expect(a.sends(cs), wire.Applied, "")
	if got := standing("title"); !slices.Equal(got, []string{"his again"}) || told != 0 {
		t.Errorf("titles that stand: %q: he holds the job, and may have seen it all; lost: %d", got, told)
	}
}

// What the others wrote before he lost the job he has seen: his late word replaces it, and nothing waits for a person.
func TestWhoHasNotHeardOfALossHasSeenWhatCameBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, job := w.tech(), w.tech(), w.job("a pump")
	before := w.assign(job, b.Person)
	b.expect(b.writes(record.Update, job, text("finding", "drips")), wire.Applied, "")
	b.expect(b.writes(record.Update, job, text("title", "seal")), wire.Applied, "")
	w.ends(before)
	given := w.assign(job, a.Person)
	seen, k := w.row(job).Vector, w.head()
	w.ends(given)
	w.assign(job, b.Person)
	b.expect(b.writes(record.Update, job, text("title", "gasket")), wire.Applied, "")
	late := a.knows(k, w.change(record.Update, job, text("finding", "mended")))
	late.Rows[0].Context = seen
	w.expect(a.sends(late), wire.Merged, "")
	row := w.row(job)
	i, ok := row.Meta.Find(record.CellID{Column: row.Table.Columns[row.Table.Column("finding")].ID})
	if !ok || row.Get("finding").Text() != "mended" || len(row.Meta.Cells[i].Others) > 0 {
		t.Errorf("the finding is %q; what he had seen stands beside it: %+v", row.Get("finding").Text(), row.Meta.Cells[i].Others)
	}
}

// What somebody opens by what he had lost, without having heard, he holds until the grace is over, and no longer: neither by
// writing it once more nor by what he came to hold so. The office's word keeps it.
func TestWhatIsOpenedByWhatWasLostEndsWithTheGrace(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	a := y.keeper()
	place := y.has("place", ref("keeper", record.Key{ID: a.Person}))
	thing, kept := y.has("thing", ref("place", place)), y.has("thing", ref("place", place))
	k := y.head()
	lends := func(thing record.Key) (record.Key, judge.Ruling) {
		loan := y.key("loan")
		return loan, a.sends(a.knows(k, y.says(record.Insert, loan,
			record.Values{"thing": record.Ref(thing.ID), "to": record.Ref(a.Person)})))
	}
	ends := func() (n int) {
		y.must(y.batch(func(b *judge.Batch) (err error) { n, err = b.EndLate(); return err }))
		return n
	}
	expect := func(what string, thing record.Key, want bool) {
		t.Helper()
		if y.holdsOn(a.Person, thing) != want {
			t.Errorf("%s: held: %v", what, !want)
		}
	}
	y.office(y.says(record.Update, place, record.Values{"keeper": record.Null}))
	expect("lost", thing, false)
	_, r := lends(thing)
	y.expect(r, wire.Merged, "")
	loan, r := lends(kept)
	y.expect(r, wire.Merged, "")
	expect("lent to himself before he heard", thing, true)
	if n := ends(); n != 0 {
		t.Errorf("%d end at once", n)
	}
	y.passes(month - day)
	_, r = lends(thing) // by what he holds for the time being
	y.expect(r, wire.Merged, "")
	y.office(y.says(record.Update, loan, ref("thing", kept)))
	y.passes(2 * day)
	if n := ends(); n != 2 {
		t.Errorf("%d end with the grace", n)
	}
	expect("after the grace", thing, false)
	expect("what the office said again", kept, true)
	_, r = lends(thing)
	y.expect(r, wire.Quarantined, fault.GraceOver)
	if n := ends(); n != 0 {
		t.Errorf("%d end twice", n)
	}
}

// A device that asks for a fresh number knows what it knew under the one before; but for one of two copies, of which nobody can
// say which it is, and for one that comes out of an epoch that is gone.
func TestAFreshIncarnationKnowsWhatTheDeviceDid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(*loss)
		want   fault.Code
	}{
		"it had acknowledged":                    {func(l *loss) { l.acknowledges(l.at, 0) }, fault.LateWrite},
		"it had written, knowing":                {func(l *loss) { l.sends(l.knows(l.at)) }, fault.LateWrite},
		"it had not heard":                       {func(l *loss) { l.acknowledges(l.at-1, 0) }, ""},
		"another device of his had acknowledged": {func(l *loss) { l.other().acknowledges(l.at, 0) }, ""},
		"it asks twice":                          {func(l *loss) { l.acknowledges(l.at, 0); l.renews() }, fault.LateWrite},
		"a copy of it had written with its number": {func(l *loss) {
			l.sends(l.knows(l.at))
			l.count--
			l.expect(l.sends(l.knows(1)), wire.Forked, "")
		}, ""},
		"it had acknowledged in an epoch that is gone": {func(l *loss) {
			l.acknowledges(l.at, 0)
			l.hub.Restore(l.hub.Snapshot())
			l.cfg.Epoch, l.cfg.RestoreAt = l.hub.Marker().Epoch, l.at-1
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLoss(t)
			c.before(l)
			l.renews()
			r := l.sends(l.claims(l.at - 1))
			if r.Code != c.want {
				t.Errorf("%q, want %q", r.Code, c.want)
			}
		})
	}
}

// other is another device of the person's.
func (l *loss) other() *loss {
	second := &tech{world: l.world, Author: judge.Author{Person: l.Person, Device: l.make.ID()}}
	second.actor = l.enrol(l.Person, second.Device, 0)
	return &loss{tech: second, job: l.job, at: l.at}
}

// renews gives the device a fresh incarnation.
func (l *loss) renews() {
	l.Helper()
	var a judge.Admission
	l.tx(func(tx judge.Store) (err error) {
		hello := &wire.Hello{Device: l.Device, Epoch: l.cfg.Epoch, Schema: l.cfg.Schema.Version, Cursors: [schema.Classes]uint64{1, 1, 1}}
		a, err = judge.Admit(tx.(judge.Actors), l.cfg, l.Author, hello, l.now.Millis())
		return err
	})
	if !a.NewActor {
		l.Fatal("it keeps its number")
	}
	a.Welcome.Actor = l.enrol(l.Person, l.Device, 0)
	l.tx(a.Begin)
	l.actor, l.count = a.Welcome.Actor, 0
}

// Who made a row that nobody was given has seen what it says; once it was given to somebody, and until he hears, he has not.
func TestWhoMadeARowHasSeenWhatItSaysUntilItIsGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, job := w.tech(), w.tech(), w.fresh("job")
	beside := func() int {
		row := w.row(job)
		i, _ := row.Meta.Find(record.CellID{Column: row.Table.Columns[row.Table.Column("title")].ID})
		return len(row.Meta.Cells[i].Others)
	}
	a.writes(record.Insert, job, text("title", "found on site"))
	w.update(job, text("title", "a pump"))
	a.writes(record.Update, job, text("title", "the pump in the cellar"))
	if n := beside(); n != 0 {
		t.Errorf("%d values stand beside what he wrote, though he had seen them", n)
	}
	k := w.head()
	w.assign(job, b.Person)
	b.writes(record.Update, job, text("title", "the pump"))
	w.expect(a.sends(a.knows(k, w.change(record.Update, job, text("title", "a pump of ours")))), wire.Merged, "")
	if n := beside(); n != 1 {
		t.Errorf("%d values stand beside what he wrote who had not heard", n)
	}
}

// Who has not heard that he lost a thing opens it for a colleague until the grace is over, whoever else holds it by now; and for
// himself by nothing that was there before.
func TestWhoHasNotHeardOpensWhatHeLostForOthersForAWhile(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	a, b, c := y.keeper(), y.keeper(), y.keeper()
	kept := func(who *tech) record.Key { return y.has("place", ref("keeper", record.Key{ID: who.Person})) }
	place, his, another := kept(a), kept(b), kept(a)
	lent, moved, taken := y.has("thing", ref("place", place)), y.has("thing", ref("place", place)), y.has("thing", ref("place", place))
	k := y.head()
	y.office(y.says(record.Update, place, ref("keeper", record.Key{ID: c.Person})))
	sends := func(op record.Op, key record.Key, values record.Values) {
		t.Helper()
		y.expect(a.sends(a.knows(k, y.says(op, key, values))), wire.Merged, "")
	}
	sends(record.Insert, y.key("loan"), record.Values{"thing": record.Ref(lent.ID), "to": record.Ref(b.Person)})
	sends(record.Update, moved, ref("place", his))
	sends(record.Update, taken, ref("place", another))
	for name, c := range map[string]struct {
		person record.ID
		thing  record.Key
		want   bool
	}{"lent": {b.Person, lent, true}, "moved to a colleague": {b.Person, moved, true}, "moved to himself": {a.Person, taken, false}} {
		if got := y.holdsOn(c.person, c.thing); got != c.want {
			t.Errorf("%s: held: %v", name, got)
		}
	}
	y.passes(month + day)
	y.must(y.batch(func(b *judge.Batch) error { _, err := b.EndLate(); return err }))
	if y.holdsOn(b.Person, lent) || y.holdsOn(b.Person, moved) {
		t.Error("what was opened so is held after the grace")
	}
}

// What was written before somebody lost a job he can have seen, and replaces, whatever was written of the job since.
func TestWhatWasWrittenBeforeALossCanHaveBeenSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	given := w.assign(job, a.Person)
	k := w.head()
	w.office(w.change(record.Update, given, text("state", "ended")), w.change(record.Update, job, text("finding", "nobody was in")))
	w.expect(a.sends(a.knows(k, w.change(record.Update, job, text("title", "his")))), wire.Merged, "")
	if got := w.standing(job, "title"); !slices.Equal(got, []string{"his"}) {
		t.Errorf("%q stand", got)
	}
}

// The end of a grace is a commit of its own: devices are told of what came after the last that they heard.
func TestTheEndOfAGraceIsACommit(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	a := y.keeper()
	place := y.has("place", ref("keeper", record.Key{ID: a.Person}))
	thing := y.has("thing", ref("place", place))
	k := y.head()
	y.office(y.says(record.Update, place, record.Values{"keeper": record.Null}))
	y.expect(a.sends(a.knows(k, y.says(record.Insert, y.key("loan"),
		record.Values{"thing": record.Ref(thing.ID), "to": record.Ref(a.Person)}))), wire.Merged, "")
	y.passes(month + day)
	heard := y.head()
	y.must(y.batch(func(b *judge.Batch) error {
		if n, err := b.EndLate(); n != 1 || err != nil {
			t.Errorf("%d end: %v", n, err)
		}
		return nil
	}))
	if got := y.head(); got != heard+1 {
		t.Errorf("it ended with commit %d, and %d was heard", got, heard)
	}
}
