package device_test

import (
	"slices"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

func TestTheOffsetOfTheClockIsMeasured(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.welcome(wire.Welcome{Now: p.now - 3_600_000})
	if item := p.writes(text("title", "mine")); item.Change.Offset != -3_600_000 {
		t.Errorf("offset %d", item.Change.Offset)
	}
}

// A hub that has judged more than the device has written, or something else, hears from another copy of it.
func TestACopyThatIsNoticedTakesAnotherIncarnation(t *testing.T) {
	t.Parallel()
	other := record.Hash{1}
	for name, c := range map[string]struct {
		welcome func(first, second record.Hash) wire.Welcome // given the chain up to each of two change sets
		renew   bool
	}{
		"as far as the device":      {func(_, second record.Hash) wire.Welcome { return wire.Welcome{Known: 2, Chain: second} }, false},
		"as far, by others":         {func(_, _ record.Hash) wire.Welcome { return wire.Welcome{Known: 2, Chain: other} }, true},
		"not as far":                {func(first, _ record.Hash) wire.Welcome { return wire.Welcome{Known: 1, Chain: first} }, false},
		"not as far, and by others": {func(_, _ record.Hash) wire.Welcome { return wire.Welcome{Known: 1, Chain: other} }, true},
		"not at all":                {func(_, _ record.Hash) wire.Welcome { return wire.Welcome{} }, false},
		"further":                   {func(_, _ record.Hash) wire.Welcome { return wire.Welcome{Known: 3} }, true},
		"further, in another epoch": {func(_, _ record.Hash) wire.Welcome { return wire.Welcome{Known: 3, Epoch: 1} }, false},
		"with a new incarnation": {func(_, _ record.Hash) wire.Welcome {
			return wire.Welcome{Known: 3, Actor: actorOf(7, clock.SideDevice)}
		}, false},
	} {
		p := onAJob(t)
		first := p.writes(text("title", "mine"))
		second := p.writes(text("title", "mine again"))
		if renew := p.welcome(c.welcome(first.Chain, second.Chain)); renew != c.renew || (p.identity().Actor == device.Provisional) != c.renew {
			t.Errorf("%s: begins again: %v", name, renew)
		}
	}
}

func (p *phone) unsent() (dots []clock.Dot) {
	p.tx(func(tx device.Store) error {
		items, err := device.Unsent(tx, 0, 100)
		for _, i := range items {
			dots = append(dots, i.Change.Dot)
		}
		return err
	})
	return dots
}

func TestWhatIsWrittenUnderNoIncarnationWaitsForOne(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	old := p.writes(text("title", "old"))
	p.must(p.replica(func(r *device.Replica) error { return r.Renounce() }))
	p.must(p.replica(func(r *device.Replica) error { return r.Renounce() })) // once more changes nothing
	one, two := p.writes(text("title", "one")), p.writes(text("title", "two"))
	if got := p.unsent(); len(got) != 1 || got[0] != old.Change.Dot {
		t.Errorf("sent are %v", got)
	}
	p.tx(func(tx device.Store) error {
		h, err := device.Hello(tx, p.schema, p.now)
		if h.Actor != 0 || h.Pending != 3 || h.Oldest != old.Change.Stamp.Millis() {
			t.Errorf("%+v", h)
		}
		return err
	})
	fresh := actorOf(7, clock.SideDevice)
	p.welcome(wire.Welcome{Actor: fresh})
	want := []clock.Dot{old.Change.Dot, dot(fresh, 1), dot(fresh, 2)}
	if got := p.unsent(); len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Fatalf("sent are %v, want %v", got, want)
	}
	first, second := p.item(want[1]), p.item(want[2])
	p.expectContext(first, saw(dot(desk, 1), old.Change.Dot))
	p.expectContext(second, saw(dot(desk, 1), old.Change.Dot, first.Change.Dot))
	for i, item := range []*device.Item{one, two} {
		if again := p.item(want[i+1]); again.Change.Origin.RID != record.ID(item.Hash) || again.N != item.N {
			t.Errorf("%+v has lost its identity", again)
		}
	}
	if second.Chain != record.Chain(record.Chain(record.Hash{}, first.Hash), second.Hash) {
		t.Error("the chain does not name both")
	}
	p.expectTitle("two")
}

func TestAForkedDeviceSendsUnderNewNumbersWhatHasNoVerdict(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	one := p.writes(text("title", "one"))
	p.hears(one, wire.Applied, "", nil)
	two, three := p.writes(text("title", "two")), p.writes(text("title", "three"))
	p.hears(two, wire.Forked, "", nil)
	if !p.taken.Forked {
		t.Error("the session is not told")
	}
	fresh := actorOf(7, clock.SideDevice)
	p.welcome(wire.Welcome{Actor: fresh})
	first, second := p.item(dot(fresh, 1)), p.item(dot(fresh, 2))
	if first == nil || second == nil || first.N != two.N || second.N != three.N {
		t.Fatalf("%+v %+v", first, second)
	}
	p.expectContext(first, saw(dot(desk, 1), one.Change.Dot))
	p.expectContext(second, saw(dot(desk, 1), one.Change.Dot, first.Change.Dot))
	p.expectState(one, device.Accepted)
}

