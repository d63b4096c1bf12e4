package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/go-cmp/cmp"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/seal"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var mei = Person{ID: benchID(1), Login: "Mei", Name: "王梅", Roles: []string{"dispatcher", "auditor"},
	Language: "zh-Hans", PasswordHash: "$argon2id$...", Active: true}

func TestPeople(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	write(t, s, func(tx *Tx) error { return tx.AddPerson(mei) })
	write(t, s, func(tx *Tx) error {
		return tx.AddPerson(Person{ID: benchID(2), Login: "li", Name: "Li", Roles: []string{}, Active: true})
	})
	refused(t, s.Write(t.Context(), func(tx *Tx) error {
		return tx.AddPerson(Person{ID: benchID(3), Login: " MEI", Name: "another"})
	}), LoginTaken)
	mine := Person{ID: benchID(4), Login: "four", Roles: []string{}, Second: []byte("{}")} // where nothing is sealed
	refused(t, s.Write(t.Context(), func(tx *Tx) error { return tx.AddPerson(mine) }), seal.Missing)
	changed := mei
	changed.Name, changed.Roles, changed.Language = "Mei Wang", []string{"admin"}, "en"
	write(t, s, func(tx *Tx) error { return tx.PutPerson(changed) })
	write(t, s, func(tx *Tx) error { return tx.SetPassword(mei.ID, "new") })
	write(t, s, func(tx *Tx) error { return tx.Deactivate(mei.ID) })
	changed.PasswordHash, changed.Active = "new", false
	s = reopen(t, s)
	read(t, s, func(v *View) error {
		for _, got := range []*Person{must[*Person](t)(v.Person(mei.ID)), must[*Person](t)(v.PersonByLogin("mei "))} {
			if diff := cmp.Diff(&changed, got); diff != "" {
				t.Error(diff)
			}
		}
		if all := must[[]Person](t)(v.People()); len(all) != 2 || all[0].Login != "li" {
			t.Errorf("people %v", all)
		}
		if p := must[*Person](t)(v.Person(benchID(5))); p != nil {
			t.Errorf("somebody %v", p)
		}
		return nil
	})
	for _, do := range []func(*Tx) error{
		func(tx *Tx) error { return tx.SetPassword(benchID(5), "x") },
		func(tx *Tx) error { return tx.PutPerson(Person{ID: benchID(5)}) },
		func(tx *Tx) error { return tx.Deactivate(benchID(5)) },
		func(tx *Tx) error { return tx.AddCode(Hash{}, benchID(5), noon) },
	} {
		refused(t, s.Write(t.Context(), do), UnknownLogin)
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	d := Device{ID: benchID(10), Person: mei.ID, Name: "Pixel", PublicKey: make([]byte, 32), EnrolledAt: noon}
	write(t, s, func(tx *Tx) error { return tx.AddDevice(d) })
	d.Report = Report{App: "fieldtech 1.2", Schema: 3, LastSeen: noon.Add(time.Hour), Pending: 4, OldestPending: noon,
		ClockOffset: -3 * 3600 * 1000, Actor: 4}
	write(t, s, func(tx *Tx) error { return tx.Touch(d.ID, d.Report) })
	write(t, s, func(tx *Tx) error { return tx.PutToken(HashOf([]byte("t")), d.ID, noon.Add(2*time.Hour)) })
	token := func(when time.Time) (device record.ID) {
		read(t, s, func(v *View) (err error) { device, err = v.TokenDevice(HashOf([]byte("t")), when); return err })
		return device
	}
	if token(noon) != d.ID || !token(noon.Add(2*time.Hour)).IsZero() {
		t.Error("the token is not valid until it expires")
	}
	write(t, s, func(tx *Tx) error { return tx.Revoke(d.ID, true, noon.Add(time.Minute)) })
	write(t, s, func(tx *Tx) error { return tx.Revoke(d.ID, false, noon.Add(time.Hour)) })
	d.RevokedAt, d.HardRevoked = noon.Add(time.Minute), true
	if !token(noon).IsZero() {
		t.Error("the token of a revoked device is valid")
	}
	read(t, s, func(v *View) error {
		for _, got := range [][]Device{must[[]Device](t)(v.Devices()), must[[]Device](t)(v.DevicesOf(mei.ID))} {
			if diff := cmp.Diff([]Device{d}, got); diff != "" {
				t.Error(diff)
			}
		}
		if got := must[*Device](t)(v.Device(d.ID)); !got.Revoked() {
			t.Error("not revoked")
		}
		if got := must[*Device](t)(v.Device(benchID(5))); got != nil {
			t.Errorf("some device %v", got)
		}
		return nil
	})
	refused(t, s.Write(t.Context(), func(tx *Tx) error { return tx.Touch(benchID(5), Report{}) }), UnknownPhone)
	refused(t, s.Write(t.Context(), func(tx *Tx) error { return tx.Revoke(benchID(5), true, noon) }), UnknownPhone)
}

func TestAnEnrolmentCodeIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	add := func(code string, expires time.Time) {
		write(t, s, func(tx *Tx) error { return tx.AddCode(HashOf([]byte(code)), mei.ID, expires) })
	}
	take := func(code string, now time.Time) (person record.ID, err error) {
		err = s.Write(t.Context(), func(tx *Tx) (err error) { person, err = tx.TakeCode(HashOf([]byte(code)), now); return err })
		return person, err
	}
	write(t, s, func(tx *Tx) error { return tx.AddPerson(mei) })
	add("one", noon)
	if person, err := take("one", noon.Add(-time.Second)); err != nil || person != mei.ID {
		t.Fatal(person, err)
	}
	_, err := take("one", noon.Add(-time.Second))
	refused(t, err, CodeRefused)
	_, err = take("none", noon)
	refused(t, err, CodeRefused)
	add("late", noon)
	_, err = take("late", noon)
	refused(t, err, CodeRefused)
	add("hers", noon)
	write(t, s, func(tx *Tx) error { return tx.Deactivate(mei.ID) })
	write(t, s, func(tx *Tx) error { return tx.SetActive(mei.ID, true) })
	_, err = take("hers", noon.Add(-time.Hour))
	refused(t, err, CodeRefused)
}

