package files

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

// Added is a file that was taken in.
type Added struct {
	Hash      blob.Hash
	Size      int64
	MediaType string
}

// Add takes a file in, durably, with its thumbnail. Reduced makes a photo smaller, where that helps. Codes: DiskFull,
// Storage, blob.WrongKind, fault.Malformed for an empty one; what the reader says otherwise.
func (s *Store) Add(r io.Reader, kind string, reduced bool, now time.Time) (a Added, err error) {
	f, err := s.fresh()
	if err != nil {
		return a, failed("the file cannot be kept", err)
	}
	defer func() { _ = f.Close(); _ = os.Remove(f.Name()) }() // gone when it was renamed
	if _, err = io.Copy(f, r); err != nil {
		return a, failed("the file cannot be kept", err)
	}
	var small []byte
	if kind == blob.Photo && reduced {
		if small, err = s.reduce(f); err != nil {
			return a, failed("the photo cannot be kept", err)
		}
	}
	if a, err = identify(f, kind); err != nil {
		return a, err
	}
	if err = f.Sync(); err != nil {
		return a, failed("the file cannot be kept", err)
	}
	s.sketch(f, a, small)
	return a, s.queue(a.Hash, f.Name(), Note{Kind: kind, Size: a.Size, Added: now.UnixMilli()})
}

// reduce replaces a photo by a smaller one where there is one that is smaller, and returns its thumbnail; what cannot be made
// smaller stays.
func (s *Store) reduce(f handle) (small []byte, err error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var b []byte
	s.draw(func() { b, small, err = blob.Reduce(f) })
	if size, e := f.Seek(0, io.SeekEnd); err != nil || b == nil || e != nil || int64(len(b)) >= size {
		return small, e
	}
	if err = f.Empty(); err == nil {
		_, err = f.Write(b)
	}
	return small, err
}

// draw runs do, which has a picture in memory: one at a time. What it took, which on a phone is more than all the rest of the
// program, is given back before the next.
func (s *Store) draw(do func()) {
	s.drawing.Lock()
	defer s.drawing.Unlock()
	do()
	debug.FreeOSMemory()
}

// thumbnail makes the small version of a picture.
func (s *Store) thumbnail(f io.ReadSeeker) (b []byte, err error) {
	if mediaType, err := sniff(f); err != nil || !strings.HasPrefix(mediaType, "image/") {
		return nil, fault.Wrap(blob.NoPicture, "this is no picture that can be shown small", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, failed("the file cannot be read", err)
	}
	s.draw(func() { b, err = blob.Thumbnail(f) })
	return b, err
}

func identify(f io.ReadSeeker, kind string) (a Added, err error) {
	if a.MediaType, err = sniff(f); err != nil {
		return a, failed("the file cannot be read", err)
	}
	if !blob.Fits(kind, a.MediaType) {
		return a, fault.New(blob.WrongKind, "this is no file of that sort; take a picture, a PDF or a recording")
	}
	a.Hash, a.Size, err = sum(f)
	return a, err
}

func sniff(f io.ReadSeeker) (string, error) {
	head := make([]byte, blob.HeadSize)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", err
	}
	return blob.Sniff(head[:n]), nil
}

func sum(f io.ReadSeeker) (h blob.Hash, size int64, err error) {
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return h, 0, err
	}
	s := sha256.New()
	size, err = io.Copy(s, f)
	return blob.Hash(s.Sum(nil)), size, err
}

// sketch keeps the thumbnail, and makes it where there is none yet, at once: the picture is at hand, and its maker looks at
// the screen.
func (s *Store) sketch(f io.ReadSeeker, a Added, small []byte) {
	if small == nil && strings.HasPrefix(a.MediaType, "image/") {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return
		}
		small, _ = s.thumbnail(f)
	}
	if small != nil {
		_ = s.KeepThumbnail(a.Hash, small) // it is made again when it is wanted
	}
}

// queue makes the durable file at path one that waits. The note goes first: a note without a file is nothing, a file
// without a note would not know what it is for.
func (s *Store) queue(h blob.Hash, path string, n Note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.taken[h]; ok && known.Code == "" && blob.Rank(known.Kind) <= blob.Rank(n.Kind) {
		return nil // it waits already, and as urgently
	}
	if err := s.putNote(h, n); err != nil {
		return err
	}
	if err := os.Rename(path, s.takenPath(h)); err != nil {
		return failed("the file cannot be kept", err)
	}
	if err := force(filepath.Join(s.dir, "taken")); err != nil {
		return failed("the file cannot be kept", err)
	}
	s.taken[h] = n
	return nil
}

func (s *Store) putNote(h blob.Hash, n Note) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return s.whole(s.notePath(h), b)
}

// whole writes a small file whole or not at all.
func (s *Store) whole(path string, content []byte) error {
	f, err := s.create("coming")
	if err != nil {
		return failed("the file cannot be kept", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when it was renamed
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return failed("the file cannot be kept", err)
	}
	return nil
}
