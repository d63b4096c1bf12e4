package aftersales

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/sync/record"
)

// A day: assigned, driven to, repaired with a part, noted, completed, signed, closed, audited.
func TestAJobFromCallToAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := w.id(CreateRequest(w, RequestInput{Unit: w.unit, Title: "Hydraulics leak", Channel: "phone"}))
	w.job = w.id(CreateJob(w, JobInput{Request: request}))
	job := w.jobNow()
	if job.Title != "Hydraulics leak" || job.Party != w.party || job.Site != w.site || job.Origin != OriginRequest {
		t.Fatalf("the job does not take after its request: %+v", job)
	}
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang, WindowStart: morning, WindowEnd: morning + 1}))
	if job := w.jobNow(); job.State != JobPlanned || job.PlanStart != morning {
		t.Fatalf("assigned, the job is %s at %d", job.State, job.PlanStart)
	}

	w.as(w.wang)
	w.pass(5)
	w.ok(Accept(w, VisitInput{Job: w.job}))
	w.pass(5)
	w.ok(Travel(w, VisitInput{Job: w.job}))
	w.pass(20)
	w.ok(Arrive(w, VisitInput{Job: w.job, Position: &Position{312300000, 1214700000}}))
	w.pass(10)
	w.ok(Pause(w, VisitInput{Job: w.job}))
	w.pass(15)
	w.ok(Resume(w, VisitInput{Job: w.job}))
	w.id(UsePart(w, MoveInput{Job: w.job, Part: w.part, Quantity: Quantity{2 * One, "pcs"}}))
	w.id(AddNote(w, w.job, "Hose is worn too"))
	w.ok(RecordFinding(w, FindingInput{Job: w.job, Finding: "Seal torn", FaultCode: "leak", CauseCode: "wear"}))
	w.pass(30)
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "Two new seals", Meter: 4100}}))

	job, visit := w.jobNow(), w.visitNow(w.wang)
	if job.State != JobDone || !job.FirstTimeFix || job.FirstResponseAt != morning+5*60_000 || job.FinishedAt != w.now {
		t.Fatalf("completed, the job is %+v", job)
	}
	if visit.State != VisitCompleted || visit.Outcome != OutcomeFixed || visit.Latitude != 312300000 {
		t.Fatalf("completed, the visit is %+v", visit)
	}
	spent, err := TimeSpent(w, w.job, w.wang, w.now)
	w.ok(err)
	if diff := cmp.Diff(map[string]int64{TimeTravel: 20 * 60_000, TimeWork: 40 * 60_000, TimePause: 15 * 60_000}, spent); diff != "" {
		t.Fatalf("time spent (-want +got):\n%s", diff)
	}
	if running, err := RunningClock(w, w.job, w.wang); err != nil || running != nil {
		t.Fatalf("a clock runs on: %v %v", running, err)
	}
	history, err := History(w, w.unit)
	w.ok(err)
	if len(history) != 1 || history[0].Summary != "Two new seals" || history[0].Parts != "2 pcs SEAL-12" ||
		history[0].JobNumber != job.Number || UnitOf(w.get("unit", w.unit)).Meter != 4100 {
		t.Fatalf("the machine's history is %+v", history)
	}
	if s := RequestOf(w.get("request", request)).State; s != RequestSolved {
		t.Fatalf("the request is %s", s)
	}

	slip := w.id(WriteSlip(w, SlipInput{Job: w.job, Summary: "Seals", Total: Money{12000, "CNY"}, ConsentBy: "Ms Chen"}))
	w.ok(SignSlip(w, SignInput{Slip: slip, SignedBy: "Ms Chen", Attitude: 4, Skill: 4, Recommend: new(int64)}))
	if s := SlipOf(w.get("slip", slip)); s.State != SlipSigned || s.Visit != visit.ID || s.Recommend == nil || s.ConsentAt == 0 {
		t.Fatalf("signed, the slip is %+v", s)
	}
	w.as(w.office)
	w.ok(CloseJob(w, w.job))
	w.ok(AuditSlip(w, slip, "checked"))
	if s := RequestOf(w.get("request", request)).State; s != RequestClosed || w.jobNow().LockedBy != slip {
		t.Fatalf("the request is %s, the job locked by %v", s, w.jobNow().LockedBy)
	}
	v, err := ReadJob(w, w.job)
	w.ok(err)
	if len(v.Visits) != 1 || len(v.Slips) != 1 || len(v.Movements) != 1 || len(v.Comments) != 1 || v.Party.Name != "Harbour Cranes" {
		t.Fatalf("the page shows %+v", v)
	}
	encoded, err := json.Marshal(v)
	w.ok(err)
	contains(t, string(encoded), `"title":"Hydraulics leak"`)
}

