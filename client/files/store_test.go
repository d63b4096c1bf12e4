package files

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// content returns bytes that look like a JPEG.
func content(n int, salt string) []byte {
	b := bytes.Repeat([]byte(salt+"0123456789"), n/10+1)[:n]
	copy(b, "\xff\xd8\xff\xe0")
	return b
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func add(t *testing.T, s *Store, kind string, b []byte, at int64) blob.Hash {
	t.Helper()
	a, err := s.Add(bytes.NewReader(b), kind, false, time.UnixMilli(at))
	if err != nil {
		t.Fatal(err)
	}
	if a.Hash != sha256.Sum256(b) || a.Size != int64(len(b)) {
		t.Fatalf("%+v", a)
	}
	return a.Hash
}

func TestAFileIsKeptOnceAndSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	video := add(t, s, blob.Video, []byte("\x00\x00\x00\x18ftypisom and so on"), 1)
	old, young := add(t, s, blob.Photo, content(100, "o"), 2), add(t, s, blob.Photo, content(100, "y"), 3)
	signature := add(t, s, blob.Signature, content(50, "s"), 4)
	add(t, s, blob.Photo, content(100, "o"), 5) // the same once more
	for range 2 {
		var order []blob.Hash
		for _, item := range s.Waiting() {
			order = append(order, item.Hash)
		}
		if len(order) != 4 || order[0] != signature || order[1] != old || order[2] != young || order[3] != video {
			t.Fatal("out of order", s.Waiting())
		}
		s = open(t, dir)
	}
	f, err := s.Read(old)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if b, err := io.ReadAll(f); err != nil || !bytes.Equal(b, content(100, "o")) {
		t.Error(err)
	}
}

func TestWhatIsNotOfItsKindIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for _, bad := range [][]byte{nil, []byte("<svg/>"), []byte("%PDF-1.7")} {
		if _, err := s.Add(bytes.NewReader(bad), blob.Photo, true, time.Now()); fault.CodeOf(err) != blob.WrongKind {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := s.Add(io.MultiReader(bytes.NewReader(content(9, "")), broken{}), blob.Photo, true, time.Now()); err == nil {
		t.Error("a camera that breaks off makes a photo")
	}
	left, err := os.ReadDir(filepath.Join(s.dir, "coming"))
	if len(left)+len(s.Waiting()) != 0 || err != nil {
		t.Error("something is left", left, err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the camera broke") }

func TestAPhotoIsReducedAndHasItsThumbnailAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	large := picture(t, 4000, 2000)
	a, err := s.Add(bytes.NewReader(large), blob.Photo, true, time.Now())
	if err != nil || a.Size >= int64(len(large)) {
		t.Fatal(a.Size, len(large), err)
	}
	if _, err := os.Stat(s.smallPath(a.Hash)); err != nil {
		t.Error(err)
	}
	b, err := s.Thumbnail(a.Hash)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(b)); err != nil || c.Width != blob.ThumbnailSide {
		t.Error(c, err)
	}
}

// Whatever a process had done when it died, the file waits, or was never promised to anybody.
func TestAProcessThatDies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	kept := add(t, s, blob.Photo, content(100, "k"), 1)
	half := filepath.Join(dir, "coming", "new-123") // while it was copied
	if err := os.WriteFile(half, content(10, ""), 0o600); err != nil {
		t.Fatal(err)
	}
	var alone blob.Hash
	alone[0] = 1
	if err := s.putNote(alone, Note{Kind: blob.Photo, Size: 5}); err != nil { // before the file got its name
		t.Fatal(err)
	}
	if err := os.Remove(s.notePath(kept)); err != nil { // a disk that lost the note
		t.Fatal(err)
	}
	s = open(t, dir)
	if w := s.Waiting(); len(w) != 1 || w[0].Hash != kept || w[0].Kind != blob.Photo || w[0].Size != 100 {
		t.Error(w)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("half a file is still there")
	}
	if err := s.Confirm(kept, time.Now()); err != nil {
		t.Fatal(err)
	}
	if w := open(t, dir).Waiting(); len(w) != 0 {
		t.Error("it waits though the hub has it", w)
	}
}

func TestSpaceIsReclaimedOnlyOfWhatTheHubHas(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	now := time.Now()
	named, gone, waits := add(t, s, blob.Photo, content(100, "n"), 1), add(t, s, blob.Photo, content(100, "g"), 1), add(t, s, blob.Photo, content(100, "w"), 1)
	for _, h := range []blob.Hash{named, gone} {
		if err := s.Confirm(h, now); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Reclaim(map[blob.Hash]bool{named: true}, now.Add(-time.Hour)); n != 0 || err != nil {
		t.Error("what has just come went", n, err)
	}
	if n, err := s.Reclaim(map[blob.Hash]bool{named: true}, now.Add(time.Hour)); n != 1 || err != nil {
		t.Error(n, err)
	}
	if !s.Here(named) || s.Here(gone) || !s.Here(waits) {
		t.Error("the wrong file went")
	}
}

func TestADoubtedFileWaitsAgain(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	h := add(t, s, blob.Photo, content(100, "d"), 1)
	if err := errors.Join(s.Confirm(h, time.Now()), s.Doubt(h, blob.Photo, time.Now())); err != nil {
		t.Fatal(err)
	}
	if w := s.Waiting(); len(w) != 1 || !s.Here(h) {
		t.Error(w)
	}
	if err := s.Forget(h); err != nil || s.Here(h) || len(s.Waiting()) != 0 {
		t.Error("it is still there", err)
	}
}

func TestAFullDiskKeepsNothingAndSaysSo(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	s := open(t, t.TempDir())
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(f, bytes.NewReader(content(10, "")))
	if code := fault.CodeOf(failed("x", err)); code != DiskFull || len(s.Waiting()) != 0 {
		t.Error(code, err)
	}
}
