package aftersales

import (
	"encoding/base64"
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

func TestWhatATechnicianHasIsWhatHeGotLessWhatHeUsed(t *testing.T) {
	t.Parallel()
	w := vans(t)
	w.id(AssignJob(w.as(w.office), AssignInput{Job: w.job, Person: w.wang}))
	w.as(w.wang)
	w.id(UsePart(w, w.one(MoveInput{Job: w.job})))
	w.id(UsePart(w, w.one(MoveInput{Job: w.job, Sale: true})))
	w.id(UsePart(w, w.one(MoveInput{Job: w.job})))
	w.id(ReturnPart(w, w.one(MoveInput{Job: w.job, Condition: Defective})))
	w.id(TransferPart(w, w.one(MoveInput{From: w.van, To: w.main})))
	book, err := Book(w, w.van, 0, 0)
	w.ok(err)
	want := BookLine{Part: book[0].Part, Issued: 2 * One, Returned: One, Repair: 2 * One, Sale: One, Sent: One, Balance: -One}
	if len(book) != 1 || book[0].Part.Code != "SEAL-12" {
		t.Fatalf("%+v", book)
	}
	got := book[0]
	got.Part, want.Part = Part{}, Part{}
	if got.Issued != want.Issued || got.Returned != want.Returned || got.Repair != want.Repair || got.Sale != want.Sale ||
		got.Sent != want.Sent || got.Balance != want.Balance {
		t.Errorf("%+v, want %+v", got, want)
	}
	w.as(record.ID{}).ok(CheckStock(w, w.van, w.part))
	w.ok(CheckStock(w, w.van, w.part))
	if w.open(DiscrepancyShortage) != 1 {
		t.Error("less than nothing lies there, and nobody is told")
	}
	if book, _ := Book(w, w.van, w.now+1, 0); book[0].Issued != 0 || book[0].Balance != -One {
		t.Errorf("a later period: %+v", book)
	}
	w.id(IssuePart(w, w.one(MoveInput{From: w.main, To: w.van})))
	w.ok(CheckStock(w, w.van, w.part))
	if w.open(DiscrepancyShortage) != 0 {
		t.Error("it came, and is still reported")
	}
	w.ok(CheckStock(w, VirtualLocation(LocationSupplier), w.part))
}

func TestAShortageComesAgainAndIsSettledByAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.id(TransferPart(w, w.one(MoveInput{From: w.van, To: w.main})))
	w.ok(CheckStock(w, w.van, w.part))
	id := DiscrepancyID(DiscrepancyShortage, w.van, w.part)
	w.ok(Settle(w, SettleInput{id, "counted: there were two more"}))
	w.id(TransferPart(w, w.one(MoveInput{From: w.van, To: w.main})))
	w.ok(CheckStock(w, w.van, w.part))
	d := DiscrepancyOf(w.get("discrepancy", id))
	if !d.Open() || d.Quantity.Amount != 2*One || d.Resolution != "" || d.Person != w.wang {
		t.Fatalf("%+v", d)
	}
}

func TestPartsAreAskedForApprovedAndIssued(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	r := w.id(AskPart(w, AskPartInput{Part: w.part, Quantity: Quantity{Amount: 3 * One}, Job: w.job}))
	w.as(w.office)
	w.ok(ApprovePart(w, r, 2*One))
	w.id(IssueAsked(w, IssueAskedInput{Request: r, From: w.main}))
	if q := PartRequestOf(w.get("part_request", r)); q.State != PartIssued || q.Movement.IsZero() || w.balance(w.van) != 2*One {
		t.Fatalf("%+v", q)
	}
}

func TestWhatFallsBelowTheLeast(t *testing.T) {
	t.Parallel()
	w := vans(t)
	w.ok(SetLevel(w, LevelInput{Location: w.van, Part: w.part, Minimum: 2 * One, Maximum: 5 * One}))
	if list, err := Shortfalls(w, w.van); err != nil || len(list) != 0 {
		t.Fatalf("%+v %v", list, err)
	}
	w.id(TransferPart(w, w.one(MoveInput{From: w.van, To: w.main})))
	w.id(ReturnPart(w, w.one(MoveInput{Job: w.job, To: w.van, Condition: Defective}))) // which nobody can use
	list, err := Shortfalls(w, w.van)
	w.ok(err)
	if len(list) != 1 || list[0].Order.Amount != 4*One || list[0].Have.Amount != One {
		t.Fatalf("%+v", list)
	}
}

