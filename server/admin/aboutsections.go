package admin

import (
	"cmp"
	"slices"
	"strings"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// sectionOf lists the rows of a table that refer to the one shown.
type sectionOf struct {
	table   string
	via     string // the column that refers
	columns []string
	url     string                                 // of one such row, before its id; "" if it has no page
	latest  int                                    // how many of the latest are shown, 0 for all
	title   string                                 // by which the section is called instead of its table: many.TITLE
	all     string                                 // the list that shows all of them, before the row's id; "" where there is none
	stand   func(rows []*record.Row) []*record.Row // leaves those that still hold; nil: all do
}

// section lists what one table has about the row.
type section struct {
	Table   string
	Title   string
	Columns []string
	Rows    []sectionRow
	More    int    // how many there are beyond those shown
	All     string // URL of the list of all, "" where there is none
}

type sectionRow struct {
	URL   string // of the row's own page, "" if it has none
	Cells []string
	signature
}

// sections lists what refers to the row, the latest first where a section shows only those.
func (b *builder) sections(row *record.Row, of []sectionOf) error {
	for _, s := range of {
		rows, more, err := b.latest(s.table, s.via, row.ID, s.latest)
		if err != nil {
			return err
		}
		if s.stand != nil {
			rows = s.stand(rows)
		}
		if len(rows) == 0 {
			continue
		}
		list, err := b.section(s, rows)
		if err != nil {
			return err
		}
		if list.More = more; s.all != "" {
			list.All = s.all + row.ID.String()
		}
		b.page.Sections = append(b.page.Sections, list)
	}
	return nil
}

// section returns the rows with the columns of which at least one has a value.
func (b *builder) section(of sectionOf, rows []*record.Row) (s section, err error) {
	t := b.o.Schema.Table(of.table)
	columns := slices.DeleteFunc(slices.Clone(of.columns), func(name string) bool {
		return !slices.ContainsFunc(rows, func(r *record.Row) bool { return !r.Get(name).IsNull() })
	})
	s.Table, s.Title = of.table, b.v.lang.Name("many."+cmp.Or(of.title, of.table))
	for _, name := range columns {
		s.Columns = append(s.Columns, b.label(t, name))
	}
	for _, row := range rows {
		var line sectionRow
		if of.url != "" {
			line.URL = of.url + row.ID.String()
		}
		if line.Cells, err = b.cells(row, columns); err != nil {
			return s, err
		}
		if line.signature, err = b.signed(row); err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, line)
	}
	return s, nil
}

// cells returns the columns of a row as its line shows them: of several moments of one day, the day stands with the first.
func (b *builder) cells(row *record.Row, columns []string) (cells []string, err error) {
	day := ""
	for _, name := range columns {
		text, err := b.text(row, name)
		if err != nil {
			return nil, err
		}
		if i := row.Table.Column(name); i >= 0 && row.Table.Columns[i].Kind == schema.Instant {
			on, at, _ := strings.Cut(text, " ")
			if on == day && at != "" {
				text = at
			} else if on != "" {
				day = on
			}
		}
		cells = append(cells, text)
	}
	return cells, nil
}

// about returns the living rows of the table that refer to the row, and notes that the page shows them.
func (b *builder) about(table, via string, id record.ID) ([]*record.Row, error) {
	rows, _, err := b.latest(table, via, id, 0)
	return rows, err
}

// latest returns the youngest of them, the youngest first, and how many there are beyond; all in order for 0.
func (b *builder) latest(table, via string, id record.ID, most int) (rows []*record.Row, more int, err error) {
	t := b.o.Schema.Table(table)
	ids, err := b.refs(t, via, id)
	if err != nil {
		return nil, 0, err
	}
	if most > 0 {
		slices.Reverse(ids)
		more = max(0, len(ids)-most)
		ids = ids[:len(ids)-more]
	}
	keys := make([]record.Key, len(ids))
	for i, id := range ids {
		keys[i] = record.Key{Table: t.ID, ID: id}
	}
	if err := b.r.Foresee(keys); err != nil {
		return nil, 0, err
	}
	for _, k := range keys {
		row, err := b.r.Row(k)
		if err != nil {
			return nil, 0, err
		}
		if row != nil && !row.Deleted {
			b.show(row)
			rows = append(rows, row)
		}
	}
	return rows, more, nil
}

// refs returns the rows that refer to a row, or to one that was joined with it: nothing is rewritten when two are joined.
func (b *builder) refs(t *schema.Table, via string, id record.ID) ([]record.ID, error) {
	ids, err := b.r.Refs(t, via, id)
	of := b.o.Schema.Table(t.Columns[t.Column(via)].Ref)
	if err != nil || of == nil || of.Column("merged_into") < 0 {
		return ids, err
	}
	aliases, err := b.r.Refs(of, "merged_into", id)
	if err != nil || len(aliases) == 0 {
		return ids, err
	}
	for _, alias := range aliases {
		more, err := b.r.Refs(t, via, alias)
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	slices.SortFunc(ids, func(a, b record.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids), nil
}
