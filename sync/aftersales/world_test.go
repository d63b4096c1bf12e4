package aftersales

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// teller is a *testing.T or a *rapid.T.
type teller interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// world is a replica in memory: a Tx for commands, and a sticky way to tell a story with them.
type world struct {
	t       teller
	rows    map[record.Key]*record.Row
	now     int64
	author  record.ID
	ids     uint64
	numbers int
	written []record.RowChange // all that was ever written

	branch, office, wang, li           record.ID
	party, site, unit, part, van, main record.ID
	job                                record.ID
}

const morning = 1_760_000_000_000 // ms UTC

// newWorld is a small company on a quiet morning: an office, two technicians, a customer with a machine, a stocked
// van, and a new job.
func newWorld(t teller) *world {
	w := &world{t: t, rows: map[record.Key]*record.Row{}, now: morning}
	w.ok(SetUp(w))
	w.branch = w.id(CreateBranch(w, BranchInput{Code: "SH", Name: "Shanghai", Zone: "Asia/Shanghai"}))
	w.office = w.id(CreatePerson(w, PersonInput{Name: "Office", Branch: w.branch}))
	w.wang = w.id(CreatePerson(w, PersonInput{Name: "Wang", Branch: w.branch, Technician: true}))
	w.li = w.id(CreatePerson(w, PersonInput{Name: "Li", Branch: w.branch, Technician: true}))
	w.author = w.office
	w.main = w.id(CreateLocation(w, LocationInput{Name: "Main store", Kind: LocationCentral}))
	w.van = w.id(CreateLocation(w, LocationInput{Name: "Van 1", Holder: w.wang}))
	w.part = w.id(CreatePart(w, PartInput{Code: "SEAL-12", Name: map[string]string{"en": "Seal"}}))
	w.party = w.id(CreateParty(w, PartyInput{Name: "Harbour Cranes", Phone: "+86 21 555-0100"}))
	w.site = w.id(CreateSite(w, SiteInput{Party: w.party, Name: "Pier 3", Address: "1 Dock Road"}))
	w.unit = w.id(CreateUnit(w, UnitInput{Name: "Crane", Serial: "C-100", Party: w.party, Site: w.site}))
	w.job = w.id(CreateJob(w, JobInput{Unit: w.unit, Title: "Leaks", Kind: "repair"}))
	return w
}

// assigned is newWorld with the job given to Wang, who writes from now on.
func assigned(t teller) *world {
	w := newWorld(t)
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	return w.as(w.wang)
}

// done is assigned with the job completed.
func done(t teller) *world {
	w := assigned(t)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	w.pass(30)
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "New seal"}}))
	return w
}

func (w *world) as(person record.ID) *world { w.author = person; return w }
func (w *world) pass(minutes int64)         { w.now += minutes * 60_000 }

// ok, id and refused end the test when a command does not do what the story says.
func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) id(id record.ID, err error) record.ID {
	w.t.Helper()
	w.ok(err)
	return id
}

func (w *world) refused(code fault.Code, err error) {
	w.t.Helper()
	if fault.CodeOf(err) != code {
		w.t.Fatalf("got %v, want a refusal with %s", err, code)
	}
}

func (w *world) get(table string, id record.ID) *record.Row {
	w.t.Helper()
	row, err := need(w, table, id)
	w.ok(err)
	return row
}

func (w *world) jobNow() Job { w.t.Helper(); return JobOf(w.get("job", w.job)) }

// visitNow returns the last visit of the person for the job.
func (w *world) visitNow(person record.ID) Visit {
	w.t.Helper()
	v, err := lastVisit(w, w.job, person)
	w.ok(err)
	return v
}

func (w *world) balance(location record.ID) int64 {
	w.t.Helper()
	n, err := Balance(w, location, w.part)
	w.ok(err)
	return n
}

// The Tx.

func (w *world) Row(table string, id record.ID) (*record.Row, error) {
	t := Schema.Table(table)
	if t == nil {
		return nil, fault.New(fault.Invalid, "no table "+table)
	}
	if row := w.rows[record.Key{Table: t.ID, ID: id}]; row != nil && !row.Deleted {
		return row, nil
	}
	return nil, nil
}

func (w *world) Refs(table, column string, id record.ID) ([]*record.Row, error) {
	t := Schema.Table(table)
	if t == nil || t.Column(column) < 0 {
		return nil, fault.New(fault.Invalid, "no column "+table+"."+column)
	}
	var list []*record.Row
	for key, row := range w.rows {
		if key.Table == t.ID && !row.Deleted && row.Get(column).Ref() == id {
			list = append(list, row)
		}
	}
	slices.SortFunc(list, func(a, b *record.Row) int { return compareIDs(a.ID, b.ID) })
	return list, nil
}

func (w *world) Insert(table string, id record.ID, values record.Values) error {
	t := Schema.Table(table)
	c, err := record.NewChange(record.Insert, t, id, values)
	if err != nil {
		return err
	}
	if w.rows[c.Key()] != nil {
		return fault.New(fault.Exists, table+" exists")
	}
	w.written = append(w.written, c)
	w.rows[c.Key()] = record.NewRow(t, &c, clock.Dot{Actor: 4, Counter: 1})
	return nil
}

func (w *world) Update(table string, id record.ID, values record.Values) error {
	c, err := record.NewChange(record.Update, Schema.Table(table), id, values)
	if err != nil {
		return err
	}
	row := w.rows[c.Key()]
	if row == nil {
		return fault.New(fault.UnknownRow, table+" is unknown")
	}
	w.written = append(w.written, c)
	row = row.Clone()
	row.Show(&c)
	w.rows[c.Key()] = row
	return nil
}

func (w *world) Delete(table string, id record.ID) error {
	c, err := record.NewChange(record.Delete, Schema.Table(table), id, nil)
	if err != nil {
		return err
	}
	w.rows[c.Key()] = w.rows[c.Key()].Clone()
	w.rows[c.Key()].Deleted = true
	return nil
}

func (w *world) Dot() clock.Dot { return clock.Dot{Actor: 1, Counter: 1} }

func (w *world) NewID() record.ID {
	w.ids++
	var tail [10]byte
	for i := range 8 {
		tail[2+i] = byte(w.ids >> (56 - 8*i))
	}
	return record.NewID(w.now, tail)
}

func (w *world) Number(series string) string {
	w.numbers++
	return fmt.Sprintf("%s-d1-%d", series, w.numbers)
}

// Hub holds unless the author is a technician, on his phone.
func (w *world) Hub() bool         { return w.author != w.wang && w.author != w.li }
func (w *world) Now() int64        { return w.now }
func (w *world) Clock() int64      { return w.now - clockSlow }
func (w *world) Author() record.ID { return w.author }

// clockSlow is by how many ms the clock of the world's device is slow, as its transactions know.
const clockSlow = 90_000

// fields returns run-time values by key from pairs of key and text.
func fieldsOf(pairs ...string) FieldValues {
	values := FieldValues{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = record.Text(pairs[i+1])
	}
	return values
}

func count(w *world, table string) int {
	n := 0
	for key, row := range w.rows {
		if key.Table == Schema.Table(table).ID && !row.Deleted {
			n++
		}
	}
	return n
}

func contains(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Fatalf("got %q, want it to hold %q", got, want)
	}
}
