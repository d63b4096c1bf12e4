package aftersales

import (
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

func TestAPartCostsABranchWhatWasSetLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	today := floorDiv(w.now, dayMillis)
	north := w.id(CreateBranch(w, BranchInput{Code: "N", Name: "North", Zone: "Asia/Shanghai"}))
	cost := func(minor int64) Money { return Money{minor, "CNY"} }
	w.id(SetPartCost(w, w.branch, w.part, cost(500), today-10))
	w.id(SetPartCost(w, w.branch, w.part, cost(900), today+5))
	w.id(SetPartCost(w, w.branch, w.part, cost(600), 0))
	w.id(SetPartCost(w, w.branch, w.part, cost(650), 0)) // said again on the same day
	w.id(SetPartCost(w, north, w.part, cost(100), today-3))
	for _, c := range []struct {
		branch record.ID
		day    int64
		want   int64
	}{{w.branch, today - 11, -1}, {w.branch, today - 10, 500}, {w.branch, today, 650}, {w.branch, today + 5, 900}, {north, today, 100}, {w.office, today, -1}} {
		got, known, err := CostOfPart(w, c.branch, w.part, c.day)
		w.ok(err)
		if known != (c.want >= 0) || known && got != cost(c.want) {
			t.Errorf("on day %d it costs %v (%v), want %d", c.day-today, got, known, c.want)
		}
	}
	w.refused(BadMoney, drop(SetPartCost(w, w.branch, w.part, Money{5, ""}, 0)))
	w.refused(BadMoney, drop(SetPartCost(w, w.branch, w.part, cost(-1), 0)))
	w.refused(UnknownPart, drop(SetPartCost(w, w.branch, w.job, cost(1), 0)))
	w.refused(fault.UnknownRow, drop(SetPartCost(w, w.job, w.part, cost(1), 0)))
	w.refused(fault.UnknownRow, LetSeeCosts(w, w.job, w.branch, true))
}

// One posting says it, however often the right is given; a person who does not work there is posted for it.
func TestWhoMayReadCostsIsPosted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	north := w.id(CreateBranch(w, BranchInput{Code: "N", Name: "North", Zone: "Asia/Shanghai"}))
	seen := func(want ...record.ID) {
		t.Helper()
		rows, err := w.Refs("posting", "person", w.wang)
		w.ok(err)
		n := 0
		for _, row := range rows {
			if row.Get("costs").Text() == CostsSeen {
				n++
			}
		}
		if n != len(want) || len(rows) > 2 {
			t.Errorf("%d of %d postings see costs, want %d", n, len(rows), len(want))
		}
	}
	w.ok(LetSeeCosts(w, w.wang, north, false))
	seen()
	w.ok(LetSeeCosts(w, w.wang, w.branch, true))
	w.ok(LetSeeCosts(w, w.wang, north, true))
	w.ok(LetSeeCosts(w, w.wang, north, true))
	seen(w.branch, north)
	w.ok(LetSeeCosts(w, w.wang, w.branch, false))
	seen(north)
}
