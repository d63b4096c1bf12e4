package judge_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// What the protocol's page says of how much is read for one copy, and for all of a message or a push.
const (
	rowLooks = 2_000
	allLooks = 20_000
)

// looking counts what is read of the ledger.
type looking struct {
	judge.Store
	at map[clock.Dot]int
	n  int
}

func (l *looking) Entry(d clock.Dot) (*judge.Entry, error) {
	l.at[d]++
	l.n++
	return l.Store.Entry(d)
}

// looks counts what the batch reads of the ledger.
func (w *world) looks(do func(*judge.Batch) error) *looking {
	w.Helper()
	l := &looking{at: map[clock.Dot]int{}}
	w.now = w.now.Add(1000)
	w.must(w.hub.Write(func(tx judge.Store) error {
		l.Store = tx
		b, err := judge.NewBatch(l, w.cfg, w.now)
		if err != nil {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
		return b.Flush()
	}))
	return l
}

// searched is a restored hub of which a device can ask much: its copies name colleagues who wrote a lot before, and show what
// none of them wrote.
type searched struct {
	*restored
	wrote []clock.Dot // the last of each colleague
	jobs  []record.Key
	since []*record.ChangeSet // by the technician, one on each job: lost, and brought again
	late  []*record.ChangeSet // by another, one on each job: lost
	other *tech
}

func newSearched(t *testing.T, jobs int) *searched {
	s := &searched{restored: newRestored(t)}
	s.other = s.world.tech()
	for range rowLooks/200 + 1 {
		p := s.world.tech()
		own := s.world.job("of his own")
		s.assign(own, p.Person)
		for range 201 {
			p.writes(record.Update, own, text("title", "work"))
		}
		s.wrote = append(s.wrote, clock.Dot{Actor: p.actor, Counter: p.count})
	}
	for range jobs {
		job := s.world.job("a job")
		s.assign(job, s.Person)
		s.assign(job, s.other.Person)
		s.jobs = append(s.jobs, job)
		s.since = append(s.since, s.knows(s.head(), s.tech.change(record.Update, job, text("title", "late"))))
		s.late = append(s.late, s.other.knows(s.head(), s.tech.change(record.Update, job, text("finding", "later still"))))
	}
	s.lose(func() {})
	for _, cs := range s.since {
		s.tech.sends(cs)
	}
	return s
}

// copies returns a copy of each job, which names all that wrote, and those given.
func (s *searched) copies(named ...[]*record.ChangeSet) []wire.Rows {
	s.Helper()
	var batch wire.Rows
	for i, job := range s.jobs {
		dots := slices.Clone(s.wrote)
		for _, sets := range named {
			dots = append(dots, sets[i].Dot)
		}
		slices.SortFunc(dots, clock.Dot.Compare)
		row := s.tech.row(job).Clone()
		var err error
		row.Vector, err = clock.NewVector(dots)
		s.must(err)
		row.Put(row.Table.Column("title"), "", record.Text("nobody wrote this"))
		one := copyOf(row)[0]
		batch.Table, batch.Whole, batch.Columns = one.Table, one.Whole, one.Columns
		batch.Rows = append(batch.Rows, one.Rows...)
	}
	return []wire.Rows{batch}
}

// Whoever has ten colleagues who wrote much makes the hub look for one value among all that they wrote: within a limit, beyond
// which a person is asked.
func TestACopyTakesNoMoreLooksThanItMay(t *testing.T) {
	t.Parallel()
	s := newSearched(t, 1)
	rows := s.copies(s.since)
	for range 19 { // again and again: what is looked at is the first
		rows[0].Rows = append(rows[0].Rows, rows[0].Rows[0])
	}
	var k wire.Kept
	l := s.looks(func(b *judge.Batch) (err error) { k, err = b.Testify(s.Author, s.witness, rows); return err })
	if l.n < rowLooks || l.n > rowLooks+10 || k.Count != 1 || k.Code != "" || len(s.kept()) != 1 {
		t.Errorf("%d looks, want %d; %+v, %d kept", l.n, rowLooks, k, len(s.kept()))
	}
}

// So it is of a row on which more wrote than may be looked up, though nothing is lacking.
func TestACopyThatNamesTooManyIsAskedAbout(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	for range rowLooks + 10 {
		w.tech.actor, w.tech.count = w.enrol(w.Person, w.Device, clock.SideDevice), 0
		w.expect(w.writes(record.Update, w.job, text("title", "again")), wire.Applied, "")
	}
	w.lose(func() {})
	w.update(w.job, text("finding", "since"))
	w.row = w.row.Clone()
	w.row.Put(w.row.Table.Column("title"), "", record.Text("another"))
	l := w.looks(func(b *judge.Batch) error { _, err := b.Testify(w.Author, w.witness, copyOf(w.row)); return err })
	if l.n < rowLooks-10 || l.n > rowLooks+10 || len(w.kept()) != 1 {
		t.Errorf("%d looks, want %d; %d kept", l.n, rowLooks, len(w.kept()))
	}
}

// A long change set takes as long to read as several short ones.
func TestALongChangeSetCountsAsSeveralLooks(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	other := w.world.tech()
	w.assign(w.job, other.Person)
	for i := range 201 {
		changes := []record.RowChange{w.tech.change(record.Update, w.job, text("finding", strconv.Itoa(i)))}
		for range 10 {
			changes = append(changes, w.tech.change(record.Insert, w.fresh("comment"),
				record.Values{"job": record.Ref(w.job.ID), "text": record.Text(strings.Repeat("x", 4096))}))
		}
		if r := other.sends(other.knows(w.head(), changes...)); r.Outcome == wire.Quarantined {
			t.Fatal(r.Code)
		}
	}
	title := w.knows(w.head(), w.tech.change(record.Update, w.job, text("title", "late")))
	w.lose(func() {})
	w.tech.sends(title)
	w.row = w.tech.row(w.job).Clone()
	w.row.Put(w.row.Table.Column("title"), "", record.Text("nobody wrote this"))
	l := w.looks(func(b *judge.Batch) error { _, err := b.Testify(w.Author, w.witness, copyOf(w.row)); return err })
	if most := rowLooks/11 + 10; l.n < most/2 || l.n > most || len(w.kept()) != 1 {
		t.Errorf("%d looks, want up to %d; %d kept", l.n, most, len(w.kept()))
	}
}

// What would take too long in one transaction is offered again, and nothing is lost by that: neither the rows behind those
// that took so long, nor a second copy of a row.
func TestWhatIsTooMuchForOneMessageIsTakenFromTheNext(t *testing.T) {
	t.Parallel()
	const jobs = 15
	s := newSearched(t, jobs)
	rows := s.copies(s.since)
	another := slices.Clone(rows[0].Rows[jobs-1].Values)
	another[table("job").Column("title")] = record.Text("of another epoch")
	second := rows[0].Rows[jobs-1]
	second.Values = another
	rows[0].Rows = append(rows[0].Rows, second)
	messages := 0
	for ; len(rows[0].Rows) > 0; messages++ {
		var k wire.Kept
		l := s.looks(func(b *judge.Batch) (err error) { k, err = b.Testify(s.Author, s.witness, rows); return err })
		if l.n > allLooks+rowLooks || k.Count == 0 || k.Code != "" {
			t.Fatalf("%d looks, want at most %d; %+v", l.n, allLooks+rowLooks, k)
		}
		rows[0].Rows = rows[0].Rows[k.Count:]
	}
	if messages != 3 || len(s.kept()) != jobs+1 {
		t.Errorf("%d messages, want 3; %d kept, want %d", messages, len(s.kept()), jobs+1)
	}
}

// A push that says that its epoch is gone has the copies of its rows looked at, once each and within a limit: what would be
// too much goes on waiting for a person.
func TestAPushOfAnEpochThatIsGoneTakesNoMoreLooksThanItMay(t *testing.T) {
	t.Parallel()
	const jobs = 15
	s := newSearched(t, jobs)
	s.testifies(s.Author, s.copies(s.since, s.late))
	copies := s.kept()
	if len(copies) != jobs {
		t.Fatalf("%d copies", len(copies))
	}
	l := s.looks(func(b *judge.Batch) error {
		for _, cs := range s.late {
			if _, err := b.Judge(s.other.Author, wire.Pushed{Encoded: cs.AppendBinary(nil)}); err != nil {
				return err
			}
		}
		return nil
	})
	if l.n > allLooks+rowLooks+10*jobs || len(s.kept()) != jobs {
		t.Errorf("%d looks, want at most %d; %d wait", l.n, allLooks+rowLooks, len(s.kept()))
	}
}

// However much a push brings on a row, its copy is looked at once, and is closed by what it names.
func TestACopyIsLookedAtOnceForAPush(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	w.assign(w.job, w.Person)
	var sets []*record.ChangeSet
	w.lose(func() {
		for _, title := range []string{"one", "two", "three"} {
			sets = append(sets, w.knows(w.head(), w.tech.change(record.Update, w.job, text("title", title))))
			w.tech.sends(sets[len(sets)-1])
		}
	})
	named := sets[1].Dot
	w.row = w.row.Clone()
	var err error
	w.row.Vector, err = clock.NewVector([]clock.Dot{named})
	w.must(err)
	w.row.Put(w.row.Table.Column("title"), "", record.Text("two"))
	w.testifies(w.Author, copyOf(w.row))
	w.expectKept(fault.Witness, map[record.ID]string{w.job.ID: "two"})
	copied := w.kept()[0].Dot
	push := func(sets []*record.ChangeSet) *looking {
		return w.looks(func(b *judge.Batch) error {
			for _, cs := range sets {
				if _, err := b.Judge(w.Author, wire.Pushed{Encoded: cs.AppendBinary(nil)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if l := push(sets[:1]); l.at[named] != 0 {
		t.Errorf("what it names was looked for %d times before it came", l.at[named])
	}
	l := push(sets[1:])
	w.expectKept(fault.Witness, nil)
	if l.at[copied] != 1 || w.entry(copied).Closed != named {
		t.Errorf("looked at %d times, and closed by %v, want %v", l.at[copied], w.entry(copied).Closed, named)
	}
}

// closed is a store on whose rows nothing is open: it counts how often that is asked.
type closed struct {
	judge.Store
	asked int
}

func (c *closed) QuarantinedOn(record.Key) ([]clock.Dot, error) {
	c.asked++
	return nil, nil
}

// Nor are more rows looked at than may be, however many a push of an epoch that is gone says to change.
func TestAPushOfAnEpochThatIsGoneHasNoMoreRowsLookedAtThanItMay(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	w.lose(func() {})
	const changes, each = 8, 4000
	c, head := &closed{}, w.head()
	w.must(w.hub.Write(func(tx judge.Store) error {
		c.Store = tx
		b, err := judge.NewBatch(c, w.cfg, w.now)
		if err != nil {
			return err
		}
		for range changes {
			rows := make([]record.RowChange, each)
			for i := range rows {
				rows[i] = record.RowChange{Op: record.Delete, Table: w.job.Table, ID: w.fresh("job").ID}
			}
			cs := w.knows(head, rows...)
			cs.Epoch = w.cfg.Epoch - 1
			if _, err := b.Judge(w.Author, wire.Pushed{Encoded: cs.AppendBinary(nil)}); err != nil {
				return err
			}
		}
		return b.Flush()
	}))
	if c.asked < allLooks/2 || c.asked > allLooks {
		t.Errorf("%d of %d rows were looked at, want at most %d", c.asked, changes*each, allLooks)
	}
}
