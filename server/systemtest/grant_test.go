package systemtest

import (
	"errors"
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

// A technician who knows the ids of strangers, since he held them once perhaps, cannot give them to himself: not by a request
// that he handles, not by a job that he finds, not by pointing one that he has at them. Nor does he give a new row what
// only the office gives. What he made himself he works on as ever.
func TestNobodyGivesHimselfWhatHeDoesNotHold(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	c.employ(r.person)
	var party, site, unit record.ID
	c.office("strangers", func(tx aftersales.Tx) (err error) {
		if party, err = aftersales.CreateParty(tx, aftersales.PartyInput{Branch: c.branch, Name: "Secret Customer"}); err != nil {
			return err
		}
		if unit, err = aftersales.CreateUnit(tx, aftersales.UnitInput{Branch: c.branch, Name: "Machine", Serial: "SN1", Party: party}); err != nil {
			return err
		}
		site, err = aftersales.CreateSite(tx, aftersales.SiteInput{Branch: c.branch, Party: party, Name: "Vault", Address: "Hidden road 1"})
		return err
	})
	var made byte
	id := func() record.ID {
		made++
		return record.NewID(time.Now().UnixMilli(), [10]byte{made})
	}
	also := func(cs *record.ChangeSet, table string, id record.ID, values record.Values) {
		more, err := record.NewChange(record.Insert, aftersales.Schema.Table(table), id, values)
		if err != nil {
			t.Fatal(err)
		}
		cs.Rows = append(cs.Rows, more)
	}
	found := func(job record.ID, values record.Values) *record.ChangeSet {
		values["branch"], values["state"], values["title"], values["number"] = record.Ref(c.branch), record.Text("new"), record.Text("x"), record.Text("J-9")
		cs := r.change(record.Insert, "job", job, clock.Vector{}, values)
		also(cs, "assignment", id(), record.Values{"branch": record.Ref(c.branch), "job": record.Ref(job), "person": record.Ref(r.person),
			"state": record.Text("open"), "role": record.Text("lead")})
		return cs
	}
	refused := func(what string, cs *record.ChangeSet) {
		t.Helper()
		if v := r.judged(cs); v.Outcome != wire.Quarantined || v.Code != fault.NotAllowed {
			t.Errorf("%s: %v %s", what, v.Outcome, v.Code)
		}
	}
	r.enter(nil)
	r.takePages()
	refused("a request for himself", r.change(record.Insert, "request", id(), clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "party": record.Ref(party), "state": record.Text(aftersales.RequestNew),
		"handler": record.Ref(r.person), "handler_team": record.Null, "title": record.Text("x"),
	}))
	for column, to := range map[string]record.ID{"party": party, "site": site, "unit": unit} {
		refused("a job found at a stranger's "+column, found(id(), record.Values{column: record.Ref(to)}))
	}
	unknown := found(id(), record.Values{"unit": record.Ref(aftersales.NamedID("unit", "SN2"))})
	if v := r.judged(unknown); v.Outcome != wire.Quarantined || v.Code != fault.UnknownRow {
		t.Errorf("a machine that nobody has made yet: %v %s", v.Outcome, v.Code)
	}

	job, own := id(), id()
	cs := found(job, record.Values{"unit": record.Ref(own)})
	also(cs, "unit", own, record.Values{"branch": record.Ref(c.branch), "name": record.Text("found"), "number": record.Text("U-1")})
	if v := r.judged(cs); v.Outcome != wire.Applied {
		t.Fatalf("a job and a machine of his own: %v %s %s", v.Outcome, v.Code, v.Message)
	}
	refused("his own job, pointed at a stranger's machine", r.change(record.Update, "job", job, clock.Vector{}, record.Values{"unit": record.Ref(unit)}))
	refused("his own machine, as a part of a stranger's", r.change(record.Update, "unit", own, clock.Vector{}, record.Values{"parent": record.Ref(unit)}))
	refused("a machine with a warranty", r.change(record.Insert, "unit", id(), clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "name": record.Text("fake"), "warranty_until": record.Date(40000), "number": record.Text("U-2"),
	}))
	refused("a part of a stranger's machine", r.change(record.Insert, "unit", id(), clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "name": record.Text("fake"), "machine": record.Ref(unit), "number": record.Text("U-3"),
	}))
	refused("a slip that was audited", r.change(record.Insert, "slip", id(), clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "job": record.Ref(job), "number": record.Text("S-9"), "state": record.Text("signed"),
		"audited_by": record.Ref(r.person), "audit_note": record.Text("all well"),
	}))
	if v := r.judged(r.change(record.Update, "job", job, clock.Vector{}, record.Values{"note": record.Text("done")})); v.Outcome == wire.Quarantined {
		t.Errorf("his own job: %v %s", v.Outcome, v.Code)
	}
	r.hangUp()
	r.enter(nil)
	got := r.takePages()
	for what, stranger := range map[string]record.ID{"customer": party, "site": site, "machine": unit} {
		if slices.Contains(got, stranger) {
			t.Errorf("the stranger's %s came to his phone", what)
		}
	}
	if !slices.Contains(got, job) || !slices.Contains(got, own) {
		t.Error("what he found himself did not come back")
	}
	refused("the stranger himself", r.change(record.Update, "party", party, clock.Vector{}, record.Values{"phone": record.Text("+49430000000")}))
}

