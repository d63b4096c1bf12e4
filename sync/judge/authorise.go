package judge

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The rights of the implicit holds, as tables name them.
const (
	RightEveryone = "everyone" // what anybody may do with rows of the shared bucket
	RightSelf     = "self"     // what a person may do with rows of his own bucket
)

// claim is what an author may appeal to: what he held at K (when he wrote he had not heard otherwise) or holds now, and
// what he makes. A write whose K already covers the loss is refused. So nobody's work is thrown away for what he could not
// know, and nobody overwrites what he was told to leave alone.
type claim struct {
	*Batch
	author Author
	k      uint64
	makes  map[record.Key]bool // the rows that the change set inserts
}

func (b *Batch) claimOf(author Author, k uint64, cs *record.ChangeSet) *claim {
	c := &claim{b, author, k, map[record.Key]bool{}}
	for i := range cs.Rows {
		if cs.Rows[i].Op == record.Insert {
			c.makes[cs.Rows[i].Key()] = true
		}
	}
	return c
}

// standing is how an author stands to a bucket, or to a row: the more the better.
type standing uint8

const (
	stranger standing = iota
	bereft            // he held it, and knew that he had lost it
	tooLate           // he held it as far as he knew, and lost it longer ago than a change may wait
	holder
)

// refuse is the reason to quarantine what would take a holder.
func (s standing) refuse(thing string, never *fault.Error) error {
	switch s {
	case tooLate:
		return fault.Newf(fault.GraceOver,
			"it was sent too long after the %v had gone to somebody else: the office decides what becomes of it", thing)
	case bereft:
		return fault.Newf(fault.LateWrite, "this %v had gone to somebody else, and this phone knew, when it was changed", thing)
	}
	return never
}

// covering says of the name of a right whether it will do for what is asked.
type covering func(right string) bool

// anyRight stands for whichever right covers most: what somebody makes he may change as any of its holders may.
const anyRight = "*"

func whatever(string) bool { return true }

