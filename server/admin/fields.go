package admin

import (
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/words"
)

// formFields returns the inputs of a form, with what the row holds; nil for a new one.
func (v *Visit) formFields(r Reader, form *Form, row *record.Row) (fields []field, err error) {
	t := v.office.Schema.Table(form.Table)
	for _, c := range form.asked(t) {
		name, value := c.Name, record.Null
		if row != nil {
			value = row.Get(name)
		}
		more, err := v.columnFields(r, form, t, c, value)
		if err != nil {
			return nil, err
		}
		fields = append(fields, more...)
	}
	for i := range fields {
		f := &fields[i]
		f.Required = slices.Contains(form.Needed, f.Name) || f.own && f.Required // else the command fills it in
		if row == nil && f.Value == "" {
			f.Value = form.Defaults[f.Name]
		}
	}
	return fields, nil
}

// asked are the columns that a form asks for.
func (f *Form) asked(t *schema.Table) (columns []*schema.Column) {
	for i := range f.Asks {
		columns = append(columns, &f.Asks[i])
	}
	for _, name := range f.Columns {
		columns = append(columns, &t.Columns[t.Column(name)])
	}
	return columns
}

// columnFields returns the inputs of one column: several for a translated text, or for the company's own fields.
func (v *Visit) columnFields(r Reader, form *Form, t *schema.Table, c *schema.Column, value record.Value) ([]field, error) {
	switch c.Kind {
	case schema.Translated:
		return v.languageFields(t, c, value), nil
	case schema.Fields:
		return v.ownFields(r, t, c, value)
	}
	f := v.input(t, c, value)
	switch {
	case c.Kind == schema.Ref:
		f.Kind, f.Finds = "row", c.Ref
		if !value.IsNull() {
			label, err := v.office.names(r).ref(c, value)
			if err != nil {
				return nil, err
			}
			f.Ref, f.Value = value.Ref().String(), label
		}
	case c.Kind == schema.Set:
		f.Value = cells(value)
	case c.Name == "language" && len(c.Codes) == 0:
		f.Kind, f.Options = "select", languageOptions(value.Text())
	case form.Offers[c.Name] != nil:
		options, err := form.Offers[c.Name](v, r)
		if err != nil {
			return nil, err
		}
		f.Kind, f.Options = "select", options
	case form.Lists[c.Name] != "":
		options, err := v.codes(r, form.Lists[c.Name], value.Text())
		if err != nil {
			return nil, err
		}
		f.Kind, f.Options = "select", options
	case slices.Contains(form.Flags, c.Name):
		f.Kind, f.Options = "select", []option{{"1", v.t("yes")}, {"0", v.t("no")}}
	}
	f.Was = f.Value
	return []field{f}, nil
}

// languageOptions are the languages, and what stands there already though it is none of them.
func languageOptions(standing string) (options []option) {
	for i, tag := range words.Tags {
		options = append(options, option{tag, words.Names[i]})
	}
	if standing != "" && !slices.Contains(words.Tags, standing) {
		options = append(options, option{standing, standing})
	}
	return options
}

// languageFields are one input a language.
func (v *Visit) languageFields(t *schema.Table, c *schema.Column, value record.Value) (fields []field) {
	for i, tag := range words.Tags {
		f := v.input(t, c, record.Null)
		f.Name, f.Label, f.Required = c.Name+"."+tag, f.Label+" · "+words.Names[i], false
		f.Value = value.Cell(tag).Text()
		f.Was, f.column = f.Value, &schema.Column{Name: f.Name, Kind: schema.Text, Max: c.Max} // a cell is a text
		fields = append(fields, f)
	}
	return fields
}

// ownFields are the inputs of the fields that the company defined for the table.
func (v *Visit) ownFields(r Reader, t *schema.Table, c *schema.Column, value record.Value) (fields []field, err error) {
	ids, err := r.Refs(v.office.Schema.Table("field_def"), "field_set", aftersales.FieldSetID(t.Name))
	if err != nil {
		return nil, err
	}
	var defs []aftersales.FieldDef
	for _, id := range ids {
		row, err := r.Row(record.Key{Table: v.office.Schema.Table("field_def").ID, ID: id})
		if err != nil {
			return nil, err
		}
		if d := aftersales.FieldDefOf(row); !d.Builtin && d.RetiredAt == 0 {
			defs = append(defs, d)
		}
	}
	slices.SortFunc(defs, func(a, b aftersales.FieldDef) int { return int(a.Rank - b.Rank) })
	for _, d := range defs {
		f, err := v.ownField(r, c, d, value.Cell(d.Field))
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// ownField is the input of one field of the company's own. It is read like a column of its kind.
func (v *Visit) ownField(r Reader, c *schema.Column, d aftersales.FieldDef, value record.Value) (field, error) {
	kinds := map[string]schema.Kind{aftersales.FieldInteger: schema.Integer, aftersales.FieldDate: schema.Date, aftersales.FieldChoice: schema.Enum}
	own := &schema.Column{ID: c.ID, Name: d.Field, Kind: schema.Text}
	if k, ok := kinds[d.Kind]; ok {
		own.Kind = k
	}
	f := v.inputOf(own, aftersales.Label(d.Label, v.lang.Tag), value)
	f.Name, f.Required, f.own = c.Name+"."+d.Field, d.RequiredOn == aftersales.RequiredCreate, true
	var err error
	if d.Kind == aftersales.FieldChoice {
		f.Kind = "select"
		f.Options, err = v.codes(r, d.List, value.Text())
	}
	return f, err
}

// codes are the answers that a code list offers: those in use, and the one that stands, even where no list has it: saving
// a form takes nothing away that it could not show.
func (v *Visit) codes(r Reader, list, standing string) (options []option, err error) {
	err = r.Select(func(q *sqlrow.Rows) error {
		options = append(options, option{q.Text(0), v.lang.translation(q.Text(1))})
		return q.Err()
	}, `SELECT code, label FROM code WHERE list = ? AND (retired_at IS NULL OR code = ?) AND _del = 0 ORDER BY rank, code`, list, standing)
	if is := func(one option) bool { return one.Value == standing }; standing != "" && !slices.ContainsFunc(options, is) {
		options = append(options, option{standing, ""})
	}
	for i := range options {
		if options[i].Label == "" {
			options[i].Label = strings.ReplaceAll(options[i].Value, "_", " ")
		}
	}
	return options, err
}

// ownFields returns the values of the company's own fields, for the command that makes a row.
func ownFields(values record.Values) aftersales.FieldValues {
	given := aftersales.FieldValues{}
	for name, value := range values {
		if key, own := strings.CutPrefix(name, "fields."); own {
			given[key] = value
		}
	}
	return given
}

// chosen returns the elements of a set that a form adds, in their order.
func chosen(values record.Values, column string) (elements []string) {
	for name, value := range values {
		if e, of := strings.CutPrefix(name, column+"."); of && !value.IsNull() {
			elements = append(elements, e)
		}
	}
	slices.Sort(elements)
	return elements
}

// rowOptions are the rows of a query of id and name, as answers.
func (v *Visit) rowOptions(r Reader, query string) (options []option, err error) {
	err = r.Select(func(q *sqlrow.Rows) error {
		options = append(options, option{q.ID(0).String(), q.Text(1)})
		return q.Err()
	}, query)
	return options, err
}
