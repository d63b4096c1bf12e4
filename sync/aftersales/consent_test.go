package aftersales

import (
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

func yuan(n int64) Money { return Money{n * 100, "CNY"} }

// agreed is a visit under way, with the customer's yes to so much.
func agreed(t teller, price Money) (*world, record.ID) {
	w := assigned(t)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	return w, w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: price, Shown: "1 seal", SignedBy: "Ms Chen"}))
}

func dear(t teller) *world  { w, _ := agreed(t, yuan(5000)); return w }
func cheap(t teller) *world { w, _ := agreed(t, yuan(100)); return w }

func (w *world) consent() record.ID {
	w.t.Helper()
	c, err := LastConsent(w, w.job)
	w.ok(err)
	return c.ID
}

func (w *world) pay(m Money) error {
	return drop(TakePayment(w, PaymentInput{Job: w.job, Method: "cash", Amount: m}))
}

func TestPaidWorkNeedsTheCustomersYes(t *testing.T) {
	t.Parallel()
	w, _ := agreed(t, yuan(100))
	w.ok(w.pay(yuan(60)))
	w.ok(w.pay(yuan(40)))
	w.refused(ConsentMissing, w.pay(yuan(1)))
	w.pass(1)
	w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(150), Shown: "1 seal, 1 hose", SignedBy: "Ms Chen"}))
	w.ok(w.pay(yuan(50)))
	list, err := Payments(w, w.job)
	w.ok(err)
	if sum, _ := Paid(w, w.job, record.ID{}); sum != yuan(150) || len(list) != 3 || list[0].ReceiptNumber == list[1].ReceiptNumber {
		t.Fatalf("%v, %+v", sum, list)
	}
	// The last one was entered wrongly: it was 20.
	w.id(TakePayment(w, PaymentInput{Job: w.job, Method: "card", Amount: yuan(20), Replaces: list[2].ID}))
	if sum, _ := Paid(w, w.job, record.ID{}); sum != yuan(120) {
		t.Fatalf("%v", sum)
	}
}

func TestAboveTheLimitTheOfficeSaysYesToo(t *testing.T) {
	t.Parallel()
	w, consent := agreed(t, yuan(5000))
	w.refused(ApprovalMissing, w.pay(yuan(5000)))
	w.ok(Approve(w.as(w.office), consent))
	w.ok(w.as(w.wang).pay(yuan(5000)))
	w.refused(ApprovalGiven, Approve(w, consent))
}

// Both phones and offices are without network: eight digits over any telephone are enough, once, for this and nothing
// else.
func TestACodeOverTheTelephone(t *testing.T) {
	t.Parallel()
	w, consent := agreed(t, yuan(5000))
	code, err := IssueApprovalCode(w.as(w.office), ApprovalCodeInput{
		Job: w.job, Person: w.wang, Amount: yuan(5000), Challenge: Challenge(consent),
	})
	w.ok(err)
	wrong, err := IssueApprovalCode(w, ApprovalCodeInput{Job: w.job, Person: w.wang, Amount: yuan(5001), Challenge: Challenge(consent)})
	w.ok(err)
	w.as(w.wang)
	w.refused(BadCode, ApproveByCode(w, consent, wrong))
	w.refused(ApprovalMissing, w.pay(yuan(5000)))
	w.ok(ApproveByCode(w, consent, code[:4]+" "+code[4:]))
	w.ok(w.pay(yuan(5000)))
	w.refused(ApprovalGiven, ApproveByCode(w, consent, code))
	w.pass(1)
	again := w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(5000), Shown: "again", SignedBy: "Ms Chen"}))
	if Challenge(again) != Challenge(consent) { // one in ten thousand has the same
		w.refused(BadCode, ApproveByCode(w, again, code))
	}
}

