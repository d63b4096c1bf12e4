package aftersales

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// signedIn makes a job of the branch with a signed slip.
func (w *world) signedIn(branch record.ID) record.ID {
	w.t.Helper()
	job := w.id(CreateJob(w, JobInput{Branch: branch, Title: "Leaks"}))
	slip := w.id(WriteSlip(w, SlipInput{Job: job, Summary: "ok"}))
	w.ok(SignSlip(w, SignInput{Slip: slip, SignedBy: "Chen"}))
	return slip
}

func (w *world) numberOf(slip record.ID) DocumentNumber {
	w.t.Helper()
	n, err := NumberOf(w, SeriesAudit, slip)
	w.ok(err)
	return n
}

// However audits, refusals and audits taken back follow one another in two branches, each branch's numbers are 1, 2, 3 in
// the order of the first audits, and a slip keeps the one that it got.
func TestNumbersOfAuditsLeaveNoGap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(r)
		north := w.id(CreateBranch(w, BranchInput{Code: "NB", Name: "Ningbo", Zone: "Asia/Shanghai"}))
		branches := []record.ID{w.branch, north}
		var slips []record.ID
		want, last := map[record.ID]int64{}, map[record.ID]int64{}
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			if len(slips) == 0 || rapid.IntRange(0, 2).Draw(r, "new") == 0 {
				slips = append(slips, w.signedIn(rapid.SampledFrom(branches).Draw(r, "branch")))
			}
			slip := rapid.SampledFrom(slips).Draw(r, "slip")
			s := SlipOf(w.get("slip", slip))
			switch rapid.SampledFrom([]string{"audit", "phone", "unaudit"}).Draw(r, "step") {
			case "audit":
				if s.State == SlipAudited {
					w.refused(CodeSlipAudited, AuditSlip(w, slip, ""))
				} else if w.ok(AuditSlip(w, slip, "")); want[slip] == 0 {
					last[s.Branch]++
					want[slip] = last[s.Branch]
				}
			case "phone":
				if s.State != SlipAudited {
					w.as(w.wang).refused(HubOnly, AuditSlip(w, slip, ""))
					w.as(w.office)
				}
			case "unaudit":
				if s.State == SlipAudited {
					w.ok(UnauditSlip(w, slip, "wrong sum"))
				}
			}
		}
		for _, slip := range slips {
			if n := w.numberOf(slip); n.Position != want[slip] {
				r.Fatalf("a slip has the number %d, want %d", n.Position, want[slip])
			}
		}
		if n := int64(count(w, "document_number")); n != last[w.branch]+last[north] {
			r.Fatalf("%d numbers were given for %v", n, last)
		}
	})
}

// A slip that is audited again after a restore has two numbers when its first comes back: everybody shows the same one.
func TestOfTwoNumbersTheLowestIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slip := w.signedIn(w.branch)
	w.ok(AuditSlip(w, slip, ""))
	for _, n := range []int64{9, 4, 7} {
		w.comesBack(n, slip)
	}
	if n := w.numberOf(slip); n.Position != 1 {
		t.Fatalf("shown is %d", n.Position)
	}
}

// comesBack brings a number that a restore had lost.
func (w *world) comesBack(position int64, slip record.ID) {
	w.t.Helper()
	w.ok(w.Insert("document_number", positionID(SeriesAudit, w.branch, position), record.Values{
		"branch": record.Ref(w.branch), "job": record.Ref(w.job), "about": Row{"slip", slip}.Value(),
		"series": record.Text(SeriesAudit), "position": record.Number(position), "number": record.Text("x"),
		"occurred": record.Instant(1), "corrected": record.Instant(1),
	}))
}

// What a restore lost and a phone brought back is passed over: no number is given twice.
func TestANumberThatCameBackIsPassedOver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(r)
		seen := map[int64]bool{}
		for _, n := range rapid.SliceOfNDistinct(rapid.Int64Range(1, 40), 0, 20, rapid.ID).Draw(r, "came back") {
			seen[n] = true
			w.comesBack(n, nobody)
		}
		for range 30 {
			slip := w.signedIn(w.branch)
			w.ok(AuditSlip(w, slip, ""))
			n := w.numberOf(slip).Position
			if seen[n] || n > 1 && !seen[n-1] {
				r.Fatalf("%d was given; %v are taken", n, seen)
			}
			seen[n] = true
		}
	})
}

func TestOnlyTheHubIsTheHub(t *testing.T) {
	t.Parallel()
	for side, want := range map[clock.Side]bool{clock.SideDevice: false, clock.SideOffice: true, clock.SideHub: true} {
		actor, err := clock.NewActor(0, 7, side)
		if err != nil {
			t.Fatal(err)
		}
		if got := Bind(nobodys{}, Circumstances{Dot: clock.Dot{Actor: actor, Counter: 1}}).Hub(); got != want {
			t.Errorf("side %d: %t", side, got)
		}
	}
	if Bind(nobodys{}, Circumstances{Dot: clock.Dot{Actor: device.Provisional}}).Hub() {
		t.Error("a device that waits for an incarnation is the hub")
	}
}

// nobodys is a transaction in which nothing is done.
type nobodys struct{ Draft }

func (nobodys) Schema() *schema.Schema { return Schema }

// How a number looks is the branch's to say; those given before stay as they are. The year is that of the branch's clock.
func TestHowANumberOfASeriesWithoutGapsLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = 1_798_732_800_000 // 2026-12-31, 16:00 UTC: midnight in Shanghai
	first := w.signedIn(w.branch)
	w.ok(AuditSlip(w, first, ""))
	w.ok(SetNumberFormat(w, SeriesAudit, w.branch, "{branch}/{number}"))
	second := w.signedIn(w.branch)
	w.ok(AuditSlip(w, second, ""))
	got := fmt.Sprint(w.numberOf(first).Number, " ", w.numberOf(second).Number)
	if want := "A-SH-2027-000001 SH/000002"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestThePaperOfAnAuditedSlipHasItsNumber(t *testing.T) {
	t.Parallel()
	w := audited(t)
	paper, err := SlipDocument(w, w.visitNow(w.wang).ID)
	w.ok(err)
	if n := paper.Numbered; n.Number != "A-SH-2025-000001" || n.Author != w.office || n.Job != w.job {
		t.Fatalf("%+v", n)
	}
}
