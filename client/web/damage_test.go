package web

import (
	"os"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
)

// Whoever opens the app on damaged data is told on every page, and sees what was saved.
func TestDamageIsTold(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	if strings.Contains(h.get("/").text(), "was damaged") {
		t.Error("sound data counts as damaged")
	}
	err := h.c.Update(t.Context(), "comment.add", func(tx client.Tx) error {
		_, err := aftersales.AddNote(tx, h.s.leak, "the left pump leaks")
		return err
	})
	if err == nil {
		err = h.c.Close()
	}
	path := h.c.Path
	var b []byte
	if err == nil {
		b, err = os.ReadFile(path)
	}
	if err == nil {
		b[16] = 0x20 // the size of a page
		err = os.WriteFile(path, b, 0o600)
	}
	if err == nil {
		h.c, err = client.Open(t.Context(), client.Options{Path: path})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.c.Close() })
	if h.app, err = New(h.c, Options{Zone: morning()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.app.Close() })
	for _, page := range []string{"/", "/outbox", "/search"} {
		h.get(page).sees("The data on this phone was damaged.")
	}
	h.get("/outbox").sees("the left pump leaks")
}