// A code that fits and that the office has no record of is a discrepancy; one that it read out is none.
func TestACodeThatNobodyGaveIsADiscrepancy(t *testing.T) {
	t.Parallel()
	for _, given := range []bool{true, false} {
		w, consent := agreed(t, yuan(5000))
		if given {
			for range 2 { // read out twice
				_, err := IssueApprovalCode(w.as(w.office), ApprovalCodeInput{Job: w.job, Person: w.wang, Amount: yuan(5000), Challenge: Challenge(consent)})
				w.ok(err)
			}
		}
		secret, err := secretOf(w, w.wang)
		w.ok(err)
		from := len(w.written)
		w.ok(ApproveByCode(w.as(w.wang), consent, ApprovalCode(secret, w.job, yuan(5000), Challenge(consent))))
		cs := &record.ChangeSet{Dot: clock.Dot{Actor: 9, Counter: 1}, Stamp: clock.StampAt(w.now), Rows: w.written[from:]}
		d, err := Review(w, cs, w.wang, cs.K)
		w.ok(err)
		if told := len(d.Instead) > len(cs.Rows); told == given || d.Refuse != nil {
			t.Errorf("given %v: the office is told %v, %v", given, told, d.Refuse)
		}
	}
}

func TestWhereNobodyCanBeReachedThePolicyDecides(t *testing.T) {
	t.Parallel()
	w, consent := agreed(t, yuan(5000))
	w.ok(GoOnFlagged(w, consent, "no signal in the pit"))
	w.ok(w.pay(yuan(5000)))

	w = newWorld(t)
	for _, p := range PolicyTemplates(PolicyConsent) {
		if p.Name == UnreachableStop {
			w.id(PublishPolicy(w, PolicyInput{Kind: p.Kind, Body: p.Body}))
		}
	}
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.as(w.wang).pass(1)
	consent = w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(5000), Shown: "x", SignedBy: "y"}))
	w.refused(ApprovalStopped, GoOnFlagged(w, consent, "no signal"))
}

// The hub judges the second yes of a phone again, and finds the flagged ones for the office.
func TestReviewOfTheSecondYes(t *testing.T) {
	t.Parallel()
	w, consent := agreed(t, yuan(5000))
	secret, err := secretOf(w, w.wang)
	w.ok(err)
	_, err = IssueApprovalCode(w.as(w.office), ApprovalCodeInput{Job: w.job, Person: w.wang, Amount: yuan(5000), Challenge: Challenge(consent)})
	w.ok(err)
	w.as(w.wang)
	yes := func(with record.Values) record.RowChange {
		values := record.Values{
			"job": record.Ref(w.job), "consent": record.Ref(consent), "how": record.Text(ApprovedByCode),
			"amount": yuan(5000).Value(), "person": record.Ref(w.wang), "author": record.Ref(w.wang),
			"code":     record.Text(ApprovalCode(secret, w.job, yuan(5000), Challenge(consent))),
			"occurred": record.Instant(1), "corrected": record.Instant(1),
		}
		for name, v := range with {
			values[name] = v
		}
		return w.change(record.Insert, "approval", record.ID{5}, values)
	}
	if d := w.review(yes(nil)); d.Refuse != nil || d.Instead != nil {
		t.Errorf("the right code: %+v", d)
	}
	for code, with := range map[fault.Code]record.Values{
		BadCode:          {"amount": yuan(6000).Value()},
		NoSecret:         {"person": record.Ref(w.office)},
		fault.NotAllowed: {"how": record.Text(ApprovedByOffice)},
	} {
		if d := w.review(yes(with)); d.Refuse == nil || d.Refuse.Code != code {
			t.Errorf("want a refusal with %s, got %+v", code, d)
		}
	}
	d := w.review(yes(record.Values{"how": record.Text(ApprovalFlagged), "reason": record.Text("pit")}))
	if d.Refuse != nil || len(d.Instead) != 2 || d.Instead[0].Table != discrepancyTable.ID && d.Instead[1].Table != discrepancyTable.ID {
		t.Fatalf("%+v", d)
	}
	c := ConsentOf(w.get("consent", consent))
	claims := w.change(record.Insert, "consent", record.ID{6}, record.Values{
		"job": record.Ref(w.job), "amount": yuan(5000).Value(), "shown": record.Text("x"), "signed_by": record.Text("y"),
		"policy": record.Ref(c.Policy), "needs_second": record.Number(0), "author": record.Ref(w.wang),
		"occurred": record.Instant(1), "corrected": record.Instant(1),
	})
	if d := w.review(claims); d.Refuse == nil || d.Refuse.Code != ApprovalMissing {
		t.Errorf("a consent that denies its policy: %+v", d)
	}
}

