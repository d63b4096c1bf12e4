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

// machinery is a company with a machine, fitted with a component, each with a line of history, and a technician with a van.
type machinery struct {
	*company
	machine, component record.ID
	ofMachine, ofPart  record.ID // the lines of history
	van                record.ID
}

func (c *company) machinery(name string, holder record.ID) (m machinery) {
	c.t.Helper()
	m.company = c
	c.office("a machine of "+name, func(tx aftersales.Tx) (err error) {
		unit := func(in aftersales.UnitInput) (id, line record.ID) {
			in.Branch = c.branch
			if err == nil {
				id, err = aftersales.CreateUnit(tx, in)
			}
			if err == nil {
				line, err = aftersales.AddServiceRecord(tx, aftersales.ServiceRecordInput{Unit: id, Summary: "inspected"})
			}
			return id, line
		}
		m.machine, m.ofMachine = unit(aftersales.UnitInput{Name: "Machine of " + name, Serial: name + "-M"})
		m.component, m.ofPart = unit(aftersales.UnitInput{Name: "Engine of " + name, Serial: name + "-E", Parent: m.machine})
		if err == nil && !holder.IsZero() {
			m.van, err = aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: c.branch, Name: "Van of " + name, Holder: holder})
		}
		return err
	})
	return m
}

// at gives the person a job at the unit.
func (c *company) at(unit, person record.ID) record.ID {
	c.t.Helper()
	job := c.job("leaks", person)
	c.set("job", job, record.Values{"unit": record.Ref(unit)})
	return job
}

// set is the office's word on a row.
func (c *company) set(table string, id record.ID, values record.Values) {
	c.t.Helper()
	c.office("row.edit", func(tx aftersales.Tx) error { return tx.Update(table, id, values) })
}

// holds checks which of the rows a phone of the person fetches.
func (c *company) holds(person record.ID, what string, want bool, rows ...record.ID) {
	c.t.Helper()
	got := c.gives(person)
	for i, id := range rows {
		if slices.Contains(got, id) != want {
			c.t.Errorf("%s: row %d is on his phone: %v, want %v", what, i+1, !want, want)
		}
	}
}

// A unit is held by who answers for the place where it lies, as long as it lies there and he answers for it.
func TestAUnitIsInTheHandsOfWhoAnswersForItsPlace(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	li, wang := c.rogue("li"), c.rogue("wang")
	c.employ(li.person, wang.person)
	m := c.machinery("works", li.person)
	job := c.at(m.machine, li.person)
	li.enter(nil)
	li.takePages()
	moves := func(to record.Value) {
		t.Helper()
		if v := li.judged(li.change(record.Update, "unit", m.machine, c.row("unit", m.machine).Vector, record.Values{"location": to})); v.Outcome == wire.Quarantined {
			t.Fatalf("moved to %v: %s %s", to, v.Code, v.Message)
		}
	}
	moves(record.Ref(m.van))
	c.takeAway(job)
	c.holds(li.person, "in his van", true, m.machine, m.ofMachine)
	c.office("another takes the van", func(tx aftersales.Tx) error { return aftersales.SetHolder(tx, m.van, wang.person) })
	c.holds(li.person, "in a van that was his", false, m.machine, m.ofMachine)
	c.holds(wang.person, "in a van that is his by now", true, m.machine, m.ofMachine)
	c.office("and gives it back", func(tx aftersales.Tx) error { return aftersales.SetHolder(tx, m.van, li.person) })
	c.holds(li.person, "in his van again", true, m.machine, m.ofMachine)
	moves(record.Null)
	c.holds(li.person, "put back", false, m.machine, m.ofMachine)
}