// A copy of the phone's file was made, and nobody noticed: what the copy wrote carries the number that this phone would
// use next. It must not: after a restore the two would be taken for one.
func TestAPhoneThatIsSentItsOwnNumberFromElsewhereTakesAnother(t *testing.T) {
	t.Parallel()
	for name, comes := range map[string]func(p *phone, row wire.Rows){
		"on a page":      func(p *phone, row wire.Rows) { p.takes(p.brings(row)) },
		"with a verdict": func(p *phone, row wire.Rows) { p.takesVerdicts(&wire.Verdicts{At: p.seq, Rows: []wire.Rows{row}}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := onAJob(t)
			comes(p, p.hubRow(p.job, saw(dot(desk, 1), dot(p.actor, 1)), text("title", "by the copy")))
			item := p.writes(text("title", "by me, who saw the copy's"))
			if p.identity().Actor != device.Provisional || item.Change.Dot.Actor == p.actor {
				t.Fatalf("it writes as %v", item.Change.Dot)
			}
			p.expectContext(item, saw(dot(desk, 1), dot(p.actor, 1)))
		})
	}
}

func TestAnotherDeviceOfThePersonKeepsTheWork(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.writes(text("title", "mine"))
	device2 := p.make.ID()
	p.must(p.replica(func(r *device.Replica) error { return r.Reenrol(device2) }))
	if id := p.identity(); id.Device != device2 || id.Actor != device.Provisional || len(p.unsent()) != 0 {
		t.Errorf("%+v", id)
	}
	fresh := actorOf(7, clock.SideDevice)
	p.welcome(wire.Welcome{Actor: fresh})
	if got := p.unsent(); len(got) != 1 || got[0] != dot(fresh, 1) {
		t.Errorf("sent are %v", got)
	}
	p.expectTitle("mine")
}

// It may be enrolled anew before it has met the hub again: nothing is unsent, and it has no number that could go on.
func TestADeviceMayBeEnrolledAnewTwice(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	for range 2 {
		again := p.make.ID()
		p.must(p.replica(func(r *device.Replica) error { return r.Reenrol(again) }))
		if got := p.identity().Device; got != again {
			t.Errorf("it is %v still", got)
		}
	}
}

// After a restore everything is compared, and whatever the hub had judged is sent again with the verdict it had.
func TestInANewEpochEverythingIsSentAgain(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	accepted := p.writes(text("title", "accepted"))
	p.hears(accepted, wire.Applied, "", nil)
	refused := p.writes(text("finding", "refused"))
	now := func() []wire.Rows {
		return []wire.Rows{p.hubRow(p.job, saw(accepted.Change.Dot), text("title", "accepted"))}
	}
	p.hears(refused, wire.Quarantined, fault.LateWrite, now())
	given := p.writes(text("finding", "given up"))
	p.hears(given, wire.Quarantined, fault.LateWrite, now())
	p.must(p.replica(func(r *device.Replica) error { return r.Dismiss(given.Change.Dot) }))
	p.welcome(wire.Welcome{Epoch: 1, Actor: actorOf(7, clock.SideDevice)})
	if id := p.identity(); id.Epoch != 1 || id.Cursors != [schema.Classes]uint64{} {
		t.Errorf("%+v", id)
	}
	if got := p.unsent(); len(got) != 3 {
		t.Errorf("sent are %v", got)
	}
	p.expectState(accepted, device.Pending)
	p.expectState(refused, device.Refused)
	p.expectState(given, device.Closed)
	if prior := p.item(accepted.Change.Dot).Prior; prior == nil || prior.Outcome != wire.Applied {
		t.Errorf("%+v", prior)
	}
	p.expectTitle("accepted")
	p.takes(&wire.Page{To: 2, Last: true, Enter: []record.Bucket{p.bucket()}, Rows: []wire.Rows{
		p.hubRow(p.job, saw(dot(desk, 1)), text("title", "as in the backup")),
	}})
	p.expectTitle("accepted")
	p.expectContext(p.writes(text("finding", "new")), saw(accepted.Change.Dot))
}

