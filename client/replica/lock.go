package replica

import (
	"context"
	"database/sql"

	"fieldsync/sync/fault"
)

// lock is held by the one process that writes a replica. It is an exclusive transaction on an empty database beside
// the file, so that the locking is SQLite's own: the same on every system, and gone with the process, however it dies.
type lock struct {
	pool *sql.DB
	held *handle
}

// takeLock returns the lock of the replica at path. The code is InUse where another handle has it.
func takeLock(ctx context.Context, path string) (*lock, error) {
	create(path + ".lock")
	pool, err := open(path+".lock", "rwc", "busy_timeout(0)")
	if err != nil {
		return nil, err
	}
	l := &lock{pool: pool}
	if l.held, err = hold(ctx, pool); err == nil {
		_, err = l.held.Exec("BEGIN EXCLUSIVE")
	}
	if err == nil {
		return l, nil
	}
	l.release()
	if fault.CodeOf(err) == InUse {
		return nil, fault.Wrap(InUse, "another program has "+path+" open for writing: close it, or open it read-only", err)
	}
	return nil, err
}

func (l *lock) release() {
	if l.held != nil {
		l.held.close()
	}
	_ = l.pool.Close()
}
