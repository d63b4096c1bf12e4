package client_test

import (
	"slices"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// hear returns the next change, or fails after a while.
func hear(t *testing.T, changes <-chan client.Change) client.Change {
	t.Helper()
	select {
	case change, open := <-changes:
		if !open {
			t.Fatal("the channel is closed")
		}
		return change
	case <-time.After(time.Minute):
		t.Fatal("nothing was heard")
	}
	return client.Change{}
}

func silent(t *testing.T, changes <-chan client.Change) {
	t.Helper()
	select {
	case change := <-changes:
		t.Fatalf("heard %+v, where nothing was to be heard", change)
	case <-time.After(20 * time.Millisecond):
	}
}

func of(table string, change client.Change) (ids []record.ID) {
	for _, key := range change.Rows {
		if aftersales.Schema.TableByID(key.Table).Name == table {
			ids = append(ids, key.ID)
		}
	}
	return ids
}

func TestAWatcherHearsOfItsTablesOnly(t *testing.T) {
	t.Parallel()
	c := phone(t)
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	comments, stopComments := c.Watch("comment")
	defer stopComments()
	nothing, stopNothing := c.Watch("no such table")
	defer stopNothing()
	visits, stopVisits := c.Watch("visit")
	defer stopVisits()
	note, err := c.Jobs().Note(t.Context(), job, "rings at 9")
	if err != nil {
		t.Fatal(err)
	}
	if got := of("comment", hear(t, comments)); !slices.Equal(got, []record.ID{note}) {
		t.Fatalf("heard of %v, want %v", got, note)
	}
	silent(t, nothing)
	silent(t, visits)
}

func TestASlowReaderHearsOfEverythingAtOnce(t *testing.T) {
	t.Parallel()
	c := phone(t)
	job := found(t, c, aftersales.JobInput{Title: "pump leaks"})
	changes, stop := c.Watch("comment")
	defer stop()
	var want []record.ID
	for range 20 {
		note, err := c.Jobs().Note(t.Context(), job, "and again")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, note)
	}
	var got []record.ID
	hears := 0
	for len(got) < len(want) {
		got = append(got, of("comment", hear(t, changes))...)
		hears++
	}
	if !slices.Equal(got, want) || hears > 3 {
		t.Fatalf("in %d changes heard of %v, want %v", hears, got, want)
	}
	silent(t, changes)
}

func TestAWatcherThatStoppedIsNotTold(t *testing.T) {
	t.Parallel()
	c := phone(t)
	changes, stop := c.Watch()
	stop()
	stop()
	for range changes {
		t.Error("heard something after stop")
	}
	found(t, c, aftersales.JobInput{Title: "pump leaks"})
}
