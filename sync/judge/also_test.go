package judge_test

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// following lets the change follow from whatever is written.
func following(changes ...record.RowChange) judge.Rules {
	return ruling(func(judge.Rows, *record.ChangeSet, judge.Author) (judge.Decision, error) {
		return judge.Decision{Also: changes}, nil
	})
}

// remark is a comment on the job, of the hub's own.
func (w *world) remark(key, job record.Key, said string) record.RowChange {
	w.Helper()
	return w.change(record.Insert, key, record.Values{"job": record.Ref(job.ID), "text": record.Text(said)})
}

// What follows from a change set is written in the hub's name, is fed to whoever holds it, and leaves the verdict alone.
func TestWhatFollowsLeavesTheVerdictAlone(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	a.cfg.Own = a.enrol(record.ID{}, record.ID{}, clock.SideHub)
	remark := a.fresh("comment")
	a.cfg.Rules = following(a.remark(remark, job, "noted"))
	r := a.writes(record.Update, job, text("title", "changed"))
	a.expect(r, wire.Applied, "")
	if len(r.Return) != 0 || len(r.Written) != 1 || a.head() != r.Seq+1 {
		t.Errorf("%+v at %d: the author is told of more than he wrote", r, a.head())
	}
	row := a.row(remark)
	if row == nil || row.Meta.Created != (clock.Dot{Actor: a.cfg.Own, Counter: 1}) || row.Seq != r.Seq+1 {
		t.Fatalf("what followed is %+v", row)
	}
	if e := a.entry(row.Meta.Created); e == nil || e.Outcome != wire.Applied || e.Seq != r.Seq+1 {
		t.Errorf("the ledger has %+v", e)
	}
	a.must(a.hub.Read(func(tx judge.Reader) error {
		page, _, err := judge.NextPage(tx, a.cfg.Schema, judge.Want{Person: a.Person, From: r.Seq})
		if err == nil && (len(page.Rows) != 1 || page.Rows[0].Rows[0].ID != remark.ID) {
			t.Errorf("the holder's page is %+v", page.Rows)
		}
		return err
	}))
}

// What follows twice, as when the same is done again, is written once; and the office's changes are followed as well.
func TestWhatFollowsTwiceIsWrittenOnce(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	a.cfg.Own = a.enrol(record.ID{}, record.ID{}, clock.SideHub)
	remark := a.fresh("comment")
	a.cfg.Rules = following(a.remark(remark, job, "noted"))
	a.office(a.change(record.Update, job, text("title", "by the office")))
	born := a.row(remark)
	a.expect(a.writes(record.Update, job, text("title", "by the technician")), wire.Applied, "")
	if again := a.row(remark); born == nil || again.Seq != born.Seq || a.world.actor(a.cfg.Own).Counter != 1 {
		t.Errorf("was %+v, is %+v", born, again)
	}
}

// Rows that do not fit are a fault of the rules: no reason to refuse the work, and nothing of either is kept.
func TestWhatFollowsAndDoesNotFitIsTrouble(t *testing.T) {
	t.Parallel()
	a, job := atWork(t)
	nobody := a.fresh("job")
	hub := a.enrol(record.ID{}, record.ID{}, clock.SideHub)
	for name, c := range map[string]struct {
		own clock.Actor
		on  record.Key
	}{"without an actor": {0, job}, "on a job that is not there": {hub, nobody}} {
		a.cfg.Own = c.own
		remark := a.fresh("comment")
		a.cfg.Rules = following(a.remark(remark, c.on, "noted"))
		cs := a.knows(0, a.change(record.Update, job, text("title", "changed")))
		err := a.batch(func(b *judge.Batch) error {
			_, err := b.Judge(a.Author, wire.Pushed{Encoded: cs.AppendBinary(nil)})
			return err
		})
		if err == nil || fault.CodeOf(err) != fault.Internal && fault.CodeOf(err) != "" {
			t.Errorf("%s: %v", name, err)
		}
		if a.entry(cs.Dot) != nil || a.row(remark) != nil {
			t.Errorf("%s: half of it was kept", name)
		}
		a.expectText(job, "title", "a pump")
		a.count-- // it is still to be judged
	}
}

// BenchmarkFollowing judges change sets of one cell, from which nothing follows and from which a remark does.
func BenchmarkFollowing(b *testing.B) {
	for _, name := range []string{"no rules", "nothing", "a remark"} {
		b.Run(name, func(b *testing.B) {
			a, job := atWork(&testing.T{})
			a.cfg.Own = a.enrol(record.ID{}, record.ID{}, clock.SideHub)
			a.cfg.Rules = map[string]judge.Rules{"nothing": following(), "a remark": ruling(
				func(judge.Rows, *record.ChangeSet, judge.Author) (judge.Decision, error) {
					c, err := record.NewChange(record.Insert, table("comment"), a.make.ID(), record.Values{"job": record.Ref(job.ID), "text": record.Text("noted")})
					return judge.Decision{Also: []record.RowChange{c}}, err
				})}[name]
			sets := make([][]byte, b.N)
			for i := range sets {
				sets[i] = a.knows(0, a.change(record.Update, job, text("title", "changed"))).AppendBinary(nil)
			}
			b.ReportAllocs()
			b.ResetTimer()
			err := a.batch(func(batch *judge.Batch) error {
				for _, encoded := range sets {
					if _, err := batch.Judge(a.Author, wire.Pushed{Encoded: encoded}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
