package device_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// What was written later under another incarnation names what is stamped anew, so that it is stamped anew too, behind it.
func TestWhatWasWrittenAfterAForkIsStampedAnewWhateverItsIncarnation(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	one := p.writes(text("title", "one"))
	second := actorOf(7, clock.SideDevice)
	p.welcome(wire.Welcome{Actor: second})
	two := p.writes(text("title", "two"))
	if two.Change.Dot != dot(second, 1) {
		t.Fatalf("%v", two.Change.Dot)
	}
	p.hears(one, wire.Forked, "", nil)
	third := actorOf(8, clock.SideDevice)
	p.welcome(wire.Welcome{Actor: third})
	got := p.unsent()
	if len(got) != 2 || got[0] != dot(third, 1) || got[1] != dot(third, 2) {
		t.Fatalf("sent are %v", got)
	}
	p.expectContext(p.item(got[1]), saw(dot(desk, 1), got[0]))
}

// A change set that was refused and sent again may be stamped anew together with what replaces it: that goes on naming it.
func TestWhatReplacesARefusedChangeNamesItByItsNewNumber(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	refused := p.writes(text("title", "no"))
	p.hears(refused, wire.Quarantined, fault.LateWrite, []wire.Rows{p.office(1, text("title", "a pump"))})
	resent := &device.Item{}
	p.must(p.store.Write(func(store device.Store) error {
		tx, err := device.Begin(store, p.schema, p.now, record.Salt{1})
		if err != nil {
			return err
		}
		if err := tx.Update(table("job"), p.job.ID, text("title", "yes")); err != nil {
			return err
		}
		resent, err = tx.CommitAmended("resend", refused.Change.Dot)
		return err
	}))
	p.welcome(wire.Welcome{Epoch: 1})
	p.hears(refused, wire.Forked, "", nil)
	fresh := actorOf(7, clock.SideDevice)
	p.welcome(wire.Welcome{Epoch: 1, Actor: fresh})
	again := p.item(dot(fresh, 2))
	if again == nil || again.N != resent.N || again.Change.Amends != dot(fresh, 1) {
		t.Errorf("%+v", again)
	}
}

func (p *phone) witnesses() (rows []*record.Row) {
	p.tx(func(tx device.Store) error {
		kept, err := tx.Witnesses(false, 0, 10)
		for _, w := range kept {
			rows = append(rows, w.Row)
		}
		return err
	})
	return rows
}

// Of a row with pending changes what the hub had of it is kept for a restored hub, and not what the phone shows.
func TestUnderPendingChangesTheHubsRowIsWhatIsOffered(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	p.writes(text("title", "mine"))
	p.welcome(wire.Welcome{Epoch: 1})
	if kept := p.witnesses(); len(kept) != 1 || kept[0].Key() != p.job || kept[0].Get("title").Text() != "a pump" {
		t.Errorf("%+v", kept)
	}
}

// The hub answers before it has sent a page: the row is as its author made it all the same.
func TestARowThatARestoredHubMakesAgainAtOnceIsAsItsAuthorMadeIt(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	in := record.Values{"job": record.Ref(p.job.ID)}
	task, made := p.inserts("task", in)
	more := record.Values{"job": record.Ref(p.job.ID), "text": record.Text("of the office, and lost")}
	p.hears(made, wire.Applied, "", nil)
	p.seq++
	p.takes(p.brings(p.hubRow(task, saw(made.Change.Dot, dot(desk, 7)), more)))
	p.welcome(wire.Welcome{Epoch: 1})
	p.hears(made, wire.Applied, "", nil)
	if row := p.row(task); row == nil || !row.Get("text").IsNull() || !row.Vector.Equal(saw(made.Change.Dot)) {
		t.Errorf("%+v", row)
	}
}

// A restored hub may not know the row yet that waits to be made again: that it is nowhere to be seen takes nothing away.
func TestARowThatIsToBeMadeAgainStaysThoughTheHubHasNone(t *testing.T) {
	t.Parallel()
	p := onAJob(t)
	task, made := p.inserts("task", record.Values{"job": record.Ref(p.job.ID), "text": record.Text("weld")})
	p.hears(made, wire.Applied, "", nil)
	title := p.writes(text("title", "mine"))
	p.welcome(wire.Welcome{Epoch: 1})
	p.hears(title, wire.Merged, "", []wire.Rows{p.office(1, text("title", "a pump"))}, task)
	if row := p.row(task); row == nil || row.Get("text").Text() != "weld" {
		t.Errorf("%+v", row)
	}
}

// What a restored hub lacked for a while, under a value that waits, and has again by the same name need not be what was
// seen before: a later write on the row does not count it as seen.
func TestWhatWasAwayUnderAPendingValueWasNotSeen(t *testing.T) {
	t.Parallel()
	for name, comes := range map[string]func(p *phone, row wire.Rows){
		"on a page":      func(p *phone, row wire.Rows) { p.takes(p.brings(row)) },
		"with a verdict": func(p *phone, row wire.Rows) { p.takesVerdicts(&wire.Verdicts{At: p.seq, Rows: []wire.Rows{row}}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPhone(t)
			other := dot(actorOf(3, clock.SideDevice), 1)
			p.takes(p.enters(p.hubRow(p.job, saw(dot(desk, 1), other), text("title", "a pump"))))
			one := p.writes(text("title", "mine"))
			for _, at := range []clock.Vector{saw(dot(desk, 1)), saw(dot(desk, 1), other)} {
				p.seq++
				comes(p, p.hubRow(p.job, at, text("title", "a pump")))
			}
			p.expectContext(p.writes(text("title", "mine again")), saw(dot(desk, 1), one.Change.Dot))
		})
	}
}
