package segments_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	gosync "sync"
	"testing"
	"time"

	"fieldsync/server/segments"
	"fieldsync/server/store"
	"fieldsync/sync/clock"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/sqlrow"
)

// source is a database of which only what is asked for is known.
type source struct {
	mu     gosync.Mutex
	state  store.SegmentState
	head   uint64
	epoch  uint32
	now    time.Time
	made   int
	fails  error
	unread error                     // why nothing can be learned of how it stands
	while  func(*store.SegmentState) // what happens while one is made
}

func (s *source) Epoch() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch
}

func (s *source) WriteSegment(_ context.Context, class schema.Class, path string) (sqlrow.SegmentOf, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	of := sqlrow.SegmentOf{Class: class, Epoch: s.epoch, Version: simtest.Schema.Version, At: s.head, Total: s.state.Rows}
	if s.while != nil {
		s.head++
		s.while(&s.state)
	}
	return of, errors.Join(s.fails, os.WriteFile(path, []byte("rows as of now"), 0o600))
}

func (s *source) SegmentState(_ context.Context, _ schema.Class, at uint64, most int) (store.SegmentState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.state
	state.Changed = min(state.Changed, most)
	if at == s.head {
		state.Changed, state.Erased = 0, false
	}
	return state, s.unread
}

func (s *source) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// alter changes how the database stands, at a commit later than before.
func (s *source) alter(change func(*store.SegmentState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head++
	change(&s.state)
}

type hub struct {
	*testing.T
	*source
	dir   string
	shelf *segments.Shelf
	keeps int64 // how much of the disk stays free
}

// newHub is one with 100 rows in the library, of which no segment was made.
func newHub(t *testing.T) *hub {
	now := time.UnixMilli(1_800_000_000_000)
	h := &hub{T: t, dir: filepath.Join(t.TempDir(), "segments"), source: &source{
		now: now, head: 7, epoch: 1, state: store.SegmentState{Rows: 100, Made: clock.StampAt(now.UnixMilli())},
	}}
	h.open()
	return h
}

func (h *hub) open() {
	h.Helper()
	shelf, err := segments.Open(segments.Options{
		Dir: h.dir, Source: h.source, Schema: simtest.Schema, Least: 50, Reserve: h.keeps, Log: slog.New(slog.DiscardHandler), Now: h.clock,
	})
	if err != nil {
		h.Fatal(err)
	}
	h.shelf = shelf
	h.Cleanup(shelf.Close)
}

func (h *hub) ready() bool {
	return h.shelf.Ready(h.Context(), schema.ClassLibrary, simtest.Schema.Version)
}

// makes waits until so many segments were made in all, and the last is kept. It asks again: while one is being made, no other is.
func (h *hub) makes(n int) {
	h.Helper()
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		kept := h.ready() // it has its name before
		h.mu.Lock()
		made := h.made
		h.mu.Unlock()
		if kept && made == n && len(h.files()) == 1 {
			return
		}
		if time.Since(begun) > time.Minute {
			h.Fatalf("%d were made, not %d; there are %v", made, n, h.files())
		}
	}
}

func (h *hub) files() []string {
	found, err := filepath.Glob(filepath.Join(h.dir, "*-*-*.zst"))
	if err != nil {
		h.Fatal(err)
	}
	return found
}

func (h *hub) get(path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(h.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.shelf.ServeHTTP(w, r)
	return w
}

const libraryPath = "/segments/2?schema=3"

func TestASegmentIsMadeWhenSomebodyAsksAndKept(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	if h.ready() || h.get(libraryPath).Code != http.StatusNotFound {
		t.Error("there is a segment before one was made")
	}
	h.makes(1)
	if !h.ready() {
		t.Error("there is none after it was made")
	}
	whole := h.get(libraryPath)
	sum := sha256.Sum256(whole.Body.Bytes())
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	if whole.Code != http.StatusOK || whole.Header().Get("ETag") != tag {
		t.Errorf("%d %v, want the tag %s", whole.Code, whole.Header(), tag)
	}
	rest := h.get(libraryPath, "Range", "bytes=5-", "If-Range", tag)
	if rest.Code != http.StatusPartialContent || rest.Body.String() != whole.Body.String()[5:] {
		t.Errorf("%d, %d bytes", rest.Code, rest.Body.Len())
	}
	if other := h.get(libraryPath, "Range", "bytes=5-", "If-Range", `"of yesterday"`); other.Code != http.StatusOK {
		t.Errorf("the rest of another one is answered %d", other.Code)
	}
	h.shelf.Close()
	h.open() // another process goes on with it
	if !h.ready() || h.made != 1 {
		t.Errorf("%d were made", h.made)
	}
}

func TestNothingIsReadyThatWouldNotFit(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.ready()
	h.makes(1)
	for _, path := range []string{"/segments/0?schema=3", "/segments/1?schema=3", "/segments/9?schema=3", "/segments/2?schema=2", "/segments/2", "/segments/two?schema=3"} {
		if w := h.get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, w.Code)
		}
	}
}

