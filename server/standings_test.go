package server

import (
	"crypto/ed25519"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// A backup knows neither who was shut out since, nor which codes were used. Put in the database's place it opens the door
// to nobody: not to a stolen phone nor to one that the backup has shut out, not to who has left, not to a program whose token is out, not by a code of that time.
func TestARestoredBackupLetsNobodyInAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	open := func() *Core {
		t.Helper()
		c, err := OpenCore(t.Context(), CoreOptions{Path: path, Schema: aftersales.Schema, Rules: Rules(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	core := open()
	li, boss := NewID(), NewID()
	for id, login := range map[record.ID]string{li: "li", boss: "boss"} {
		must(core.Store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.AddPerson(store.Person{ID: id, Login: login, Name: login, Active: true})
		}))
	}
	code := func() string {
		t.Helper()
		code, _, err := core.Devices.NewCode(t.Context(), li)
		must(err)
		return code
	}
	enrol := func(code, name string) (*auth.Device, error) {
		key, _, err := ed25519.GenerateKey(nil)
		must(err)
		return core.Devices.Enrol(t.Context(), code, key, name, record.ID{})
	}
	stolen, err := enrol(code(), "stolen")
	must(err)
	back, err := enrol(code(), "found again")
	must(err)
	must(core.Devices.SetStanding(t.Context(), back.ID, auth.Revoked))
	used := code()
	program := auth.Program{ID: NewID(), Name: "till"}
	programs := func() programStore { return programStore{core.Store, time.Now} }
	must(programs().ChangePrograms(t.Context(), func([]auth.Program) ([]auth.Program, error) { return []auth.Program{program}, nil }))

	backup := filepath.Join(t.TempDir(), "backup.db")
	_, err = core.Store.Backup(t.Context(), backup)
	must(err)

	_, err = enrol(used, "later")
	must(err)
	must(core.Devices.SetStanding(t.Context(), stolen.ID, auth.HardRevoked))
	must(core.Devices.SetStanding(t.Context(), back.ID, auth.Admitted))
	must(programs().ChangePrograms(t.Context(), func([]auth.Program) ([]auth.Program, error) { return nil, nil }))
	_, err = peopleStore{Store: core.Store, now: time.Now}.ChangePerson(t.Context(), li, func(p *auth.Person, _ func() ([]auth.Person, error)) error {
		p.Active = false
		return nil
	})
	must(err)
	_, err = core.Hub.Do(t.Context(), record.ID{}, nil, aftersales.CauseCreate, func(o *hub.Office) error { // the backup lacks it
		_, err := aftersales.CreatePart(Bind(o, record.ID{}), aftersales.PartInput{Code: "SEAL", Name: map[string]string{"en": "Seal"}})
		return err
	})
	must(err)
	must(core.Close(0))
	must(putBack(backup, path))

	for range 2 { // and it stays so
		core = open()
		if core.Store.Epoch() != 1 {
			t.Fatalf("epoch %d", core.Store.Epoch())
		}
		for id, want := range map[record.ID]auth.Standing{stolen.ID: auth.HardRevoked, back.ID: auth.Revoked} {
			if d, err := core.Devices.Device(t.Context(), id); err != nil || d == nil || d.Standing != want {
				t.Errorf("the device stands as %+v, %v, not %d", d, err, want)
			}
		}
		if _, err := enrol(used, "again"); fault.CodeOf(err) != auth.BadCode {
			t.Errorf("a code that was used enrols again: %v", err)
		}
		if left, err := programs().Programs(t.Context()); err != nil || len(left) > 0 {
			t.Errorf("programs: %v, %v", left, err)
		}
		if p, err := (peopleStore{Store: core.Store, now: time.Now}).Person(t.Context(), li); err != nil || p.Active {
			t.Errorf("who has left may sign in: %v", err)
		}
		must(core.Close(0))
	}
}

// putBack puts a backup in the place of a database.
func putBack(backup, path string) error {
	in, err := os.ReadFile(backup)
	if err != nil {
		return err
	}
	for _, beside := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + beside); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return os.WriteFile(path, in, 0o600)
}
