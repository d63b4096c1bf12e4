package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
)

// Who starts the demo with another seed sees technicians do other things, each his own.
func TestTheDemoHeedsItsSeed(t *testing.T) {
	t.Parallel()
	seen := map[uint64]bool{}
	for _, seed := range []uint64{1, 100} {
		l := &live{seed: seed}
		for range 2 {
			m := l.newMember("Sam", "sam")
			l.crew = append(l.crew, m)
			if seen[m.seed] {
				t.Errorf("two technicians do as %d says", m.seed)
			}
			seen[m.seed] = true
		}
	}
}

// A backup whose key is not there is not restored, and no key is made in its place: the right one can still be brought.
func TestARestoreWithoutTheKeyLeavesNoKeyBehind(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	hub, err := store.Open(t.Context(), store.Options{Path: filepath.Join(from, "hub.db"), Schema: aftersales.Schema, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(from, "backup.db")
	_, err = hub.Backup(t.Context(), backup)
	if err := errors.Join(err, hub.Close()); err != nil {
		t.Fatal(err)
	}
	restore := func() (exit int, why string) {
		var said strings.Builder
		exit = run(t.Context(), []string{"restore", backup, "-data", to}, strings.NewReader(""), io.Discard, &said)
		return exit, said.String()
	}
	key := filepath.Join(to, "hub.db.keys")
	if exit, why := restore(); exit == 0 {
		t.Fatalf("restored without the key: %s", why)
	} else if !strings.Contains(why, key) {
		t.Errorf("where the key belongs is not said: %s", why)
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("a key was left behind")
	}
	right, err := os.ReadFile(filepath.Join(from, "hub.db.keys"))
	if err := errors.Join(err, os.WriteFile(key, right, 0o600)); err != nil {
		t.Fatal(err)
	}
	if exit, why := restore(); exit != 0 {
		t.Errorf("not restored with the key: %s", why)
	}
}

// A copy for which there is no room says so, as everything else does.
func TestACopyOnAFullDiskSaysSo(t *testing.T) {
	t.Parallel()
	from := filepath.Join(t.TempDir(), "backup.db")
	if err := os.WriteFile(from, []byte("everything"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&app{err: io.Discard}).copyFile(from, "/dev/full"); fault.CodeOf(err) != store.DiskFull {
		t.Errorf("%v", err)
	}
}

// A file that a full disk left empty, or any other in which there is no hub, is no backup: a new and empty hub would take the
// place of the one that was lost.
func TestWhatHoldsNoHubIsNotRestored(t *testing.T) {
	t.Parallel()
	to, from := t.TempDir(), t.TempDir()
	hub, err := store.Open(t.Context(), store.Options{Path: filepath.Join(to, "hub.db"), Schema: aftersales.Schema, Log: slog.New(slog.DiscardHandler)})
	if err := errors.Join(err, hub.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(to, "hub.db.epoch"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"empty": "", "short": "x", "none": strings.Repeat("no database ", 1000)} {
		file := filepath.Join(from, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"restore", file, "-data", to, "-force"}, {"rehearse", file, "-data", to}} {
			var said strings.Builder
			exit := run(t.Context(), args, strings.NewReader(""), io.Discard, &said)
			if exit != exitUsage || strings.Count(said.String(), "\n") != 1 {
				t.Errorf("%s of what is %s: exit code %d, %q", args[0], name, exit, said.String())
			}
		}
	}
	if after, err := os.ReadFile(filepath.Join(to, "hub.db.epoch")); err != nil || string(after) != string(before) {
		t.Errorf("an epoch began: %s, %v", after, err)
	}
}

// An address that is none is the command line's fault.
func TestAnAddressThatIsNoneIsWrongUsage(t *testing.T) {
	t.Parallel()
	for _, wrong := range [][]string{{"-db", "nonsense"}, {"-files", "nonsense"}} {
		var said strings.Builder
		args := append([]string{"serve", "-addr", "127.0.0.1:0", "-data", t.TempDir()}, wrong...)
		if exit := run(t.Context(), args, strings.NewReader(""), io.Discard, &said); exit != exitUsage || strings.Count(said.String(), "\n") != 1 {
			t.Errorf("%s: exit code %d, %q", wrong, exit, said.String())
		}
	}
}

// killedHub makes a hub, backs it up, writes on, and returns a folder as a kill leaves it then, all of it in the log yet, with the backup in it.
func killedHub(t *testing.T) (dir, backup string) {
	t.Helper()
	a := &app{data: t.TempDir(), out: io.Discard, err: io.Discard}
	h, err := a.open(t.Context(), quietly())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "killed")
	backup = filepath.Join(t.TempDir(), "backup.db")
	_, err = h.core.Store.Backup(t.Context(), backup)
	later := h.do(t.Context(), aftersales.CauseSetUp, func(tx aftersales.Tx) error {
		_, err := aftersales.CreateBranch(tx, aftersales.BranchInput{ID: aftersales.NamedID("branch", "LATER"), Code: "LATER", Name: "Later", Zone: "UTC"})
		return err
	})
	if err := errors.Join(err, later, os.CopyFS(dir, os.DirFS(a.data)), h.close()); err != nil {
		t.Fatal(err)
	}
	return dir, backup
}

// branchesRestored restores a file into a folder, and returns the codes of the branches that are there then.
func branchesRestored(t *testing.T, from, dir, key string) (codes []string) {
	t.Helper()
	var said strings.Builder
	if exit := run(t.Context(), []string{"restore", from, "-data", dir, "-key-file", key}, strings.NewReader(""), &said, &said); exit != exitDone {
		t.Fatal(said.String())
	}
	a := &app{data: dir, keyFile: key, out: io.Discard, err: io.Discard}
	h, err := a.open(t.Context(), quietly())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.close() }()
	rows, err := h.core.Store.Query(t.Context(), "SELECT code FROM branch ORDER BY code")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var code string
		err = errors.Join(err, rows.Scan(&code))
		codes = append(codes, code)
	}
	report, err := h.core.Store.Verify(t.Context())
	if err != nil || !report.OK() {
		t.Errorf("what was restored is not whole: %v, %v", report, err)
	}
	return codes
}

