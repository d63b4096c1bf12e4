// Package files keeps the files of one device beside its replica, each under the SHA-256 of its content, and carries
// them to the hub and from it. The folder is the queue: what lies in taken has to reach the hub, what lies in fetched
// can be fetched again, and a rename, which a crash cannot halve, is how a file goes from one to the other. So there
// is nothing that could disagree with the files, and a replica that is damaged takes no photo with it.
//
//	taken/<hash>         made here, and not yet confirmed by the hub; <hash>.json says what for, and what became of it
//	fetched/<hash>       the hub has it, durably
//	small/<hash>.jpg     its thumbnail; <hash>.unsent while the hub has none of a video: see still.go
//	coming/              what is not whole yet: downloads by their hash, new files under passing names
//
// Content is sealed at rest where the options say with what: see content.go.
package files

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

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
