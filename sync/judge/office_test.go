package judge_test

import (
	"strings"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

func (w *world) releasing(old clock.Dot, amended []record.RowChange) (r judge.Ruling, err error) {
	err = w.batch(func(b *judge.Batch) (err error) {
		r, err = b.Release(judge.Author{}, w.desk, old, amended)
		return err
	})
	return r, err
}

func (w *world) release(old clock.Dot, amended []record.RowChange) judge.Ruling {
	w.Helper()
	r, err := w.releasing(old, amended)
	w.must(err)
	return r
}

func (w *world) dismissing(old clock.Dot) error {
	return w.batch(func(b *judge.Batch) error {
		_, err := b.Dismiss(judge.Author{}, w.desk, old)
		return err
	})
}

func (w *world) dismiss(old clock.Dot) {
	w.Helper()
	w.must(w.dismissing(old))
}

// again is what a technician sends in the place of what was refused.
func (t *tech) again(k uint64, old clock.Dot, changes ...record.RowChange) *record.ChangeSet {
	cs := t.knows(k, changes...)
	cs.Amends = old
	return cs
}

func TestWhatIsReleasedIsAppliedUnderADotOfTheOffice(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	old := a.refused(a.change(record.Update, job, text("title", "refused")))
	r := a.release(old, nil)
	a.expect(r, wire.Merged, "")
	a.expectText(job, "title", "refused")
	e, was := a.entry(r.Dot), a.entry(old)
	if r.Dot.Actor != a.desk || was.Closed != r.Dot || e.Eff != was.Eff {
		t.Errorf("%v closes %+v", r.Dot, was)
	}
	cs, err := record.ParseChangeSet(e.Encoded)
	a.must(err)
	if cs.Amends != old || cs.Cause != "release" {
		t.Errorf("the release of %v names %v", old, cs.Amends)
	}
}

// The office may change what it releases, and knows no more than the technician did.
func TestWhatIsAmendedKeepsItsContext(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	old := a.refused(a.change(record.Update, job, text("title", "refused")))
	a.update(job, text("title", "meanwhile"))
	other := a.job("another")
	amended := []record.RowChange{
		a.change(record.Update, job, text("title", "amended")), a.change(record.Update, other, text("title", "too")),
	}
	r := a.release(old, amended)
	row := a.row(job)
	i, _ := row.Meta.Find(record.CellID{Column: 1})
	if len(row.Meta.Cells[i].Others) != 1 || !row.Vector.Covers(r.Dot) {
		t.Error("what came meanwhile was replaced by who had not seen it")
	}
	a.expectText(other, "title", "too")
}

func TestADecisionIsMadeOnce(t *testing.T) {
	t.Parallel()
	type world = tech
	decide := map[string]func(*world, record.Key, clock.Dot) fault.Code{
		"released": func(a *world, _ record.Key, old clock.Dot) fault.Code {
			_, err := a.releasing(old, nil)
			return fault.CodeOf(err)
		},
		"dismissed": func(a *world, _ record.Key, old clock.Dot) fault.Code { return fault.CodeOf(a.dismissing(old)) },
		"sent again": func(a *world, job record.Key, old clock.Dot) fault.Code {
			return a.sends(a.again(a.head(), old, a.change(record.Update, job, number("tags.again", 1)))).Code
		},
	}
	for first, one := range decide {
		for second, two := range decide {
			t.Run(first+" and then "+second, func(t *testing.T) {
				t.Parallel()
				a, job := atWork(t)
				old := a.refused(a.change(record.Update, job, text("finding", "a leak")))
				if code := one(a, job, old); code != "" {
					t.Fatalf("%s: %s", first, code)
				}
				before := a.row(job).Vector
				if code := two(a, job, old); code != fault.Closed {
					t.Errorf("%s: %q, want %q", second, code, fault.Closed)
				}
				if !a.row(job).Vector.Equal(before) {
					t.Error("it took effect twice")
				}
			})
		}
	}
}

func TestWhatIsNotWaitingCannotBeDecided(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	applied := a.writes(record.Update, job, text("title", "applied")).Dot
	nowhere := clock.Dot{Actor: a.actor, Counter: 99}
	head := a.head()
	a.expectCode(a.dismissing(applied), fault.Invalid)
	a.expectCode(a.dismissing(nowhere), fault.Invalid)
	_, err := a.releasing(nowhere, nil)
	a.expectCode(err, fault.UnknownRow)
	if a.head() != head {
		t.Error("something was committed")
	}
	a.expect(a.sends(a.again(head, nowhere)), wire.Quarantined, fault.Invalid)
}

func TestOnlyItsAuthorSendsAgainWhatWasRefused(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	b := a.world.tech()
	a.assign(job, b.Person)
	old := a.refused(a.change(record.Update, job, text("title", "refused")))
	c := a.change(record.Update, job, text("title", "another's"))
	a.expect(b.sends(b.again(a.head(), old, c)), wire.Quarantined, fault.NotAllowed)
	a.expect(a.sends(a.again(a.head(), old, c)), wire.Applied, "")
}

// What was known when the work was done counts, not what was known when it was sent again.
func TestWhatIsSentAgainIsJudgedAtItsFirstK(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	given := w.assign(job, a.Person)
	old := a.refused(w.change(record.Update, job, text("title", "refused")))
	again := a.refusedAgain(old, w.change(record.Update, job, text("title", "refused again")))
	lost := w.ends(given)
	w.expect(a.sends(a.again(lost, again, w.change(record.Update, job, text("title", "sent again")))), wire.Merged, "")
	w.expectText(job, "title", "sent again")
	for _, d := range []clock.Dot{old, again} {
		if w.entry(d).Closed.IsZero() {
			t.Errorf("%v still waits", d)
		}
	}
}

func (t *tech) refusedAgain(old clock.Dot, c record.RowChange) clock.Dot {
	t.Helper()
	t.cfg.Rules = ruling(func(judge.Rows, *record.ChangeSet, judge.Author) (judge.Decision, error) {
		return judge.Decision{Refuse: fault.New("not_so", "not like this either")}, nil
	})
	defer func() { t.cfg.Rules = nil }()
	r := t.sends(t.again(t.head(), old, c))
	t.expect(r, wire.Quarantined, "not_so")
	return r.Dot
}

// Of one piece of work that was refused twice, one takes effect at most; a dismissal ends one alone.
func TestOfWhatWasRefusedTwiceOneTakesEffect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first  func(a *tech, old clock.Dot)
		second fault.Code
	}{
		"the older was released":  {func(a *tech, old clock.Dot) { a.release(old, nil) }, fault.Closed},
		"the older was dismissed": {func(a *tech, old clock.Dot) { a.dismiss(old) }, ""},
		"the older waits":         {func(*tech, clock.Dot) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, job := atWork(t)
			old := a.refused(a.change(record.Update, job, text("title", "refused")))
			again := a.refusedAgain(old, a.change(record.Update, job, text("title", "refused again")))
			c.first(a, old)
			_, err := a.releasing(again, nil)
			a.expectCode(err, c.second)
		})
	}
}