func TestAJobFoundOnSiteIsItsFindersOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t).as(newWorld(t).wang)
	w.author = w.wang
	w.job = w.id(CreateJob(w, JobInput{Unit: w.unit, Title: "Worn rope", Origin: OriginFound}))
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	if a, err := AssignedTo(w, w.job, w.wang); err != nil || a.Role != Lead || w.jobNow().State != JobInWork {
		t.Fatalf("%+v %v, job %s", a, err, w.jobNow().State)
	}
}

// Every step from every state: those in the table pass, all others are refused.
func TestVisitSteps(t *testing.T) {
	t.Parallel()
	steps := map[string]func(*world) error{
		"accept":  func(w *world) error { return Accept(w, VisitInput{Job: w.job}) },
		"travel":  func(w *world) error { return Travel(w, VisitInput{Job: w.job}) },
		"arrive":  func(w *world) error { return Arrive(w, VisitInput{Job: w.job}) },
		"pause":   func(w *world) error { return Pause(w, VisitInput{Job: w.job}) },
		"resume":  func(w *world) error { return Resume(w, VisitInput{Job: w.job}) },
		"decline": func(w *world) error { return Decline(w, EndInput{VisitInput{Job: w.job}, "ill", ""}) },
		"no_access": func(w *world) error {
			return NoAccess(w, EndInput{VisitInput{Job: w.job}, "nobody there", "absent"})
		},
		"complete": func(w *world) error {
			return Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}})
		},
	}
	ends := map[string]string{
		"accept": VisitAccepted, "travel": VisitTravelling, "arrive": VisitOnSite, "pause": VisitPaused,
		"resume": VisitOnSite, "decline": VisitCancelled, "no_access": VisitCancelled, "complete": VisitCompleted,
	}
	for name, step := range steps {
		for _, from := range []string{VisitAssigned, VisitAccepted, VisitTravelling, VisitOnSite, VisitPaused} {
			w := assigned(t)
			visit := w.visitNow(w.wang)
			w.ok(w.Update("visit", visit.ID, record.Values{"state": record.Text(from)}))
			err := step(w)
			if !slices.Contains(visitSteps[name], from) {
				w.refused(WrongState, err)
				continue
			}
			w.ok(err)
			if got := w.visitNow(w.wang).State; got != ends[name] {
				t.Errorf("%s from %s ends %s", name, from, got)
			}
		}
	}
}

// Every end of a job from every state.
func TestJobStates(t *testing.T) {
	t.Parallel()
	commands := map[string]struct {
		do   func(*world) error
		from []string
		to   string
	}{
		"cancel": {func(w *world) error { return CancelJob(w, CancelInput{w.job, "sold"}) },
			[]string{JobNew, JobPlanned, JobInWork}, JobCancelled},
		"close": {func(w *world) error { return CloseJob(w, w.job) }, []string{JobDone, JobCancelled}, JobClosed},
		"reopen": {func(w *world) error {
			return Reopen(w, ReopenInput{w.job, w.jobNow().State, "again"})
		}, overStates, JobPlanned},
		"arrive": {func(w *world) error { return Arrive(w, VisitInput{Job: w.job}) },
			[]string{JobNew, JobPlanned, JobInWork}, JobInWork},
		"complete": {func(w *world) error {
			return Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}})
		}, []string{JobNew, JobPlanned, JobInWork}, JobDone},
	}
	for name, c := range commands {
		for _, from := range jobStates {
			w := assigned(t)
			w.ok(w.Update("job", w.job, record.Values{"state": record.Text(from)}))
			if err := c.do(w); (err == nil) != slices.Contains(c.from, from) {
				t.Errorf("%s from %s: %v", name, from, err)
			} else if err == nil && w.jobNow().State != c.to {
				t.Errorf("%s from %s ends %s", name, from, w.jobNow().State)
			}
		}
	}
}

