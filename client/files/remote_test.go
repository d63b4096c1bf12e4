package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"fieldsync/client/link"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

func remote(t *testing.T, hub http.HandlerFunc) *Remote {
	t.Helper()
	srv := httptest.NewServer(hub)
	t.Cleanup(srv.Close)
	return &Remote{Server: srv.URL, Authority: blob.Scheme + " x:00", Client: NewClient()}
}

func goOn() error { return nil }

func ignore(int64) {}

func TestADownloadGoesOnAtTheByte(t *testing.T) {
	t.Parallel()
	s, b := open(t, t.TempDir()), content(300_000, "d")
	h := blob.Hash(sha256.Sum256(b))
	asked := ""
	r := remote(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Range")
		w.Header().Set("ETag", `"`+h.String()+`"`)
		if asked == "" { // the network goes in the middle
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			_, _ = w.Write(b[:200_000])
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	})
	if err := s.Fetch(t.Context(), r, h, int64(len(b)), goOn, ignore); fault.CodeOf(err) != link.NoNetwork {
		t.Fatal(err)
	}
	if s.Here(h) {
		t.Fatal("half a file is taken for one")
	}
	if err := s.Fetch(t.Context(), r, h, int64(len(b)), goOn, ignore); err != nil || !s.Here(h) {
		t.Fatal(err)
	}
	if asked == "" || asked == "bytes=0-" {
		t.Error("it began anew:", asked)
	}
}

// A hostile hub does no harm but that a file does not come, or does not go.
func TestAHostileHub(t *testing.T) {
	t.Parallel()
	b := content(5000, "h")
	h := blob.Hash(sha256.Sum256(b))
	for name, c := range map[string]struct {
		hub  http.HandlerFunc
		want fault.Code
	}{
		"sends something else": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content(5000, "x")) }, blob.WrongHash},
		"sends without end": {func(w http.ResponseWriter, _ *http.Request) {
			for range 1000 {
				if _, err := w.Write(content(5000, "x")); err != nil {
					return
				}
			}
		}, blob.WrongHash},
		"sends less": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(b[:10]) }, link.NoNetwork},
		"leads elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, fault.Version},
		"answers nonsense": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, fault.Overloaded},
		"sends a part of its own choice": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 7-12/5000")
			w.WriteHeader(http.StatusPartialContent)
		}, fault.Version},
	} {
		s := open(t, t.TempDir())
		if err := s.Fetch(t.Context(), remote(t, c.hub), h, 5000, goOn, ignore); fault.CodeOf(err) != c.want || s.Here(h) {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(s.comingPath(h)); err == nil && info.Size() > 5000 {
			t.Errorf("%s: filled the disk with %d bytes", name, info.Size())
		}
	}
	for name, hub := range map[string]http.HandlerFunc{
		"never gets on": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(blob.HeaderOffset, "10")
			w.WriteHeader(204)
		},
		"has it elsewhere": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(blob.HeaderOffset, "-5")
			w.WriteHeader(204)
		},
		"has too much": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(blob.HeaderOffset, "5001")
			w.WriteHeader(204)
		},
		"has all, unverified": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(blob.HeaderOffset, "5000")
			w.WriteHeader(204)
		},
		"refuses at length": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		},
	} {
		s := open(t, t.TempDir())
		add(t, s, blob.Photo, b, 1)
		if err := s.Send(t.Context(), remote(t, hub), s.Waiting()[0], goOn, ignore); err == nil {
			t.Errorf("%s: it is taken for done", name)
		}
		if len(s.Waiting()) != 1 {
			t.Errorf("%s: the file is gone", name)
		}
	}
}

func TestAFileIsSentFromWhereTheHubIs(t *testing.T) {
	t.Parallel()
	s, b := open(t, t.TempDir()), content(500_000, "u")
	h := add(t, s, blob.Photo, b, 1)
	got := append([]byte{}, b[:1234]...)
	r := remote(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			if r.Header.Get(blob.HeaderOffset) != strconv.Itoa(len(got)) {
				t.Error("begins at", r.Header.Get(blob.HeaderOffset))
			}
			part, _ := io.ReadAll(r.Body)
			got = append(got, part...)
		}
		w.Header().Set(blob.HeaderOffset, strconv.Itoa(len(got)))
		if len(got) == len(b) {
			w.Header().Set(blob.HeaderComplete, blob.Complete)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	last := int64(0)
	if err := s.Send(t.Context(), r, s.Waiting()[0], goOn, func(n int64) { last = n }); err != nil {
		t.Fatal(err)
	}
	if blob.Hash(sha256.Sum256(got)) != h || last < 1234 {
		t.Error("what came is not what was sent", last)
	}
}

func TestARefusalIsTheHubs(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	add(t, s, blob.Photo, content(100, "r"), 1)
	r := remote(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.Header().Set(blob.HeaderOffset, "0")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.WriteHeader(http.StatusUnsupportedMediaType)
		_ = json.NewEncoder(w).Encode(blob.Refusal{Code: blob.WrongKind, Message: "no"})
	})
	if err := s.Send(context.Background(), r, s.Waiting()[0], goOn, ignore); fault.CodeOf(err) != blob.WrongKind {
		t.Error(err)
	}
}

func TestPartsFollowTheNetwork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		part int
		took time.Duration
		want int
	}{
		{firstPart, time.Second, 2 * firstPart}, {largestPart, 0, largestPart}, {firstPart, 5 * time.Second, firstPart},
		{firstPart, 20 * time.Second, firstPart / 2}, {smallestPart, time.Minute, smallestPart},
	} {
		if got := pace(c.part, c.took); got != c.want {
			t.Errorf("%d in %s: %d, want %d", c.part, c.took, got, c.want)
		}
	}
}
