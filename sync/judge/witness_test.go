package judge_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// restored is a hub that was put back to before the office's latest write of a job, which a technician's phone still has.
type restored struct {
	*tech
	job     record.Key
	row     *record.Row // as the phone has it
	witness clock.Actor
}

func newRestored(t *testing.T) *restored {
	t.Helper()
	tech := newWorld(t).tech()
	w := &restored{tech: tech, job: tech.job("pump")}
	w.assign(w.job, w.Person)
	w.lose(func() { w.update(w.job, text("title", "pump leaks")) })
	return w
}

// lose lets something happen after the backup that is put back.
func (w *restored) lose(happens func()) {
	w.Helper()
	backup := w.hub.Snapshot()
	happens()
	w.row = w.tech.row(w.job)
	w.hub.Restore(backup)
	m := w.hub.Marker()
	w.cfg.Epoch, w.cfg.RestoreAt, w.cfg.Before = m.Epoch, m.RestoreAt, m.Before
	w.desk = w.enrol(w.make.ID(), record.ID{}, clock.SideOffice)
	w.witness = w.enrol(record.ID{}, w.Device, clock.SideHub)
}

// copyOf returns the message with a row as a phone has it.
func copyOf(row *record.Row) []wire.Rows {
	batch := wire.Rows{Table: row.Table.ID, Whole: true, Rows: []wire.Row{{
		ID: row.ID, Seq: row.Seq, Vector: row.Vector, Deleted: row.Deleted, Values: row.Cols,
	}}}
	for i := range row.Table.Columns {
		batch.Columns = append(batch.Columns, row.Table.Columns[i].ID)
	}
	return []wire.Rows{batch}
}

func (w *restored) testifies(author judge.Author, rows []wire.Rows) (k wire.Kept) {
	w.Helper()
	w.must(w.batch(func(b *judge.Batch) (err error) { k, err = b.Testify(author, w.witness, rows); return err }))
	return k
}

// kept returns what waits for the office since it was lost.
func (w *restored) kept() (open []*judge.Entry) {
	for _, e := range w.hub.Entries() {
		if (e.Code == fault.Witness || e.Code == fault.WitnessUnproved) && e.Closed.IsZero() {
			open = append(open, e)
		}
	}
	return open
}

func (w *restored) expectKept(code fault.Code, values map[record.ID]string) {
	w.Helper()
	open := w.kept()
	if len(open) != len(values) {
		w.Fatalf("%d testimonies, want %d", len(open), len(values))
	}
	for _, e := range open {
		cs, err := record.ParseChangeSet(e.Encoded)
		w.must(err)
		if len(cs.Rows) != 1 || len(cs.Rows[0].Cells) != 1 || cs.Rows[0].Cells[0].Value.Text() != values[cs.Rows[0].ID] || e.Code != code {
			w.Errorf("%s %+v", e.Code, cs.Rows)
		}
	}
}

func TestWhatAPhoneHeldAndTheHubLostWaitsForTheOffice(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	if k := w.testifies(w.Author, copyOf(w.row)); k.Count != 1 || k.Code != "" {
		t.Fatalf("%+v", k)
	}
	w.expectKept(fault.Witness, map[record.ID]string{w.job.ID: "pump leaks"})
	w.expectText(w.job, "title", "pump") // no row is changed by it
	w.testifies(w.Author, copyOf(w.row))
	w.expectKept(fault.Witness, map[record.ID]string{w.job.ID: "pump leaks"})
	dot := w.kept()[0].Dot
	w.must(w.batch(func(b *judge.Batch) error { _, err := b.Release(judge.Author{}, w.desk, dot, nil); return err }))
	w.expectText(w.job, "title", "pump leaks")
	w.testifies(w.Author, copyOf(w.row))
	w.expectKept(fault.Witness, nil)
}

func TestWhatTheOfficeDismissedIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	w.testifies(w.Author, copyOf(w.row))
	w.must(w.batch(func(b *judge.Batch) error {
		_, err := b.Dismiss(judge.Author{}, w.desk, w.kept()[0].Dot)
		return err
	}))
	w.testifies(w.Author, copyOf(w.row))
	w.expectKept(fault.Witness, nil)
	w.expectText(w.job, "title", "pump")
}