func TestAHelperEndsHisVisitAndTheLeadTheJob(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.as(w.office).id(AssignJob(w, AssignInput{Job: w.job, Person: w.li}))
	if a, _ := AssignedTo(w, w.job, w.li); a.Role != Helper {
		t.Fatalf("the second is %s", a.Role)
	}
	w.as(w.li).ok(Arrive(w, VisitInput{Job: w.job}))
	w.pass(10)
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}}))
	if w.visitNow(w.li).State != VisitCompleted || w.jobNow().State != JobInWork {
		t.Fatalf("visit %s, job %s", w.visitNow(w.li).State, w.jobNow().State)
	}
	w.as(w.wang).ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}, FirstTimeFix: new(bool)}))
	if job := w.jobNow(); job.State != JobDone || job.FirstTimeFix {
		t.Fatalf("%+v", job)
	}
}

func TestAFollowUpLeavesTheJobInWork(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	w.ok(Complete(w, CompleteInput{
		FindingInput: FindingInput{Job: w.job}, Outcome: OutcomeFollowUp, FollowUp: "part on order",
	}))
	if job := w.jobNow(); job.State != JobInWork || !job.FollowUp || job.FollowUpReason != "part on order" {
		t.Fatalf("%+v", job)
	}
	w.pass(24 * 60)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}}))
	if job := w.jobNow(); job.State != JobDone || job.FollowUp || job.FirstTimeFix || count(w, "visit") != 2 {
		t.Fatalf("%+v, %d visits", job, count(w, "visit"))
	}
}

func TestDecliningGivesTheJobBack(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.ok(Decline(w, EndInput{VisitInput{Job: w.job}, "on holiday", "no_time"}))
	if w.jobNow().State != JobNew || w.visitNow(w.wang).Outcome != OutcomeDeclined {
		t.Fatalf("job %s, visit %+v", w.jobNow().State, w.visitNow(w.wang))
	}
	w.refused(NotAssigned, Travel(w, VisitInput{Job: w.job}))
}

func TestAClosedDoorLeavesTheJobWithItsTechnician(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.ok(NoAccess(w, EndInput{VisitInput{Job: w.job}, "closed", "absent"}))
	w.ok(Travel(w, VisitInput{Job: w.job}))
	if w.visitNow(w.wang).State != VisitTravelling || count(w, "visit") != 2 {
		t.Fatalf("%+v", w.visitNow(w.wang))
	}
}

func TestReassigningMovesWhatHasNotBegun(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	a, _ := AssignedTo(w, w.job, w.wang)
	w.as(w.office).id(Reassign(w, ReassignInput{Assignment: a.ID, Person: w.li, Reason: "nearer"}))
	if v := w.visitNow(w.wang); v.State != VisitCancelled || v.Outcome != OutcomeRecalled {
		t.Fatalf("the old visit is %+v", v)
	}
	if b, err := AssignedTo(w, w.job, w.li); err != nil || b.Role != Lead || w.visitNow(w.li).State != VisitAssigned {
		t.Fatalf("%+v %v", b, err)
	}

	w = assigned(t)
	w.ok(Travel(w, VisitInput{Job: w.job}))
	a, _ = AssignedTo(w, w.job, w.wang)
	w.ok(Unassign(w, UnassignInput{a.ID, "urgent elsewhere"}))
	if v := w.visitNow(w.wang); v.State != VisitTravelling || w.jobNow().State != JobNew {
		t.Fatalf("a visit under way became %s, the job %s", v.State, w.jobNow().State)
	}
}

func TestATeamsJobIsAcceptedByAMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	team := w.id(CreateTeam(w, w.branch, "Crane crew"))
	w.ok(JoinTeam(w, team, w.wang))
	w.ok(JoinTeam(w, team, w.wang))
	w.id(AssignJob(w, AssignInput{Job: w.job, Team: team}))
	w.as(w.li).refused(NotAssigned, Accept(w, VisitInput{Job: w.job}))
	w.as(w.wang).ok(Accept(w, VisitInput{Job: w.job}))
	w.ok(LeaveTeam(w, team, w.wang))
	w.refused(NotAssigned, Travel(w, VisitInput{Job: w.job}))
	if count(w, "membership") != 0 {
		t.Fatal("still a member")
	}
}

