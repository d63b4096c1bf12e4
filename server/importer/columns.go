package importer

import (
	"slices"
	"strings"
	"unicode"

	"fieldsync/sync/fault"
)

// Mapping says that a column, by its name in the header, holds a field.
type Mapping struct {
	Field  Field
	Column string
}

// ParseMap reads "date=BscStartDate,asset=Asset". The error is a *fault.Error with the code BadMapping.
func (s *Sheet) ParseMap(text string) ([]Mapping, error) {
	var maps []Mapping
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, col, ok := strings.Cut(pair, "=")
		field := Field(strings.ToLower(strings.TrimSpace(name)))
		if !ok || s.Spec(field) == nil && field != Skip {
			return nil, fault.Newf(BadMapping, "Cannot read %s in the mapping: it takes FIELD=COLUMN pairs, FIELD one of %s.", quote(pair), s.fieldNames())
		}
		maps = append(maps, Mapping{field, strings.TrimSpace(col)})
	}
	return maps, nil
}

func (s *Sheet) fieldNames() string {
	names := make([]string, len(s.Fields), len(s.Fields)+1)
	for i := range s.Fields {
		names[i] = string(s.Fields[i].Field)
	}
	return strings.Join(append(names, string(Skip)), ", ")
}

// column is one column of the file. Its field is "" where nothing said what it holds: its values go to the note, or
// nowhere in a sheet without one.
type column struct {
	name  string
	field Field
}

// maxColumns is the width of the widest sheet that spreadsheet programs make.
const maxColumns = 16384

// ReasonColumns are the names, in the languages of the office, of the column in which a sheet of refused rows says why:
// it is no content when the sheet comes back.
var ReasonColumns = []string{"Refused because", "拒绝原因", "拒絕原因"}

func isReason(column string) bool { return slices.Contains(ReasonColumns, column) }

// resolve finds what each column holds: first what the mapping says, then by the headers.
func (s *Sheet) resolve(header rawRecord, opts *Options) ([]column, []Warning, error) {
	cols, err := s.guess(header, opts)
	if err != nil {
		return nil, nil, err
	}
	for _, spec := range s.Fields {
		if spec.Needed && !slices.ContainsFunc(cols, func(c column) bool { return c.field == spec.Field }) {
			return nil, nil, fault.Newf(NoColumn, "No column is known to hold the %s of a %v. Name it, as in %s=COLUMN. The file's columns are: %s.",
				spec.Field, s.Thing, spec.Field, list(cols))
		}
	}
	return cols, s.headerWarnings(header, cols), nil
}

// guess is resolve for a file that may lack a column.
func (s *Sheet) guess(header rawRecord, opts *Options) ([]column, error) {
	cols := make([]column, len(header.cells))
	for i, name := range header.cells {
		cols[i].name = strings.TrimSpace(name)
	}
	if err := applyMap(cols, opts.Columns); err != nil {
		return nil, err
	}
	for i := range cols {
		if isReason(cols[i].name) {
			cols[i].field = Skip
		}
	}
	for _, spec := range s.Fields {
		if !opts.Exact && !slices.ContainsFunc(cols, func(c column) bool { return c.field == spec.Field }) {
			applyHeaders(cols, spec.Field, spec.Headers)
		}
	}
	return cols, nil
}

// applyMap enters what the mapping says. A field but Note and Skip has one column, a column one field.
func applyMap(cols []column, maps []Mapping) error {
	used := map[Field]bool{}
	for _, m := range maps {
		i := slices.IndexFunc(cols, func(c column) bool { return c.field == "" && fold(c.name) == fold(m.Column) })
		if i < 0 {
			return fault.Newf(BadMapping, "The mapping names the column %s for %s, and the file has none left of that name. Its columns are: %s.",
				quote(m.Column), m.Field, list(cols))
		}
		if used[m.Field] && m.Field != Note && m.Field != Skip {
			return fault.Newf(BadMapping, "The mapping names two columns for %s. Choose one.", m.Field)
		}
		used[m.Field] = true
		cols[i].field = m.Field
	}
	return nil
}

// applyHeaders gives the field to the column with the likeliest name, if there is one.
func applyHeaders(cols []column, field Field, names []string) {
	for _, name := range names {
		for i := range cols {
			if cols[i].field == "" && fold(cols[i].name) == name {
				cols[i].field = field
				return
			}
		}
	}
}

// headerWarnings tells of columns whose values have no place of their own.
func (s *Sheet) headerWarnings(header rawRecord, cols []column) []Warning {
	kept := Say(ColumnLeft)
	if s.keeps() {
		kept = Say(ColumnKept)
	}
	var out []Warning
	for _, why := range header.warnings {
		out = append(out, Warning{Line: header.line, Why: why})
	}
	for _, c := range cols {
		switch {
		case c.field == "" && c.name != "":
			out = append(out, Warning{header.line, c.name, kept})
		case slices.Contains(s.Theirs, c.field):
			out = append(out, Warning{header.line, c.name, Say(ColumnElse)})
		}
	}
	return out
}

// fold makes header names comparable: letters and digits only, in lower case.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// list names the columns for a message.
func list(cols []column) string {
	names := make([]string, min(len(cols), 50))
	for i := range names {
		names[i] = quote(cols[i].name)
	}
	return strings.Join(names, ", ")
}

// quote shows a value of the file in a message, cut to a readable length.
func quote(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return "“" + s + "”"
}
