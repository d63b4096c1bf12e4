package device_test

import (
	"testing"

	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

func TestAfterAppliedTheRowIsAsItsAuthorMadeIt(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	p.hears(item, wire.Applied, "", nil)
	p.expectState(item, device.Accepted)
	row := p.row(p.job)
	if row.Get("title").Text() != "mine" || row.Seq != p.seq || !row.Vector.Equal(saw(dot(desk, 1), item.Change.Dot)) {
		t.Errorf("%+v", row)
	}
	if p.base(p.job) != nil || p.taken.Judged != 1 {
		t.Errorf("beside it is kept %+v, judged %d", p.base(p.job), p.taken.Judged)
	}
}

func TestAfterAppliedAnInsertedRowIsTheHubs(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	key, item := p.inserts("task", record.Values{"job": record.Ref(p.job.ID), "text": record.Text("filter")})
	p.hears(item, wire.Applied, "", nil)
	if row := p.row(key); row == nil || !row.Vector.Equal(saw(item.Change.Dot)) || row.Seq != p.seq {
		t.Errorf("%+v", row)
	}
}

func TestAfterMergedTheHubsRowIsShown(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	p.hears(item, wire.Merged, "", []wire.Rows{p.office(2, text("title", "theirs"))})
	p.expectTitle("theirs")
	p.expectState(item, device.Accepted)
}

func TestWhatStillWaitsLiesOnTopOfWhatWasJudged(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	one, two := p.writes(text("title", "one")), p.writes(text("title", "two"))
	p.hears(one, wire.Merged, "", []wire.Rows{p.office(2, text("title", "theirs"))})
	p.expectTitle("two")
	if base := p.base(p.job); base == nil || base.Row.Get("title").Text() != "theirs" {
		t.Errorf("beside it is kept %+v", base)
	}
	p.hears(two, wire.Applied, "", nil)
	p.expectTitle("two")
}

func TestAVerdictThatComesTwiceLeavesTheRowWhereItIsByThen(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	p.hears(item, wire.Applied, "", nil)
	heard := &wire.Verdicts{Actor: p.actor, Verdicts: []wire.Verdict{
		{Counter: 1, Count: 1, Hash: item.Hash, Outcome: wire.Applied, Seq: p.seq},
	}}
	p.takes(p.brings(p.hubRow(p.job, saw(dot(desk, 2), item.Change.Dot), text("title", "theirs"))))
	before := p.row(p.job)
	p.takesVerdicts(heard)
	if row := p.row(p.job); row.Seq != before.Seq || !row.Vector.Equal(before.Vector) {
		t.Errorf("the row is %+v, and was %+v", row, before)
	}
	p.writes(text("title", "mine again"))
	p.takesVerdicts(heard)
	if base := p.base(p.job); base == nil || base.Row.Get("title").Text() != "theirs" {
		t.Errorf("beside it is kept %+v", base)
	}
}

// What was refused is shown no more, and kept for its author to read, change and send again.
func TestARefusedChangeIsKeptAndNotShown(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	p.hears(item, wire.Quarantined, fault.LateWrite, []wire.Rows{p.office(2, text("title", "a pump"))})
	p.expectTitle("a pump")
	p.expectState(item, device.Refused)
	if got := p.item(item.Change.Dot); got.Code != fault.LateWrite || len(got.Encoded) == 0 {
		t.Errorf("%+v", got)
	}
}

func TestARefusedInsertIsShownNoMore(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	key, item := p.inserts("task", record.Values{"job": record.Ref(p.job.ID)})
	later := p.does(func(tx *device.Tx) error { return tx.Update(table("task"), key.ID, text("text", "more")) })
	p.hears(item, wire.Quarantined, fault.NotAllowed, nil, key)
	p.expectGone(key) // a part of a row is none
	p.hears(later, wire.Quarantined, fault.DependsOn, nil, key)
	p.expectGone(key)
}

// What was merged into a row that is gone is not told. It stays away until the hub brings it whole, though more that is accepted
// was pending on it, and though the page that takes its bucket is still on its way: what its user wrote next would say to
// have seen values that he was not shown.
func TestARowThatIsGoneStaysAwayUntilTheHubBringsItWhole(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	one, two, three := p.writes(text("title", "mine")), p.writes(text("finding", "worn")), p.writes(text("finding", "worn out"))
	p.hears(one, wire.Merged, "", nil, p.job)
	p.expectGone(p.job)
	p.hears(two, wire.Applied, "", nil)
	p.expectGone(p.job)
	p.takes(p.enters(p.office(6, record.Values{"title": record.Text("mine"), "finding": record.Text("worn")})))
	p.expectTitle("mine")
	p.hears(three, wire.Applied, "", nil)
	if row := p.row(p.job); row == nil || row.Get("finding").Text() != "worn out" || row.Get("title").Text() != "mine" {
		t.Errorf("%+v", row)
	}
}

func TestAVerdictOfAnotherChangeSetChangesNothing(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	forged := *item
	forged.Hash[0]++
	p.hears(&forged, wire.Applied, "", nil)
	p.expectState(item, device.Pending)
	if p.taken.Judged != 0 {
		t.Error("it counts as judged")
	}
}

func TestARunOfVerdictsIsTakenAsAWhole(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	one, two := p.writes(text("title", "one")), p.writes(text("title", "two"))
	run := wire.Verdict{Counter: 1, Count: 2, Hash: wire.RunHash(one.Hash, two.Hash), Outcome: wire.Applied, Seq: 7}
	longer := run
	longer.Count = 3
	p.takesVerdicts(&wire.Verdicts{Actor: p.actor, Verdicts: []wire.Verdict{longer}})
	p.expectState(one, device.Pending)
	p.takesVerdicts(&wire.Verdicts{Actor: p.actor, Verdicts: []wire.Verdict{run}})
	for i, item := range []*device.Item{one, two} {
		if got := p.item(item.Change.Dot); got.State != device.Accepted || got.Seq != uint64(7+i) {
			t.Errorf("%+v", got)
		}
	}
}

func TestARefusedChangeIsSentAgainOnce(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	refused := p.writes(text("title", "mine"))
	p.hears(refused, wire.Quarantined, fault.LateWrite, nil)
	amends := func() (item *device.Item, err error) {
		err = p.store.Write(func(store device.Store) error {
			tx, err := device.Begin(store, p.schema, p.now, record.Salt{1})
			p.must(err)
			p.must(tx.Update(table("job"), p.job.ID, text("title", "amended")))
			item, err = tx.CommitAmended("again", refused.Change.Dot)
			return err
		})
		return item, err
	}
	again, err := amends()
	p.must(err)
	if again.Change.Amends != refused.Change.Dot {
		t.Errorf("it names %v", again.Change.Amends)
	}
	p.expectState(refused, device.Closed)
	p.expectTitle("amended")
	_, err = amends()
	p.expectCode(err, fault.Closed)
}

func TestARefusedChangeIsGivenUpOnce(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	dismiss := func() error {
		return p.replica(func(r *device.Replica) error { return r.Dismiss(item.Change.Dot) })
	}
	p.expectCode(dismiss(), fault.Closed)
	p.hears(item, wire.Quarantined, fault.LateWrite, nil)
	p.must(dismiss())
	p.expectState(item, device.Closed)
	p.expectCode(dismiss(), fault.Closed)
}

func TestTheOfficesDecisionClosesWhatWasRefused(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	p.hears(item, wire.Quarantined, fault.LateWrite, nil)
	p.hears(item, wire.Released, fault.LateWrite, []wire.Rows{p.office(2, text("title", "mine"))})
	p.expectState(item, device.Closed)
	if got := p.item(item.Change.Dot); got.Prior.Outcome != wire.Quarantined {
		t.Errorf("%+v: after a restore it has to be refused again", got.Prior)
	}
	p.expectTitle("mine")
}

func TestARowThatIsGoneByAVerdictGoes(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	item := p.writes(text("title", "mine"))
	p.hears(item, wire.Merged, "", nil, p.job)
	p.expectGone(p.job)
}

func TestAHubThatExpectsAnEarlierChangeSetIsSentIt(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	one, two := p.writes(text("title", "one")), p.writes(text("title", "two"))
	p.hears(one, wire.Applied, "", nil)
	gap := func(expects uint64) {
		p.takesVerdicts(&wire.Verdicts{Actor: p.actor, Verdicts: []wire.Verdict{{
			Counter: 2, Count: 1, Outcome: wire.Gap, Seq: expects,
		}}})
	}
	gap(1)
	if !p.taken.Resend || p.taken.Forked {
		t.Errorf("%+v", p.taken)
	}
	p.expectState(one, device.Pending)
	p.expectState(two, device.Pending)
	p.expectTitle("two")
}

func TestWhatTheHubWaitsForInVainIsNumberedAnew(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	one, two := p.writes(text("title", "one")), p.writes(text("title", "two"))
	p.hears(one, wire.Applied, "", nil)
	p.tx(func(tx device.Store) error { return tx.Forget(p.seq) })
	p.takesVerdicts(&wire.Verdicts{Actor: p.actor, Verdicts: []wire.Verdict{{
		Counter: 2, Count: 1, Outcome: wire.Gap, Seq: 1,
	}}})
	if !p.taken.Forked || p.identity().Actor != device.Provisional {
		t.Errorf("%+v", p.taken)
	}
	if p.item(two.Change.Dot) != nil {
		t.Error("it still has the old number")
	}
	if items := p.store.Items(); len(items) != 1 || items[0].Change.Origin.RID != record.ID(two.Hash) {
		t.Errorf("%+v", items)
	}
}
