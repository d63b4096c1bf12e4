package simtest

import (
	"slices"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// checkHolds asks that what people hold is what rows give, as far as that can be told afterwards; and counts of how many holds
// it would be missed if they were gone.
func (f *Fleet) checkHolds() {
	past := pastOf(f.hub.store.state)
	for _, it := range past.rows.items {
		groundless, missing, err := judge.VerifyHolds(past, Schema, it.value)
		if err != nil || len(groundless) > 0 || len(missing) > 0 {
			f.fail("holds", "%v does not give %v, and gives %v: %v", it.key, groundless, missing, err)
		}
		for _, h := range must(past.HoldsFrom(it.key)) {
			_, missing, err := judge.VerifyHolds(without{past, h}, Schema, it.value)
			f.meetsIf(err == nil && len(missing) > 0, "a hold that is gone is missed")
			f.meetsIf(err == nil && len(missing) == 0, "a hold that is gone is not missed")
		}
	}
}

// past is the hub's storage with its history by rows.
type past struct {
	*hubState
	on map[record.Key][]*judge.Entry
}

func pastOf(s *hubState) past {
	p := past{s, map[record.Key][]*judge.Entry{}}
	for _, it := range s.entries.items {
		cs := must(record.ParseChangeSet(it.value.Encoded))
		for i := range cs.Rows {
			k := cs.Rows[i].Key()
			p.on[k] = append(p.on[k], it.value)
		}
	}
	return p
}

func (p past) EntriesOn(k record.Key) ([]*judge.Entry, error) { return p.on[k], nil }

// without is the past as it would be without the hold.
type without struct {
	past
	hold judge.Hold
}

func (w without) HoldsFrom(k record.Key) ([]judge.Hold, error) {
	return w.less(w.past.HoldsFrom(k))
}

func (w without) HoldsOn(b record.Bucket) ([]judge.Hold, error) {
	return w.less(w.past.HoldsOn(b))
}

func (w without) less(holds []judge.Hold, err error) ([]judge.Hold, error) {
	return slices.DeleteFunc(holds, func(h judge.Hold) bool { return h == w.hold }), err
}
