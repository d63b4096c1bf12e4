package systemtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"fieldsync/server"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// Who had a job taken from him, and heard it, does not unhear it by having his phone ask for a fresh number.
func TestAFreshNumberForgetsNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.rogue("mallory")
	c.employ(m.person)
	x := c.machinery("x", m.person)
	job := c.at(x.machine, m.person)
	m.enter(nil)
	m.takePages()
	then := m.head
	c.takeAway(job)
	m.hangUp()
	m.enter(nil)
	m.takePages()
	m.send(wire.Ack{Class: 0, K: m.head, Pages: m.pages, Actor: m.actor, Written: m.pushed})
	for _, again := range []bool{false, true} {
		if again {
			m.hangUp()
			m.enter(func(h *wire.Hello) { h.Actor = 0 })
		}
		cs := m.finds(c, server.NewID(), x.machine)
		cs.K = then
		if v := m.judged(cs); v.Code != fault.LateWrite {
			t.Errorf("a job found at what he knows that he lost, with a fresh number: %v: %v %q", again, v.Outcome, v.Code)
		}
	}
	m.hangUp()
	c.holds(m.person, "what he lost", false, x.ofMachine)
}

// One who never acknowledges may say for as long as the grace that he has not heard. What he writes meanwhile stands beside
// what the one did whom the job went to, the office is told, and what he finds at it he has no longer than that.
func TestLateWorkIsForTheOfficeToSee(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	li, m := c.rogue("li"), c.rogue("mallory")
	c.employ(li.person, m.person)
	x := c.machinery("x", record.ID{})
	job := c.at(x.machine, m.person)
	m.enter(nil)
	m.takePages()
	then := m.head
	c.takeAway(job)
	c.office("li", func(tx aftersales.Tx) error {
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: li.person})
		return err
	})
	li.enter(nil)
	li.takePages()
	if v := li.judged(li.change(record.Update, "job", job, c.row("job", job).Vector, record.Values{"finding": record.Text("the seal is worn")})); v.Outcome == wire.Quarantined {
		t.Fatalf("li's finding: %s %s", v.Code, v.Message)
	}
	found := server.NewID()
	for _, cs := range []*record.ChangeSet{
		m.change(record.Update, "job", job, c.row("job", job).Vector, record.Values{"finding": record.Text("nothing")}),
		m.change(record.Update, "job", job, clock.Vector{}, record.Values{"note": record.Text("I was there")}),
		m.finds(c, found, x.machine),
	} {
		cs.K = then
		if v := m.judged(cs); v.Outcome == wire.Quarantined {
			t.Fatalf("late: %s %s", v.Code, v.Message)
		}
	}
	m.hangUp()
	stands := c.standing("job", job, "finding")
	if !slices.Contains(stands, "the seal is worn") {
		t.Errorf("li's finding is gone: %q", stands)
	}
	reported := map[record.ID]int{}
	c.office("look", func(tx aftersales.Tx) error {
		for _, about := range []record.ID{job, found} {
			rows, err := tx.Refs("discrepancy", "job", about)
			if err != nil {
				return err
			}
			for _, d := range rows {
				if d := aftersales.DiscrepancyOf(d); d.Kind == aftersales.DiscrepancyLate && d.Person == m.person && d.Open() {
					reported[about]++
				}
			}
		}
		return nil
	})
	if reported[job] != 1 || reported[found] != 1 {
		t.Errorf("the office is told of the job %d times, of what was found %d times", reported[job], reported[found])
	}
	c.holds(m.person, "what he found, and the machine for now", true, found, x.machine)
	c.late.Add(int64(31 * 24 * time.Hour))
	if _, err := c.core.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.holds(m.person, "what he found", true, found)
	c.holds(m.person, "the machine, when nobody can have not heard any more", false, x.machine, x.ofMachine)
}

// What was acknowledged the moment before counts as well: the hub writes it down now and then, and before it hands out a
// fresh number.
func TestAFreshNumberForgetsNothingOfTheMomentBefore(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.rogue("mallory")
	c.employ(m.person)
	x := c.machinery("x", m.person)
	job := c.at(x.machine, m.person)
	m.enter(nil)
	m.takePages()
	then := m.head
	c.takeAway(job)
	m.hangUp()
	m.enter(nil)
	m.takePages()
	m.send(wire.Ack{K: m.head, Pages: m.pages, Actor: m.actor, Written: m.pushed})
	m.send(wire.Verify{Buckets: []record.Bucket{record.PersonBucket(m.person)}})
	await[wire.Sums](m) // so that it has heard what was said before
	if n := c.comparisons(); n != 1 {
		t.Errorf("%d comparisons are counted", n)
	}
	m.hangUp()
	m.enter(func(h *wire.Hello) { h.Actor = 0 })
	cs := m.finds(c, server.NewID(), x.machine)
	cs.K = then
	if v := m.judged(cs); v.Code != fault.LateWrite {
		t.Errorf("a job found at what he knows that he lost: %v %q", v.Outcome, v.Code)
	}
}

