package aftersales

import (
	"testing"

	"fieldsync/sync/record"
)

// Whoever does paid work and records nobody's yes, or dear work without the second, is found, once; a yes that comes settles it, and what a person settled stays so.
func TestPaidWorkThatNobodyAgreedToIsADiscrepancy(t *testing.T) {
	t.Parallel()
	done := func(price int64) *world {
		w := assigned(t)
		w.sold(today - 800)
		w.id(PublishPolicy(w, PolicyInput{Kind: PolicyConsent, Body: ConsentPolicy{map[string]int64{"CNY": 2_000_00}, UnreachableProceed}}))
		w.pass(1)
		w.id(AddCharge(w, ChargeInput{Job: w.job, ChargeLine: ChargeLine{Service: "labour", Quantity: Quantity{Amount: One}, Price: yuan(price)}}))
		return w
	}
	check := func(w *world, want bool, story string) {
		t.Helper()
		for range 2 {
			w.ok(CheckAgreed(w, w.job))
		}
		row, err := w.Row("discrepancy", DiscrepancyID(DiscrepancyUnapproved, w.job))
		w.ok(err)
		if d := DiscrepancyOf(row); d.Open() != want || d.Open() && (d.Job != w.job || d.Person != w.wang) {
			t.Errorf("%s: %+v", story, d)
		}
	}
	end := func(w *world) {
		w.as(w.wang)
		w.ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job, Solution: "cleaned"}}))
	}
	w := done(5000)
	check(w, false, "under way")
	end(w)
	check(w, true, "done")
	consent := w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(5000), Shown: "labour", SignedBy: "Ms Chen"}))
	check(w, true, "the customer agreed after all")
	w.ok(Approve(w.as(w.office), consent))
	check(w, false, "and so did the office")

	w = done(5000)
	end(w)
	check(w, true, "done")
	w.ok(Settle(w.as(w.office), SettleInput{DiscrepancyID(DiscrepancyUnapproved, w.job), "He is a friend of the house"}))
	check(w, false, "settled")

	w = done(1500)
	end(w)
	check(w, true, "below the limit, and nobody asked the customer")
	w.id(RecordConsent(w, ConsentInput{Job: w.job, Amount: yuan(1500), Shown: "labour", SignedBy: "Ms Chen"}))
	check(w, false, "below the limit, the customer agreed")

	w = done(1500)
	w.id(RecordConsent(w.as(w.wang), ConsentInput{Job: w.job, Amount: yuan(5000), Shown: "labour", SignedBy: "Ms Chen"}))
	end(w)
	check(w, false, "it came to less than he agreed to, and than what takes a second yes")

	w = done(1500)
	w.id(RecordConsent(w.as(w.wang), ConsentInput{Job: w.job, Amount: yuan(1000), Shown: "labour", SignedBy: "Ms Chen"}))
	end(w)
	check(w, true, "it came to more than he agreed to")

	w = done(0)
	end(w)
	check(w, false, "for nothing")
	w.refused("unknown_row", CheckAgreed(w, record.ID{9}))
}
