package device

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Part is a part of a segment: of the rows of one class that everybody holds, as the hub had them at a commit. To take all of
// them is to take the beginning of the page that a device without anything of the class is sent. The page goes on behind
// whichever part was the last, by its Resume.
type Part struct {
	Class  schema.Class
	Epoch  uint32
	Schema int    // the version that the rows were written with
	At     uint64 // the commit that the page ends with
	Seen   uint64 // the highest counter of the device's incarnation among the rows' vectors
	After  []byte // the Resume of the part before; empty for the first
	Resume []byte
}

// ErrSegment says that a segment is of no use here, or no longer: the rows come one by one.
var ErrSegment = fault.New(fault.Malformed, "the rows that are ready do not fit what is on the device")

// Lacks reports whether nothing of the class is here, nor any page of it under way: whether a segment is of use. To be taken it waits
// until a page of another class has come to its end.
func Lacks(store Store, s *schema.Schema, class schema.Class) (bool, error) {
	id, err := store.Identity()
	if err != nil || id == nil || id.Cursors[class] > 0 || id.Schema != s.Version {
		return false, err
	}
	if len(id.Resume) > 0 && id.Partial[0] == uint64(class) {
		return false, nil
	}
	held, err := store.Held(class)
	if err != nil || len(held) > 0 {
		return false, err
	}
	rows, err := store.BucketRows(record.Shared, class)
	return len(rows) == 0, err
}

// TakePart takes a part, whose rows put writes; those that are here it leaves as they are. Neither cursor nor rows have changed
// when it returns ErrSegment.
func (r *Replica) TakePart(p *Part, put func() error) error {
	fits, err := r.fits(p)
	if err != nil {
		return err
	}
	if !fits {
		return ErrSegment
	}
	if p.Seen > r.id.Counter {
		if err := r.Renounce(); err != nil { // see meetItself
			return err
		}
	}
	if err := r.store.PutHeld(p.Class, record.Shared, true); err != nil {
		return err
	}
	if err := put(); err != nil {
		return err
	}
	r.id.Resume, r.id.Partial = slices.Clone(p.Resume), [3]uint64{uint64(p.Class), 0, p.At}
	return r.store.PutIdentity(r.id)
}

// fits reports whether the part follows on what is here: on nothing, or on the part before. Rows under pending changes would have
// to be taken one by one.
func (r *Replica) fits(p *Part) (bool, error) {
	if p.Epoch != r.id.Epoch || p.Schema != r.schema.Version || int(p.Class) >= schema.Classes || p.Class == schema.ClassWork {
		return false, nil
	}
	if len(p.After) > 0 {
		if !r.underWay(p.Class, p.At) || !slices.Equal(r.id.Resume, p.After) {
			return false, nil
		}
	} else if lacks, err := Lacks(r.store, r.schema, p.Class); err != nil || !lacks || len(r.id.Resume) > 0 {
		return false, err
	}
	pinned, err := r.store.Bases()
	return !slices.ContainsFunc(pinned, func(k record.Key) bool {
		t := r.schema.TableByID(k.Table)
		return t != nil && t.Class == p.Class
	}), err
}

// underWay reports whether the device has parts of the class's page from 0 to the commit, and nothing after them.
func (r *Replica) underWay(class schema.Class, to uint64) bool {
	return len(r.id.Resume) > 0 && r.id.Partial == [3]uint64{uint64(class), 0, to}
}
