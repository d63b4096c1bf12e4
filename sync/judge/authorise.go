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
	lost   uint64              // the commit that took from him what part of the change set stands by, and of which he had not heard
	late   map[record.Key]uint64
}

func (b *Batch) claimOf(author Author, k uint64, cs *record.ChangeSet) *claim {
	c := &claim{Batch: b, author: author, k: k, makes: map[record.Key]bool{}, late: map[record.Key]uint64{}}
	for i := range cs.Rows {
		if cs.Rows[i].Op == record.Insert {
			c.makes[cs.Rows[i].Key()] = true
		}
	}
	return c
}

// authorised refuses a change set unless its author may make every change of it, and gives nobody more by it than he has. It
// returns it with what he can have seen: see cutLate.
func (c *claim) authorised(cs *record.ChangeSet) (*record.ChangeSet, error) {
	for i := range cs.Rows {
		if err := c.mayWrite(cs, &cs.Rows[i]); err != nil {
			return nil, err
		}
		if err := c.namesHome(cs, &cs.Rows[i]); err != nil {
			return nil, err
		}
	}
	rows, err := c.cutLate(cs.Rows)
	seen := *cs
	seen.Rows = rows
	return &seen, err
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
	} else if made, err := c.made(row); err != nil {
		return err
	} else if made && by(anyRight) {
		s, err := c.toMade(row)
		c.writes(change, s)
		return err
	}
	s, err := best(row.Buckets(), func(bucket record.Bucket) (standing, error) { return c.toOwner(bucket, by) })
	if err != nil || s.may() {
		c.writes(change, s)
		return err
	}
	return s.refuse(t.Name, fault.Newf(fault.NotAllowed, "you may not change this %v", t.Name))
}

// writes notes how the author stands to a row that he changes: of one that he had lost he has seen no more.
func (c *claim) writes(change *record.RowChange, s standing) {
	c.standsBy(s)
	if s.rank == late && change.Op != record.Insert {
		c.late[change.Key()] = s.lost
	}
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
		if c.standsBy(s); !s.may() {
			return s.refuse(row.Table.Name, fault.Newf(fault.NotAllowed,
				"this %v belongs to something that is not yours: the office decides", row.Table.Name))
		}
	}
	return nil
}

// opens reports whether the hold may be opened by the change set: by a device's, onto what its author holds or makes, or
// what the person who would hold it holds already; by the office's and the hub's own, which have no claim, always. What a
// path leads to beyond that stays closed until somebody who holds it, or the office, writes a column that the grant reads.
// Where the author had lost what he opens, without having heard, lost is the commit that took it: the hold ends with the
// grace, as his not having heard does; and he opens it for himself by what he makes alone, as a job that he finds is, and
// not by bringing back what gave it to him before.
func (b *Batch) opens(h Hold) (may bool, lost uint64, err error) {
	if b.claim == nil || h.Bucket == record.Shared {
		return true, 0, nil
	}
	s, err := b.claim.toOwner(h.Bucket, whatever)
	if err != nil || s.rank == holder {
		return s.rank == holder, 0, err
	}
	holds, err := b.HoldsOn(h.Bucket)
	if slices.ContainsFunc(holds, func(x Hold) bool { return x.Person == h.Person && x.Open() && x.Late == 0 }) {
		return true, 0, err
	}
	return s.may() && (h.Person != b.claim.author.Person || b.claim.makes[h.Root]), s.lost, err
}

// hasOwnBucket reports whether a new row makes a bucket of its own, which nobody can hold yet.
func hasOwnBucket(row *record.Row) bool {
	return slices.ContainsFunc(row.Table.Buckets, func(rule schema.Bucket) bool {
		return rule.From == "id" || rule.Kind == schema.SharedBucket
	})
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
