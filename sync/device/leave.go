package device

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// leaving returns the buckets that the page takes away. One that begins anew names all that the device may hold: what
// else it has from before, in another epoch perhaps, goes. One that goes on behind a segment names what enters besides.
func (r *Replica) leaving(p *wire.Page) ([]record.Bucket, error) {
	if !r.beginsAnew(p) {
		return p.Leave, nil
	}
	held, err := r.store.Held(p.Class)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(held, func(b record.Bucket) bool { return slices.Contains(p.Enter, b) }), nil
}

// beginsAnew reports whether the page is the first part of one that names all that the person holds.
func (r *Replica) beginsAnew(p *wire.Page) bool {
	return p.From == 0 && len(p.Enter) > 0 && !r.underWay(p.Class, p.To)
}

// leaveUnnamed lets go of rows that a verdict brought before their bucket came, where a page begins anew that does not name it: no
// other will say that it leaves.
func (r *Replica) leaveUnnamed(p *wire.Page) error {
	if !r.beginsAnew(p) {
		return nil
	}
	return r.eachWritten(func(key record.Key) error {
		row, err := r.store.Row(key)
		if err != nil || row == nil || row.Table.Class != p.Class || row.Seq > p.To {
			return err
		}
		named := func(b record.Bucket) bool { return slices.Contains(p.Enter, b) }
		base, err := r.store.Base(key)
		if err != nil || base != nil || slices.ContainsFunc(row.Buckets(), named) {
			return err
		}
		return r.leave(key)
	})
}

// leaveBucket evicts a bucket: its rows go, unless they lie in another bucket that stays. Nothing is deleted by it.
func (r *Replica) leaveBucket(b record.Bucket, class schema.Class, leaving []record.Bucket) error {
	if err := r.store.PutHeld(class, b, false); err != nil {
		return err
	}
	held, err := r.store.Held(class)
	if err != nil {
		return err
	}
	keys, err := r.store.BucketRows(b, class)
	if err != nil {
		return err
	}
	stays := func(row *record.Row) bool {
		return row != nil && slices.ContainsFunc(row.Buckets(), func(x record.Bucket) bool {
			return x != b && slices.Contains(held, x) && !slices.Contains(leaving, x)
		})
	}
	for _, key := range keys {
		row, err := r.store.Row(key)
		if err == nil && !stays(row) {
			err = r.leave(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leave lets go of a row that the device may no longer see. One with pending changes is hidden, and kept until their
// verdict.
func (r *Replica) leave(key record.Key) error {
	r.changed = append(r.changed, key)
	base, err := r.store.Base(key)
	if err != nil {
		return err
	}
	if base != nil {
		base.Hidden = true
		if base.Row != nil {
			base.Row.Seq = 0 // whatever the hub sends again is newer, though its history went back meanwhile
		}
		if err := r.store.PutBase(key, base); err != nil {
			return err
		}
	}
	return r.store.DropRow(key)
}
