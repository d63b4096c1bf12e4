package systemtest

import (
	"sync/atomic"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
)

// While space is short the phone says so and lets go of pictures that the hub has; what only the phone has stays, and so
// do manuals.
func TestSpaceRunsShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone, person := w.technician("li")
	job := w.pumpLeaks(person)
	free := atomic.Int64{}
	free.Store(1 << 30)
	phone.Files.Space = func(string) (int64, bool) { return free.Load(), true }
	sync(t, phone)
	sent := w.attach(phone, job, aftersales.AttachPhoto, photoOf(t, 1, 200))
	manual := w.attach(phone, job, aftersales.AttachDocument, []byte("%PDF-1.7 how it works"))
	sync(t, phone)
	waiting := photoOf(t, 2, 200)

	free.Store(100<<20 + 77)
	s, err := phone.Status(t.Context())
	if err != nil || !s.Low || s.Free != 100<<20 {
		t.Fatalf("the status does not say how little there is: %+v %v", s, err)
	}
	unsent := w.attach(phone, job, aftersales.AttachPhoto, waiting)
	states := func() map[string]string {
		t.Helper()
		list, err := phone.JobFiles(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]string{}
		for _, f := range list {
			by[f.ID.String()] = f.State
		}
		return by
	}
	if got := states(); got[sent.String()] != client.FileDone || got[unsent.String()] != client.FileWaiting {
		t.Fatal(got)
	}
	sync(t, phone)
	got := states()
	if got[sent.String()] != client.FileAway || got[manual.String()] != client.FileDone {
		t.Errorf("while space is short: %v", got)
	}
	if !w.hubHas(waiting) {
		t.Error("a photo that only the phone had is gone")
	}
	if err := phone.Download(t.Context(), sent); err != nil {
		t.Error("what went cannot be fetched again:", err)
	}
	free.Store(1 << 30)
	if s, err := phone.Status(t.Context()); err != nil || s.Low {
		t.Errorf("with space again: %+v %v", s, err)
	}
}
