package judge_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Several authors' change sets to one row in one group commit see each other, and the row is written once.
func TestAGroupCommitIsLikeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	b := a.world.tech()
	a.assign(job, b.Person)
	k := a.head()
	title := a.change(record.Update, job, text("title", "by A"))
	finding := a.change(record.Update, job, text("finding", "by B"))
	again := a.change(record.Update, job, text("title", "by A again"))
	again.Context = again.Context.With(clock.Dot{Actor: a.actor, Counter: 1})
	sets := []*record.ChangeSet{a.knows(k, title), b.knows(k, finding), a.knows(k, again)}
	var got []wire.Outcome
	a.must(a.batch(func(batch *judge.Batch) error {
		for i, cs := range sets {
			r, err := batch.Judge([]*tech{a, b, a}[i].Author, wire.Pushed{Encoded: cs.AppendBinary(nil)})
			if err != nil || r.Seq != k+uint64(i)+1 {
				t.Errorf("%+v %v", r, err)
			}
			got = append(got, r.Outcome)
		}
		return nil
	}))
	if want := []wire.Outcome{wire.Applied, wire.Merged, wire.Merged}; !slices.Equal(got, want) {
		t.Errorf("outcomes %v, want %v", got, want)
	}
	a.expectText(job, "title", "by A again")
	a.expectText(job, "finding", "by B")
	if got := a.row(job).Seq; got != k+3 {
		t.Errorf("the row was touched at %d, want %d", got, k+3)
	}
}

// A phone that says of every write that it has seen nothing fills a cell for itself: who works beside it writes on.
func TestWhoFillsACellIsRefusedAndNobodyElse(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	b := a.world.tech()
	a.assign(job, b.Person)
	blind := func(x *tech, value string) judge.Ruling {
		change := a.change(record.Update, job, text("decision", value))
		change.Context = clock.Vector{}
		return x.sends(x.knows(a.head(), change))
	}
	var last judge.Ruling
	for i := 0; i < 200 && last.Outcome != wire.Quarantined; i++ {
		last = blind(a, fmt.Sprint("value ", i))
	}
	a.expect(last, wire.Quarantined, fault.TooLarge)
	a.expect(blind(b, "what b says"), wire.Merged, "")
}

// What a batch has granted counts for what follows in it.
func TestAHoldGivenInABatchCountsInIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	give := w.change(record.Insert, w.fresh("assignment"), record.Values{
		"job": record.Ref(job.ID), "person": record.Ref(a.Person), "state": record.Text("offered"),
	})
	cs := a.knows(w.head(), w.change(record.Update, job, text("title", "changed")))
	w.must(w.batch(func(b *judge.Batch) error {
		_, err := b.Commit(judge.Author{}, w.desk, []record.RowChange{give}, "test")
		w.must(err)
		r, err := b.Judge(a.Author, wire.Pushed{Encoded: cs.AppendBinary(nil)})
		w.expect(r, wire.Applied, "")
		return err
	}))
}

// recorder notes the order in which a batch writes.
type recorder struct {
	judge.Store
	wrote []string
	fails string
}

func (r *recorder) note(what string, err error) error {
	r.wrote = append(r.wrote, what)
	if r.fails == what {
		return errStore
	}
	return err
}

func (r *recorder) PutRow(row *record.Row, was uint64) error {
	return r.note("row", r.Store.PutRow(row, was))
}
func (r *recorder) PutActor(a *judge.Actor) error { return r.note("actor", r.Store.PutActor(a)) }
func (r *recorder) PutEntry(e *judge.Entry) error { return r.note("entry", r.Store.PutEntry(e)) }
func (r *recorder) PutCommit(seq uint64, at clock.Stamp, b []record.Bucket) error {
	return r.note("commit", r.Store.PutCommit(seq, at, b))
}

// flushes judges a job that somebody found, on a store that fails where it is told to.
func flushes(t *testing.T, fails string) ([]string, error) {
	w := newWorld(t)
	a := w.tech()
	cs := a.knows(0, w.change(record.Insert, w.fresh("job"), nil))
	var r *recorder
	err := w.hub.Write(func(tx judge.Store) error {
		r = &recorder{Store: tx, fails: fails}
		b, err := judge.NewBatch(r, w.cfg, w.now)
		w.must(err)
		if _, err := b.Judge(a.Author, wire.Pushed{Encoded: cs.AppendBinary(nil)}); err != nil {
			return err
		}
		return b.Flush()
	})
	return r.wrote, err
}

func TestTheCommitIsWrittenLast(t *testing.T) {
	t.Parallel()
	got, err := flushes(t, "")
	if want := []string{"entry", "row", "actor", "commit"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("wrote %v: %v", got, err)
	}
}