// A phone that had not heard of a lower limit went on by the one that it knew: its work is kept, and the office is told.
func TestAConsentIsJudgedByThePolicyInForceThen(t *testing.T) {
	t.Parallel()
	w, consent := agreed(t, yuan(100))
	known := ConsentOf(w.get("consent", consent)).Policy
	w.pass(10)
	lower := ConsentPolicy{Limits: map[string]int64{"CNY": 50_00}, Unreachable: UnreachableStop}
	w.id(PublishPolicy(w.as(w.office), PolicyInput{Kind: PolicyConsent, Body: lower}))
	w.as(w.wang)
	at := func(when int64) record.RowChange {
		return w.change(record.Insert, "consent", record.ID{6}, record.Values{
			"job": record.Ref(w.job), "amount": yuan(100).Value(), "shown": record.Text("x"), "signed_by": record.Text("y"),
			"policy": record.Ref(known), "needs_second": record.Number(0), "author": record.Ref(w.wang),
			"occurred": record.Instant(when), "corrected": record.Instant(when),
		})
	}
	if d := w.review(at(w.now - 60_000)); d.Refuse != nil || d.Instead != nil {
		t.Errorf("before the limit was lowered: %+v", d)
	}
	d := w.review(at(w.now + 60_000))
	if d.Refuse != nil || len(d.Instead) != 2 || d.Instead[0].Table != discrepancyTable.ID && d.Instead[1].Table != discrepancyTable.ID {
		t.Errorf("after it: %+v", d)
	}
}

// A code fits its own job, amount, challenge and person, and no other.
func TestACodeFitsNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(r, "secret")
		job := record.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(r, "job"))
		amount := Money{rapid.Int64Range(1, 1e9).Draw(r, "minor"), rapid.SampledFrom([]string{"CNY", "TWD"}).Draw(r, "currency")}
		code := ApprovalCode(secret, job, amount, "1234")
		if code != ApprovalCode(secret, job, amount, "1234") || len(code) != 8 || digits(code) != code {
			r.Fatal("not the same eight digits", code)
		}
		same := 0
		for _, other := range []string{
			ApprovalCode(append(secret[:31:31], secret[31]+1), job, amount, "1234"),
			ApprovalCode(secret, record.ID{job[0] + 1}, amount, "1234"),
			ApprovalCode(secret, job, Money{amount.Minor + 1, amount.Currency}, "1234"),
			ApprovalCode(secret, job, Money{amount.Minor, "EUR"}, "1234"),
			ApprovalCode(secret, job, amount, "1235"),
		} {
			if other == code {
				same++
			}
		}
		if same > 1 { // one by chance in 10^8 is no fault
			r.Fatal("other circumstances give the same code")
		}
	})
}

func TestGoodsGoWithAReceiptAndComeBack(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	receipt := w.id(TakeGoods(w, TakeGoodsInput{Job: w.job, Unit: w.unit, Items: "control box", PromisedOn: 20000, GivenBy: "Chen"}))
	if UnitOf(w.get("unit", w.unit)).Status != UnitInDepot {
		t.Error("what was taken is not in the depot")
	}
	w.ok(ReturnGoods(w, ReturnGoodsInput{Receipt: receipt, ReturnedTo: "Chen"}))
	list, err := GoodsOf(w, w.job)
	w.ok(err)
	if len(list) != 1 || list[0].State != GoodsReturned || list[0].Number == "" || UnitOf(w.get("unit", w.unit)).Status != UnitInstalled {
		t.Fatalf("%+v", list)
	}
}

