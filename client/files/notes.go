package files

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

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
	for _, path := range []string{s.takenPath(h), s.notePath(h), s.fetchedPath(h), s.comingPath(h), s.smallPath(h), s.unsentPath(h)} {
		if e := os.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, failed("the file cannot be removed", e))
		}
	}
	return err
}
