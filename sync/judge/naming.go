package judge

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// namesHome refuses a reference to what is a stranger's: a row may name what its author holds or makes, what everybody
// reads, and what it names already. Or whoever knows the id of a customer would have him by a job that he finds, or, at
// the office's next default, by a machine of his that he calls the customer's. Of what goes from one to another each
// sees his end alone: its rows may name anything that no grant follows.
func (c *claim) namesHome(cs *record.ChangeSet, change *record.RowChange) error {
	t := c.Schema.TableByID(change.Table)
	for _, w := range change.Cells {
		key, to := c.named(t, w)
		if to == nil {
			continue
		}
		said, err := c.isSaid(cs, change, w)
		if err == nil && !said {
			err = c.mayName(t, to, key, t.Leads(w.Column))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isSaid reports whether the cell tells nobody anything new: the row names that already, or another of its table does that
// the same change set writes, as what takes a machine's place is where it was, and whose it was, though these be on no phone.
func (c *claim) isSaid(cs *record.ChangeSet, change *record.RowChange, w record.CellWrite) (bool, error) {
	switch t := c.Schema.TableByID(change.Table); {
	case t.Leads(w.Column):
		return false, nil
	case hasFarEnd(t):
		return true, nil
	}
	for i := range cs.Rows {
		if key := cs.Rows[i].Key(); key.Table == change.Table {
			if row, err := c.Row(key); err != nil || names(row, w) {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// mayName refuses to name the row in one of the table t unless it is the author's. What a grant follows opens it at once:
// it must be his as what he holds is, and not by what it hangs on.
func (c *claim) mayName(t, to *schema.Table, key record.Key, leads bool) error {
	row, err := c.Row(key)
	if err != nil {
		return err
	}
	if row == nil && !c.makes[key] {
		if leads || hasBucketOfItsOwn(to) {
			return c.missing(to, key)
		}
		return nil
	}
	s, err := c.toRow(key, whatever)
	if err == nil && !s.may() && !leads {
		s, err = best(row.Buckets(), func(bucket record.Bucket) (standing, error) { return c.toOwner(bucket, whatever) })
	}
	if err != nil || s.may() {
		c.standsBy(s)
		return err
	}
	return s.refuse(to.Name, fault.Newf(fault.NotAllowed, "this %v leads to a %v that is not yours: the office decides", t.Name, to.Name))
}

// named returns the row that the cell names, and its table; nil where it names none, or one that everybody reads.
func (c *claim) named(t *schema.Table, w record.CellWrite) (record.Key, *schema.Table) {
	if w.Value.Ref().IsZero() {
		return record.Key{}, nil
	}
	key := w.Value.Key()
	to := c.Schema.TableByID(key.Table)
	if column := &t.Columns[t.ColumnByID(w.Column)]; column.Kind == schema.Ref {
		to = c.Schema.Table(column.Ref)
		key.Table = to.ID
	}
	if to == nil || slices.Contains(to.Buckets, schema.Bucket{Kind: schema.SharedBucket}) && !t.Leads(w.Column) {
		return record.Key{}, nil
	}
	return key, to
}

// names reports whether the row, which may be nil, has that value in that cell.
func names(row *record.Row, w record.CellWrite) bool {
	return row != nil && row.Cols[row.Table.ColumnByID(w.Column)] == w.Value
}

// hasFarEnd reports whether rows of the table lie with somebody else, too, than with who makes them.
func hasFarEnd(t *schema.Table) bool {
	return slices.ContainsFunc(t.Buckets, func(rule schema.Bucket) bool { return rule.Far })
}

// hasBucketOfItsOwn reports whether each row of the table makes a bucket, of what hangs on it.
func hasBucketOfItsOwn(t *schema.Table) bool {
	return slices.ContainsFunc(t.Buckets, func(rule schema.Bucket) bool { return rule.From == "id" })
}