// Who made a job himself and lost it to a colleague has no more of it than who was given it: what he says without having
// heard stands beside what the colleague did.
func TestWhoMadeAJobAndLostItIsLateAsAnybody(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	li, m := c.rogue("li"), c.rogue("mallory")
	c.employ(li.person, m.person)
	x := c.machinery("x", record.ID{})
	c.at(x.machine, m.person)
	m.enter(nil)
	m.takePages()
	then, found := m.head, server.NewID()
	cs := m.finds(c, found, x.machine)
	cs.K = then
	if v := m.judged(cs); v.Outcome == wire.Quarantined {
		t.Fatalf("found: %s %s", v.Code, v.Message)
	}
	c.takeAway(found)
	c.office("li", func(tx aftersales.Tx) error {
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: found, Person: li.person})
		return err
	})
	li.enter(nil)
	li.takePages()
	for _, said := range []struct {
		by   *rogue
		text string
	}{{li, "the seal is worn"}, {m, "nothing"}} {
		cs := said.by.change(record.Update, "job", found, c.row("job", found).Vector, record.Values{"finding": record.Text(said.text)})
		if said.by == m {
			cs.K = then
		}
		if v := said.by.judged(cs); v.Outcome == wire.Quarantined {
			t.Fatalf("%s: %s %s", said.text, v.Code, v.Message)
		}
	}
	m.hangUp()
	li.hangUp()
	if stands := c.standing("job", found, "finding"); !slices.Contains(stands, "the seal is worn") {
		t.Errorf("li's finding is gone: %q", stands)
	}
	c.office("look", func(tx aftersales.Tx) error {
		rows, err := tx.Refs("discrepancy", "job", found)
		if len(rows) != 1 || aftersales.DiscrepancyOf(rows[0]).Kind != aftersales.DiscrepancyLate {
			t.Errorf("the office is told of %d things", len(rows))
		}
		return err
	})
}

// Whoever found a job at a machine that had gone, and had not heard, may finish the job when the machine has left him too:
// on a phone that was away meanwhile, and on one that heard.
func TestAJobFoundAtALostMachineCanBeFinished(t *testing.T) {
	t.Parallel()
	for name, hears := range map[string]bool{"away meanwhile": false, "heard": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCompany(t)
			phone, li := c.technician("li")
			c.employ(li)
			x := c.machinery("works", li)
			job := c.at(x.machine, li)
			sync(t, phone)
			c.takeAway(job)
			found, err := phone.Jobs().Create(t.Context(), aftersales.JobInput{Title: "found a crack", Unit: x.machine, Branch: c.branch})
			if err != nil {
				t.Fatal(err)
			}
			sync(t, phone)
			c.late.Add(int64(31 * 24 * time.Hour))
			if _, err := c.core.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if hears {
				sync(t, phone)
			}
			if err := phone.Jobs().Arrive(t.Context(), aftersales.VisitInput{Job: found}); err != nil {
				t.Fatal(err)
			}
			in := aftersales.CompleteInput{Summary: "welded"}
			in.Job, in.Solution = found, "welded"
			if err := phone.Jobs().Complete(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			sync(t, phone)
			if s, err := phone.Status(t.Context()); err != nil || s.Refused > 0 {
				t.Errorf("%d refused, %v", s.Refused, err)
			}
			if j := aftersales.JobOf(c.row("job", found)); j.State != aftersales.JobDone || j.Solution != "welded" {
				t.Errorf("the job is %s, %q", j.State, j.Solution)
			}
		})
	}
}

// standing returns the texts that stand in a cell, the shown one first.
func (c *company) standing(table string, id record.ID, column string) []string {
	c.t.Helper()
	row := c.row(table, id)
	texts := []string{row.Get(column).Text()}
	if i, ok := row.Meta.Find(record.CellID{Column: row.Table.Columns[row.Table.Column(column)].ID}); ok {
		for _, s := range row.Meta.Cells[i].Others {
			texts = append(texts, s.Value.Text())
		}
	}
	return texts
}

