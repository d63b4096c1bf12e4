package simtest

import (
	"crypto/sha256"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// rules refuse what was done for the cause "bad". From every third change set of an author that begins with a job a
// remark of the hub's own follows, in the job's bucket.
type rules struct{}

// Review implements judge.Rules.
func (rules) Review(_ judge.Rows, cs *record.ChangeSet, _ judge.Author) (judge.Decision, error) {
	if cs.Cause == "bad" {
		return judge.Decision{Refuse: fault.New("bad", "the rules of the house refuse it")}, nil
	}
	if !followed(cs) {
		return judge.Decision{}, nil
	}
	remark, err := record.NewChange(record.Insert, tableOf("comment"), remarkOn(cs), record.Values{
		"job": record.Ref(cs.Rows[0].ID), "text": record.Text("follows from " + cs.Dot.String()),
	})
	return judge.Decision{Also: []record.RowChange{remark}}, err
}

func followed(cs *record.ChangeSet) bool {
	return cs.Dot.Counter%3 == 0 && len(cs.Rows) > 0 && cs.Rows[0].Table == job.ID && cs.Amends.IsZero() && cs.Cause != "erase"
}

// isCopy reports whether the dot is that of a copy that a device had and the hub kept.
func (f *Fleet) isCopy(d clock.Dot) bool {
	e, ok := f.hub.store.state.entries.get(d)
	return ok && (e.Code == fault.Witness || e.Code == fault.WitnessUnproved)
}

// remarkOn returns the id of the remark that follows from the change set, whoever sends it how often.
func remarkOn(cs *record.ChangeSet) record.ID {
	sum := sha256.Sum256([]byte("remark on " + cs.Dot.String()))
	return record.NewID(0, [10]byte(sum[:10]))
}

// checkFollows asks that from each accepted change set what the rules say has followed, in the hub's name, and from no
// other.
func (f *Fleet) checkFollows() {
	due := map[record.ID]*judge.Entry{}
	for _, it := range f.hub.store.state.entries.items {
		e := it.value
		if cs := must(record.ParseChangeSet(e.Encoded)); e.Same.IsZero() && e.Outcome != wire.Quarantined && followed(cs) {
			due[remarkOn(cs)] = e
		}
	}
	for _, it := range f.hub.store.state.rows.items {
		creator := it.value.Meta.Created
		if it.key.Table != tableOf("comment").ID || creator.Actor.Side() != clock.SideHub {
			continue
		}
		if due[it.key.ID] == nil && !f.isCopy(creator) {
			f.fail("follows", "%s follows from nothing that was accepted", nameOf(it.key))
		}
		delete(due, it.key.ID)
	}
	for _, e := range due {
		f.fail("follows", "nothing follows from %v", e.Dot)
	}
}
