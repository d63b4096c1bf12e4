package store

import (
	"context"
	goflag "flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/simtest/powercut"
)

// everyMoment is 1 in .ci/crash, which looks at each: that takes minutes.
var everyMoment = goflag.Int("every", 97, "which moments TestKilledOrWithoutPowerAtAnyMoment looks at: every so many")

const powerChild = "STORE_TEST_POWER_CHILD"

const powerRounds, powerCommits = 3, 4

// writeByRounds opens a store, works and closes it, three times, the last time without closing. It says who wrote and how
// far, once that is durable.
func writeByRounds(path string) error {
	for round := range powerRounds {
		s, err := Open(context.Background(), Options{Path: path, Schema: benchSchema, Log: quiet})
		if err != nil {
			return err
		}
		if err = writeRound(s, powerCommits); err != nil {
			return err
		}
		if round == 1 {
			if _, err = s.Backup(context.Background(), filepath.Join(filepath.Dir(path), "backup.db")); err != nil {
				return err
			}
		}
		if round < powerRounds-1 {
			err = s.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeRound(s *Store, commits int) (err error) {
	var actor clock.Actor
	err = s.Write(context.Background(), func(tx *Tx) (err error) {
		actor, err = tx.NewActor(benchPerson, benchID(1), clock.SideDevice)
		return err
	})
	for n := 0; n < commits && err == nil; n++ {
		var head uint64
		err = s.Write(context.Background(), func(tx *Tx) error {
			for i := range perCommit {
				if err := accept(tx, actor, n*perCommit+i); err != nil {
					return err
				}
			}
			head, _ = tx.Head()
			return nil
		})
		fmt.Println(uint64(actor), head)
	}
	return err
}

const perCommit = 3

// At whatever moment a hub is killed, or loses its power, it starts again with all that it had said was durable, nothing by
// halves, and never gives a writer's number a second time.
func TestKilledOrWithoutPowerAtAnyMoment(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), powerChild+"="+filepath.Join(folder, "hub.db"))
	h := powercut.Record(t, folder, child)
	if said := h.Said(h.Moments() - 1); len(said) != powerRounds*powerCommits {
		t.Fatalf("the program said %d of %d lines", len(said), powerRounds*powerCommits)
	}
	for moment := 0; moment < h.Moments(); moment += *everyMoment {
		chance := rand.New(rand.NewPCG(1, uint64(moment)))
		said := h.Said(moment)
		startsAgain(t, fmt.Sprintf("killed at moment %d", moment), h.Killed(moment), said, true)
		startsAgain(t, fmt.Sprintf("without power at moment %d", moment), h.PowerCut(moment, nil), said, false)
		startsAgain(t, fmt.Sprintf("without power at moment %d, in parts", moment), h.PowerCut(moment, chance), said, false)
	}
	t.Logf("%d moments, every %d. looked at", h.Moments(), *everyMoment)
}

// startsAgain opens the store that is found in the folder. A kill alone is no reason for an epoch.
func startsAgain(t *testing.T, what string, found powercut.Folder, said []string, sameEpoch bool) {
	t.Helper()
	folder := t.TempDir()
	defer func() { _ = os.RemoveAll(folder) }()
	found.Lay(t, folder)
	s, err := Open(t.Context(), Options{Path: filepath.Join(folder, "hub.db"), Schema: benchSchema, Log: quiet})
	if err != nil {
		t.Errorf("%s: %v: %v", what, err, detail(err))
		return
	}
	defer func() { _ = s.Close() }()
	report, err := s.Verify(t.Context())
	if err != nil || !report.OK() {
		t.Errorf("%s: %v, %+v", what, err, report)
		return
	}
	var head uint64
	given := map[uint64]bool{}
	for _, line := range said {
		var actor uint64
		if _, err := fmt.Sscan(line, &actor, &head); err == nil {
			given[actor] = true
		}
	}
	if report.Entries < head || report.Entries%perCommit != 0 || sameEpoch && s.Epoch() != 0 {
		t.Errorf("%s: %d entries, %d were said to be durable; epoch %d", what, report.Entries, head, s.Epoch())
	}
	if actor := newActor(t, s, benchPerson); given[uint64(actor)] {
		t.Errorf("%s: actor %d was handed out twice", what, actor)
	}
}
