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
	want, err := b.granted(row)
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

// granted returns the holds that a row gives as it stands. Where several of its grants give a person the same bucket,
// as to the lead of a job who is in its crew too, the one declared first counts.
func (b *Batch) granted(row *record.Row) ([]Hold, error) {
	var holds []Hold
	if row.Deleted {
		return nil, nil
	}
	for _, g := range row.Table.Grants {
		if g.While != "" && !slices.Contains(g.In, row.Get(g.While).Text()) {
			continue
		}
		people, err := b.grantees(row, g)
		if err != nil {
			return nil, err
		}
		if len(people) == 0 {
			continue
		}
		buckets, err := b.grantedBuckets(row, g)
		if err != nil {
			return nil, err
		}
		for _, person := range people {
			for _, bucket := range buckets {
				h := Hold{Person: person, Bucket: bucket, Root: row.Key(), Right: g.Right, Since: b.seq, Until: Forever}
				if !slices.ContainsFunc(holds, func(x Hold) bool { return x.Person == person && x.Bucket == bucket }) {
					holds = append(holds, h)
				}
			}
		}
	}
	return holds, nil
}

// grantees returns the people that a grant is made to.
func (b *Batch) grantees(row *record.Row, g schema.Grant) ([]record.ID, error) {
	to := row.Get(g.To).Ref()
	if to.IsZero() {
		return nil, nil
	}
	if g.Group == nil {
		return []record.ID{to}, nil
	}
	members := b.Schema.Table(g.Group.Table)
	ids, err := b.memberships(members, g.Group, to)
	if err != nil {
		return nil, err
	}
	var people []record.ID
	for _, id := range ids {
		m, err := b.Row(record.Key{Table: members.ID, ID: id})
		if err != nil {
			return nil, err
		}
		if m == nil || m.Deleted {
			continue
		}
		if p := m.Get(g.Group.Person).Ref(); !p.IsZero() {
			people = append(people, p)
		}
	}
	return people, nil
}

// memberships returns the rows that join people to the group.
func (b *Batch) memberships(members *schema.Table, by *schema.Members, group record.ID) ([]record.ID, error) {
	if by.Group == "id" {
		return []record.ID{group}, nil
	}
	return b.Refs(members, by.Group, group)
}

// grantedBuckets follows the paths of a grant to the buckets at their ends.
func (b *Batch) grantedBuckets(row *record.Row, g schema.Grant) ([]record.Bucket, error) {
	var buckets []record.Bucket
	for _, p := range g.Paths {
		id, err := b.follow(row, p.Via)
		if err != nil {
			return nil, err
		}
		if id.IsZero() {
			continue
		}
		if p.Back == nil {
			buckets = append(buckets, record.Bucket{Kind: p.Kind, ID: id})
			continue
		}
		more, err := b.bucketsBack(p, id)
		if err != nil {
			return nil, err
		}
		buckets = append(buckets, more...)
	}
	return buckets, nil
}

// bucketsBack returns the buckets of the rows that name the one which the path reached, but for those that lie with it.
func (b *Batch) bucketsBack(p schema.Path, reached record.ID) (buckets []record.Bucket, err error) {
	t := b.Schema.Table(p.Back.Table)
	ids, err := b.Refs(t, p.Back.Column, reached)
	for _, id := range ids {
		row, err := b.Row(record.Key{Table: t.ID, ID: id})
		if err != nil {
			return nil, err
		}
		if row != nil && !slices.Contains(row.Buckets(), record.Bucket{Kind: p.Kind, ID: reached}) {
			buckets = append(buckets, record.Bucket{Kind: p.Kind, ID: id})
		}
	}
	return buckets, err
}

func (b *Batch) follow(row *record.Row, via []string) (record.ID, error) {
	id := row.ID
	for i, step := range via {
		column := row.Table.Columns[row.Table.Column(step)]
		id = row.Get(step).Ref()
		if id.IsZero() || i == len(via)-1 {
			return id, nil
		}
		next, err := b.Row(record.Key{Table: b.Schema.Table(column.Ref).ID, ID: id})
		if err != nil || next == nil {
			return record.ID{}, err
		}
		row = next
	}
	return id, nil
}