func TestPlanningAJobPlansItsPeople(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.as(w.office).ok(PlanJob(w, PlanInput{w.job, morning, morning + 3_600_000}))
	if a, _ := AssignedTo(w, w.job, w.wang); a.WindowEnd != morning+3_600_000 || w.jobNow().PlanEnd != a.WindowEnd {
		t.Fatalf("%+v", a)
	}
}

func TestFinishedWorkStaysThirtyDays(t *testing.T) {
	t.Parallel()
	w := done(t)
	days, err := ReleaseDays(w, w.branch)
	w.ok(err)
	for _, c := range []struct{ after, released int }{{29, 0}, {30, 1}, {31, 0}} {
		n, err := ReleaseFinished(w, w.job, w.now+int64(c.after)*dayMillis, days, 0)
		if err != nil || n != c.released {
			t.Errorf("after %d days %d were released, want %d (%v)", c.after, n, c.released, err)
		}
	}
	w.ok(SetSetting(w, SettingReleaseDays, w.branch, "7"))
	if days, _ := ReleaseDays(w, w.branch); days != 7 {
		t.Errorf("the branch's own setting is %d", days)
	}
	if days, _ := ReleaseDays(w, record.ID{1}); days != DefaultReleaseDays {
		t.Errorf("another branch has %d", days)
	}
	w.ok(SetSetting(w, SettingReleaseDays, record.ID{}, "14"))
	if days, _ := ReleaseDays(w, record.ID{1}); days != 14 {
		t.Errorf("the company's setting is not used: %d", days)
	}
}

func TestReopening(t *testing.T) {
	t.Parallel()
	w := done(t)
	w.as(w.office).refused(NotSeen, Reopen(w, ReopenInput{w.job, JobClosed, "leaks again"}))
	w.ok(Reopen(w, ReopenInput{w.job, JobDone, "leaks again"}))
	if job := w.jobNow(); job.State != JobInWork || job.FinishedAt != 0 {
		t.Fatalf("%+v", job)
	}
	w.as(w.wang).ok(Travel(w, VisitInput{Job: w.job})) // his assignment is open again
}

func TestAuditLocksAndUnauditUnlocks(t *testing.T) {
	t.Parallel()
	w := done(t)
	slip := w.id(WriteSlip(w, SlipInput{Job: w.job, Summary: "ok"}))
	w.ok(SignSlip(w, SignInput{Slip: slip, UnsignedReason: "nobody there"}))
	w.as(w.office).ok(AuditSlip(w, slip, ""))
	if w.jobNow().LockedBy != slip || w.visitNow(w.wang).LockedBy != slip {
		t.Fatal("an audited slip locks its visit and its job")
	}
	w.refused(CodeSlipAudited, RecordFinding(w, FindingInput{Job: w.job, Finding: "late"}))
	w.ok(UnauditSlip(w, slip, "wrong amount"))
	if !w.jobNow().LockedBy.IsZero() || !w.visitNow(w.wang).LockedBy.IsZero() {
		t.Fatal("still locked")
	}
	w.ok(RecordFinding(w, FindingInput{Job: w.job, Finding: "late"}))
	w.ok2(WriteSlip(w, SlipInput{Slip: slip, Summary: "corrected"}))
}

func (w *world) ok2(_ record.ID, err error) { w.t.Helper(); w.ok(err) }

// The slip of a first visit does not lock a job that goes on.
func TestAuditOfAFirstVisitLeavesTheJobOpen(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	slip := w.id(WriteSlip(w, SlipInput{Job: w.job, Summary: "first visit"}))
	w.ok(SignSlip(w, SignInput{Slip: slip, SignedBy: "Chen"}))
	w.as(w.office).ok(AuditSlip(w, slip, ""))
	if w.visitNow(w.wang).LockedBy != slip || !w.jobNow().LockedBy.IsZero() {
		t.Fatal("the visit is locked, the job is not")
	}
	w.as(w.wang).ok(RecordFinding(w, FindingInput{Job: w.job, Finding: "goes on"}))
}

