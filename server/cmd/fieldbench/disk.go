package main

import (
	"errors"
	"os"
	"time"
)

// What a durable commit costs at least on this disk: the few pages of a small one are appended to a file, as to a
// write-ahead log, and the file is synced.
const (
	syncBytes = 6 * 4120
	syncs     = 100
)

// syncTime returns the median of many such syncs, with the pauses between them that live changes have.
func syncTime(dir string) (time.Duration, error) {
	f, err := os.CreateTemp(dir, "sync-*")
	if err != nil {
		return 0, err
	}
	took := make([]float64, syncs)
	for i := range took {
		begun := time.Now()
		if _, err = f.Write(make([]byte, syncBytes)); err == nil {
			err = f.Sync()
		}
		if err != nil {
			break
		}
		took[i] = float64(time.Since(begun))
		time.Sleep(time.Millisecond)
	}
	return time.Duration(percentile(took, 50)), errors.Join(err, f.Close(), os.Remove(f.Name()))
}