// Trouble of the store says nothing about a change set: it is never quarantined for it.
func TestTroubleOfTheStoreIsAnError(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"entry", "row", "actor", "commit"} {
		if _, err := flushes(t, what); !errors.Is(err, errStore) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestABatchThatJudgedNothingCommitsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.busy(1)
	head := w.head()
	w.must(w.batch(func(b *judge.Batch) error { return b.Acknowledge(w.desk, 1, 0) }))
	if w.head() != head {
		t.Errorf("head %d after %d", w.head(), head)
	}
}

func TestARuleSeesTheChangeSetsBeforeIt(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	a.cfg.Rules = ruling(func(rows judge.Rows, cs *record.ChangeSet, author judge.Author) (judge.Decision, error) {
		tasks, err := rows.Refs(table("task"), "job", job.ID)
		if err == nil && len(tasks) > 0 && !author.Trusted {
			return judge.Decision{Refuse: fault.New("one_task", "one is enough")}, nil
		}
		return judge.Decision{}, err
	})
	one := a.knows(a.head(), a.change(record.Insert, a.fresh("task"), ref("job", job)))
	two := a.knows(a.head(), a.change(record.Insert, a.fresh("task"), ref("job", job)))
	a.must(a.batch(func(b *judge.Batch) error {
		for i, cs := range []*record.ChangeSet{one, two} {
			r, err := b.Judge(a.Author, wire.Pushed{Encoded: cs.AppendBinary(nil)})
			a.must(err)
			a.expect(r, []wire.Outcome{wire.Applied, wire.Quarantined}[i], []fault.Code{"", "one_task"}[i])
		}
		return nil
	}))
}

func TestARuleMayMergeOtherChangesInstead(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	supplement := a.fresh("comment")
	late := record.Values{"job": record.Ref(job.ID), "text": record.Text("came late")}
	instead := a.change(record.Insert, supplement, late)
	a.cfg.Rules = ruling(func(judge.Rows, *record.ChangeSet, judge.Author) (judge.Decision, error) {
		return judge.Decision{Instead: []record.RowChange{instead}}, nil
	})
	r := a.writes(record.Update, job, text("title", "changed"))
	a.expect(r, wire.Merged, "")
	a.expectText(job, "title", "a pump")
	a.expectText(supplement, "text", "came late")
	if !slices.Contains(r.Return, job) {
		t.Error("the technician is not told what the job is")
	}
}

// What a rule puts in the place of somebody's changes lands on nothing that he may not write; new rows are the hub's own.
func TestARuleMayNotDivertChangesToWhatIsNotTheirAuthors(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	strangers := a.world.job("a stranger's")
	for key, want := range map[record.Key]wire.Outcome{job: wire.Merged, strangers: wire.Quarantined} {
		instead := a.change(record.Update, key, text("title", "diverted"))
		a.cfg.Rules = ruling(func(judge.Rows, *record.ChangeSet, judge.Author) (judge.Decision, error) {
			return judge.Decision{Instead: []record.RowChange{instead}}, nil
		})
		if r := a.writes(record.Insert, a.fresh("task"), ref("job", job)); r.Outcome != want {
			t.Errorf("diverted to %v: outcome %d %s, want %d", key, r.Outcome, r.Code, want)
		}
	}
	a.expectText(strangers, "title", "a stranger's")
}

func TestTroubleOfARuleIsAnError(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	a.cfg.Rules = ruling(func(judge.Rows, *record.ChangeSet, judge.Author) (judge.Decision, error) {
		return judge.Decision{}, errStore
	})
	cs := a.knows(0, a.change(record.Update, job, nil))
	err := a.batch(func(b *judge.Batch) error {
		_, err := b.Judge(a.Author, wire.Pushed{Encoded: cs.AppendBinary(nil)})
		return err
	})
	if !errors.Is(err, errStore) {
		t.Error(err)
	}
}

func TestErasureClearsWhatIsPersonalAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	customer := w.insert("customer", record.Values{"name": record.Text("Acme"), "phone": record.Text("1")})
	form := w.change(record.Update, customer, text("phone", "2"))
	w.update(customer, text("phone", "3"))
	w.office(form) // beside the 3, that its author had not seen
	person := record.Key{Table: table("person").ID, ID: a.Person}
	erase := func(keys ...record.Key) (r judge.Ruling) {
		w.must(w.batch(func(b *judge.Batch) (err error) { r, err = b.Erase(judge.Author{}, w.desk, keys); return err }))
		return r
	}
	erase(customer, person, w.fresh("customer"))
	w.expectText(customer, "name", "Acme")
	w.expectText(customer, "phone", "")
	w.expectText(person, "name", "")
	row := w.row(customer)
	if i, _ := row.Meta.Find(record.CellID{Column: 2}); len(row.Meta.Cells[i].Others) > 0 {
		t.Errorf("%v still stand", row.Meta.Cells[i].Others)
	}
	head := w.head()
	if r := erase(customer, person); r.Seq != 0 || w.head() != head {
		t.Errorf("erased twice: %+v", r)
	}
}