func TestSeveralFindingsAndTheJobSaysTheFirst(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	seal := w.id(AddFinding(w, VisitFindingInput{Job: w.job, FaultCode: "leak", CauseCode: "wear", Text: "seal worn"}))
	noise := w.id(AddFinding(w, VisitFindingInput{Job: w.job, FaultCode: "noise", Text: "bearing"}))
	w.id(AddFinding(w, VisitFindingInput{Finding: seal, RemedyCode: "replaced", Solution: "new seal", Solved: true}))
	list, err := Findings(w, w.job)
	w.ok(err)
	if len(list) != 2 || list[0].CauseCode != "wear" || list[0].RemedyCode != "replaced" || !list[0].Solved || list[1].Solved {
		t.Fatalf("%+v", list)
	}
	if job := w.jobNow(); job.FaultCode != "leak" || job.Finding != "seal worn" {
		t.Fatalf("%+v", job)
	}
	w.ok(RetractFinding(w, noise, "it was the radio"))
	if list, _ = Findings(w, w.job); len(list) != 1 {
		t.Fatalf("%+v", list)
	}
}

func TestTheSlipTellsTheWholeVisit(t *testing.T) {
	t.Parallel()
	w := asking(t)
	w.ok(w.answer("power_off", Yes))
	w.id(AddFinding(w, VisitFindingInput{Job: w.job, FaultCode: "leak", Text: "seal worn", Solved: true}))
	w.id(UsePart(w, w.one(MoveInput{Job: w.job})))
	w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(80), Shown: "1 seal 80", SignedBy: "Chen"}))
	w.ok(w.pay(yuan(80)))
	w.pass(30)
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "new seal"}}))
	slip := w.id(WriteSlip(w, SlipInput{Job: w.job, Total: yuan(80)}))
	w.ok(SignSlip(w, SignInput{Slip: slip, SignedBy: "Chen", Attitude: 4}))
	p, err := SlipDocument(w, w.visitNow(w.wang).ID)
	w.ok(err)
	if p.Slip.ID != slip || p.Person != "Wang" || p.Party.Name != "Harbour Cranes" || len(p.Findings) != 1 ||
		p.Findings[0].Fault["zh-Hans"] != "泄漏" || len(p.Parts) != 1 || p.Parts[0].Code != "SEAL-12" ||
		p.Paid != yuan(80) || p.Consent.SignedBy != "Chen" || len(p.Answers) != 1 || len(p.Times) != 1 ||
		p.Times[0] != (TimeLine{Kind: TimeWork, Spent: 30 * 60_000}) {
		t.Fatalf("%+v", p)
	}
}

// What a phone still brings to an audited visit stands beside the slip, in it never.
func TestNewFindingsAndAnswersAfterTheAuditAreSupplements(t *testing.T) {
	t.Parallel()
	w := audited(t)
	visit := w.visitNow(w.wang).ID
	late := w.change(record.Insert, "finding", record.ID{3}, record.Values{
		"job": record.Ref(w.job), "visit": record.Ref(visit), "author": record.Ref(w.wang), "finding": record.Text("a crack too"),
	})
	list, rest := supplements(w, w.review(late))
	if len(list) != 1 || len(rest) != 0 || list[0].About != (Row{"visit", visit}) || list[0].Slip != w.slip() {
		t.Fatalf("%+v, %+v", list, rest)
	}
	changes, err := list[0].Changes()
	w.ok(err)
	said := map[string]any{}
	for _, c := range changes {
		said[c.Column] = c.Value
	}
	if said["finding"] != "a crack too" {
		t.Errorf("%+v", changes)
	}
}

