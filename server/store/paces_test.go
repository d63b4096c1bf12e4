package store

import (
	"sync"
	"testing"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Nodes count together by the server's clock, at the same moment too, each kind and each device by itself; a clock that was
// put back keeps nobody out, and what says nothing any more is dropped.
func TestNodesCountTogether(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	phone := record.ID{1}
	use := func(s *Store, kind string, who record.ID, add time.Duration) time.Duration {
		left, err := s.UsePace(t.Context(), kind, who, add, 10*time.Hour)
		if err != nil {
			t.Error(err)
		}
		return left
	}
	var both sync.WaitGroup
	for i := range 16 {
		both.Go(func() { use(all[i%2], "hello", phone, 10*time.Minute) })
	}
	both.Wait()
	if left := use(all[1], "hello", phone, 10*time.Minute); left > 170*time.Minute || left < 165*time.Minute {
		t.Errorf("after 17 times 10 minutes it is %v", left)
	}
	for _, left := range []time.Duration{use(all[0], "check", phone, time.Hour), use(all[0], "hello", record.ID{2}, time.Hour)} {
		if left > time.Hour {
			t.Errorf("another counts with it: %v", left)
		}
	}
	if _, err := all[0].paces.ExecContext(t.Context(), "UPDATE _pace SET all_back = all_back + 365::bigint * 86400 * 1000000"); err != nil {
		t.Fatal(err)
	}
	if left := use(all[1], "hello", phone, time.Minute); left > 10*time.Hour {
		t.Errorf("after the clock was put back it is %v", left)
	}
	if _, err := all[0].paces.ExecContext(t.Context(), "UPDATE _pace SET all_back = 0"); err != nil {
		t.Fatal(err)
	}
	for range dropEvery {
		use(all[0], "hello", record.ID{3}, time.Microsecond)
	}
	var rows int
	if err := all[0].paces.QueryRowContext(t.Context(), "SELECT count(*) FROM _pace").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows are kept (%v)", rows, err)
	}
}

// One process that serves a file writes nothing.
func TestOneNodeCountsForItself(t *testing.T) {
	t.Parallel()
	s := open(t, onSQLite(t, benchSchema))
	if _, err := s.UsePace(t.Context(), "hello", record.ID{1}, time.Second, time.Minute); fault.CodeOf(err) != fault.Internal {
		t.Errorf("it answers %v", err)
	}
}
