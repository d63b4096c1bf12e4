package judge_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// atWork is a technician who is on a job.
func atWork(t *testing.T) (*tech, record.Key) {
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	w.assign(job, a.Person)
	return a, job
}

func TestAChangeSetIsAppliedAsItsAuthorMadeItUnlessSomethingElseStands(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	r := a.writes(record.Update, job, text("title", "changed"))
	a.expect(r, wire.Applied, "")
	if len(r.Return) != 0 {
		t.Errorf("%v come along", r.Return)
	}
	c := a.change(record.Update, job, text("finding", "a leak"))
	a.update(job, record.Values{"due": record.Date(9)})
	r = a.sends(a.knows(a.head(), c))
	a.expect(r, wire.Merged, "")
	if len(r.Return) != 1 || r.Return[0] != job {
		t.Errorf("%v come along, want the job", r.Return)
	}
}

func TestAChangeSetIsJudgedOnce(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	cs := a.knows(a.head(), a.change(record.Update, job, text("title", "once")))
	first := a.sends(cs)
	head := a.head()
	a.update(job, text("title", "by the office"))
	again := a.sends(cs)
	if !again.Again || again.Seq != first.Seq || again.Hash != first.Hash || a.head() != head+1 {
		t.Errorf("judged again: %+v after %+v", again, first)
	}
	a.expect(again, wire.Merged, "") // the row may have changed since: it comes along
	a.expectText(job, "title", "by the office")
}

func TestAGapIsAnsweredWithTheCounterExpected(t *testing.T) {
	t.Parallel()
	a, _ := atWork(t)
	a.knows(0)
	head := a.head()
	r := a.sends(a.knows(0))
	a.expect(r, wire.Gap, "")
	if r.Seq != 1 || a.head() != head || a.entry(r.Dot) != nil || a.world.actor(a.actor).Counter != 0 {
		t.Errorf("%+v, and something was kept of it", r)
	}
}

func TestAnotherChangeSetUnderTheSameDotForked(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	one := a.knows(a.head(), a.change(record.Update, job, text("title", "one")))
	a.sends(one)
	two := *one
	two.Cause = "the copy's"
	a.expect(a.sends(&two), wire.Forked, "")
	a.expectText(job, "title", "one")
}

// What was judged before is not judged again under another dot: its identity survives.
func TestAChangeSetThatWasStampedAnewKeepsItsVerdict(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	cs := a.knows(a.head(), a.change(record.Update, job, number("tags.once", 1)))
	first := a.sends(cs)
	again := *cs
	a.count++
	again.Origin, again.Dot.Counter = cs.First(first.Hash), a.count
	r := a.sends(&again)
	a.expect(r, wire.Merged, "")
	if e := a.entry(again.Dot); e == nil || e.Same != cs.Dot {
		t.Errorf("entered as %+v", e)
	}
	if a.row(job).Vector.Covers(again.Dot) {
		t.Error("it was applied twice")
	}
	a.expect(a.writes(record.Update, job, number("tags.twice", 1)), wire.Applied, "") // counters go on
}

// A copy of the phone may be quicker than the phone: what it stamped anew is found by how it was first written, by the
// original and by a third copy alike.
func TestAnOriginalThatComesAfterItsCopyKeepsTheVerdict(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	original := a.knows(a.head(), a.change(record.Update, job, number("tags.once", 1)))
	copied := *original
	copied.Origin = original.First(record.HashOf(original.AppendBinary(nil)))
	copied.Cause = "the copy's"
	original.Dot.Counter++
	copied.Origin.Dot = original.Dot
	copied.Origin.RID = record.ID(record.HashOf(original.AppendBinary(nil)))
	a.expect(a.sends(&copied), wire.Applied, "")
	a.count++
	a.expect(a.sends(original), wire.Merged, "")
	third := copied
	a.count++
	third.Dot.Counter = a.count
	a.expect(a.sends(&third), wire.Merged, "")
	for _, d := range []clock.Dot{original.Dot, third.Dot} {
		if e := a.entry(d); e == nil || e.Same != copied.Dot {
			t.Errorf("%v was entered as %+v", d, e)
		}
		if a.row(job).Vector.Covers(d) {
			t.Errorf("%v was applied twice", d)
		}
	}
}

