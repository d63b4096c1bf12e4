package store

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// quiet logs nothing.
var quiet = slog.New(slog.DiscardHandler)

// open opens a store that the test closes.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err, detail(err))
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// detail returns what a refusal tells the operator.
func detail(err error) error {
	f := new(fault.Error)
	_ = errors.As(err, &f)
	return f.Detail
}

// somewhere returns how to open a store where there was none.
type somewhere func(testing.TB, *schema.Schema) Options

// onSQLite and onPostgres are the databases that there are.
func onSQLite(t testing.TB, s *schema.Schema) Options {
	return Options{Path: filepath.Join(t.TempDir(), "hub.db"), Schema: s, Log: quiet}
}

func onPostgres(t testing.TB, s *schema.Schema) Options {
	o := onSQLite(t, s)
	o.Database = pgtest.Database(t)
	return o
}

// onEach runs a test on each database.
func onEach(t *testing.T, test func(*testing.T, somewhere)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { t.Parallel(); test(t, onSQLite) })
	t.Run("PostgreSQL", func(t *testing.T) { t.Parallel(); test(t, onPostgres) })
}

// fresh opens a new store in a folder of its own.
func fresh(t testing.TB) *Store {
	t.Helper()
	return open(t, Options{Path: filepath.Join(t.TempDir(), "hub.db"), Schema: benchSchema, Log: quiet})
}

// reopen closes the store and opens it again.
func reopen(t testing.TB, s *Store) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, s.options)
}

func write(t testing.TB, s *Store, do func(tx *Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, s *Store, do func(v *View) error) {
	t.Helper()
	if err := s.Read(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless err has the code.
func refused(t testing.TB, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Fatalf("error %v has the code %q, want %q", err, got, want)
	}
}

// newActor hands out an actor.
func newActor(t testing.TB, s *Store, person record.ID) (actor clock.Actor) {
	t.Helper()
	write(t, s, func(tx *Tx) (err error) {
		actor, err = tx.NewActor(person, benchID(9), clock.SideDevice)
		return err
	})
	return actor
}

// accept does all that accepting one change set takes: the job, its hold, the ledger, the actor and the commit.
func accept(tx *Tx, actor clock.Actor, job int) error {
	a, err := tx.Actor(actor)
	if err != nil {
		return err
	}
	head, err := tx.Head()
	if err != nil {
		return err
	}
	seq, d := head+1, clock.Dot{Actor: actor, Counter: a.Counter + 1}
	row := benchRow(benchSchema.Table("job"), job, d, seq)
	was := uint64(0)
	if old, err := tx.Row(row.Key()); err != nil {
		return err
	} else if old != nil {
		was = old.Seq
	}
	if err = tx.PutRow(row, was); err != nil {
		return err
	}
	bytes := binary.BigEndian.AppendUint64([]byte("change set"), uint64(actor)<<20|d.Counter)
	hash := record.HashOf(bytes)
	a.Counter, a.Chain = d.Counter, record.Chain(a.Chain, hash)
	if err = tx.PutEntry(&judge.Entry{Dot: d, Origin: record.Origin{Dot: d, RID: record.ID(hash)}, Hash: hash, Seq: seq, Outcome: wire.Applied, Encoded: bytes}); err != nil {
		return err
	}
	if err = tx.PutActor(a); err != nil {
		return err
	}
	return tx.PutCommit(seq, clock.StampAt(1_750_000_000_000+int64(seq)), row.Buckets())
}

// acceptMany accepts n change sets, each in a commit of its own.
func acceptMany(t testing.TB, s *Store, actor clock.Actor, n int) {
	t.Helper()
	for job := range n {
		write(t, s, func(tx *Tx) error { return accept(tx, actor, job) })
	}
}

// whole fails the test unless Verify finds nothing, and returns what it counted.
func whole(t testing.TB, s *Store) *VerifyReport {
	t.Helper()
	report, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		t.Fatalf("%d problems: %q", report.Found, report.Problems)
	}
	return report
}

// copyFile copies a file, as an operator does.
func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// must returns v, for calls in tests that cannot fail.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