// visitRefusals is every way to be refused at a visit.
var visitRefusals = []refusal{
	{BadQuestion, "for nothing", newWorld, func(w *world) error {
		return drop(CreateChecklist(w, ChecklistInput{Name: english("x"), Questions: questions()}))
	}},
	{MissingText, "a nameless checklist", newWorld, func(w *world) error { return drop(CreateChecklist(w, ChecklistInput{JobKind: "repair"})) }},
	{UnknownCode, "a checklist for no kind", newWorld, func(w *world) error {
		return drop(CreateChecklist(w, ChecklistInput{Name: english("x"), JobKind: "magic", Questions: questions()}))
	}},
	{UnknownQuestion, "not asked", asking, func(w *world) error { return w.answer("colour", "red") }},
	{BadAnswer, "perhaps", asking, func(w *world) error { return w.answer("power_off", "perhaps") }},
	{BadAnswer, "nothing", asking, func(w *world) error { return w.answer("why_on", " ") }},
	{BadAnswer, "not offered", asking, func(w *world) error { return w.answer("oil", "gone") }},
	{BadAnswer, "no number", asking, func(w *world) error { return w.answer("pressure", "much") }},
	{BadAnswer, "above the limit", asking, func(w *world) error {
		return drop(AnswerQuestion(w, AnswerInput{Job: w.job, Question: "pressure", Number: number(7 * One)}))
	}},
	{BadAnswer, "below the limit", asking, func(w *world) error {
		return drop(AnswerQuestion(w, AnswerInput{Job: w.job, Question: "pressure", Number: number(1)}))
	}},
	{MissingPhoto, "words for a photo", asking, func(w *world) error { return w.answer("plate", "trust me") }},
	{MissingAnswer, "left open", asking, func(w *world) error {
		return Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}})
	}},
	{WrongState, "answered before the visit", newWorld, func(w *world) error { return w.answer("power_off", Yes) }},
	{CodeJobClosed, "answered after the end", closed, func(w *world) error { return w.answer("power_off", Yes) }},
	{CodeSlipAudited, "answered after the audit", audited, func(w *world) error { return w.answer("power_off", Yes) }},

	{MissingText, "a finding of nothing", assigned, func(w *world) error { return drop(AddFinding(w, VisitFindingInput{Job: w.job})) }},
	{UnknownCode, "found gremlins", assigned, func(w *world) error {
		return drop(AddFinding(w, VisitFindingInput{Job: w.job, FaultCode: "gremlins"}))
	}},
	{CodeSlipAudited, "found after the audit", audited, func(w *world) error {
		return drop(AddFinding(w, VisitFindingInput{Job: w.job, Text: "x"}))
	}},
	{MissingReason, "retracted without a reason", assigned, func(w *world) error {
		return RetractFinding(w, w.id(AddFinding(w, VisitFindingInput{Job: w.job, Text: "x"})), "")
	}},

	{BadAmount, "agreed to nothing", assigned, func(w *world) error {
		return drop(RecordConsent(w, ConsentInput{Job: w.job, Shown: "x", SignedBy: "y"}))
	}},
	{MissingText, "agreed unseen", assigned, func(w *world) error {
		return drop(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(1), SignedBy: "y"}))
	}},
	{MissingText, "agreed by nobody", assigned, func(w *world) error {
		return drop(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(1), Shown: "x"}))
	}},
	{CodeJobClosed, "agreed too late", closed, func(w *world) error {
		return drop(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(1), Shown: "x", SignedBy: "y"}))
	}},
	{ApprovalGiven, "no second yes is needed", cheap, func(w *world) error { return Approve(w, w.consent()) }},
	{BadCode, "a wrong code", dear, func(w *world) error { return ApproveByCode(w, w.consent(), "123") }},
	{BadCode, "a challenge that is none", dear, func(w *world) error {
		return drop(IssueApprovalCode(w, ApprovalCodeInput{w.job, w.wang, yuan(5000), "12"}))
	}},
	{NoSecret, "a code for somebody without a phone", dear, func(w *world) error {
		return drop(IssueApprovalCode(w, ApprovalCodeInput{w.job, w.office, yuan(5000), "1234"}))
	}},
	{BadAmount, "a code for nothing", dear, func(w *world) error {
		return drop(IssueApprovalCode(w, ApprovalCodeInput{w.job, w.wang, Money{}, "1234"}))
	}},
	{MissingReason, "on without a reason", dear, func(w *world) error { return GoOnFlagged(w, w.consent(), "") }},
	{ApprovalStopped, "on though the policy stops", func(t teller) *world {
		w := newWorld(t)
		w.id(PublishPolicy(w, PolicyInput{Kind: PolicyConsent, Body: ConsentPolicy{map[string]int64{"CNY": 1}, UnreachableStop}}))
		w.pass(1)
		w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(1), Shown: "x", SignedBy: "y"}))
		return w
	}, func(w *world) error { return GoOnFlagged(w, w.consent(), "x") }},
	{BadPolicy, "a limit in no currency", newWorld, func(w *world) error {
		return ConsentPolicy{map[string]int64{"yuan": 1}, UnreachableStop}.Validate()
	}},
	{BadPolicy, "unreachable and unclear", newWorld, func(w *world) error { return ConsentPolicy{}.Validate() }},
	{ConsentMissing, "paid unasked", assigned, func(w *world) error { return w.pay(yuan(1)) }},
	{ApprovalMissing, "paid without the second yes", dear, func(w *world) error { return w.pay(yuan(1)) }},
	{BadAmount, "paid nothing", cheap, func(w *world) error { return w.pay(Money{0, "CNY"}) }},
	{BadAmount, "paid less", cheap, func(w *world) error { return w.pay(yuan(-1)) }},
	{BadMoney, "paid in two currencies", cheap, func(w *world) error {
		w.ok(w.pay(yuan(1)))
		return w.pay(Money{1, "EUR"})
	}},
	{UnknownCode, "paid in shells", cheap, func(w *world) error {
		return drop(TakePayment(w, PaymentInput{Job: w.job, Method: "shells", Amount: yuan(1)}))
	}},
	{MissingText, "paid somehow", cheap, func(w *world) error { return drop(TakePayment(w, PaymentInput{Job: w.job, Amount: yuan(1)})) }},
	{WrongState, "a payment corrected twice", cheap, func(w *world) error {
		first := PaymentInput{Job: w.job, Method: "cash", Amount: yuan(1)}
		first.Replaces = w.id(TakePayment(w, first))
		w.id(TakePayment(w, first))
		return drop(TakePayment(w, first))
	}},
	{MissingText, "took nothing along", assigned, func(w *world) error { return drop(TakeGoods(w, TakeGoodsInput{Job: w.job})) }},
	{MissingText, "gave it back to nobody", assigned, func(w *world) error {
		return ReturnGoods(w, ReturnGoodsInput{Receipt: w.id(TakeGoods(w, TakeGoodsInput{Job: w.job, Items: "x"}))})
	}},
	{WrongState, "gave it back twice", assigned, func(w *world) error {
		in := ReturnGoodsInput{Receipt: w.id(TakeGoods(w, TakeGoodsInput{Job: w.job, Items: "x"})), ReturnedTo: "Chen"}
		w.ok(ReturnGoods(w, in))
		return ReturnGoods(w, in)
	}},
}

