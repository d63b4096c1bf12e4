package judge_test

import (
	"slices"
	"testing"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// crew is a group of people; assignCrew gives it a job.
func (w *world) assignCrew(job record.Key) (crew record.Key) {
	w.Helper()
	crew = w.insert("crew", text("name", "pumps"))
	w.insert("assignment", record.Values{
		"job": record.Ref(job.ID), "crew": record.Ref(crew.ID), "state": record.Text("offered"),
	})
	return crew
}

func (w *world) member(crew record.Key, person record.ID) record.Key {
	w.Helper()
	return w.insert("member", record.Values{"crew": record.Ref(crew.ID), "person": record.Ref(person)})
}

func bucketOf(kind schema.BucketKind, key record.Key) record.Bucket {
	return record.Bucket{Kind: kind, ID: key.ID}
}
func jobBucket(key record.Key) record.Bucket { return bucketOf(simtest.JobBucket, key) }

// holds returns the rights with which the person holds the bucket now.
func (w *world) holds(person record.ID, b record.Bucket) (rights []string) {
	w.tx(func(tx judge.Store) error {
		all, err := tx.HoldsOn(b)
		for _, h := range all {
			if h.Person == person && h.Open() {
				rights = append(rights, h.Right)
			}
		}
		return err
	})
	return rights
}

func (w *world) expectHolds(person record.ID, b record.Bucket, rights ...string) {
	w.Helper()
	if got := w.holds(person, b); !slices.Equal(got, rights) {
		w.Errorf("holds %v by %v, want %v", b, got, rights)
	}
}

func TestAnAssignmentGivesTheJobAndWhatBelongsToIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.tech()
	customer, asset := w.insert("customer", nil), w.insert("asset", nil)
	job := w.insert("job", record.Values{"customer": record.Ref(customer.ID), "asset": record.Ref(asset.ID)})
	given := w.assign(job, a.Person)
	around := []record.Bucket{
		jobBucket(job), bucketOf(simtest.AssetBucket, asset), bucketOf(simtest.CustomerBucket, customer),
	}
	for _, b := range around {
		w.expectHolds(a.Person, b, "work")
	}
	w.ends(given)
	for _, b := range around {
		w.expectHolds(a.Person, b)
	}
}

func TestAHoldFollowsTheColumnsOfItsGrant(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(w *world, given record.Key, b record.ID) record.RowChange
		a, b   []string
	}{
		"accepted, and held all the same": {func(w *world, given record.Key, _ record.ID) record.RowChange {
			return w.change(record.Update, given, text("state", "accepted"))
		}, []string{"work"}, nil},
		"given to another": {func(w *world, given record.Key, b record.ID) record.RowChange {
			return w.change(record.Update, given, record.Values{"person": record.Ref(b)})
		}, nil, []string{"work"}},
		"given to nobody": {func(w *world, given record.Key, _ record.ID) record.RowChange {
			return w.change(record.Update, given, record.Values{"person": record.Null})
		}, nil, nil},
		"deleted": {func(w *world, given record.Key, _ record.ID) record.RowChange {
			return w.change(record.Delete, given, nil)
		}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a, b, job := w.tech(), w.tech(), w.job("a pump")
			w.office(c.change(w, w.assign(job, a.Person), b.Person))
			w.expectHolds(a.Person, jobBucket(job), c.a...)
			w.expectHolds(b.Person, jobBucket(job), c.b...)
		})
	}
}

// A hold that stays is left alone: its beginning says since when the bucket is on the device.
func TestAHoldThatStaysIsNotOpenedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	given := w.assign(job, a.Person)
	since := w.head()
	w.update(given, text("state", "accepted"))
	w.tx(func(tx judge.Store) error {
		holds, err := tx.HoldsOn(jobBucket(job))
		if len(holds) != 1 || holds[0].Since != since {
			t.Errorf("%+v, want one since %d", holds, since)
		}
		return err
	})
}

func TestHoldsFollowTheMembersOfAGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, job := w.tech(), w.tech(), w.job("a pump")
	asset := w.insert("asset", nil)
	w.update(job, ref("asset", asset))
	early := w.insert("crew", nil)
	w.member(early, a.Person)
	crew := w.assignCrew(job)
	w.expectHolds(a.Person, jobBucket(job))

	joined := w.member(crew, a.Person)
	w.expectHolds(a.Person, jobBucket(job), "help")
	w.expectHolds(a.Person, bucketOf(simtest.AssetBucket, asset)) // a crew is given the job alone
	w.expectHolds(b.Person, jobBucket(job))

	w.delete(joined)
	w.expectHolds(a.Person, jobBucket(job))
}

func TestTheLeadWhoIsInTheCrewHoldsAsTheLead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	crew := w.insert("crew", nil)
	w.member(crew, a.Person)
	w.insert("assignment", record.Values{
		"job": record.Ref(job.ID), "state": record.Text("offered"),
		"person": record.Ref(a.Person), "crew": record.Ref(crew.ID),
	})
	w.expectHolds(a.Person, jobBucket(job), "work")
}

func TestHoldsFollowThePathThroughOtherRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	one, two := w.insert("asset", nil), w.insert("asset", nil)
	w.assign(job, a.Person)
	bucket := func(key record.Key) record.Bucket { return bucketOf(simtest.AssetBucket, key) }
	w.update(job, ref("asset", one))
	w.expectHolds(a.Person, bucket(one), "work")
	w.update(job, ref("asset", two))
	w.expectHolds(a.Person, bucket(one))
	w.expectHolds(a.Person, bucket(two), "work")
	w.update(job, record.Values{"asset": record.Null})
	w.expectHolds(a.Person, bucket(two))
	w.expectHolds(a.Person, jobBucket(job), "work")
}

func TestABucketHeldForTwoReasonsIsHeldUntilBothEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	one, two := w.assign(job, a.Person), w.assign(job, a.Person)
	w.ends(one)
	w.expectHolds(a.Person, jobBucket(job), "work")
	w.ends(two)
	w.expectHolds(a.Person, jobBucket(job))
}

// The technician's own change set may end his hold: what he accepted or gave back counts like the office's word.
func TestATechnicianWhoGivesAJobBackHoldsItNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	given := w.assign(job, a.Person)
	w.expect(a.writes(record.Update, given, text("state", "ended")), wire.Merged, "")
	w.expectHolds(a.Person, jobBucket(job))
}

func TestACommitNudgesWhoIsConcerned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	before := w.head()
	w.assign(job, a.Person)
	got := w.hub.Touched(before)
	if want := []record.Bucket{record.PersonBucket(a.Person), jobBucket(job)}; !slices.Equal(got, want) {
		t.Errorf("touched %v, want %v", got, want)
	}
}
