package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// world is a desk with a ledger in memory, and people with devices whose tokens are their names.
type world struct {
	t      *testing.T
	desk   *Desk
	url    string
	limits Limits

	mu     sync.Mutex
	now    time.Time
	had    map[place]int64
	sees   map[place]bool // by a row whose writer had the file
	needed map[blob.Hash]bool
	lost   map[record.ID]bool // devices that were revoked
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldIn(t, filepath.Join(t.TempDir(), "files"))
}

func newWorldIn(t *testing.T, dir string) *world {
	t.Helper()
	return newWorldOn(t, dir, nil)
}

// newWorldOn is a world whose files are in the store, and what is not whole yet in the folder.
func newWorldOn(t *testing.T, dir string, store Store) *world {
	t.Helper()
	w := &world{t: t, now: time.Now(), had: map[place]int64{}, sees: map[place]bool{}, needed: map[blob.Hash]bool{}, lost: map[record.ID]bool{}}
	desk, err := Open(t.Context(), Options{
		Dir: dir, Store: store, Ledger: w, Devices: w, Log: slog.New(slog.DiscardHandler),
		Limits: func(context.Context) (Limits, error) { return w.limits, nil },
		Now:    func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(desk)
	t.Cleanup(srv.Close)
	w.desk, w.url = desk, srv.URL
	return w
}

func (w *world) May(_ context.Context, p record.ID, h blob.Hash) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sees[place{p, h}], nil
}

func (w *world) Has(_ context.Context, p record.ID, h blob.Hash) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, had := w.had[place{p, h}]
	return had, nil
}

func (w *world) Note(_ context.Context, a Arrival) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, had := w.had[place{a.Person, a.Hash}]; !had {
		w.had[place{a.Person, a.Hash}] = a.Bytes
	}
	return nil
}

func (w *world) Brought(_ context.Context, p record.ID, _ time.Time) (n int, sum int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for at, bytes := range w.had {
		if at.person == p && bytes > 0 {
			n, sum = n+1, sum+bytes
		}
	}
	return n, sum, nil
}

func (w *world) Needed(_ context.Context, h blob.Hash) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.needed[h], nil
}

func (w *world) Forget(_ context.Context, h blob.Hash) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for at := range w.had {
		if at.hash == h {
			delete(w.had, at)
		}
	}
	return nil
}

// Bearer knows every device whose token is its id, until it is revoked.
func (w *world) Bearer(_ context.Context, device record.ID, token []byte) (*auth.Device, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !bytes.Equal(device[:], token) || w.lost[device] {
		return nil, nil
	}
	return &auth.Device{ID: device, Person: device, Standing: auth.Admitted}, nil
}

var (
	li   = record.ID{1}
	wang = record.ID{2}
)

// photo returns bytes that look like a JPEG, so many of them.
func photo(n int, salt string) []byte {
	b := bytes.Repeat([]byte(salt+"0123456789"), n/10+1)[:n]
	copy(b, "\xff\xd8\xff\xe0")
	return b
}

// answer is what the hub said.
type answer struct {
	status   int
	offset   string
	complete bool
	code     fault.Code
	header   http.Header
	body     []byte
}

func (w *world) ask(who record.ID, method, path string, body io.Reader, headers ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", blob.Scheme+" "+who.String()+":"+hex.EncodeToString(who[:]))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{
		status: response.StatusCode, offset: response.Header.Get(blob.HeaderOffset), header: response.Header,
		complete: response.Header.Get(blob.HeaderComplete) == blob.Complete,
	}
	a.body, _ = io.ReadAll(response.Body)
	var refused blob.Refusal
	if json.Unmarshal(a.body, &refused) == nil {
		a.code = refused.Code
	}
	return a
}

func (w *world) patch(who record.ID, h blob.Hash, kind string, offset, length int, body []byte) answer {
	w.t.Helper()
	return w.ask(who, http.MethodPatch, blob.Path(h), bytes.NewReader(body), blob.HeaderKind, kind,
		blob.HeaderOffset, strconv.Itoa(offset), blob.HeaderLength, strconv.Itoa(length))
}

func (w *world) head(who record.ID, h blob.Hash) answer {
	w.t.Helper()
	return w.ask(who, http.MethodHead, blob.Path(h), nil)
}

// sends brings the file in one part.
func (w *world) sends(who record.ID, content []byte) blob.Hash {
	w.t.Helper()
	h := blob.Hash(sha256.Sum256(content))
	if a := w.patch(who, h, blob.Photo, 0, len(content), content); !a.complete {
		w.t.Fatalf("not taken: %+v", a)
	}
	return h
}

func (w *world) shows(who record.ID, h blob.Hash) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sees[place{who, h}] = true
}

func (w *world) wants(what string, got answer, status int, code fault.Code) {
	w.t.Helper()
	if got.status != status || got.code != code {
		w.t.Errorf("%s: %d %q, want %d %q", what, got.status, got.code, status, code)
	}
}

func hashed(b []byte) blob.Hash { return sha256.Sum256(b) }

func (a answer) String() string {
	return fmt.Sprintf("%d offset %s complete %v %s", a.status, a.offset, a.complete, a.code)
}
