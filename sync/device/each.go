package device

import (
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// atOnce is how many items or witnesses are in memory at a time where all of them are looked at.
const atOnce = 256

// eachItem calls do for the items in the state, in order of N. What do puts into another state is not met again.
func eachItem(store Store, s State, do func(*Item) error) error {
	for after := uint64(0); ; {
		items, err := store.Items(s, after, atOnce)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, item := range items {
			if err := do(item); err != nil {
				return err
			}
		}
		after = items[len(items)-1].N
	}
}

// eachWritten calls do for the rows of what was judged, as far as that is still here; for some more than once.
func (r *Replica) eachWritten(do func(record.Key) error) error {
	for _, state := range []State{Accepted, Refused, Closed} {
		err := eachItem(r.store, state, func(item *Item) error {
			for i := range item.Change.Rows {
				if err := do(item.Change.Rows[i].Key()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachHeld calls do for the rows of the class that lie in a bucket that is held; for those in several more than once.
func (r *Replica) eachHeld(class schema.Class, do func(record.Key) error) error {
	held, err := r.store.Held(class)
	if err != nil {
		return err
	}
	for _, b := range held {
		keys, err := r.store.BucketRows(b, class)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := do(key); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachWitness calls do for the copies that the hub took, or for those that it did not, in order of N.
func (r *Replica) eachWitness(taken bool, do func(*Witness) error) error {
	for after := uint64(0); ; {
		copies, err := r.store.Witnesses(taken, after, atOnce)
		if err != nil || len(copies) == 0 {
			return err
		}
		for _, w := range copies {
			if err := do(w); err != nil {
				return err
			}
		}
		after = copies[len(copies)-1].N
	}
}
