package aftersales

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

var phone = clock.Actor(4)

// late is a change set of Wang's phone with the given row changes.
func (w *world) late(rows ...record.RowChange) *record.ChangeSet {
	return &record.ChangeSet{
		Dot: clock.Dot{Actor: phone, Counter: 9}, Stamp: clock.StampAt(morning), Offset: 5000,
		Cause: CauseJobFinding, Rows: rows,
	}
}

func (w *world) change(op record.Op, table string, id record.ID, values record.Values) record.RowChange {
	w.t.Helper()
	c, err := record.NewChange(op, Schema.Table(table), id, values)
	w.ok(err)
	c.Context = clock.VectorOf(clock.Dot{Actor: phone, Counter: 1})
	return c
}

func (w *world) review(rows ...record.RowChange) Decision {
	w.t.Helper()
	d, err := Review(w, w.late(rows...), w.wang, 0)
	w.ok(err)
	return d
}

// reviewDay reviews what several change sets made, as one that is sent again: its numbers are from before.
func (w *world) reviewDay(rows ...record.RowChange) Decision {
	w.t.Helper()
	cs := w.late(rows...)
	cs.Amends = clock.Dot{Actor: phone, Counter: 1}
	d, err := Review(w, cs, w.wang, cs.K)
	w.ok(err)
	return d
}

// supplements returns the supplements among what stands instead, the rest apart.
func supplements(w *world, d Decision) (list []Supplement, rest []record.RowChange) {
	for i := range d.Instead {
		c := &d.Instead[i]
		if c.Table != supplementTable.ID {
			rest = append(rest, *c)
			continue
		}
		w.ok(record.CheckChange(supplementTable, c))
		list = append(list, SupplementOf(record.NewRow(supplementTable, c, clock.Dot{Actor: 1, Counter: 1})))
	}
	return list, rest
}

func TestWhatComesInTimePasses(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	d := w.review(
		w.change(record.Update, "job", w.job, record.Values{"finding": record.Text("x"), "state": record.Text(JobInWork)}),
		w.change(record.Update, "visit", w.visitNow(w.wang).ID, record.Values{"state": record.Text(VisitOnSite)}),
		w.change(record.Update, "party", w.party, record.Values{"phone": record.Text("1")}),
		record.RowChange{Op: record.Update, Table: 999, ID: w.job}, // of a newer schema: not for us to judge
		w.change(record.Update, "job", nobody, record.Values{"note": record.Text("of a row that is not there")}),
	)
	if d.Refuse != nil || d.Instead != nil {
		t.Fatalf("%+v", d)
	}
}

// After the audit a phone still brings findings, a visit's end, a part and a note: what is locked becomes a supplement
// each, what only adds is kept.
func TestWhatComesAfterTheAuditIsASupplement(t *testing.T) {
	t.Parallel()
	w := audited(t)
	visit := w.visitNow(w.wang)
	part := w.change(record.Insert, "movement", record.ID{1}, w.movement(nil))
	rows := []record.RowChange{
		w.change(record.Update, "job", w.job, record.Values{
			"finding": record.Text("二次检查"), "unit": record.Ref(w.unit), "tags.late": record.Number(1), "meter": record.Number(7),
		}),
		w.change(record.Update, "visit", visit.ID, record.Values{"summary": record.Text("more")}),
		w.change(record.Update, "slip", w.slip(), record.Values{"total": record.Money(5, "CNY"), "signed_by": record.Null}),
		part,
	}
	d := w.review(rows...)
	list, rest := supplements(w, d)
	if len(list) != 3 || len(rest) != 1 || rest[0].Table != movementTable.ID {
		t.Fatalf("%d supplements, rest %+v", len(list), rest)
	}
	for _, s := range list {
		if s.Job != w.job || s.Slip != w.slip() || s.Reason != SupplementAudited || s.Author != w.wang ||
			s.Cause != CauseJobFinding || s.Corrected != morning+5000 {
			t.Errorf("%+v", s)
		}
	}
	if list[0].About != (Row{"job", w.job}) || list[2].About != (Row{"slip", w.slip()}) {
		t.Errorf("about %v, %v", list[0].About, list[2].About)
	}
	changes, err := list[0].Changes()
	w.ok(err)
	want := map[string]any{"finding": "二次检查", "unit": w.unit.String(), "tags": float64(1), "meter": float64(7)}
	for _, c := range changes {
		if want[c.Column] != c.Value {
			t.Errorf("%s is %v, want %v", c.Column, c.Value, want[c.Column])
		}
	}
	again := w.review(rows...)
	if again.Instead[0].ID != d.Instead[0].ID || d.Instead[0].ID == d.Instead[1].ID {
		t.Error("a supplement's id follows from the change set and the row")
	}
	if d := w.review(w.change(record.Update, "job", w.job, record.Values{"solution": record.Null})); len(d.Instead) != 1 {
		t.Errorf("clearing what is locked: %+v", d)
	}
	// What the audit does not lock is not diverted.
	if d := w.review(w.change(record.Update, "job", w.job, record.Values{"note": record.Text("x")})); d.Instead != nil {
		t.Errorf("%+v", d)
	}
}

