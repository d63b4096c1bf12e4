package files_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fieldsync/client/files"
	"fieldsync/client/link"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

// shelf serves a segment, as a hub does.
type shelf struct {
	content []byte
	tag     string // what it says of the content; "" for its hash
	most    int    // bytes after which the connection is cut; 0 for all
	ranges  []string
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.String() != "/segments/2?schema=3" || s.content == nil {
		http.NotFound(w, r)
		return
	}
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	sum := sha256.Sum256(s.content)
	tag := s.tag
	if tag == "" {
		tag = hex.EncodeToString(sum[:])
	}
	w.Header().Set("ETag", `"`+tag+`"`)
	if s.most > 0 {
		w = &cut{w, s.most}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.content))
}

type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	_, _ = c.ResponseWriter.Write(p[:min(c.left, len(p))])
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func TestASegmentGoesOnAtTheByteWhereItWasCut(t *testing.T) {
	t.Parallel()
	s := &shelf{content: bytes.Repeat([]byte("rows "), 1000), most: 1234}
	srv := httptest.NewServer(s)
	defer srv.Close()
	to := filepath.Join(t.TempDir(), "replica[1].db.segment-2")
	fetch := func() error {
		r := &files.Remote{Server: srv.URL, Client: files.NewClient()}
		return r.FetchSegment(t.Context(), 2, 3, to, func(done, total int64) {
			if total != int64(len(s.content)) || done > total {
				t.Errorf("%d of %d", done, total)
			}
		})
	}
	if err := fetch(); fault.CodeOf(err) != link.NoNetwork {
		t.Fatal(err)
	}
	s.most = 0
	if err := fetch(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(to)
	if err != nil || !bytes.Equal(got, s.content) || len(s.ranges) != 2 || s.ranges[1] != "bytes=1234-" {
		t.Errorf("%d bytes, asked %q, %v", len(got), s.ranges, err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(to), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
}

// A program that is killed when all has come, and before that has its name, need not fetch it again.
func TestASegmentOfWhichAllHadComeIsNotFetchedAgain(t *testing.T) {
	t.Parallel()
	s := &shelf{content: bytes.Repeat([]byte("rows "), 1000)}
	srv := httptest.NewServer(s)
	defer srv.Close()
	sum := sha256.Sum256(s.content)
	for _, c := range []struct {
		begun []byte
		want  fault.Code
	}{
		{begun: s.content},
		{begun: append([]byte("damaged on the disk "), s.content[20:]...), want: blob.WrongHash},
		{begun: append(bytes.Clone(s.content), "and more"...), want: blob.WrongHash},
	} {
		to := filepath.Join(t.TempDir(), "segment-2")
		if err := os.WriteFile(to+"."+hex.EncodeToString(sum[:])+".coming", c.begun, 0o600); err != nil {
			t.Fatal(err)
		}
		r := &files.Remote{Server: srv.URL, Client: files.NewClient()}
		err := r.FetchSegment(t.Context(), 2, 3, to, func(int64, int64) { t.Error("something was fetched") })
		if fault.CodeOf(err) != c.want {
			t.Errorf("%v", err)
		}
		got, _ := os.ReadFile(to)
		if arrived := files.SegmentArrived(to); bytes.Equal(got, s.content) != (c.want == "") || arrived > 0 {
			t.Errorf("%d bytes are there, %d more of it", len(got), arrived)
		}
	}
}

func TestASegmentThatIsNoLongerThereIsForgotten(t *testing.T) {
	t.Parallel()
	s := &shelf{content: []byte("the rows of yesterday"), most: 5}
	srv := httptest.NewServer(s)
	defer srv.Close()
	dir := t.TempDir()
	for _, c := range []struct {
		content, tag string
		most         int
		want         fault.Code
	}{
		{content: "the rows of yesterday", most: 5, want: link.NoNetwork},
		{content: "other rows of today", most: 3, want: link.NoNetwork},
		{content: "", want: files.NoSegment},
		{content: "something else", tag: blob.Hash{}.String(), want: blob.WrongHash},
		{content: "something else", tag: "no hash", want: fault.Version},
	} {
		if s.content = []byte(c.content); c.content == "" {
			s.content = nil
		}
		s.tag, s.most = c.tag, c.most
		r := &files.Remote{Server: srv.URL, Client: files.NewClient()}
		err := r.FetchSegment(t.Context(), 2, 3, filepath.Join(dir, "segment"), func(int64, int64) {})
		if fault.CodeOf(err) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
		left, err := os.ReadDir(dir)
		if want := min(1, c.most); err != nil || len(left) != want {
			t.Errorf("%+v: left are %v, %v", c, left, err)
		}
	}
}
