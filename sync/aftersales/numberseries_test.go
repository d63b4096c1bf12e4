package aftersales

import (
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/record"
)

// Two branches that are called the same, or are called so later, would print the same number: the second is refused, takes
// no position, and gets its number when the branch is called something else.
func TestNoNumberStandsOnTwoPapers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	north := w.id(CreateBranch(w, BranchInput{Code: "SH", Name: "Ningbo", Zone: "Asia/Shanghai"}))
	first, second := w.signedIn(w.branch), w.signedIn(north)
	w.ok(AuditSlip(w, first, ""))
	w.refused(NumberTaken, AuditSlip(w, second, ""))
	w.ok(w.Update("branch", north, record.Values{"code": record.Text("NB")}))
	w.ok(AuditSlip(w, second, ""))
	if n := w.numberOf(second); n.Position != 1 || n.Number != "A-NB-2025-000001" {
		t.Fatalf("%+v", n)
	}
	w.ok(w.Update("branch", w.branch, record.Values{"code": record.Text("XX")}))
	w.ok(w.Update("branch", north, record.Values{"code": record.Text("SH")}))
	third := w.signedIn(north)
	w.ok(AuditSlip(w, third, "")) // SH-...-000002 is nobody's
	if n := w.numberOf(first); n.Number != "A-SH-2025-000001" {
		t.Fatalf("what was given has become %s", n.Number)
	}
}

// However branches are called, patterns set and starts said, no two papers have the same number, and none is refused twice
// once its branch's code is like no other.
func TestNumbersOfASeriesAreUniqueAsTheyStandOnPaper(t *testing.T) {
	t.Parallel()
	codes := rapid.SampledFrom([]string{"SH", "SH-2", "SH-2025", "2", "A"})
	patterns := rapid.SampledFrom([]string{"{branch}-{number}", "{branch}-2-{number}", "{branch}/{year}-{number}", "{year}-{branch}-{number}"})
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(r)
		branches := []record.ID{w.branch, w.id(CreateBranch(w, BranchInput{Code: "SH", Name: "Ningbo"}))}
		papers := map[string]bool{}
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			b := rapid.SampledFrom(branches).Draw(r, "branch")
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0:
				w.ok(w.Update("branch", b, record.Values{"code": record.Text(codes.Draw(r, "code"))}))
			case 1:
				w.ok(SetNumberFormat(w, SeriesAudit, b, patterns.Draw(r, "pattern")))
			case 2:
				_ = StartNumbers(w, SeriesAudit, b, rapid.Int64Range(1, 40).Draw(r, "first"), 0) // refused where it would repeat
			default:
				slip := w.signedIn(b)
				if AuditSlip(w, slip, "") != nil {
					break
				}
				n := w.numberOf(slip).Number
				if papers[n] {
					r.Fatalf("%s stands on two papers", n)
				}
				papers[n] = true
			}
		}
	})
}

// A company that comes from another system goes on where that one stopped, from a day of its own.
func TestASeriesGoesOnWhereAnotherSystemStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	audited := func() int64 {
		slip := w.signedIn(w.branch)
		w.ok(AuditSlip(w, slip, ""))
		return w.numberOf(slip).Position
	}
	today := DayIn("Asia/Shanghai", w.now)
	w.ok(StartNumbers(w, SeriesAudit, w.branch, 400, today))
	w.ok(StartNumbers(w, SeriesAudit, w.branch, 4000, today+1))
	for want := int64(400); want < 403; want++ {
		if n := audited(); n != want {
			t.Fatalf("got %d, want %d", n, want)
		}
	}
	w.now += dayMillis
	for want := int64(4000); want < 4003; want++ {
		if n := audited(); n != want {
			t.Fatalf("got %d, want %d", n, want)
		}
	}
	for _, first := range []int64{1, 402, 3000, 4002} {
		w.refused(NumberTaken, StartNumbers(w, SeriesAudit, w.branch, first, 0))
	}
	for _, first := range []int64{0, -1, maxPosition + 1} {
		w.refused(BadSetting, StartNumbers(w, SeriesAudit, w.branch, first, 0))
	}
	w.refused(BadSetting, StartNumbers(w, SeriesJob, w.branch, 5, 0))
	w.as(w.wang).refused(HubOnly, StartNumbers(w, SeriesAudit, w.branch, 9000, 0))
	w.as(w.office).ok(StartNumbers(w, SeriesAudit, w.branch, 50000, 0)) // a slip of the pen,
	w.ok(StartNumbers(w, SeriesAudit, w.branch, 5000, 0))               // put right before anything has it
	if n := audited(); n != 5000 {
		t.Fatalf("got %d", n)
	}
}

// What a restore forgot is entered once, however often it is asked; the series goes on above it, and whatever the company
// says of its start, not below.
func TestWhatARestoreForgotIsAccountedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := w.signedIn(w.branch)
	w.ok(AuditSlip(w, known, ""))
	of := w.numberOf(known)
	given := []GivenNumber{
		{SeriesAudit, w.branch, 1, of.Number, Row{"slip", known}},
		{SeriesAudit, w.branch, 2, "A-SH-2025-000002", Row{"slip", nobody}},
		{SeriesAudit, w.branch, 3, "A-SH-2025-000003", Row{"slip", nobody}},
	}
	w.as(w.wang).refused(HubOnly, LoseNumbers(w, given))
	w.as(w.office)
	for range 2 {
		w.ok(LoseNumbers(w, given))
	}
	if n := count(w, "number_claim"); n != 3 {
		t.Fatalf("%d numbers are claimed", n)
	}
	starts, err := NumberStarts(w, SeriesAudit, w.branch)
	if w.ok(err); len(starts) != 1 || starts[0].First != 4 || starts[0].Reason != StartRestore {
		t.Fatalf("%+v", starts)
	}
	w.refused(NumberTaken, StartNumbers(w, SeriesAudit, w.branch, 3, 0))
	slip := w.signedIn(w.branch)
	w.ok(AuditSlip(w, slip, ""))
	if n := w.numberOf(slip); n.Position != 4 {
		t.Fatalf("%+v", n)
	}
}