// The page for swapping offers the components of the job's machine. What came out stays with the technician, in his van,
// when the job has left.
func TestATechnicianSwapsAComponentOffline(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	phone, li := c.technician("li")
	c.employ(li)
	m := c.machinery("works", li)
	var part, spare record.ID
	c.office("a spare engine in the van", func(tx aftersales.Tx) (err error) {
		part, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "ENGINE", Name: map[string]string{"en": "Engine"}, SerialTracked: true})
		if err == nil {
			spare, err = aftersales.CreateUnit(tx, aftersales.UnitInput{
				Branch: c.branch, Serial: "S-1", Part: part, Status: aftersales.UnitInVan, Location: m.van,
			})
		}
		return err
	})
	job := c.at(m.machine, li)
	sync(t, phone)

	swap := func(in aftersales.SwapInput) record.ID {
		t.Helper()
		in.Job = job
		id, err := phone.Assets().Swap(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	typed := swap(aftersales.SwapInput{Old: m.component, Serial: "T-1"})
	swap(aftersales.SwapInput{Old: typed, New: spare, Part: part}) // that one was broken, too
	sync(t, phone)
	if s, err := phone.Status(t.Context()); err != nil || s.Refused != 0 {
		t.Fatalf("%d refused, %v", s.Refused, err)
	}
	if u := aftersales.UnitOf(c.row("unit", spare)); u.Parent != m.machine || u.Status != aftersales.UnitInstalled || !u.Location.IsZero() {
		t.Errorf("the new one is %+v", u)
	}
	for _, out := range []record.ID{m.component, typed} {
		if u := aftersales.UnitOf(c.row("unit", out)); u.Location != m.van || u.Status != aftersales.UnitInVan || !u.Parent.IsZero() {
			t.Errorf("what came out is %+v", u)
		}
	}
	c.takeAway(job)
	sync(t, phone)
	for id, lines := range map[record.ID]int{m.component: 2, typed: 2, m.machine: 0, spare: 0} {
		history, err := phone.Assets().History(t.Context(), id)
		if err != nil || len(history) != lines {
			t.Errorf("%d lines of the history of %s, want %d; %v", len(history), c.row("unit", id).Get("serial").Text(), lines, err)
		}
	}
	c.set("unit", m.component, record.Values{"location": record.Null})
	sync(t, phone)
	if _, err := phone.Assets().Get(t.Context(), m.component); fault.CodeOf(err) != fault.UnknownRow {
		t.Errorf("what was brought back is still here: %v", err)
	}
}

// Whose part a unit is, is a column that phones write: nobody comes by a stranger's machine, or by a component of one, by
// saying that one is part of the other.
func TestNobodyReachesAStrangersMachineByItsParts(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	c.employ(r.person)
	his, theirs := c.machinery("his", r.person), c.machinery("theirs", record.ID{})
	job := c.at(his.machine, r.person)
	r.enter(nil)
	r.takePages()
	update := func(unit record.ID, column string, to record.ID) *record.ChangeSet {
		return r.change(record.Update, "unit", unit, clock.Vector{}, record.Values{column: record.Ref(to)})
	}
	line := func(unit record.ID) *record.ChangeSet {
		return r.change(record.Insert, "service_record", server.NewID(), clock.Vector{}, record.Values{
			"branch": record.Ref(c.branch), "unit": record.Ref(unit), "summary": record.Text("sabotaged"),
			"occurred": record.Instant(time.Now().UnixMilli()), "corrected": record.Instant(time.Now().UnixMilli()),
		})
	}
	type attempt struct {
		what string
		cs   *record.ChangeSet
	}
	for _, x := range []attempt{
		{"a stranger's machine as part of his own", update(theirs.machine, "parent", his.machine)},
		{"a stranger's component as part of his own", update(theirs.component, "parent", his.machine)},
		{"his machine as part of a stranger's", update(his.machine, "parent", theirs.machine)},
		{"his component as part of a stranger's", update(his.component, "parent", theirs.machine)},
		{"his machine as part of their component", update(his.machine, "parent", theirs.component)},
		{"a stranger's machine as the one that his was joined with", update(his.machine, "merged_into", theirs.machine)},
		{"a stranger's machine in his van", update(theirs.machine, "location", his.van)},
		{"a stranger's component in his van", update(theirs.component, "location", his.van)},
		{"his job at a stranger's component", r.change(record.Update, "job", job, clock.Vector{}, record.Values{"unit": record.Ref(theirs.component)})},
		{"the history of a stranger's machine", line(theirs.machine)},
		{"the history of a stranger's component", line(theirs.component)},
		{"a new component of theirs", r.change(record.Insert, "unit", server.NewID(), clock.Vector{}, record.Values{
			"branch": record.Ref(c.branch), "name": record.Text("fake"), "number": record.Text("U-1"), "machine": record.Ref(theirs.machine),
		})},
		{"a new machine that was joined with theirs", r.change(record.Insert, "unit", server.NewID(), clock.Vector{}, record.Values{
			"branch": record.Ref(c.branch), "name": record.Text("fake"), "number": record.Text("U-2"), "merged_into": record.Ref(theirs.machine),
		})},
	} {
		if v := r.judged(x.cs); v.Outcome != wire.Quarantined || v.Code != fault.NotAllowed {
			t.Errorf("%s: %v %s", x.what, v.Outcome, v.Code)
		}
	}
	for _, x := range []attempt{
		{"the history of his component", line(his.component)},
		{"his component in his van", update(his.component, "location", his.van)},
	} {
		if v := r.judged(x.cs); v.Outcome == wire.Quarantined {
			t.Errorf("%s: %v %s %s", x.what, v.Outcome, v.Code, v.Message)
		}
	}
	r.hangUp()
	c.holds(r.person, "what is his", true, his.machine, his.ofMachine, his.component, his.ofPart)
	c.holds(r.person, "what is theirs", false, theirs.machine, theirs.ofMachine, theirs.component, theirs.ofPart)
}

// What is said of a row comes to whoever holds it: nobody puts his words, or his use of parts, before strangers.
func TestANewRowLiesInNothingThatIsAStrangers(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	c.employ(r.person)
	his, theirs := c.machinery("his", r.person), c.machinery("theirs", record.ID{})
	mine, other := c.at(his.machine, r.person), c.job("somebody else's")
	var party, part, store, request record.ID
	c.office("a stranger, a part and a store", func(tx aftersales.Tx) (err error) {
		if party, err = aftersales.CreateParty(tx, aftersales.PartyInput{Branch: c.branch, Name: "Stranger"}); err != nil {
			return err
		}
		if part, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "SEAL", Name: map[string]string{"en": "Seal"}}); err != nil {
			return err
		}
		store, err = aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: c.branch, Kind: aftersales.LocationCentral, Name: "Store"})
		if err != nil {
			return err
		}
		request = server.NewID()
		return tx.Insert("request", request, record.Values{
			"branch": record.Ref(c.branch), "number": record.Text("R-1"), "title": record.Text("noise"),
			"state": record.Text(aftersales.RequestNew), "handler": record.Ref(r.person), "handler_team": record.Null,
		})
	})
	r.enter(nil)
	r.takePages()
	now := record.Instant(time.Now().UnixMilli())
	says := func(table string, values, more record.Values) wire.Verdict {
		t.Helper()
		all := record.Values{"branch": record.Ref(c.branch)}
		if table != "part_request" {
			all["occurred"], all["corrected"] = now, now
		}
		for _, v := range []record.Values{values, more} {
			for name, value := range v {
				all[name] = value
			}
		}
		return r.judged(r.change(record.Insert, table, server.NewID(), clock.Vector{}, all))
	}
	for table, x := range map[string]struct{ values, good, bad record.Values }{
		"comment": {record.Values{
			"about": aftersales.Row{Table: "job", ID: mine}.Value(), "kind": record.Text(aftersales.CommentNote), "text": record.Text("hear me"),
			"job": record.Ref(mine),
		}, record.Values{"unit": record.Ref(his.component)}, record.Values{"unit": record.Ref(theirs.component)}},
		"attachment": {record.Values{
			"about": aftersales.Row{Table: "job", ID: mine}.Value(), "kind": record.Text("photo"), "size": record.Number(1),
			"sha256": record.Text("00"), "media_type": record.Text("image/jpeg"), "job": record.Ref(mine),
		}, nil, record.Values{"party": record.Ref(party)}},
		"call": {record.Values{
			"direction": record.Text(aftersales.CallOut), "channel": record.Text("phone"), "caller": record.Text("me"), "request": record.Ref(request),
		}, nil, record.Values{"party": record.Ref(party)}},
		"part_request": {record.Values{
			"number": record.Text("M-1"), "part": record.Ref(part), "quantity": record.Quantity(1, "pcs"),
			"state": record.Text(aftersales.PartAsked), "location": record.Ref(his.van),
		}, record.Values{"job": record.Ref(mine)}, record.Values{"job": record.Ref(other)}},
		"movement": {record.Values{
			"part": record.Ref(part), "quantity": record.Quantity(1, "pcs"), "condition": record.Text(aftersales.Good),
			"owner": record.Text(aftersales.OwnerUs), "cause": record.Text(aftersales.MoveTransfer),
			"from_location": record.Ref(store), "to_location": record.Ref(his.van), // whatever comes into a van comes from elsewhere
		}, record.Values{"job": record.Ref(mine)}, record.Values{"job": record.Ref(other)}},
	} {
		if v := says(table, x.values, x.good); v.Outcome == wire.Quarantined {
			t.Errorf("a %s of his own: %s %s", table, v.Code, v.Message)
		}
		if v := says(table, x.values, x.bad); v.Code != fault.NotAllowed {
			t.Errorf("a %s that lies with strangers, too: %v %q", table, v.Outcome, v.Code)
		}
	}
}