// Whatever these commands write in a technician's hands, his rights permit and Review lets pass.
func TestHandingOverKeepsWithinTheRights(t *testing.T) {
	t.Parallel()
	w := vans(t)
	w.written = nil
	h := w.give()
	w.ok(drop(CancelHandOver(w, h.ID)))
	r := w.id(AskPart(w, AskPartInput{Part: w.part, Quantity: Quantity{Amount: One}}))
	w.ok(CancelPart(w, r, "found one"))
	w.permitted()
	if d := w.apart(w.wang).review(w.written[0], w.written[1]); d.Refuse != nil {
		t.Fatal(d.Refuse)
	}
}

// given is vans after Wang gave a seal to Li, who writes from now on; the code is in the world's only hand-over.
func given(t teller) *world {
	w := vans(t)
	w.give()
	return w.as(w.li)
}

func (w *world) code() HandOver {
	w.t.Helper()
	list, err := HandOversOf(w, w.wang)
	w.ok(err)
	return list[0]
}

func (w *world) take() error { return drop(TakePart(w, TakeInput{Code: w.code().Code})) }

// Whoever sees a code over somebody's shoulder writes halves of his own, and meets nobody's: the taker takes what he was given.
func TestAHalfOfAStrangersIsNobodysHalf(t *testing.T) {
	t.Parallel()
	w := given(t)
	name := w.code().Name
	for _, half := range []string{HalfGive, HalfTake, HalfCancel} {
		if halfID(half, name, w.wang) == halfID(half, name, w.office) {
			t.Errorf("two givers have one half %s", half)
		}
	}
	his, forged := w.get("hand_over", halfID(HalfGive, name, w.wang)), record.Values{}
	for i, value := range his.Cols {
		if !value.IsNull() {
			forged[his.Table.Columns[i].Name] = value
		}
	}
	forged["half"], forged["giver"] = record.Text(HalfCancel), record.Ref(w.office)
	w.ok(w.Insert("hand_over", halfID(HalfCancel, name, w.office), forged))
	w.ok(w.take())
}

