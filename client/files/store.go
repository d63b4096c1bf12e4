// Package files keeps the files of one device beside its replica, each under the SHA-256 of its content, and carries
// them to the hub and from it. The folder is the queue: what lies in taken has to reach the hub, what lies in fetched
// can be fetched again, and a rename, which a crash cannot halve, is how a file goes from one to the other. So there
// is nothing that could disagree with the files, and a replica that is damaged takes no photo with it.
//
//	taken/<hash>         made here, and not yet confirmed by the hub; <hash>.json says what for, and what became of it
//	fetched/<hash>       the hub has it, durably
//	small/<hash>.jpg     its thumbnail
//	coming/              what is not whole yet: downloads by their hash, new files under passing names
//
// Content is sealed at rest where the options say with what: see content.go.
package files

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/seal"
)

// The codes of this package, beside those of package blob. None of them means that something was lost.
const (
	DiskFull  fault.Code = "disk_full"      // nothing was kept; it works again when there is space
	Storage   fault.Code = "storage_failed" // the operating system refused; its reason is in the detail
	Damaged   fault.Code = "file_damaged"   // the file on this device is not any more what was taken
	Elsewhere fault.Code = "file_elsewhere" // the file is not on this device: download it
)

// Note is what is known of a file that waits for the hub.
type Note struct {
	Kind    string     `json:"kind"`
	Size    int64      `json:"size"`
	Added   int64      `json:"added"` // by the device's clock, ms since 1970 UTC
	Tries   int        `json:"tries,omitempty"`
	Code    fault.Code `json:"code,omitempty"` // why the hub will not have it; "" while it waits
	Message string     `json:"message,omitempty"`
}

// Item is a file that waits.
type Item struct {
	Hash blob.Hash
	Note
}

// Store is a device's files. Its methods may be called from any goroutine.
type Store struct {
	Options
	dir string

	drawing sync.Mutex // held while a picture is decoded

	mu    sync.Mutex
	taken map[blob.Hash]Note
}

var folders = []string{"taken", "fetched", "small", "coming"}

// Options say how a store keeps files.
type Options struct {
	ReadOnly bool      // another process carries
	Keys     *seal.Box // opens what is sealed; nil where nothing is
	Box      *seal.Box // seals what is kept from now on; nil keeps it open
}

// Open opens the folder, and makes it.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{Options: o, dir: dir, taken: map[blob.Hash]Note{}}
	if !o.ReadOnly {
		for _, f := range folders {
			if err := os.MkdirAll(filepath.Join(dir, f), 0o700); err != nil {
				return nil, failed("the folder for files cannot be made", err)
			}
		}
		if err := s.clean(); err != nil {
			return nil, failed("the folder for files cannot be read", err)
		}
	}
	return s, s.load()
}

// clean removes what a process left that died while it took a file in: it was never told to anybody.
func (s *Store) clean() error {
	entries, err := os.ReadDir(filepath.Join(s.dir, "coming"))
	for _, e := range entries {
		if _, download := blob.ParseHash(e.Name()); !download {
			err = errors.Join(err, os.Remove(filepath.Join(s.dir, "coming", e.Name())))
		}
	}
	return err
}

// load reads which files wait. One whose note is missing or damaged is sent as a photo or whatever it looks like.
func (s *Store) load() error {
	entries, err := os.ReadDir(filepath.Join(s.dir, "taken"))
	if errors.Is(err, fs.ErrNotExist) && s.ReadOnly {
		return nil
	}
	if err != nil {
		return failed("the files that wait cannot be read", err)
	}
	for _, e := range entries {
		h, ok := blob.ParseHash(e.Name())
		if !ok {
			continue
		}
		n, err := s.readNote(h)
		if err != nil {
			return failed("the files that wait cannot be read", err)
		}
		s.taken[h] = n
	}
	return nil
}