// A job that was found at a machine, while the office joined that machine with another, comes with the machine that stands for
// both.
func TestAFoundJobLeadsToWhatItsMachineWasJoinedWith(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("li")
	c.employ(r.person)
	once, survivor, stranger := c.machinery("once", r.person), c.machinery("survivor", record.ID{}), c.machinery("stranger", record.ID{})
	given := c.at(once.machine, r.person)
	r.enter(nil)
	r.takePages()
	c.takeAway(given)
	c.office("joined", func(tx aftersales.Tx) error {
		return errors.Join(
			aftersales.Merge(tx, aftersales.MergeInput{Table: "unit", Loser: once.machine, Winner: survivor.machine}),
			aftersales.Merge(tx, aftersales.MergeInput{Table: "unit", Loser: stranger.component, Winner: stranger.machine}))
	})
	if v := r.judged(r.finds(c, server.NewID(), once.machine)); v.Outcome == wire.Quarantined {
		t.Fatalf("found before he heard: %s %s", v.Code, v.Message)
	}
	r.hangUp()
	c.holds(r.person, "the machine, and what stands for it", true, once.machine, survivor.machine, survivor.ofMachine)
	c.holds(r.person, "others that were joined", false, stranger.machine, stranger.ofMachine)
}

// finds is a job that the technician found at a unit, and took on.
func (r *rogue) finds(c *company, job, unit record.ID) *record.ChangeSet {
	r.t.Helper()
	cs := r.change(record.Insert, "job", job, clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "state": record.Text("new"), "title": record.Text("x"), "number": record.Text("J-" + job.String()),
		"unit": record.Ref(unit),
	})
	more, err := record.NewChange(record.Insert, aftersales.Schema.Table("assignment"), server.NewID(), record.Values{
		"branch": record.Ref(c.branch), "job": record.Ref(job), "person": record.Ref(r.person), "state": record.Text("open"),
		"role": record.Text("lead"),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	cs.Rows = append(cs.Rows, more)
	return cs
}

// Whoever makes a customer and a machine in the image of a stranger's, and has the office join them, writes nothing on the
// stranger's: what he made was his, what stands for it is not.
func TestWhoMadeWhatWasJoinedWritesNothingOnTheStrangers(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.rogue("mallory")
	c.employ(m.person)
	theirs := c.machinery("theirs", record.ID{})
	var victim, van record.ID
	c.office("stranger", func(tx aftersales.Tx) (err error) {
		if victim, err = aftersales.CreateParty(tx, aftersales.PartyInput{Branch: c.branch, Name: "Big", Phone: "+862155550100"}); err != nil {
			return err
		}
		van, err = aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: c.branch, Name: "Van", Holder: m.person})
		return err
	})
	m.enter(nil)
	m.takePages()
	party, unit := server.NewID(), server.NewID()
	for table, made := range map[string]struct {
		id     record.ID
		values record.Values
	}{
		"party": {party, record.Values{"branch": record.Ref(c.branch), "name": record.Text("Big"), "number": record.Text("C-9"), "kind": record.Text("organisation")}},
		"unit":  {unit, record.Values{"branch": record.Ref(c.branch), "serial": record.Text("theirs-M"), "number": record.Text("U-9"), "status": record.Text("installed")}},
	} {
		if v := m.judged(m.change(record.Insert, table, made.id, clock.Vector{}, made.values)); v.Outcome == wire.Quarantined {
			t.Fatalf("%s: %s %s", table, v.Code, v.Message)
		}
	}
	c.office("joined", func(tx aftersales.Tx) error {
		if err := aftersales.Merge(tx, aftersales.MergeInput{Table: "party", Loser: party, Winner: victim}); err != nil {
			return err
		}
		return aftersales.Merge(tx, aftersales.MergeInput{Table: "unit", Loser: unit, Winner: theirs.machine})
	})
	m.hangUp()
	m.enter(nil)
	m.takePages()
	for _, write := range []*record.ChangeSet{
		m.change(record.Update, "party", party, clock.Vector{}, record.Values{"phone": record.Text("+1666")}),
		m.change(record.Update, "unit", unit, clock.Vector{}, record.Values{"location": record.Ref(van), "serial": record.Text("HACKED")}),
	} {
		if v := m.judged(write); v.Outcome != wire.Quarantined || v.Code != fault.NotAllowed {
			t.Errorf("%v %s", v.Outcome, v.Code)
		}
	}
	if got := c.row("party", victim).Get("phone").Text(); got != "+862155550100" {
		t.Errorf("the stranger is called at %s", got)
	}
	c.holds(m.person, "the stranger's machine", false, theirs.machine)
}

