package judge

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// regrant brings the holds up to date after a change: those that the row itself gives, those of rows whose path
// leads through it, and those of groups whose members it changes. Only a change that writes a column which grants
// read costs anything.
func (b *Batch) regrant(c *record.RowChange) error {
	for _, t := range b.Schema.Tables {
		for _, g := range t.Grants {
			roots, err := b.rootsTouched(t, g, c)
			if err != nil {
				return err
			}
			for _, root := range roots {
				if err := b.regrantRoot(t, root); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// rootsTouched returns the rows of t whose grant g may read what the change wrote.
func (b *Batch) rootsTouched(t *schema.Table, g schema.Grant, c *record.RowChange) ([]record.ID, error) {
	written := b.Schema.TableByID(c.Table)
	var roots []record.ID
	if written == t && writesGrant(t, g, c) {
		roots = append(roots, c.ID)
	}
	for _, p := range g.Paths {
		more, err := b.rootsThrough(t, p.Via, c)
		if err != nil {
			return nil, err
		}
		roots = append(roots, more...)
		if more, err = b.rootsBack(t, p, c); err != nil {
			return nil, err
		}
		roots = append(roots, more...)
	}
	if m := g.Group; m != nil && m.Table == written.Name &&
		(writesColumn(written, c, m.Group) || writesColumn(written, c, m.Person)) {
		more, err := b.rootsOfMembership(t, g, c)
		if err != nil {
			return nil, err
		}
		roots = append(roots, more...)
	}
	slices.SortFunc(roots, func(x, y record.ID) int { return slices.Compare(x[:], y[:]) })
	return slices.Compact(roots), nil
}

// rootsThrough returns the rows of t whose path leads through the changed row, if the change wrote the column by
// which the path goes on from there.
func (b *Batch) rootsThrough(t *schema.Table, via []string, c *record.RowChange) ([]record.ID, error) {
	at := b.tablesOn(t, via)
	for depth := 1; depth < len(via); depth++ {
		if at[depth].ID == c.Table && writesColumn(at[depth], c, via[depth]) {
			return b.walkBack(at[:depth], via[:depth], c.ID)
		}
	}
	return nil, nil
}

// rootsBack returns the rows of t whose path leads back to the changed row, or did, if the change wrote the reference by
// which it does: what was taken out of one machine and put into another goes from the holders of the one to those of the
// other.
func (b *Batch) rootsBack(t *schema.Table, p schema.Path, c *record.RowChange) ([]record.ID, error) {
	written := b.Schema.TableByID(c.Table)
	if p.Back == nil || p.Back.Table != written.Name || !writesColumn(written, c, p.Back.Column) {
		return nil, nil
	}
	holds, err := b.HoldsOn(record.Bucket{Kind: p.Kind, ID: c.ID})
	if err != nil {
		return nil, err
	}
	var roots []record.ID
	for _, h := range holds {
		if h.Open() && h.Root.Table == t.ID {
			roots = append(roots, h.Root.ID)
		}
	}
	row, err := b.Row(c.Key())
	if err != nil || row == nil || row.Get(p.Back.Column).IsNull() {
		return roots, err
	}
	more, err := b.walkBack(b.tablesOn(t, p.Via), p.Via, row.Get(p.Back.Column).Ref())
	return append(roots, more...), err
}

// tablesOn returns the tables that the steps of a path start from.
func (b *Batch) tablesOn(t *schema.Table, via []string) (steps []*schema.Table) {
	for _, step := range via {
		steps = append(steps, t)
		t = b.Schema.Table(t.Columns[t.Column(step)].Ref)
	}
	return steps
}

// walkBack follows a path against its direction, from one row to all that lead to it.
func (b *Batch) walkBack(steps []*schema.Table, via []string, from record.ID) ([]record.ID, error) {
	ids := []record.ID{from}
	for i := len(steps) - 1; i >= 0; i-- {
		var before []record.ID
		for _, id := range ids {
			refs, err := b.Refs(steps[i], via[i], id)
			if err != nil {
				return nil, err
			}
			before = append(before, refs...)
		}
		ids = before
	}
	return ids, nil
}

// writesGrant reports whether the change writes what the row's own grant reads in the row itself.
func writesGrant(t *schema.Table, g schema.Grant, c *record.RowChange) bool {
	return writesColumn(t, c, g.To) || g.While != "" && writesColumn(t, c, g.While) ||
		slices.ContainsFunc(g.Paths, func(p schema.Path) bool { return len(p.Via) > 0 && writesColumn(t, c, p.Via[0]) })
}

// writesColumn reports whether the change writes the column; a delete writes every one.
func writesColumn(t *schema.Table, c *record.RowChange, name string) bool {
	return c.Op == record.Delete || slices.ContainsFunc(c.Cells, func(w record.CellWrite) bool {
		return t.ColumnByID(w.Column) == t.Column(name)
	})
}

// rootsOfMembership returns the rows of t that grant to the group whose membership changed.
func (b *Batch) rootsOfMembership(t *schema.Table, g schema.Grant, c *record.RowChange) ([]record.ID, error) {
	row, err := b.Row(c.Key())
	if err != nil || row == nil {
		return nil, err
	}
	group := row.ID
	if g.Group.Group != "id" {
		group = row.Get(g.Group.Group).Ref()
	}
	return b.Refs(t, g.To, group)
}

// regrantRoot opens and closes holds so that the row gives exactly those that its grants say.
func (b *Batch) regrantRoot(t *schema.Table, id record.ID) error {
	key := record.Key{Table: t.ID, ID: id}
	row, err := b.Row(key)
	if err != nil || row == nil {
		return err
	}
	want, err := Granted(b, b.Schema, row)
	if err != nil {
		return err
	}
	have, err := b.store.HoldsFrom(key)
	if err != nil {
		return err
	}
	for _, h := range have {
		if i := slices.IndexFunc(want, func(w Hold) bool { return sameHold(w, h) }); i >= 0 {
			want = slices.Delete(want, i, i+1)
			if err := b.keep(h); err != nil {
				return err
			}
			continue
		}
		h.Until = b.seq
		if err := b.putHold(h); err != nil {
			return err
		}
	}
	for _, h := range want {
		h.Since = b.seq
		may, lost, err := b.opens(h)
		if h.Late = lost; err == nil && may {
			err = b.putHold(h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keep makes an open hold that was to end with the grace one that does not, where who writes now opens it by what he holds.
func (b *Batch) keep(h Hold) error {
	if h.Late == 0 {
		return nil
	}
	may, lost, err := b.opens(h)
	if err != nil || !may || lost != 0 {
		return err
	}
	h.Late = 0
	return b.putHold(h)
}

func sameHold(a, b Hold) bool {
	return a.Person == b.Person && a.Bucket == b.Bucket && a.Right == b.Right
}