func TestARowThatTheHubLostWhollyIsBroughtBackWhole(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	w.lose(func() { w.job = w.tech.job("found later"); w.assign(w.job, w.Person) })
	w.testifies(w.Author, copyOf(w.row))
	w.expectKept(fault.WitnessUnproved, map[record.ID]string{w.job.ID: "found later"})
	dot := w.kept()[0].Dot
	w.must(w.batch(func(b *judge.Batch) error { _, err := b.Release(judge.Author{}, w.desk, dot, nil); return err }))
	w.expectText(w.job, "title", "found later")
}

func TestWhatTheHubHasIsNotKept(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	for name, rows := range map[string][]wire.Rows{
		"the row as it is":   copyOf(w.tech.row(w.job)),
		"an unknown table":   {{Table: 999, Rows: []wire.Row{{ID: w.job.ID}}}},
		"a deletion of none": {{Table: w.job.Table, Whole: true, Rows: []wire.Row{{ID: w.make.ID(), Vector: w.row.Vector, Deleted: true}}}},
		"nothing":            nil,
	} {
		if k := w.testifies(w.Author, rows); k.Code != "" || len(w.kept()) > 0 {
			t.Errorf("%s: %+v, %d kept", name, k, len(w.kept()))
		}
	}
}

// Of rows that the hub makes by itself nobody has to decide.
func TestWhatTheHubRemakesNeedsNoTestimony(t *testing.T) {
	t.Parallel()
	for _, remade := range []bool{false, true} {
		w := newRestored(t)
		w.lose(func() { w.job = w.insert("part", text("number", "SEAL")) })
		w.cfg.Schema = remaking(t, "part", remade)
		if k := w.testifies(w.Author, copyOf(w.row)); k.Count != 1 || k.Code != "" || len(w.kept()) > 0 == remade {
			t.Errorf("remade %v: %+v, %d kept", remade, k, len(w.kept()))
		}
	}
}

