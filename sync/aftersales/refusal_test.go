package aftersales

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

var nobody = record.ID{0xff}

// A refusal is a way to be refused, by the code it is refused with.
type refusal struct {
	code fault.Code
	what string
	from func(teller) *world
	do   func(*world) error
}

// refusals is every way to be refused that a command has.
var refusals = slices.Concat(
	generalRefusals, requestRefusals, slaRefusals, visitRefusals, stockRefusals, dispatchRefusals, knowledgeRefusals,
	noticeRefusals, importRefusals, positionRefusals,
)

var generalRefusals = []refusal{
	{ReadByNobody, "a comment on a part, on a phone", assigned, func(w *world) error {
		return drop(AddComment(w, CommentInput{About: Row{"part", w.part}, Text: "poor quality"}))
	}},
	{NotYourPlace, "asking for a part to a store, on a phone", assigned, func(w *world) error {
		return drop(AskPart(w, AskPartInput{Part: w.part, Quantity: Quantity{Amount: One}, Location: w.main}))
	}},
	{NotYourPlace, "counting a store, on a phone", assigned, func(w *world) error {
		_, err := CountStock(w, CountInput{Location: w.main, Part: w.part, Counted: One})
		return err
	}},
	{NotYourPlace, "using a part out of a colleague's van, on a phone", assigned, func(w *world) error {
		w.ok(SetHolder(w.as(w.office), w.van, w.li))
		return drop(UsePart(w.as(w.wang), MoveInput{Job: w.job, Part: w.part, Quantity: Quantity{Amount: One}, From: w.van}))
	}},
	{MissingText, "a job without a text", newWorld, func(w *world) error { return drop(CreateJob(w, JobInput{})) }},
	{MissingText, "a request without a text", newWorld, func(w *world) error { return drop(CreateRequest(w, RequestInput{})) }},
	{MissingText, "a nameless party", newWorld, func(w *world) error { return drop(CreateParty(w, PartyInput{Name: " "})) }},
	{BadPhone, "a telephone number without digits", newWorld, func(w *world) error { return drop(CreateParty(w, PartyInput{Name: "x", Phone: "by mail"})) }},
	{BadMail, "a mail address that is none", newWorld, func(w *world) error { return drop(CreateParty(w, PartyInput{Name: "x", Email: "by phone"})) }},
	{MissingText, "a nameless contact", newWorld, func(w *world) error { return drop(CreateContact(w, ContactInput{Party: w.party})) }},
	{MissingText, "a site nowhere", newWorld, func(w *world) error { return drop(CreateSite(w, SiteInput{})) }},
	{MissingText, "a unit that is nothing", newWorld, func(w *world) error { return drop(CreateUnit(w, UnitInput{})) }},
	{MissingText, "a nameless person", newWorld, func(w *world) error { return drop(CreatePerson(w, PersonInput{})) }},
	{MissingText, "a branch without a code", newWorld, func(w *world) error { return drop(CreateBranch(w, BranchInput{Name: "x"})) }},
	{MissingText, "a nameless branch", newWorld, func(w *world) error { return drop(CreateBranch(w, BranchInput{Code: "x"})) }},
	{MissingText, "a nameless group", newWorld, func(w *world) error { return drop(CreateTeam(w, w.branch, "")) }},
	{MissingText, "a nameless location", newWorld, func(w *world) error { return drop(CreateLocation(w, LocationInput{})) }},
	{MissingText, "a part without a code", newWorld, func(w *world) error { return drop(CreatePart(w, PartInput{})) }},
	{MissingText, "a product without a code", newWorld, func(w *world) error { return drop(CreateProduct(w, ProductInput{})) }},
	{MissingText, "an empty note", newWorld, func(w *world) error { return drop(AddNote(w, w.job, " ")) }},
	{MissingText, "an empty service record", newWorld, func(w *world) error { return drop(AddServiceRecord(w, ServiceRecordInput{Unit: w.unit})) }},
	{MissingText, "an empty key", newWorld, func(w *world) error { return PublishKey(w, w.wang, w.wang, "") }},
	{MissingText, "a code without a list", newWorld, func(w *world) error { return PutCode(w, CodeInput{Code: "x"}) }},
	{MissingText, "a code without a code", newWorld, func(w *world) error { return PutCode(w, CodeInput{List: "x"}) }},
	{MissingText, "a sub-state without a code", newWorld, func(w *world) error { return PutSubstate(w, SubstateInput{Table: "job", State: JobNew}) }},
	{MissingText, "solved without a solution", newWorld, func(w *world) error {
		r := w.id(CreateRequest(w, RequestInput{Title: "x"}))
		return SolveRequest(w, SolveRequestInput{Request: r})
	}},

	{MissingReason, "cancelled without a reason", newWorld, func(w *world) error { return CancelJob(w, CancelInput{Job: w.job}) }},
	{MissingReason, "reopened without a reason", done, func(w *world) error { return Reopen(w, ReopenInput{Job: w.job, Seen: JobDone}) }},
	{MissingReason, "declined without a reason", assigned, func(w *world) error {
		return Decline(w, EndInput{VisitInput: VisitInput{Job: w.job}})
	}},
	{MissingReason, "no access without a reason", assigned, func(w *world) error {
		return NoAccess(w, EndInput{VisitInput: VisitInput{Job: w.job}})
	}},
	{MissingReason, "to come again without a reason", assigned, func(w *world) error {
		return Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}, Outcome: OutcomeFollowUp})
	}},
	{MissingReason, "taken away without a reason", assigned, func(w *world) error {
		a, _ := AssignedTo(w, w.job, w.wang)
		return Unassign(w, UnassignInput{Assignment: a.ID})
	}},
	{MissingReason, "archived without a reason", newWorld, func(w *world) error { return Archive(w, ArchiveInput{"job", w.job, ""}) }},
	{MissingReason, "neither signed nor why", done, func(w *world) error {
		return SignSlip(w, SignInput{Slip: w.id(WriteSlip(w, SlipInput{Job: w.job}))})
	}},
	{MissingReason, "un-audited without a reason", audited, func(w *world) error { return UnauditSlip(w, w.slip(), " ") }},
	{MissingReason, "a request moved without a reason", newWorld, func(w *world) error {
		r := w.id(CreateRequest(w, RequestInput{Title: "x"}))
		return MoveRequest(w, MoveRequestInput{Request: r, To: RequestDepot})
	}},

	{WrongState, "resumed before it began", assigned, func(w *world) error { return Resume(w, VisitInput{Job: w.job}) }},
	{WrongState, "paused without a visit", assigned, func(w *world) error {
		w.ok(NoAccess(w, EndInput{VisitInput{Job: w.job}, "closed", ""}))
		return Pause(w, VisitInput{Job: w.job})
	}},
	{WrongState, "closed before it is done", newWorld, func(w *world) error { return CloseJob(w, w.job) }},
	{WrongState, "reopened while open", newWorld, func(w *world) error { return Reopen(w, ReopenInput{w.job, JobNew, "x"}) }},
	{WrongState, "audited before it is signed", done, func(w *world) error {
		return AuditSlip(w, w.id(WriteSlip(w, SlipInput{Job: w.job})), "")
	}},
	{WrongState, "un-audited before it is audited", done, func(w *world) error {
		return UnauditSlip(w, w.id(WriteSlip(w, SlipInput{Job: w.job})), "x")
	}},
	{WrongState, "signed twice", done, func(w *world) error {
		s := SignInput{Slip: w.id(WriteSlip(w, SlipInput{Job: w.job})), SignedBy: "Chen"}
		w.ok(SignSlip(w, s))
		return SignSlip(w, s)
	}},
	{WrongState, "taken away twice", assigned, func(w *world) error {
		a, _ := AssignedTo(w, w.job, w.wang)
		w.ok(Unassign(w, UnassignInput{a.ID, "x"}))
		return Unassign(w, UnassignInput{a.ID, "x"})
	}},
	{WrongState, "a job of a request that is over", newWorld, func(w *world) error {
		r := w.id(CreateRequest(w, RequestInput{Title: "x"}))
		w.ok(MoveRequest(w, MoveRequestInput{Request: r, To: RequestCancelled, Reason: "x"}))
		return drop(CreateJob(w, JobInput{Request: r}))
	}},
	{WrongState, "a cancelled request solved", newWorld, func(w *world) error {
		r := w.id(CreateRequest(w, RequestInput{Title: "x"}))
		w.ok(MoveRequest(w, MoveRequestInput{Request: r, To: RequestCancelled, Reason: "x"}))
		return SolveRequest(w, SolveRequestInput{r, "x", ""})
	}},
	{WrongState, "a request moved to nowhere", newWorld, func(w *world) error {
		r := w.id(CreateRequest(w, RequestInput{Title: "x"}))
		return MoveRequest(w, MoveRequestInput{Request: r, To: RequestClosed, Reason: "x"})
	}},
	{WrongState, "swapped though not installed", assigned, func(w *world) error {
		w.ok(w.Update("unit", w.unit, record.Values{"status": record.Text(UnitScrapped)}))
		return drop(SwapSerial(w, SwapInput{Job: w.job, Old: w.unit, Serial: "N"}))
	}},
	{WrongState, "corrected twice", newWorld, func(w *world) error {
		m := w.id(ReceivePart(w, w.one(MoveInput{To: w.main})))
		w.id(CorrectMovement(w, CorrectInput{Movement: m}))
		return drop(CorrectMovement(w, CorrectInput{Movement: m}))
	}},

	{UnknownCode, "a fault that no list has", assigned, func(w *world) error {
		return RecordFinding(w, FindingInput{Job: w.job, FaultCode: "gremlins"})
	}},
	{UnknownCode, "a request with such a fault", newWorld, func(w *world) error {
		return drop(CreateRequest(w, RequestInput{Title: "x", FaultCode: "gremlins"}))
	}},
	{UnknownCode, "a job of no kind", newWorld, func(w *world) error { return drop(CreateJob(w, JobInput{Title: "x", Kind: "magic"})) }},
	{UnknownCode, "declined for a reason that no list has", assigned, func(w *world) error {
		return Decline(w, EndInput{VisitInput{Job: w.job}, "x", "mood"})
	}},
	{UnknownCode, "paid in shells", done, func(w *world) error { return drop(WriteSlip(w, SlipInput{Job: w.job, Payment: "shells"})) }},
	{UnknownCode, "no such sub-state", newWorld, func(w *world) error { return SetSubstate(w, w.job, "dreaming") }},
	{UnknownCode, "a sub-state under nothing", newWorld, func(w *world) error {
		return PutSubstate(w, SubstateInput{Table: "job", Code: "x", State: "y"})
	}},
	{UnknownCode, "edited to such a fault", newWorld, func(w *world) error {
		return Edit(w, EditInput{"job", w.job, record.Values{"fault_code": record.Text("gremlins")}})
	}},
	{UnknownCode, "solved with such a fault", newWorld, func(w *world) error {
		r := w.id(CreateRequest(w, RequestInput{Title: "x"}))
		return SolveRequest(w, SolveRequestInput{r, "x", "gremlins"})
	}},

	{CodeJobClosed, "a finding on a closed job", closed, func(w *world) error {
		return RecordFinding(w, FindingInput{Job: w.job, Finding: "x"})
	}},
	{CodeJobClosed, "travel to a job that is done", done, func(w *world) error { return Travel(w, VisitInput{Job: w.job}) }},
	{CodeJobClosed, "assigned though done", done, func(w *world) error { return drop(AssignJob(w, AssignInput{Job: w.job, Person: w.li})) }},
	{CodeJobClosed, "planned though done", done, func(w *world) error { return PlanJob(w, PlanInput{Job: w.job}) }},
	{CodeJobClosed, "cancelled though done", done, func(w *world) error { return CancelJob(w, CancelInput{w.job, "x"}) }},
	{CodeJobClosed, "a part for a closed job", closed, func(w *world) error { return drop(UsePart(w, w.one(MoveInput{Job: w.job}))) }},
	{CodeJobClosed, "a part back from a closed job", closed, func(w *world) error { return drop(ReturnPart(w, w.one(MoveInput{Job: w.job}))) }},
	{CodeJobClosed, "a slip for a closed job", closed, func(w *world) error { return drop(WriteSlip(w, SlipInput{Job: w.job})) }},
	{CodeJobClosed, "time on a closed job", closed, func(w *world) error {
		return drop(MarkTime(w, MarkInput{Job: w.job, Kind: TimeWork, Edge: EdgeStart}))
	}},
	{CodeJobClosed, "a closed job edited", closed, func(w *world) error {
		return Edit(w, EditInput{"job", w.job, record.Values{"title": record.Text("x")}})
	}},
	{CodeJobClosed, "a swap for a closed job", closed, func(w *world) error {
		return drop(SwapSerial(w, SwapInput{Job: w.job, Old: w.unit, Serial: "N"}))
	}},

	{NotSeen, "undoing what was not seen", closed, func(w *world) error { return Reopen(w, ReopenInput{w.job, JobDone, "x"}) }},
	{BadWindow, "ends before it starts", newWorld, func(w *world) error { return PlanJob(w, PlanInput{w.job, 2, 1}) }},
	{BadWindow, "so at creation", newWorld, func(w *world) error { return drop(CreateJob(w, JobInput{Title: "x", PlanStart: 2, PlanEnd: 1})) }},
	{BadWindow, "so at assignment", newWorld, func(w *world) error {
		return drop(AssignJob(w, AssignInput{Job: w.job, Person: w.li, WindowEnd: 1}))
	}},

	{NotAssigned, "somebody else's job", assigned, func(w *world) error { return Accept(w.as(w.li), VisitInput{Job: w.job}) }},
	{NotAssigned, "the hub itself travels nowhere", assigned, func(w *world) error { return Travel(w.as(record.ID{}), VisitInput{Job: w.job}) }},
	{NotAssigned, "time on somebody else's job", assigned, func(w *world) error {
		return drop(MarkTime(w.as(w.li), MarkInput{Job: w.job, Kind: TimeWork, Edge: EdgeStart}))
	}},
	{AlreadyAssigned, "twice", assigned, func(w *world) error { return drop(AssignJob(w, AssignInput{Job: w.job, Person: w.wang})) }},
	{WhoUnclear, "to nobody", newWorld, func(w *world) error { return drop(AssignJob(w, AssignInput{Job: w.job})) }},
	{WhoUnclear, "to a person and a group", newWorld, func(w *world) error {
		return drop(AssignJob(w, AssignInput{Job: w.job, Person: w.li, Team: w.id(CreateTeam(w, w.branch, "x"))}))
	}},
	{LeadTaken, "a second lead", assigned, func(w *world) error {
		return drop(AssignJob(w, AssignInput{Job: w.job, Person: w.li, Role: Lead}))
	}},
	{NotAvailable, "to somebody who left", newWorld, func(w *world) error {
		w.ok(Archive(w, ArchiveInput{"person", w.li, "left"}))
		return drop(AssignJob(w, AssignInput{Job: w.job, Person: w.li}))
	}},

	{CodeSlipAudited, "an audited slip signed", audited, func(w *world) error { return SignSlip(w, SignInput{Slip: w.slip()}) }},
	{CodeSlipAudited, "an audited slip written on", audited, func(w *world) error { return drop(WriteSlip(w, SlipInput{Slip: w.slip()})) }},
	{HubOnly, "audited on a phone", func(t teller) *world { w := audited(t); w.ok(UnauditSlip(w, w.slip(), "x")); return w }, func(w *world) error {
		return AuditSlip(w.as(w.wang), w.slip(), "")
	}},
	{NumberTaken, "a series that would go on from a number that was given", audited, func(w *world) error {
		return StartNumbers(w.as(w.office), SeriesAudit, w.branch, 1, 0)
	}},
	{BadPattern, "a series without gaps in which branches look the same", newWorld, func(w *world) error {
		return SetNumberFormat(w, SeriesAudit, w.branch, "A-{year}-{number}")
	}},
	{BadPattern, "a branch's code that its number could go on", newWorld, func(w *world) error {
		return SetNumberFormat(w, SeriesAudit, w.branch, "{branch}{number}")
	}},
	{CodeSlipAudited, "audited twice", audited, func(w *world) error { return AuditSlip(w, w.slip(), "") }},
	{CodeSlipAudited, "findings edited after the audit", audited, func(w *world) error {
		return Edit(w, EditInput{"job", w.job, record.Values{"finding": record.Text("x")}})
	}},
	{CodeSlipAudited, "a part used after the audit", audited, func(w *world) error { return drop(UsePart(w, w.one(MoveInput{Job: w.job}))) }},
	{CodeSlipAudited, "reopened under an audit", audited, func(w *world) error { return Reopen(w, ReopenInput{w.job, JobDone, "x"}) }},
	{BadRating, "five of four", done, func(w *world) error {
		return SignSlip(w, SignInput{Slip: w.id(WriteSlip(w, SlipInput{Job: w.job})), SignedBy: "x", Skill: 5})
	}},
	{BadRating, "eleven of ten", done, func(w *world) error {
		eleven := int64(11)
		return SignSlip(w, SignInput{Slip: w.id(WriteSlip(w, SlipInput{Job: w.job})), SignedBy: "x", Recommend: &eleven})
	}},
	{BadMoney, "two currencies", done, func(w *world) error {
		return drop(WriteSlip(w, SlipInput{Job: w.job, Parts: Money{1, "CNY"}, Total: Money{1, "EUR"}}))
	}},

	{UnknownPart, "no such part", assigned, func(w *world) error {
		return drop(UsePart(w, MoveInput{Job: w.job, Part: nobody, Quantity: Quantity{Amount: One}}))
	}},
	{UnknownPart, "no part at all", newWorld, func(w *world) error { return drop(CountStock(w, CountInput{Location: w.van})) }},
	{UnknownLocation, "from nowhere", newWorld, func(w *world) error { return drop(IssuePart(w, w.one(MoveInput{From: nobody, To: w.van}))) }},
	{UnknownLocation, "counted nowhere", newWorld, func(w *world) error { return drop(CountStock(w, CountInput{Part: w.part})) }},
	{BadQuantity, "nothing", newWorld, func(w *world) error {
		return drop(IssuePart(w, MoveInput{Part: w.part, From: w.main, To: w.van}))
	}},
	{BadQuantity, "more for a job than there is in the world", assigned, func(w *world) error {
		return drop(UsePart(w, MoveInput{Job: w.job, Part: w.part, Quantity: Quantity{Amount: MaxJobQuantity + 1}}))
	}},
	{BadQuantity, "a barcode in place of a quantity", assigned, func(w *world) error {
		return drop(UsePart(w, MoveInput{Job: w.job, Part: w.part, Quantity: Quantity{Amount: 9223372036854775000}}))
	}},
	{BadQuantity, "asked for far too many", assigned, func(w *world) error {
		return drop(AskPart(w, AskPartInput{Job: w.job, Part: w.part, Quantity: Quantity{Amount: MaxJobQuantity + 1}}))
	}},
	{BadQuantity, "corrected to far too many", assigned, func(w *world) error {
		used := w.id(UsePart(w, w.one(MoveInput{Job: w.job})))
		return drop(CorrectMovement(w, CorrectInput{Movement: used, Amount: MaxJobQuantity + 1}))
	}},
	{BadQuantity, "charged for far too many", assigned, func(w *world) error {
		return drop(AddCharge(w, ChargeInput{Job: w.job, ChargeLine: ChargeLine{Service: "labour", Quantity: Quantity{Amount: MaxJobQuantity + 1}}}))
	}},
	{fault.OutOfRange, "more than any row can hold", newWorld, func(w *world) error {
		return drop(ReceivePart(w, MoveInput{Part: w.part, Quantity: Quantity{Amount: record.MaxQuantity + 1}, To: w.main}))
	}},
	{BadQuantity, "counted less than nothing", newWorld, func(w *world) error {
		return drop(CountStock(w, CountInput{Location: w.van, Part: w.part, Counted: -1}))
	}},
	{BadQuantity, "corrected to less than nothing", newWorld, func(w *world) error {
		return drop(CorrectMovement(w, CorrectInput{Movement: w.id(ReceivePart(w, w.one(MoveInput{To: w.main}))), Amount: -1}))
	}},
	{WrongUnit, "metres of a piece", newWorld, func(w *world) error {
		return drop(IssuePart(w, MoveInput{Part: w.part, Quantity: Quantity{One, "m"}, From: w.main, To: w.van}))
	}},
	{SamePlace, "from the van to the van", newWorld, func(w *world) error { return drop(TransferPart(w, w.one(MoveInput{From: w.van, To: w.van}))) }},
	{MissingSerial, "a tracked part without its serial", newWorld, func(w *world) error {
		part := w.id(CreatePart(w, PartInput{Code: "T", SerialTracked: true}))
		return drop(IssuePart(w, MoveInput{Part: part, Quantity: Quantity{Amount: One}, From: w.main, To: w.van}))
	}},
	{MissingSerial, "swapped for what?", assigned, func(w *world) error { return drop(SwapSerial(w, SwapInput{Job: w.job, Old: w.unit})) }},
	{SameSerial, "swapped for the same serial", assigned, func(w *world) error {
		return drop(SwapSerial(w, SwapInput{Job: w.job, Old: w.unit, Serial: "C-100"}))
	}},
	{SameSerial, "swapped for itself", assigned, func(w *world) error {
		return drop(SwapSerial(w, SwapInput{Job: w.job, Old: w.unit, New: w.unit}))
	}},
	{NoVan, "no van to take it from", assigned, func(w *world) error { return drop(UsePart(w.as(w.li), w.one(MoveInput{Job: w.job}))) }},
	{NoVan, "no van to put it into", assigned, func(w *world) error {
		return drop(ReturnPart(w.as(record.ID{}), w.one(MoveInput{Job: w.job})))
	}},

	{ClockRunning, "started twice", assigned, func(w *world) error {
		start := MarkInput{Job: w.job, Kind: TimeWork, Edge: EdgeStart}
		w.id(MarkTime(w, start))
		return drop(MarkTime(w, start))
	}},
	{ClockStopped, "stopped before it runs", assigned, func(w *world) error {
		return drop(MarkTime(w, MarkInput{Job: w.job, Kind: TimeWork, Edge: EdgeStop}))
	}},

	{NotMergeable, "jobs are not joined", newWorld, func(w *world) error { return Merge(w, MergeInput{"job", w.job, w.job}) }},
	{NotMergeable, "nor parted", newWorld, func(w *world) error { return Unmerge(w, UnmergeInput{"job", w.job}) }},
	{MergeSelf, "with itself", newWorld, func(w *world) error { return Merge(w, MergeInput{"party", w.party, w.party}) }},
	{AlreadyMerged, "twice", newWorld, func(w *world) error {
		twin := w.id(CreateParty(w, PartyInput{Name: "x"}))
		w.ok(Merge(w, MergeInput{"party", twin, w.party}))
		return Merge(w, MergeInput{"party", twin, w.party})
	}},
	{NotMerged, "parted from nothing", newWorld, func(w *world) error { return Unmerge(w, UnmergeInput{"party", w.party}) }},

	{NotArchivable, "a movement", newWorld, func(w *world) error { return Archive(w, ArchiveInput{"movement", w.job, "x"}) }},
	{NotArchivable, "no table", newWorld, func(w *world) error { return Unarchive(w, "nothing", w.job) }},
	{AlreadyArchived, "twice", newWorld, func(w *world) error {
		w.ok(Archive(w, ArchiveInput{"party", w.party, "x"}))
		return Archive(w, ArchiveInput{"party", w.party, "x"})
	}},
	{WrongState, "a job is archived before it is over", newWorld, func(w *world) error { return Archive(w, ArchiveInput{"job", w.job, "x"}) }},
	{WrongState, "a request is archived before it is over", newWorld, func(w *world) error { return Archive(w, ArchiveInput{"request", w.request(), "x"}) }},
	{WrongState, "a job is reopened out of the archive", newWorld, func(w *world) error {
		w.ok(CancelJob(w, CancelInput{w.job, "x"}))
		w.ok(Archive(w, ArchiveInput{"job", w.job, "x"}))
		return Reopen(w, ReopenInput{w.job, JobCancelled, "x"})
	}},
	{WrongState, "a request is reopened out of the archive", newWorld, func(w *world) error {
		r := w.request()
		w.ok(MoveRequest(w, MoveRequestInput{Request: r, To: RequestCancelled, Reason: "x"}))
		w.ok(Archive(w, ArchiveInput{"request", r, "x"}))
		return ReopenRequest(w, ReopenRequestInput{r, RequestCancelled, "x"})
	}},
	{AlreadyReplaced, "a comment corrected twice", newWorld, func(w *world) error {
		said := w.id(AddNote(w, w.job, "x"))
		w.id(CorrectComment(w, said, "y"))
		return drop(CorrectComment(w, said, "z"))
	}},
	{AlreadyReplaced, "what only takes a comment back is taken back", newWorld, func(w *world) error {
		return drop(TakeBackComment(w, w.id(TakeBackComment(w, w.id(AddNote(w, w.job, "x")), "y")), "z"))
	}},
	{MissingReason, "a comment taken back for nothing", newWorld, func(w *world) error {
		return drop(TakeBackComment(w, w.id(AddNote(w, w.job, "x")), " "))
	}},
	{NotArchived, "not there", newWorld, func(w *world) error { return Unarchive(w, "job", w.job) }},
	{NotEditable, "a movement is not edited", newWorld, func(w *world) error { return Edit(w, EditInput{Table: "movement"}) }},
	{NotEditable, "nobody says that a customer asked later than he did", newWorld, func(w *world) error {
		later := record.Values{"received_at": record.Instant(w.now + 60*60_000)}
		return Edit(w, EditInput{Table: "request", ID: w.request(), Values: later})
	}},
	{PolicyBackdated, "a visit of yesterday is not asked otherwise today", newWorld, func(w *world) error {
		in := ChecklistInput{Name: english("Oil"), JobKind: "repair", Questions: questions(), ValidFrom: w.now - dayMillis}
		list := w.id(CreateChecklist(w, in))
		return drop(ReviseChecklist(w, ReviseChecklistInput{Checklist: list, ValidFrom: w.now - 1, Questions: questions()}))
	}},
	{NotEditable, "a state is not edited", newWorld, func(w *world) error {
		return Edit(w, EditInput{"job", w.job, record.Values{"state": record.Text(JobClosed)}})
	}},

	{BadField, "an unknown field", newWorld, func(w *world) error {
		return Edit(w, EditInput{"job", w.job, record.Values{"fields.colour": record.Text("red")}})
	}},
	{BadField, "run-time fields of a table without", newWorld, func(w *world) error {
		return DefineField(w, FieldDefInput{Table: "movement", Field: "x"})
	}},
	{TooManyFields, "a sixth field of the company's own", newWorld, func(w *world) error {
		for _, field := range []string{"a", "b", "c", "d", "e", "e"} {
			w.ok(DefineField(w, FieldDefInput{Table: "unit", Field: field}))
		}
		w.ok(DefineField(w, FieldDefInput{Table: "unit", Field: "serial", Builtin: true}))
		w.ok(RetireField(w, "unit", "a"))
		w.ok(DefineField(w, FieldDefInput{Table: "unit", Field: "f"}))
		return DefineField(w, FieldDefInput{Table: "unit", Field: "g"})
	}},
	{BadField, "a field without a key", newWorld, func(w *world) error { return DefineField(w, FieldDefInput{Table: "job"}) }},
	{BadField, "a rule on no column", newWorld, func(w *world) error {
		return DefineField(w, FieldDefInput{Table: "job", Field: "x", Builtin: true})
	}},
	{MissingField, "a field that a new job needs", newWorld, func(w *world) error {
		w.ok(DefineField(w, FieldDefInput{Table: "job", Field: "po", RequiredOn: RequiredCreate}))
		return drop(CreateJob(w, JobInput{Title: "x"}))
	}},
	{BadSetting, "many days", newWorld, func(w *world) error { return SetSetting(w, SettingReleaseDays, record.ID{}, "many") }},
	{BadTerm, "a component without a warranty", newWorld, func(w *world) error {
		product := w.id(CreateProduct(w, ProductInput{Code: "X"}))
		return drop(PutProductComponent(w, ProductComponentInput{Product: product, Code: "x"}))
	}},
	{MissingText, "a component without a code", newWorld, func(w *world) error {
		product := w.id(CreateProduct(w, ProductInput{Code: "X"}))
		return drop(PutProductComponent(w, ProductComponentInput{Product: product, WarrantyMonths: 1}))
	}},
	{fault.UnknownRow, "retiring no component", newWorld, func(w *world) error { return RetireProductComponent(w, w.unit, "x") }},
	{BadTerm, "a contract that ends before it starts", newWorld, func(w *world) error {
		return drop(CreateContract(w, ContractInput{Party: w.party, StartsOn: 2, EndsOn: 1}))
	}},
	{BadTerm, "a contract that pays more than all", newWorld, func(w *world) error {
		return drop(CreateContract(w, ContractInput{Party: w.party, StartsOn: 1, EndsOn: 2, PartsPercent: 101}))
	}},
	{BadTerm, "a contract ended after its end", newWorld, func(w *world) error { return EndContract(w, w.contract(100), today+91, "x") }},
	{MissingReason, "a contract ended for nothing", newWorld, func(w *world) error { return EndContract(w, w.contract(100), today, "") }},
	{UnknownCode, "a contract of no kind", newWorld, func(w *world) error {
		return drop(CreateContract(w, ContractInput{Party: w.party, StartsOn: 1, EndsOn: 2, Kind: "eternal"}))
	}},
	{CoverUnclear, "a cover of nothing", newWorld, func(w *world) error {
		return drop(CoverByContract(w, CoverInput{Contract: w.contract(100)}))
	}},
	{CoverUnclear, "a cover of two things", newWorld, func(w *world) error {
		return drop(CoverByContract(w, CoverInput{Contract: w.contract(100), Unit: w.unit, Site: w.site}))
	}},
	{DiscountTooHigh, "half off without the right", assigned, func(w *world) error {
		return drop(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Discount: 50_00}})))
	}},
	{BadMoney, "more than all off", assigned, func(w *world) error {
		return drop(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Discount: 101_00}})))
	}},
	{BadMoney, "more money than there is", assigned, func(w *world) error {
		return drop(AddCharge(w, ChargeInput{Job: w.job, ChargeLine: ChargeLine{
			Service: "labour", Quantity: Quantity{Amount: 2 * One}, Price: Money{1 << 62, "CNY"},
		}}))
	}},
	{BadQuantity, "a charge for nothing", assigned, func(w *world) error {
		return drop(AddCharge(w, ChargeInput{Job: w.job, ChargeLine: ChargeLine{Service: "labour"}}))
	}},
	{UnknownCode, "a service that nobody offers", assigned, func(w *world) error {
		return drop(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Service: "massage"}})))
	}},
	{UnknownCode, "no kind of charge", assigned, func(w *world) error {
		return drop(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Kind: "tip", Price: Money{1, "CNY"}}})))
	}},
	{UnknownCode, "an unknown exclusion", assigned, func(w *world) error {
		return drop(AddCharge(w, w.hour(ChargeInput{Exclusions: []string{"bad_luck"}})))
	}},
	{UnknownCode, "an unknown basis", assigned, func(w *world) error {
		return drop(AddCharge(w, w.hour(ChargeInput{Basis: "friendship", Reason: "x"})))
	}},
	{MissingReason, "goodwill without a reason", assigned, func(w *world) error {
		return drop(AddCharge(w, w.hour(ChargeInput{Basis: BasisGoodwill})))
	}},
	{UnknownPart, "a part that is none", assigned, func(w *world) error {
		return drop(AddCharge(w, w.hour(ChargeInput{ChargeLine: ChargeLine{Kind: ChargeParts, Part: nobody}})))
	}},
	{AlreadyReplaced, "corrected twice", assigned, func(w *world) error {
		charge := w.id(AddCharge(w, w.hour(ChargeInput{})))
		w.id(AddCharge(w, w.hour(ChargeInput{Replaces: charge})))
		return drop(AddCharge(w, w.hour(ChargeInput{Replaces: charge})))
	}},
	{AlreadyReplaced, "taken back twice", assigned, func(w *world) error {
		charge := w.id(AddCharge(w, w.hour(ChargeInput{})))
		w.id(TakeBackCharge(w, charge, "x"))
		return drop(TakeBackCharge(w, charge, "x"))
	}},
	{MissingReason, "taken back for nothing", assigned, func(w *world) error {
		return drop(TakeBackCharge(w, w.id(AddCharge(w, w.hour(ChargeInput{}))), ""))
	}},
	{fault.UnknownRow, "correcting another job's charge", assigned, func(w *world) error {
		charge := w.id(AddCharge(w, w.hour(ChargeInput{})))
		w.job = w.id(CreateJob(w, JobInput{Title: "x"}))
		return drop(AddCharge(w, w.hour(ChargeInput{Replaces: charge})))
	}},
	{CodeJobClosed, "charging a closed job", closed, func(w *world) error { return drop(AddCharge(w, w.hour(ChargeInput{}))) }},
	{MissingReason, "settled without a word", leaking, func(w *world) error {
		return SettleFinding(w, SettleFindingInput{w.findings()[0].ID, SettledWaived, ""})
	}},
	{UnknownCode, "settled somehow", leaking, func(w *world) error {
		return SettleFinding(w, SettleFindingInput{w.findings()[0].ID, "somehow", "x"})
	}},
	{WrongState, "settled twice", leaking, func(w *world) error {
		w.ok(SettleFinding(w, SettleFindingInput{w.findings()[0].ID, SettledWaived, "x"}))
		return SettleFinding(w, SettleFindingInput{w.findings()[0].ID, SettledWaived, "x"})
	}},
	{BadPolicy, "a warranty from the first sight", newWorld, badPolicy(PolicyWarranty, `{"starts":["seen_on"]}`)},
	{BadPolicy, "a warranty from no day", newWorld, badPolicy(PolicyWarranty, `{"months":12}`)},
	{BadPolicy, "a payer nobody knows", newWorld, badPolicy(PolicyCharge, `{"rules":[{"payer":"neighbour"}]}`)},
	{BadPolicy, "prices in no currency", newWorld, badPolicy(PolicyPrice, `{"currency":"yuan","rounding":"line","round_to":1}`)},
	{BadPolicy, "rounded to nothing", newWorld, badPolicy(PolicyPrice, `{"currency":"CNY","rounding":"line"}`)},
	{BadPolicy, "tax above all", newWorld, badPolicy(PolicyPrice, `{"currency":"CNY","rounding":"line","round_to":1,"tax_rate":10001}`)},
	{BadPolicy, "a service for less than nothing", newWorld, badPolicy(PolicyPrice,
		`{"currency":"CNY","rounding":"line","round_to":1,"services":[{"code":"x","kind":"labour","price":-1}]}`)},
	{BadPolicy, "returns from the first sight", newWorld, badPolicy(PolicyReturn, `{"from":"seen_on"}`)},
	{BadPolicy, "returns for negative days", newWorld, badPolicy(PolicyReturn, `{"from":"sold_on","refund_days":-1}`)},
	{BadPolicy, "a refund longer than an exchange", newWorld, badPolicy(PolicyReturn,
		`{"from":"sold_on","refund_days":9,"exchange_days":8}`)},
	{fault.UnknownRow, "remedies for no unit", newWorld, func(w *world) error { return drop(RemediesFor(w, nobody, "", 0)) }},
	{BadPolicy, "a country of three letters", newWorld, badPolicy(PolicyIntake, `{"blacklist":"warn","country":"CHN"}`)},
	{BadPattern, "a digit behind the number", newWorld, func(w *world) error {
		return SetNumberFormat(w, SeriesJob, record.ID{}, "{number}7")
	}},
	{Blacklisted, "a request where the policy stops it", stopped, func(w *world) error {
		return drop(CreateRequest(w, RequestInput{Party: w.party, Title: "x"}))
	}},
	{Blacklisted, "a job where the policy stops it", stopped, func(w *world) error {
		return drop(CreateJob(w, JobInput{Unit: w.unit, Title: "x"}))
	}},
	{MissingReason, "blacklisted for nothing", newWorld, func(w *world) error { return Blacklist(w, w.party, " ") }},
	{MissingReason, "off the blacklist for nothing", stopped, func(w *world) error { return Unblacklist(w, w.party, "") }},
	{WrongState, "off a list he is not on", newWorld, func(w *world) error { return Unblacklist(w, w.party, "x") }},
	{NotEditable, "blacklisted by a form", newWorld, func(w *world) error {
		return Edit(w, EditInput{"party", w.party, record.Values{"blacklisted": record.Number(1)}})
	}},
	{UnknownCode, "a group that is none", newWorld, func(w *world) error { return drop(CreateParty(w, PartyInput{Name: "x", Group: "y"})) }},
	{UnknownCode, "a contact of no position", newWorld, func(w *world) error {
		return drop(CreateContact(w, ContactInput{Party: w.party, Name: "x", Position: "y"}))
	}},
	{BadPosition, "a customer beyond the pole", newWorld, func(w *world) error {
		return drop(CreateParty(w, PartyInput{Name: "x", Position: &Position{91e7, 0}}))
	}},
	{MeterBackwards, "a meter that runs backwards", newWorld, func(w *world) error {
		w.id(ReadMeter(w, MeterInput{Unit: w.unit, Reading: 10}))
		return drop(ReadMeter(w, MeterInput{Unit: w.unit, Reading: 9}))
	}},
	{BadQuantity, "a meter below zero", newWorld, func(w *world) error {
		return drop(ReadMeter(w, MeterInput{Unit: w.unit, Reading: -1}))
	}},
	{UnknownPolicy, "a kind that nobody goes by", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, PolicyInput{Kind: "weather", JSON: "{}"}))
	}},
	{UnknownPolicy, "ending what is unknown", newWorld, func(w *world) error { return drop(EndPolicy(w, "weather", w.branch, 0)) }},
	{BadPolicy, "a policy that is no JSON", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, PolicyInput{Kind: PolicyIntake, JSON: "{"}))
	}},
	{BadPolicy, "a policy with a misspelt field", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, PolicyInput{Kind: PolicyIntake, JSON: `{"blacklist":"warn","county":"CN"}`}))
	}},
	{BadPolicy, "a policy that makes no sense", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, PolicyInput{Kind: PolicyIntake, Body: IntakePolicy{Blacklist: "shout", Country: "CN"}}))
	}},
	{BadPolicy, "a policy that is nothing", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, PolicyInput{Kind: PolicyIntake, JSON: "null"}))
	}},
	{BadPolicy, "a policy that ends before it begins", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, stopAll(PolicyInput{ValidFrom: morning + 9, ValidUntil: morning + 9})))
	}},
	{BadPolicy, "the company's policy does not end", newWorld, func(w *world) error {
		return drop(EndPolicy(w, PolicyIntake, record.ID{}, 0))
	}},
	{BadPolicy, "replacing another branch's version", newWorld, func(w *world) error {
		later := w.id(PublishPolicy(w, stopAll(PolicyInput{ValidFrom: morning + 9})))
		return drop(PublishPolicy(w, stopAll(PolicyInput{Branch: w.branch, Replaces: later})))
	}},
	{PolicyPublished, "a version that has begun", newWorld, func(w *world) error {
		begun := w.id(PublishPolicy(w, stopAll(PolicyInput{})))
		return drop(PublishPolicy(w, stopAll(PolicyInput{Replaces: begun})))
	}},
	{PricePublished, "a price for a day that is over", newWorld, func(w *world) error {
		return drop(SetPrice(w, PriceInput{Part: w.part, Amount: Money{100, "CNY"}, ValidFrom: 1}))
	}},
	{PolicyBackdated, "a version for yesterday", newWorld, func(w *world) error {
		return drop(PublishPolicy(w, stopAll(PolicyInput{ValidFrom: morning - 1})))
	}},
	{NotEditable, "a version is not edited", newWorld, func(w *world) error {
		id := w.id(PublishPolicy(w, stopAll(PolicyInput{})))
		return Edit(w, EditInput{"policy_version", id, record.Values{"body": record.Text("{}")}})
	}},
	{fault.Invalid, "nor behind the commands' back", newWorld, func(w *world) error {
		id := w.id(PublishPolicy(w, stopAll(PolicyInput{})))
		return w.Update("policy_version", id, record.Values{"body": record.Text("{}")})
	}},
	{BadNumber, "a call from no number", newWorld, func(w *world) error { return drop(RingAt(w, w.office, "unknown")) }},
	{BadNumber, "an extension as long as a letter", newWorld, func(w *world) error {
		return SetExtension(w, w.office, strings.Repeat("1", 33))
	}},
	{BadWebhook, "a webhook that leads nowhere", newWorld, func(w *world) error {
		return drop(CreateWebhook(w, WebhookInput{Name: "CRM", URL: "ftp://crm.example", Events: []string{NoticeDone}}))
	}},
	{BadWebhook, "a webhook over plain HTTP", newWorld, func(w *world) error {
		return drop(CreateWebhook(w, WebhookInput{Name: "CRM", URL: "http://crm.example", Events: []string{NoticeDone}}))
	}},
	{BadWebhook, "a webhook with a password in its URL", newWorld, func(w *world) error {
		return drop(CreateWebhook(w, WebhookInput{Name: "CRM", URL: "https://a:b@crm.example", Events: []string{NoticeDone}}))
	}},
	{BadWebhook, "a webhook that hears of nothing", newWorld, func(w *world) error {
		return drop(CreateWebhook(w, WebhookInput{Name: "CRM", URL: "https://crm.example"}))
	}},
	{BadWebhook, "an event that there is not", newWorld, func(w *world) error {
		return drop(CreateWebhook(w, WebhookInput{Name: "CRM", URL: "https://crm.example", Events: []string{"x.y"}}))
	}},
	{WebhookIdle, "sending again to a webhook that is off", newWorld, func(w *world) error {
		hook := w.id(CreateWebhook(w, WebhookInput{Name: "CRM", URL: "https://crm.example/in", Secret: "s", Events: []string{"job.created"}}))
		told := w.announced(func() { w.id(CreateJob(w, JobInput{Title: "x"})) })
		w.ok(SwitchWebhook(w, hook, false))
		return RetryNotice(w, told[0].ID)
	}},
	{BadPattern, "a number without its number", newWorld, func(w *world) error {
		return SetNumberFormat(w, SeriesJob, record.ID{}, "JOB")
	}},
	{BadPosition, "beyond the pole", assigned, func(w *world) error {
		return Arrive(w, VisitInput{Job: w.job, Position: &Position{91e7, 0}})
	}},
	{BadPosition, "a site beyond the date line", newWorld, func(w *world) error {
		return drop(CreateSite(w, SiteInput{Name: "x", Position: &Position{0, -181e7}}))
	}},
	{BadFile, "no hash", newWorld, func(w *world) error {
		return drop(AddAttachment(w, AttachmentInput{About: Row{"job", w.job}, SHA256: "zz"}))
	}},
	{BadFile, "an empty file", newWorld, func(w *world) error {
		return drop(AddAttachment(w, AttachmentInput{About: Row{"job", w.job}, SHA256: strings.Repeat("0", 64)}))
	}},

	{NotEditable, "a phone says in which region a place lies", newWorld, func(w *world) error {
		return Edit(w.as(w.wang), EditInput{"site", w.site, record.Values{"region": record.Text("suburb")}})
	}},
	{WrongState, "a request that is over becomes less severe", newWorld, func(w *world) error {
		r := w.request()
		w.ok(MoveRequest(w, MoveRequestInput{Request: r, To: RequestCancelled, Reason: "x"}))
		w.ok(Edit(w, EditInput{"request", r, record.Values{"severity": record.Text("2"), "note": record.Text("x")}}))
		return Edit(w, EditInput{"request", r, record.Values{"severity": record.Text("3")}})
	}},
	{Backdated, "an answer of yesterday", newWorld, func(w *world) error { return CheckReported(w, w.request(), w.now-dayMillis) }},

	{fault.UnknownRow, "no such job", newWorld, func(w *world) error { return CloseJob(w, nobody) }},
	{fault.UnknownRow, "no job", newWorld, func(w *world) error { return CloseJob(w, record.ID{}) }},
	{fault.UnknownRow, "a comment about no table", newWorld, func(w *world) error {
		return drop(AddComment(w, CommentInput{About: Row{"nothing", w.job}, Text: "x"}))
	}},
	{fault.UnknownRow, "no member", newWorld, func(w *world) error { return LeaveTeam(w, nobody, w.wang) }},
	{fault.UnknownRow, "no such contact", newWorld, func(w *world) error {
		return drop(CreateJob(w, JobInput{Title: "x", Contact: nobody}))
	}},
	{fault.Exists, "the same identity twice", newWorld, func(w *world) error { return drop(CreateJob(w, JobInput{ID: w.job, Title: "x"})) }},
}

