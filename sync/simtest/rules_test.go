package simtest

import (
	"slices"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// Each test here is a rule of the design without which the model of it lost or overwrote work; it fails when the engine
// breaks the rule.

// stage is a calm fleet for one story: an office, some phones, and one job that all of them hold.
type stage struct {
	*Fleet
	*testing.T
	job         record.Key
	assignments []record.Key
}

func newStage(t *testing.T, phones int) *stage {
	t.Parallel()
	s := &stage{Fleet: Seeded(1, func(s *Scenario) { *s = Scenario{Phones: phones} }, nil), T: t}
	s.healed = true // the network is quick and sound
	s.hub = newFleetHub(s.Fleet)
	o := &fleetOffice{f: s.Fleet, id: s.id()}
	s.office = o
	o.enrol()
	id := o.insert("job", record.Values{"title": s.text()})
	s.job = record.Key{Table: tableOf("job").ID, ID: id}
	for range phones {
		p := o.insert("person", record.Values{"name": s.text()})
		s.people = append(s.people, p)
		a := o.insert("assignment", record.Values{"job": record.Ref(id), "person": record.Ref(p), "state": record.Text("offered")})
		s.assignments = append(s.assignments, record.Key{Table: tableOf("assignment").ID, ID: a})
	}
	for i, p := range s.people {
		newPhone(s.Fleet, string(rune('A'+i)), p, Schema)
	}
	s.run(1000)
	return s
}

func (s *stage) away(phones ...*phone) {
	for _, p := range phones {
		p.away = true
		p.conn.cut()
	}
}

func (s *stage) back(phones ...*phone) {
	for _, p := range phones {
		p.away = false
		p.dial()
		s.run(1000)
	}
}

// writes lets the owner of a phone write cells of the job.
func (s *stage) writes(p *phone, cause string, values record.Values) *device.Item {
	s.Helper()
	return s.does(p, cause, clock.Dot{}, func(tx *device.Tx) error {
		return tx.Update(tableOf("job"), s.job.ID, values)
	})
}

func (s *stage) does(p *phone, cause string, amends clock.Dot, story func(*device.Tx) error) *device.Item {
	s.Helper()
	shown := p.shown()
	item := p.update(cause, amends, story)
	if item == nil {
		s.Fatalf("%s could not write", p.name)
	}
	s.truth.noteItem(p, item, viewOf(shown))
	return item
}

func title(v string) record.Values { return record.Values{"title": record.Text(v)} }

// officeWrites lets the office write from a form that shows the row.
func (s *stage) officeWrites(form *record.Row, op record.Op, values record.Values) {
	c := must(record.NewChange(op, form.Table, form.ID, values))
	c.Context = form.Vector
	s.office.commit("office", &draft{changes: []record.RowChange{c}, shown: map[record.Key]*record.Row{form.Key(): form}})
}

// A replica in which something has rotted is found out when it is compared, the hub hears of it, and it is fetched anew.
func TestAReplicaThatHasRottedIsFoundOutAndFetchedAnew(t *testing.T) {
	s := newStage(t, 1)
	p := s.phones[0]
	do(p.store.Write(func(tx device.Store) error {
		row, err := tx.Row(s.job)
		if err == nil {
			row.Cols[row.Table.Column("title")] = record.Text("rotten")
			err = tx.PutRow(row)
		}
		return err
	}))
	p.step(session.Check{})
	s.run(2000)
	if s.hub.diverged != 1 {
		t.Errorf("the hub heard %d times of it", s.hub.diverged)
	}
	s.hub.diverged = 0
	if got, want := p.shown()[s.job].Get("title").Text(), s.hub.look(s.job).Get("title").Text(); got != want {
		t.Errorf("the phone still shows %q, the hub %q", got, want)
	}
	s.ends()
}

// unassign takes the job from the owner of the i-th phone.
func (s *stage) unassign(i int) {
	s.officeWrites(s.hub.look(s.assignments[i]), record.Update, record.Values{"state": record.Text("ended")})
	s.run(500)
}

// pulls brings the phone what is new, and nothing of its own up.
func (s *stage) pulls(p *phone) {
	for class := range schema.Class(schema.Classes) {
		id := must(p.Identity())
		page := s.hub.page(judge.Want{Person: p.person, Class: class, From: id.Cursors[class]}).(session.Paged).Page
		must(p.TakePage(&page))
	}
}

// expect says which titles of the job stand, the order aside.
func (s *stage) expect(titles ...string) {
	s.Helper()
	row := s.hub.look(s.job)
	stand := []string{row.Get("title").Text()}
	i, _ := row.Meta.Find(record.CellID{Column: 1})
	for _, o := range row.Meta.Cells[i].Others {
		stand = append(stand, o.Value.Text())
	}
	slices.Sort(stand)
	slices.Sort(titles)
	same(s.T, "titles that stand", stand, titles)
}

// expectOutcome says what the ledger has of the change set.
func (s *stage) expectOutcome(item *device.Item, want wire.Outcome, code string) {
	s.Helper()
	dot, _ := s.hub.store.state.rids.get(item.Change.RID(item.Hash))
	e, ok := s.hub.store.state.entries.get(dot)
	if !ok {
		s.Fatalf("%v is not on the hub", item.Change.Dot)
	}
	if e.Outcome != want || string(e.Code) != code {
		s.Errorf("%v: %s %q, not %s %q", item.Change.Dot, outcomes[e.Outcome], e.Code, outcomes[want], code)
	}
}

// ends heals everything and asks for all invariants.
func (s *stage) ends() {
	s.Helper()
	for _, p := range s.phones {
		p.away = false
	}
	s.heal()
	s.check()
	for _, x := range s.Faults {
		s.Error(x)
	}
}

func TestNoLaterEpochIssuesAnActorAgain(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.hub.backUp()
	s.officeWrites(s.hub.look(s.job), record.Update, title("forgotten"))
	s.run(500)
	s.away(a)
	s.writes(a, "good", title("on top of the forgotten"))
	s.hub.restore()
	s.officeWrites(s.hub.look(s.job), record.Update, title("written after the restore"))
	s.back(a)
	s.expect("on top of the forgotten", "written after the restore")
	s.ends()
}

func TestRowVectorHoldsOnlyWhatWasApplied(t *testing.T) {
	s := newStage(t, 3)
	a, b, c := s.phones[0], s.phones[1], s.phones[2]
	s.hub.backUp()
	s.writes(a, "good", title("by A"))
	s.run(500)
	s.writes(b, "good", record.Values{"finding": record.Text("by B, who saw A's")})
	s.run(500)
	s.away(a, b, c)
	s.hub.restore()
	s.back(b)
	s.back(c)
	s.writes(c, "good", title("by C, who saw none"))
	s.run(500)
	s.back(a)
	s.expect("by A", "by C, who saw none")
	s.ends()
}

func TestDeviceReplacesItsVectorByTheHubs(t *testing.T) {
	s := newStage(t, 2)
	s.hub.backUp()
	s.writes(s.phones[0], "good", title("will be forgotten"))
	s.run(500)
	s.away(s.phones...)
	s.hub.restore()
	s.back(s.phones[1])
	row := s.phones[1].shown()[s.job]
	if want := s.hub.look(s.job).Vector; !row.Vector.Equal(want) {
		s.Errorf("the device is at %v, the hub at %v", row.Vector, want)
	}
	s.ends()
}

func TestWhatLiesUnderAPendingValueWasNotSeen(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.away(a)
	s.writes(a, "good", title("first"))
	s.officeWrites(s.hub.look(s.job), record.Update, title("by the office"))
	s.pulls(a)
	s.writes(a, "good", title("second"))
	s.back(a)
	s.expect("by the office", "second")
	s.ends()
}

func TestOfficeWritesCarryTheVectorOfTheForm(t *testing.T) {
	s := newStage(t, 1)
	form := s.hub.look(s.job)
	s.writes(s.phones[0], "good", title("meanwhile"))
	s.run(500)
	s.officeWrites(form, record.Update, title("from the form"))
	s.expect("from the form", "meanwhile")
	s.ends()
}

func TestOnlyAVerdictThatNamesItsHashTakesAChangeSetOutOfTheQueue(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.away(a)
	item := s.writes(a, "good", title("mine"))
	taken := must(a.TakeVerdicts(&wire.Verdicts{Actor: item.Change.Dot.Actor, Verdicts: []wire.Verdict{{
		Counter: item.Change.Dot.Counter, Count: 1, Hash: record.HashOf([]byte("another")), Outcome: wire.Applied, Seq: 99,
	}}}))
	same(s.T, "judged", taken.Judged, 0)
	s.back(a)
	s.expectOutcome(item, wire.Applied, "")
	s.ends()
}

func TestWhatHasNoVerdictIsSentAgain(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	item := s.writes(a, "good", title("mine"))
	for !s.known(item) {
		s.run(1)
	}
	a.conn.cut() // judged, and the verdict lost
	s.ends()
	s.expectOutcome(item, wire.Applied, "")
	same(s.T, "the incarnation", must(a.Identity()).Actor, item.Change.Dot.Actor)
}

func (s *stage) known(item *device.Item) bool {
	_, ok := s.hub.store.state.entries.get(item.Change.Dot)
	return ok
}

func TestAGapIsNeitherJudgedNorStored(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.away(a)
	first, second := s.writes(a, "good", title("first")), s.writes(a, "good", title("second"))
	r := s.judges(a, second)
	same(s.T, "outcome", []uint64{uint64(r.Outcome), r.Seq}, []uint64{uint64(wire.Gap), 1})
	if s.known(second) {
		s.Error("it is in the ledger")
	}
	s.ends()
	s.expectOutcome(first, wire.Applied, "")
	s.expectOutcome(second, wire.Applied, "")
}

// judges lets the hub judge a change set out of turn, as if the phone had sent it.
func (s *stage) judges(p *phone, item *device.Item) (r judge.Ruling) {
	id := must(p.Identity())
	_, err := s.hub.write(func(b *judge.Batch) (err error) {
		r, err = b.Judge(judge.Author{Person: p.person, Device: id.Device}, wire.Pushed{Encoded: item.Encoded, Prior: item.Prior})
		return err
	}, nil)
	do(err)
	return r
}

func TestAVerdictBringsNoRowThatHasLeft(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.away(a)
	item := s.writes(a, "good", title("without knowing"))
	s.officeWrites(s.hub.look(s.job), record.Update, record.Values{"finding": record.Text("so that it merges")})
	s.unassign(0)
	s.pulls(a)
	s.back(a)
	s.expectOutcome(item, wire.Merged, "")
	if a.shown()[s.job] != nil {
		s.Error("the row is on the phone")
	}
	s.ends()
}

func TestAPageOlderThanAVerdictDoesNotTouchItsRows(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.away(a)
	s.officeWrites(s.hub.look(s.job), record.Update, record.Values{"price": record.Money(5, "EUR"), "due": record.Date(3)})
	from := must(a.Identity()).Cursors[0]
	old := s.hub.page(judge.Want{Person: a.person, From: from}).(session.Paged).Page
	item := s.writes(a, "good", title("mine"))
	r := s.judges(a, item)
	rows, gone, err := judge.Answer(hubTx{s.hub.store.state, Schema}, a.person, r.Return)
	do(err)
	v := session.Verdicts(r.Dot.Actor, 0, r.Seq, []judge.Ruling{r}, rows, gone)
	must(a.TakeVerdicts(&v))
	must(a.TakePage(&old))
	same(s.T, "title", a.shown()[s.job].Get("title").Text(), "mine")
	same(s.T, "seq", a.shown()[s.job].Seq, r.Seq)
	s.ends()
}

func TestAReleaseEntersUnderADotOfItsOwnWithTheOriginalContext(t *testing.T) {
	s := newStage(t, 2)
	a := s.phones[0]
	s.away(a)
	refused := s.writes(a, "bad", title("refused"))
	s.writes(a, "good", title("later, by the same"))
	s.back(a)
	s.office.releases(refused.Change.Dot)
	s.expect("later, by the same") // he had seen what was refused
	s.ends()
}

func TestOthersDidNotSeeWhatWasRefused(t *testing.T) {
	s := newStage(t, 2)
	a, b := s.phones[0], s.phones[1]
	s.away(a)
	refused := s.writes(a, "bad", title("refused"))
	s.writes(a, "good", record.Values{"finding": record.Text("in another cell")})
	s.back(a)
	s.writes(b, "good", title("by B"))
	s.run(500)
	s.office.releases(refused.Change.Dot)
	s.expect("by B", "refused")
	s.ends()
}

// releases releases a refused change set as it is.
func (o *fleetOffice) releases(d clock.Dot) {
	e, _ := o.f.hub.store.state.entries.get(d)
	o.write(&draft{instead: o.f.truth.byRID[e.Origin.RID]}, func(b *judge.Batch) (judge.Ruling, error) {
		return b.Release(judge.Author{Person: o.id}, o.actor, d, nil)
	})
	o.f.run(500)
}

func TestARefusedChangeSetIsClosedOnce(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	refused := s.writes(a, "bad", title("refused"))
	s.run(500)
	s.away(a)
	again := s.does(a, "good", refused.Change.Dot, func(tx *device.Tx) error {
		return tx.Update(tableOf("job"), s.job.ID, title("again"))
	})
	s.office.releases(refused.Change.Dot)
	s.back(a)
	s.expectOutcome(again, wire.Quarantined, "already_closed")
	s.expect("refused")
	s.ends()
}

func TestOfWhatWasSentAgainAndRefusedAgainOneTakesEffect(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	refused := s.writes(a, "bad", title("refused"))
	s.run(500)
	again := s.does(a, "bad", refused.Change.Dot, func(tx *device.Tx) error {
		return tx.Update(tableOf("job"), s.job.ID, title("again"))
	})
	s.run(500)
	s.office.releases(again.Change.Dot)
	s.office.releases(refused.Change.Dot)
	s.expect("again")
	s.ends()
}

func TestWhatIsSentAgainIsJudgedAtTheKOfTheFirst(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	refused := s.writes(a, "bad", title("refused"))
	s.run(500)
	s.away(a)
	again := s.does(a, "good", refused.Change.Dot, func(tx *device.Tx) error {
		return tx.Update(tableOf("job"), s.job.ID, title("again"))
	})
	s.unassign(0)
	again.Change.K, _ = s.hub.store.state.Head() // as if he had heard of it before he sent again
	again.Encoded = again.Change.AppendBinary(nil)
	r := s.judges(a, again)
	same(s.T, "outcome", outcomes[r.Outcome]+string(r.Code), "merged")
}

func TestWhatWasRefusedBeforeARestoreStaysRefused(t *testing.T) {
	s := newStage(t, 2)
	a := s.phones[0]
	s.hub.backUp()
	s.unassign(0) // A is away from the job, and writes nevertheless: refused
	item := s.does(a, "good", clock.Dot{}, func(tx *device.Tx) error {
		return tx.Insert(tableOf("task"), s.id(), record.Values{"job": record.Ref(s.job.ID), "text": record.Text("late")})
	})
	s.run(500)
	s.expectOutcome(item, wire.Quarantined, "written_too_late")
	s.hub.restore() // where A holds the job
	s.run(1000)
	s.expectOutcome(item, wire.Quarantined, "written_too_late")
	s.ends()
}

func TestWhatSomebodyHadSeenDoesNotComeBackWhenItArrivesAfterHim(t *testing.T) {
	s := newStage(t, 2)
	a, b := s.phones[0], s.phones[1]
	s.hub.backUp()
	s.writes(a, "good", title("by A"))
	s.run(500)
	s.writes(b, "good", title("by B, who saw A's"))
	s.run(500)
	s.away(a, b)
	s.hub.restore()
	s.back(b)
	s.back(a)
	s.expect("by B, who saw A's")
	s.ends()
}

func TestAnAcknowledgementSaysWhichChangeSetsHaveSeenIt(t *testing.T) {
	t.Run("written after it", func(t *testing.T) { newStage(t, 1).acknowledges(0, "quarantined") })
	t.Run("written before it", func(t *testing.T) { newStage(t, 1).acknowledges(1, "merged") })
}

// acknowledges lets a phone say that it knew of the loss of the job when it had written so many change sets, and then
// send a first one that claims to know nothing.
func (s *stage) acknowledges(written uint64, want string) {
	a := s.phones[0]
	s.away(a)
	item := s.writes(a, "good", title("claims to know nothing"))
	s.unassign(0)
	head, _ := s.hub.store.state.Head()
	_, err := s.hub.write(func(b *judge.Batch) error { return b.Acknowledge(item.Change.Dot.Actor, head, written) }, nil)
	do(err)
	same(s.T, "outcome", outcomes[s.judges(a, item).Outcome], want)
}

func TestKOfAnOlderEpochCountsAsTheRestorePointAtMost(t *testing.T) {
	s := newStage(t, 2)
	a := s.phones[0]
	s.hub.backUp()
	for range 20 {
		s.officeWrites(s.hub.look(s.job), record.Update, title("forgotten"))
	}
	s.run(500)
	s.away(a)
	item := s.writes(a, "good", title("written when he held it"))
	s.hub.restore()
	s.unassign(0) // at a commit that the K of the old epoch would cover
	for range 30 {
		s.officeWrites(s.hub.look(s.job), record.Update, title("anew"))
	}
	s.back(a)
	s.expectOutcome(item, wire.Merged, "")
	s.ends()
}

func TestEffectiveTimesAreSentAgain(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	a.skew = 3_600_000
	s.hub.backUp()
	s.away(a)
	s.writes(a, "good", title("mine"))
	s.run(60_000)
	s.back(a)
	eff := func() clock.Stamp {
		row := s.hub.look(s.job)
		i, _ := row.Meta.Find(record.CellID{Column: 1})
		return row.Meta.Cells[i].Shown.Eff
	}
	before := eff()
	s.away(a)
	s.run(3_600_000)
	s.hub.restore()
	s.back(a)
	same(s.T, "effective time", eff(), before)
	s.ends()
}

func TestAnInsertUnderADeletedParentBringsItBack(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.away(a)
	item := s.does(a, "good", clock.Dot{}, func(tx *device.Tx) error {
		return tx.Insert(tableOf("task"), s.id(), record.Values{"job": record.Ref(s.job.ID), "text": record.Text("a repair")})
	})
	s.officeWrites(s.hub.look(s.job), record.Delete, nil)
	s.back(a)
	s.expectOutcome(item, wire.Merged, "")
	if s.hub.look(s.job).Deleted {
		s.Error("the job is still deleted")
	}
	s.ends()
}

func TestADeleteFromAnOldFormHidesNothingItDidNotShow(t *testing.T) {
	s := newStage(t, 1)
	form := s.hub.look(s.job)
	s.officeWrites(s.hub.look(s.job), record.Update, title("by the same person, later"))
	s.officeWrites(form, record.Delete, nil)
	if s.hub.look(s.job).Deleted {
		s.Error("the job is deleted")
	}
	s.ends()
}

func TestAfterARestoreTheDeviceComparesEverything(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.hub.backUp()
	s.officeWrites(s.hub.look(s.job), record.Update, title("forgotten"))
	lost := s.office.insert("task", record.Values{"job": record.Ref(s.job.ID), "text": record.Text("forgotten")})
	other := s.office.insert("job", title("forgotten"))
	s.office.insert("assignment", record.Values{"job": record.Ref(other), "person": record.Ref(a.person), "state": record.Text("offered")})
	s.run(500)
	s.away(a)
	s.hub.restore()
	s.back(a)
	shown := a.shown()
	if shown[record.Key{Table: tableOf("task").ID, ID: lost}] != nil || shown[record.Key{Table: s.job.Table, ID: other}] != nil {
		s.Error("rows that the hub has forgotten are on the phone")
	}
	same(s.T, "title", shown[s.job].Get("title"), s.hub.look(s.job).Get("title"))
	s.ends()
}

func TestWhatTheHubLacksIsDecidedByDotAndHash(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	copied := a.store.Clone()
	s.hub.backUp()
	mine := s.writes(a, "good", title("mine"))
	s.run(500)
	s.away(a)
	s.hub.restore()
	b := &phone{f: s.Fleet, name: "A'", person: a.person, schema: Schema, store: copied, away: true}
	s.phones = append(s.phones, b)
	theirs := s.writes(b, "good", record.Values{"finding": record.Text("under the same dot")})
	same(s.T, "dot", theirs.Change.Dot, mine.Change.Dot)
	s.back(b)
	s.back(a)
	s.ends()
	s.expect("mine")
}

func TestAForkedDevicesContextsAreCut(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.away(a)
	b := &phone{f: s.Fleet, name: "A'", person: a.person, schema: Schema, store: a.store.Clone(), away: true}
	s.phones = append(s.phones, b)
	s.writes(b, "good", title("by the copy"))
	s.writes(a, "good", title("first"))
	s.writes(a, "good", title("second"))
	s.back(b)
	s.back(a)
	s.expect("by the copy", "second")
	s.ends()
}

func TestWhatWasGivenUpAfterARestoreIsStillOnTheHub(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.hub.backUp()
	item := s.writes(a, "bad", title("refused"))
	s.run(500)
	s.away(a)
	s.hub.restore()
	a.away = false
	a.dial()
	for must(a.Identity()).Epoch == 0 {
		s.run(1)
	}
	do(a.take(func(r *device.Replica) error { return r.Dismiss(item.Change.Dot) }))
	s.ends()
	s.expectOutcome(item, wire.Quarantined, "bad")
}

func TestARestoredHubHearsWhatADeviceHeldAndItLost(t *testing.T) {
	s := newStage(t, 1)
	a := s.phones[0]
	s.hub.backUp()
	s.officeWrites(s.hub.look(s.job), record.Update, title("written after the backup"))
	s.run(1000) // the phone has it
	s.hub.restore()
	s.run(2000)
	if got := a.shown()[s.job].Get("title").Text(); got == "written after the backup" {
		t.Errorf("the phone shows %q, which the hub has not", got)
	}
	place := place{s.job, record.CellID{Column: 1}}
	if !s.testified()[place][record.Text("written after the backup")] {
		t.Error("the hub keeps nothing of what it lost")
	}
	s.ends()
}