func TestASegmentIsMadeAnewWhenMuchHasChanged(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.ready()
	h.makes(1)
	h.alter(func(s *store.SegmentState) { s.Changed = 10 })
	if !h.ready() || h.made != 1 {
		t.Error("a few changes are too many")
	}
	before := h.files()[0]
	h.alter(func(s *store.SegmentState) { s.Changed = 11 })
	if !h.ready() {
		t.Error("the old one is of no use while the new one is made")
	}
	for h.makes(2); h.files()[0] == before; time.Sleep(time.Millisecond) {
		h.makes(2)
	}
}

func TestASegmentIsDropped(t *testing.T) {
	t.Parallel()
	for name, befalls := range map[string]func(*hub){
		"an erasure elsewhere": func(h *hub) { h.alter(func(s *store.SegmentState) { s.Erased, s.Rows = true, 0 }) },
		"its age":              func(h *hub) { h.alter(func(s *store.SegmentState) { h.now, s.Rows = h.now.AddDate(0, 0, 40), 0 }) },
		"an erasure here": func(h *hub) {
			h.alter(func(s *store.SegmentState) { s.Erased, s.Rows = true, 0 })
			h.shelf.Tidy(h.Context())
		},
		"a database that fails": func(h *hub) {
			h.alter(func(s *store.SegmentState) { s.Rows, h.unread = 0, errors.New("no connection") })
			h.shelf.Tidy(h.Context())
		},
		"another database": func(h *hub) { // with as many commits, where this one stood
			h.alter(func(s *store.SegmentState) { s.Rows, s.Made = 0, s.Made+1 })
			h.open()
		},
		"its damage": func(h *hub) {
			h.alter(func(s *store.SegmentState) { s.Rows = 0 })
			for _, file := range h.files() {
				if err := os.WriteFile(file, []byte("half of"), 0o600); err != nil {
					h.Fatal(err)
				}
			}
			h.open()
		},
		"another epoch": func(h *hub) { h.alter(func(s *store.SegmentState) { h.epoch, s.Rows = h.epoch+1, 0 }); h.open() },
	} {
		h := newHub(t)
		h.ready()
		h.makes(1)
		befalls(h)
		if h.ready() || len(h.files()) > 0 {
			t.Errorf("it outlives %s: %v", name, h.files())
		}
	}
}

// What is erased while a segment is made stands in it.
func TestASegmentOfBeforeAnErasureIsNotKept(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.while = func(s *store.SegmentState) { s.Erased, s.Rows = true, 0 }
	h.ready()
	h.shelf.Close()
	if h.made != 1 || len(h.files()) > 0 {
		t.Errorf("%d were made, kept are %v", h.made, h.files())
	}
}

func TestFewRowsAreNotWorthASegment(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.alter(func(s *store.SegmentState) { s.Rows = 49 })
	h.ready()
	h.shelf.Close()
	if h.made != 0 {
		t.Error("one was made")
	}
}

// A segment saves time, and the disk is for what people write.
func TestNoSegmentIsMadeOfWhatTheRowsNeed(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.shelf.Close()
	h.keeps = math.MaxInt64
	h.open()
	h.ready()
	h.shelf.Close()
	if h.made != 0 {
		t.Error("one was made on a disk without room for it")
	}
}

// Why one cannot be made is a full disk, as a rule, which the rows need too: it is not filled again and again.
func TestASegmentThatCannotBeMadeIsTriedAgainLater(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.fails = errors.New("the disk is full")
	tried := func() int {
		h.ready()
		time.Sleep(time.Millisecond)
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.made
	}
	for begun := time.Now(); tried() == 0; {
		if time.Since(begun) > time.Minute {
			t.Fatal("it is never tried")
		}
	}
	for range 20 {
		if n := tried(); n > 1 {
			t.Fatalf("it is tried %d times at once", n)
		}
	}
	h.mu.Lock()
	h.fails, h.now = nil, h.now.Add(10*time.Minute)
	h.mu.Unlock()
	h.makes(2)
}