func TestWhatWasRefusedAndStampedAnewWaitsOnce(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	old := a.refused(a.change(record.Update, job, text("title", "changed")))
	e := a.entry(old)
	cs, err := record.ParseChangeSet(e.Encoded)
	a.must(err)
	a.count++
	cs.Origin, cs.Dot.Counter = cs.First(e.Hash), a.count
	a.expect(a.sends(cs), wire.Quarantined, "not_so")
	if second := a.entry(cs.Dot); second.Closed != old {
		t.Errorf("closed by %v: two wait for one decision", second.Closed)
	}
	a.dismiss(old)
	a.expect(a.sends(cs), wire.Released, "not_so")
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	a, _ := atWork(t)
	a.expectCode(a.batch(func(b *judge.Batch) error {
		_, err := b.Judge(a.Author, wire.Pushed{Encoded: []byte("no change set")})
		return err
	}), fault.Malformed)
}

func TestAChangeSetThatFailsAgainAndAgainIsPutAside(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	poison := a.knows(a.head(), a.change(record.Update, job, text("title", "poison")))
	aside := func(cs *record.ChangeSet) (r judge.Ruling) {
		a.must(a.batch(func(b *judge.Batch) (err error) {
			parsed, err := judge.Parse(wire.Pushed{Encoded: cs.AppendBinary(nil)})
			a.must(err)
			r, err = b.Quarantine(a.Author, parsed, fault.New(fault.Poison, "failed"))
			return err
		}))
		return r
	}
	r := aside(poison)
	a.expect(r, wire.Quarantined, fault.Poison)
	if len(r.Return) != 1 {
		t.Errorf("%v come along", r.Return)
	}
	a.expect(aside(poison), wire.Quarantined, fault.Poison) // and it is not asked twice
	a.expect(a.writes(record.Update, job, text("title", "goes on")), wire.Applied, "")
	a.knows(0)
	a.expect(aside(a.knows(0)), wire.Gap, "")
}

func TestWhatWasRefusedBeforeARestoreIsRefusedUnread(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	gone := a.cfg.Epoch
	a.cfg.Epoch++
	for name, c := range map[string]struct {
		epoch uint32
		prior wire.Prior
		want  fault.Code // "" for taken
	}{
		"refused":                        {gone, wire.Prior{Outcome: wire.Quarantined, Code: fault.LateWrite}, fault.LateWrite},
		"taken":                          {gone, wire.Prior{Outcome: wire.Applied}, ""},
		"refused, it says, but just now": {gone + 1, wire.Prior{Outcome: wire.Quarantined, Code: fault.LateWrite}, ""},
		"refused for no reason":          {gone, wire.Prior{Outcome: wire.Quarantined}, fault.RefusedBefore},
		"failed at, as a hub says":       {gone, wire.Prior{Outcome: wire.Quarantined, Code: fault.Poison}, fault.RefusedBefore},
		"a copy, as a hub says":          {gone, wire.Prior{Outcome: wire.Quarantined, Code: fault.Witness}, fault.RefusedBefore},
		"a copy without proof":           {gone, wire.Prior{Outcome: wire.Quarantined, Code: fault.WitnessUnproved}, fault.RefusedBefore},
	} {
		t.Log(name)
		cs := a.knows(a.head(), a.change(record.Update, job, text("title", name)))
		cs.Epoch = c.epoch
		r := a.pushes(wire.Pushed{Encoded: cs.AppendBinary(nil), Prior: &c.prior})
		if r.Code != c.want || (r.Outcome == wire.Quarantined) != (c.want != "") {
			t.Errorf("outcome %d, code %q, want %q", r.Outcome, r.Code, c.want)
		}
	}
}

// The chain is over every change set judged, whatever became of it.
func TestTheChainNamesEveryChangeSet(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	one := a.writes(record.Update, job, text("title", "one"))
	two := a.entry(a.refused(a.change(record.Update, job, text("title", "two"))))
	known := a.world.actor(a.actor)
	if want := record.Chain(record.Chain(record.Hash{}, one.Hash), two.Hash); known.Chain != want || known.Counter != 2 {
		t.Errorf("at %d the chain is %x, want %x", known.Counter, known.Chain, want)
	}
}

func TestConflictsAreKeptForTheOffice(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	c := a.change(record.Update, job, text("title", "by the technician"))
	a.update(job, text("title", "by the office"))
	a.sends(a.knows(a.head(), c))
	seq := a.head()
	conflicts, err := a.hub.Conflicts(job)
	a.must(err)
	if len(conflicts) != 1 || !conflicts[0].Open || conflicts[0].Ask || conflicts[0].Seq != seq ||
		!conflicts[0].Context.Equal(c.Context) || len(conflicts[0].Values) != 2 {
		t.Fatalf("%+v", conflicts)
	}
	a.update(job, text("title", "settled"))
	conflicts, err = a.hub.Conflicts(job)
	a.must(err)
	if len(conflicts) != 1 || conflicts[0].Open || conflicts[0].Values[0].Value != record.Text("settled") {
		t.Errorf("%+v, want it closed by what decided it", conflicts)
	}
}

