package judge_test

import (
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// Who may write to a job depends on what he held when he wrote, as far as he could know, and on what he holds now.
func TestAWriteIsJudgedByWhatItsAuthorKnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tell func(w *world, a *tech, job record.Key) (k uint64)
		code fault.Code
	}{
		"held then and now": {func(w *world, a *tech, job record.Key) uint64 {
			w.assign(job, a.Person)
			return w.head()
		}, ""},
		"held now, and not known then": {func(w *world, a *tech, job record.Key) uint64 {
			k := w.head()
			w.assign(job, a.Person)
			return k
		}, ""},
		"lost, and not known": {func(w *world, a *tech, job record.Key) uint64 {
			given := w.assign(job, a.Person)
			k := w.head()
			w.ends(given)
			return k
		}, ""},
		"lost at the very commit that he knew": {func(w *world, a *tech, job record.Key) uint64 {
			return w.ends(w.assign(job, a.Person))
		}, fault.LateWrite},
		"lost, and long known": {func(w *world, a *tech, job record.Key) uint64 {
			w.ends(w.assign(job, a.Person))
			w.busy(2)
			return w.head()
		}, fault.LateWrite},
		"lost, and given back": {func(w *world, a *tech, job record.Key) uint64 {
			w.ends(w.assign(job, a.Person))
			k := w.head()
			w.assign(job, a.Person)
			return k
		}, ""},
		"lost, and sent before the grace was over": {func(w *world, a *tech, job record.Key) uint64 {
			given := w.assign(job, a.Person)
			k := w.head()
			w.ends(given)
			w.passes(month - day)
			return k
		}, ""},
		"lost, and sent when the grace was over": {func(w *world, a *tech, job record.Key) uint64 {
			given := w.assign(job, a.Person)
			k := w.head()
			w.ends(given)
			w.passes(month)
			return k
		}, fault.GraceOver},
		"lost longer ago than the grace, and given back": {func(w *world, a *tech, job record.Key) uint64 {
			given := w.assign(job, a.Person)
			k := w.head()
			w.ends(given)
			w.passes(month)
			w.assign(job, a.Person)
			return k
		}, ""},
		"held now, however long ago": {func(w *world, a *tech, job record.Key) uint64 {
			w.assign(job, a.Person)
			w.passes(10 * month)
			return 1
		}, ""},
		"lost one of two reasons": {func(w *world, a *tech, job record.Key) uint64 {
			w.assign(job, a.Person)
			return w.ends(w.assign(job, a.Person))
		}, ""},
		"never held": {func(w *world, a *tech, _ record.Key) uint64 { return w.head() }, fault.NotAllowed},
		"held by another": {func(w *world, _ *tech, job record.Key) uint64 {
			w.assign(job, w.tech().Person)
			return w.head()
		}, fault.NotAllowed},
		"the assignment was deleted": {func(w *world, a *tech, job record.Key) uint64 {
			return w.delete(w.assign(job, a.Person))
		}, fault.LateWrite},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a, job := w.tech(), w.job("a pump")
			k := c.tell(w, a, job)
			r := a.sends(a.knows(k, w.change(record.Update, job, text("finding", "a leak"))))
			if r.Code != c.code || (r.Outcome == wire.Quarantined) != (c.code != "") {
				t.Errorf("outcome %d %q, want %q", r.Outcome, r.Code, c.code)
			}
		})
	}
}

// What a right permits: each line is one change by somebody who is on the job, or belongs to a crew that is.
func TestARightCoversOperationsAndColumns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*tech, record.Key) record.RowChange
		lead   fault.Code // for who has the right "work"
		crew   fault.Code // for who has the right "help"
	}{
		"a column of both": {func(a *tech, job record.Key) record.RowChange {
			return a.change(record.Update, job, number("tags.urgent", 1))
		}, "", ""},
		"a column of the lead": {func(a *tech, job record.Key) record.RowChange {
			return a.change(record.Update, job, text("finding", "a leak"))
		}, "", fault.NotAllowed},
		"a column of nobody": {func(a *tech, job record.Key) record.RowChange {
			return a.change(record.Update, job, record.Values{"price": record.Money(1, "EUR")})
		}, fault.NotAllowed, fault.NotAllowed},
		"one column of his and one of nobody": {func(a *tech, job record.Key) record.RowChange {
			return a.change(record.Update, job, record.Values{"tags.urgent": record.Number(1), "due": record.Date(1)})
		}, fault.NotAllowed, fault.NotAllowed},
		"a delete, where columns are named": {func(a *tech, job record.Key) record.RowChange {
			return a.change(record.Delete, job, nil)
		}, fault.NotAllowed, fault.NotAllowed},
		"a delete, where all columns are his": {func(a *tech, job record.Key) record.RowChange {
			return a.change(record.Delete, a.insert("task", ref("job", job)), nil)
		}, "", fault.NotAllowed},
		"an insert": {func(a *tech, job record.Key) record.RowChange {
			return a.change(record.Insert, a.fresh("task"), ref("job", job))
		}, "", fault.NotAllowed},
		"an insert into a ledger": {func(a *tech, job record.Key) record.RowChange {
			v := ref("job", job)
			v["text"] = record.Text("on my way")
			return a.change(record.Insert, a.fresh("comment"), v)
		}, "", ""},
		"a table that nobody writes": {func(a *tech, _ record.Key) record.RowChange {
			return a.change(record.Insert, a.fresh("part"), nil)
		}, fault.NotAllowed, fault.NotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, who := range []string{"lead", "crew"} {
				w := newWorld(t)
				a, job := w.tech(), w.job("a pump")
				want := c.lead
				if who == "crew" {
					want = c.crew
					w.member(w.assignCrew(job), a.Person)
				} else {
					w.assign(job, a.Person)
				}
				if r := a.sends(a.knows(w.head(), c.change(a, job))); r.Code != want {
					t.Errorf("the %s: %q %s, want %q", who, r.Code, r.Message, want)
				}
			}
		})
	}
}