// Whatever a visit's commands write in a technician's hands, his rights permit and Review lets pass.
func TestAVisitKeepsWithinTheRights(t *testing.T) {
	t.Parallel()
	w := asking(t)
	w.written = nil
	w.ok(w.answer("power_off", Yes))
	w.ok(drop(AnswerQuestion(w, AnswerInput{Job: w.job, Question: "plate", Photos: []AttachmentInput{photo("a")}})))
	found := w.id(AddFinding(w, VisitFindingInput{Job: w.job, FaultCode: "leak", Text: "seal"}))
	w.id(AddFinding(w, VisitFindingInput{Finding: found, Solution: "new seal"}))
	w.ok(RetractFinding(w, found, "not so"))
	consent := w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(5000), Shown: "x", SignedBy: "Chen"}))
	w.ok(GoOnFlagged(w, consent, "no signal"))
	w.ok(w.pay(yuan(5000)))
	goods := w.id(TakeGoods(w, TakeGoodsInput{Job: w.job, Unit: w.unit, Items: "box"}))
	w.ok(ReturnGoods(w, ReturnGoodsInput{Receipt: goods, ReturnedTo: "Chen"}))
	w.permitted()
	if d := w.reviewDay(w.written...); d.Refuse != nil {
		t.Fatal(d.Refuse)
	}
}
