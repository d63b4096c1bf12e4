package sqlrow_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/sync/sqlrow"
)

const (
	noteCommits = 12
	logFrame    = 24 + 4096
)

// notes makes a database with a log of some commits, one of them of several pages, and returns a copy of it as a program
// leaves it that was killed.
func notes(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.db")
	db := journalled(t, path)
	execute(t, db, "PRAGMA wal_checkpoint(TRUNCATE)")
	for n := range noteCommits {
		execute(t, db, "INSERT INTO note(text) VALUES(printf('%.*c', ?, 'x'))", 100+n%5*4000)
	}
	return crashed(t, path)
}

// hurt copies the database, changes its log, and reports whether the log counts as broken, and how many notes SQLite finds.
func hurt(t *testing.T, path string, change func([]byte) []byte) (broken bool, found int) {
	t.Helper()
	copied := crashed(t, path)
	b, err := os.ReadFile(copied + "-wal")
	if err == nil {
		err = os.WriteFile(copied+"-wal", change(b), 0o600)
	}
	if err == nil {
		broken, err = sqlrow.LogBroken(copied)
	}
	if err != nil {
		t.Fatal(err)
	}
	return broken, count(t, journalled(t, copied))
}

// Whichever byte of the log goes bad, the log counts as broken if a commit is lost, unless it is the last one: it may as well
// have been torn by a power cut.
func TestAByteThatGoesBadInTheLogIsNoticed(t *testing.T) {
	t.Parallel()
	path := notes(t)
	frames := length(t, path+"-wal") / logFrame
	places := map[string]int64{}
	for at := range int64(32) {
		places[fmt.Sprintf("byte %d of the header", at)] = at
	}
	for n := range frames {
		for _, at := range []int64{3, 9, 20, 24, 24 + 3000} {
			places[fmt.Sprintf("byte %d of frame %d", at, n)] = 32 + n*logFrame + at
		}
	}
	for what, at := range places {
		broken, found := hurt(t, path, func(b []byte) []byte { b[at] ^= 1; return b })
		if !broken && found < noteCommits-1 || broken && found == noteCommits {
			t.Errorf("%s: broken %t, and %d of %d notes are left", what, broken, found, noteCommits)
		}
	}
}

// A page that was never written, and one that was written for another, are noticed too; so is a header that is gone.
func TestAPageOfTheLogThatIsGoneIsNoticed(t *testing.T) {
	t.Parallel()
	path := notes(t)
	for n := range 8 {
		at := 32 + n*logFrame
		if broken, found := hurt(t, path, func(b []byte) []byte { clear(b[at : at+logFrame]); return b }); !broken {
			t.Errorf("without frame %d the log counts as whole, and %d notes are left", n, found)
		}
		if broken, _ := hurt(t, path, func(b []byte) []byte { copy(b[at:], b[at+logFrame:at+2*logFrame]); return b }); !broken {
			t.Errorf("with another frame in the place of frame %d the log counts as whole", n)
		}
	}
	if broken, _ := hurt(t, path, func(b []byte) []byte { clear(b[:32]); return b }); !broken {
		t.Error("without its header the log counts as whole")
	}
}

// What a power cut leaves is not broken: a log that ends anywhere, or whose last commit has a hole; nor is one that has the
// frames of an earlier round behind its end, or room.
func TestALogThatAPowerCutHasTornIsWhole(t *testing.T) {
	t.Parallel()
	path := notes(t)
	size := int(length(t, path+"-wal"))
	whole := func(what string, change func([]byte) []byte) {
		t.Helper()
		if broken, _ := hurt(t, path, change); broken {
			t.Errorf("%s counts as broken", what)
		}
	}
	whole("a log as it was written", func(b []byte) []byte { return b })
	whole("an empty log", func([]byte) []byte { return nil })
	whole("a log of zeros", func(b []byte) []byte { clear(b); return b })
	whole("a log with room", func(b []byte) []byte { return append(b, make([]byte, 50_000)...) })
	for end := 0; end < size; end += 4099 {
		whole(fmt.Sprintf("a log of %d bytes", end), func(b []byte) []byte { return b[:end] })
		whole(fmt.Sprintf("a log of %d bytes and zeros", end), func(b []byte) []byte { clear(b[end:]); return b })
	}
	last := size - 2*logFrame // the last commit takes three frames
	whole("a last commit with a hole", func(b []byte) []byte { clear(b[last : last+1000]); return b })
}

func TestFramesOfAnEarlierRoundAreNoDamage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	db := journalled(t, path)
	for range 30 {
		execute(t, db, "INSERT INTO note(text) VALUES('of the round before')")
	}
	execute(t, db, "PRAGMA wal_checkpoint(RESTART)")
	for n := range 10 {
		execute(t, db, "INSERT INTO note(text) VALUES('of this round')")
		frames, err := sqlrow.ReadFrames(path)
		if err != nil || frames.Broken || len(frames.List) != n+1 {
			t.Fatalf("after %d commits: %+v, %v", n+1, frames, err)
		}
	}
}

// Whoever looks while somebody writes sees no damage.
func TestALogThatIsBeingWrittenIsWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	db := journalled(t, path)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 400 {
			if _, err := db.Exec("INSERT INTO note(text) VALUES(printf('%.*c', ?, 'x'))", n*30); err != nil {
				t.Error(err)
			}
		}
	}()
	for looking := true; looking; {
		select {
		case <-done:
			looking = false
		default:
		}
		if broken, err := sqlrow.LogBroken(path); broken || err != nil {
			t.Fatalf("broken %t, %v", broken, err)
		}
	}
}

func BenchmarkReadFrames(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.db")
	page := make([]byte, 16<<20)
	if err := os.WriteFile(path+"-wal", page, 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := sqlrow.ReadFrames(path); err != nil {
			b.Fatal(err)
		}
	}
}
