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

// Compare holds the hub's checksums against the rows, as Differ does. After a difference the replica fetches all it holds
// anew; its pending changes stay as they are.
func (r *Replica) Compare(sums *wire.Sums) (differ []record.Bucket, err error) {
	if differ, err = r.Differ(sums); err != nil || len(differ) == 0 {
		return nil, err
	}
	if err := r.relearn(); err != nil {
		return nil, err
	}
	return differ, r.store.PutIdentity(r.id)
}

// Differ returns the buckets in which the rows are not those of the hub's checksums. A bucket in which something is pending,
// and everything while the cursors are not where the checksums were made, is not compared. It only reads: whole rows, so that
// nobody should have to wait for it who wants to write.
func (r *Replica) Differ(sums *wire.Sums) (differ []record.Bucket, err error) {
	if slices.Min(r.id.Cursors[:]) < sums.At {
		return nil, nil
	}
	for _, s := range sums.Sums {
		sum, comparable, err := r.sum(s.Bucket)
		if err != nil {
			return nil, err
		}
		if comparable && sum != s.Sum {
			differ = append(differ, s.Bucket)
		}
	}
	return differ, nil
}

func (r *Replica) sum(b record.Bucket) (sum uint64, comparable bool, err error) {
	for class := range schema.Class(schema.Classes) {
		keys, err := r.store.BucketRows(b, class)
		if err != nil {
			return 0, false, err
		}
		for some := range slices.Chunk(keys, comparedAtOnce) {
			part, comparable, err := r.sumOf(some)
			if err != nil || !comparable {
				return 0, false, err
			}
			sum += part
		}
	}
	return sum, true, nil
}

// comparedAtOnce is how many rows are read for one question to the store: to ask for each by itself takes nearly twice as long, and
// leaves half as much garbage again on a phone that has little memory.
const comparedAtOnce = 64

func (r *Replica) sumOf(keys []record.Key) (sum uint64, comparable bool, err error) {
	for _, key := range keys {
		if base, err := r.store.Base(key); err != nil || base != nil {
			return 0, false, err
		}
	}
	rows, err := r.store.Rows(keys)
	if err != nil {
		return 0, false, err
	}
	for _, row := range rows {
		if !row.Deleted {
			sum += wire.RowSum(row, r.schema.Version)
		}
	}
	return sum, true, nil
}
