package web

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/parcel"
	"fieldsync/sync/wire"
)

// hubsKey is the key of the hub to which the phones of these tests belong.
func hubsKey() parcel.Key {
	key, err := parcel.NewKey(bytes.Repeat([]byte{1}, parcel.KeySize))
	if err != nil {
		panic(err)
	}
	return key
}

// What waits goes to the office as a file or as codes, both whole. The file is made though the system's folder for such files is none
// of the app's, as on Android, and is gone from the phone when it was saved.
func TestWhatWaitsIsHandedOverWithoutNetwork(t *testing.T) {
	h := newThumb(t)
	h.get(h.job()).post(h.job()+"/step", "step", "accept").done()
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nobody's"))
	if h.get("/export/file"); h.status != http.StatusOK {
		t.Fatalf("%d: %.200s", h.status, h.text())
	}
	h.packed(h.body)
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(h.c.Path), ".export-*")); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
	var read strings.Builder
	for next := "/export/codes"; !strings.Contains(read.String(), h.get(next).code()); next = h.next() {
		read.WriteString(h.code() + "\n")
	}
	chains, bad := parcel.Collect(read.String())
	if len(chains) != 1 || bad != 0 || len(chains[0].Missing()) != 0 {
		t.Fatal(chains, bad)
	}
	whole, err := chains[0].Parcel()
	if err != nil {
		t.Fatal(err)
	}
	h.packed(string(whole))

	left := make(chan bool, 1)
	h.app.LogOut = func(context.Context) error { left <- true; return nil }
	h.get("/settings").sees("Some of your work is on this phone only.").post("/settings", "leave", "yes").refused("on this phone only")
	h.get("/export").sees("On this phone only are changes: 2").post("/export", "upto", h.hidden("upto")).refused("Say that the office has it")
	h.get("/export").post("/export", "upto", h.hidden("upto"), "sure", "yes").done()
	h.sees("Handed over.").get("/settings").sees("make sure that they were taken in")
	if h.post("/settings", "leave", "yes"); h.status != http.StatusOK || !<-left {
		t.Error(h.status, h.body)
	}
}

// packed wants all that waits in a parcel.
func (h *thumb) packed(content string) {
	h.t.Helper()
	p, err := parcel.Open(strings.NewReader(content), hubsKey())
	if err != nil {
		h.t.Fatal(err)
	}
	codec, err := wire.NewCodec(aftersales.Schema)
	if err != nil {
		h.t.Fatal(err)
	}
	changes := 0
	for push, err := range p.Pushes(codec) {
		if err != nil {
			h.t.Fatal(err)
		}
		changes += len(push.Changes)
	}
	if changes != h.pending() {
		h.t.Errorf("%d changes are in it, of %d that wait", changes, h.pending())
	}
}

// code returns the text of the code that is shown, and next where the one after it is.
func (h *thumb) code() string {
	h.t.Helper()
	m := regexp.MustCompile(`id="code">([^<]+)<`).FindStringSubmatch(h.body)
	if m == nil {
		h.t.Fatal(h.text())
	}
	return m[1]
}

func (h *thumb) next() string {
	h.t.Helper()
	m := regexp.MustCompile(`data-next="([^"]+)"`).FindStringSubmatch(h.body)
	if m == nil {
		h.t.Fatal(h.text())
	}
	return m[1]
}
