package device

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Held returns the buckets that the replica holds in any class.
func Held(store Store) ([]record.Bucket, error) {
	var all []record.Bucket
	for class := range schema.Class(schema.Classes) {
		held, err := store.Held(class)
		if err != nil {
			return nil, err
		}
		for _, b := range held {
			if !slices.Contains(all, b) {
				all = append(all, b)
			}
		}
	}
	return all, nil
}

// Compare holds the hub's checksums against the rows and reports whether any differs. A bucket in which something is
// pending, and everything while the cursors are not where the checksums were made, is not compared. After a difference
// the replica fetches all it holds anew; its pending changes stay as they are.
func (r *Replica) Compare(sums *wire.Sums) (differs bool, err error) {
	if slices.Min(r.id.Cursors[:]) < sums.At {
		return false, nil
	}
	for _, s := range sums.Sums {
		sum, comparable, err := r.sum(s.Bucket)
		if err != nil {
			return false, err
		}
		differs = differs || comparable && sum != s.Sum
	}
	if !differs {
		return false, nil
	}
	if err := r.relearn(); err != nil {
		return false, err
	}
	return true, r.store.PutIdentity(r.id)
}

func (r *Replica) sum(b record.Bucket) (sum uint64, comparable bool, err error) {
	for class := range schema.Class(schema.Classes) {
		keys, err := r.store.BucketRows(b, class)
		if err != nil {
			return 0, false, err
		}
		for _, key := range keys {
			base, err := r.store.Base(key)
			if err != nil || base != nil {
				return 0, false, err
			}
			row, err := r.store.Row(key)
			if err != nil {
				return 0, false, err
			}
			if row != nil && !row.Deleted {
				sum += wire.RowSum(key, row.Seq)
			}
		}
	}
	return sum, true, nil
}
