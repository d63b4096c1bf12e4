package judge

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Answer returns today's state of rows, as far as the person may see it: whole rows, and the keys of those that he
// may not see or that are not there. Rows beyond what a message takes are left out: the next page brings them.
func Answer(r interface {
	Row(record.Key) (*record.Row, error)
	HoldsOn(record.Bucket) ([]Hold, error)
}, person record.ID, keys []record.Key) (rows []wire.Rows, gone []record.Key, err error) {
	var batches rowBatches
	seen, size := map[record.Key]bool{}, 0
	for _, key := range keys {
		if seen[key] {
			continue
		}
		seen[key] = true
		row, err := r.Row(key)
		if err != nil {
			return nil, nil, err
		}
		visible, err := maySee(r.HoldsOn, person, row)
		if err != nil {
			return nil, nil, err
		}
		if !visible {
			gone = append(gone, key)
			continue
		}
		if size += wire.SizeOf(row.Vector, row.Cols); size <= wire.MaxPart/2 { // verdicts go with them
			batches.addWhole(row)
		}
	}
	return batches.batches, gone, nil
}

func maySee(holdsOn func(record.Bucket) ([]Hold, error), person record.ID, row *record.Row) (bool, error) {
	if row == nil {
		return false, nil
	}
	for _, b := range row.Buckets() {
		if b == record.Shared || b == record.PersonBucket(person) {
			return true, nil
		}
		holds, err := holdsOn(b)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(holds, func(h Hold) bool { return h.Person == person && h.Open() }) {
			return true, nil
		}
	}
	return false, nil
}

// Sums returns the checksums of the buckets over their living rows of all classes, for a device that has come up to the
// commit at and speaks that version of the schema. Buckets that the person does not hold, and those that changed since,
// are left out.
func Sums(r Reader, s *schema.Schema, person record.ID, buckets []record.Bucket, at uint64, version int) (wire.Sums, error) {
	sums := wire.Sums{At: at}
	touched, known, err := r.TouchedSince(at)
	if err != nil || !known {
		return sums, err
	}
	for _, b := range buckets {
		held, err := HoldsNow(r, person, b)
		if err != nil {
			return wire.Sums{}, err
		}
		if !held || slices.Contains(touched, b) {
			continue
		}
		sum, err := sumOf(r, s, b, version)
		if err != nil {
			return wire.Sums{}, err
		}
		sums.Sums = append(sums.Sums, wire.Sum{Bucket: b, Sum: sum})
	}
	return sums, nil
}

// sumOf returns the bucket's checksum.
func sumOf(r Reader, s *schema.Schema, b record.Bucket, version int) (sum uint64, err error) {
	for class := range schema.Class(schema.Classes) {
		for _, src := range sources(s, class, b) {
			if src.table.Since > version {
				continue
			}
			err := r.Scan(src.table, src.rule, b, record.ID{}, func(row *record.Row) bool {
				if !src.again(row, b) {
					sum += wire.RowSum(row, version)
				}
				return true
			})
			if err != nil {
				return 0, err
			}
		}
	}
	return sum, nil
}
