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

// authorise reports whether the author may make every change of the set: he held the row's bucket, with a right to
// write so, at K (when he wrote he had not heard otherwise) or holds it now. A write whose K already covers the loss
// is refused. So nobody's work is thrown away for what he could not know, and nobody overwrites what he was told to
// leave alone.
func (b *Batch) authorise(author Author, k uint64, cs *record.ChangeSet) error {
	if author.Trusted {
		return nil
	}
	fresh := map[record.Key]bool{}
	for i := range cs.Rows {
		if cs.Rows[i].Op == record.Insert {
			fresh[cs.Rows[i].Key()] = true
		}
	}
	for i := range cs.Rows {
		if err := b.authoriseRow(author, k, cs, &cs.Rows[i], fresh); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) authoriseRow(author Author, k uint64, cs *record.ChangeSet, c *record.RowChange, fresh map[record.Key]bool) error {
	t := b.Schema.TableByID(c.Table)
	row, err := b.Row(c.Key())
	if err != nil {
		return err
	}
	if row == nil {
		row = record.NewRow(t, c, cs.Dot)
		if t.Create && b.ownBucketOnly(row) {
			return nil
		}
	} else if ours, err := b.createdBy(author, row, k); err != nil || ours && permitsAny(t, c) {
		return err
	}
	late := false
	for _, bucket := range row.Buckets() {
		ok, lost, err := b.holderMay(author, k, bucket, t, c, fresh)
		if ok || err != nil {
			return err
		}
		late = late || lost
	}
	if late {
		return fault.New(fault.LateWrite, "this "+t.Name+" had gone to somebody else, and this phone knew, when it was changed")
	}
	return fault.New(fault.NotAllowed, "you may not change this "+t.Name)
}

// ownBucketOnly reports whether a new row makes a bucket of its own: a job found on site, which nobody can hold yet.
func (b *Batch) ownBucketOnly(row *record.Row) bool {
	return slices.ContainsFunc(row.Table.Buckets, func(rule schema.Bucket) bool {
		return rule.From == "id" || rule.Kind == schema.SharedBucket
	})
}

// holderMay reports whether the author, as a holder of the bucket, may make the change; lost says that he had held it
// and that K covers the end.
func (b *Batch) holderMay(author Author, k uint64, bucket record.Bucket, t *schema.Table, c *record.RowChange,
	fresh map[record.Key]bool) (ok, lost bool, err error) {
	switch {
	case bucket == record.Shared:
		return permits(t.Right(RightEveryone), t, c), false, nil
	case bucket == record.PersonBucket(author.Person):
		return permits(t.Right(RightSelf), t, c), false, nil
	}
	if ok, err := b.ownsBucket(author, k, bucket, t, c, fresh); ok || err != nil {
		return ok, false, err
	}
	holds, err := b.HoldsOn(bucket)
	if err != nil {
		return false, false, err
	}
	for _, h := range holds {
		if h.Person != author.Person || !permits(t.Right(h.Right), t, c) {
			continue
		}
		if h.Open() {
			return true, false, nil
		}
		if !h.At(k) {
			lost = lost || h.Until <= k
			continue
		}
		ended, err := b.commitTime(h.Until)
		if err != nil {
			return false, false, err
		}
		if b.now.Millis()-ended.Millis() <= b.Grace.Milliseconds() {
			return true, false, nil
		}
		return false, false, fault.New(fault.GraceOver, "it was sent too long after the "+t.Name+" had gone to somebody else")
	}
	return false, lost, nil
}

// ownsBucket reports whether the bucket is that of a row which the author's person created, in this change set or
// before, and which nobody was given since as far as he knew. He may do with it what any holder may.
func (b *Batch) ownsBucket(author Author, k uint64, bucket record.Bucket, t *schema.Table, c *record.RowChange,
	fresh map[record.Key]bool) (bool, error) {
	if !permitsAny(t, c) {
		return false, nil
	}
	owner := b.ownerTable(bucket.Kind)
	if owner == nil {
		return false, nil
	}
	key := record.Key{Table: owner.ID, ID: bucket.ID}
	if fresh[key] {
		return true, nil
	}
	row, err := b.Row(key)
	if err != nil || row == nil {
		return false, err
	}
	return b.createdBy(author, row, k)
}

// ownerTable returns the table whose rows each have a bucket of that kind to themselves.
func (b *Batch) ownerTable(kind schema.BucketKind) *schema.Table {
	for _, t := range b.Schema.Tables {
		if slices.Contains(t.Buckets, schema.Bucket{Kind: kind, From: "id"}) {
			return t
		}
	}
	return nil
}

// createdBy reports whether the row was created by an incarnation of the author's person and, as far as K tells, has
// not been assigned since; nor so long ago that he must have heard.
func (b *Batch) createdBy(author Author, row *record.Row, k uint64) (bool, error) {
	creator, err := b.actor(row.Meta.Created.Actor)
	if err != nil || creator == nil || creator.Person != author.Person || author.Person.IsZero() {
		return false, err
	}
	for _, bucket := range row.Buckets() {
		if bucket == record.Shared {
			continue
		}
		holds, err := b.HoldsOn(bucket)
		if err != nil {
			return false, err
		}
		for _, h := range holds {
			given, err := b.commitTime(h.Since)
			if err != nil || h.Since <= k || b.now.Millis()-given.Millis() > b.Grace.Milliseconds() {
				return false, err
			}
		}
	}
	return true, nil
}

// permitsAny reports whether some right covers the change.
func permitsAny(t *schema.Table, c *record.RowChange) bool {
	return slices.ContainsFunc(t.Rights, func(r schema.Right) bool { return permits(&r, t, c) })
}

// permits reports whether the right, which may be nil, covers the change.
func permits(r *schema.Right, t *schema.Table, c *record.RowChange) bool {
	switch {
	case r == nil:
		return false
	case c.Op == record.Insert:
		return r.Insert
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
