package admin

import (
	"slices"
	"time"

	"fieldsync/server/list"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// filters are what narrows a list, as the page asks for it.
func (v *Visit) filters(r Reader, l *list.List) ([]filterView, error) {
	views := make([]filterView, 0, len(l.Filters))
	for i := range l.Filters {
		f := &l.Filters[i]
		view := filterView{Filter: f, Label: capital(v.lang.Name(l.Name + "." + f.Name)), Value: v.query(f.Name), On: v.r.URL.Query()[f.Name]}
		for _, code := range f.Codes {
			view.Options = append(view.Options, option{code, v.lang.Name(f.Names + "." + code)})
		}
		for _, tab := range f.Tabs {
			view.Options = append(view.Options, option{v.without("after", f.Name, tab.Code), v.lang.Name(f.Names + "." + tab.Code)})
			if tab.Code == view.Value || view.Value == "" && len(view.Options) == 1 {
				view.On = []string{view.Options[len(view.Options)-1].Value}
			}
		}
		if f.Test == list.Refers && (f.Of != "" || f.Called != "") {
			one, err := v.only(r, f, view.Value)
			if err != nil {
				return nil, err
			}
			view.Options = one
		} else if f.Test == list.Refers {
			found, err := list.OptionsOf(r, f)
			if err != nil {
				return nil, err
			}
			for _, answer := range found {
				view.Options = append(view.Options, option{answer.ID.String(), v.lang.translation(answer.Label)})
			}
		}
		if f.Test != list.Refers || len(view.Options) > 0 { // without an answer there is nothing to choose
			views = append(views, view)
		}
	}
	return views, nil
}

// day returns the beginning of the day that many days after the one named, ms since 1970 UTC; 0 for none.
func (v *Visit) day(name string, after int) int64 {
	t, err := time.ParseInLocation(time.DateOnly, name, v.office.Zone)
	if err != nil {
		return 0
	}
	return t.AddDate(0, 0, after).UnixMilli()
}

// only is the one answer to a filter by a row that pages lead here with, none where it does not ask.
func (v *Visit) only(r Reader, f *list.Filter, asked string) (one []option, err error) {
	id, err := record.ParseID(asked)
	if err != nil {
		return nil, nil
	}
	if f.Called != "" {
		err = r.Select(func(q *sqlrow.Rows) error { one = append(one, option{id.String(), q.Text(0)}); return q.Err() }, f.Called, id[:])
		return one, err
	}
	name, err := v.office.names(r).row(record.Key{Table: v.office.Schema.Table(f.Of).ID, ID: id})
	return []option{{id.String(), name}}, err
}

// ofRow is the filter by the row that a column refers to, or one that was joined with it.
func ofRow(table, expression string) list.Filter {
	return list.Filter{
		Name: table, Test: list.Refers, Of: table,
		Where: expression + " IN (SELECT x.id FROM " + table + " x WHERE x.id = ? UNION ALL SELECT x.id FROM " + table + " x WHERE x.merged_into = ?)",
	}
}

// archived shows what is archived in place of what is not; alias is what the list's SQL calls the table.
func archived(alias string) list.Filter {
	return list.Filter{Name: "archived", Test: list.Is, Where: alias + ".archived_at IS NOT NULL", Else: alias + ".archived_at IS NULL"}
}

// Has reports whether an answer was given; templates ask it.
func (f filterView) Has(answer string) bool { return slices.Contains(f.On, answer) }

// Kind names the test of a filter; templates ask it.
func (f filterView) Kind() string {
	return [...]string{list.Search: "search", list.OneOf: "codes", list.Refers: "row", list.Is: "flag", list.Since: "day", list.Until: "day", list.Tab: "tabs"}[f.Test]
}