func TestSwappingASerial(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	pump := w.id(CreateUnit(w, UnitInput{Name: "Pump", Serial: "P-1", Party: w.party, Site: w.site, Parent: w.unit}))
	fresh := w.id(SwapSerial(w, SwapInput{Job: w.job, Old: pump, Serial: "P-2", Part: w.part}))
	in, out := UnitOf(w.get("unit", fresh)), UnitOf(w.get("unit", pump))
	if in.Status != UnitInstalled || in.Parent != w.unit || in.Machine != w.unit || in.Site != w.site || in.Serial != "P-2" {
		t.Fatalf("the new one is %+v", in)
	}
	if out.Status != UnitInVan || out.Condition != Defective || !out.Parent.IsZero() || out.Location != w.van {
		t.Fatalf("the old one is %+v", out)
	}
	if components, _ := Components(w, w.unit); len(components) != 1 || components[0].ID != fresh {
		t.Fatalf("the machine has %+v", components)
	}
	if w.balance(w.van) != 0 || count(w, "movement") != 2 {
		t.Fatalf("balance %d, %d movements", w.balance(w.van), count(w, "movement"))
	}
	// Without a part in the catalogue the units still change places.
	again := w.id(SwapSerial(w, SwapInput{Job: w.job, Old: fresh, New: pump}))
	if again != pump || UnitOf(w.get("unit", pump)).Status != UnitInstalled || UnitOf(w.get("unit", fresh)).Location != w.van {
		t.Fatal("the old one went back in")
	}
}

// The spare part that goes in is the one that lies in the van under that serial number; and where the machine itself goes,
// the job goes on at the new one.
func TestAWholeMachineIsSwappedForTheOneInTheVan(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	loaner := w.id(CreateUnit(w, UnitInput{Serial: "C-200", Status: UnitInVan, Location: w.van}))
	if fresh := w.id(SwapSerial(w, SwapInput{Job: w.job, Old: w.unit, Serial: " C-200"})); fresh != loaner {
		t.Fatal("a second row was made for one thing")
	}
	if w.jobNow().Unit != loaner || UnitOf(w.get("unit", loaner)).Party != w.party {
		t.Fatalf("the job is at %v", w.jobNow().Unit)
	}
}

func TestAUnitLiesWhereItWasMovedTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tracked := w.id(CreatePart(w, PartInput{Code: "PUMP", SerialTracked: true}))
	unit := w.id(CreateUnit(w, UnitInput{Serial: "P-9", Part: tracked, Status: UnitInStock, Location: w.main}))
	one := MoveInput{Part: tracked, Quantity: Quantity{Amount: One}, Serial: "P-9", Unit: unit, From: w.main, To: w.van}
	w.id(IssuePart(w, one))
	if u := UnitOf(w.get("unit", unit)); u.Location != w.van || u.Status != UnitInVan {
		t.Fatalf("issued, it is %+v", u)
	}
	one.From, one.To = one.To, one.From
	w.id(TransferPart(w, one))
	if u := UnitOf(w.get("unit", unit)); u.Location != w.main || u.Status != UnitInStock {
		t.Fatalf("brought back, it is %+v", u)
	}
}

func TestStockCountsAndCorrections(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	five := Quantity{5 * One, "pcs"}
	w.as(w.office).id(ReceivePart(w, MoveInput{Part: w.part, Quantity: five, To: w.main}))
	w.as(w.wang).id(IssuePart(w, MoveInput{Part: w.part, Quantity: five, From: w.main, To: w.van}))
	used := w.id(UsePart(w, MoveInput{Job: w.job, Part: w.part, Quantity: Quantity{Amount: 7 * One}}))
	if w.balance(w.van) != -2*One {
		t.Fatalf("a shortage shows as %d", w.balance(w.van))
	}
	w.id(CorrectMovement(w, CorrectInput{used, 3 * One, "miscounted"}))
	if w.balance(w.van) != 2*One {
		t.Fatalf("corrected, the balance is %d", w.balance(w.van))
	}
	w.id(ReturnPart(w, MoveInput{Job: w.job, Part: w.part, Quantity: Quantity{Amount: One}, Condition: Defective, Tag: "T1"}))
	w.id(ScrapPart(w, MoveInput{Part: w.part, Quantity: Quantity{Amount: One}, From: w.van}))
	for counted, want := range map[int64]int64{4 * One: 2 * One} {
		if difference, err := CountStock(w, CountInput{Location: w.van, Part: w.part, Counted: counted}); err != nil || difference != want {
			t.Fatalf("difference %d, %v", difference, err)
		}
	}
	if difference, err := CountStock(w, CountInput{Location: w.van, Part: w.part, Counted: One}); err != nil || difference != -3*One {
		t.Fatalf("difference %d, %v", difference, err)
	}
	if difference, err := CountStock(w, CountInput{Location: w.van, Part: w.part, Counted: One}); err != nil || difference != 0 {
		t.Fatalf("difference %d, %v", difference, err)
	}
	stock, err := StockAt(w, w.van)
	w.ok(err)
	if len(stock) != 1 || stock[0].Quantity.String() != "1 pcs" {
		t.Fatalf("%+v", stock)
	}
}

