package aftersales

import (
	"slices"
	"testing"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Whatever the commands write in a technician's hands, his rights permit: a day of every command he has, each written
// cell looked up in the schema.
func TestATechniciansDayKeepsWithinHisRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := w.id(CreateRequest(w, RequestInput{Unit: w.unit, Title: "Leak"}))
	w.job = w.id(CreateJob(w, JobInput{Request: request}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	tracked := w.id(CreatePart(w, PartInput{Code: "PUMP", SerialTracked: true}))
	spare := w.id(CreateUnit(w, UnitInput{Serial: "P-9", Part: tracked, Status: UnitInStock}))
	w.id(IssuePart(w, MoveInput{
		Part: tracked, Quantity: Quantity{Amount: One}, Serial: "P-9", Unit: spare, From: w.main, To: w.van,
	}))
	pump := w.id(CreateUnit(w, UnitInput{Serial: "P-8", Parent: w.unit, Party: w.party}))

	w.as(w.wang).written = nil
	on := VisitInput{Job: w.job}
	for _, step := range []func(Tx, VisitInput) error{Accept, Travel, Arrive, Pause, Resume} {
		w.ok(step(w, on))
		w.pass(1)
	}
	w.id(UsePart(w, w.one(MoveInput{Job: w.job})))
	w.id(ReturnPart(w, w.one(MoveInput{Job: w.job, Condition: Defective})))
	w.id(SwapSerial(w, SwapInput{Job: w.job, Old: pump, New: spare, Part: tracked}))
	w.id(SwapSerial(w, SwapInput{Job: w.job, Old: w.unit, Serial: "C-101"}))
	w.ok(drop(CountStock(w, CountInput{Location: w.van, Part: w.part, Counted: 3 * One})))
	w.id(TransferPart(w, w.one(MoveInput{From: w.van, To: w.main})))
	w.id(AddNote(w, w.job, "note"))
	w.id(AddComment(w, CommentInput{About: Row{"party", w.party}, Text: "friendly"}))
	w.id(CreateContact(w, ContactInput{Party: w.party, Name: "Ms Chen"}))
	w.ok(Edit(w, EditInput{"party", w.party, record.Values{"phone": record.Text("+86")}}))
	w.ok(SetSubstate(w, w.job, ""))
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Finding: "x", Meter: 5}, Summary: "y"}))
	slip := w.id(WriteSlip(w, SlipInput{Job: w.job, Total: Money{1, "CNY"}}))
	w.ok(SignSlip(w, SignInput{Slip: slip, SignedBy: "Chen", Attitude: 4}))
	w.permitted()

	w.written = nil
	w.job = w.id(CreateJob(w, JobInput{Unit: w.unit, Title: "Another", Origin: OriginFound}))
	w.ok(Decline(w, EndInput{VisitInput{Job: w.job}, "no time", ""}))
	w.permitted()
	if d := w.reviewDay(w.written...); d.Refuse != nil {
		t.Fatal(d.Refuse)
	}
}

// permitted checks everything written against the rights "work" and "van". Rows that were inserted along with an
// update belong to their inserter.
func (w *world) permitted() {
	w.t.Helper()
	made := map[record.Key]bool{}
	for _, c := range w.written {
		t := Schema.TableByID(c.Table)
		if c.Op == record.Insert {
			made[c.Key()] = true
			if !t.Create && !slices.ContainsFunc(t.Rights, func(r schema.Right) bool { return r.Insert }) {
				w.t.Fatalf("no right inserts a %s", t.Name)
			}
			continue
		}
		if made[c.Key()] {
			continue
		}
		for _, cell := range c.Cells {
			column := t.Columns[t.ColumnByID(cell.Column)].Name
			if !slices.ContainsFunc(t.Rights, func(r schema.Right) bool { return slices.Contains(r.Columns, column) }) {
				w.t.Fatalf("no right writes %s.%s", t.Name, column)
			}
		}
	}
}
