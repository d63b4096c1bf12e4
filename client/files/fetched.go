package files

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fieldsync/sync/blob"
)

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