func TestWhatComesAfterTheCloseIsASupplement(t *testing.T) {
	t.Parallel()
	w := closed(t)
	d := w.review(
		w.change(record.Update, "job", w.job, record.Values{"note": record.Text("late")}),
		w.change(record.Update, "visit", w.visitNow(w.wang).ID, record.Values{"note": record.Text("late")}),
		w.change(record.Insert, "comment", record.ID{2}, record.Values{
			"about": Row{"job", w.job}.Value(), "kind": record.Text(CommentNote), "text": record.Text("late"),
			"author": record.Ref(w.wang), "job": record.Ref(w.job), "occurred": record.Instant(1), "corrected": record.Instant(1),
		}),
	)
	list, rest := supplements(w, d)
	if len(list) != 2 || len(rest) != 1 || list[0].Reason != SupplementClosed || !list[0].Slip.IsZero() {
		t.Fatalf("%+v, %+v", list, rest)
	}
}

func TestALateWriteToAnAliasLandsOnTheSurvivor(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	twin := w.id(CreateParty(w, PartyInput{Name: "Twin"}))
	w.ok(Merge(w, MergeInput{"party", twin, w.party}))
	d := w.review(
		w.change(record.Update, "party", twin, record.Values{"phone": record.Text("1")}),
		w.change(record.Update, "job", w.job, record.Values{"note": record.Text("n")}),
	)
	if len(d.Instead) != 2 || d.Instead[0].ID != w.party || !d.Instead[0].Context.IsZero() || d.Instead[1].ID != w.job {
		t.Fatalf("%+v", d)
	}
}

func (w *world) movement(with record.Values) record.Values {
	values := record.Values{
		"part": record.Ref(w.part), "quantity": record.Quantity(One, "pcs"), "condition": record.Text(Good),
		"owner": record.Text(OwnerUs), "cause": record.Text(MoveRepairUse), "from_location": record.Ref(w.van),
		"to_location": record.Ref(VirtualLocation(LocationCustomer)), "author": record.Ref(w.wang),
		"occurred": record.Instant(1), "corrected": record.Instant(1),
	}
	for name, v := range with {
		values[name] = v
	}
	return values
}

func TestReviewRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		code   fault.Code
		change func(*world) record.RowChange
	}{
		"an unknown part": {UnknownPart, func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{"part": record.Ref(nobody)}))
		}},
		"an unknown location": {UnknownLocation, func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{"to_location": record.Ref(nobody)}))
		}},
		"nothing moved": {BadQuantity, func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{"quantity": record.Quantity(0, "pcs")}))
		}},
		"stock made by moving less than nothing": {BadQuantity, func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{"quantity": record.Quantity(-One, "pcs")}))
		}},
		"more moved than a job ever takes": {BadQuantity, func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{"job": record.Ref(w.job), "quantity": record.Quantity(MaxJobQuantity+1, "pcs")}))
		}},
		"moved nowhere": {SamePlace, func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{"to_location": record.Ref(w.van)}))
		}},
		"taken out of a colleague's van": {NotYourPlace, func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{"from_location": record.Ref(w.vanFor(w.li)), "job": record.Ref(w.job)}))
		}},
		"put into a colleague's van out of nothing": {NotYourPlace, func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{
				"from_location": record.Ref(VirtualLocation(LocationCustomer)), "to_location": record.Ref(w.vanFor(w.li)), "job": record.Ref(w.job)}))
		}},
		"the time of somebody who never had the job": {NotAssigned, func(w *world) record.RowChange {
			return w.change(record.Insert, "time_mark", nobody, w.workStarts(w.li))
		}},
		"a number of nobody's": {ForeignNumber, func(w *world) record.RowChange {
			return w.change(record.Insert, "job", nobody, foundJob("SAME"))
		}},
		"a number of another device's": {ForeignNumber, func(w *world) record.RowChange {
			return w.change(record.Insert, "job", nobody, foundJob("J-d8-9"))
		}},
		"a number of another change of its own": {ForeignNumber, func(w *world) record.RowChange {
			return w.change(record.Insert, "job", nobody, foundJob("J-d7-91"))
		}},
		"a number by chance, of a device that has a name": {ForeignNumber, func(w *world) record.RowChange {
			return w.change(record.Insert, "job", nobody, foundJob("J-x0123456789ab"))
		}},
		"in somebody else's name": {WrongAuthor, func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{"author": record.Ref(w.li)}))
		}},
		"a job taken for oneself": {NotAssigned, func(w *world) record.RowChange {
			return w.change(record.Insert, "assignment", nobody, record.Values{
				"job": record.Ref(w.job), "person": record.Ref(w.wang), "role": record.Text(Lead), "state": record.Text(AssignmentOpen),
			})
		}},
		"somebody else's assignment ended": {NotAssigned, func(w *world) record.RowChange {
			id := w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.li}))
			return w.change(record.Update, "assignment", id, record.Values{"state": record.Text(AssignmentDeclined)})
		}},
		"a team's assignment ended by somebody of another": {NotAssigned, func(w *world) record.RowChange {
			team := w.id(CreateTeam(w, w.branch, "Night"))
			w.ok(JoinTeam(w, team, w.li))
			id := w.id(AssignJob(w, AssignInput{Job: w.job, Team: team}))
			return w.change(record.Update, "assignment", id, record.Values{"state": record.Text(AssignmentDeclined)})
		}},
		"a correction of what is in a colleague's van": {fault.NotAllowed, func(w *world) record.RowChange {
			van := w.vanFor(w.li)
			w.as(w.office)
			moved := w.id(IssuePart(w, MoveInput{Part: w.part, Quantity: Quantity{Amount: 1_000}, From: w.main, To: van}))
			w.as(w.wang)
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{
				"from_location": record.Ref(w.main), "to_location": record.Ref(van), "quantity": record.Quantity(0, "pcs"), "replaces": record.Ref(moved)}))
		}},
		"an assignment opened again": {fault.NotAllowed, func(w *world) record.RowChange {
			a, _ := AssignedTo(w, w.job, w.wang)
			return w.change(record.Update, "assignment", a.ID, record.Values{"state": record.Text(AssignmentOpen)})
		}},
		"a slip audited by its technician": {fault.NotAllowed, func(w *world) record.RowChange {
			return w.change(record.Insert, "slip", nobody, record.Values{"job": record.Ref(w.job), "state": record.Text(SlipAudited)})
		}},
		"a job closed by its technician": {fault.NotAllowed, func(w *world) record.RowChange {
			return w.change(record.Update, "job", w.job, record.Values{"state": record.Text(JobClosed)})
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := assigned(t)
			if d := w.review(c.change(w)); d.Refuse == nil || d.Refuse.Code != c.code {
				t.Fatalf("%+v, want %s", d, c.code)
			}
		})
	}
}

// What the commands write on a phone is what Review lets pass.
func TestReviewPassesAJobFoundOnSite(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	d := w.review(
		w.change(record.Insert, "job", nobody, record.Values{"state": record.Text(JobNew)}),
		w.change(record.Insert, "assignment", record.ID{3}, record.Values{
			"job": record.Ref(nobody), "person": record.Ref(w.wang), "role": record.Text(Lead), "state": record.Text(AssignmentOpen),
		}),
	)
	if d.Refuse != nil || d.Instead != nil {
		t.Fatalf("%+v", d)
	}
	a, _ := AssignedTo(w, w.job, w.wang)
	if d := w.review(w.change(record.Update, "assignment", a.ID, record.Values{"state": record.Text(AssignmentFinished)})); d.Refuse != nil {
		t.Fatalf("%+v", d)
	}
}

// broken is a store that fails.
type broken struct{ err error }

func (b broken) Row(string, record.ID) (*record.Row, error) { return nil, b.err }

func (b broken) Refs(string, string, record.ID) ([]*record.Row, error) { return nil, b.err }

func TestAFailureIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	disk := errors.New("disk")
	for name, c := range map[string]record.RowChange{
		"movement":   w.change(record.Insert, "movement", nobody, w.movement(nil)),
		"job":        w.change(record.Update, "job", w.job, record.Values{"note": record.Text("x")}),
		"assignment": w.change(record.Update, "assignment", w.job, record.Values{"reason": record.Text("x")}),
	} {
		if d, err := Review(broken{disk}, w.late(c), w.wang, 0); !errors.Is(err, disk) || d.Refuse != nil {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		internal := fault.New(fault.Internal, "x")
		if d, err := Review(broken{internal}, w.late(c), w.wang, 0); !errors.Is(err, internal) || d.Refuse != nil {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// A phone that had not heard that two customers are one writes both.
func TestWhatIsWrittenToTwoRowsThatAreOneNowIsWrittenOnce(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	twin := w.id(CreateParty(w, PartyInput{Branch: w.branch, Name: "Chen again"}))
	w.ok(Merge(w, MergeInput{"party", twin, w.party}))
	loser := func(v record.Values) record.RowChange { return w.change(record.Update, "party", twin, v) }
	winner := func(v record.Values) record.RowChange { return w.change(record.Update, "party", w.party, v) }
	phoned, named := record.Values{"phone": record.Text("1")}, record.Values{"name": record.Text("Chen & Co")}
	for name, rows := range map[string][]record.RowChange{
		"the alias first": {loser(phoned), winner(named)},
		"the alias last":  {winner(named), loser(phoned)},
		"the same twice":  {loser(phoned), winner(record.Values{"phone": record.Text("1"), "name": record.Text("Chen & Co")})},
	} {
		d := w.review(rows...)
		if d.Refuse != nil || len(d.Instead) != 1 || d.Instead[0].ID != w.party || len(d.Instead[0].Cells) != 2 {
			t.Errorf("%s: %+v", name, d)
		} else if !d.Instead[0].Context.IsZero() {
			t.Errorf("%s: what he had seen of one row counts for both", name)
		}
	}
	d := w.review(loser(phoned), winner(record.Values{"phone": record.Text("2")}))
	if fault.CodeOf(d.Refuse) != RowsJoined {
		t.Errorf("two values for one cell: %+v", d)
	}
}

// vanOf gives a person a van of his own.
func (w *world) vanFor(person record.ID) record.ID {
	w.t.Helper()
	return w.id(CreateLocation(w, LocationInput{Name: "Van", Holder: person}))
}

func (w *world) workStarts(person record.ID) record.Values {
	return record.Values{
		"job": record.Ref(w.job), "person": record.Ref(person), "kind": record.Text(TimeWork), "edge": record.Text(EdgeStart),
		"author": record.Ref(w.wang), "occurred": record.Instant(1), "corrected": record.Instant(1),
	}
}

func foundJob(number string) record.Values {
	return record.Values{"number": record.Text(number), "title": record.Text("x"), "state": record.Text(JobNew), "origin": record.Text(OriginFound)}
}

// What was fetched from a store, or out of a van that had changed hands unheard, is gone from there: the office looks at it.
func TestWhatWasTakenElsewhereIsADiscrepancy(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*world) record.RowChange{
		"from the store": func(w *world) record.RowChange {
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{"from_location": record.Ref(w.main), "job": record.Ref(w.job)}))
		},
		"a correction of a colleague's": func(w *world) record.RowChange {
			w.ok(drop(AssignJob(w, AssignInput{Job: w.job, Person: w.li})))
			theirs := w.vanFor(w.li)
			used := w.id(UsePart(w.as(w.li), w.one(MoveInput{Job: w.job})))
			w.as(w.wang)
			return w.change(record.Insert, "movement", nobody, w.movement(record.Values{
				"from_location": record.Ref(theirs), "job": record.Ref(w.job), "replaces": record.Ref(used)}))
		},
	} {
		w := assigned(t)
		d := w.review(take(w))
		if d.Refuse != nil || len(d.Instead) != 2 || d.Instead[0].Table != discrepancyTable.ID || d.Instead[1].Table != movementTable.ID {
			t.Errorf("%s: %+v", name, d)
		}
	}
	w := assigned(t)
	if d := w.review(w.change(record.Insert, "movement", nobody, w.movement(nil))); d.Refuse != nil || d.Instead != nil {
		t.Errorf("out of his own van: %+v", d)
	}
}

