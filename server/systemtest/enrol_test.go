package systemtest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// hire adds a person without a device, and returns a code for him.
func (w *world) hire(name string) (person record.ID, code string) {
	w.t.Helper()
	person = server.NewID()
	err := w.core.Store.Write(w.t.Context(), func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: person, Login: name, Name: name, Active: true})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return person, w.code(person)
}

func (w *world) code(person record.ID) string {
	w.t.Helper()
	code, _, err := w.core.Devices.NewCode(w.t.Context(), person)
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// A code for somebody else than him whose work is on the phone is refused, and is good for the phone it was meant for.
func TestACodeForSomebodyElseIsNotUsedUp(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), newWorld(t)
	li, _ := w.technician("li")
	wang, code := w.hire("wang")
	_, far := other.hire("li")
	for url, code := range map[string]string{w.url: code, other.url: far} {
		if err := li.Enrol(t.Context(), url, code, "phone"); fault.CodeOf(err) != fault.NotAllowed {
			t.Fatalf("enrolled for somebody else: %v", err)
		}
		c, err := client.Open(t.Context(), client.Options{Path: emptyPhone(t, filepath.Join(t.TempDir(), "new.db"))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if err := c.Enrol(t.Context(), url, code, "phone"); err != nil {
			t.Errorf("the code is used up: %v", err)
		}
		if p, err := c.Person(t.Context()); url == w.url && (p != wang || err != nil) {
			t.Errorf("the new phone is %v's: %v", p, err)
		}
	}
	sync(t, li)
}

// When the hub was last heard is known to whoever opens the replica next, though there be no network.
func TestTheLastContactOutlivesTheProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.hire("li")
	path := emptyPhone(t, filepath.Join(t.TempDir(), "li.db"))
	opened := func(readOnly bool) *client.Client {
		t.Helper()
		c, err := client.Open(t.Context(), client.Options{Path: path, ReadOnly: readOnly})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	heard := func(c *client.Client) time.Time {
		t.Helper()
		s, err := c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.Contact.Truncate(time.Millisecond)
	}
	c := opened(false)
	if err := c.Enrol(t.Context(), w.url, code, "phone"); err != nil {
		t.Fatal(err)
	}
	if at := heard(c); !at.IsZero() {
		t.Errorf("heard at %v before it met the hub", at)
	}
	sync(t, c)
	once := heard(c)
	if beside := heard(opened(true)); once.IsZero() || !beside.Equal(once) {
		t.Errorf("another program reads %v, want %v", beside, once)
	}
	if err := c.Connect(); err != nil {
		t.Fatal(err)
	}
	soon(t, "it is online", func() bool { s, err := c.Status(t.Context()); return err == nil && s.Online })
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if last := heard(opened(false)); last.Before(once) {
		t.Errorf("after the next start it reads %v, want later than %v", last, once)
	}
}

// A hub that was reached and does not let the device in is no missing network: the technician is told what to do.
func TestADeviceThatIsNotLetInHearsWhy(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), newWorld(t)
	refused := func(c *client.Client, want fault.Code) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for range 3 {
			if err := c.SyncOnce(ctx); fault.CodeOf(err) != want {
				t.Errorf("refused with %v, want %s", err, want)
			}
		}
	}
	standing := func(person record.ID, to auth.Standing) {
		t.Helper()
		var devices []store.Device
		err := w.core.Store.Read(t.Context(), func(v *store.View) (err error) {
			devices, err = v.Devices()
			return err
		})
		for _, d := range devices {
			if err == nil && d.Person == person {
				err = w.core.Devices.SetStanding(t.Context(), d.ID, to)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}

	lost, who := w.technician("lost") // never seen, and seen before
	standing(who, auth.Revoked)
	refused(lost, fault.Revoked)
	seen, who := w.technician("seen")
	sync(t, seen)
	standing(who, auth.Revoked)
	refused(seen, fault.Revoked)

	strange, _ := other.technician("strange")
	if err := strange.Move(w.url); err != nil {
		t.Fatal(err)
	}
	refused(strange, fault.Unauthentic)

	live, who := w.technician("live")
	if err := live.Connect(); err != nil {
		t.Fatal(err)
	}
	soon(t, "it is online", func() bool { s, err := live.Status(t.Context()); return err == nil && s.Online })
	standing(who, auth.Revoked)
	refused(live, fault.Revoked)
	soon(t, "its status says so", func() bool { s, err := live.Status(t.Context()); return err == nil && s.Code == fault.Revoked })
}