func TestWhatBackupsIncludeIsForgotten(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	one, two := p.writes(text("title", "one")), p.writes(text("title", "two"))
	p.hears(one, wire.Applied, "", nil)
	upTo := p.seq
	p.hears(two, wire.Applied, "", nil)
	backedUp := wire.Welcome{BackedUp: upTo, Known: 2, Chain: two.Chain}
	if p.welcome(backedUp); p.item(one.Change.Dot) == nil {
		t.Error("it forgot what says which rows are to go, before all had come")
	}
	p.everyClass()
	p.welcome(backedUp)
	if p.item(one.Change.Dot) != nil || p.item(two.Change.Dot) == nil {
		t.Error("it forgot the wrong one")
	}
}

func (p *phone) compares(at uint64, sum uint64) (differs bool) {
	p.Helper()
	sums := &wire.Sums{At: at, Sums: []wire.Sum{{Bucket: p.bucket(), Sum: sum}}}
	var differ []record.Bucket
	p.must(p.replica(func(r *device.Replica) (err error) { differ, err = r.Compare(sums); return err }))
	if differs = len(differ) > 0; differs && !slices.Equal(differ, []record.Bucket{p.bucket()}) {
		p.Errorf("%v differ", differ)
	}
	return differs
}

func TestChecksumsThatDifferMakeTheDeviceFetchAnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(p *phone)
		wrong   uint64
		differs bool
	}{
		"equal":                 {func(*phone) {}, 0, false},
		"different":             {func(*phone) {}, 1, true},
		"something is pending":  {func(p *phone) { p.writes(text("title", "mine")) }, 1, false},
		"the hub is ahead":      {func(p *phone) { p.seq++ }, 1, false},
		"a value has rotted":    {func(p *phone) { p.rots(p.job, text("title", "another")) }, 0, true},
		"a deleted row is none": {func(p *phone) { p.deletesATask() }, 0, false},
	} {
		p := onAJob(t)
		p.everyClass()
		sum := wire.RowSum(p.row(p.job), simtest.Schema.Version)
		c.prepare(p)
		if got := p.compares(p.seq, sum+c.wrong); got != c.differs {
			t.Errorf("%s: differs: %v", name, got)
		}
		if anew := p.identity().Cursors == [schema.Classes]uint64{}; anew != c.differs {
			t.Errorf("%s: fetches anew: %v", name, anew)
		}
	}
}

// everyClass brings the cursors of all classes to the hub's head.
func (p *phone) everyClass() {
	for class := range schema.Class(schema.Classes) {
		p.takes(&wire.Page{Class: class, From: p.identity().Cursors[class], To: p.seq, Last: true})
	}
}

// rots changes values of a row in the store, as a fault of the disk does.
func (p *phone) rots(key record.Key, values record.Values) {
	p.tx(func(tx device.Store) error {
		row, err := tx.Row(key)
		if err != nil {
			return err
		}
		for column, value := range values {
			row.Cols[row.Table.Column(column)] = value
		}
		return tx.PutRow(row)
	})
}

func (p *phone) deletesATask() {
	p.seq++
	rows := p.hubRow(p.key("task"), saw(dot(desk, 2)), record.Values{"job": record.Ref(p.job.ID)})
	rows.Rows[0].Deleted = true
	p.takes(p.brings(rows))
	p.everyClass()
}

// The version of an app that has learned columns asks for everything anew.
func TestAHelloSaysWhatTheDeviceHas(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	hello := func() (h wire.Hello) {
		p.tx(func(tx device.Store) (err error) { h, err = device.Hello(tx, p.schema, p.now); return err })
		return h
	}
	if h := hello(); h.Cursors[0] != p.seq || h.Actor != p.actor || h.Pending != 0 || h.Oldest != 0 || h.Now != p.now {
		t.Errorf("%+v", h)
	}
	newer := *p.schema
	newer.Version++
	p.schema = &newer
	if h := hello(); h.Cursors != [schema.Classes]uint64{} || h.Schema != newer.Version {
		t.Errorf("%+v", h)
	}
}

// A damaged file may give back what waits, and not who wrote it. The person's device takes it on, behind no number twice.
func TestAReplicaThatForgotWhoItIsKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.hears(p.writes(text("title", "accepted")), wire.Applied, "", nil)
	p.writes(text("title", "mine"))
	was := p.identity()
	p.tx(func(tx device.Store) error { return device.Found(tx, simtest.Schema, p.make.ID(), was.Person) })
	next := p.writes(text("finding", "a leak"))
	if id := p.identity(); id.Person != was.Person || id.Queue != was.Queue+1 || next.N != was.Queue+1 {
		t.Errorf("%+v, and wrote as number %d", id, next.N)
	}
	fresh := actorOf(7, clock.SideDevice)
	p.welcome(wire.Welcome{Actor: fresh})
	if got := p.unsent(); len(got) != 2 || got[0] != dot(fresh, 1) || got[1] != dot(fresh, 2) {
		t.Errorf("sent are %v", got)
	}
	p.expectTitle("mine")
}