// Of many who take one code at the same moment, one gets it.
func TestOneOfManyTakesTheCode(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	write(t, s, func(tx *Tx) error { return tx.AddPerson(mei) })
	write(t, s, func(tx *Tx) error { return tx.AddCode(Hash{1}, mei.ID, noon) })
	results := make(chan error)
	for range 8 {
		go func() {
			results <- s.Write(t.Context(), func(tx *Tx) error { _, err := tx.TakeCode(Hash{1}, noon.Add(-1)); return err })
		}()
	}
	taken := 0
	for range 8 {
		if err := <-results; err == nil {
			taken++
		} else if fault.CodeOf(err) != CodeRefused {
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("taken %d times", taken)
	}
}

var _ scs.CtxStore = Sessions{}

func TestSessions(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	sessions := s.Sessions()
	soon := time.Now().Add(time.Hour)
	for _, c := range []struct {
		do    func() error
		found string
	}{
		{func() error { return nil }, ""},
		{func() error { return sessions.Commit("t", []byte("one"), soon) }, "one"},
		{func() error { return sessions.Commit("t", []byte("two"), soon) }, "two"},
		{func() error { return sessions.Delete("t") }, ""},
		{func() error { return sessions.Delete("t") }, ""},
		{func() error { return sessions.Commit("t", []byte("late"), time.Now().Add(-time.Second)) }, ""},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		data, found, err := sessions.Find("t")
		if err != nil || string(data) != c.found || found != (c.found != "") {
			t.Errorf("found %q, %v, %v; want %q", data, found, err, c.found)
		}
	}
}

func TestExpireRemovesOnlyWhatHasExpired(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	write(t, s, func(tx *Tx) error { return tx.AddPerson(mei) })
	for i, expires := range []time.Time{noon, noon.Add(time.Second)} {
		write(t, s, func(tx *Tx) error { return tx.AddCode(Hash{byte(i)}, mei.ID, expires) })
		write(t, s, func(tx *Tx) error { return tx.PutToken(Hash{byte(i)}, benchID(1), expires) })
		if err := s.Sessions().Commit(fmt.Sprint(i), []byte("data"), expires); err != nil {
			t.Fatal(err)
		}
	}
	write(t, s, func(tx *Tx) error { return tx.Expire(noon) })
	for _, table := range []string{"_code", "_token", "_session"} {
		var n int
		if rows, err := s.Query(t.Context(), "SELECT count(*) FROM "+table); err != nil || !rows.Next() || rows.Scan(&n) != nil {
			t.Fatal(err)
		} else if rows.Close(); n != 1 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	write(t, s, func(tx *Tx) error { return tx.PutSetting("company", "挖掘机公司") })
	write(t, s, func(tx *Tx) error { return tx.PutSetting("company", "Diggers") })
	read(t, s, func(v *View) error {
		all := must[map[string]string](t)(v.Settings())
		if all["company"] != "Diggers" || must[string](t)(v.Setting("company")) != "Diggers" || must[string](t)(v.Setting("none")) != "" {
			t.Errorf("settings %v", all)
		}
		return nil
	})
}

// A report reads, whatever its SQL says.
func TestReportsCannotWrite(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	rows, err := s.Query(t.Context(), "INSERT INTO _setting VALUES('a', 'b') RETURNING name")
	for err == nil && rows.Next() {
		t.Error("it gave rows")
	}
	if err == nil {
		err = s.explain(rows.Err())
	}
	refused(t, err, ReadOnly)
	path := filepath.Join(t.TempDir(), "other.db")
	_, err = s.Query(t.Context(), "SELECT nothing FROM nowhere", path)
	refused(t, err, fault.Internal)
}