// What the office takes over from a machine without looking, as whom the next job there is for, is nothing that a phone could
// have said: a phone names no customer, site or contact that it does not hold.
func TestAPhoneNamesNoStrangerOnItsMachine(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	c.employ(r.person)
	x := c.machinery("x", r.person)
	job := c.at(x.machine, r.person)
	var victim, site, contact, own record.ID
	c.office("a stranger, and whom the machine belongs to", func(tx aftersales.Tx) (err error) {
		if victim, err = aftersales.CreateParty(tx, aftersales.PartyInput{Branch: c.branch, Name: "Big"}); err != nil {
			return err
		}
		if own, err = aftersales.CreateParty(tx, aftersales.PartyInput{Branch: c.branch, Name: "Small"}); err != nil {
			return err
		}
		if site, err = aftersales.CreateSite(tx, aftersales.SiteInput{Branch: c.branch, Party: victim, Name: "Vault", Address: "Hidden road 1"}); err != nil {
			return err
		}
		if contact, err = aftersales.CreateContact(tx, aftersales.ContactInput{Party: victim, Name: "CEO", Phone: "+861062345678"}); err != nil {
			return err
		}
		return tx.Update("unit", x.machine, record.Values{"party": record.Ref(own), "dealer": record.Ref(victim)})
	})
	r.enter(nil)
	r.takePages()
	branch, now := record.Ref(c.branch), record.Instant(time.Now().UnixMilli())
	unit := func(values record.Values) *record.ChangeSet {
		return r.change(record.Update, "unit", x.machine, clock.Vector{}, values)
	}
	fresh := func(table string, values record.Values) *record.ChangeSet {
		values["branch"] = branch
		return r.change(record.Insert, table, server.NewID(), clock.Vector{}, values)
	}
	for _, attempt := range []struct {
		what string
		cs   *record.ChangeSet
	}{
		{"his machine is a stranger's", unit(record.Values{"party": record.Ref(victim)})},
		{"his machine stands at a stranger's", unit(record.Values{"site": record.Ref(site)})},
		{"a stranger's contact in his job", r.change(record.Update, "job", job, clock.Vector{}, record.Values{"contact": record.Ref(contact)})},
		{"a new machine of a stranger's", fresh("unit", record.Values{
			"name": record.Text("n"), "number": record.Text("U"), "party": record.Ref(victim),
		})},
		{"a new machine that a stranger sold", fresh("unit", record.Values{
			"name": record.Text("n"), "number": record.Text("U"), "dealer": record.Ref(victim),
		})},
		{"a new site of a stranger's", fresh("site", record.Values{
			"name": record.Text("n"), "address": record.Text("1 Road"), "party": record.Ref(victim),
		})},
		{"words about a stranger in his own job", fresh("comment", record.Values{
			"about": aftersales.Row{Table: "party", ID: victim}.Value(), "kind": record.Text(aftersales.CommentNote),
			"text": record.Text("bankrupt"), "job": record.Ref(job), "occurred": now, "corrected": now,
		})},
	} {
		if v := r.judged(attempt.cs); v.Outcome != wire.Quarantined || v.Code != fault.NotAllowed {
			t.Errorf("%s: %v %q", attempt.what, v.Outcome, v.Code)
		}
	}
	if v := r.judged(unit(record.Values{"dealer": record.Ref(victim), "party": record.Ref(own)})); v.Outcome == wire.Quarantined {
		t.Errorf("what the machine says already: %v %s %s", v.Outcome, v.Code, v.Message)
	}
	r.hangUp()
	c.office("the next job at the machine", func(tx aftersales.Tx) error {
		next, err := aftersales.CreateJob(tx, aftersales.JobInput{Branch: c.branch, Unit: x.machine, Title: "again"})
		if err == nil {
			_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: next, Person: r.person})
		}
		return err
	})
	c.holds(r.person, "whom the office's machine belongs to", true, own)
	c.holds(r.person, "the stranger", false, victim, site, contact)
}

