package client_test

import (
	"context"
	"path/filepath"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
)

// The status is told at once, after a write, and no more after Close; what a slow reader missed is folded together.
func TestWatchStatus(t *testing.T) {
	t.Parallel()
	c, done := demo()
	defer done()
	statuses, stop := c.WatchStatus()
	defer stop()
	before := (<-statuses).Pending
	for range 3 {
		if _, err := c.Jobs().Create(context.Background(), aftersales.JobInput{Title: "pump leaks"}); err != nil {
			t.Fatal(err)
		}
	}
	for s := range statuses {
		if s.Pending == before+3 {
			break
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range statuses { // until it is closed
	}
}

func TestWatchStatusIsStopped(t *testing.T) {
	t.Parallel()
	c, err := client.Open(t.Context(), client.Options{Path: filepath.Join(t.TempDir(), "field.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	statuses, stop := c.WatchStatus()
	stop()
	stop()
	for range statuses {
	}
}

func TestWhichIsNamed(t *testing.T) {
	t.Parallel()
	for _, w := range []client.Which{client.JobsOpen, client.JobsToday, client.JobsAll} {
		text, err := w.MarshalText()
		var back client.Which
		if err != nil || back.UnmarshalText(text) != nil || back != w {
			t.Errorf("%d is %q, and that %d", w, text, back)
		}
	}
	if _, err := client.Which(7).MarshalText(); err == nil || new(client.Which).UnmarshalText([]byte("some")) == nil {
		t.Error("what is no choice has a name")
	}
}