func TestEverybodyMayDoWithHisOwnBucketWhatTheTableSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.tech(), w.tech()
	setting := w.fresh("setting")
	w.expect(a.writes(record.Insert, setting, record.Values{"person": record.Ref(a.Person)}), wire.Applied, "")
	w.expect(a.writes(record.Update, setting, text("language", "de")), wire.Applied, "")
	w.expect(b.writes(record.Update, setting, text("language", "fr")), wire.Quarantined, fault.NotAllowed)
	foisted := record.Values{"person": record.Ref(a.Person)}
	w.expect(b.writes(record.Insert, w.fresh("setting"), foisted), wire.Quarantined, fault.NotAllowed)
}

// A job found on site is in nobody's bucket yet: it belongs to who found it, until he knows that somebody was given it.
func TestWhoCreatedARowHoldsItUntilItIsGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.tech(), w.tech()
	job := w.fresh("job")
	w.expect(a.writes(record.Insert, job, text("title", "found on site")), wire.Merged, "") // no page ever brought it
	w.expect(b.writes(record.Update, job, text("title", "not mine")), wire.Quarantined, fault.NotAllowed)
	w.expect(a.writes(record.Update, job, text("title", "mine")), wire.Merged, "")
	w.expect(a.writes(record.Insert, w.fresh("task"), ref("job", job)), wire.Merged, "")
	w.expect(a.writes(record.Update, job, record.Values{"due": record.Date(3)}), wire.Quarantined, fault.NotAllowed)

	before := w.head()
	w.assign(job, b.Person)
	w.expect(a.sends(a.knows(before, w.change(record.Update, job, text("title", "had not heard")))), wire.Merged, "")
	w.expect(a.writes(record.Update, job, text("title", "had heard")), wire.Quarantined, fault.NotAllowed)
	w.expectText(job, "title", "had not heard")
}

func TestAnotherIncarnationOfWhoCreatedARowHoldsItToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	job := w.fresh("job")
	a.writes(record.Insert, job, text("title", "found on site"))
	second := &tech{world: w, Author: judge.Author{Person: a.Person, Device: w.make.ID()}}
	second.actor = w.enrol(second.Person, second.Device, clock.SideDevice)
	w.expect(second.writes(record.Update, job, text("title", "from the tablet")), wire.Merged, "")
}

func TestAJobAndItsPartsMayBeCreatedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	job, task := w.fresh("job"), w.fresh("task")
	r := a.sends(a.knows(0, w.change(record.Insert, job, nil), w.change(record.Insert, task, ref("job", job))))
	w.expect(r, wire.Merged, "")
}

func TestARowInTwoBucketsIsWrittenByWhoHoldsEither(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	part := w.insert("part", nil)
	store := w.insert("location", text("name", "store"))
	van := w.insert("location", record.Values{"name": record.Text("van"), "keeper": record.Ref(a.Person)})
	moved := func(from, to record.Key) judge.Ruling {
		return a.writes(record.Insert, w.fresh("movement"), record.Values{
			"part": record.Ref(part.ID), "amount": record.Quantity(1, ""), "from": record.Ref(from.ID), "to": record.Ref(to.ID),
		})
	}
	w.expect(moved(store, van), wire.Applied, "")
	w.expect(moved(van, store), wire.Applied, "")
	w.expect(moved(store, store), wire.Quarantined, fault.NotAllowed)
}