// An assignment that was deleted, as by taking an import back, is not brought back by the phone that had it.
func TestADeletedAssignmentIsNotBroughtBack(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.rogue("mallory")
	c.employ(m.person)
	job := c.job("x", m.person)
	var assignment record.ID
	c.office("deleted", func(tx aftersales.Tx) error {
		all, err := aftersales.Assignments(tx, job)
		if err != nil {
			return err
		}
		assignment = all[0].ID
		return nil
	})
	m.enter(nil)
	m.takePages()
	then := m.head
	c.office("deleted", func(tx aftersales.Tx) error { return tx.Delete("assignment", assignment) })
	m.hangUp()
	m.enter(nil)
	cs := m.change(record.Update, "assignment", assignment, clock.Vector{}, record.Values{"reason": record.Text("x")})
	cs.K = then
	if v := m.judged(cs); v.Outcome != wire.Merged {
		t.Errorf("what he wrote on it: %v %s %s", v.Outcome, v.Code, v.Message)
	}
	m.hangUp()
	if !c.row("assignment", assignment).Deleted {
		t.Error("it is back")
	}
	c.holds(m.person, "the job", false, job)
}

// A row is made under an id by time and chance, or under a name: not under what somebody thought of.
func TestARowIsMadeUnderAnIDOfTheProjects(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.rogue("mallory")
	c.employ(m.person)
	m.enter(nil)
	m.takePages()
	site := func(id record.ID) wire.Verdict {
		return m.judged(m.change(record.Insert, "site", id, clock.Vector{}, record.Values{
			"branch": record.Ref(c.branch), "name": record.Text("Hall"), "address": record.Text("1 Road"),
		}))
	}
	for _, id := range []record.ID{{1, 2, 3}, {6: 0x40, 8: 0x80, 15: 1}, {6: 0x70, 15: 1}} {
		if v := site(id); v.Code != fault.Malformed {
			t.Errorf("%v: %v %q", id, v.Outcome, v.Code)
		}
	}
	for _, id := range []record.ID{server.NewID(), aftersales.NamedID("site", "Hall")} {
		if v := site(id); v.Outcome == wire.Quarantined {
			t.Errorf("%v: %s %s", id, v.Code, v.Message)
		}
	}
}

// Numbers that people read say which device gave them: nobody gives one of a colleague's, nor under his name.
func TestNobodyGivesAColleaguesNumber(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	li, m := c.rogue("li"), c.rogue("mallory")
	c.employ(li.person, m.person)
	li.enter(nil)
	li.takePages()
	m.enter(nil)
	m.takePages()
	first := li.change(record.Insert, "unit", server.NewID(), clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "name": record.Text("Pump"), "number": record.Text("?"),
	})
	if v := li.judged(first); v.Outcome == wire.Quarantined {
		t.Fatalf("li's: %s %s", v.Code, v.Message)
	}
	his := c.row("unit", first.Rows[0].ID).Get("number")
	says := func(origin record.Origin, number record.Value) wire.Verdict {
		cs := m.change(record.Insert, "unit", server.NewID(), clock.Vector{}, record.Values{
			"branch": record.Ref(c.branch), "name": record.Text("Pump"), "number": number,
		})
		cs.Origin = origin
		m.push(cs)
		return await[wire.Verdicts](m).Verdicts[0]
	}
	if v := says(record.Origin{}, his); v.Code != aftersales.ForeignNumber {
		t.Errorf("li's number: %v %q", v.Outcome, v.Code)
	}
	stranger := clock.Dot{Actor: first.Dot.Actor + 4000, Counter: 1}
	for what, dot := range map[string]clock.Dot{"li's": first.Dot, "nobody's": stranger} {
		if v := says(record.Origin{Dot: dot, RID: server.NewID()}, his); v.Code != fault.Malformed {
			t.Errorf("under a name that is %s: %v %q", what, v.Outcome, v.Code)
		}
	}
	own := clock.Dot{Actor: m.actor, Counter: m.pushed + 1}
	if v := says(record.Origin{}, record.Text(fmt.Sprintf("U-%s-%d", own.Actor, own.Counter))); v.Outcome == wire.Quarantined {
		t.Errorf("its own: %s %s", v.Code, v.Message)
	}
}
