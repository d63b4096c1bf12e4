package bucket_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/server/files"
	"fieldsync/server/files/bucket"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// store is an S3 server in this process, with a bucket "company".
func store(t *testing.T) (*s3mem.Backend, *httptest.Server) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("company"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(srv.Close)
	return backend, srv
}

func address(srv *httptest.Server, place string) string {
	return "s3://key:sesame@" + strings.TrimPrefix(srv.URL, "http://") + place + "?tls=off"
}

func open(t *testing.T, srv *httptest.Server, place string) *bucket.Bucket {
	t.Helper()
	b, err := bucket.Open(t.Context(), address(srv, place))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ledger knows nobody: who asks here is the hub itself.
type ledger struct{}

func (ledger) May(context.Context, record.ID, blob.Hash) (bool, error) { return true, nil }
func (ledger) Has(context.Context, record.ID, blob.Hash) (bool, error) { return true, nil }
func (ledger) Note(context.Context, files.Arrival) error               { return nil }
func (ledger) Brought(context.Context, record.ID, time.Time) (int, int64, error) {
	return 0, 0, nil
}
func (ledger) Needed(context.Context, blob.Hash) (bool, error) { return false, nil }
func (ledger) Forget(context.Context, blob.Hash) error         { return nil }

// node is the desk of one node, with a folder of its own.
func node(t *testing.T, dir string, in files.Store) *files.Desk {
	t.Helper()
	desk, err := files.Open(t.Context(), files.Options{Dir: dir, Store: in, Ledger: ledger{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return desk
}

func photo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 640, 480)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func receive(t *testing.T, desk *files.Desk, content []byte) blob.Hash {
	t.Helper()
	h, _, _, err := desk.Receive(t.Context(), record.ID{1}, blob.Photo, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func read(t *testing.T, desk *files.Desk, h blob.Hash) []byte {
	t.Helper()
	c, err := desk.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(c)
	if err = errors.Join(err, c.Close()); err != nil || int64(len(content)) != c.Size() {
		t.Fatal(len(content), c.Size(), err)
	}
	return content
}

func TestNodesShareABucket(t *testing.T) {
	t.Parallel()
	_, srv := store(t)
	one, two := node(t, t.TempDir(), open(t, srv, "/company/north")), node(t, t.TempDir(), open(t, srv, "/company/north"))
	content := photo(t)
	h := receive(t, one, content)
	if !bytes.Equal(read(t, two, h), content) {
		t.Error("the other node reads something else")
	}
	if again := receive(t, two, content); again != h {
		t.Error("the same file has two names")
	}

	answer, ask := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	ask.Header.Set("Range", "bytes=100-199")
	if err := two.Serve(answer, ask, h, ""); err != nil || answer.Code != http.StatusPartialContent || !bytes.Equal(answer.Body.Bytes(), content[100:200]) {
		t.Errorf("a range: %d, %d bytes: %v", answer.Code, answer.Body.Len(), err)
	}

	drawn, err := one.Thumbnail(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	if err := two.Blobs.Delete(t.Context(), h); err != nil { // so that it cannot be drawn again
		t.Fatal(err)
	}
	if shared, err := two.Thumbnail(t.Context(), h); err != nil || !bytes.Equal(shared, drawn) {
		t.Error("the other node has no thumbnail:", err)
	}
}

func TestWhatOneNodeErasesNoOtherTakes(t *testing.T) {
	t.Parallel()
	_, srv := store(t)
	one, two := node(t, t.TempDir(), open(t, srv, "/company")), node(t, t.TempDir(), open(t, srv, "/company"))
	content := photo(t)
	h := receive(t, one, content)
	if _, err := one.Thumbnail(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if err := two.Erase(t.Context(), []blob.Hash{h}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Thumbnail(t.Context(), h); fault.CodeOf(err) != blob.Unknown {
		t.Error("its thumbnail is still shown:", err)
	}
	if _, _, _, err := one.Receive(t.Context(), record.ID{1}, blob.Photo, bytes.NewReader(content)); fault.CodeOf(err) != blob.Erased {
		t.Error("it is taken again:", err)
	}
	if here, err := one.Has(t.Context(), h); here || err != nil {
		t.Error("it is still there:", err)
	}
}

func TestADeletedFileLeavesNoVersion(t *testing.T) {
	t.Parallel()
	backend, srv := store(t)
	if err := backend.SetVersioningConfiguration("company", gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
		t.Fatal(err)
	}
	desk := node(t, t.TempDir(), open(t, srv, "/company"))
	h := receive(t, desk, photo(t))
	if err := desk.Blobs.Delete(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	left, err := backend.ListBucketVersions("company", nil, nil)
	if err != nil || len(left.Versions) != 0 {
		t.Errorf("%+v are left: %v", left, err)
	}
}

func TestVerifyBackupAndRestoreGoThroughABucket(t *testing.T) {
	t.Parallel()
	backend, srv := store(t)
	desk := node(t, t.TempDir(), open(t, srv, "/company/a"))
	content := photo(t)
	h := receive(t, desk, content)
	backup := t.TempDir()
	if n, _, err := desk.Copy(t.Context(), backup); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	other := node(t, t.TempDir(), open(t, srv, "/company/b"))
	if n, err := other.Restore(t.Context(), backup); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if !bytes.Equal(read(t, other, h), content) {
		t.Error("another file was restored")
	}
	rot := []byte("rot")
	if _, err := backend.PutObject("company", "b/whole/"+h.String(), map[string]string{}, bytes.NewReader(rot), int64(len(rot)), nil); err != nil {
		t.Fatal(err)
	}
	var found []string
	n, _, err := other.Verify(t.Context(), func(problem string) { found = append(found, problem) })
	if n != 1 || err != nil || len(found) != 1 {
		t.Error("verify finds", n, found, err)
	}
}

// A hub that gets a bucket brings what it has along, and is never again without.
func TestAFolderMovesIntoTheBucket(t *testing.T) {
	t.Parallel()
	_, srv := store(t)
	dir, content := t.TempDir(), photo(t)
	alone := node(t, dir, nil)
	erased := sha256.Sum256([]byte("somebody"))
	h := receive(t, alone, content)
	if err := alone.Erase(t.Context(), []blob.Hash{erased}); err != nil {
		t.Fatal(err)
	}
	in := open(t, srv, "/company")
	moved := node(t, dir, in)
	if !bytes.Equal(read(t, moved, h), content) {
		t.Error("it is not in the bucket")
	}
	if marked, err := in.Shelf("erased").Has(t.Context(), erased); !marked || err != nil {
		t.Error("what was erased could come again:", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "whole", "*", "*"))
	if len(left) != 0 || err != nil {
		t.Error("left in the folder:", left, err)
	}
	for name, other := range map[string]files.Store{"none": nil, "another": open(t, srv, "/company/other")} {
		_, err := files.Open(t.Context(), files.Options{Dir: dir, Store: other})
		if fault.CodeOf(err) != files.Elsewhere || !strings.Contains(err.Error(), "/company") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("with %s: %v", name, err)
		}
	}
}

func TestAStoreThatDoesNotAnswerLosesNothing(t *testing.T) {
	t.Parallel()
	_, srv := store(t)
	in := open(t, srv, "/company")
	path := filepath.Join(t.TempDir(), "photo")
	if err := os.WriteFile(path, photo(t), 0o600); err != nil {
		t.Fatal(err)
	}
	srv.Close()
	shelf := in.Shelf("whole")
	if err := shelf.Put(t.Context(), blob.Hash{1}, path); fault.CodeOf(err) != fault.Overloaded {
		t.Error(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error("what could not be kept is gone:", err)
	}
	if _, err := shelf.Open(t.Context(), blob.Hash{1}); fault.CodeOf(err) != fault.Overloaded || errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	late, err := bucket.Open(t.Context(), address(srv, "/company"))
	if late == nil || fault.CodeOf(err) != fault.Overloaded {
		t.Error("a hub cannot start without it:", err)
	}
}

func TestAddressesThatNameNoPlace(t *testing.T) {
	t.Parallel()
	_, srv := store(t)
	for place, want := range map[string]fault.Code{
		"https://host/bucket": bucket.BadAddress, "s3://host": bucket.BadAddress, "s3:///bucket": bucket.BadAddress,
		"s3://key:sesame@host:port/b": bucket.BadAddress, address(srv, "/nobody"): bucket.NoBucket,
	} {
		if _, err := bucket.Open(t.Context(), place); fault.CodeOf(err) != want || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v", place, err)
		}
	}
}