// gives lets a second device of the technician fetch everything he holds.
func (c *company) gives(person record.ID) (rows []record.ID) {
	c.t.Helper()
	r := c.rogueOf(person)
	r.enter(nil)
	defer r.hangUp()
	return r.takePages()
}

// Who was taken off a job does not come back to it by finishing it, whatever he says to have seen and not to have heard.
func TestNobodyPutsHimselfBackOnAJob(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	c.employ(r.person)
	job := c.job("pump leaks", r.person)
	var assignment record.ID
	c.office("look", func(tx aftersales.Tx) error {
		all, err := aftersales.Assignments(tx, job)
		if err == nil {
			assignment = all[0].ID
		}
		return err
	})
	r.enter(nil)
	then := r.head
	c.takeAway(job)
	var seen []clock.Dot
	for d := range c.row("assignment", assignment).Vector.All() {
		d.Counter = 1 << 40
		seen = append(seen, d)
	}
	everything, err := clock.NewVector(seen)
	if err != nil {
		t.Fatal(err)
	}
	r.hangUp()
	r.enter(nil)
	cs := r.change(record.Update, "assignment", assignment, everything, record.Values{
		"state": record.Text(aftersales.AssignmentFinished), "reason": record.Text("all well"),
	})
	cs.K = then
	if v := r.judged(cs); v.Outcome != wire.Merged {
		t.Errorf("what he wrote beside it: %v %s", v.Outcome, v.Code)
	}
	r.hangUp()
	row := c.row("assignment", assignment)
	if row.Get("state").Text() != aftersales.AssignmentEnded || row.Get("reason").Text() != "all well" {
		t.Errorf("the assignment stands as %q, because %q", row.Get("state").Text(), row.Get("reason").Text())
	}
	if slices.Contains(c.gives(r.person), job) {
		t.Error("the job is on his phone again")
	}
}

// What a path of a grant leads to beyond the first step is not opened by a phone's change either: the group that a customer
// belongs to, the machine that a component is fitted in.
func TestAPathThatAPhoneOpensEndsAtWhatItHolds(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	c.employ(r.person)
	id := func(n byte) record.ID { return record.NewID(time.Now().UnixMilli(), [10]byte{n}) }
	var group, customer record.ID
	c.office("a request of a customer who belongs to a group", func(tx aftersales.Tx) (err error) {
		if group, err = aftersales.CreateParty(tx, aftersales.PartyInput{Branch: c.branch, Name: "Group"}); err != nil {
			return err
		}
		if customer, err = aftersales.CreateParty(tx, aftersales.PartyInput{Branch: c.branch, Name: "Works", Parent: group}); err != nil {
			return err
		}
		return tx.Insert("request", id(1), record.Values{
			"branch": record.Ref(c.branch), "number": record.Text("R-1"), "party": record.Ref(customer), "title": record.Text("noise"),
			"state": record.Text(aftersales.RequestNew), "handler": record.Ref(r.person), "handler_team": record.Null,
		})
	})
	r.enter(nil)
	r.takePages()
	job := id(2)
	cs := r.change(record.Insert, "job", job, clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "state": record.Text("new"), "title": record.Text("x"), "number": record.Text("J-9"),
		"party": record.Ref(customer),
	})
	more, err := record.NewChange(record.Insert, aftersales.Schema.Table("assignment"), id(3), record.Values{
		"branch": record.Ref(c.branch), "job": record.Ref(job), "person": record.Ref(r.person), "state": record.Text("open"),
		"role": record.Text("lead"),
	})
	if err != nil {
		t.Fatal(err)
	}
	cs.Rows = append(cs.Rows, more)
	if v := r.judged(cs); v.Outcome != wire.Applied {
		t.Fatalf("a job at a customer of his: %v %s", v.Outcome, v.Code)
	}
	r.hangUp()
	if got := c.gives(r.person); !slices.Contains(got, job) || !slices.Contains(got, customer) || slices.Contains(got, group) {
		t.Error("he holds the job and its customer, and not the group that the customer belongs to")
	}
	var assigned record.ID
	c.office("the office gives him a job at the customer", func(tx aftersales.Tx) (err error) {
		assigned, err = aftersales.CreateJob(tx, aftersales.JobInput{Branch: c.branch, Title: "y", Party: customer})
		if err == nil {
			_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: assigned, Person: r.person})
		}
		return err
	})
	if !slices.Contains(c.gives(r.person), group) {
		t.Error("what the office gives leads on to the group, whose contracts cover the customer")
	}
}