func TestADismissalLeavesWhatCameBeforeIt(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	old := a.refused(a.change(record.Update, job, text("title", "refused")))
	again := a.refusedAgain(old, a.change(record.Update, job, text("title", "refused again")))
	a.dismiss(again)
	if !a.entry(old).Closed.IsZero() {
		t.Error("the older one is closed")
	}
	a.release(old, nil)
	a.expectText(job, "title", "refused")
}

func TestTheOfficeIsToldWhatDoesNotFitAndNothingIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	job := w.job("a pump")
	long := record.Text(strings.Repeat("x", 16<<10))
	var many []record.RowChange
	for range 40 {
		many = append(many, w.change(record.Insert, w.fresh("job"), record.Values{"title": long}))
	}
	for name, c := range map[string]struct {
		changes []record.RowChange
		code    fault.Code
	}{
		"an update of nothing": {[]record.RowChange{w.change(record.Update, w.fresh("job"), nil)}, fault.UnknownRow},
		"an insert twice":      {[]record.RowChange{w.change(record.Insert, job, nil)}, fault.Exists},
		"too much at once":     {many, fault.TooLarge},
	} {
		head := w.head()
		err := w.batch(func(b *judge.Batch) error {
			_, err := b.Commit(judge.Author{}, w.desk, c.changes, "test")
			w.expectCode(err, c.code)
			if b.Head() != head {
				t.Errorf("%s: took the commit %d", name, b.Head())
			}
			return nil
		})
		w.must(err)
		if w.head() != head {
			t.Errorf("%s: something was committed", name)
		}
	}
	w.update(job, text("title", "goes on"))
}

func TestOnlyWhoWasEnrolledCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := w.batch(func(b *judge.Batch) error {
		_, err := b.Commit(judge.Author{}, w.desk+1<<20, nil, "test")
		return err
	})
	if err == nil || fault.CodeOf(err) != "" {
		t.Errorf("%v, want the hub's own trouble", err)
	}
}
