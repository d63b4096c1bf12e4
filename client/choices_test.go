package client

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

func opened(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// What the person chooses holds at once, outlives the program, and goes before what the program was given.
func TestWhatIsChosenHolds(t *testing.T) {
	t.Parallel()
	o := Options{Path: filepath.Join(t.TempDir(), "field.db"), Files: FileOptions{Reduce: true}}
	c := opened(t, o)
	wants := func(want Choices) {
		t.Helper()
		if got := c.Choices(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	again := func() {
		t.Helper()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		c = opened(t, o)
	}
	wants(Choices{Reduce: true})
	c.SetNetwork(NetworkMetered)
	if !c.allowed("photo") {
		t.Error("nobody has asked to spare the network")
	}
	if err := c.Choose(Choices{WiFiOnly: true}); err != nil {
		t.Fatal(err)
	}
	if c.allowed("photo") || !c.allowed("signature") {
		t.Error("the choice does not hold at once")
	}
	o.Files.Reduce = true
	again()
	wants(Choices{WiFiOnly: true})
	if err := os.WriteFile(o.Path+".choices", []byte("{spoilt"), 0o600); err != nil {
		t.Fatal(err)
	}
	again()
	wants(Choices{Reduce: true})
	c.account.end(errWiped)
	if err := c.Choose(Choices{}); fault.CodeOf(err) != Wiped {
		t.Error("a wiped device keeps something:", err)
	}
}

// The person changes his mind while photos are taken and carried.
func TestChoosingBesideEverythingElse(t *testing.T) {
	t.Parallel()
	c := opened(t, Options{Path: filepath.Join(t.TempDir(), "field.db")})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 20 {
			if err := c.Choose(Choices{Reduce: i%2 == 0, WiFiOnly: i%3 == 0}); err != nil {
				t.Error(err)
			}
		}
	}()
	for i := range 20 {
		picture := append([]byte("\x89PNG\r\n\x1a\n"), byte(i))
		if _, err := c.Stage(t.Context(), bytes.NewReader(picture), FileInput{Kind: "photo"}); err != nil {
			t.Fatal(err)
		}
		c.allowed("photo")
	}
	<-done
}

// On a metered network a file stands back until the hub has answered for what was written; on any other, and where there is no
// connection, it does not.
func TestRowsGoFirstOnAMeteredNetwork(t *testing.T) {
	t.Parallel()
	c := opened(t, Options{Path: filepath.Join(t.TempDir(), "field.db")})
	me := record.NewID(1, [10]byte{1})
	err := c.replica.Write(t.Context(), func(tx *replica.Tx) error {
		return device.Found(tx, c.Schema, record.NewID(1, [10]byte{9}), me)
	})
	if err != nil {
		t.Fatal(err)
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	goesOn := func() bool {
		t.Helper()
		err := c.rowsFirst(over)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		return c.rowsFirst(t.Context()) == nil
	}
	c.SetNetwork(NetworkMetered)
	c.contact.setOnline(true)
	if !goesOn() {
		t.Error("there is nothing to stand back for")
	}
	err = c.Update(t.Context(), aftersales.CauseSetUp, func(tx Tx) error {
		_, err := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: me, Name: "Li"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.rowsFirst(over); !errors.Is(err, context.Canceled) {
		t.Error("it does not stand back:", err)
	}
	for _, change := range []func(){
		func() { c.SetNetwork(NetworkFree) },
		func() { c.SetNetwork(NetworkMetered); c.contact.setOnline(false) },
	} {
		change()
		if !goesOn() {
			t.Error("it stands back for nobody")
		}
	}
}
