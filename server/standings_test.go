package server

import (
	"crypto/ed25519"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
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
	must(auth.NewPrograms(programs(), nil, nil, time.Now).Revoke(t.Context(), program.ID))
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
		if list, err := programs().Programs(t.Context()); err != nil || len(list) != 1 || list[0].Good(time.Now()) {
			t.Errorf("programs: %v, %v", list, err)
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

// A commit that fails has let nobody in again and shut out nobody: but the list that a restore follows shuts out whom it was
// to shut out, and lets in nobody before the database has it. Once more makes both good.
func TestTheListOfWhoIsShutOutErrsOnTheSafeSide(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	core, err := OpenCore(t.Context(), CoreOptions{Path: path, Schema: aftersales.Schema, Rules: Rules(), Log: slog.New(slog.DiscardHandler)})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	defer func() { must(core.Close(0)) }()
	people := peopleStore{Store: core.Store, now: time.Now}
	person, phone := NewID(), NewID()
	must(core.Store.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.AddPerson(store.Person{ID: person, Login: "li", Name: "Li", Active: true}),
			tx.AddDevice(store.Device{ID: phone, Person: person, Name: "phone", PublicKey: make([]byte, ed25519.PublicKeySize), EnrolledAt: time.Now()}))
	}))
	let := func(in bool) error {
		to := auth.HardRevoked
		if in {
			to = auth.Admitted
		}
		_, err := people.ChangePerson(t.Context(), person, func(p *auth.Person, _ func() ([]auth.Person, error)) error {
			p.Active = in
			return nil
		})
		return errors.Join(err, core.Devices.SetStanding(t.Context(), phone, to))
	}
	listed := func(in bool) {
		t.Helper()
		want := []store.Standing{{Of: ofPerson, ID: person, As: isOut}, {Of: ofDevice, ID: phone, As: int(auth.HardRevoked)}}
		if in {
			want = []store.Standing{{Of: ofPerson, ID: person, As: isIn}, {Of: ofDevice, ID: phone, As: int(auth.Admitted)}}
		}
		if got, err := core.Store.Standings(); err != nil || !slices.Equal(got, want) {
			t.Errorf("the list says %v, %v, not %v", got, err, want)
		}
	}
	failing := func(let func(bool) error, in bool) {
		t.Helper()
		refuseWrites(t, path, "_person", "_device")
		if err := let(in); err == nil {
			t.Error("the database was to refuse it")
		}
		admitWrites(t, path, "_person", "_device")
	}
	failing(let, false)
	listed(false)
	must(let(true)) // they are in, as far as the database knows; the list is brought up to it
	listed(true)
	must(let(false))
	failing(let, true)
	listed(false)
	must(let(true))
	listed(true)

	// The list cannot be written once they are in: that is said, and once more makes it good.
	must(let(false))
	list := path + ".standings"
	must(os.Rename(list, list+".away"))
	must(os.Mkdir(list, 0o700))
	if err := let(true); err == nil {
		t.Error("nobody heard that the list was not written")
	}
	must(os.Remove(list))
	must(os.Rename(list+".away", list))
	listed(false)
	must(let(true))
	listed(true)
}

// refuseWrites makes the database refuse changes of the tables, as a full disk would.
func refuseWrites(t *testing.T, path string, tables ...string) {
	t.Helper()
	for _, table := range tables {
		execSQL(t, path, "CREATE TRIGGER refuse"+table+" BEFORE UPDATE ON "+table+" BEGIN SELECT RAISE(ABORT, 'no room'); END")
	}
}

func admitWrites(t *testing.T, path string, tables ...string) {
	t.Helper()
	for _, table := range tables {
		execSQL(t, path, "DROP TRIGGER refuse"+table)
	}
}

func execSQL(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(60000)")
	if err == nil {
		_, err = db.ExecContext(t.Context(), statement)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
