package schema

import "slices"

// At returns what a program of that version of the schema knows: no table and no column that came later (Since), and no rule
// that names one. Codes of an Enum, and limits, carry no version: they are as they are now. A version that is not before this
// one gives the schema itself. The error wraps ErrSchema: the version is less than 1, or what was there names what came later.
func (s *Schema) At(version int) (*Schema, error) {
	if version >= s.Version {
		return s, nil
	}
	var tables []*Table
	for _, t := range s.Tables {
		if t.Since <= version {
			tables = append(tables, s.tableAt(t, version))
		}
	}
	return New(s.Name, version, tables...)
}

// tableAt returns the table as it was at the version.
func (s *Schema) tableAt(t *Table, version int) *Table {
	came := func(column string) bool { return column != "" && !s.had(t.Name, column, version) }
	old := *t
	old.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return c.Since > version })
	old.Buckets = slices.DeleteFunc(slices.Clone(t.Buckets), func(b Bucket) bool { return came(b.From) })
	old.Withheld = slices.DeleteFunc(slices.Clone(t.Withheld), came)
	old.Rights = slices.Clone(t.Rights)
	for i := range old.Rights { // a right of no column stays one: none would be every one
		old.Rights[i].Columns = slices.DeleteFunc(slices.Clone(old.Rights[i].Columns), came)
	}
	old.Grants = nil
	for _, g := range t.Grants {
		g.Paths = slices.DeleteFunc(slices.Clone(g.Paths), func(p Path) bool { return !s.ledAt(t, p, version) })
		m := g.Group
		if len(g.Paths) > 0 && !came(g.To) && !came(g.While) &&
			(m == nil || s.had(m.Table, m.Group, version) && s.had(m.Table, m.Person, version)) {
			old.Grants = append(old.Grants, g)
		}
	}
	for _, name := range []*string{&old.Parent, &old.Alias} {
		if came(*name) {
			*name = ""
		}
	}
	old.leads = nil
	return &old
}

// had reports whether the version had the table, and the column in it: "id" is in each.
func (s *Schema) had(table, column string, version int) bool {
	t := s.byName[table]
	if t.Since > version || column == "id" {
		return t.Since <= version
	}
	return t.Columns[t.Column(column)].Since <= version
}

// ledAt reports whether the path from the table could be walked at the version.
func (s *Schema) ledAt(t *Table, p Path, version int) bool {
	for _, step := range p.Via {
		if !s.had(t.Name, step, version) {
			return false
		}
		t = s.byName[t.Columns[t.Column(step)].Ref]
	}
	return t.Since <= version && (p.Back == nil || s.had(p.Back.Table, p.Back.Column, version))
}
