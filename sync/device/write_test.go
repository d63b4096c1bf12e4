package device_test

import (
	"slices"
	"testing"

	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// What an author had seen is the hub's row and his own waiting changes; what came in under a waiting value is not.
func TestAWriteCarriesWhatItsAuthorSaw(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	one := p.writes(text("title", "one"))
	p.expectContext(one, saw(dot(desk, 1)))
	p.takes(p.brings(p.office(2, text("title", "by the office"))))
	two := p.writes(text("finding", "two"))
	p.expectContext(two, saw(dot(desk, 1), one.Change.Dot))
	p.hears(one, wire.Merged, "", []wire.Rows{p.hubRow(p.job, saw(dot(desk, 2), one.Change.Dot), nil)})
	three := p.writes(text("finding", "three")) // something waits still
	p.expectContext(three, saw(dot(desk, 1), two.Change.Dot))
	for _, item := range []*device.Item{two, three} {
		p.hears(item, wire.Merged, "", []wire.Rows{p.hubRow(p.job, saw(dot(desk, 2), three.Change.Dot), nil)})
	}
	p.expectContext(p.writes(text("finding", "four")), saw(dot(desk, 2), three.Change.Dot))
}

func TestAnInsertHasSeenNothing(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	key, item := p.inserts("task", record.Values{"job": record.Ref(p.job.ID)})
	p.expectContext(item, saw())
	next := p.does(func(tx *device.Tx) error { return tx.Update(table("task"), key.ID, text("text", "more")) })
	p.expectContext(next, saw(item.Change.Dot))
	if base := p.base(key); base == nil || base.Row != nil {
		t.Errorf("beside the row is kept %+v", base)
	}
}

func TestWritesOfOneTransactionAreOneChange(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.does(func(tx *device.Tx) error {
		p.must(tx.Update(table("job"), p.job.ID, text("title", "first thought")))
		p.must(tx.Update(table("job"), p.job.ID, text("finding", "a leak")))
		return tx.Update(table("job"), p.job.ID, text("title", "second thought"))
	})
	if len(item.Change.Rows) != 1 || len(item.Change.Rows[0].Cells) != 2 {
		t.Errorf("%+v", item.Change.Rows)
	}
	p.expectTitle("second thought")
}

func TestChangeSetsAreNumberedAndChained(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.tx(func(tx device.Store) error {
		id, err := tx.Identity()
		p.must(err)
		id.Offset, id.Epoch = 250, 7
		return tx.PutIdentity(id)
	})
	one, two := p.writes(text("title", "one")), p.writes(text("title", "two"))
	if one.Change.Dot != dot(p.actor, 1) || two.Change.Dot != dot(p.actor, 2) || two.N != one.N+1 {
		t.Errorf("%v, %v", one.Change.Dot, two.Change.Dot)
	}
	if two.Change.Stamp <= one.Change.Stamp {
		t.Error("the stamps do not rise")
	}
	if cs := one.Change; cs.K != p.seq || cs.Epoch != 7 || cs.Offset != 250 {
		t.Errorf("K %d, epoch %d, offset %d", cs.K, cs.Epoch, cs.Offset)
	}
	if want := record.Chain(one.Chain, two.Hash); two.Chain != want || p.identity().Chain != want {
		t.Error("the chain does not name both")
	}
}

func TestATransactionThatWroteNothingLeavesNothing(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	if item := p.does(func(*device.Tx) error { return nil }); item != nil || p.identity().Counter != 0 {
		t.Errorf("%+v", item)
	}
}

func TestNobodyWritesBeforeHeIsEnrolled(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.store = simtest.NewMemDevice(simtest.Schema)
	_, err := p.doing(func(*device.Tx) error { return nil })
	if err != device.ErrNotEnrolled {
		t.Error(err)
	}
	if err := p.replica(func(*device.Replica) error { return nil }); err != device.ErrNotEnrolled {
		t.Error(err)
	}
}

// A clock that ran ahead for one write and was put right is believed again: the times of all later work would be what it had
// said, until that day has come. Small steps back are no reason for times that fall.
func TestTimesFollowAClockThatWasPutRight(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.welcome(wire.Welcome{Now: p.now - 5_000})
	var times []int64
	right := p.now
	for _, clock := range []int64{right, right + 30_000, right + 20_000, right + 365*24*3_600_000, right + 60_000} {
		p.now = clock
		before := p.identity().Stamp
		item := p.does(func(tx *device.Tx) error {
			times = append(times, tx.Now()-right+5_000)
			return tx.Update(table("job"), p.job.ID, text("title", "later"))
		})
		if item.Change.Stamp <= before {
			t.Errorf("the stamp %v comes after %v", item.Change.Stamp, before)
		}
	}
	if want := []int64{0, 30_000, 30_000, 365 * 24 * 3_600_000, 60_000}; !slices.Equal(times, want) {
		t.Errorf("%v, want %v", times, want)
	}
}

func TestTooMuchAtOnceIsRefusedOnThePhone(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	_, err := p.doing(func(tx *device.Tx) error {
		for range record.MaxRows + 1 {
			p.must(tx.Insert(table("task"), p.make.ID(), record.Values{"job": record.Ref(p.job.ID)}))
		}
		return nil
	})
	p.expectCode(err, fault.TooLarge)
	if len(p.store.Items()) > 0 || p.identity().Counter != 0 {
		t.Error("something was kept")
	}
}

// Columns that a new version of the app shows were passed over by the last: whoever writes has not seen them.
func TestAfterAnUpdateOfTheAppNothingWasSeenUntilItComesAgain(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	newer := *simtest.Schema
	newer.Version++
	p.schema = &newer
	one := p.writes(text("title", "one"))
	p.expectContext(one, saw())
	p.hears(one, wire.Merged, "", []wire.Rows{p.hubRow(p.job, saw(dot(desk, 1), one.Change.Dot), nil)})
	p.welcome(wire.Welcome{Now: p.now})
	if id := p.identity(); id.Cursors != [schema.Classes]uint64{} || id.Schema != newer.Version {
		t.Errorf("%+v, want everything fetched anew", id)
	}
	p.expectContext(p.writes(text("title", "two")), saw())
}
