package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"fieldsync/sync/fault"
)

// form is what a database's tables look like: the version of the hub's own, and that of the application's schema; 0 and 0
// where there are none.
type form struct{ hub, schema int64 }

// current is the form that this program gives a database.
func (o Options) current() form { return form{int64(len(migrations)), int64(o.Schema.Version)} }

// older reports whether a database of the form lacks something of the other's.
func (f form) older(than form) bool { return f.hub < than.hub || f.schema < than.schema }

func formOf(e engine, c *conn) (f form, err error) {
	if f.hub, err = e.version(c); err == nil && f.hub > 0 {
		f.schema, err = c.Int("SELECT version FROM _hub")
	}
	return f, err
}

// reform brings the database to this program's form. Of several hubs that begin on one of an older form a single one copies and changes it:
// a copy that another still made would keep tables from being changed, and wait for others that were.
func (s *Store) reform(ctx context.Context) error {
	have, err := formOf(s.engine, s.writer.conn)
	if err != nil || have.hub == 0 || !have.older(s.options.current()) {
		return cmp.Or(err, s.migrate())
	}
	if may := s.options.MayReform; may != nil {
		if err := may(); err != nil {
			return err
		}
	}
	alone := s.engine.alone(ctx, "form", func(ctx context.Context) {
		if err = s.keepFormer(ctx); err == nil {
			err = s.migrate()
		}
	})
	return cmp.Or(err, alone)
}

// keepFormer copies a database of an older form aside before it is brought to this program's: the older program refuses it
// from then on, and takes the copy by restore. Starts that fail after it leave one copy. Of a backup that was put in the
// database's place there is one already.
func (s *Store) keepFormer(ctx context.Context) error {
	have, err := formOf(s.engine, s.writer.conn)
	now := s.options.current()
	if err != nil || have.hub == 0 || s.options.Restored || !have.older(now) {
		return err
	}
	path := fmt.Sprintf("%s.before-%d.%d", s.options.Path, now.hub, now.schema)
	s.options.Log.Info("the database is copied before it is brought to the form of this program", "to", path)
	partial := path + ".partial"
	if err = os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer os.Remove(partial)
	if err = s.engine.copyTo(ctx, s, partial); err != nil {
		return err
	}
	if err = readable(partial); err != nil {
		return err
	}
	return errors.Join(forceFile(partial), os.Rename(partial, path), syncFolder(path))
}

// readable refuses a copy that SQLite finds damaged.
func readable(path string) error {
	file := sqlite{path: path}
	c, err := file.connect(toRead)
	if err != nil {
		return err
	}
	defer func() { _ = c.close() }() // it was only read
	report := &VerifyReport{}
	if err = file.verify(reads{conn: c}, report); err == nil && !report.OK() {
		err = fault.Wrap(BackupFailed, "The copy is not whole. Verify the database and the disk.", errors.New(report.Problems[0]))
	}
	return err
}
