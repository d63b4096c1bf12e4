package systemtest

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// A device that opens sessions at several nodes without end is put off by each of them.
func TestADevicesPaceIsThatOfAllNodes(t *testing.T) {
	t.Parallel()
	c, other := twoNodes(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	usedElsewhere(t, other, "hello", mallory.device, 4*time.Minute)
	for range 120 / 8 { // so many are let in before a node tells the others, and hears of them
		mallory.enter(nil)
	}
	mallory.come(nil)
	mallory.refused(fault.Overloaded)
}

// So is a program.
func TestAProgramsPaceIsThatOfAllNodes(t *testing.T) {
	t.Parallel()
	b := newBureauOn(t, filepath.Join(t.TempDir(), "hub.db"), pgtest.Database(t))
	b.hire("boss", "Anna Berg", auth.Administrator)
	till := b.program(b.browser("boss"), "till", "see_jobs")
	const told = 500 / 8
	for range told {
		till.asks("GET", "/jobs", "").has(http.StatusOK)
	}
	var who []byte
	rows, err := b.core.Store.Query(t.Context(), "SELECT who FROM _pace WHERE kind = 'request'")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() || rows.Scan(&who) != nil {
		t.Fatalf("its requests are not told: %v", rows.Err())
	}
	usedElsewhere(t, b.world, "request", record.ID(who), time.Minute)
	for range told {
		till.asks("GET", "/jobs", "").has(http.StatusOK)
	}
	till.asks("GET", "/jobs", "").has(http.StatusTooManyRequests)
}

// usedElsewhere: another node tells that all of it will be back then.
func usedElsewhere(t *testing.T, w *world, kind string, who record.ID, back time.Duration) {
	t.Helper()
	if _, err := w.core.Store.UsePace(t.Context(), kind, who, back, back); err != nil {
		t.Fatal(err)
	}
}
