package store

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/sqlrow"
)

// TestEpochs tells what may happen to a database and its companions while the hub is down, and whether devices must
// compare everything afterwards.
func TestEpochs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		happens func(t *testing.T, path, backup string)
		begins  bool
	}{
		{"nothing", func(*testing.T, string, string) {}, false},
		{"the database is put back", func(t *testing.T, path, backup string) { restore(t, backup, path) }, true},
		{"the database is put back and the marker lost", func(t *testing.T, path, backup string) {
			restore(t, backup, path)
			remove(t, path+".epoch")
		}, true},
		{"the marker is lost", func(t *testing.T, path, _ string) { remove(t, path+".epoch") }, true},
		{"the marker is nonsense", func(t *testing.T, path, _ string) { rewrite(t, path+".epoch", "?") }, true},
		{"the database is lost", func(t *testing.T, path, _ string) { remove(t, path) }, true},
		{"the registry is lost, but not the database", func(t *testing.T, path, _ string) { remove(t, path+".actors") }, false},
		{"the registry is torn", func(t *testing.T, path, _ string) { tear(t, path+".actors") }, false},
		{"the backup is put where nothing was", func(t *testing.T, path, backup string) {
			restore(t, backup, path)
			remove(t, path+".epoch")
			remove(t, path+".actors")
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := fresh(t)
			path, backup := s.options.Path, filepath.Join(t.TempDir(), "backup.db")
			actor := newActor(t, s, benchPerson)
			acceptMany(t, s, actor, 3)
			must[Backup](t)(s.Backup(t.Context(), backup))
			acceptMany(t, s, actor, 2)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			c.happens(t, path, backup)
			s = open(t, s.options)
			if begun := s.Epoch() != 0; begun != c.begins {
				t.Fatalf("epoch %d", s.Epoch())
			}
			read(t, s, func(v *View) error {
				if head, _ := v.Head(); c.begins && s.RestoreAt() != head {
					t.Errorf("restored at %d, head %d", s.RestoreAt(), head)
				}
				return nil
			})
			whole(t, s)
			if again := reopen(t, s); again.Epoch() != s.Epoch() || again.RestoreAt() != s.RestoreAt() {
				t.Errorf("the next start began epoch %d at %d", again.Epoch(), again.RestoreAt())
			}
		})
	}
}

