package judge_test

import (
	"slices"
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

func TestAnAnswerShowsWhatThePersonMaySeeToday(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	lost, shared, unknown := a.job("another's"), a.insert("crew", nil), a.fresh("job")
	a.ends(a.assign(lost, a.Person))
	var rows []wire.Rows
	var gone []record.Key
	a.tx(func(tx judge.Store) (err error) {
		rows, gone, err = judge.Answer(tx, a.Person, []record.Key{job, lost, shared, job, unknown})
		return err
	})
	p := wire.Page{Rows: rows}
	a.expectColumns(p, job, true)
	a.expectColumns(p, shared, true)
	if rowsIn(&p) != 2 || !slices.Equal(gone, []record.Key{lost, unknown}) {
		t.Errorf("%d rows, and gone are %v", rowsIn(&p), gone)
	}
}

func (t *tech) sums(at uint64, buckets ...record.Bucket) (sums wire.Sums) {
	t.Helper()
	t.must(t.hub.Read(func(r judge.Reader) (err error) {
		sums, err = judge.Sums(r, simtest.Schema, t.Person, buckets, at, simtest.Schema.Version)
		return err
	}))
	return sums
}

func TestChecksumsAreOfTheLivingRowsOfABucket(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	task, dead := a.insert("task", ref("job", job)), a.insert("task", ref("job", job))
	a.delete(dead)
	want := uint64(0)
	for _, key := range []record.Key{job, task, a.assignmentOf(job)} {
		want += wire.RowSum(a.row(key), simtest.Schema.Version)
	}
	got := a.sums(a.head(), jobBucket(job))
	if len(got.Sums) != 1 || got.Sums[0] != (wire.Sum{Bucket: jobBucket(job), Sum: want}) || got.At != a.head() {
		t.Errorf("%+v, want %x", got, want)
	}
}

func TestChecksumsAreLeftOutWhereTheyWouldMislead(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	at, others := a.head(), a.job("another's")
	a.update(job, text("title", "changed since"))
	if got := a.sums(at, jobBucket(job)); len(got.Sums) != 0 {
		t.Errorf("%+v of a bucket that changed since", got)
	}
	if got := a.sums(a.head(), jobBucket(others)); len(got.Sums) != 0 {
		t.Errorf("%+v of a bucket that he does not hold", got)
	}
}

func TestWhoIsAdmittedGoesOnWhereHeWas(t *testing.T) {
	t.Parallel()
	const now = 1_760_000_000_000
	for name, c := range map[string]struct {
		present time.Duration // until when, of the last hundred days, he had everything
		change  func(a *tech, h *wire.Hello)
		anew    bool // he fetches everything
		another bool // he gets another incarnation
	}{
		"as he was":           {99 * day, func(*tech, *wire.Hello) {}, false, false},
		"in another epoch":    {99 * day, func(_ *tech, h *wire.Hello) { h.Epoch++ }, true, true},
		"without a number":    {99 * day, func(_ *tech, h *wire.Hello) { h.Actor = 0 }, false, true},
		"an unknown number":   {99 * day, func(_ *tech, h *wire.Hello) { h.Actor += 1 << 20 }, false, true},
		"another's number":    {99 * day, func(a *tech, h *wire.Hello) { h.Actor = a.world.tech().actor }, false, true},
		"another phone's":     {99 * day, func(a *tech, _ *wire.Hello) { a.Device = a.make.ID() }, false, true},
		"ahead of the hub":    {99 * day, func(_ *tech, h *wire.Hello) { h.Cursors = [3]uint64{99, 99, 99} }, true, false},
		"away for 89 days":    {11 * day, func(*tech, *wire.Hello) {}, false, false},
		"away for 91 days":    {9 * day, func(*tech, *wire.Hello) {}, true, false},
		"with nothing so far": {99 * day, func(_ *tech, h *wire.Hello) { h.Cursors = [3]uint64{} }, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.now = clock.StampAt(now - 100*day.Milliseconds())
			a := w.tech()
			w.passes(c.present)
			w.busy(1)
			h := &wire.Hello{Actor: a.actor, Cursors: [3]uint64{w.head(), w.head(), w.head()}}
			c.change(a, h)
			var got judge.Admission
			w.tx(func(tx judge.Store) (err error) {
				got, err = judge.Admit(tx.(judge.Actors), w.cfg, a.Author, h, now)
				return err
			})
			if anew := got.Cursors == [3]uint64{}; anew != c.anew || got.NewActor != c.another {
				t.Errorf("begins at %v, another incarnation: %v", got.Cursors, got.NewActor)
			}
			if got.Welcome.Head != w.head() || got.Welcome.Now != now {
				t.Errorf("welcomed with %+v", got.Welcome)
			}
		})
	}
}

