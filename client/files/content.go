package files

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/seal"
)

// What a file contains lies sealed on the disk, where the store has a box, and its thumbnail too: see seal.File. What it is
// called does not: the name is the hash of the content, by which it is sent, compared and found; nor do notes, which say
// what a file is for, how large it is and when it was taken. Files that were kept open before there was a box stay
// readable, and so do sealed ones of a store that has no policy for sealing any more but the key.

// handle is the content of a file, whichever way it lies on the disk. It is written at its end.
type handle interface {
	io.ReadWriteSeeker
	io.Closer
	Name() string
	Empty() error // removes what there is
	Sync() error  // it is complete: has the disk keep it
}

type plain struct{ *os.File }

func (p plain) Empty() error {
	_, err := p.Seek(0, io.SeekStart)
	return errors.Join(err, p.Truncate(0))
}

type sealed struct {
	*seal.File
	on *os.File
}

func (s sealed) Name() string { return s.on.Name() }
func (s sealed) Close() error { return errors.Join(s.Flush(), s.on.Close()) }
func (s sealed) Sync() error  { return errors.Join(s.Finish(), s.on.Sync()) }

// fresh makes a file without content, under a passing name.
func (s *Store) fresh() (handle, error) {
	f, err := s.create("coming")
	if err != nil {
		return nil, err
	}
	return s.begin(f)
}

// begin makes an empty file one that takes content.
func (s *Store) begin(f *os.File) (handle, error) {
	if s.Box == nil {
		return plain{f}, f.Truncate(0)
	}
	c, err := s.Box.Create(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return sealed{c, f}, nil
}

// open opens a file to be read.
func (s *Store) open(path string) (handle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c, err := s.contentOf(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if c, ok := c.(sealed); ok && !c.Whole() {
		return nil, errors.Join(damaged(seal.ErrForged), f.Close())
	}
	return c, nil
}

func (s *Store) contentOf(f *os.File) (handle, error) {
	head := make([]byte, 4)
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !seal.IsFile(head) {
		return plain{f}, nil
	}
	if s.Keys == nil {
		return nil, fault.New(seal.Missing, "the file is sealed, and no key was given")
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	c, err := s.Keys.OpenFile(f, info.Size())
	if errors.Is(err, seal.ErrForged) {
		err = damaged(err)
	}
	return sealed{c, f}, err
}

func damaged(err error) error {
	return fault.Wrap(Damaged, "the file on this device is damaged", err)
}

// resume opens a download to be gone on with, and returns how much of it there is. What cannot be gone on with, because it
// lies there in another way than files do now, begins again.
func (s *Store) resume(path string) (c handle, have int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, err
	}
	c, err = s.contentOf(f)
	if _, isSealed := c.(sealed); fault.CodeOf(err) == Damaged || err == nil && isSealed != (s.Box != nil) {
		c, err = s.begin(f)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	have, err = c.Seek(0, io.SeekEnd)
	return c, have, err
}

// sizeOf returns how long the content of a file is; of a damaged one, how long it is as it lies there.
func (s *Store) sizeOf(path string) (int64, error) {
	c, err := s.open(path)
	if info, e := os.Stat(path); fault.CodeOf(err) == Damaged && e == nil {
		return info.Size(), nil // it is told when it is sent
	}
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }() // it was only read
	return c.Seek(0, io.SeekEnd)
}

// readSmall reads a thumbnail.
func (s *Store) readSmall(h blob.Hash) ([]byte, error) {
	b, err := os.ReadFile(s.smallPath(h))
	if err != nil || !seal.Sealed(b) {
		return b, err
	}
	if s.Keys == nil {
		return nil, fs.ErrNotExist
	}
	return s.Keys.Open(b, aboutSmall(h))
}

func aboutSmall(h blob.Hash) string { return "thumbnail " + h.String() }

// KeepThumbnail keeps a thumbnail that was made elsewhere.
func (s *Store) KeepThumbnail(h blob.Hash, b []byte) (err error) {
	if s.Box != nil {
		if b, err = s.Box.Seal(b, aboutSmall(h)); err != nil {
			return err
		}
	}
	return s.whole(s.smallPath(h), b)
}