func TestDeletedRowsAreKeptUntilEverybodyHasPassedThem(t *testing.T) {
	t.Parallel()
	const head = 100
	for name, c := range map[string]struct {
		live []judge.Actor
		want uint64
	}{
		"nobody counts":                  {nil, head},
		"the slowest":                    {[]judge.Actor{{AckK: 40, AckN: 3, Counter: 3}, {AckK: 70}}, 40},
		"whose work is still on its way": {[]judge.Actor{{AckK: 70}, {AckK: 40, AckN: 3, Counter: 2}}, 0},
		"who never said anything":        {[]judge.Actor{{AckK: 70}, {}}, 0},
		"who wrote more since":           {[]judge.Actor{{AckK: 40, AckN: 3, Counter: 9}}, 40},
	} {
		if got := judge.Passed(c.live, head); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// attic is a store that knows of dead rows.
type attic struct {
	judge.Store
	dead    map[schema.Class][]record.Key
	dropped []record.Key
	noted   uint64
}

func (a *attic) Dead(class schema.Class, _ uint64, limit int) ([]record.Key, error) {
	return a.dead[class][:min(limit, len(a.dead[class]))], nil
}

func (a *attic) DropRow(r *record.Row) error {
	a.dropped = append(a.dropped, r.Key())
	return nil
}

func (a *attic) PutCollected(seq uint64) error {
	a.noted = seq
	return nil
}

func TestWhatIsCollected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, young, alive := w.job("old"), w.job("young"), w.job("alive")
	oldVan, youngVan := w.insert("location", nil), w.insert("location", nil)
	w.delete(oldVan)
	absent := w.head()
	w.delete(old)
	w.delete(youngVan)
	passed := w.head()
	w.delete(young)
	w.tx(func(tx judge.Store) error {
		a := &attic{Store: tx, dead: map[schema.Class][]record.Key{
			schema.ClassWork: {old, young, alive, w.fresh("job")}, schema.ClassStock: {oldVan, youngVan},
		}}
		n, err := judge.Collect(a, passed, absent, 10)
		if a.noted == 0 || a.noted > passed {
			t.Errorf("%d is noted, where all had passed %d", a.noted, passed)
		}
		if want := []record.Key{old, oldVan}; n != 2 || !slices.Equal(a.dropped, want) {
			t.Errorf("%d: %v, want %v", n, a.dropped, want)
		}
		return err
	})
}

// What is inserted under a row that the hub has forgotten, or has refused, waits for a person: nobody would ever see it.
func TestWhatHangsOnARowThatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.fresh("job") // of one that is forgotten the hub knows no more than of one that never was
	w.expect(a.writes(record.Insert, w.fresh("task"), record.Values{"job": record.Ref(job.ID)}), wire.Quarantined, fault.UnknownRow)
	w.expect(a.writes(record.Update, job, text("title", "mended")), wire.Quarantined, fault.UnknownRow)

	found, task := w.fresh("job"), w.fresh("task")
	insert := w.change(record.Insert, found, text("title", "found on the way"))
	refused := a.refused(insert)
	w.expect(a.writes(record.Insert, task, record.Values{"job": record.Ref(found.ID)}), wire.Quarantined, fault.DependsOn)
	w.expect(a.writes(record.Update, found, text("title", "mended")), wire.Quarantined, fault.DependsOn)
	w.must(w.batch(func(b *judge.Batch) error {
		_, err := b.Release(judge.Author{}, w.desk, refused, nil)
		return err
	}))
	w.expect(a.writes(record.Insert, task, record.Values{"job": record.Ref(found.ID)}), wire.Merged, "")
}

// What a device wrote as another incarnation than that of today comes before what it writes as this one: until something of
// this one has come, it may still be on its way.
func TestWorkUnderARetiredIncarnationIsWaitedFor(t *testing.T) {
	t.Parallel()
	const head = 100
	old, unheard := judge.Actor{Actor: 1, AckK: 40, AckN: 3, Counter: 3}, judge.Actor{Actor: 2, AckK: 60}
	for name, c := range map[string]struct {
		own  []judge.Actor
		want uint64
	}{
		"it has written as the newest":  {[]judge.Actor{old, {Actor: 3, AckK: 70, Counter: 1}}, 70},
		"it has not":                    {[]judge.Actor{old, {Actor: 3, AckK: 70}}, 40},
		"nor as the one before":         {[]judge.Actor{old, unheard, {Actor: 3, AckK: 70}}, 40},
		"something is known to be late": {[]judge.Actor{{Actor: 1, AckK: 40, AckN: 3, Counter: 2}, {Actor: 3, AckK: 70}}, 0},
		"it never was another":          {[]judge.Actor{unheard}, 60},
		"it is none":                    {nil, head},
	} {
		if got := judge.Passed(judge.Counting(c.own), head); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