func (s *Store) readNote(h blob.Hash) (n Note, err error) {
	b, err := os.ReadFile(s.notePath(h))
	if err == nil && json.Unmarshal(b, &n) == nil && n.Kind != "" {
		return n, nil
	}
	info, err := os.Stat(s.takenPath(h))
	if err != nil {
		return n, err
	}
	n.Added, n.Kind = info.ModTime().UnixMilli(), blob.Photo
	if n.Size, err = s.sizeOf(s.takenPath(h)); err != nil {
		return n, err
	}
	f, err := s.open(s.takenPath(h))
	if fault.CodeOf(err) == Damaged {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	defer func() { _ = f.Close() }() // it was only read
	mediaType, err := sniff(f)
	n.Kind = likely(mediaType)
	return n, err
}

// likely returns the first kind that takes the media type.
func likely(mediaType string) string {
	for _, kind := range []string{blob.Photo, blob.Document, blob.Voice, blob.Video} {
		if blob.Fits(kind, mediaType) {
			return kind
		}
	}
	return blob.Document
}

func (s *Store) takenPath(h blob.Hash) string   { return filepath.Join(s.dir, "taken", h.String()) }
func (s *Store) notePath(h blob.Hash) string    { return s.takenPath(h) + ".json" }
func (s *Store) fetchedPath(h blob.Hash) string { return filepath.Join(s.dir, "fetched", h.String()) }
func (s *Store) comingPath(h blob.Hash) string  { return filepath.Join(s.dir, "coming", h.String()) }
func (s *Store) smallPath(h blob.Hash) string {
	return filepath.Join(s.dir, "small", h.String()+".jpg")
}

func (s *Store) create(folder string) (*os.File, error) {
	return os.CreateTemp(filepath.Join(s.dir, folder), "new-*")
}

// Waiting returns the files that have to reach the hub, the most important first, and of those the oldest.
func (s *Store) Waiting() []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []Item{}
	for h, n := range s.taken {
		items = append(items, Item{h, n})
	}
	slices.SortFunc(items, func(a, b Item) int {
		switch ra, rb := blob.Rank(a.Kind), blob.Rank(b.Kind); {
		case ra != rb:
			return ra - rb
		case a.Added != b.Added:
			return int(max(-1, min(1, a.Added-b.Added)))
		}
		return strings.Compare(a.Hash.String(), b.Hash.String())
	})
	return items
}

// Note returns what is known of a file that waits; false for one that does not.
func (s *Store) Note(h blob.Hash) (Note, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.taken[h]
	return n, ok
}

// Here reports whether the file is on this device.
func (s *Store) Here(h blob.Hash) bool {
	if _, waits := s.Note(h); waits {
		return true
	}
	_, err := os.Stat(s.fetchedPath(h))
	return err == nil
}

// Read opens a file that is on this device. The code is Elsewhere where it is not.
func (s *Store) Read(h blob.Hash) (io.ReadSeekCloser, error) {
	for _, path := range []string{s.takenPath(h), s.fetchedPath(h), s.takenPath(h)} { // it may go from one to the other
		f, err := s.open(path)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, failed("the file cannot be read", err)
		}
	}
	return nil, fault.New(Elsewhere, "this file is not on the device; it can be downloaded when there is a network")
}

// Thumbnail returns the small JPEG of a picture, made from the picture where there is none yet. Codes: Elsewhere,
// blob.NoPicture.
func (s *Store) Thumbnail(h blob.Hash) ([]byte, error) {
	if b, err := s.readSmall(h); err == nil {
		return b, nil
	}
	f, err := s.Read(h)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	b, err := s.thumbnail(f)
	if err == nil && !s.ReadOnly {
		_ = s.KeepThumbnail(h, b) // it is made again when it is wanted
	}
	return b, err
}

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

// Confirm notes that the hub has the file, durably.
func (s *Store) Confirm(h blob.Hash, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Rename(s.takenPath(h), s.fetchedPath(h)); err != nil {
		return failed("the file cannot be put away", err)
	}
	delete(s.taken, h)
	_ = os.Chtimes(s.fetchedPath(h), now, now) // Reclaim goes by it
	_ = os.Remove(s.notePath(h))               // one that is left behind is nothing without its file
	return nil
}

// Doubt makes a file wait again that the hub has lost, or whose content somebody there wants to see proven.
func (s *Store) Doubt(h blob.Hash, kind string, now time.Time) error {
	size, err := s.sizeOf(s.fetchedPath(h))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went meanwhile
	}
	if err != nil {
		return failed("the file cannot be read", err)
	}
	return s.queue(h, s.fetchedPath(h), Note{Kind: kind, Size: size, Added: now.UnixMilli()})
}