// remaking returns the schema in which the hub remakes the table, or not.
func remaking(t *testing.T, table string, is bool) *schema.Schema {
	t.Helper()
	tables := make([]*schema.Table, len(simtest.Schema.Tables))
	for i, have := range simtest.Schema.Tables {
		one := *have
		one.Remade = is && one.Name == table
		tables[i] = &one
	}
	s, err := schema.New(simtest.Schema.Name, simtest.Schema.Version, tables...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNobodyTestifiesForAnothersRows(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	other := w.insert("person", text("name", "another"))
	w.lose(func() {
		w.job = w.insert("setting", record.Values{"person": record.Ref(other.ID), "language": record.Text("zh")})
	})
	w.testifies(w.Author, copyOf(w.row))
	w.expectKept(fault.Witness, nil)
	w.testifies(judge.Author{Person: other.ID, Device: w.make.ID()}, copyOf(w.row))
	if len(w.kept()) != 1 {
		t.Errorf("his own row was not kept")
	}
}

func TestAHostileDeviceFillsItsOwnPlaceOnly(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	batch := copyOf(w.row)[0]
	one := batch.Rows[0]
	batch.Rows = nil
	for range 6000 {
		one.ID = w.make.ID()
		batch.Rows = append(batch.Rows, one)
	}
	k := w.testifies(w.Author, []wire.Rows{batch})
	if k.Code != fault.InboxFull || k.Count != 5000 || len(w.kept()) != 5000 {
		t.Fatalf("%+v, %d kept", k, len(w.kept()))
	}
	w.must(w.batch(func(b *judge.Batch) error {
		_, err := b.Dismiss(judge.Author{}, w.desk, w.kept()[0].Dot)
		return err
	}))
	batch.Rows = batch.Rows[k.Count:]
	if k = w.testifies(w.Author, []wire.Rows{batch}); k.Count != 1 || k.Code != fault.InboxFull {
		t.Errorf("with room for one: %+v", k)
	}
}

// A device that wrote on a row before a restore has seen what the row holds when that has come again. What it shows by
// now may be the row as it went back, so that it must be told.
func TestWhoWroteOnWhatCameAgainAfterARestoreIsToldTheRow(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	colleague := w.world.tech()
	w.assign(w.job, colleague.Person)
	title := colleague.knows(w.head(), colleague.change(record.Update, w.job, text("title", "by a colleague")))
	var finding *record.ChangeSet
	w.lose(func() {
		colleague.sends(title)
		finding = w.knows(w.head(), w.change(record.Update, w.job, text("finding", "a leak")))
	})
	colleague.sends(title)
	r := w.sends(finding)
	w.expect(r, wire.Merged, "")
	if len(r.Return) != 1 || r.Return[0] != w.job {
		t.Errorf("%v come along, want the job", r.Return)
	}
	w.tech.actor, w.tech.count = w.enrol(w.Person, w.Device, clock.SideDevice), 0
	w.expect(w.writes(record.Update, w.job, text("finding", "two leaks")), wire.Merged, "") // nothing shows that it has it
	w.expect(w.writes(record.Update, w.job, text("finding", "a flood")), wire.Merged, "")   // what it wrote itself shows nothing
	w.update(w.job, text("title", "by the office"))
	w.expect(w.writes(record.Update, w.job, text("finding", "dry again")), wire.Applied, "")
}

// The copy comes first, those whose work it holds later: when the last of them has brought his, the office has nothing to
// decide any more, and is not asked.
func TestACopyIsSettledByWhatItWasACopyOf(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	one, two := w.world.tech(), w.world.tech()
	w.assign(w.job, one.Person)
	w.assign(w.job, two.Person)
	title := one.knows(w.head(), one.change(record.Update, w.job, text("title", "by one")))
	finding := two.knows(w.head(), two.change(record.Update, w.job, text("finding", "by two")))
	w.lose(func() {
		one.sends(title)
		two.sends(finding)
	})
	w.testifies(w.Author, copyOf(w.row))
	other := w.kept()
	if len(other) != 1 {
		t.Fatalf("%d copies wait", len(other))
	}
	one.sends(title)
	if len(w.kept()) != 1 {
		t.Fatal("it was settled though something is still lacking")
	}
	two.sends(finding)
	if w.expectKept(fault.Witness, nil); w.entry(other[0].Dot).Closed != finding.Dot {
		t.Errorf("it was closed by %v, want %v", w.entry(other[0].Dot).Closed, finding.Dot)
	}
	w.testifies(w.Author, copyOf(w.row))
	w.expectKept(fault.Witness, nil)
}

// A phone's file is copied, and nobody notices. What it sends under its next number is lost with the hub, and on the phone;
// the copy writes something else under that number. What a colleague still holds of the first is kept for the office.
func TestWorkUnderANumberThatCameAgainWithOtherWorkIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		other string // the column that the copy writes; "" for another row
		kept  bool
	}{
		"on another row": {"", true}, "in the same column": {"title", true}, "the work itself": {"itself", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRestored(t)
			other := w.tech.job("another")
			phone := w.world.tech()
			w.assign(w.job, phone.Person)
			w.assign(other, phone.Person)
			first := phone.knows(w.head(), phone.change(record.Update, w.job, text("title", "by the phone")))
			phone.count--
			second := first
			switch c.other {
			case "":
				second = phone.knows(w.head(), phone.change(record.Update, other, text("title", "by its copy")))
			case "title":
				second = phone.knows(w.head(), phone.change(record.Update, w.job, text("title", "by its copy")))
			}
			if second.Dot != first.Dot {
				t.Fatalf("%v and %v", first.Dot, second.Dot)
			}
			w.lose(func() { phone.sends(first) })
			w.expect(phone.sends(second), wire.Applied, "")
			w.update(w.job, text("title", "by the office, since"))
			w.testifies(w.Author, copyOf(w.row))
			if !c.kept {
				w.expectKept(fault.Witness, nil)
				return
			}
			w.expectKept(fault.Witness, map[record.ID]string{w.job.ID: "by the phone"})
			if c.other != "" { // and who still has it is told that the number is taken: it comes under another
				w.expect(phone.sends(first), wire.Forked, "")
			}
		})
	}
}

