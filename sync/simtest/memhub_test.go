package simtest_test

import (
	"errors"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

func TestMemHub(t *testing.T) {
	t.Parallel()
	simtest.TestHubStore(t, func(_ *testing.T, s *schema.Schema) simtest.HubStore { return simtest.NewMemHub(s) })
}

// put writes a new row as the next commit.
func put(t *testing.T, h *simtest.MemHub, r *record.Row) {
	t.Helper()
	if err := h.Write(putting(r)); err != nil {
		t.Fatal(err)
	}
}

func putting(r *record.Row) func(judge.Store) error {
	return func(tx judge.Store) error {
		return errors.Join(tx.PutRow(r, 0), tx.PutCommit(r.Seq, clock.StampAt(int64(r.Seq)), r.Buckets()))
	}
}

func TestHubDiesAroundItsCommit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at   simtest.Boundary
		rows int
	}{{simtest.BeforeCommit, 0}, {simtest.AfterCommit, 1}} {
		h, m := simtest.NewMemHub(simtest.Schema), simtest.NewMaker(1)
		h.OnCommit = func(b simtest.Boundary) error {
			if b == c.at {
				return simtest.ErrCrashed
			}
			return nil
		}
		row := m.HubRow(simtest.Schema.Table("part"), 1, nil)
		for range 2 { // the second time it is dead already
			if err := h.Write(putting(row)); !errors.Is(err, simtest.ErrCrashed) {
				t.Fatalf("Write returned %v", err)
			}
		}
		if err := h.Read(func(judge.Reader) error { return nil }); !errors.Is(err, simtest.ErrCrashed) {
			t.Errorf("a dead hub reads: %v", err)
		}
		h.OnCommit = nil
		if err := h.Reopen(); err != nil {
			t.Fatal(err)
		}
		if got := len(h.Rows()); got != c.rows {
			t.Errorf("boundary %d: %d rows after the restart, want %d", c.at, got, c.rows)
		}
	}
}

func TestHubWithAFullDiskGoesOnLater(t *testing.T) {
	t.Parallel()
	h, row := simtest.NewMemHub(simtest.Schema), simtest.NewMaker(1).HubRow(simtest.Schema.Table("part"), 1, nil)
	h.OnCommit = func(simtest.Boundary) error { return simtest.ErrFull }
	if err := h.Write(putting(row)); !errors.Is(err, simtest.ErrFull) || len(h.Rows()) != 0 {
		t.Fatalf("%v, %d rows", err, len(h.Rows()))
	}
	h.OnCommit = nil
	put(t, h, row)
	if len(h.Rows()) != 1 || h.Commits() != 1 {
		t.Errorf("%d rows, %d commits", len(h.Rows()), h.Commits())
	}
}

func TestRestoredHubForgetsItsDataAndRemembersItsActors(t *testing.T) {
	t.Parallel()
	h, m := simtest.NewMemHub(simtest.Schema), simtest.NewMaker(1)
	parts := simtest.Schema.Table("part")
	early := enrol(t, h, m)
	put(t, h, m.HubRow(parts, 4, nil))
	backup := h.Snapshot()
	late := enrol(t, h, m)
	advance(t, h, early, 7)
	put(t, h, m.HubRow(parts, 5, nil))

	h.Restore(backup)

	if got := len(h.Rows()); got != 1 {
		t.Errorf("%d rows, want the one of the backup", got)
	}
	if got, want := h.Marker(), (simtest.Marker{Epoch: 1, RestoreAt: 4}); got != want {
		t.Errorf("marker %+v, want %+v", got, want)
	}
	for _, a := range []clock.Actor{early, late} {
		if known := actor(t, h, a); known == nil || known.Person.IsZero() || known.Counter != 0 {
			t.Errorf("actor %s: %+v, want known, and as far as the backup knows", a, known)
		}
	}
	if fresh := enrol(t, h, m); fresh.Epoch() != 1 {
		t.Errorf("an actor of the epoch %d was handed out in epoch 1", fresh.Epoch())
	}
	put(t, h, m.HubRow(parts, 5, nil))
	h.Restore(backup) // the backup is as it was
	if got := len(h.Rows()); got != 1 {
		t.Errorf("%d rows after another restore, want 1", got)
	}
}

func enrol(t *testing.T, h *simtest.MemHub, m *simtest.Maker) clock.Actor {
	t.Helper()
	a, err := h.Enrol(m.ID(), m.ID(), clock.SideDevice)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func advance(t *testing.T, h *simtest.MemHub, a clock.Actor, counter uint64) {
	t.Helper()
	known := actor(t, h, a)
	known.Counter = counter
	if err := h.Write(func(tx judge.Store) error { return tx.PutActor(known) }); err != nil {
		t.Fatal(err)
	}
}

func actor(t *testing.T, h *simtest.MemHub, a clock.Actor) (known *judge.Actor) {
	t.Helper()
	err := h.Write(func(tx judge.Store) (err error) {
		known, err = tx.Actor(a)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func TestHubRefusesWhatBreaksItsContract(t *testing.T) {
	t.Parallel()
	m := simtest.NewMaker(1)
	row := m.HubRow(simtest.Schema.Table("part"), 5, nil)
	bare := row.Clone()
	bare.Meta = nil
	hold := judge.Hold{Person: m.ID(), Bucket: record.Shared, Right: "work", Since: 3, Until: judge.Forever}
	help := hold
	help.Right = "help"
	for name, breach := range map[string]func(judge.Store) error{
		"a row moved from where it is not": func(tx judge.Store) error { return tx.PutRow(row, 4) },
		"a row put twice as a new one": func(tx judge.Store) error {
			return errors.Join(tx.PutRow(row, 0), tx.PutRow(row, 0))
		},
		"a row without metadata": func(tx judge.Store) error { return tx.PutRow(bare, 0) },
		"a commit that was there": func(tx judge.Store) error {
			return errors.Join(tx.PutCommit(2, 9, nil), tx.PutCommit(2, 9, nil))
		},
		"a commit earlier than the last": func(tx judge.Store) error {
			return errors.Join(tx.PutCommit(2, 9, nil), tx.PutCommit(3, 8, nil))
		},
		"the end of a hold that never was": func(tx judge.Store) error { h := hold; h.Until = 4; return tx.PutHold(h) },
		"two rights of one hold": func(tx judge.Store) error {
			return errors.Join(tx.PutHold(hold), tx.PutHold(help))
		},
		"another change set of the dot": func(tx judge.Store) error {
			return errors.Join(tx.PutEntry(&judge.Entry{Origin: record.Origin{RID: m.ID()}}), tx.PutEntry(&judge.Entry{Origin: record.Origin{RID: m.ID()}}))
		},
		"a reference through no such column": func(tx judge.Store) error {
			_, err := tx.Refs(row.Table, "nothing", row.ID)
			return err
		},
	} {
		h := simtest.NewMemHub(simtest.Schema)
		if err := h.Write(breach); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestTouchedBuckets(t *testing.T) {
	t.Parallel()
	h, m := simtest.NewMemHub(simtest.Schema), simtest.NewMaker(1)
	for seq := range uint64(3) {
		put(t, h, m.HubRow(simtest.Schema.Table("part"), seq+1, nil))
	}
	job := m.HubRow(simtest.Schema.Table("job"), 4, nil)
	put(t, h, job)
	if got := h.Touched(1); len(got) != 2 || got[0] != record.Shared || got[1] != job.Buckets()[0] {
		t.Errorf("touched %v", got)
	}
	if got := h.Touched(4); len(got) != 0 {
		t.Errorf("touched since the head: %v", got)
	}
}
