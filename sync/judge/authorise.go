package judge

import (
	"cmp"
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
	fresh := freshOf(cs)
	for i := range cs.Rows {
		if err := b.authoriseRow(author, k, cs, &cs.Rows[i], fresh); err != nil {
			return err
		}
		if err := b.leadsHome(author, k, &cs.Rows[i], fresh); err != nil {
			return err
		}
	}
	return nil
}

func freshOf(cs *record.ChangeSet) map[record.Key]bool {
	fresh := map[record.Key]bool{}
	for i := range cs.Rows {
		if cs.Rows[i].Op == record.Insert {
			fresh[cs.Rows[i].Key()] = true
		}
	}
	return fresh
}

// reach is how far the change set that is being merged may give holds: the hub's own and the office's as far as they say,
// nil; a device's no further than to what its author holds or makes.
type reach struct {
	author Author
	k      uint64
	fresh  map[record.Key]bool
}

// opens reports whether the hold may be opened now: onto a bucket that the change set's author held at K or holds, that is
// of a row which he makes or made, or that the person to hold it holds already. What a path leads to beyond that is opened
// when the office next writes what gives it.
func (b *Batch) opens(h Hold) (bool, error) {
	if b.reach == nil || h.Bucket == record.Shared {
		return true, nil
	}
	if held, err := b.holdsOwner(b.reach.author, b.reach.k, h.Bucket, b.reach.fresh); held || err != nil {
		return held, err
	}
	holds, err := b.HoldsOn(h.Bucket)
	return slices.ContainsFunc(holds, func(x Hold) bool { return x.Person == h.Person && x.Open() }), err
}

// leadsHome refuses a reference by which somebody would come to hold what the author does not: what a grant follows may
// lead only to rows that he makes with it, that he held at K or holds now, or that everybody reads. Or whoever knows the
// id of a customer would have him by a job that he finds, or by pointing one that he has at him.
func (b *Batch) leadsHome(author Author, k uint64, c *record.RowChange, fresh map[record.Key]bool) error {
	t := b.Schema.TableByID(c.Table)
	for _, w := range c.Cells {
		id := w.Value.Ref()
		if id.IsZero() || !t.Leads(w.Column) {
			continue
		}
		to := b.Schema.Table(t.Columns[t.ColumnByID(w.Column)].Ref)
		held, err := b.holdsRow(author, k, record.Key{Table: to.ID, ID: id}, fresh)
		if err != nil {
			return err
		}
		if held {
			continue
		}
		return fault.Newf(fault.NotAllowed, "this %v leads to a %v that is not yours: the office decides", t.Name, to.Name)
	}
	return nil
}

// holdsRow reports whether the author makes the row, made it, or held one of its buckets at K or holds it now.
func (b *Batch) holdsRow(author Author, k uint64, key record.Key, fresh map[record.Key]bool) (bool, error) {
	if fresh[key] {
		return true, nil
	}
	row, err := b.Row(key)
	if err == nil && row == nil {
		err = b.missing(b.Schema.TableByID(key.Table), key)
	}
	if err != nil {
		return false, err
	}
	for _, bucket := range row.Buckets() {
		if bucket == record.Shared || bucket == record.PersonBucket(author.Person) {
			return true, nil
		}
		if held, err := b.holdsBucket(author, k, bucket, fresh); held || err != nil {
			return held, err
		}
	}
	return b.createdBy(author, row, k)
}

// holdsBucket reports whether the author held the bucket at K or holds it now, or whether it is that of a row of his.
func (b *Batch) holdsBucket(author Author, k uint64, bucket record.Bucket, fresh map[record.Key]bool) (bool, error) {
	holds, err := b.HoldsOn(bucket)
	if err != nil {
		return false, err
	}
	for _, h := range holds {
		if h.Person != author.Person || !h.Open() && !h.At(k) {
			continue
		}
		if late, err := b.graceOver(h); err != nil || !late {
			return !late, err
		}
	}
	return b.ownsRowOf(author, k, bucket, fresh)
}

func (b *Batch) authoriseRow(author Author, k uint64, cs *record.ChangeSet, c *record.RowChange, fresh map[record.Key]bool) error {
	t := b.Schema.TableByID(c.Table)
	row, err := b.Row(c.Key())
	if err != nil {
		return err
	}
	if row == nil {
		row = record.NewRow(t, c, cs.Dot)
		if t.Create && b.ownBucketOnly(row) && !writesWithheld(t, c) {
			return b.liesAtHome(author, k, row, fresh)
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
		return fault.Newf(fault.LateWrite, "this %v had gone to somebody else, and this phone knew, when it was changed", t.Name)
	}
	return fault.Newf(fault.NotAllowed, "you may not change this %v", t.Name)
}

// liesAtHome refuses a new row that lies in a bucket which its author does not hold, beside its own: it would come to
// strangers, as a part of their machine.
func (b *Batch) liesAtHome(author Author, k uint64, row *record.Row, fresh map[record.Key]bool) error {
	for _, bucket := range row.Buckets() {
		if bucket == record.Shared || bucket.ID == row.ID {
			continue
		}
		if held, err := b.holdsOwner(author, k, bucket, fresh); err != nil || !held {
			return cmp.Or(err, error(fault.Newf(fault.NotAllowed, "this %v belongs to something that is not yours: the office decides", row.Table.Name)))
		}
	}
	return nil
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
		late, err := b.graceOver(h)
		if err != nil || !late {
			return !late, false, err
		}
		return false, false, fault.Newf(fault.GraceOver, "it was sent too long after the %v had gone to somebody else", t.Name)
	}
	return false, lost, nil
}

// graceOver reports whether the hold ended longer ago than a change may wait.
func (b *Batch) graceOver(h Hold) (bool, error) {
	if h.Open() {
		return false, nil
	}
	ended, err := b.commitTime(h.Until)
	return err == nil && b.now.Millis()-ended.Millis() > b.Grace.Milliseconds(), err
}

// ownsBucket reports whether the bucket is that of a row which the author's person created, in this change set or
// before, and which nobody was given since as far as he knew. He may do with it what any holder may.
func (b *Batch) ownsBucket(author Author, k uint64, bucket record.Bucket, t *schema.Table, c *record.RowChange,
	fresh map[record.Key]bool) (bool, error) {
	if !permitsAny(t, c) {
		return false, nil
	}
	return b.ownsRowOf(author, k, bucket, fresh)
}

// ownsRowOf reports whether the row that has the bucket to itself is made by the author, or was.
func (b *Batch) ownsRowOf(author Author, k uint64, bucket record.Bucket, fresh map[record.Key]bool) (bool, error) {
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

// holdsOwner reports whether the author holds the bucket, or the row that has it to itself: a component lies in its machine's.
func (b *Batch) holdsOwner(author Author, k uint64, bucket record.Bucket, fresh map[record.Key]bool) (bool, error) {
	owner := b.ownerTable(bucket.Kind)
	if held, err := b.holdsBucket(author, k, bucket, fresh); held || err != nil || owner == nil {
		return held, err
	}
	key := record.Key{Table: owner.ID, ID: bucket.ID}
	if row, err := b.Row(key); err != nil || row == nil && !fresh[key] {
		return false, err
	}
	return b.holdsRow(author, k, key, fresh)
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
