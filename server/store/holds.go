package store

import (
	"database/sql/driver"
	"slices"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

const selectHold = `SELECT person, bucket, root_tbl, root, since, until, "right", late FROM _hold WHERE `

// HoldsOn returns every hold there ever was on the bucket, oldest first.
func (r reads) HoldsOn(b record.Bucket) ([]judge.Hold, error) {
	return r.holds(selectHold+`bucket = ? ORDER BY since, until, "right", person, root_tbl, root`, b.Bytes())
}

// HoldsFrom returns the open holds that the row root gives, in order of person and bucket.
func (r reads) HoldsFrom(root record.Key) ([]judge.Hold, error) {
	return r.holds(selectHold+"root_tbl = ? AND root = ? AND until = 9223372036854775807 ORDER BY person, bucket, since",
		int64(root.Table), root.ID[:])
}

// HoldsOf returns the person's holds that are open or were closed after the commit seq: those that ended first come
// first, and of the open ones those of one bucket stand together.
func (r reads) HoldsOf(person record.ID, seq uint64) ([]judge.Hold, error) {
	return r.holds(selectHold+`person = ? AND until > ? ORDER BY until, bucket, since, "right", root_tbl, root`,
		person[:], int64(seq))
}

// heldSince is an answer of HoldsOf.
type heldSince struct {
	person record.ID
	seq    uint64
	holds  []judge.Hold
}

// HoldsOf is that of reads. What is read of one class after the other for a person asks for the same.
func (v *View) HoldsOf(person record.ID, seq uint64) ([]judge.Hold, error) {
	if v.holds.person != person || v.holds.seq != seq || person.IsZero() {
		holds, err := v.reads.HoldsOf(person, seq)
		if err != nil {
			return nil, err
		}
		v.holds = heldSince{person, seq, holds}
	}
	return slices.Clone(v.holds.holds), nil
}

// HeldBy returns the buckets of the person's open holds, each once, in order.
func (r reads) HeldBy(person record.ID) (held []record.Bucket, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		b, _ := record.BucketFromBytes(q.Bytes(0))
		held = append(held, b)
		return q.Err()
	}, "SELECT DISTINCT bucket FROM _hold WHERE person = ? AND until = 9223372036854775807 ORDER BY bucket", person[:])
	return held, err
}

func (r reads) holds(query string, args ...driver.Value) (holds []judge.Hold, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		h := judge.Hold{Person: q.ID(0), Root: key(q, 2), Since: q.Uint(4), Until: q.Uint(5), Right: q.Text(6), Late: q.Uint(7)}
		h.Bucket, _ = record.BucketFromBytes(q.Bytes(1))
		holds = append(holds, h)
		return q.Err()
	}, query, args...)
	return holds, err
}

// LateHolds returns the open holds whose Late is not 0, the lowest first.
func (r reads) LateHolds() ([]judge.Hold, error) {
	return r.holds(selectHold + "late > 0 AND until = 9223372036854775807 ORDER BY late, person, bucket, since, root_tbl, root")
}

// HoldsOn returns every hold there ever was on the bucket, oldest first.
func (tx *Tx) HoldsOn(b record.Bucket) (holds []judge.Hold, err error) {
	holds, known := tx.holders[b]
	if !known {
		if holds, err = tx.reads.HoldsOn(b); err != nil {
			return nil, err
		}
		keep(tx.holders, b, holds)
	}
	return slices.Clone(holds), nil
}

// PutHold writes a hold that was opened, or closes one: Person, Bucket, Root and Since name it.
func (tx *Tx) PutHold(h judge.Hold) error {
	delete(tx.holders, h.Bucket)
	_, err := tx.conn.Exec(`INSERT INTO _hold(person, bucket, root_tbl, root, since, until, "right", late)`+
		` VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(person, bucket, root_tbl, root, since)`+
		` DO UPDATE SET until = excluded.until, "right" = excluded."right", late = excluded.late`,
		h.Person[:], h.Bucket.Bytes(), int64(h.Root.Table), h.Root.ID[:], int64(h.Since), int64(h.Until), h.Right, int64(h.Late))
	return err
}
