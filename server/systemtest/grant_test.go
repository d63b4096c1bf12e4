package systemtest

import (
	"slices"
	"testing"
	"time"

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