// A machine is of somebody whom the job does not name, and so is on no phone: what takes its place is his all the same.
func TestWhatTakesAMachinesPlaceIsWhoseItWas(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	phone, li := c.technician("li")
	c.employ(li)
	m := c.machinery("works", li)
	var owner, site record.ID
	c.office("it belongs to another than whoever called", func(tx aftersales.Tx) (err error) {
		if owner, err = aftersales.CreateParty(tx, aftersales.PartyInput{Branch: c.branch, Name: "Owner"}); err != nil {
			return err
		}
		if site, err = aftersales.CreateSite(tx, aftersales.SiteInput{Branch: c.branch, Party: owner, Name: "Hall", Address: "1 Road"}); err != nil {
			return err
		}
		return tx.Update("unit", m.machine, record.Values{"party": record.Ref(owner), "site": record.Ref(site)})
	})
	job := c.at(m.machine, li)
	sync(t, phone)
	if _, err := phone.Assets().Get(t.Context(), m.machine); err != nil {
		t.Fatal(err)
	}
	fresh, err := phone.Assets().Swap(t.Context(), aftersales.SwapInput{Job: job, Old: m.machine, Serial: "NEW"})
	if err != nil {
		t.Fatal(err)
	}
	sync(t, phone)
	if s, err := phone.Status(t.Context()); err != nil || s.Refused != 0 {
		t.Fatalf("%d refused, %v", s.Refused, err)
	}
	if u := aftersales.UnitOf(c.row("unit", fresh)); u.Party != owner || u.Site != site {
		t.Errorf("the new machine is %+v", u)
	}
	c.holds(li, "whose machine it is", false, owner, site)
}