// The latest commits of a hub that was killed are in its log alone: who restores its database, from the disk of a machine that died or
// what an earlier restore kept aside, has them too.
func TestTheDatabaseOfAKilledHubIsRestoredWithItsLog(t *testing.T) {
	t.Parallel()
	dir, _ := killedHub(t)
	from := filepath.Join(dir, database)
	if got := branchesRestored(t, from, t.TempDir(), from+".keys"); !slices.Equal(got, []string{"LATER", "MAIN"}) {
		t.Errorf("there are the branches %v", got)
	}
}

// A log whose database somebody moved away is kept aside too: SQLite would play it into the backup that comes.
func TestALogThatWasLeftIsNotPlayedIntoABackup(t *testing.T) {
	t.Parallel()
	dir, backup := killedHub(t)
	path := filepath.Join(dir, database)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, verifying+"1"), 0o700); err != nil { // as a restore that was killed leaves it
		t.Fatal(err)
	}
	if got := branchesRestored(t, backup, dir, path+".keys"); !slices.Equal(got, []string{"MAIN"}) {
		t.Errorf("there are the branches %v", got)
	}
	if left, err := filepath.Glob(filepath.Join(dir, verifying+"*")); len(left) > 0 || err != nil {
		t.Errorf("left behind is %v, %v", left, err)
	}
	if kept, err := filepath.Glob(path + ".replaced-*-wal"); len(kept) != 1 || err != nil {
		t.Errorf("kept is %v, %v", kept, err)
	}
}

// What comes back from PostgreSQL meets no log that was left either.
func TestALogThatWasLeftIsNotPlayedIntoWhatIsMovedBack(t *testing.T) {
	t.Parallel()
	a := &app{data: t.TempDir()}
	incoming := a.path() + ".incoming"
	err := errors.Join(os.WriteFile(incoming, []byte("new"), 0o600), os.WriteFile(a.path()+"-wal", []byte("old"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	aside, err := a.exchange(incoming, "moved")
	if err != nil {
		t.Fatal(err)
	}
	if old, err := os.ReadFile(aside); err != nil || string(old) != "old" {
		t.Errorf("kept aside is %q, %v", old, err)
	}
	if now, err := os.ReadFile(a.path()); err != nil || string(now) != "new" || sizeOf(a.path()+"-wal") != 0 {
		t.Errorf("there is %q, %v", now, err)
	}
}