func TestAWelcomeSaysHowFarHeHasBeenHeard(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	a.writes(record.Update, job, text("title", "changed"))
	h := &wire.Hello{Actor: a.actor, Cursors: [3]uint64{1, 1, 1}}
	var got judge.Admission
	a.tx(func(tx judge.Store) (err error) {
		got, err = judge.Admit(tx.(judge.Actors), a.cfg, a.Author, h, a.now.Millis())
		return err
	})
	if known := a.world.actor(a.actor); got.Welcome.Known != 1 || got.Welcome.Chain != known.Chain {
		t.Errorf("%+v, want %+v", got.Welcome, known)
	}
}

// A file that is older than what its device acknowledged, put back or copied, would never hear of rows that were deleted,
// passed and forgotten since.
func TestAFileThatIsOlderThanWhatWasForgottenBeginsAnew(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	was := a.head()
	a.delete(job)
	deleted := a.head()
	a.busy(1)
	head := a.head()
	a.tx(func(tx judge.Store) error {
		n, err := judge.Collect(tx.(judge.Collector), head, 0, 10)
		if n != 1 {
			t.Errorf("%d rows were forgotten", n)
		}
		return err
	})
	for cursor, begins := range map[uint64]uint64{was: 0, deleted - 1: 0, deleted: deleted, head: head} {
		h := &wire.Hello{Actor: a.actor, Cursors: [3]uint64{cursor, cursor, cursor}}
		var got judge.Admission
		a.tx(func(tx judge.Store) (err error) {
			got, err = judge.Admit(tx.(judge.Actors), a.cfg, a.Author, h, a.now.Millis())
			return err
		})
		if want := [3]uint64{begins, cursor, cursor}; got.Cursors != want {
			t.Errorf("at %d it begins at %v, want %v", cursor, got.Cursors, want)
		}
	}
}

// A page in parts that was left off long ago is begun anew: the parts that came may show a row that is deleted and forgotten since.
func TestAPageLeftOffIsBegunAnewWhereItsRowsMayBeForgotten(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	leftOff := func() []byte {
		p, _ := a.page(judge.Want{Person: a.Person, Rows: 1})
		return p.Resume
	}
	old := leftOff()
	if len(old) == 0 {
		t.Fatal("the page came in one part")
	}
	resumed := func(resume []byte, epoch uint32, later time.Duration) bool {
		var got judge.Admission
		a.tx(func(tx judge.Store) (err error) {
			h := &wire.Hello{Actor: a.actor, Resume: resume, Epoch: epoch}
			got, err = judge.Admit(tx.(judge.Actors), a.cfg, a.Author, h, a.now.Millis()+later.Milliseconds())
			return err
		})
		return len(got.Resume) > 0
	}
	if !resumed(old, 0, 0) {
		t.Error("it is begun anew though nothing was forgotten")
	}
	if resumed(old, 1, 0) {
		t.Error("what came of another epoch is gone on with")
	}
	if resumed(old, 0, 91*day) {
		t.Error("what came three months ago is gone on with")
	}
	a.delete(job)
	a.busy(1)
	head := a.head()
	a.tx(func(tx judge.Store) error {
		_, err := judge.Collect(tx.(judge.Collector), head, 0, 10)
		return err
	})
	if resumed(old, 0, 0) {
		t.Error("the device keeps the job that was deleted")
	}
	if recent := leftOff(); !resumed(recent, 0, 0) {
		t.Error("what came since is begun anew")
	}
}

// A page from the cursor would not name a bucket that had begun to enter and was taken away since, and the device would keep it.
func TestAPageBegunAnewBeginsWithNothing(t *testing.T) {
	t.Parallel()
	a, _ := atWork(t)
	a.busy(1)
	c := a.head()
	a.busy(1)
	ahead := a.head() + 100
	p, _ := a.page(judge.Want{Person: a.Person, Rows: 1})
	stock := append([]byte{byte(schema.ClassStock)}, p.Resume[1:]...)
	for name, c := range map[string]struct {
		resume     []byte
		says, want [schema.Classes]uint64
	}{
		"gone on with":               {p.Resume, [3]uint64{c, c, c}, [3]uint64{c, c, c}},
		"nothing was left off":       {nil, [3]uint64{ahead, c, c}, [3]uint64{0, c, c}},
		"other pages begin anew too": {stock, [3]uint64{ahead, c, c}, [3]uint64{0, 0, c}},
		"not to be read":             {[]byte{1, 2, 3}, [3]uint64{c, c, c}, [3]uint64{}},
		"of no class":                {append([]byte{schema.Classes}, p.Resume[1:]...), [3]uint64{c, c, c}, [3]uint64{}},
	} {
		var got judge.Admission
		a.tx(func(tx judge.Store) (err error) {
			h := &wire.Hello{Actor: a.actor, Resume: c.resume, Cursors: c.says}
			got, err = judge.Admit(tx.(judge.Actors), a.cfg, a.Author, h, a.now.Millis())
			return err
		})
		if got.Cursors != c.want || (got.Resume != nil) != (name == "gone on with") {
			t.Errorf("%s: it begins at %v, want %v, and goes on at %x", name, got.Cursors, c.want, got.Resume)
		}
	}
}