// What is done between the enrolment and the first contact has names, if the enrolment came with an incarnation; the first
// Welcome changes nothing of them. Where the hub's history has to be compared first, nothing is numbered before.
func TestWorkBeforeTheFirstContactHasNames(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	again := p.make.ID()
	p.must(p.replica(func(r *device.Replica) error { return r.Reenrol(again) }))
	elsewhere, err := clock.NewActor(p.identity().Epoch+1, 9, clock.SideDevice)
	p.must(err)
	for _, a := range []clock.Actor{0, elsewhere} {
		p.must(p.replica(func(r *device.Replica) error { return r.Number(a) }))
		if id := p.identity(); id.Actor != device.Provisional {
			t.Fatalf("%v: %+v", a, id)
		}
	}
	p.writes(text("title", "mine"))
	fresh, err := clock.NewActor(p.identity().Epoch, 9, clock.SideDevice)
	p.must(err)
	p.must(p.replica(func(r *device.Replica) error { return r.Number(fresh) }))
	if got := p.unsent(); len(got) != 1 || got[0] != dot(fresh, 1) {
		t.Errorf("sent are %v", got)
	}
	p.must(p.replica(func(r *device.Replica) error { return r.Number(elsewhere) })) // once is enough
	if id := p.identity(); id.Actor != fresh || id.Counter != 1 {
		t.Errorf("%+v", id)
	}
}

// The hub had made the row and more was written to it, when it was restored to before all that, and again.
func TestARowThatARestoredHubMakesAgainIsAsItsAuthorMadeIt(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	in := record.Values{"job": record.Ref(p.job.ID)}
	task, made := p.inserts("task", in)
	more := record.Values{"job": record.Ref(p.job.ID), "text": record.Text("of the office, and lost")}
	p.takes(p.brings(p.hubRow(task, saw(made.Change.Dot, dot(desk, 7)), more)))
	p.welcome(wire.Welcome{Epoch: 1})
	p.takes(p.enters(p.office(1, text("title", "a pump"))))
	p.hears(made, wire.Applied, "", nil)
	if row := p.row(task); row == nil || !row.Get("text").IsNull() || !row.Vector.Equal(saw(made.Change.Dot)) {
		t.Errorf("%+v", row)
	}
}

// A change that the hub took in under the number of an earlier incarnation is sent again after a restore, and so is what its author
// wrote over it since: where the hub has the later one, the earlier does not come to light again.
func TestWhatWasWrittenOverIsNotShownAgainAfterARestore(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	first := p.writes(text("title", "first")).Change.Dot
	again := p.make.ID()
	p.must(p.replica(func(r *device.Replica) error { return r.Reenrol(again) }))
	fresh := actorOf(7, clock.SideDevice)
	p.welcome(wire.Welcome{Actor: fresh})
	took := func() []wire.Rows {
		return []wire.Rows{p.hubRow(p.job, saw(dot(desk, 1), first), text("title", "first"))}
	}
	p.hears(p.item(dot(fresh, 1)), wire.Merged, "", took())
	p.must(p.replica(func(r *device.Replica) error { return r.Reenrol(p.make.ID()) }))
	p.welcome(wire.Welcome{Actor: actorOf(8, clock.SideDevice)})
	second := p.writes(text("title", "second"))
	p.hears(second, wire.Applied, "", nil)

	p.welcome(wire.Welcome{Epoch: 1, Actor: actorOf(9, clock.SideDevice)})
	p.takes(p.enters(p.hubRow(p.job, saw(dot(desk, 1), first, second.Change.Dot), text("title", "second"))))
	if len(p.unsent()) != 2 {
		t.Errorf("sent again are %v", p.unsent())
	}
	p.expectTitle("second")
}

// A row that came with a verdict, before the page that brings its bucket, is kept for the office too where a restored hub may have
// lost it.
func TestARowWhoseBucketHasYetToComeIsKeptForTheOffice(t *testing.T) {
	t.Parallel()
	for _, outcome := range []wire.Outcome{wire.Merged, wire.Quarantined} {
		p := onAJob(t)
		item := p.writes(text("title", "mine"))
		p.takes(p.leaves(p.bucket()))
		p.hears(item, outcome, "", []wire.Rows{p.hubRow(p.job, saw(dot(desk, 1), dot(desk, 2)), text("title", "the office's"))})
		p.expectTitle("the office's")
		p.welcome(wire.Welcome{Epoch: 1, Actor: actorOf(9, clock.SideDevice)})
		if kept := p.witnesses(); len(kept) != 1 || kept[0].Get("title").Text() != "the office's" {
			t.Errorf("%v: kept are %+v", outcome, kept)
		}
	}
}
