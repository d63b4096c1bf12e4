package judge_test

import (
	"errors"
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// world is a hub over a store in memory, with an office that writes through it. Every call is a commit of its own.
type world struct {
	*testing.T
	hub  *simtest.MemHub
	make *simtest.Maker
	cfg  judge.Config
	now  clock.Stamp
	desk clock.Actor // of the office
	said judge.Ruling
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, hub: simtest.NewMemHub(simtest.Schema), make: simtest.NewMaker(1),
		cfg: judge.Config{Schema: simtest.Schema, Salt: salt}, now: clock.StampAt(1_750_000_000_000),
	}
	w.desk = w.enrol(w.make.ID(), record.ID{}, clock.SideOffice)
	return w
}

// salt is no chance, which tests of meaning do without.
func salt() record.Salt { return record.Salt{1} }

func (w *world) enrol(person, device record.ID, side clock.Side) clock.Actor {
	w.Helper()
	a, err := w.hub.Enrol(person, device, side)
	w.must(err)
	return a
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// batch lets do work on a batch, a second after the last one.
func (w *world) batch(do func(*judge.Batch) error) error {
	w.now = w.now.Add(1000)
	return w.hub.Write(func(tx judge.Store) error {
		b, err := judge.NewBatch(tx, w.cfg, w.now)
		if err != nil {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
		return b.Flush()
	})
}

// tx reads, or writes behind the judge's back.
func (w *world) tx(do func(judge.Store) error) {
	w.Helper()
	w.must(w.hub.Write(do))
}

func (w *world) head() (head uint64) {
	w.tx(func(tx judge.Store) (err error) { head, err = tx.Head(); return err })
	return head
}

func (w *world) row(key record.Key) (row *record.Row) {
	w.Helper()
	w.tx(func(tx judge.Store) (err error) { row, err = tx.Row(key); return err })
	return row
}

func (w *world) actor(a clock.Actor) (known *judge.Actor) {
	w.tx(func(tx judge.Store) (err error) { known, err = tx.Actor(a); return err })
	return known
}

func (w *world) entry(d clock.Dot) (e *judge.Entry) {
	w.tx(func(tx judge.Store) (err error) { e, err = tx.Entry(d); return err })
	return e
}

func table(name string) *schema.Table { return simtest.Schema.Table(name) }

// change is a change of a row by somebody who has seen it as it is now.
func (w *world) change(op record.Op, key record.Key, values record.Values) record.RowChange {
	w.Helper()
	c, err := record.NewChange(op, simtest.Schema.TableByID(key.Table), key.ID, values)
	w.must(err)
	if row := w.row(key); row != nil {
		c.Context = row.Vector
	}
	return c
}

func (w *world) fresh(name string) record.Key {
	return record.Key{Table: table(name).ID, ID: w.make.ID()}
}

// office commits changes and returns the commit.
func (w *world) office(changes ...record.RowChange) uint64 {
	w.Helper()
	w.must(w.batch(func(b *judge.Batch) (err error) {
		w.said, err = b.Commit(judge.Author{}, w.desk, changes, "test")
		return err
	}))
	return w.said.Seq
}

func (w *world) insert(name string, values record.Values) record.Key {
	w.Helper()
	key := w.fresh(name)
	w.office(w.change(record.Insert, key, values))
	return key
}

func (w *world) update(key record.Key, values record.Values) uint64 {
	w.Helper()
	return w.office(w.change(record.Update, key, values))
}

func (w *world) delete(key record.Key) uint64 {
	w.Helper()
	return w.office(w.change(record.Delete, key, nil))
}

func (w *world) job(title string) record.Key { return w.insert("job", text("title", title)) }

// assign gives the job to a person; ends takes it back and returns the commit.
func (w *world) assign(job record.Key, person record.ID) record.Key {
	w.Helper()
	return w.insert("assignment", record.Values{
		"job": record.Ref(job.ID), "person": record.Ref(person), "state": record.Text("offered"),
	})
}

func (w *world) ends(assignment record.Key) uint64 {
	w.Helper()
	return w.update(assignment, text("state", "ended"))
}

// busy lets commits pass that concern nobody.
func (w *world) busy(n int) {
	for range n {
		w.insert("crew", nil)
	}
}

// tech is a technician with a phone.
type tech struct {
	*world
	judge.Author
	actor clock.Actor
	count uint64
}

func (w *world) tech() *tech {
	w.Helper()
	person := w.insert("person", text("name", "a technician"))
	t := &tech{world: w, Author: judge.Author{Person: person.ID, Device: w.make.ID()}}
	t.actor = w.enrol(t.Person, t.Device, clock.SideDevice)
	return t
}

// knows returns what the technician does with the job's title and the like when he knows the hub up to the commit k.
func (t *tech) knows(k uint64, changes ...record.RowChange) *record.ChangeSet {
	t.count++
	return &record.ChangeSet{
		Dot: clock.Dot{Actor: t.actor, Counter: t.count}, Stamp: t.now.Add(500), Epoch: t.cfg.Epoch, K: k, Rows: changes,
	}
}

// sends has a change set judged.
func (t *tech) sends(cs *record.ChangeSet) judge.Ruling {
	t.Helper()
	return t.pushes(wire.Pushed{Encoded: cs.AppendBinary(nil)})
}

func (t *tech) pushes(p wire.Pushed) (r judge.Ruling) {
	t.Helper()
	t.must(t.batch(func(b *judge.Batch) (err error) { r, err = b.Judge(t.Author, p); return err }))
	return r
}

// writes sends one change that he makes knowing everything.
func (t *tech) writes(op record.Op, key record.Key, values record.Values) judge.Ruling {
	t.Helper()
	return t.sends(t.knows(t.head(), t.change(op, key, values)))
}

// refused sends one change that is refused, as a rule of nobody's would; it returns its dot.
func (t *tech) refused(changes ...record.RowChange) clock.Dot {
	t.Helper()
	rules := t.cfg.Rules
	t.cfg.Rules = ruling(func(judge.Rows, *record.ChangeSet, judge.Author) (judge.Decision, error) {
		return judge.Decision{Refuse: fault.New("not_so", "not like this")}, nil
	})
	r := t.sends(t.knows(t.head(), changes...))
	t.cfg.Rules = rules
	t.expect(r, wire.Quarantined, "not_so")
	return r.Dot
}

// ruling is a judge.Rules of one function.
type ruling func(judge.Rows, *record.ChangeSet, judge.Author) (judge.Decision, error)

func (f ruling) Review(rows judge.Rows, cs *record.ChangeSet, a judge.Author) (judge.Decision, error) {
	return f(rows, cs, a)
}

func (w *world) expect(r judge.Ruling, want wire.Outcome, code fault.Code) {
	w.Helper()
	if r.Outcome != want || r.Code != code {
		w.Errorf("%v: outcome %d %q %s, want %d %q", r.Dot, r.Outcome, r.Code, r.Message, want, code)
	}
}

func (w *world) expectCode(err error, want fault.Code) {
	w.Helper()
	if fault.CodeOf(err) != want {
		w.Errorf("%v, want the code %q", err, want)
	}
}

func (w *world) expectText(key record.Key, column, want string) {
	w.Helper()
	if got := w.row(key).Get(column).Text(); got != want {
		w.Errorf("%s is %q, want %q", column, got, want)
	}
}

func text(column, v string) record.Values         { return record.Values{column: record.Text(v)} }
func number(column string, n int64) record.Values { return record.Values{column: record.Number(n)} }

func ref(column string, to record.Key) record.Values {
	return record.Values{column: record.Ref(to.ID)}
}

const (
	day   = 24 * time.Hour
	month = 30 * day
)

func (w *world) passes(d time.Duration) { w.now = w.now.Add(d.Milliseconds()) }

var errStore = errors.New("the disk is gone")