// stopped is newWorld with a blacklisted customer, and a policy that stops work for him.
func stopped(t teller) *world {
	w := newWorld(t)
	w.ok(Blacklist(w, w.party, "never pays"))
	w.choose(PolicyIntake, "stop")
	return w
}

// badPolicy publishes a body that its kind refuses.
func badPolicy(kind, body string) func(*world) error {
	return func(w *world) error { return drop(PublishPolicy(w, PolicyInput{Kind: kind, JSON: body})) }
}

func drop[T any](_ T, err error) error { return err }

// one is a move of one whole part.
func (w *world) one(in MoveInput) MoveInput {
	in.Part, in.Quantity = w.part, Quantity{Amount: One}
	return in
}

// closed is done with the job closed, audited with its slip audited.
func closed(t teller) *world {
	w := done(t)
	w.ok(CloseJob(w, w.job))
	return w
}

func audited(t teller) *world {
	w := done(t)
	slip := w.id(WriteSlip(w, SlipInput{Job: w.job, Summary: "x"}))
	w.ok(SignSlip(w, SignInput{Slip: slip, SignedBy: "Chen"}))
	w.as(w.office).ok(AuditSlip(w, slip, ""))
	return w.as(w.wang)
}

func (w *world) slip() record.ID {
	rows, err := w.Refs("slip", "job", w.job)
	w.ok(err)
	return rows[0].ID
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, r := range refusals {
		t.Run(string(r.code)+"/"+r.what, func(t *testing.T) {
			t.Parallel()
			w := r.from(t)
			w.refused(r.code, r.do(w))
		})
	}
}

// Every code that the package declares is one that somebody is refused with, here or by Review.
func TestEveryCodeIsReturned(t *testing.T) {
	t.Parallel()
	returned := map[string]bool{string(WrongAuthor): true, string(RowsJoined): true, string(ForeignNumber): true} // see TestReviewRefuses
	for _, r := range refusals {
		returned[string(r.code)] = true
	}
	for _, code := range declaredCodes(t) {
		if !returned[code] {
			t.Errorf("nobody is refused with %s", code)
		}
	}
}

// declaredCodes reads the package's own source for constants of the type fault.Code.
func declaredCodes(t *testing.T) (codes []string) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if sel, ok := spec.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Code" {
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
					code, _ := strconv.Unquote(lit.Value)
					codes = append(codes, code)
				}
			}
			return true
		})
	}
	if len(codes) < 30 {
		t.Fatalf("only %d codes found", len(codes))
	}
	return codes
}
