package store

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// A history is whole whether or not the index has come up to it, and in parts too.
func TestAHistoryIsWholeBeforeTheIndexIs(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	row := record.Key{Table: benchSchema.Table("job").ID, ID: benchID(1)}
	a, b := touchingActor(t, s, row), touchingActor(t, s, row)
	a(3)
	b(2)
	for s.indexNext() {
	}
	a(2)
	b(1)
	a(1)
	expectHistory(t, s, row, 9)
	for s.indexNext() {
	}
	expectHistory(t, s, row, 9)
	if n := historyOf(t, s, record.Key{Table: row.Table, ID: benchID(2)}, Position{}, 99); len(n) != 0 {
		t.Errorf("a row that nobody touched has a history of %d", len(n))
	}
}

// What an erasure must find includes what was written a moment ago, in the same transaction too.
func TestTheIndexIsCompletedForWhoNeedsAllOfIt(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	row := record.Key{Table: benchSchema.Table("job").ID, ID: benchID(1)}
	touchingActor(t, s, row)(5)
	write(t, s, func(tx *Tx) error {
		if err := tx.completeHistory(); err != nil {
			return err
		}
		n, err := tx.conn.Int("SELECT count(*) FROM _touch")
		if n != 5+5 {
			t.Errorf("the index has %d entries of 5 changes of a row", n)
		}
		return err
	})
}

// touchingActor returns what has a new actor write so many change sets of the row.
func touchingActor(t *testing.T, s *Store, row record.Key) func(n int) {
	t.Helper()
	return touchingAs(t, s, benchPerson, row)
}

func touchingAs(t *testing.T, s *Store, person record.ID, row record.Key) func(n int) {
	t.Helper()
	actor := newActor(t, s, person)
	return func(n int) {
		t.Helper()
		for range n {
			write(t, s, func(tx *Tx) error { return touchOnce(tx, actor, row) })
		}
	}
}

func touchOnce(tx *Tx, actor clock.Actor, row record.Key) error {
	a, err := tx.Actor(actor)
	if err != nil {
		return err
	}
	head, err := tx.Head()
	if err != nil {
		return err
	}
	a.Counter++
	cs := record.ChangeSet{Dot: clock.Dot{Actor: actor, Counter: a.Counter}, Rows: []record.RowChange{{Op: record.Delete, Table: row.Table, ID: row.ID}}}
	encoded := cs.AppendBinary(nil)
	hash := record.HashOf(encoded)
	e := &judge.Entry{Dot: cs.Dot, Origin: cs.First(hash), Hash: hash, Seq: head + 1, Outcome: wire.Applied, Encoded: encoded}
	if err = tx.PutEntry(e); err != nil {
		return err
	}
	if err = tx.PutActor(a); err != nil {
		return err
	}
	return tx.PutCommit(e.Seq, clock.StampAt(int64(e.Seq)), nil)
}

// expectHistory reads the row's history, of which there are n entries, at once and in parts.
func expectHistory(t *testing.T, s *Store, row record.Key, n int) {
	t.Helper()
	whole := historyOf(t, s, row, Position{}, 99)
	if len(whole) != n {
		t.Fatalf("the history has %d entries of %d", len(whole), n)
	}
	var at Position
	for i, e := range whole {
		part := historyOf(t, s, row, at, 1)
		if len(part) != 1 || part[0].Dot != e.Dot || e.Seq != uint64(n-i) {
			t.Errorf("entry %d is %v at %d, and read by itself %v", i, e.Dot, e.Seq, part)
		}
		at = positionOf(e)
	}
}

func historyOf(t *testing.T, s *Store, row record.Key, before Position, limit int) (entries []*judge.Entry) {
	t.Helper()
	read(t, s, func(v *View) (err error) {
		entries, err = v.History([]record.Key{row}, before, limit)
		return err
	})
	return entries
}
