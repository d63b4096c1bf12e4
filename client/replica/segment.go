package replica

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/sqlrow"
)

// segmentSuffix is what is behind the name of the database in those of segments that are being fetched, or taken in.
const segmentSuffix = ".segment"

// SegmentPath returns where files of segments belong: an erasure removes all whose names begin so.
func (r *Replica) SegmentPath() string { return r.options.Path + segmentSuffix }

// TakeSegment takes in the segment in the database file at path, a part in a transaction: others write and read in between.
// Of one that does not fit what is here, or any more, nothing is taken, and the error is device.ErrSegment; so it is where the
// segment stops in the middle: what was taken stands, and the hub goes on behind it. One of which some parts are here, because
// ctx or the program ended then, is taken from the next on.
func (r *Replica) TakeSegment(ctx context.Context, path string, taken func(of sqlrow.SegmentOf, done int64)) error {
	if err := checkSegment(ctx, path); err != nil {
		return errors.Join(device.ErrSegment, err)
	}
	if err := r.onWriter(ctx, func(c *sqlrow.Conn) error { return sqlrow.Attach(c, still(path)) }); err != nil {
		return err
	}
	defer func() {
		_ = r.onWriter(context.WithoutCancel(ctx), sqlrow.Detach) // a connection that cannot is closed with it, and the file is only read
	}()
	var of sqlrow.SegmentOf
	var parts []sqlrow.SegmentPart
	here := 0
	err := r.WriteBulk(ctx, func(tx *Tx) (err error) {
		if of, parts, _, err = sqlrow.ReadSegment(tx.conn, clock.Actor(0)); err == nil {
			here, err = tx.partsHere(of, parts)
		}
		return err
	})
	var after []byte
	var done int64
	for i := 0; i < len(parts) && err == nil; i++ {
		if i >= here {
			err = ctx.Err()
		}
		if i >= here && err == nil {
			err = r.WriteBulk(ctx, func(tx *Tx) error { return tx.takePart(of, parts[i], after) })
		}
		if after = parts[i].Resume; err == nil {
			done += parts[i].Last - parts[i].First + 1
			taken(of, done)
		}
	}
	return err
}

// partsHere returns how many of the parts were the last that was taken in.
func (tx *Tx) partsHere(of sqlrow.SegmentOf, parts []sqlrow.SegmentPart) (n int, err error) {
	id, err := tx.Identity()
	if err != nil || id == nil || id.Partial != [3]uint64{uint64(of.Class), 0, of.At} {
		return 0, err
	}
	return 1 + slices.IndexFunc(parts, func(p sqlrow.SegmentPart) bool { return slices.Equal(p.Resume, id.Resume) }), nil
}

func (tx *Tx) takePart(of sqlrow.SegmentOf, part sqlrow.SegmentPart, after []byte) error {
	r, err := device.Open(tx, tx.layout.Schema())
	if err != nil {
		return err
	}
	_, _, seen, err := sqlrow.ReadSegment(tx.conn, r.Identity().Actor)
	if err != nil {
		return err
	}
	return r.TakePart(&device.Part{
		Class: of.Class, Epoch: of.Epoch, Schema: of.Version, At: of.At, Seen: seen, After: after, Resume: part.Resume,
	}, func() error { return tx.layout.TakePart(tx.conn, part) })
}

// still returns the URI of a file that is read, and that nobody changes.
func still(path string) string { return dsn(path, "ro") + "&immutable=1" }

// checkSegment reports whether the file is a segment at all: once it is attached, that could not be told from the replica's own
// damage. What is in it was compared with its hash.
func checkSegment(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", still(path))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // it was only read
	var parts int
	return db.QueryRowContext(ctx, "SELECT count(*) FROM _segment, _segment_part").Scan(&parts)
}

// onWriter does something with the connection that writes, outside a transaction.
func (r *Replica) onWriter(ctx context.Context, do func(*sqlrow.Conn) error) error {
	if err := r.acquire(ctx); err != nil {
		return err
	}
	defer r.release()
	err := do(r.writer.Conn)
	var known *fault.Error
	if err != nil && !errors.As(err, &known) {
		err = failed("a segment cannot be read", err)
	}
	return r.told(err)
}
