package replica_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/simtest"
	"fieldsync/sync/simtest/powercut"
)

// everyMoment is 1 in .ci/crash, which looks at each: that takes minutes.
var everyMoment = flag.Int("every", 97, "which moments TestKilledOrWithoutPowerAtAnyMoment looks at: every so many")

const powerChild = "FIELDSYNC_TEST_POWER_CHILD"

const powerRounds, powerCommits = 3, 6

// bulk reports which transactions of writeByRounds came from the hub, so that a power cut may take them back.
func bulk(number uint64) bool { return number%3 == 0 }

// writeByRounds opens a replica, commits numbered transactions and closes it, three times, the last time without closing. It
// says each number once it is committed.
func writeByRounds(path string) error {
	for number := uint64(1); number <= powerRounds*powerCommits; {
		r, err := replica.Open(context.Background(), replica.Options{Path: path, Schema: simtest.Schema})
		if err != nil {
			return err
		}
		for range powerCommits {
			write := r.Write
			if bulk(number) {
				write = r.WriteBulk
			}
			if err := write(context.Background(), func(tx *replica.Tx) error { return writeNumber(tx, number) }); err != nil {
				return err
			}
			fmt.Println(number)
			number++
		}
		if number <= powerRounds*powerCommits {
			err = r.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// At whatever moment a device is killed, or loses its power, it opens again with all that its person was told is safe, nothing
// by halves, and does not take the file for a damaged or a copied one.
func TestKilledOrWithoutPowerAtAnyMoment(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), powerChild+"="+filepath.Join(folder, "replica.db"))
	h := powercut.Record(t, folder, child)
	if all, _ := safe(t, h.Said(h.Moments()-1)); all != powerRounds*powerCommits {
		t.Fatalf("the program got to number %d of %d", all, powerRounds*powerCommits)
	}
	for moment := 0; moment < h.Moments(); moment += *everyMoment {
		killed, durable := safe(t, h.Said(moment))
		chance := rand.New(rand.NewPCG(1, uint64(moment)))
		opensAgain(t, fmt.Sprintf("killed at moment %d", moment), h.Killed(moment), killed, false)
		opensAgain(t, fmt.Sprintf("without power at moment %d", moment), h.PowerCut(moment, nil), durable, false)
		opensAgain(t, fmt.Sprintf("without power at moment %d, in parts", moment), h.PowerCut(moment, chance), durable, true)
	}
	t.Logf("%d moments, every %d. looked at", h.Moments(), *everyMoment)
}

// safe returns the last number that a kill, and that a power cut may not take back.
func safe(t *testing.T, said []string) (killed, durable uint64) {
	t.Helper()
	for _, line := range said {
		n, err := strconv.ParseUint(line, 10, 64)
		if err != nil && line != "" {
			t.Fatal(line)
		}
		if killed = n; !bulk(n) {
			durable = n
		}
	}
	return killed, durable
}

// opensAgain opens the replica that is found. Where a power cut has torn what was written in bulk, it may count as damaged; then
// too everything is there that anybody was told is safe.
func opensAgain(t *testing.T, what string, found powercut.Folder, least uint64, torn bool) {
	t.Helper()
	folder := t.TempDir()
	defer func() { _ = os.RemoveAll(folder) }()
	found.Lay(t, folder)
	r, err := replica.Open(t.Context(), replica.Options{Path: filepath.Join(folder, "replica.db"), Schema: simtest.Schema})
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer func() { _ = r.Close() }()
	last := uint64(len(waiting(t, r)))
	if r.Recovery == nil && last > 0 {
		last = checkNumbers(t, r)
	}
	if last < least {
		t.Errorf("%s: number %d was said to be safe, and %d is found", what, least, last)
	}
	if r.Recovery != nil && !torn || r.Recovery == nil && r.Cloned {
		t.Errorf("%s: it counts as damaged (%+v) or copied (%v)", what, r.Recovery, r.Cloned)
	}
}

// A device that was killed while it made its file is not refused for ever: what it had begun is undone.
func TestAFileThatWasOnlyBeingMadeIsMadeAnew(t *testing.T) {
	t.Parallel()
	made := path(t)
	closed(t, open(t, replica.Options{Path: made}))
	page, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	// The journal by which SQLite goes back to a file of no pages: https://sqlite.org/fileformat2.html#the_rollback_journal
	journal := make([]byte, 512)
	copy(journal, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
	journal[22], journal[26] = 512>>8, 4096>>8 // a sector, a page
	killed := powercut.Folder{"replica.db": page[:4096], "replica.db-journal": journal}
	opensAgain(t, "killed while the file was made", killed, 0, false)
}
