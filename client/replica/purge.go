package replica

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// makeRoom has the write-ahead log made longer where it has become short. Whoever writes calls it, while it is his turn.
func (r *Replica) makeRoom() {
	if r.log.Short() && r.busy.CompareAndSwap(false, true) {
		r.lengthening.Go(r.lengthen)
	}
}

// purge empties the write-ahead log, in which what was erased still stands. While somebody reads, or the disk has no room for
// what is in it, it has to wait: for the next write, or for the next start. What was committed before is no less durable, and
// who wrote it must not be told that it was not.
func (r *Replica) purge() {
	busy, err := r.writer.Int("PRAGMA wal_checkpoint(TRUNCATE)")
	r.purging = r.told(err) != nil || busy != 0
}

// lengthen gives the write-ahead log room, in steps that take turns with who writes. Trouble is left for the next time: the
// log grows without it, too.
func (r *Replica) lengthen() {
	defer r.busy.Store(false)
	for more := true; more; {
		err := r.write(context.Background(), "FULL", func(*Tx) (err error) {
			more, err = r.log.Lengthen()
			return err
		})
		if err != nil || r.log.Sync() != nil {
			return
		}
	}
}

// dropAside removes damaged files that were set aside, and segments that were fetched, before an erasure is committed, so that no
// crash leaves them behind it: what is erased stands in them too. Nothing else removes the former: they may have what could not be read.
func (r *Replica) dropAside() error {
	folder, name := filepath.Split(r.options.Path)
	files, err := os.ReadDir(cmp.Or(folder, "."))
	for _, f := range files {
		if strings.HasPrefix(f.Name(), name+".corrupt-") || strings.HasPrefix(f.Name(), name+segmentSuffix) {
			err = errors.Join(err, os.Remove(filepath.Join(folder, f.Name())))
		}
	}
	return err
}
