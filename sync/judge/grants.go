package judge

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// grants follows what rows give, in the rows as they stand.
type grants struct {
	Rows
	schema *schema.Schema
	reads  func(row *record.Row, column string) // hears of each cell that is read; nil for nobody
}

// get returns the value of the row's cell.
func (in grants) get(row *record.Row, column string) record.Value {
	if in.reads != nil {
		in.reads(row, column)
	}
	return row.Get(column)
}

// Granted returns the holds that a row gives as it stands, open and without a beginning. Where several of its grants give a person
// the same bucket, as to the lead of a job who is in its crew too, the one declared first counts.
func Granted(r Rows, s *schema.Schema, row *record.Row) ([]Hold, error) {
	return grants{Rows: r, schema: s}.givenBy(row)
}

func (in grants) givenBy(row *record.Row) ([]Hold, error) {
	var holds []Hold
	if row.Deleted {
		return nil, nil
	}
	for _, g := range row.Table.Grants {
		if g.While != "" && !slices.Contains(g.In, in.get(row, g.While).Text()) {
			continue
		}
		people, err := in.grantees(row, g)
		if err != nil {
			return nil, err
		}
		if len(people) == 0 {
			continue
		}
		buckets, err := in.grantedBuckets(row, g)
		if err != nil {
			return nil, err
		}
		for _, person := range people {
			for _, bucket := range buckets {
				h := Hold{Person: person, Bucket: bucket, Root: row.Key(), Right: g.Right, Until: Forever}
				if !slices.ContainsFunc(holds, func(x Hold) bool { return x.Person == person && x.Bucket == bucket }) {
					holds = append(holds, h)
				}
			}
		}
	}
	return holds, nil
}

// grantees returns the people that a grant is made to.
func (in grants) grantees(row *record.Row, g schema.Grant) ([]record.ID, error) {
	to := in.get(row, g.To).Ref()
	if to.IsZero() {
		return nil, nil
	}
	if g.Group == nil {
		return []record.ID{to}, nil
	}
	members := in.schema.Table(g.Group.Table)
	ids, err := in.memberships(members, g.Group, to)
	if err != nil {
		return nil, err
	}
	var people []record.ID
	for _, id := range ids {
		m, err := in.Row(record.Key{Table: members.ID, ID: id})
		if err != nil {
			return nil, err
		}
		if m == nil || m.Deleted {
			continue
		}
		in.get(m, g.Group.Group)
		if p := in.get(m, g.Group.Person).Ref(); !p.IsZero() {
			people = append(people, p)
		}
	}
	return people, nil
}

// memberships returns the rows that join people to the group.
func (in grants) memberships(members *schema.Table, by *schema.Members, group record.ID) ([]record.ID, error) {
	if by.Group == "id" {
		return []record.ID{group}, nil
	}
	return in.Refs(members, by.Group, group)
}

// grantedBuckets follows the paths of a grant to the buckets at their ends.
func (in grants) grantedBuckets(row *record.Row, g schema.Grant) ([]record.Bucket, error) {
	var buckets []record.Bucket
	for _, p := range g.Paths {
		id, err := in.follow(row, p.Via)
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
		more, err := in.bucketsBack(p, id)
		if err != nil {
			return nil, err
		}
		buckets = append(buckets, more...)
	}
	return buckets, nil
}

// bucketsBack returns the buckets of the rows that name the one which the path reached, but for those that lie with it.
func (in grants) bucketsBack(p schema.Path, reached record.ID) (buckets []record.Bucket, err error) {
	t := in.schema.Table(p.Back.Table)
	ids, err := in.Refs(t, p.Back.Column, reached)
	for _, id := range ids {
		row, err := in.Row(record.Key{Table: t.ID, ID: id})
		if err != nil {
			return nil, err
		}
		if row == nil {
			continue
		}
		in.get(row, p.Back.Column)
		if !slices.Contains(row.Buckets(), record.Bucket{Kind: p.Kind, ID: reached}) {
			buckets = append(buckets, record.Bucket{Kind: p.Kind, ID: id})
		}
	}
	return buckets, err
}

func (in grants) follow(row *record.Row, via []string) (record.ID, error) {
	id := row.ID
	for i, step := range via {
		column := row.Table.Columns[row.Table.Column(step)]
		id = in.get(row, step).Ref()
		if id.IsZero() || i == len(via)-1 {
			return id, nil
		}
		next, err := in.Row(record.Key{Table: in.schema.Table(column.Ref).ID, ID: id})
		if err != nil || next == nil {
			return record.ID{}, err
		}
		row = next
	}
	return id, nil
}
