package store

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/sync/record"
)

// TestOneDoesWhatIsDoneForAll: of four hubs that want to do something alone one does, and when it ends, or its connection
// breaks, the next.
func TestOneDoesWhatIsDoneForAll(t *testing.T) {
	t.Parallel()
	all := nodes(t, 4)
	var busy atomic.Int32
	var broken atomic.Bool        // a turn may overlap with the next where its connection broke, until its process hears of it
	begun := make(chan func(), 4) // what ends whoever has begun
	ended := make(chan error, 4)
	for _, s := range all {
		go func() {
			ended <- s.Alone(t.Context(), "house", func(ctx context.Context) {
				if busy.Add(1) != 1 && !broken.Load() {
					t.Error("two hubs do what one is to do")
				}
				stop := make(chan struct{})
				begun <- func() { close(stop) }
				select {
				case <-stop:
				case <-ctx.Done():
				}
				busy.Add(-1)
			})
		}()
	}
	stop := <-begun
	other := make(chan bool)
	go func() {
		err := all[3].Alone(t.Context(), "something else", func(context.Context) { close(other) })
		if err != nil {
			t.Error(err)
		}
	}()
	<-other // another name is another turn
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-begun // the second has it, and loses its connection
	broken.Store(true)
	cut(t, all[0])
	refused(t, <-ended, Unavailable)
	for range 2 {
		(<-begun)()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// cut ends the connection of whoever has his turn.
func cut(t *testing.T, s *Store) {
	t.Helper()
	c := must[*conn](t)((&postgresql{url: s.options.Database}).connect(toRead))
	_, err := c.Int("SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_locks" +
		" WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) ended")
	if err = errors.Join(err, c.close()); err != nil {
		t.Fatal(err)
	}
}

// TestAloneEndsWithItsContext: whoever waits for his turn, and whoever has it, stops when his hub does.
func TestAloneEndsWithItsContext(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	ctx, stop := context.WithCancel(t.Context())
	begun, ended := make(chan bool), make(chan error)
	go func() {
		ended <- all[0].Alone(ctx, "house", func(ctx context.Context) { close(begun); <-ctx.Done() })
	}()
	<-begun
	waiting := make(chan error)
	go func() { waiting <- all[1].Alone(ctx, "house", func(context.Context) { t.Error("its turn has come") }) }()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-waiting; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSocketsOfSeveralNodes: each device has one connection, the last; nodes see what was opened since they looked, and
// who is online while its node is.
func TestSocketsOfSeveralNodes(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on somewhere) {
		s := open(t, on(t, benchSchema))
		one, two, a, b := record.ID{1}, record.ID{2}, record.ID{0xa}, record.ID{0xb}
		now := time.UnixMilli(1_750_000_000_000)
		var first uint64
		write(t, s, func(tx *Tx) (err error) {
			if first, err = tx.OpenSocket(a, one); err == nil {
				_, err = tx.OpenSocket(b, one)
			}
			return errors.Join(err, tx.Alive(one, now), tx.Alive(two, now))
		})
		write(t, s, func(tx *Tx) error {
			_, err := tx.OpenSocket(a, two)
			return errors.Join(err, tx.CloseSocket(first))
		})
		read(t, s, func(v *View) error {
			last, err := v.LastSocket()
			since, err2 := v.SocketsSince(2)
			if last != 3 || len(since) != 1 || since[0] != (Socket{3, a, two}) {
				t.Errorf("the last is %d, since then %v", last, since)
			}
			online, err3 := v.Connected(now)
			if len(online) != 2 {
				t.Errorf("online are %v", online)
			}
			return errors.Join(err, err2, err3)
		})
		write(t, s, func(tx *Tx) error { return errors.Join(tx.Gone(one), tx.Alive(two, now.Add(time.Minute))) })
		read(t, s, func(v *View) error {
			online, err := v.Connected(now.Add(time.Minute))
			if len(online) != 1 || !online[a] {
				t.Errorf("online are %v", online)
			}
			return err
		})
	})
}

// TestAttemptsAreCountedForAllNodes, and forgotten in time.
func TestAttemptsAreCountedForAllNodes(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	key, now := []Hash{HashOf([]byte("192.0.2.1"))}, time.UnixMilli(1_750_000_000_000).UTC()
	for n := range 6 {
		err := all[n%2].ChangeAttempts(t.Context(), key, now.Add(-time.Hour), func(seen []Attempts) {
			if seen[0].Failures != n {
				t.Errorf("at the %d. there were %d", n, seen[0].Failures)
			}
			seen[0] = Attempts{n + 1, now}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen, err := all[1].Attempts(t.Context(), key, now)
	if err != nil || seen[0] != (Attempts{6, now}) {
		t.Errorf("%v %v", seen, err)
	}
	if seen, err = all[1].Attempts(t.Context(), key, now.Add(1)); err != nil || seen[0].Failures != 0 {
		t.Errorf("what is over counts: %v %v", seen, err)
	}
	err = all[0].ChangeAttempts(t.Context(), key, now.Add(time.Second), func(seen []Attempts) {
		if seen[0].Failures != 0 {
			t.Errorf("what is over counts: %v", seen)
		}
	})
	if err != nil {
		t.Error(err)
	}
}
