package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

var errChangedMind = errors.New("changed its mind")

func TestManyWritersShareCommitsAndLoseNothing(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	const writers, each = 8, 40
	var wait sync.WaitGroup
	for w := range writers {
		actor := newActor(t, s, benchPerson)
		wait.Go(func() {
			for n := range each {
				err := s.Write(t.Context(), func(tx *Tx) error {
					if err := accept(tx, actor, w*each+n); err != nil {
						return err
					}
					if n%5 == 4 {
						return errChangedMind // undoes this function's work and nobody else's
					}
					return nil
				})
				if err != nil && !errors.Is(err, errChangedMind) {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if report := whole(t, s); report.Rows != writers*each*4/5 || report.Entries != report.Rows {
		t.Errorf("%d rows and %d entries", report.Rows, report.Entries)
	}
}

// The log of commits is brought into the file beside whoever writes, and beside an erasure that wants it empty: neither
// hears of the other.
func TestTheLogIsEmptiedBesideWhoeverWrites(t *testing.T) {
	t.Parallel()
	s := reopen(t, fresh(t))
	actor := newActor(t, s, benchPerson)
	const commits = 200
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := range commits {
			if err := s.Write(t.Context(), func(tx *Tx) error { return accept(tx, actor, n) }); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		wait.Go(func() {
			for range commits / 4 {
				if err := s.emptyLog(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Go(func() {
		for range commits / 4 {
			if err := s.Checkpoint(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	wait.Wait()
	if report := whole(t, s); report.Entries != commits {
		t.Errorf("%d entries of %d", report.Entries, commits)
	}
}

func TestAPanicUndoesOnlyItsOwnFunctionAndReachesItsCaller(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor := newActor(t, s, benchPerson)
	func() {
		defer func() {
			if recover() != "oops" {
				t.Error("the panic did not reach the caller")
			}
		}()
		_ = s.Write(t.Context(), func(tx *Tx) error {
			if err := accept(tx, actor, 1); err != nil {
				return err
			}
			panic("oops")
		})
	}()
	write(t, s, func(tx *Tx) error { return accept(tx, actor, 2) })
	if report := whole(t, s); report.Rows != 1 {
		t.Errorf("%d rows", report.Rows)
	}
}

// What is remembered between transactions must be forgotten with them: head, times, actors, holds, ledger counters.
func TestWhatIsUndoneIsForgotten(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor := newActor(t, s, benchPerson)
	write(t, s, func(tx *Tx) error { return accept(tx, actor, 1) })
	hold := judge.Hold{Person: benchPerson, Bucket: record.Bucket{Kind: 2, ID: benchID(1)}, Since: 1, Until: judge.Forever}
	for _, nested := range []bool{false, true} {
		spoil := func(tx *Tx) error {
			for job := range 3 {
				if err := accept(tx, actor, job); err != nil {
					return err
				}
			}
			if err := tx.PutHold(hold); err != nil {
				return err
			}
			return errChangedMind
		}
		err := s.Write(t.Context(), func(tx *Tx) error {
			if !nested {
				return spoil(tx)
			}
			if err := tx.Step(func() error { return spoil(tx) }); !errors.Is(err, errChangedMind) {
				return fmt.Errorf("the step gave %w", err)
			}
			return nil
		})
		if !nested && !errors.Is(err, errChangedMind) || nested && err != nil {
			t.Fatal(err)
		}
		write(t, s, func(tx *Tx) error {
			head := must[uint64](t)(tx.Head())
			at := must[clock.Stamp](t)(tx.CommitTime(2))
			a := must[*judge.Actor](t)(tx.Actor(actor))
			holds := must[[]judge.Hold](t)(tx.HoldsOn(hold.Bucket))
			entry := must[*judge.Entry](t)(tx.Entry(clock.Dot{Actor: actor, Counter: 2}))
			if head != 1 || at != 0 || a.Counter != 1 || len(holds) != 0 || entry != nil {
				t.Errorf("head %d, time %d, counter %d, holds %v, entry %v", head, at, a.Counter, holds, entry)
			}
			return nil
		})
	}
}

func TestAWriteThatWasCancelledBeforeItsTurnWritesNothing(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Write(ctx, func(*Tx) error { t.Error("ran"); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestAClosedStoreRefuses(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, s.Write(t.Context(), func(*Tx) error { return nil }), Stopped)
	refused(t, s.Read(t.Context(), func(*View) error { return nil }), Stopped)
}

// Two processes may have the database open, a hub and a command: neither believes what it remembers once the other
// has written.
func TestTwoProcessesWriteOneDatabase(t *testing.T) {
	t.Parallel()
	one := fresh(t)
	two := open(t, one.options)
	actors := []clock.Actor{newActor(t, one, benchPerson), newActor(t, two, benchPerson)}
	if actors[0] == actors[1] {
		t.Fatal("the same actor was handed out twice")
	}
	for n := range 20 {
		for i, s := range []*Store{one, two} {
			write(t, s, func(tx *Tx) error { return accept(tx, actors[(i+n)%2], n) })
		}
		for _, s := range []*Store{one, two} {
			read(t, s, func(v *View) error {
				bucket := record.Bucket{Kind: 2, ID: benchID(n)}
				feed, err := v.FeedSince(bucket, 0, uint64(2*n), uint64(2*n+2), 10)
				if len(feed) != 1 || feed[0].Seq != uint64(2*n+2) {
					t.Errorf("round %d: feed %v", n, feed)
				}
				return err
			})
		}
	}
	if report := whole(t, one); report.Entries != 40 {
		t.Errorf("%d entries", report.Entries)
	}
	if s := reopen(t, two); s.Epoch() != 0 {
		t.Errorf("epoch %d", s.Epoch())
	}
}

// However many devices deliver at once, somebody in the office whose change is to be kept waits for one or two of them.
func TestWhoIsWaitedForDoesNotStandBehindTheCrowd(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	const crowd = 40
	var mu sync.Mutex
	var order []string
	begun, free := make(chan struct{}), make(chan struct{})
	came := func(who string) func(*Tx) error {
		return func(*Tx) error {
			time.Sleep(time.Millisecond) // as long as a push takes
			mu.Lock()
			defer mu.Unlock()
			order = append(order, who)
			return nil
		}
	}
	var wait sync.WaitGroup
	enter := func(write func(context.Context, func(*Tx) error) error, do func(*Tx) error) {
		wait.Go(func() {
			if err := write(t.Context(), do); err != nil {
				t.Error(err)
			}
		})
	}
	enter(s.Write, func(*Tx) error { close(begun); <-free; return nil })
	<-begun
	for range crowd {
		enter(s.WriteInLine, came("device"))
	}
	waiting := func(n int32) {
		for s.writer.waiting.Load() != n {
			time.Sleep(time.Millisecond)
		}
	}
	waiting(crowd)
	enter(s.Write, came("office"))
	waiting(crowd + 1)
	close(free)
	wait.Wait()
	if before := slices.Index(order, "office"); before < 0 || before > crowd/4 {
		t.Errorf("%d of %d devices were before the office", before, crowd)
	}
}
