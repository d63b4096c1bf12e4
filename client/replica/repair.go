package replica

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/seal"
)

// Recovery is what became of a damaged file, or of one whose key is lost. What the hub has is fetched again, as by a new device.
type Recovery struct {
	Aside    string         // where the damaged file lies now, untouched, its journal beside it
	Identity bool           // who the replica is could be read; else the device must be enrolled again
	Salvaged []*device.Item // the outbox of the new file: what could be read of the old one's, in order of N
}

// A damaged file is replaced in steps that may be interrupted after each: a new file is built under a first name, gets
// a second one once it is complete, and only then do the two files change places.
func rebuildingPath(path string) string { return path + ".rebuilding" }
func rebuiltPath(path string) string    { return path + ".rebuilt" }

// companions are the endings of the files that belong to a database.
var companions = []string{"-wal", "-shm", ""}

// repair replaces a damaged file, or finishes what an interrupted repair began; nil where there is nothing to repair.
func (r *Replica) repair(ctx context.Context) (*Recovery, error) {
	path := r.options.Path
	if !exists(rebuiltPath(path)) {
		rollBack(ctx, path)
		err := r.examine(ctx)
		code := fault.CodeOf(err)
		keyLost := code == seal.Missing || code == seal.Wrong
		if code != Corrupt && !(keyLost && r.options.StartOver) {
			return nil, err
		}
		if err = r.rebuild(ctx, rebuildingPath(path)); err != nil {
			return nil, err
		}
		if err = os.Rename(rebuildingPath(path), rebuiltPath(path)); err != nil {
			return nil, failed("the repaired data could not be put in place", err)
		}
	}
	aside, err := swap(path)
	if err != nil {
		return nil, failed("the repaired data could not be put in place", err)
	}
	return r.report(ctx, aside)
}

// rollBack undoes what a program had begun that died while it made the file: SQLite keeps a journal to do so until the write-ahead
// log is in use, and refuses who only reads as long as it lies there. What is wrong besides is found by whoever examines the file.
func rollBack(ctx context.Context, path string) {
	if !exists(path + "-journal") {
		return
	}
	pool, err := open(path, "rw", writing[0])
	if err != nil {
		return
	}
	defer func() { _ = pool.Close() }() // nothing was written
	if h, err := hold(ctx, pool); err == nil {
		_, _ = h.Int("SELECT count(*) FROM sqlite_schema")
		h.close()
	}
}

// rebuild builds a new file at target with what can be read of the damaged one.
func (r *Replica) rebuild(ctx context.Context, target string) (err error) {
	for _, c := range companions {
		if err := os.Remove(target + c); err != nil && !errors.Is(err, os.ErrNotExist) {
			return failed("an unfinished repair could not be removed", err)
		}
	}
	found := r.salvage(ctx)
	pool, h, err := openWriter(ctx, target, 0, r.layout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeWriter(pool, h)) }()
	return transact(h.Conn, r.layout, "BEGIN IMMEDIATE", new(memory), found.write)
}

func closeWriter(pool *sql.DB, h *handle) error {
	h.close()
	return pool.Close()
}

// swap moves what is left of the damaged file aside, and the new one in its place. The main file goes last, so that
// there is never a journal beside a file that it does not belong to.
func swap(path string) (aside string, err error) {
	taken := func() bool { return exists(aside) || exists(aside+"-wal") && exists(path+"-wal") }
	for n := 1; aside == "" || taken(); n++ {
		aside = fmt.Sprintf("%s.corrupt-%d", path, n)
	}
	for _, c := range companions {
		if exists(path + c) {
			err = errors.Join(err, os.Rename(path+c, aside+c))
		}
	}
	if err == nil {
		err = os.Rename(rebuiltPath(path), path)
	}
	syncDir(filepath.Dir(path))
	return aside, err
}

// report tells what stands in the new file.
func (r *Replica) report(ctx context.Context, aside string) (*Recovery, error) {
	pool, h, err := openWriter(ctx, r.options.Path, r.options.Room, r.layout)
	if err != nil {
		return nil, err
	}
	recovery := &Recovery{Aside: aside}
	err = transact(h.Conn, r.layout, "BEGIN", new(memory), func(tx *Tx) error {
		if recovery.Salvaged, err = tx.items("ORDER BY n"); err != nil {
			return err
		}
		who, err := tx.Identity()
		recovery.Identity = who != nil
		return err
	})
	return recovery, errors.Join(err, closeWriter(pool, h))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil || !errors.Is(err, os.ErrNotExist)
}