// What a technician asks for is approved by the store.
func TestAPhoneTakesNoPartsByItself(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	c.employ(r.person)
	job := c.job("pump leaks", r.person)
	var part, van record.ID
	c.office("a part and a van", func(tx aftersales.Tx) (err error) {
		if part, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "SEAL", Name: map[string]string{"en": "Seal"}}); err != nil {
			return err
		}
		van, err = aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: c.branch, Name: "Van", Holder: r.person})
		return err
	})
	r.enter(nil)
	r.takePages()
	v := r.judged(r.change(record.Insert, "part_request", server.NewID(), clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "number": record.Text("M-1"), "part": record.Ref(part), "quantity": record.Quantity(1000, "pcs"),
		"location": record.Ref(van), "job": record.Ref(job), "state": record.Text(aftersales.PartApproved),
	}))
	if v.Outcome != wire.Quarantined || v.Code != fault.NotAllowed || v.Message != "what is asked for is approved and issued by the store" {
		t.Errorf("parts that nobody approved: %v %s %s", v.Outcome, v.Code, v.Message)
	}
}

// Nor does a component lead to the machine that it is fitted in today, if it came to the phone by the one that it was part of.
func TestAComponentOpensNoMachineThatAPhoneDoesNotHold(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	c.employ(r.person)
	his, theirs := c.machinery("his", record.ID{}), c.machinery("theirs", record.ID{})
	c.at(his.machine, r.person)
	c.set("unit", his.component, record.Values{"parent": record.Ref(theirs.machine)})
	r.enter(nil)
	r.takePages()
	job := server.NewID()
	if v := r.judged(r.finds(c, job, his.component)); v.Outcome != wire.Applied {
		t.Fatalf("a job at a component of his: %v %s %s", v.Outcome, v.Code, v.Message)
	}
	r.hangUp()
	c.holds(r.person, "the job and the component", true, job, his.component, his.ofPart)
	c.holds(r.person, "the machine that it is fitted in", false, theirs.machine, theirs.ofMachine)
	c.set("job", job, record.Values{"note": record.Text("seen")})
	c.holds(r.person, "after a note of the office", false, theirs.machine)
	c.at(his.component, r.person)
	c.holds(r.person, "given by the office, the job leads to the machine", true, theirs.machine, theirs.ofMachine)
}

// A component lies with its machine: who holds the machine finds a job at the component, and does it.
func TestAJobAtAComponentOfAHeldMachineIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, person := w.technician("li")
	job := w.pumpLeaks(person)
	var component record.ID
	w.office("a machine with a component", func(tx aftersales.Tx) (err error) {
		branch := w.jobOnHub(job).Branch
		machine, err := aftersales.CreateUnit(tx, aftersales.UnitInput{Branch: branch, Name: "Machine", Serial: "SN1"})
		if err != nil {
			return err
		}
		component, err = aftersales.CreateUnit(tx, aftersales.UnitInput{Branch: branch, Name: "Engine", Serial: "SN2", Parent: machine})
		if err != nil {
			return err
		}
		return tx.Update("job", job, record.Values{"unit": record.Ref(machine)})
	})
	sync(t, li)
	found, err := li.Jobs().Create(t.Context(), aftersales.JobInput{Title: "engine smokes", Unit: component})
	if err != nil {
		t.Fatal(err)
	}
	sync(t, li)
	done := aftersales.CompleteInput{Summary: "ring replaced"}
	done.Job, done.Finding = found, "ring"
	if err := errors.Join(li.Jobs().Arrive(t.Context(), aftersales.VisitInput{Job: found}), li.Jobs().Complete(t.Context(), done)); err != nil {
		t.Fatal(err)
	}
	sync(t, li)
	if s, err := li.Status(t.Context()); err != nil || s.Refused != 0 || w.jobOnHub(found).State != aftersales.JobDone {
		t.Errorf("%d refused, the job is %s, %v", s.Refused, w.jobOnHub(found).State, err)
	}
}
