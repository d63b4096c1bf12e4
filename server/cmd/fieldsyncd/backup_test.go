package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
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
