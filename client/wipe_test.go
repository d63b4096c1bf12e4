package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/seal"
)

// destroyable is a keystore of a host app.
type destroyable struct {
	seal.Ring
	destroyed int
	fails     error
}

func (d *destroyable) Destroy() error { d.destroyed++; return d.fails }

func ringOf(t *testing.T) *destroyable {
	t.Helper()
	d := &destroyable{}
	if err := d.Add(randomness{}); err != nil {
		t.Fatal(err)
	}
	return d
}

type randomness struct{}

func (randomness) Read(b []byte) (int, error) { random(b); return len(b), nil }

// A wipe that a dead battery interrupts goes on at the next start, the keys first; what is a stranger's stays.
func TestAWipeThatWasInterruptedIsEnded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := Options{Path: filepath.Join(dir, "field.db"), Keys: ringOf(t)}
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	stranger := filepath.Join(dir, "field.dbx")
	for _, path := range []string{stranger, o.Path + ".account", o.Path + "-wal"} {
		if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := (wipeNote{Server: "https://hub.example.com"}).put(o.Path); err != nil {
		t.Fatal(err)
	}
	keys := o.Keys.(*destroyable)
	keys.fails = os.ErrPermission
	if _, err := Open(t.Context(), o); fault.CodeOf(err) != Wiped {
		t.Fatalf("it opened though the keys are still there: %v", err)
	}
	keys.fails = nil
	c, err = Open(t.Context(), o)
	if err != nil || keys.destroyed != 2 {
		t.Fatal(err, keys.destroyed)
	}
	defer func() { _ = c.Close() }()
	if who, err := c.Person(t.Context()); err != nil || !who.IsZero() {
		t.Error("somebody is left on it", err)
	}
	if _, err := os.Stat(stranger); err != nil {
		t.Error("what is a stranger's went too")
	}
	if _, err := os.Stat(o.Path + ".account"); err == nil {
		t.Error("the account is left")
	}
	if note, err := readWipe(o.Path); err != nil || note == nil || !note.Done {
		t.Error("nobody will tell the hub", note, err)
	}
}

// Without a keystore the key file is overwritten and gone.
func TestAKeyFileIsShredded(t *testing.T) {
	t.Parallel()
	o := Options{Path: filepath.Join(t.TempDir(), "field.db")}
	if err := os.WriteFile(o.Path+".keys", []byte(strings.Repeat("k", 70)), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := o.Path + ".keys-seen"
	if err := os.Link(o.Path+".keys", kept); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := destroyKeys(o); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(kept); err != nil || strings.Contains(string(b), "k") {
		t.Error("the key can still be read", err)
	}
}

// Only a hub that proved who it is may have a phone wiped.
func TestWhoMayOrderAWipe(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]bool{
		"https://hub.example.com": true, "wss://hub.example.com:8443/": true, "http://127.0.0.1:8080": true, "http://[::1]:80": true,
		"http://localhost:1": true, "http://hub.example.com": false, "ws://192.0.2.1": false, "http://https": false, "": false, "%": false,
	} {
		if certain(server) != want {
			t.Errorf("%q: %v", server, !want)
		}
	}
}
