package judge_test

import (
	"slices"
	"testing"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// damaged is a store that has lost holds, or a row.
type damaged struct {
	judge.Store
	entries []*judge.Entry
	lost    func(judge.Hold) bool
	gone    record.Key
}

func (d damaged) Row(k record.Key) (*record.Row, error) {
	if k == d.gone {
		return nil, nil
	}
	return d.Store.Row(k)
}

func (d damaged) HoldsOn(b record.Bucket) ([]judge.Hold, error) {
	all, err := d.Store.HoldsOn(b)
	return slices.DeleteFunc(all, d.lost), err
}

func (d damaged) HoldsFrom(k record.Key) ([]judge.Hold, error) {
	all, err := d.Store.HoldsFrom(k)
	return slices.DeleteFunc(all, d.lost), err
}

func (d damaged) EntriesOn(k record.Key) (on []*judge.Entry, err error) {
	for _, e := range d.entries {
		cs, err := record.ParseChangeSet(e.Encoded)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(cs.Rows, func(c record.RowChange) bool { return c.Key() == k }) {
			on = append(on, e)
		}
	}
	return on, nil
}

func nothing(judge.Hold) bool { return false }

// verified returns how many holds are found that the row does not give, and how many are missed that it gives.
func (w *world) verified(root record.Key, lost func(judge.Hold) bool, gone record.Key) (groundless, missing int) {
	w.Helper()
	w.tx(func(tx judge.Store) error {
		row, err := tx.Row(root)
		if err != nil || row == nil {
			return err
		}
		g, m, err := judge.VerifyHolds(damaged{tx, w.hub.Entries(), lost, gone}, w.cfg.Schema, row)
		groundless, missing = len(g), len(m)
		return err
	})
	return groundless, missing
}

// misses checks that nothing is wrong, and how many holds are missed when those by the row are gone.
func (w *world) misses(what string, root record.Key, want int) {
	w.Helper()
	if groundless, missing := w.verified(root, nothing, record.Key{}); groundless+missing > 0 {
		w.Errorf("%s: %d holds are not given, %d are missed", what, groundless, missing)
	}
	if _, missing := w.verified(root, func(h judge.Hold) bool { return h.Root == root }, record.Key{}); missing != want {
		w.Errorf("%s: of holds that are gone %d are missed, want %d", what, missing, want)
	}
}

func TestHoldsThatAreGoneAreMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job, asset := w.tech(), w.job("a pump"), w.insert("asset", nil)
	w.update(job, ref("asset", asset))
	given := w.assign(job, a.Person)
	w.misses("given by the office", given, 2)
	w.expect(a.writes(record.Update, given, text("state", "accepted")), wire.Applied, "")
	w.misses("accepted on a phone", given, 2)
	w.update(job, ref("asset", w.insert("asset", nil)))
	w.misses("for another machine", given, 2)
	w.ends(given)
	w.misses("ended", given, 0)
}

func TestAHoldThatEndedTooSoonIsMissed(t *testing.T) {
	t.Parallel()
	y := newWorkshop(t)
	a, b := y.keeper(), y.keeper()
	machine := y.has("thing", nil)
	loan := y.has("loan", record.Values{"to": record.Ref(a.Person), "thing": record.Ref(machine.ID)})
	given := a.sends(a.knows(y.head(), y.says(record.Update, machine, to("keeper", b.Person)))).Seq
	y.has("person", nil)
	for until, want := range map[uint64]int{given: 1, given + 1: 1} {
		y.tx(func(tx judge.Store) error {
			return tx.PutHold(judge.Hold{
				Person: b.Person, Bucket: record.Bucket{Kind: 2, ID: machine.ID}, Root: machine, Right: "work", Since: given, Until: until,
			})
		})
		// That a, who gave it on, held it is not known any more.
		if _, missing := y.verified(machine, func(h judge.Hold) bool { return h.Root == loan }, record.Key{}); missing != want {
			t.Errorf("ended at %d of %d: %d are missed", until, given, missing)
		}
	}
}

// Of what a phone's change gives it is not known afterwards whether it was its author's to give, unless it was.
func TestOfWhatPhonesGaveIsMissedWhatWasTheirs(t *testing.T) {
	t.Parallel()
	y := newWorkshop(t)
	a, b := y.keeper(), y.keeper()
	machine := y.has("thing", nil)
	loan := y.has("loan", record.Values{"to": record.Ref(a.Person), "thing": record.Ref(machine.ID)})
	if r := a.sends(a.knows(y.head(), y.says(record.Update, machine, to("keeper", b.Person)))); r.Code != "" {
		t.Fatal(r.Code, r.Message)
	}
	y.misses("lent", loan, 1)
	y.misses("given on by who had it", machine, 1)

	z := newYard(t)
	c := z.keeper()
	place := z.has("place", to("keeper", c.Person))
	thing := z.has("thing", to("place", place.ID))
	k := z.head()
	z.office(z.says(record.Update, place, record.Values{"keeper": record.Null}))
	lent := z.key("loan")
	z.expect(c.sends(c.knows(k, z.says(record.Insert, lent, record.Values{"thing": record.Ref(thing.ID), "to": record.Ref(c.Person)}))), wire.Merged, "")
	z.passes(2 * month)
	z.must(z.batch(func(b *judge.Batch) error { _, err := b.EndLate(); return err }))
	if z.holdsOn(c.Person, thing) {
		t.Fatal("the grace is not over")
	}
	z.misses("ended with the grace", lent, 0)
}

// What a row that was deleted and forgotten led to stays held: that is no damage.
func TestAPathThatIsForgottenIsNoDamage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	w.update(job, record.Values{"asset": record.Ref(w.insert("asset", nil).ID)})
	given := w.assign(job, a.Person)
	if groundless, missing := w.verified(given, nothing, job); groundless+missing > 0 {
		t.Errorf("%d are not given, %d are missed", groundless, missing)
	}
	if groundless, _ := w.verified(given, nothing, record.Key{}); groundless > 0 {
		t.Errorf("%d are not given", groundless)
	}
	w.tx(func(tx judge.Store) error {
		return tx.PutHold(judge.Hold{Person: a.Person, Bucket: bucketOf(simtest.CustomerBucket, job), Root: given, Right: "work", Since: 1, Until: judge.Forever})
	})
	if groundless, _ := w.verified(given, nothing, record.Key{}); groundless != 1 {
		t.Errorf("%d are not given, and one was smuggled in", groundless)
	}
}