// A van went to a colleague: who had not heard of it took his parts out of it, and who had took the colleague's.
func TestAVanThatChangedHands(t *testing.T) {
	t.Parallel()
	for k, refused := range map[uint64]bool{4: false, 5: true} {
		w := assigned(t)
		w.ok(SetHolder(w, w.van, w.li))
		van := w.get("location", w.van)
		cell := record.CellID{Column: locationTable.Columns[locationTable.Column("holder")].ID}
		van.Meta = &record.Meta{Cells: []record.Cell{{ID: cell, Seq: 5}}}
		w.rows[van.Key()] = van
		cs := w.late(w.change(record.Insert, "movement", nobody, w.movement(record.Values{"job": record.Ref(w.job)})))
		cs.K = k
		d, err := Review(w, cs, w.wang, cs.K)
		if w.ok(err); (fault.CodeOf(refusalOf(d)) == NotYourPlace) != refused {
			t.Errorf("K %d: %+v", k, d)
		}
	}
}

// A thing that is laid into a van which went to a colleague: refused once its author had heard, else there, and told.
func TestAThingInAVanThatChangedHands(t *testing.T) {
	t.Parallel()
	for k, refused := range map[uint64]bool{4: false, 5: true} {
		w := assigned(t)
		w.ok(SetHolder(w, w.van, w.li))
		van := w.get("location", w.van)
		cell := record.CellID{Column: locationTable.Columns[locationTable.Column("holder")].ID}
		van.Meta = &record.Meta{Cells: []record.Cell{{ID: cell, Seq: 5}}}
		w.rows[van.Key()] = van
		cs := w.late(w.change(record.Insert, "unit", nobody, record.Values{"name": record.Text("pump"), "location": record.Ref(w.van)}))
		d, err := Review(w, cs, w.wang, k)
		w.ok(err)
		told := slices.ContainsFunc(d.Instead, func(c record.RowChange) bool {
			return c.ID == DiscrepancyID(DiscrepancyPlace, nobody)
		})
		if (fault.CodeOf(refusalOf(d)) == NotYourPlace) != refused || told == refused {
			t.Errorf("heard up to %d: told %v, %+v", k, told, d)
		}
	}
}

func TestANewRowCarriesItsAuthor(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	values := w.movement(nil)
	delete(values, "author")
	d := w.review(w.change(record.Insert, "movement", nobody, values))
	if d.Refuse != nil || len(d.Instead) != 1 || cell(movementTable, &d.Instead[0], "author").Ref() != w.wang {
		t.Fatalf("%+v", d)
	}
	if err := record.CheckChange(movementTable, &d.Instead[0]); err != nil {
		t.Error(err)
	}
	w.ok(drop(AssignJob(w, AssignInput{Job: w.job, Person: w.li})))
	if d := w.review(w.change(record.Insert, "time_mark", nobody, w.workStarts(w.li))); d.Refuse != nil || d.Instead != nil {
		t.Errorf("the time of his crew: %+v", d)
	}
}

// A device's numbers say which of its change sets gave them, under the name that it has or was first written under.
func TestNumbersOfADevicesOwn(t *testing.T) {
	t.Parallel()
	w, device, none := assigned(t), phone, clock.Actor(3) // of no side yet
	for number, c := range map[string]struct {
		origin record.Origin
		amends clock.Dot
	}{
		fmt.Sprintf("J-%s-9", device):          {},
		fmt.Sprintf("TPE/J-%s-9-2/26", device): {},
		"J-d3e1-4":                             {origin: record.Origin{Dot: clock.Dot{Actor: 1<<40 | 3<<2, Counter: 4}, RID: record.ID{1}}},
		"J-x0123456789ab":                      {origin: record.Origin{Dot: clock.Dot{Actor: none, Counter: 4}, RID: record.ID{1}}},
		"J-d5-17":                              {amends: clock.Dot{Actor: device, Counter: 2}},
	} {
		cs := w.late(w.change(record.Insert, "job", nobody, foundJob(number)))
		cs.Dot.Counter, cs.Origin, cs.Amends = 9, c.origin, c.amends
		if d, err := Review(w, cs, w.wang, cs.K); err != nil || d.Refuse != nil {
			t.Errorf("%s: %v %+v", number, err, d.Refuse)
		}
	}
	number := fmt.Sprintf("J-%s-9", device)
	cs := w.late(w.change(record.Insert, "job", nobody, foundJob(number)), w.change(record.Insert, "job", record.ID{7}, foundJob(number)))
	cs.Dot.Counter = 9
	if d, err := Review(w, cs, w.wang, cs.K); err != nil || fault.CodeOf(refusalOf(d)) != ForeignNumber {
		t.Errorf("twice the same: %+v", d)
	}
}