func TestQuantitiesInWords(t *testing.T) {
	t.Parallel()
	for q, want := range map[Quantity]string{
		{2000, "pcs"}: "2 pcs", {1500, "m"}: "1.5 m", {-5, "l"}: "-0.005 l", {0, ""}: "0", {10000, ""}: "10",
	} {
		if got := q.String(); got != want {
			t.Errorf("%v is %q, want %q", q.Amount, got, want)
		}
	}
}

func TestTimeIsMarkedAndCorrected(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	start := w.id(MarkTime(w, MarkInput{Job: w.job, Kind: TimeWork, Edge: EdgeStart}))
	running, err := RunningClock(w, w.job, w.wang)
	if err != nil || running == nil || running.ID != start {
		t.Fatalf("%+v %v", running, err)
	}
	w.pass(60)
	w.id(MarkTime(w, MarkInput{Job: w.job, Kind: TimeWork, Edge: EdgeStop}))
	w.id(MarkTime(w, MarkInput{Job: w.job, Kind: TimeWork, Edge: EdgeStart, Replaces: start,
		At: Moment{Device: morning + 3*3_600_000, Corrected: morning - 30*60_000}}))
	spent, err := TimeSpent(w, w.job, w.wang, w.now)
	w.ok(err)
	if spent[TimeWork] != 90*60_000 {
		t.Fatalf("%v", spent)
	}
}

func TestNumbersLookAsTheBranchWants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(SetNumberFormat(w, SeriesJob, record.ID{}, "{number}"))
	w.ok(SetNumberFormat(w, SeriesJob, w.branch, "{branch}/{number}"))
	w.ok(SetNumberFormat(w, SeriesJob, w.branch, "{branch}_{number}"))
	number, err := FormatNumber(w, SeriesJob, w.branch)
	w.ok(err)
	contains(t, number, "SH_J-d1-")
	plain, err := FormatNumber(w, SeriesSlip, w.branch)
	w.ok(err)
	contains(t, plain, "S-d1-")
}

func TestRunTimeFieldsAreCheckedWhereverTheyAreWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(DefineField(w, FieldDefInput{Table: "job", Field: "engine_no", Label: map[string]string{"en": "Engine no."},
		RequiredOn: RequiredComplete}))
	w.ok(DefineField(w, FieldDefInput{Table: "job", Field: "hours", Kind: FieldInteger, Minimum: 1, Maximum: 9, Rank: 2}))
	w.ok(DefineField(w, FieldDefInput{Table: "job", Field: "how", Kind: FieldChoice, List: ListPayment, Rank: 3}))
	w.ok(DefineField(w, FieldDefInput{Table: "job", Field: "solution", Builtin: true, RequiredOn: RequiredComplete}))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	w.as(w.wang)
	err := Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}})
	w.refused(MissingField, err)
	contains(t, err.Error(), "Engine no., solution")
	w.refused(BadField, RecordFinding(w, FindingInput{Job: w.job, Fields: FieldValues{"hours": record.Number(10)}}))
	w.refused(BadField, RecordFinding(w, FindingInput{Job: w.job, Fields: fieldsOf("hours", "three")}))
	w.refused(UnknownCode, RecordFinding(w, FindingInput{Job: w.job, Fields: fieldsOf("how", "barter")}))
	w.ok(RecordFinding(w, FindingInput{Job: w.job, Fields: fieldsOf("engine_no", "E-77", "how", "cash")}))
	w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "done"}}))
	if got := w.jobNow().Fields["engine_no"]; got != "E-77" {
		t.Fatalf("%v", got)
	}
	w.ok(RetireField(w, "job", "hours"))
	if defs, _ := FieldDefs(w, "job"); len(defs) != 3 {
		t.Fatalf("%+v", defs)
	}
}