func TestAnEditOfAPartBringsBackTheWhole(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	task := a.insert("task", ref("job", job))
	c := a.change(record.Update, task, text("text", "done"))
	r := func() judge.Ruling {
		a.delete(job)
		return a.sends(a.knows(a.head(), c))
	}()
	a.expect(r, wire.Merged, "")
	row := a.row(job)
	if row.Deleted || row.Meta.Born != r.Seq || !row.Vector.Covers(r.Dot) {
		t.Errorf("deleted: %v, born at %d, want %d", row.Deleted, row.Meta.Born, r.Seq)
	}
	conflicts, err := a.hub.Conflicts(job)
	a.must(err)
	if len(conflicts) != 1 {
		t.Errorf("%d conflicts, want the delete that did not hold", len(conflicts))
	}
}

func TestADeleteOfAPartBringsNothingBack(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	task := a.insert("task", ref("job", job))
	a.delete(job)
	a.expect(a.writes(record.Delete, task, nil), wire.Applied, "")
	if !a.row(job).Deleted {
		t.Error("the job is back")
	}
}

// Of a context the cells remember what the hub has not applied: what a restore has lost, and the author's own that
// stand in quarantine. Of others in this epoch nobody has seen more than the row carries, whatever he claims.
func TestCellsRememberWhatTheHubHasNotApplied(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	b := a.tech()
	refused := a.refused(a.change(record.Update, job, text("title", "refused")))
	lost, unknown := clock.Dot{Actor: b.actor, Counter: 9}, clock.Dot{Actor: a.desk + 1<<20, Counter: 3}
	for name, c := range map[string]struct {
		epoch uint32
		want  clock.Vector
	}{
		"after a restore": {1, clock.VectorOf(refused, lost, unknown)},
		"in this epoch":   {0, clock.VectorOf(refused)},
	} {
		a.cfg.Epoch = c.epoch
		other := a.job("another")
		a.assign(other, a.Person)
		edit := a.change(record.Update, other, text("title", "on top"))
		edit.Context = edit.Context.With(refused).With(lost).With(unknown)
		a.sends(a.knows(a.head(), edit))
		row := a.row(other)
		i, _ := row.Meta.Find(record.CellID{Column: 1})
		if got := row.Meta.Cells[i].Seen; !got.Equal(c.want) {
			t.Errorf("%s it remembers %v, want %v", name, got, c.want)
		}
	}
}

// A context covers the numbers of others' refused change sets for the sake of their later ones: of these it says nothing, and
// what comes of them is not taken for seen.
func TestCellsRememberNothingOfWhatOthersWereRefused(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	b := a.tech()
	a.assign(job, b.Person)
	refused := b.refused(a.change(record.Update, job, text("title", "refused")))
	b.writes(record.Update, job, text("finding", "seen by all"))
	edit := a.change(record.Update, job, text("title", "on top"))
	if !edit.Context.Covers(refused) {
		t.Fatalf("the context is %v", edit.Context)
	}
	a.sends(a.knows(a.head(), edit))
	row := a.row(job)
	i, _ := row.Meta.Find(record.CellID{Column: 1})
	if got := row.Meta.Cells[i].Seen; !got.IsZero() {
		t.Errorf("it remembers %v", got)
	}
}

// A change set that was re-stamped says who wrote it first: its author, or one whom a restore may have forgotten, or nobody yet.
func TestARestampedChangeSetWasWrittenByItsAuthor(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	colleague := a.world.tech()
	a.cfg.Epoch = 1
	unknown := func(epoch uint32, side clock.Side) clock.Actor {
		forgotten, err := clock.NewActor(epoch, 999, side)
		a.must(err)
		return forgotten
	}
	for name, c := range map[string]struct {
		first   clock.Actor
		refused bool
	}{
		"under his own number":            {a.actor, false},
		"under none yet":                  {0, false},
		"under one that a restore forgot": {unknown(0, clock.SideDevice), false},
		"under nobody's":                  {unknown(1, clock.SideDevice), true},
		"under one of the hub's":          {unknown(1, clock.SideHub), true},
		"under a colleague's":             {colleague.actor, true},
		"under the office's":              {a.desk, true},
	} {
		cs := a.knows(a.head(), a.change(record.Update, job, text("title", name)))
		cs.Origin = record.Origin{Dot: clock.Dot{Actor: c.first, Counter: 77}, RID: a.make.ID()}
		if r := a.sends(cs); (r.Outcome == wire.Quarantined) != c.refused {
			t.Errorf("%s: outcome %d %s %s, to be refused: %v", name, r.Outcome, r.Code, r.Message, c.refused)
		}
	}
}
