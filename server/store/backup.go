package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/sqlrow"
)

// Backup is a copy of the database that was read back and found whole.
type Backup struct {
	At    time.Time
	Path  string
	Epoch uint32
	Head  uint64 // the last commit it includes
	Bytes int64
}

// Backup copies the database, as it stands at one moment, into a new file at path, while writers go on; verifies the
// copy; and remembers it (see BackedUp). The file appears under its name only once it is whole and durable. The
// registry and the marker are not part of it: they have to survive what makes a backup needed. The lists of what was erased
// and who was shut out lie beside it, as they are by then: see BringLists. The codes are
// BackupExists, BackupFailed and those of Open. A long copy keeps the write-ahead log from being emptied.
func (s *Store) Backup(ctx context.Context, path string) (Backup, error) {
	b, err := s.backup(ctx, path)
	if err == nil {
		err = s.Write(ctx, func(tx *Tx) error { return tx.putBackup(b) })
	}
	return b, s.explain(err)
}

func (s *Store) backup(ctx context.Context, path string) (b Backup, err error) {
	if _, err = os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return b, orElse(err, BackupExists, "There is a file at "+path+" already. Choose another name.")
	}
	partial := path + ".partial"
	if err = os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	defer os.Remove(partial)
	if err = s.engine.copyTo(ctx, s, partial); err != nil {
		return b, err
	}
	if b, err = s.readBack(ctx, partial); err != nil {
		return b, err
	}
	b.Path = path
	return b, errors.Join(s.copyLists(path), forceFile(partial), os.Rename(partial, path), syncFolder(path))
}

// readBack verifies a copy, as one would who has nothing else.
func (s *Store) readBack(ctx context.Context, path string) (b Backup, err error) {
	file := sqlite{path: path}
	c, err := file.connect(toRead)
	if err != nil {
		return b, err
	}
	defer func() { _ = c.close() }() // it was only read
	copied := &Store{options: s.options, engine: file, layout: s.layout.In(sqlrow.SQLite)}
	report, err := reads{copied, c}.verify(ctx)
	if err == nil && report.Found > 0 {
		err = fault.Wrap(BackupFailed, "The copy is not whole. Verify the database and the disk.",
			errors.New(report.Problems[0]))
	}
	if err != nil {
		return b, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return b, err
	}
	b = Backup{At: time.Now().UTC().Truncate(time.Millisecond), Bytes: info.Size()}
	_, err = c.One(func(q *sqlrow.Rows) error {
		b.Epoch, b.Head = uint32(q.Int(0)), q.Uint(1)
		return q.Err()
	}, "SELECT epoch, (SELECT coalesce(max(seq), 0) FROM _log) FROM _hub")
	return b, err
}

// Checkpoint takes what was deleted or written over out of the database's files, as far as the database can: after an
// erasure, so that what was erased is in no file any more. SQLite brings its write-ahead log into the file and empties
// it; PostgreSQL frees what is dead (its own log, and archives of it, go when the server's settings say). Snapshots that
// are open may keep it from doing so; the code is then Busy, and it can be called again.
func (s *Store) Checkpoint(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	s.writer.decide()
	if err := s.writer.revive(); err != nil {
		return s.explain(err)
	}
	s.emptying.Lock()
	defer s.emptying.Unlock()
	return s.explain(s.engine.sweep(s.writer.conn))
}

func forceFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (tx *Tx) putBackup(b Backup) error {
	_, err := tx.conn.Exec("INSERT INTO _backup(at, path, epoch, head, bytes) VALUES(?, ?, ?, ?, ?)",
		millis(b.At), b.Path, int64(b.Epoch), int64(b.Head), b.Bytes)
	if err == nil {
		_, err = tx.Audit(AuditEntry{At: b.At, Action: "backup", Values: []AuditValue{{Column: "path", Text: b.Path}}})
	}
	return err
}

// Backups returns the latest backups, the latest first.
func (r reads) Backups(limit int) (list []Backup, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		list = append(list, Backup{moment(q.Int(0)), q.Text(1), uint32(q.Int(2)), q.Uint(3), q.Int(4)})
		return q.Err()
	}, "SELECT at, path, epoch, head, bytes FROM _backup ORDER BY n DESC LIMIT ?", int64(limit))
	return list, err
}

// BackedUp returns the commit up to which two verified backups of this epoch include everything: what devices wrote up
// to it they may forget. 0 while there are not two.
func (r reads) BackedUp() (uint64, error) {
	n, err := r.conn.Int("SELECT head FROM _backup WHERE epoch = ? ORDER BY head DESC LIMIT 1 OFFSET 1", int64(r.Epoch()))
	return uint64(n), err
}
