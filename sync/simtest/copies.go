package simtest

import (
	"bytes"
	"cmp"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// What crosses the boundary of a store is copied, in both directions and to the last slice, so that a caller who
// writes into what he gave away or was lent is found out.

// copyRow returns the row as a store keeps it: as on a disk, a shown value stands in its column only.
func copyRow(r *record.Row) *record.Row {
	if r == nil {
		return nil
	}
	c := r.Clone()
	if c.Meta == nil {
		return c
	}
	if c.Meta.Delete != nil {
		deletion := *c.Meta.Delete
		c.Meta.Delete = &deletion
	}
	for i := range c.Meta.Cells {
		c.Meta.Cells[i].Shown.Value = record.Null
	}
	return c
}

// copyDeviceRow returns the row as a device keeps it: without what only merging needs.
func copyDeviceRow(r *record.Row) *record.Row {
	if r == nil {
		return nil
	}
	c := *r
	c.Cols = slices.Clone(r.Cols)
	c.Meta = nil
	return &c
}

func copyEntry(e *judge.Entry) *judge.Entry {
	c := *e
	c.Encoded = bytes.Clone(e.Encoded)
	return &c
}

func copyConflict(c judge.Conflict) judge.Conflict {
	c.Values = slices.Clone(c.Values)
	return c
}

func copyChange(c *record.ChangeSet) *record.ChangeSet {
	d := *c
	d.Rows = slices.Clone(c.Rows)
	for i := range d.Rows {
		cells := slices.Clone(d.Rows[i].Cells)
		for k := range cells {
			cells[k].Settles = slices.Clone(cells[k].Settles)
		}
		d.Rows[i].Cells = cells
	}
	return &d
}

func copyItem(i *device.Item) *device.Item {
	c := *i
	c.Change, c.Encoded = copyChange(i.Change), bytes.Clone(i.Encoded)
	if i.Prior != nil {
		prior := *i.Prior
		c.Prior = &prior
	}
	return &c
}

func copyIdentity(i device.Identity) device.Identity {
	i.Resume, i.Retired = bytes.Clone(i.Resume), slices.Clone(i.Retired)
	return i
}

func copyBase(b *device.Base) *device.Base {
	c := *b
	c.Row = copyDeviceRow(b.Row)
	return &c
}

func compareIDs(a, b record.ID) int { return bytes.Compare(a[:], b[:]) }

func compareKeys(a, b record.Key) int {
	if c := cmp.Compare(a.Table, b.Table); c != 0 {
		return c
	}
	return compareIDs(a.ID, b.ID)
}

func compareBuckets(a, b record.Bucket) int {
	if c := cmp.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	return compareIDs(a.ID, b.ID)
}

func compareDots(a, b clock.Dot) int { return a.Compare(b) }
