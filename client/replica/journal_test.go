package replica_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
	"fieldsync/sync/sqlrow"
)

// killed returns the copy of a replica as a program leaves it that is killed: what was written last lies in the journal alone.
func killed(t *testing.T) (p string, items []*device.Item, frames []sqlrow.Frame) {
	t.Helper()
	alive := path(t)
	r, items := someReplica(t, alive)
	p = damage(t, alive, func(b []byte) []byte { return b })
	closed(t, r)
	log, err := sqlrow.ReadFrames(p)
	if err != nil || len(log.List) < damagedItems {
		t.Fatal(log, err)
	}
	return p, items, log.List
}

// wantTold opens a replica that was hurt, and fails the test if work is missing and nobody is told, or if more of it is than
// what could not be read.
func wantTold(t *testing.T, what, hurt string, items []*device.Item, atLeast int) (told bool) {
	t.Helper()
	before, err := os.ReadFile(hurt + "-wal")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	r := open(t, replica.Options{Path: hurt})
	found := waiting(t, r)
	wantWhole(t, what, found, items, atLeast)
	if told = r.Recovery != nil; !told && len(found) < len(items) {
		t.Errorf("%s: %d of %d items are gone, and nobody is told", what, len(items)-len(found), len(items))
	}
	if told {
		if aside, err := os.ReadFile(r.Recovery.Aside + "-wal"); len(before) > 0 && (err != nil || !bytes.Equal(aside, before)) {
			t.Errorf("%s: the journal does not lie aside as it was: %v", what, err)
		}
		checkSalvaged(t, what, r)
	}
	closed(t, r)
	r = open(t, replica.Options{Path: hurt})
	if r.Recovery != nil {
		t.Errorf("%s: repaired twice", what)
	}
	wantWhole(t, what+", opened again", waiting(t, r), items, len(found))
	closed(t, r)
	return told
}

// A byte may go bad in any frame of the journal, and in its header. What is read of the rest is everything, but for what
// stood on that page alone.
func TestEveryFrameOfTheJournalMayBeDamaged(t *testing.T) {
	t.Parallel()
	p, items, frames := killed(t)
	random := rand.New(rand.NewPCG(6, 6))
	for n, f := range frames {
		if n%9 != 0 && n < len(frames)-6 { // package sqlrow tries each of a log
			continue
		}
		at := f.At + int64(random.IntN(pageSize))
		if n%2 == 0 {
			at = f.At - 24 + int64(random.IntN(24))
		}
		hurt := damageTo(t, p, "-wal", func(b []byte) []byte { b[at] ^= 1 << random.IntN(8); return b })
		what := fmt.Sprintf("byte %d of frame %d", at-f.At, n)
		if !wantTold(t, what, hurt, items, len(items)-1) {
			t.Errorf("%s: not noticed", what)
		}
	}
	for at := 3; at < 32; at += 4 {
		hurt := damageTo(t, p, "-wal", func(b []byte) []byte { b[at] ^= 1; return b })
		if what := fmt.Sprintf("byte %d of the journal's header", at); !wantTold(t, what, hurt, items, len(items)) {
			t.Errorf("%s: not noticed", what)
		}
	}
}

func TestAJournalMayBeCutOrGone(t *testing.T) {
	t.Parallel()
	p, items, frames := killed(t)
	random := rand.New(rand.NewPCG(7, 7))
	const before = damagedItems / 2 // lie in the file
	for range 3 {
		f := frames[random.IntN(len(frames))]
		for what, change := range map[string]func([]byte) []byte{
			"cut":     func(b []byte) []byte { return b[:f.At+100] },
			"cleared": func(b []byte) []byte { clear(b[f.At+100:]); return b },
			"no page": func(b []byte) []byte { clear(b[f.At-24 : f.At+pageSize]); return b },
			"swapped": func(b []byte) []byte { copy(b[f.At:], b[frames[3].At:frames[3].At+pageSize]); return b },
		} {
			wantTold(t, fmt.Sprintf("%s at %d", what, f.At), damageTo(t, p, "-wal", change), items, before)
		}
	}
	if !wantTold(t, "no header", damageTo(t, p, "-wal", func(b []byte) []byte { clear(b[:32]); return b }), items, len(items)) {
		t.Error("a journal without a header is not noticed")
	}
	if !wantTold(t, "emptied", damageTo(t, p, "-wal", func([]byte) []byte { return nil }), items, before) {
		t.Error("an emptied journal is not noticed")
	}
	gone := damage(t, p, func(b []byte) []byte { return b })
	if err := os.Remove(gone + "-wal"); err != nil {
		t.Fatal(err)
	}
	if !wantTold(t, "gone", gone, items, before) {
		t.Error("a journal that is gone is not noticed")
	}
}

