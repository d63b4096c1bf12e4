package files

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"fieldsync/client/link"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/seal"
)

func newBox(t *testing.T) *seal.Box {
	t.Helper()
	ring := &seal.Ring{}
	if err := ring.Add(rand.Reader); err != nil {
		t.Fatal(err)
	}
	b, err := seal.NewBox(ring, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openSealed(t *testing.T, dir string, box *seal.Box) *Store {
	t.Helper()
	s, err := Open(dir, Options{Keys: box, Box: box})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stands reports whether any file of the folder has the text.
func stands(t *testing.T, dir string, text []byte) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		found = found || bytes.Contains(b, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, s *Store, h blob.Hash) []byte {
	t.Helper()
	f, err := s.Read(h)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What a camera took stands open in no file: neither picture nor thumbnail, before it was sent nor after; and it is known
// by the hash of what it shows, as it is at the hub.
func TestPhotosLieSealed(t *testing.T) {
	t.Parallel()
	dir, box := t.TempDir(), newBox(t)
	s := openSealed(t, dir, box)
	photo := picture(t, 800, 600)
	h := add(t, s, blob.Photo, photo, 1)
	for range 2 {
		if !bytes.Equal(read(t, s, h), photo) {
			t.Error("the photo came back as another")
		}
		if b, err := s.Thumbnail(h); err != nil || blob.Sniff(b) != "image/jpeg" {
			t.Error(err)
		}
		if stands(t, dir, []byte("JFIF")) || stands(t, dir, photo[len(photo)/2:len(photo)/2+16]) || stands(t, dir, []byte("\xff\xd8\xff")) {
			t.Error("something of it stands open")
		}
		if n, _ := s.Note(h); n.Size != int64(len(photo)) && n.Size != 0 {
			t.Error("its size is another", n)
		}
		if err := s.Confirm(h, time.UnixMilli(2)); err != nil && !s.Here(h) {
			t.Error(err)
		}
		s = openSealed(t, dir, box)
	}
	if err := s.Doubt(h, blob.Photo, time.UnixMilli(3)); err != nil || s.Waiting()[0].Size != int64(len(photo)) {
		t.Error(err, s.Waiting())
	}
}

// Whoever has the files and not the key has nothing, and is told what he lacks; nothing is thrown away.
func TestWithoutItsKeyAFileIsNotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openSealed(t, dir, newBox(t))
	h := add(t, s, blob.Photo, content(100, "p"), 1)
	for _, s := range []*Store{openSealed(t, dir, newBox(t)), open(t, dir)} {
		if _, err := s.Read(h); fault.CodeOf(err) != seal.Missing || len(s.Waiting()) != 1 {
			t.Error(err)
		}
	}
}

// A photo that was cut off, or changed, is damaged, and never shown by half.
func TestASealedPhotoThatWasCutIsDamaged(t *testing.T) {
	t.Parallel()
	dir, box := t.TempDir(), newBox(t)
	s := openSealed(t, dir, box)
	h := add(t, s, blob.Photo, content(3*seal.ChunkSize, "p"), 1)
	if err := os.Truncate(s.takenPath(h), seal.ChunkSize+64); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(h); fault.CodeOf(err) != Damaged {
		t.Error(err)
	}
	if intact, err := s.Intact(h); intact || err != nil {
		t.Error(intact, err)
	}
	if err := os.Remove(s.notePath(h)); err != nil {
		t.Fatal(err)
	}
	if again := openSealed(t, dir, box); len(again.Waiting()) != 1 {
		t.Error("the damaged file was forgotten")
	}
}

// What lay open before there was a policy stays readable, and what is taken then is sealed.
func TestSealingBeginsWithThePolicy(t *testing.T) {
	t.Parallel()
	dir, box := t.TempDir(), newBox(t)
	old := add(t, open(t, dir), blob.Photo, content(100, "old"), 1)
	s := openSealed(t, dir, box)
	young := add(t, s, blob.Photo, content(100, "young"), 2)
	if string(read(t, s, old)) != string(content(100, "old")) || string(read(t, s, young)) != string(content(100, "young")) {
		t.Error("not what was taken")
	}
	if !stands(t, dir, []byte("old0123")) || stands(t, dir, []byte("young0123")) {
		t.Error("what was sealed is not, or the other way")
	}
}

// A download that is cut goes on at the very byte, sealed; after a crash at the last whole chunk.
func TestASealedDownloadGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	dir, box, whole := t.TempDir(), newBox(t), content(300_000, "d")
	s, h, asked, cut := openSealed(t, dir, box), blob.Hash(sha256.Sum256(whole)), "", true
	r := remote(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Range")
		w.Header().Set("ETag", `"`+h.String()+`"`)
		if cut {
			w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
			_, _ = w.Write(whole[:200_000])
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(whole))
	})
	var came int64
	if err := s.Fetch(t.Context(), r, h, int64(len(whole)), goOn, func(n int64) { came = n }); fault.CodeOf(err) != link.NoNetwork {
		t.Fatal(err)
	}
	f, have, err := s.resume(s.comingPath(h))
	if err != nil || have != came || f.Close() != nil {
		t.Error("what came is not what is kept", have, came, err)
	}
	const torn = 24 + seal.ChunkSize + 40 + 700 // as a crash may leave it
	if err := os.Truncate(s.comingPath(h), torn); err != nil {
		t.Fatal(err)
	}
	cut = false
	if err := s.Fetch(t.Context(), r, h, int64(len(whole)), goOn, ignore); err != nil || asked != fmt.Sprintf("bytes=%d-", seal.ChunkSize) {
		t.Fatal(err, asked)
	}
	if !bytes.Equal(read(t, s, h), whole) || stands(t, dir, []byte("d0123456789")) {
		t.Error("not what the hub has, or it stands open")
	}
}