// authorise refuses a change set unless its author may make every change of it, and gives nobody more by it than he has.
func (c *claim) authorise(cs *record.ChangeSet) error {
	for i := range cs.Rows {
		if err := c.mayWrite(cs, &cs.Rows[i]); err != nil {
			return err
		}
		if err := c.namesHome(cs, &cs.Rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// mayWrite refuses a change of a row unless its author made or holds the row, or one that it hangs on, with a right that
// covers the change. A new row that makes a bucket of its own, as a job found on site does, hangs on nothing yet.
func (c *claim) mayWrite(cs *record.ChangeSet, change *record.RowChange) error {
	t := c.Schema.TableByID(change.Table)
	by := func(right string) bool { return permitsBy(right, t, change) }
	row, err := c.Row(change.Key())
	if err != nil {
		return err
	}
	if row == nil {
		row = record.NewRow(t, change, cs.Dot)
		if err := c.liesAtHome(row); err != nil || t.Create && hasOwnBucket(row) && !writesWithheld(t, change) {
			return err
		}
	} else if made, err := c.made(row); err != nil || made && by(anyRight) {
		return err
	}
	s, err := best(row.Buckets(), func(bucket record.Bucket) (standing, error) { return c.toOwner(bucket, by) })
	if err != nil || s == holder {
		return err
	}
	return s.refuse(t.Name, fault.Newf(fault.NotAllowed, "you may not change this %v", t.Name))
}

// mayDivert refuses what a review put in the place of the author's changes, where it lands on a row that he may not write: he
// made a customer, say, whom the office joined with one of a stranger's. What the review makes is the hub's own.
func (c *claim) mayDivert(cs *record.ChangeSet, instead []record.RowChange) error {
	for i := range instead {
		own := slices.ContainsFunc(cs.Rows, func(x record.RowChange) bool { return x.Key() == instead[i].Key() })
		if instead[i].Op == record.Insert || own {
			continue
		}
		if err := c.mayWrite(cs, &instead[i]); err != nil {
			return err
		}
	}
	return nil
}

// liesAtHome refuses a new row in a bucket which its author does not hold, be it beside one that he holds: it would come
// to strangers, as a part of their machine or a note on their customer. But for the far end of what goes from one to
// another: a movement between two vans.
func (c *claim) liesAtHome(row *record.Row) error {
	for _, rule := range row.Table.Buckets {
		bucket := row.Bucket(rule)
		if rule.Far || rule.From == "id" || bucket == record.Shared || bucket.ID.IsZero() {
			continue
		}
		s, err := c.toOwner(bucket, whatever)
		if err != nil {
			return err
		}
		if s != holder {
			return s.refuse(row.Table.Name, fault.Newf(fault.NotAllowed,
				"this %v belongs to something that is not yours: the office decides", row.Table.Name))
		}
	}
	return nil
}

// opens reports whether the hold may be opened by the change set: by a device's, onto what its author holds or makes, or
// what the person who would hold it holds already; by the office's and the hub's own, which have no claim, always. What a
// path leads to beyond that stays closed until somebody who holds it, or the office, writes a column that the grant reads.
func (b *Batch) opens(h Hold) (bool, error) {
	if b.claim == nil || h.Bucket == record.Shared {
		return true, nil
	}
	if s, err := b.claim.toOwner(h.Bucket, whatever); err != nil || s == holder {
		return s == holder, err
	}
	holds, err := b.HoldsOn(h.Bucket)
	return slices.ContainsFunc(holds, func(x Hold) bool { return x.Person == h.Person && x.Open() }), err
}

// toOwner says how the author stands to a bucket, or to the row that has it to itself: whoever holds that row, and so has
// it on his phone, holds what hangs on it. A component lies in its machine's bucket, and what is done to it in its own.
func (c *claim) toOwner(bucket record.Bucket, by covering) (standing, error) {
	s, err := c.toBucket(bucket, by)
	owner := c.ownerTable(bucket.Kind)
	if err != nil || s == holder || owner == nil {
		return s, err
	}
	row, err := c.toRow(record.Key{Table: owner.ID, ID: bucket.ID}, by)
	return max(s, row), err
}

// toRow says how the author stands to a row. What he makes or made is his; so is what stands for a row of his, where the
// office joined the two; and else it is his as one of its buckets is.
func (c *claim) toRow(key record.Key, by covering) (standing, error) {
	if c.makes[key] && by(anyRight) {
		return holder, nil
	}
	row, err := c.Row(key)
	if err != nil || row == nil {
		return stranger, err
	}
	if made, err := c.made(row); err != nil || made && by(anyRight) {
		return holder, err
	}
	s, err := c.toBuckets(row, by)
	if err != nil || s == holder || row.Table.Alias == "" {
		return s, err
	}
	joined, err := c.toJoined(row, by)
	return max(s, joined), err
}

// toJoined says how the author stands to those rows for which this one stands.
func (c *claim) toJoined(row *record.Row, by covering) (standing, error) {
	ids, err := c.Refs(row.Table, row.Table.Alias, row.ID)
	if err != nil {
		return stranger, err
	}
	return best(ids, func(id record.ID) (standing, error) {
		alias, err := c.Row(record.Key{Table: row.Table.ID, ID: id})
		if err != nil {
			return stranger, err
		}
		return c.toBuckets(alias, by)
	})
}

func (c *claim) toBuckets(row *record.Row, by covering) (standing, error) {
	return best(row.Buckets(), func(bucket record.Bucket) (standing, error) { return c.toBucket(bucket, by) })
}

// best returns the best of the standings.
func best[T any](list []T, to func(T) (standing, error)) (s standing, err error) {
	for _, x := range list {
		one, err := to(x)
		if err != nil || one == holder {
			return one, err
		}
		s = max(s, one)
	}
	return s, nil
}

// toBucket says how the author stands to a bucket by the holds on it that will do.
func (c *claim) toBucket(bucket record.Bucket, by covering) (standing, error) {
	switch {
	case bucket == record.Shared && by(RightEveryone), bucket == record.PersonBucket(c.author.Person) && by(RightSelf):
		return holder, nil
	}
	holds, err := c.HoldsOn(bucket)
	if err != nil {
		return stranger, err
	}
	return best(holds, func(h Hold) (standing, error) {
		if h.Person != c.author.Person || !by(h.Right) {
			return stranger, nil
		}
		return c.toHold(h)
	})
}

// toHold says how the person of a hold stands by it.
func (c *claim) toHold(h Hold) (standing, error) {
	switch {
	case h.Open():
		return holder, nil
	case h.Until <= c.k:
		return bereft, nil
	case !h.At(c.k):
		return stranger, nil
	}
	if late, err := c.graceOver(h.Until); err != nil || late {
		return tooLate, err
	}
	return holder, nil
}

// graceOver reports whether the commit is longer ago than a change may wait.
func (b *Batch) graceOver(seq uint64) (bool, error) {
	at, err := b.commitTime(seq)
	return err == nil && b.now.Millis()-at.Millis() > b.Grace.Milliseconds(), err
}

// made reports whether the row was created by an incarnation of the author's person and, as far as K tells, has not been
// assigned since; nor so long ago that he must have heard.
func (c *claim) made(row *record.Row) (bool, error) {
	creator, err := c.actor(row.Meta.Created.Actor)
	if err != nil || creator == nil || creator.Person != c.author.Person || c.author.Person.IsZero() {
		return false, err
	}
	for _, bucket := range row.Buckets() {
		if bucket == record.Shared {
			continue
		}
		holds, err := c.HoldsOn(bucket)
		if err != nil {
			return false, err
		}
		for _, h := range holds {
			if late, err := c.graceOver(h.Since); err != nil || late || h.Since <= c.k {
				return false, err
			}
		}
	}
	return true, nil
}

// hasOwnBucket reports whether a new row makes a bucket of its own, which nobody can hold yet.
func hasOwnBucket(row *record.Row) bool {
	return slices.ContainsFunc(row.Table.Buckets, func(rule schema.Bucket) bool {
		return rule.From == "id" || rule.Kind == schema.SharedBucket
	})
}

// ownerTable returns the table whose rows each have a bucket of that kind to themselves, nil if there is none.
func (b *Batch) ownerTable(kind schema.BucketKind) *schema.Table {
	for _, t := range b.Schema.Tables {
		if slices.Contains(t.Buckets, schema.Bucket{Kind: kind, From: "id"}) {
			return t
		}
	}
	return nil
}

// permitsBy reports whether the table's right of that name, or any of them for anyRight, covers the change.
func permitsBy(right string, t *schema.Table, c *record.RowChange) bool {
	if right == anyRight {
		return slices.ContainsFunc(t.Rights, func(r schema.Right) bool { return permits(&r, t, c) })
	}
	return permits(t.Right(right), t, c)
}

// permits reports whether the right, which may be nil, covers the change.
func permits(r *schema.Right, t *schema.Table, c *record.RowChange) bool {
	switch {
	case r == nil:
		return false
	case c.Op == record.Insert:
		return r.Insert && !writesWithheld(t, c)
	case r.Columns == nil:
		return true
	case c.Op == record.Delete:
		return false
	}
	for _, w := range c.Cells {
		if !slices.Contains(r.Columns, t.Columns[t.ColumnByID(w.Column)].Name) {
			return false
		}
	}
	return true
}

// writesWithheld reports whether the change writes a column that no device writes.
func writesWithheld(t *schema.Table, c *record.RowChange) bool {
	return slices.ContainsFunc(c.Cells, func(w record.CellWrite) bool { return t.Withholds(w.Column) })
}