func TestOneForbiddenRowHoldsUpTheWholeChangeSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, mine, theirs := w.tech(), w.job("mine"), w.job("theirs")
	w.assign(mine, a.Person)
	w.expect(a.sends(a.knows(w.head(),
		w.change(record.Update, mine, text("title", "changed")), w.change(record.Update, theirs, text("title", "changed")),
	)), wire.Quarantined, fault.NotAllowed)
	w.expectText(mine, "title", "mine")
	w.expect(a.writes(record.Update, mine, text("title", "goes on")), wire.Applied, "")
}

func TestWhatAShutOutDeviceSendsIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	w.assign(job, a.Person)
	a.Revoked = true
	r := a.writes(record.Update, job, text("title", "from a stolen phone"))
	w.expect(r, wire.Quarantined, fault.Revoked)
	if e := w.entry(r.Dot); e == nil || len(e.Encoded) == 0 {
		t.Error("it is not in the ledger")
	}
	w.expectText(job, "title", "a pump")
}

func TestNobodyWritesUnderTheNumberOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.tech(), w.tech()
	cs := a.knows(0, w.change(record.Insert, w.fresh("job"), nil))
	unknown := *cs
	unknown.Dot.Actor += 1 << 20
	office := *cs
	office.Dot.Actor = w.desk
	for name, c := range map[string]struct {
		cs     *record.ChangeSet
		author judge.Author
	}{
		"another device":  {cs, b.Author},
		"nobody":          {&unknown, a.Author},
		"the office":      {&office, a.Author},
		"without devices": {&office, judge.Author{Person: a.Person}},
	} {
		err := w.batch(func(b *judge.Batch) error {
			_, err := b.Judge(c.author, wire.Pushed{Encoded: c.cs.AppendBinary(nil)})
			return err
		})
		if err != judge.ErrForeign {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A restored hub forgets devices that were enrolled after the backup. Enrolled again, such a device is another one, and
// sends what it wrote as the first, under its old numbers.
func TestADeviceThatWasForgottenBringsWhatItWroteBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, stranger := w.tech(), w.tech()
	before := a.knows(0, w.change(record.Insert, w.fresh("job"), nil))
	a.Device = w.make.ID()
	brings := func(who *tech) (r judge.Ruling, err error) {
		err = w.batch(func(b *judge.Batch) (err error) {
			r, err = b.Judge(who.Author, wire.Pushed{Encoded: before.AppendBinary(nil)})
			return err
		})
		return r, err
	}
	if _, err := brings(a); err != judge.ErrForeign {
		t.Errorf("before any restore: %v", err)
	}
	w.cfg.Epoch = 1
	if _, err := brings(stranger); err != judge.ErrForeign {
		t.Errorf("of somebody else: %v", err)
	}
	r, err := brings(a)
	w.must(err)
	w.expect(r, wire.Merged, "") // as what nobody gave him to see
	before.Dot = clock.Dot{Actor: w.enrol(a.Person, record.ID{}, clock.SideOffice), Counter: 1}
	w.cfg.Epoch = 2
	if _, err := brings(a); err != judge.ErrForeign {
		t.Errorf("as the person in the office: %v", err)
	}
}

// What the office let in for him is his to go on with, in a bucket that nobody holds.
func TestWhoBeganARowThatWasReleasedGoesOnWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, job := w.tech(), w.tech(), w.job("a pump")
	task := w.fresh("task")
	r := a.writes(record.Insert, task, record.Values{"job": record.Ref(job.ID)})
	w.expect(r, wire.Quarantined, fault.NotAllowed)
	w.must(w.batch(func(x *judge.Batch) error {
		_, err := x.Release(judge.Author{}, w.desk, r.Dot, nil)
		return err
	}))
	w.expect(a.writes(record.Update, task, text("text", "tightened")), wire.Merged, "")
	w.expect(b.writes(record.Update, task, text("text", "loosened")), wire.Quarantined, fault.NotAllowed)
	w.assign(job, b.Person)
	w.expect(a.writes(record.Update, task, text("text", "again")), wire.Quarantined, fault.NotAllowed)
}

// The small model of who may write: a job goes from its technician and comes back, he hears of it or not, writes, and what
// he wrote arrives early or late, in every order there is. The oracle keeps the whole history and knows what he knew: what
// was written holding the job, as far as he could know, or arrives while he holds it, is accepted; nothing else is.
func TestEveryOrderOfLosingHearingWritingAndSendingIsJudgedAlike(t *testing.T) {
	t.Parallel()
	writes, count := 3, 0
	if testing.Short() || raceDetector { // which has nothing to find in a pure function
		writes = 2
	}
	var walk func(done string, moves, pulls, unwritten, unsent int)
	walk = func(done string, moves, pulls, unwritten, unsent int) {
		if moves+pulls+unwritten+unsent == 0 {
			count++
			playHolding(t, done)
			return
		}
		for _, next := range []struct {
			step rune
			may  bool
		}{{'m', moves > 0}, {'p', pulls > 0}, {'w', unwritten > 0}, {'s', unsent > unwritten}} {
			if !next.may {
				continue
			}
			left := map[rune]int{'m': moves, 'p': pulls, 'w': unwritten, 's': unsent}
			left[next.step]--
			walk(done+string(next.step), left['m'], left['p'], left['w'], left['s'])
		}
	}
	walk("", 2, 2, writes, writes)
	t.Logf("%d histories", count)
}