// What brings a deleted job back is work on what belongs to it. That work is of another row than the copy, and closes it all
// the same when it comes last: also where it cannot be taken, and what belongs to the job is not there.
func TestACopyIsSettledByWhatBroughtItsRowBack(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]bool{"taken": false, "refused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRestored(t)
			one, two := w.world.tech(), w.world.tech()
			w.assign(w.job, one.Person)
			w.assign(w.job, two.Person)
			known := w.head()
			w.world.delete(w.job)
			finding := one.knows(known, one.change(record.Update, w.job, text("finding", "cracked")))
			task := two.knows(known, two.change(record.Insert, w.fresh("task"), record.Values{"job": record.Ref(w.job.ID), "text": record.Text("weld")}))
			w.lose(func() {
				two.sends(task)
				one.sends(finding)
			})
			if dots := w.row.Vector; !dots.Covers(task.Dot) || !dots.Covers(finding.Dot) {
				t.Fatalf("the job's vector is %v", dots)
			}
			w.testifies(w.Author, copyOf(w.row))
			one.sends(finding)
			if len(w.kept()) != 1 {
				t.Fatalf("%d copies wait", len(w.kept()))
			}
			if refused {
				w.cfg.Rules = ruling(func(judge.Rows, *record.ChangeSet, judge.Author) (judge.Decision, error) {
					return judge.Decision{Refuse: fault.New("not_so", "not like this")}, nil
				})
			}
			two.sends(task)
			w.expectKept(fault.Witness, nil)
		})
	}
}

// A phone's other copy may have brought a change set under another number since. When it comes under the number that the
// copy of a row names, nothing is lacking.
func TestACopyIsSettledByWorkThatHadComeUnderAnotherName(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	w.assign(w.job, w.Person)
	title := w.tech.knows(w.head(), w.tech.change(record.Update, w.job, text("title", "by one")))
	w.lose(func() { w.tech.sends(title) })
	w.testifies(w.Author, copyOf(w.row))
	renamed := *title
	renamed.Origin = title.First(record.HashOf(title.AppendBinary(nil)))
	renamed.Dot = clock.Dot{Actor: w.enrol(w.Person, w.Device, clock.SideDevice), Counter: 1}
	w.tech.sends(&renamed)
	if len(w.kept()) != 1 {
		t.Fatalf("%d copies wait", len(w.kept()))
	}
	w.tech.sends(title)
	w.expectKept(fault.Witness, nil)
}

// Whoever holds the same row can reckon what a copy of it will be called. He can neither give that name to his own work, nor
// pass it off as a copy, so as to have an honest phone's copy dropped.
func TestNobodyPassesHisWorkOffAsACopyThatTheHubKept(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	backup := w.hub.Snapshot()
	w.testifies(w.Author, copyOf(w.row))
	name := w.kept()[0].Origin
	w.hub.Restore(backup)
	rogue := w.world.tech()
	w.assign(w.job, rogue.Person)
	cs := rogue.knows(w.head(), rogue.change(record.Update, w.job, text("title", "nonsense")))
	cs.Epoch = w.cfg.Epoch - 1
	prior := &wire.Prior{Outcome: wire.Quarantined, Code: fault.Witness}
	named := *cs
	named.Origin = name
	err := w.batch(func(b *judge.Batch) error {
		_, err := b.Judge(rogue.Author, wire.Pushed{Encoded: named.AppendBinary(nil), Prior: prior})
		return err
	})
	w.expectCode(err, fault.Malformed)
	rogue.expect(rogue.pushes(wire.Pushed{Encoded: cs.AppendBinary(nil), Prior: prior}), wire.Quarantined, fault.RefusedBefore)
	if k := w.testifies(w.Author, copyOf(w.row)); k.Count != 1 {
		t.Errorf("%+v", k)
	}
	w.expectKept(fault.Witness, map[record.ID]string{w.job.ID: "pump leaks"})
	w.testifies(w.Author, copyOf(w.row))
	w.expectKept(fault.Witness, map[record.ID]string{w.job.ID: "pump leaks"})
}

// What was erased meanwhile is no value that the hub lacks: a device that has not heard of it yet asks nobody for the rest of a row of
// which everything has come.
func TestAnErasedValueIsNothingThatTheHubLacks(t *testing.T) {
	t.Parallel()
	a, customer := atCustomer(t)
	w := &restored{tech: a, job: customer}
	cs := a.knows(a.head(), a.change(record.Update, customer, text("phone", "secret number")))
	w.lose(func() { a.sends(cs) })
	w.erases(customer)
	a.sends(cs)
	w.update(customer, text("name", "renamed"))
	if k := w.testifies(w.Author, copyOf(w.row)); k.Count != 1 {
		t.Errorf("%+v", k)
	}
	w.expectKept("", nil)
}