func restore(t *testing.T, backup, path string) {
	t.Helper()
	remove(t, path+"-wal")
	remove(t, path+"-shm")
	copyFile(t, backup, path)
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func rewrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tear cuts the last frame in two and damages the one before.
func tear(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = b[:len(b)-frameSize/2]
	b[len(b)-frameSize] ^= 1
	rewrite(t, path, string(b))
}

// A restored hub has forgotten an actor and the latest change sets of another. It must give no number again, know
// whose the forgotten actor is, and say whose work is missing until it is back.
func TestARestoredHubKnowsWhatItHasForgotten(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	backup := filepath.Join(t.TempDir(), "backup.db")
	early := newActor(t, s, benchPerson)
	acceptMany(t, s, early, 3)
	must[Backup](t)(s.Backup(t.Context(), backup))
	acceptMany(t, s, early, 2)
	late := newActor(t, s, benchID(77))
	acceptMany(t, s, late, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	restore(t, backup, s.options.Path)
	s = open(t, s.options)
	read(t, s, func(v *View) error {
		missing, err := v.Missing()
		if len(missing) != 2 || missing[0].Actor != early || missing[0].Have != 3 || missing[0].Counter != 5 ||
			missing[1].Actor != late || missing[1].Have != 0 || missing[1].Counter != 1 || missing[1].Person != benchID(77) {
			t.Errorf("missing %+v", missing)
		}
		return err
	})
	if n := newActor(t, s, benchPerson); n.Epoch() != 1 || n == early || n == late {
		t.Errorf("handed out %s", n)
	}
	acceptMany(t, s, early, 2)
	acceptMany(t, s, late, 1)
	read(t, s, func(v *View) error {
		missing, err := v.Missing()
		if len(missing) > 0 {
			t.Errorf("still missing %+v", missing)
		}
		return err
	})
	whole(t, s)
}

// Whatever becomes of the transaction in which an actor is handed out, and of the process, its number is used up.
func TestAnActorIsNeverHandedOutTwice(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	seen := map[clock.Actor]bool{}
	for range 3 {
		for range 3 {
			var actor clock.Actor
			_ = s.Write(t.Context(), func(tx *Tx) (err error) {
				if actor, err = tx.NewActor(benchPerson, benchID(1), clock.SideDevice); err != nil {
					t.Error(err)
				}
				return errChangedMind
			})
			for _, a := range []clock.Actor{actor, newActor(t, s, benchPerson)} {
				if seen[a] {
					t.Fatalf("%s was handed out twice", a)
				}
				seen[a] = true
			}
		}
		s = reopen(t, s)
	}
}

func TestTheRegistryIsWrittenAnewWhenItIsMostlyHistory(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor := newActor(t, s, benchPerson)
	acceptMany(t, s, actor, 50)
	r := s.registry
	before := r.all()
	r.mu.Lock()
	if err := r.compact(); err != nil {
		t.Fatal(err)
	}
	r.mu.Unlock()
	if at, err := os.Stat(r.path); err != nil || at.Size() != 2*frameSize {
		t.Errorf("the file has %v, %v", at.Size(), err)
	}
	acceptMany(t, s, actor, 1)
	s = reopen(t, s)
	if after := s.registry.all(); len(after) != len(before) || after[0].Counter != 51 || s.Epoch() != 0 {
		t.Errorf("%+v became %+v in epoch %d", before, after, s.Epoch())
	}
}

// Any bytes may stand in a registry: what has no checksum is passed over.
func FuzzRegistry(f *testing.F) {
	f.Add(actorFrame(Registered{Actor: 5, Counter: 7}))
	f.Add(append(commitFrame(1, 2), 3))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "actors")
		rewrite(t, path, string(content))
		r, err := openRegistry(path, quiet)
		if err != nil {
			t.Fatal(err)
		}
		if err = r.handOut(Registered{Actor: 9, Counter: 1}); err != nil {
			t.Fatal(err)
		}
		again, err := openRegistry(path, quiet)
		if err != nil || again.actors[9].Actor != 9 {
			t.Fatal(err, "what was appended cannot be read")
		}
		_, _ = r.close(), again.close()
	})
}

// A backup that lacks nothing its companions know of begins an epoch where somebody says that it was put back: they may
// lack the last second themselves.
func TestWhatWasRestoredBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	a := newActor(t, s, benchPerson)
	write(t, s, func(tx *Tx) error { return accept(tx, a, 1) })
	o := s.options
	for want := range uint32(3) {
		if s.Epoch() != want || want > 0 && s.RestoreAt() != 1 {
			t.Errorf("epoch %d from commit %d, want epoch %d", s.Epoch(), s.RestoreAt(), want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		o.Restored = true
		s = open(t, o)
	}
}

// What the hub keeps is for the account that it runs under alone.
func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	a := newActor(t, s, benchPerson)
	write(t, s, func(tx *Tx) error { return accept(tx, a, 1) })
	backup := filepath.Join(t.TempDir(), "backup.db")
	if _, err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(s.options.Path + "*")
	if err != nil || len(files) < 5 {
		t.Fatalf("the hub has the files %v, %v", files, err)
	}
	for _, file := range append(files, backup) {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

// Where the disk has no room for the first key or the marker of the epoch, nobody is sent to look at permissions.
func TestAFullDiskIsSaidOfTheFilesBesideTheDatabaseToo(t *testing.T) {
	t.Parallel()
	refused(t, unreadable(fmt.Errorf("%w: %w", sqlrow.ErrKeyFile, syscall.ENOSPC)), DiskFull)
	refused(t, unreadable(fmt.Errorf("%w: %w", sqlrow.ErrKeyFile, syscall.EACCES)), Unreadable)
}