// Refuse notes why the hub will not have the file; it stays. Retry makes it wait again.
func (s *Store) Refuse(h blob.Hash, code fault.Code, message string) error {
	return s.change(h, func(n *Note) { n.Code, n.Message = code, message })
}

// Tried counts that the file was sent and arrived as something else.
func (s *Store) Tried(h blob.Hash) error {
	return s.change(h, func(n *Note) { n.Tries++ })
}

// Retry makes a refused file wait again. The code is blob.Unknown where no such file waits.
func (s *Store) Retry(h blob.Hash) error {
	return s.change(h, func(n *Note) { n.Code, n.Message, n.Tries = "", "", 0 })
}

func (s *Store) change(h blob.Hash, do func(*Note)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.taken[h]
	if !ok {
		return fault.New(blob.Unknown, "no such file waits")
	}
	do(&n)
	if err := s.putNote(h, n); err != nil {
		return err
	}
	s.taken[h] = n
	return nil
}

// Forget removes a file for good: it was erased on request.
func (s *Store) Forget(h blob.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.taken, h)
	var err error
	for _, path := range []string{s.takenPath(h), s.notePath(h), s.fetchedPath(h), s.comingPath(h), s.smallPath(h)} {
		if e := os.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, failed("the file cannot be removed", e))
		}
	}
	return err
}

// checked is when, and in which epoch of the hub, the files here were last looked up there.
type checked struct {
	Epoch uint32 `json:"epoch"`
	At    int64  `json:"at"`
}

// Checked returns in which epoch of the hub, and when, the files here were last looked up there; zeros for never.
func (s *Store) Checked() (epoch uint32, at time.Time) {
	var c checked
	b, err := os.ReadFile(filepath.Join(s.dir, "checked.json"))
	if err != nil || json.Unmarshal(b, &c) != nil {
		return 0, time.Time{}
	}
	return c.Epoch, time.UnixMilli(c.At)
}

// NoteChecked notes that they were.
func (s *Store) NoteChecked(epoch uint32, at time.Time) error {
	b, err := json.Marshal(checked{epoch, at.UnixMilli()})
	if err != nil {
		return err
	}
	return s.whole(filepath.Join(s.dir, "checked.json"), b)
}

// Fetched returns the files that the hub has confirmed and that are still on this device, with when that was.
func (s *Store) Fetched() (map[blob.Hash]time.Time, error) {
	return s.list("fetched", "")
}

func (s *Store) list(folder, suffix string) (map[blob.Hash]time.Time, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, folder))
	found := map[blob.Hash]time.Time{}
	for _, e := range entries {
		name, _ := strings.CutSuffix(e.Name(), suffix)
		if h, ok := blob.ParseHash(name); ok {
			if info, err := e.Info(); err == nil {
				found[h] = info.ModTime()
			}
		}
	}
	if err != nil {
		return nil, failed("the files cannot be listed", err)
	}
	return found, nil
}

// Reclaim frees the space of files that no row on the device names any more and that the hub has had since before the
// moment; what still waits is never touched. It returns how many files went.
func (s *Store) Reclaim(named map[blob.Hash]bool, before time.Time) (n int, err error) {
	for _, f := range []struct{ folder, suffix string }{{"fetched", ""}, {"coming", ""}, {"small", ".jpg"}} {
		found, err := s.list(f.folder, f.suffix)
		if err != nil {
			return n, err
		}
		for h, at := range found {
			if _, waits := s.Note(h); named[h] || waits || !at.Before(before) {
				continue
			}
			if err := os.Remove(filepath.Join(s.dir, f.folder, h.String()+f.suffix)); err == nil {
				n++
			}
		}
	}
	return n, nil
}

// force makes a folder durable.
func force(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// failed wraps an error of the operating system; a refusal stays as it is.
func failed(what string, err error) error {
	switch {
	case fault.CodeOf(err) != "":
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fault.Wrap(DiskFull, "the disk is full: free some space and try again", err)
	}
	return fault.Wrap(Storage, what+": check the disk and the rights on its folder", err)
}