// playHolding plays one history: m moves the job from its technician or back to him, p is a pull, w a write and s the
// arrival of the next write.
func playHolding(t *testing.T, steps string) {
	t.Helper()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	given, held := w.assign(job, a.Person), true
	heldAt := map[uint64]bool{w.head(): true} // after each commit
	k := w.head()
	var waiting []*record.ChangeSet
	for _, step := range steps {
		switch step {
		case 'm':
			if held = !held; held {
				given = w.assign(job, a.Person)
			} else {
				w.ends(given)
			}
		case 'p':
			k = w.head()
		case 'w':
			waiting = append(waiting, a.knows(k, w.change(record.Update, job, text("finding", steps))))
		case 's':
			cs := waiting[0]
			waiting = waiting[1:]
			r := a.sends(cs)
			if accepted := r.Outcome != wire.Quarantined; accepted != (held || heldAt[cs.K]) {
				t.Errorf("%s: change %v, written at %d: outcome %d %q, and he held it then: %v, now: %v",
					steps, cs.Dot, cs.K, r.Outcome, r.Code, heldAt[cs.K], held)
			}
		}
		heldAt[w.head()] = held
	}
}

// Who made a row may go on with it while he cannot have heard that it was given to somebody else, and no longer than the
// grace: then he must have heard.
func TestWhoMadeARowIsNotUnawareForEver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		later time.Duration
		want  bool
	}{"within the grace": {month - day, true}, "after it": {month + day, false}} {
		w := newWorld(t)
		a := w.tech()
		job := w.fresh("job")
		a.writes(record.Insert, job, text("title", "found on site"))
		k := w.head()
		w.assign(job, w.tech().Person)
		w.passes(c.later)
		r := a.sends(a.knows(k, w.change(record.Update, job, text("finding", "a leak"))))
		if taken := r.Outcome != wire.Quarantined; taken != c.want {
			t.Errorf("%s: outcome %d %q", name, r.Outcome, r.Code)
		}
	}
}

// What somebody lost longer ago than a change may wait is not reached by what he finds either, however old his knowledge; nor
// does a reference to a row whose own change set was refused say that the row is somebody else's.
func TestWhatWasLostLongAgoIsNotFoundAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	asset := w.insert("asset", text("serial", "x"))
	job := w.insert("job", record.Values{"title": record.Text("p"), "asset": record.Ref(asset.ID)})
	given := w.assign(job, a.Person)
	k := w.head()
	w.ends(given)
	found := func(k uint64) *record.ChangeSet {
		return a.knows(k, w.change(record.Insert, w.fresh("job"), record.Values{"title": record.Text("q"), "asset": record.Ref(asset.ID)}))
	}
	w.passes(month - day)
	a.expect(a.sends(found(k)), wire.Merged, "") // he may see it no more
	w.passes(2 * day)
	a.expect(a.sends(found(k)), wire.Quarantined, fault.GraceOver)
	a.expect(a.sends(found(w.head())), wire.Quarantined, fault.LateWrite)
	unknown := w.fresh("asset")
	a.expect(a.sends(a.knows(k, w.change(record.Insert, w.fresh("job"), record.Values{
		"title": record.Text("r"), "asset": record.Ref(unknown.ID),
	}))), wire.Quarantined, fault.UnknownRow)
}

// A table that devices may add to, and whose rows are everybody's, needs nobody who holds a row of it: each new row is allowed.
func TestADeviceAddsToWhatEverybodyHolds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		create bool
		want   wire.Outcome
		code   fault.Code
	}{
		"where devices may add": {true, wire.Applied, ""},
		"where they may not":    {false, wire.Quarantined, fault.NotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cfg.Schema = schema.Must(schema.New("tips", 1, &schema.Table{
				ID: 1, Name: "tip", Class: schema.ClassLibrary, Create: c.create, Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
				Columns: []schema.Column{{ID: 1, Name: "text", Kind: schema.Text}},
			}))
			w.hub = simtest.NewMemHub(w.cfg.Schema)
			a := &tech{world: w, Author: judge.Author{Person: w.make.ID(), Device: w.make.ID()}}
			a.actor = w.enrol(a.Person, a.Device, clock.SideDevice)
			tip, err := record.NewChange(record.Insert, w.cfg.Schema.Table("tip"), w.make.ID(), text("text", "oil the rail first"))
			w.must(err)
			w.expect(a.sends(a.knows(0, tip)), c.want, c.code)
		})
	}
}
