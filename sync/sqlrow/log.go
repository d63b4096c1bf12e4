package sqlrow

import (
	"errors"
	"os"
	"sync"
)

// Log is SQLite's write-ahead log, in so far as it is given room. A commit that makes a file longer waits for the file
// system's own journal as well as for its pages: it takes half as long again in the median, and many times as long now and
// then. So the log is made longer behind the commits, with zeros, which SQLite takes for no frames of its own, as it does
// what an earlier round has left: no frame without the salts and the checksum of its log is ever read.
type Log struct {
	path string
	most int64 // bytes; a longer one begins anew soon

	mu   sync.Mutex
	room int64 // how long it was made
	goal int64 // how long it is to be
}

const (
	logPages = 4 << 10         // bytes in a page
	logFrame = 24 + logPages   // a page in the log
	logStep  = int64(1 << 20)  // bytes that are added at a time: others wait for them
	zeroes   = int64(64 << 10) // bytes that are written at a time
)

// NewLog returns the log of the database at the path, which is emptied after so many pages.
func NewLog(path string, pages int) *Log {
	return &Log{path: path + "-wal", most: int64(pages+pages/16) * logFrame}
}

// Short reports whether SQLite has used up the room that the log had. It is a look at the length of a file.
func (l *Log) Short() bool {
	at, err := os.Stat(l.path)
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.Size() == l.room || at.Size() >= l.most {
		return false
	}
	l.goal = min(max(2*at.Size(), logStep), l.most)
	return true
}

// Lengthen gives the log a step more room, and reports whether it is to be given more. The caller is in a write transaction
// of the database, so that nobody else makes the log longer meanwhile. A full disk gets back what it had.
func (l *Log) Lengthen() (more bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(l.path, os.O_WRONLY, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	at, err := f.Stat()
	if err != nil {
		return false, err
	}
	l.room = at.Size()
	end := min(l.room+logStep, l.goal)
	if err := fill(f, l.room, end); err != nil {
		return false, errors.Join(err, f.Truncate(l.room))
	}
	l.room = max(l.room, end)
	return l.room < l.goal, nil
}

// fill writes zeros from the one place up to the other.
func fill(f *os.File, at, end int64) error {
	for block := make([]byte, zeroes); at < end; {
		n, err := f.WriteAt(block[:min(zeroes, end-at)], at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// Sync brings what Lengthen wrote to the disk, so that the next commit need not.
func (l *Log) Sync() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
