package store

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

const childPath = "STORE_TEST_CHILD"

// TestMain is also the child process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		if err := writeForEver(path); err != nil {
			log.Fatal(err)
		}
	}
	if path := os.Getenv(powerChild); path != "" {
		if err := writeByRounds(path); err != nil {
			log.Fatal(err)
		}
		os.Exit(0)
	}
	os.Exit(pgtest.Main(m))
}

// writeForEver commits change sets and says of each commit how far it went, once it is durable.
func writeForEver(path string) error {
	s, err := Open(context.Background(), Options{Path: path, Schema: benchSchema, Log: quiet})
	if err != nil {
		return err
	}
	var actor clock.Actor
	err = s.Write(context.Background(), func(tx *Tx) (err error) {
		actor, err = tx.NewActor(benchPerson, benchID(1), clock.SideDevice)
		return err
	})
	for job := 0; err == nil; job += 3 {
		var head uint64
		err = s.Write(context.Background(), func(tx *Tx) error {
			for i := range 3 {
				if err := accept(tx, actor, (job+i)%100); err != nil {
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

// A process that is killed at any moment loses nothing that it had said was committed, and keeps nothing by halves.
func TestKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	actors := map[string]bool{}
	for round := range 6 {
		said := killAfter(t, path, time.Duration(30+17*round)*time.Millisecond)
		actor, head, _ := strings.Cut(said, " ")
		if actors[actor] {
			t.Fatalf("actor %s was handed out twice", actor)
		}
		actors[actor] = true
		s, err := Open(t.Context(), Options{Path: path, Schema: benchSchema, Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		report := whole(t, s)
		if said, _ := strconv.ParseUint(head, 10, 64); report.Entries < said || report.Entries%3 != 0 || s.Epoch() != 0 {
			t.Errorf("round %d: %d entries, %d were said to be durable; epoch %d", round, report.Entries, said, s.Epoch())
		}
		if err = s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A byte that goes bad in the log of a hub that was killed is not passed over, with every commit behind it: the hub refuses to
// start, and changes nothing.
func TestADamagedLogIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	_, head, _ := strings.Cut(killAfter(t, path, 30*time.Millisecond), " ")
	frames, err := sqlrow.ReadFrames(path)
	if err != nil || len(frames.List) < 10 {
		t.Fatal(frames, err)
	}
	good, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{9, frames.List[0].At + 50, frames.List[len(frames.List)/2].At - 20} {
		bad := bytes.Clone(good)
		bad[at] ^= 4
		if err := os.WriteFile(path+"-wal", bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), Options{Path: path, Schema: benchSchema, Log: quiet})
		refused(t, err, Corrupt)
		if left, err := os.ReadFile(path + "-wal"); err != nil || !bytes.Equal(left, bad) {
			t.Fatal("the damaged log was changed:", err)
		}
	}
	if err := os.WriteFile(path+"-wal", good, 0o600); err != nil {
		t.Fatal(err)
	}
	report := whole(t, open(t, Options{Path: path, Schema: benchSchema, Log: quiet}))
	if said, _ := strconv.ParseUint(head, 10, 64); report.Entries < said {
		t.Errorf("%d entries, %d were said to be durable", report.Entries, said)
	}
}

// killAfter lets a child write, kills it that long after its first commit, and returns the last line that it said.
func killAfter(t *testing.T, path string, after time.Duration) (said string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childPath+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if said == "" {
			time.AfterFunc(after, func() { _ = child.Process.Kill() })
		}
		said = lines.Text()
	}
	if err = child.Wait(); said == "" {
		t.Fatal("the child said nothing:", err)
	}
	return said
}

// A disk that is full stops writers, not readers, and costs nothing but the transaction that did not fit.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor := newActor(t, s, benchPerson)
	acceptMany(t, s, actor, 50)
	limit := func(pages int64) {
		s.writer.mu.Lock()
		defer s.writer.mu.Unlock()
		if _, err := s.writer.conn.Int(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes this as: not one page more than there are
	var err error
	written := 50
	for ; err == nil && written < 5000; written++ {
		err = s.Write(t.Context(), func(tx *Tx) error { return accept(tx, actor, written) })
	}
	written--
	refused(t, err, DiskFull)
	for range 3 {
		refused(t, s.Write(t.Context(), func(tx *Tx) error {
			for job := range 500 {
				if err := accept(tx, actor, written+job); err != nil {
					return err
				}
			}
			return nil
		}), DiskFull)
	}
	if report := whole(t, s); report.Entries != uint64(written) {
		t.Errorf("%d entries, %d were accepted", report.Entries, written)
	}
	limit(1 << 30)
	write(t, s, func(tx *Tx) error { return accept(tx, actor, written) })
	s = reopen(t, s)
	if report := whole(t, s); report.Entries != uint64(written)+1 || s.Epoch() != 0 {
		t.Errorf("%d entries after there was space again, %d were accepted", report.Entries, written+1)
	}
}

// Every function that shares a commit with one that fills the disk hears of it, if the commit is lost.
func TestFullDiskInSharedCommits(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	const writers = 6
	var actors [writers]clock.Actor
	for i := range actors {
		actors[i] = newActor(t, s, benchPerson)
	}
	s.writer.mu.Lock()
	pages, _ := s.writer.conn.Int("PRAGMA page_count")
	if _, err := s.writer.conn.Int(fmt.Sprintf("PRAGMA max_page_count = %d", pages+40)); err != nil {
		t.Fatal(err)
	}
	s.writer.mu.Unlock()
	accepted := make(chan int, writers)
	for i, actor := range actors {
		go func() {
			n := 0
			for range 200 {
				switch err := s.Write(t.Context(), func(tx *Tx) error { return accept(tx, actor, i*1000+n) }); {
				case err == nil:
					n++
				case fault.CodeOf(err) != DiskFull:
					t.Error(err)
				}
			}
			accepted <- n
		}()
	}
	total := 0
	for range writers {
		total += <-accepted
	}
	if report := whole(t, s); report.Entries != uint64(total) || total == 0 || total == writers*200 {
		t.Errorf("%d entries, %d were accepted", report.Entries, total)
	}
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, s *Store)
		want  fault.Code
	}{
		{"a newer database", func(t *testing.T, s *Store) {
			run(t, s, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1))
		}, Newer},
		{"a newer schema", func(t *testing.T, s *Store) { run(t, s, "UPDATE _hub SET version = 99") }, Newer},
		{"another application's database", func(t *testing.T, s *Store) { run(t, s, "UPDATE _hub SET schema = 'shop'") }, Foreign},
		{"another program's database", func(t *testing.T, s *Store) { run(t, s, "PRAGMA application_id = 5") }, Foreign},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := fresh(t)
			c.spoil(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), s.options)
			refused(t, err, c.want)
		})
	}
	folder := t.TempDir()
	rewrite(t, filepath.Join(folder, "text.db"), strings.Repeat("no database ", 1000))
	_, err := Open(t.Context(), Options{Path: filepath.Join(folder, "text.db"), Schema: benchSchema, Log: quiet})
	refused(t, err, Foreign)
	_, err = Open(t.Context(), Options{Path: filepath.Join(folder, "none", "hub.db"), Schema: benchSchema, Log: quiet})
	refused(t, err, Unreadable)
}

func run(t *testing.T, s *Store, statement string) {
	t.Helper()
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	if err := s.writer.conn.run(statement); err != nil {
		t.Fatal(err)
	}
}

func TestBackupWhileWriting(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor := newActor(t, s, benchPerson)
	acceptMany(t, s, actor, 100)
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for job := 0; ; job++ {
			select {
			case <-stop:
				return
			default:
				if err := s.Write(t.Context(), func(tx *Tx) error { return accept(tx, actor, job%200) }); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	folder := t.TempDir()
	first := must[Backup](t)(s.Backup(t.Context(), filepath.Join(folder, "1.db")))
	second := must[Backup](t)(s.Backup(t.Context(), filepath.Join(folder, "2.db")))
	close(stop)
	<-stopped
	_, err := s.Backup(t.Context(), first.Path)
	refused(t, err, BackupExists)
	read(t, s, func(v *View) error {
		if upTo, err := v.BackedUp(); upTo != first.Head || err != nil {
			t.Errorf("backed up to %d (%v); the backups include %d and %d", upTo, err, first.Head, second.Head)
		}
		return nil
	})
	copied := open(t, Options{Path: second.Path, Schema: benchSchema, Log: quiet})
	if report := whole(t, copied); report.Entries != second.Head || copied.RestoreAt() != second.Head || copied.Epoch() != 1 {
		t.Errorf("the backup has %d entries, of %d commits; epoch %d", report.Entries, second.Head, copied.Epoch())
	}
	files, err := os.ReadDir(folder)
	for _, f := range files {
		if strings.Contains(f.Name(), "partial") {
			t.Errorf("%s was left (%v)", f.Name(), err)
		}
	}
}

// Verify finds what a fault of the program or of an operator can do to the tables.
func TestVerifyFinds(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]string{
		"a row without its feed entry":     "DELETE FROM _feed WHERE seq = 2",
		"a feed entry without its row":     "DELETE FROM job WHERE _seq = 2",
		"a feed entry of another commit":   "UPDATE _feed SET seq = 99 WHERE seq = 2",
		"a gap in the ledger":              "DELETE FROM _ledger WHERE counter = 2",
		"a ledger that ends too early":     "DELETE FROM _ledger WHERE counter = 3",
		"a change set with another hash":   "UPDATE _ledger SET hash = zeroblob(16) WHERE counter = 2",
		"a list of refused ones that lies": "INSERT INTO _refused(actor, counter, seq, open) VALUES(1, 1, 1, 1)",
		"a writer who has written nothing": "DELETE FROM _ledger",
		"an audit with an entry taken out": "DELETE FROM _audit WHERE n = 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fresh(t)
			acceptMany(t, s, newActor(t, s, benchPerson), 3)
			for range 2 {
				write(t, s, func(tx *Tx) error {
					_, err := tx.Audit(AuditEntry{Action: "test", Row: record.Key{Table: 1}})
					return err
				})
			}
			whole(t, s)
			run(t, s, spoil)
			if report := must[*VerifyReport](t)(s.Verify(t.Context())); report.OK() {
				t.Error("nothing found")
			}
		})
	}
}