// stockRefusals is every way to be refused with parts between people and stores.
var stockRefusals = []refusal{
	{HandOverSelf, "to oneself", vans, func(w *world) error {
		return drop(GivePart(w, GiveInput{To: w.wang, Part: w.part, Quantity: Quantity{Amount: One}, Key: keyFor("wang")}))
	}},
	{HandOverForged, "without a key", vans, func(w *world) error {
		return drop(GivePart(w, GiveInput{To: w.li, Part: w.part, Quantity: Quantity{Amount: One}}))
	}},
	{BadQuantity, "nothing given", vans, func(w *world) error {
		return drop(GivePart(w, GiveInput{To: w.li, Part: w.part, Key: keyFor("wang")}))
	}},
	{BadWindow, "for a month", vans, func(w *world) error {
		return drop(GivePart(w, GiveInput{To: w.li, Part: w.part, Quantity: Quantity{Amount: One}, Key: keyFor("wang"), Hours: 999}))
	}},
	{UnknownPart, "no such part given", vans, func(w *world) error {
		return drop(GivePart(w, GiveInput{To: w.li, Part: nobody, Quantity: Quantity{Amount: One}, Key: keyFor("wang")}))
	}},
	{HandOverMistyped, "a wrong letter", given, func(w *world) error {
		code := []byte(w.code().Code)
		code[0] ^= 1
		return drop(TakePart(w, TakeInput{Code: string(code)}))
	}},
	{HandOverMistyped, "half the code", given, func(w *world) error {
		return drop(TakePart(w, TakeInput{Code: w.code().Code[:48]}))
	}},
	{HandOverForged, "signed by a stranger", vans, func(w *world) error {
		h, err := GivePart(w, GiveInput{To: w.li, Part: w.part, Quantity: Quantity{Amount: One}, Key: keyFor("stranger")})
		w.ok(err)
		return drop(TakePart(w.as(w.li), TakeInput{Code: h.Code}))
	}},
	{HandOverForged, "signed with a key that was retired long ago", given, func(w *world) error {
		rows, err := w.Refs("device_key", "person", w.wang)
		w.ok(err)
		w.ok(w.Update("device_key", rows[0].ID, record.Values{"retired_at": record.Instant(1)}))
		return w.take()
	}},
	{HandOverForged, "a key that is none", vans, func(w *world) error {
		rows, err := w.Refs("device_key", "person", w.wang)
		w.ok(err)
		w.ok(w.Delete("device_key", rows[0].ID))
		w.ok(PublishKey(w, w.wang, w.wang, base64.StdEncoding.EncodeToString([]byte("short"))))
		return drop(TakePart(w.as(w.li), TakeInput{Code: w.as(w.wang).give().Code}))
	}},
	{HandOverNotYours, "meant for somebody else", given, func(w *world) error {
		w.as(w.office)
		return w.take()
	}},
	{HandOverExpired, "a day too late", given, func(w *world) error {
		w.pass(25 * 60)
		return w.take()
	}},
	{HandOverTaken, "twice", given, func(w *world) error {
		w.ok(w.take())
		return w.take()
	}},
	{HandOverCancelled, "taken back before", given, func(w *world) error {
		w.ok(drop(CancelHandOver(w.as(w.wang), w.code().ID)))
		return w.as(w.li).take()
	}},
	{HandOverTaken, "taken back after it was taken", given, func(w *world) error {
		h := w.code()
		w.ok(w.take())
		return drop(CancelHandOver(w.as(w.wang), h.ID))
	}},
	{HandOverNotYours, "taken back by the taker", given, func(w *world) error { return drop(CancelHandOver(w, w.code().ID)) }},
	{NoVan, "taken without a van", given, func(w *world) error {
		w.ok(SetHolder(w, w.vanOf(w.li), record.ID{}))
		return w.take()
	}},

	{BadQuantity, "asked for nothing", vans, func(w *world) error { return drop(AskPart(w, AskPartInput{Part: w.part})) }},
	{UnknownPart, "asked for no part", vans, func(w *world) error { return drop(AskPart(w, AskPartInput{Part: nobody})) }},
	{CodeJobClosed, "asked for a job that is over", closed, func(w *world) error {
		return drop(AskPart(w, AskPartInput{Part: w.part, Quantity: Quantity{Amount: One}, Job: w.job}))
	}},
	{WrongState, "issued before it was approved", vans, func(w *world) error {
		r := w.id(AskPart(w, AskPartInput{Part: w.part, Quantity: Quantity{Amount: One}}))
		return drop(IssueAsked(w, IssueAskedInput{Request: r, From: w.main}))
	}},
	{BadQuantity, "approved less than nothing", vans, func(w *world) error {
		return ApprovePart(w, w.id(AskPart(w, AskPartInput{Part: w.part, Quantity: Quantity{Amount: One}})), -1)
	}},
	{MissingReason, "a request cancelled without a reason", vans, func(w *world) error {
		return CancelPart(w, w.id(AskPart(w, AskPartInput{Part: w.part, Quantity: Quantity{Amount: One}})), "")
	}},
	{BadQuantity, "the most below the least", vans, func(w *world) error {
		return SetLevel(w, LevelInput{Location: w.van, Part: w.part, Minimum: 2, Maximum: 1})
	}},
	{MissingReason, "settled without saying how", newWorld, func(w *world) error {
		w.id(TransferPart(w, w.one(MoveInput{From: w.van, To: w.main})))
		w.ok(CheckStock(w, w.van, w.part))
		return Settle(w, SettleInput{Discrepancy: DiscrepancyID(DiscrepancyShortage, w.van, w.part)})
	}},
	{WrongState, "settled twice", newWorld, func(w *world) error {
		w.id(TransferPart(w, w.one(MoveInput{From: w.van, To: w.main})))
		w.ok(CheckStock(w, w.van, w.part))
		in := SettleInput{DiscrepancyID(DiscrepancyShortage, w.van, w.part), "x"}
		w.ok(Settle(w, in))
		return Settle(w, in)
	}},
}

// What lies in a van goes back to a store without a job; what comes from a customer belongs to one. Nothing is booked over
// what moved since the counter was told what to expect.
func TestBackToTheStoreAndCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.id(IssuePart(w, w.one(MoveInput{From: w.main, To: w.van})))
	w.id(ReturnPart(w, w.one(MoveInput{From: w.van, To: w.main, Condition: Defective})))
	if err := drop(ReturnPart(w, w.one(MoveInput{To: w.main}))); fault.CodeOf(err) != fault.UnknownRow {
		t.Errorf("from a customer, for no job: %v", err)
	}
	there, err := Balance(w, w.main, w.part)
	w.ok(err)
	before := there - One
	if _, err := CountStock(w, CountInput{Location: w.main, Part: w.part, Counted: 7 * One, Expected: &before}); fault.CodeOf(err) != NotSeen {
		t.Errorf("counted as it was before: %v", err)
	}
	if by, err := CountStock(w, CountInput{Location: w.main, Part: w.part, Counted: there + One, Expected: &there}); err != nil || by != One {
		t.Errorf("counted as it is: %d, %v", by, err)
	}
}