func TestRequiredAtCreation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(DefineField(w, FieldDefInput{Table: "party", Field: "phone", Builtin: true, RequiredOn: RequiredCreate}))
	_, err := CreateParty(w, PartyInput{Name: "Silent Ltd"})
	w.refused(MissingField, err)
	w.id(CreateParty(w, PartyInput{Name: "Talking Ltd", Phone: "123"}))
}

func TestCommentsAndFilesLieWhereTheirRowLies(t *testing.T) {
	t.Parallel()
	w := done(t).as(record.ID{})
	contact := w.id(CreateContact(w, ContactInput{Party: w.party, Name: "Ms Chen", Phone: "(021) 555-01"}))
	request := w.id(CreateRequest(w, RequestInput{Party: w.party, Title: "x"}))
	unknown := w.id(CreateRequest(w, RequestInput{Branch: w.branch, Title: "nobody known rang"}))
	sum := strings.Repeat("ab", 32)
	for about, want := range map[Row]record.Bucket{
		{"job", w.job}:                   {Kind: JobBucket, ID: w.job},
		{"visit", w.visitNow(w.wang).ID}: {Kind: JobBucket, ID: w.job},
		{"unit", w.unit}:                 {Kind: AssetBucket, ID: w.unit},
		{"party", w.party}:               {Kind: CustomerBucket, ID: w.party},
		{"contact", contact}:             {Kind: CustomerBucket, ID: w.party},
		{"request", request}:             {Kind: CustomerBucket, ID: w.party},
		{"request", unknown}:             {Kind: RequestBucket, ID: unknown},
		{"site", w.site}:                 {Kind: CustomerBucket, ID: w.party},
		{"part", w.part}:                 {},
	} {
		comment := w.id(AddComment(w, CommentInput{About: about, Text: "look"}))
		file := w.id(AddAttachment(w, AttachmentInput{About: about, Kind: AttachPhoto, SHA256: sum, Size: 9, MediaType: "image/png"}))
		for _, row := range []*record.Row{w.get("comment", comment), w.get("attachment", file)} {
			buckets := row.Buckets()
			if want.ID.IsZero() && len(buckets) == 0 {
				continue
			}
			if len(buckets) != 1 || buckets[0] != want {
				t.Errorf("%s about %s lies in %v, want %v", row.Table.Name, about.Table, buckets, want)
			}
		}
		if CommentOf(w.get("comment", comment)).About != about {
			t.Errorf("about %v", CommentOf(w.get("comment", comment)).About)
		}
	}
}

func TestArchivingAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(Archive(w, ArchiveInput{"party", w.party, "moved away"}))
	if PartyOf(w.get("party", w.party)).ArchivedReason != "moved away" {
		t.Fatal("no reason")
	}
	w.ok(Unarchive(w, "party", w.party))
	if PartyOf(w.get("party", w.party)).ArchivedAt != 0 {
		t.Fatal("still archived")
	}
}

func TestEditingWritesOnTheRowThatStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	twin := w.id(CreateParty(w, PartyInput{Name: "Harbor Cranes"}))
	w.ok(Merge(w, MergeInput{"party", twin, w.party}))
	w.ok(Edit(w, EditInput{"party", twin, record.Values{"phone": record.Text("+8621")}}))
	if PartyOf(w.get("party", w.party)).Phone != "+8621" || PartyOf(w.get("party", twin)).Phone != "" {
		t.Fatal("the late write did not land on the survivor")
	}
	w.ok(Edit(w, EditInput{"job", w.job, record.Values{"title": record.Text("Leaks badly"), "tags.urgent": record.Number(1)}}))
	if job := w.jobNow(); job.Title != "Leaks badly" || !slices.Equal(job.Tags, []string{"urgent"}) {
		t.Fatalf("%+v", job)
	}
	w.ok(Edit(w, EditInput{"job", w.job, nil}))
}

func TestRequestsSolvedAndMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.id(CreateRequest(w, RequestInput{Party: w.party, Description: "no power"}))
	w.ok(MoveRequest(w, MoveRequestInput{Request: r, To: RequestEscalated, Reason: "needs an expert"}))
	w.ok(SolveRequest(w, SolveRequestInput{r, "Main switch on", "electrical"}))
	if q := RequestOf(w.get("request", r)); q.State != RequestClosed || q.SolvedAt != w.now || q.Level != 1 || q.FaultCode != "electrical" {
		t.Fatalf("%+v", q)
	}
}

func TestCodesAndSubstates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(PutCode(w, CodeInput{List: ListFault, Code: "noise", Label: map[string]string{"en": "Strange noise"}}))
	if c := CodeOf(w.get("code", CodeID(ListFault, "noise"))); c.Label["en"] != "Strange noise" || c.Label["zh-Hant"] != "噪音" {
		t.Fatalf("%+v", c)
	}
	w.ok(RetireCode(w, ListFault, "noise"))
	w.refused(UnknownCode, RecordFinding(w, FindingInput{Job: w.job, FaultCode: "noise"}))
	w.ok(SetUp(w)) // again: what the company changed stays
	if CodeOf(w.get("code", CodeID(ListFault, "noise"))).RetiredAt == 0 {
		t.Fatal("a retired code came back")
	}
	w.ok(PutSubstate(w, SubstateInput{Table: "job", Code: "waiting_part", State: JobNew}))
	w.ok(SetSubstate(w, w.job, "waiting_part"))
	w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang}))
	if w.jobNow().Substate != "" {
		t.Fatal("a sub-state outlived its state")
	}
}

func TestPublicKeysReachTheBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(PublishKey(w, w.wang, record.ID{7}, "a2V5"))
	rows, _ := w.Refs("device_key", "person", w.wang)
	if len(rows) != 1 || rows[0].Buckets()[0] != (record.Bucket{Kind: BranchBucket, ID: w.branch}) || DeviceKeyOf(rows[0]).PublicKey != "a2V5" {
		t.Fatalf("%+v", rows)
	}
	if count(w, "posting") != 3 {
		t.Fatal("people are posted to their branch")
	}
}

func TestLabelsFallBack(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"en": "Noise", "zh-Hans": "噪音"}
	for language, want := range map[string]string{"zh-Hans": "噪音", "zh-Hant": "噪音", "de": "Noise"} {
		if got := Label(labels, language); got != want {
			t.Errorf("%s: %s", language, got)
		}
	}
	if Label(map[string]string{"fr": "Bruit", "de": "Lärm"}, "en") != "Lärm" || Label(nil, "en") != "" {
		t.Error("any label is better than none, and always the same")
	}
}

func TestViewsOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(Job{}, JobOf(nil)); diff != "" {
		t.Error(diff)
	}
	w := newWorld(t)
	c := w.id(CreateProduct(w, ProductInput{Code: "X1", Name: map[string]string{"en": "Crane X1"}}))
	if ProductOf(w.get("product", c)).Name["en"] != "Crane X1" || PersonOf(w.get("person", w.wang)).Name != "Wang" ||
		BranchOf(w.get("branch", w.branch)).Code != "SH" || SiteOf(w.get("site", w.site)).Name != "Pier 3" {
		t.Error("views read what commands wrote")
	}
	if (Row{"nowhere", w.job}).Value() != record.Null || rowOf(record.Key{}) != (Row{}) {
		t.Error("a row of no table is none")
	}
}

// An event knows three times: what the clock on the phone said, what that is by the hub's clock, and, on the hub, when it
// came in.
func TestAnEventKeepsWhatTheClockSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		at   Moment
		want [2]int64
	}{
		"now":       {Moment{}, [2]int64{w.now - clockSlow, w.now}},
		"said":      {Moment{Device: 7, Corrected: 8}, [2]int64{7, 8}},
		"corrected": {Moment{Corrected: 8}, [2]int64{8, 8}},
	} {
		values := record.Values{}
		c.at.put(w, values)
		if got := [2]int64{values["occurred"].Number(), values["corrected"].Number()}; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
