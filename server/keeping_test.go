package server

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// kept is a hub with a clock that stands until the test moves it.
type kept struct {
	*Core
	t      *testing.T
	today  atomic.Int64 // ms since 1970 UTC; the hub reads it meanwhile
	branch record.ID
	li     record.ID
}

func newKept(t *testing.T, path string) *kept {
	t.Helper()
	k := &kept{t: t, branch: record.ID{1}, li: record.ID{2}}
	k.today.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	core, err := OpenCore(t.Context(), CoreOptions{
		Path: path, Schema: aftersales.Schema, Rules: Rules(), Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.UnixMilli(k.today.Load()).UTC() },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := core.Close(0); err != nil {
			t.Error(err)
		}
	})
	k.Core = core
	return k
}

func (k *kept) do(command func(aftersales.Tx) error) {
	k.t.Helper()
	_, err := k.Hub.Do(k.t.Context(), record.ID{}, nil, aftersales.CauseEdit, func(o *hub.Office) error {
		return command(Bind(o, record.ID{}))
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *kept) founded() *kept {
	k.do(func(tx aftersales.Tx) error {
		if _, err := aftersales.CreateBranch(tx, aftersales.BranchInput{ID: k.branch, Code: "N", Name: "North"}); err != nil {
			return err
		}
		_, err := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: k.li, Branch: k.branch, Name: "Li", Technician: true})
		return err
	})
	return k
}

// cancelled makes a job of Li's that is called off today.
func (k *kept) cancelled(id record.ID) {
	k.do(func(tx aftersales.Tx) error {
		if _, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: id, Branch: k.branch, Title: "pump leaks"}); err != nil {
			return err
		}
		if _, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: id, Person: k.li}); err != nil {
			return err
		}
		return aftersales.CancelJob(tx, aftersales.CancelInput{Job: id, Reason: "sold"})
	})
}

func (k *kept) holds(job record.ID) (held bool) {
	k.t.Helper()
	err := k.Hub.View(k.t.Context(), func(v hub.View) error {
		buckets, err := hub.HeldBy(v, k.li)
		for _, b := range buckets {
			held = held || b.Kind == aftersales.JobBucket && b.ID == job
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return held
}

func (k *kept) tidy() int {
	k.t.Helper()
	done, err := k.Tidy(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return done.Released
}

func (k *kept) later(days int) { k.today.Add(int64(days) * 24 * time.Hour.Milliseconds()) }

// A store for files that does not answer keeps finished work, which is nobody's business any more, on no phone.
func TestWhatFailsKeepsTheHouseFromNothingElse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	k := newKept(t, path).founded()
	job := record.ID{11}
	k.cancelled(job)
	k.later(aftersales.DefaultReleaseDays + 1)
	whole := filepath.Join(FilesPath(path), "whole")
	if err := errors.Join(os.RemoveAll(whole), os.WriteFile(whole, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if done, err := k.Tidy(t.Context()); err == nil || done.Released != 1 || k.holds(job) {
		t.Errorf("%+v was done, the job is held: %t; what failed: %v", done, k.holds(job), err)
	}
}

func TestFinishedWorkLeavesThePhonesAfterThePolicysDays(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	early, late := record.ID{11}, record.ID{12}
	k.cancelled(early)
	k.later(10)
	k.cancelled(late)
	k.later(aftersales.DefaultReleaseDays - 11)
	if n := k.tidy(); n != 0 || !k.holds(early) {
		t.Fatalf("%d jobs left a day too soon", n)
	}
	k.later(1)
	if n := k.tidy(); n != 1 || k.holds(early) || !k.holds(late) {
		t.Fatalf("%d jobs left on the day; the early one is held: %t, the late one: %t", n, k.holds(early), k.holds(late))
	}
	if n := k.tidy(); n != 0 {
		t.Fatalf("%d jobs left twice", n)
	}
}

// Whatever a phone says about when a job was over, its people keep it for the policy's days from when the hub heard of it.
func TestAJobThatWasOverLongAgoStaysUntilItsPeopleHaveHeard(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	job := record.ID{11}
	k.cancelled(job)
	k.do(func(tx aftersales.Tx) error {
		return tx.Update("job", job, record.Values{"finished_at": record.Instant(1)})
	})
	k.later(aftersales.DefaultReleaseDays - 1)
	if n := k.tidy(); n != 0 || !k.holds(job) {
		t.Fatalf("%d jobs left a day too soon", n)
	}
	k.later(1)
	if n := k.tidy(); n != 1 || k.holds(job) {
		t.Fatalf("%d jobs left on the day", n)
	}
}

func TestABranchMayKeepFinishedWorkForAShorterTime(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	k.do(func(tx aftersales.Tx) error {
		return aftersales.SetSetting(tx, aftersales.SettingReleaseDays, k.branch, "3")
	})
	k.cancelled(record.ID{11})
	k.later(3)
	if n := k.tidy(); n != 1 {
		t.Fatalf("%d jobs left after the branch's three days, not one", n)
	}
}

func TestTwoHubsTidyingAtOnceDoItOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	one := newKept(t, path).founded()
	two := newKept(t, path)
	const jobs = releaseAtOnce + 20
	for i := range jobs {
		one.cancelled(record.ID{11, byte(i)})
	}
	one.later(aftersales.DefaultReleaseDays)
	two.today.Store(one.today.Load())
	var left [2]int
	var both sync.WaitGroup
	for i, k := range []*kept{one, two} {
		both.Go(func() {
			done, err := k.Tidy(t.Context())
			if err != nil {
				t.Error(err)
			}
			left[i] = done.Released
		})
	}
	both.Wait()
	if left[0]+left[1] != jobs {
		t.Fatalf("%d and %d jobs left, of %d", left[0], left[1], jobs)
	}
}

func TestExpiredCodesAreDropped(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	err := k.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: k.li, Login: "li", Name: "Li", Active: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Devices.NewCode(t.Context(), k.li); err != nil {
		t.Fatal(err)
	}
	codes := func() (n int) {
		rows, err := k.Store.Query(t.Context(), "SELECT count(*) FROM _code")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&n); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	if k.tidy(); codes() != 1 {
		t.Fatal("a code that is still good was dropped")
	}
	k.later(2)
	if k.tidy(); codes() != 0 {
		t.Fatal("an expired code was kept")
	}
}

func TestHousekeepingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { k.KeepHouse(ctx); close(done) }()
	cancel()
	<-done
}

// What a program was answered is dropped after its time, and not before; its key is then as good as new.
func TestAnswersToProgramsAreSwept(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db"))
	k.do(aftersales.SetUp)
	id := aftersales.APICallID(record.ID{9}, "order-1")
	note := func(tx aftersales.Tx) error {
		return aftersales.NoteCall(tx, aftersales.APICall{ID: id, Request: "00", Status: 201})
	}
	known := func() bool {
		there, err := k.ids(t.Context(), "SELECT id FROM api_call WHERE _del = 0")
		if err != nil {
			t.Fatal(err)
		}
		return len(there) == 1
	}
	k.do(note)
	for _, days := range []int{59, 2} {
		if !known() {
			t.Fatal("it was dropped before its time")
		}
		k.today.Add(int64(days) * 24 * 60 * 60 * 1000)
		if _, err := k.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if known() {
		t.Fatal("it was not dropped")
	}
	k.do(note)
	k.do(func(tx aftersales.Tx) error {
		if before, err := aftersales.Once(tx, id, "00"); err != nil || before == nil {
			t.Errorf("its key was used up: %v", err)
		}
		return nil
	})
}