// A power cut tears what nobody was told is safe. The tally knows no more than that, and such a file opens as ever.
func TestAJournalThatAPowerCutHasTornIsNoDamage(t *testing.T) {
	t.Parallel()
	p, items, frames := killed(t)
	if err := os.Remove(p + ".tally"); err != nil { // as it was, at most, at an earlier commit
		t.Fatal(err)
	}
	for n := 0; n < len(frames); n += 30 {
		for what, change := range map[string]func([]byte) []byte{
			"cut":     func(b []byte) []byte { return b[:frames[n].At+100] },
			"zeros":   func(b []byte) []byte { clear(b[frames[n].At+100:]); return b },
			"garbage": func(b []byte) []byte { return append(b[:frames[n].At], bytes.Repeat([]byte{0x5a}, 50_000)...) },
		} {
			r := open(t, replica.Options{Path: damageTo(t, p, "-wal", change)})
			if r.Recovery != nil || r.Cloned {
				t.Errorf("%s at frame %d: counts as damage", what, n)
			}
			wantWhole(t, what, waiting(t, r), items, damagedItems/2)
			closed(t, r)
		}
	}
}

// The index of the journal is made anew, whatever stands in it.
func TestTheIndexOfTheJournalMayBeGarbage(t *testing.T) {
	t.Parallel()
	p, items, _ := killed(t)
	for _, garbage := range []int{0, 100, 32 << 10, 200_000} {
		if err := os.WriteFile(p+"-shm", bytes.Repeat([]byte{0xa5}, garbage), 0o600); err != nil {
			t.Fatal(err)
		}
		hurt := damage(t, p, func(b []byte) []byte { return b })
		copyFile(t, p+"-shm", hurt+"-shm")
		if wantTold(t, "garbage in the index", hurt, items, len(items)) {
			t.Error("garbage in the index counts as damage")
		}
	}
}

// Where the file itself is gone, what its journal has is salvaged.
func TestOnlyTheJournalIsLeft(t *testing.T) {
	t.Parallel()
	p, items, _ := killed(t)
	if err := os.Remove(p); err != nil {
		t.Fatal(err)
	}
	if !wantTold(t, "no file", p, items, damagedItems/2) {
		t.Error("not noticed")
	}
}

// A copy from before that is put in the place of the file is noticed, also where nothing was renewed in between: what was
// written since is not written again under the same numbers.
func TestAnOlderFileIsNoticed(t *testing.T) {
	t.Parallel()
	p := path(t)
	r, items := someReplica(t, p)
	older := damage(t, p, func(b []byte) []byte { return b })
	if err := os.Remove(older + "-wal"); err != nil { // what is in the file by itself
		t.Fatal(err)
	}
	closed(t, r)
	copyFile(t, older, p)
	if !wantTold(t, "an older file", p, items, damagedItems/2) {
		t.Error("not noticed")
	}
}

// The files of two replicas that were mixed up.
func TestTwoReplicasMixedUp(t *testing.T) {
	t.Parallel()
	p, items, _ := killed(t)
	theirs := path(t)
	r, others := someReplica(t, theirs)
	m := simtest.NewMaker(8)
	write(t, r, putAll(parts(m, 300)))
	for n := range uint64(20) {
		i := item(m, damagedItems+n+1, record.Update, parts(m, 3)...)
		others = append(others, i)
		write(t, r, func(tx *replica.Tx) error { return tx.PutItem(i) })
	}
	other := damage(t, theirs, func(b []byte) []byte { return b })
	closed(t, r)
	all := append(slices.Clone(items), others...)
	journal := damage(t, p, func(b []byte) []byte { return b })
	copyFile(t, other+"-wal", journal+"-wal")
	r = open(t, replica.Options{Path: journal})
	wantWhole(t, "another's journal", waiting(t, r), all, damagedItems/2)
	closed(t, r)
	whole := damage(t, p, func(b []byte) []byte { return b })
	for _, ending := range []string{"", "-wal", ".keys"} {
		copyFile(t, other+ending, whole+ending)
	}
	if r = open(t, replica.Options{Path: whole}); !r.Cloned || r.Recovery != nil {
		t.Errorf("another's file beside this one's token: %t, %+v", r.Cloned, r.Recovery)
	}
	wantWhole(t, "another's file", waiting(t, r), others, len(others))
}
