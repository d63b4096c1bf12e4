package aftersales

import (
	"testing"

	"fieldsync/sync/record"
)

func TestRemediesBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy                           string
		age                              int64 // days since the sale
		repairs                          []string
		refund, exchange, early, replace bool
	}{
		{"month", 7, nil, true, true, true, false},
		{"month", 8, nil, false, true, true, false},
		{"month", 16, nil, false, true, false, false},
		{"month", 30, nil, false, true, false, false},
		{"month", 31, nil, false, false, false, false},
		{"month", 90, []string{"leak", "leak", "leak"}, false, false, false, true},
		{"month", 90, []string{"leak", "leak", "noise", "leak"}, false, false, false, false},
		{"month", 90, []string{"leak", "leak"}, false, false, false, false},
		{"computer", 15, nil, false, true, false, false},
		{"computer", 16, nil, false, false, false, false},
		{"computer", 90, []string{"leak", "noise"}, false, false, false, true},
		{"computer", 90, []string{"leak"}, false, false, false, false},
		{"repair", 1, []string{"leak", "leak", "leak"}, false, false, false, false},
	} {
		w := newWorld(t).sold(today - c.age)
		w.choose(PolicyReturn, c.policy)
		for _, code := range c.repairs {
			w.pass(1)
			w.id(AddServiceRecord(w, ServiceRecordInput{Unit: w.unit, Summary: "repaired", FaultCode: code}))
		}
		w.pass(1)
		r, err := RemediesFor(w, w.unit, "leak", w.now)
		w.ok(err)
		if r.Refund != c.refund || r.Exchange != c.exchange || r.Early != c.early || r.Replace != c.replace {
			t.Errorf("%s, %d days, %v: %+v", c.policy, c.age, c.repairs, r)
		}
		if len(r.Why) == 0 || r.Version.IsZero() || r.Unsure {
			t.Errorf("%s, %d days: %+v", c.policy, c.age, r)
		}
	}
}

func TestRemediesOfAUnitOfUnknownAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r, err := RemediesFor(w, w.unit, "", w.now); err != nil || !r.Unsure || r.Exchange {
		t.Errorf("%+v, %v", r, err)
	}
}

// A job that took two visits, or two people, is one repair; what was repaired under the row of a duplicate counts too.
func TestARepairIsAJob(t *testing.T) {
	t.Parallel()
	w := assigned(t).as(record.ID{}).sold(today - 90)
	w.choose(PolicyReturn, "computer")
	repaired := func(unit, job record.ID, want bool) {
		t.Helper()
		w.pass(1)
		w.id(AddServiceRecord(w, ServiceRecordInput{Unit: unit, Job: job, Summary: "repaired", FaultCode: "leak"}))
		w.pass(1)
		if r, err := RemediesFor(w, w.unit, "leak", w.now); err != nil || r.Replace != want {
			t.Errorf("%+v, %v", r, err)
		}
	}
	repaired(w.unit, w.job, false)
	repaired(w.unit, w.job, false)
	twin := w.twin()
	repaired(twin, record.ID{}, false)
	w.ok(Merge(w, MergeInput{"unit", w.unit, twin}))
	if r, err := RemediesFor(w, w.unit, "leak", w.now); err != nil || !r.Replace || r.Repairs != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}
