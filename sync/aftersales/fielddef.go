package aftersales

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The kinds of run-time fields.
const (
	FieldText    = "text"
	FieldInteger = "integer"
	FieldDate    = "date" // days since 1970-01-01
	FieldChoice  = "choice"
)

// When a field must have a value.
const (
	RequiredNever    = "never"
	RequiredCreate   = "create"
	RequiredComplete = "complete"
)

// A field set gathers the run-time fields of one table. Its id follows from the table's name (FieldSetID).
var fieldSetTable = &schema.Table{
	ID: 128, Name: "field_set",
	Columns: slices.Concat(branch(), []schema.Column{text(1, "table_name", required, fixed)}),
	Buckets: shared(),
}

// A field definition makes a run-time field, or lays a rule on a built-in column. Its id follows from table and key.
var fieldDefTable = &schema.Table{
	ID: 130, Name: "field_def",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "field_set", "field_set", required, fixed),
		text(2, "field", required, fixed), // the key in the column "fields", or a built-in column
		integer(3, "builtin", fixed),      // 1: names a built-in column
		enum(4, "kind", []string{FieldText, FieldInteger, FieldDate, FieldChoice}, required, fixed),
		translated(5, "label"),
		text(6, "list"), // the code list of a choice
		enum(7, "required_on", []string{RequiredNever, RequiredCreate, RequiredComplete}, required),
		integer(8, "minimum"),
		integer(9, "maximum"),
		integer(10, "rank"),
		instant(11, "retired_at"),
	}),
	Buckets: shared(),
}

// The codes of run-time fields.
const (
	BadField     fault.Code = "bad_field"     // a field is unknown, or its value does not fit
	MissingField fault.Code = "missing_field" // a field that a rule asks for has no value
)

// FieldValues are values of run-time fields, by key.
type FieldValues map[string]record.Value

// FieldDef is a row of the table field_def.
type FieldDef struct {
	ID         record.ID         `json:"id"`
	Field      string            `json:"field"`
	Builtin    bool              `json:"builtin"`
	Kind       string            `json:"kind"`
	Label      map[string]string `json:"label"`
	List       string            `json:"list"`
	RequiredOn string            `json:"required_on"`
	Minimum    int64             `json:"minimum"`
	Maximum    int64             `json:"maximum"`
	Rank       int64             `json:"rank"`
	RetiredAt  int64             `json:"retired_at"`
}

// FieldDefOf returns the row as a FieldDef; the zero FieldDef for nil.
func FieldDefOf(r *record.Row) FieldDef { return view[FieldDef](r) }

// FieldSetID returns the id of the set that gathers a table's definitions.
func FieldSetID(table string) record.ID { return NamedID("field_set", table) }

// FieldDefInput says what a run-time field takes, and when it must have a value.
type FieldDefInput struct {
	Table      string // one with the column "fields"
	Field      string // the key, or, if Builtin, a column of the table
	Builtin    bool
	Kind       string // "": text
	Label      map[string]string
	List       string // for a choice: its code list
	RequiredOn string // "": never
	Minimum    int64  // for numbers and dates; for both zero there are no bounds
	Maximum    int64
	Rank       int64
}

// MostFields is how many fields of the company's own a table has in use: more, and nobody fills them in.
const MostFields = 5

// TooManyFields says that a table has as many fields of the company's own in use as it may have.
const TooManyFields fault.Code = "too_many_fields"

// roomForField refuses one field more than a table may have; one that is defined anew, or lays a rule on a column that is
// there anyway, is none more.
func roomForField(tx Tx, in FieldDefInput) error {
	defs, err := FieldDefs(tx, in.Table)
	if err != nil || in.Builtin {
		return err
	}
	own := 0
	for _, d := range defs {
		if !d.Builtin && d.Field != in.Field {
			own++
		}
	}
	if own >= MostFields {
		return fault.New(TooManyFields, "There are five fields of your own on it already. Retire one first.")
	}
	return nil
}

// DefineField defines a run-time field, or lays a rule on a built-in column. Codes: BadField, TooManyFields.
func DefineField(tx Tx, in FieldDefInput) error {
	t := Schema.Table(in.Table)
	switch {
	case t == nil || t.Column("fields") < 0:
		return fault.Newf(BadField, "%v has no run-time fields", in.Table)
	case in.Field == "" || strings.Contains(in.Field, "."):
		return fault.New(BadField, "a field needs a key without a dot")
	case in.Builtin && t.Column(in.Field) < 0:
		return fault.Newf(BadField, "%v has no column %s", in.Table, in.Field)
	}
	if err := firstError(roomForField(tx, in), in.check(tx)); err != nil {
		return err
	}
	set := FieldSetID(in.Table)
	if err := upsert(tx, "field_set", set, record.Values{"table_name": record.Text(in.Table)}); err != nil {
		return err
	}
	values := record.Values{
		"field_set": record.Ref(set), "field": record.Text(in.Field), "builtin": flag(in.Builtin),
		"kind": record.Text(cmp.Or(in.Kind, FieldText)), "list": optional(in.List),
		"required_on": record.Text(cmp.Or(in.RequiredOn, RequiredNever)),
		"minimum":     at(in.Minimum), "maximum": at(in.Maximum), "rank": at(in.Rank), "retired_at": record.Null,
	}
	addTexts(values, "label", in.Label)
	return upsert(tx, "field_def", fieldDefID(in.Table, in.Field), values)
}

// check refuses bounds that nothing lies between, and a choice without a list to choose from; whose list is new, begins it.
func (in FieldDefInput) check(tx Tx) error {
	switch {
	case in.Minimum > in.Maximum:
		return errNoRoom
	case in.Kind != FieldChoice || in.Builtin:
		return nil
	case in.List == "":
		return fault.New(BadField, "a choice needs the list of codes that it chooses from")
	}
	return upsert(tx, "code_list", CodeListID(in.List), record.Values{"name": record.Text(in.List)})
}

var errNoRoom = fault.New(BadField, "the limits of a field leave nothing between them")

// fieldRules are the columns of a definition that change after it was made.
var fieldRules = []string{"label", "required_on", "minimum", "maximum", "rank"}

// ChangeField calls a field something else, or changes when it must have a value and within which bounds; what is not in the
// values stays. Codes: NotEditable, BadField, fault.UnknownRow.
func ChangeField(tx Tx, id record.ID, values record.Values) error {
	row, err := need(tx, "field_def", id)
	if err != nil {
		return err
	}
	bounds := map[string]int64{"minimum": row.Get("minimum").Number(), "maximum": row.Get("maximum").Number()}
	for name, v := range values {
		column, _, _ := strings.Cut(name, ".")
		if !slices.Contains(fieldRules, column) {
			return fault.Newf(NotEditable, "%v is not edited: there is a command for it", readable(column))
		}
		if _, bound := bounds[name]; bound {
			bounds[name] = v.Number()
		}
	}
	if bounds["minimum"] > bounds["maximum"] {
		return errNoRoom
	}
	if len(values) == 0 {
		return nil
	}
	return tx.Update("field_def", id, values)
}

// ReuseField takes a retired field into use again. Codes: TooManyFields, fault.UnknownRow.
func ReuseField(tx Tx, table, field string) error {
	row, err := need(tx, "field_def", fieldDefID(table, field))
	if err != nil {
		return err
	}
	d := FieldDefOf(row)
	if err := roomForField(tx, FieldDefInput{Table: table, Field: field, Builtin: d.Builtin}); err != nil {
		return err
	}
	return tx.Update("field_def", row.ID, record.Values{"retired_at": record.Null})
}

// FieldTables are the tables that can have fields of the company's own.
func FieldTables() (tables []string) {
	for _, t := range Schema.Tables {
		if t.Column("fields") >= 0 {
			tables = append(tables, t.Name)
		}
	}
	return tables
}

// FieldDefID returns the id of a definition's row.
func FieldDefID(table, field string) record.ID { return fieldDefID(table, field) }

func fieldDefID(table, field string) record.ID { return NamedID("field_def", table, field) }

// RetireField takes a field out of use; its values stay. Codes: fault.UnknownRow.
func RetireField(tx Tx, table, field string) error {
	row, err := need(tx, "field_def", fieldDefID(table, field))
	if err != nil {
		return err
	}
	return tx.Update("field_def", row.ID, record.Values{"retired_at": record.Instant(tx.Now())})
}

// FieldDefs returns the definitions in use for a table, by rank, then key.
func FieldDefs(tx Tx, table string) ([]FieldDef, error) {
	rows, err := tx.Refs("field_def", "field_set", FieldSetID(table))
	if err != nil {
		return nil, err
	}
	var defs []FieldDef
	for _, row := range rows {
		if d := FieldDefOf(row); d.RetiredAt == 0 {
			defs = append(defs, d)
		}
	}
	slices.SortFunc(defs, func(a, b FieldDef) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Field, b.Field))
	})
	return defs, nil
}

// CheckFields refuses values that do not fit their definitions. Codes: BadField, UnknownCode for a choice.
func CheckFields(tx Tx, table string, values FieldValues) error {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		row, err := tx.Row("field_def", fieldDefID(table, key))
		if err != nil {
			return err
		}
		def := FieldDefOf(row)
		if row == nil || def.Builtin || def.RetiredAt != 0 {
			return fault.Newf(BadField, "there is no field %s", key)
		}
		if err := def.check(tx, values[key]); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a value that does not fit the definition; null fits every one.
func (d FieldDef) check(tx Tx, v record.Value) error {
	number := d.Kind == FieldInteger || d.Kind == FieldDate
	switch {
	case v.IsNull():
		return nil
	case number != (v.Shape() == record.ShapeNumber) || !number && v.Shape() != record.ShapeText:
		return fault.Newf(BadField, "%s is of the kind %v", d.name(), d.Kind)
	case number && (d.Minimum != 0 || d.Maximum != 0) && (v.Number() < d.Minimum || v.Number() > d.Maximum):
		return fault.Newf(BadField, "%s must lie between %d and %d", d.name(), d.Minimum, d.Maximum)
	case d.Kind == FieldChoice:
		return checkCode(tx, d.List, v.Text())
	}
	return nil
}

func (d FieldDef) name() string { return cmp.Or(Label(d.Label, "en"), d.Field) }

// CheckRequired refuses a row that lacks what the rules ask for at this stage (RequiredCreate, RequiredComplete); it
// names all that is missing. What values writes counts, with what the row has. Codes: MissingField.
func CheckRequired(tx Tx, table, stage string, row *record.Row, values record.Values) error {
	defs, err := FieldDefs(tx, table)
	if err != nil {
		return err
	}
	var missing []string
	for _, d := range defs {
		if d.RequiredOn == stage && d.absent(row, values) {
			missing = append(missing, d.name())
		}
	}
	if len(missing) > 0 {
		return fault.Newf(MissingField, "still to be filled in: %s", strings.Join(missing, ", "))
	}
	return nil
}

// absent reports whether neither the values nor, where they say nothing, the row have the field.
func (d FieldDef) absent(row *record.Row, values record.Values) bool {
	name := d.Field
	if !d.Builtin {
		name = "fields." + d.Field
	}
	if v, written := values[name]; written {
		return v.IsNull()
	}
	for written := range values {
		if strings.HasPrefix(written, name+".") {
			return false
		}
	}
	switch {
	case row == nil:
		return true
	case d.Builtin:
		return row.Get(d.Field).IsNull()
	}
	return row.Get("fields").Cell(d.Field).IsNull()
}

// insertWithFields creates a row with run-time fields, after checking them and the rules for new rows, which count its values
// and what the same change writes of it next.
func insertWithFields(tx Tx, table string, id record.ID, values record.Values, given FieldValues, beside record.Values) error {
	if err := putFields(tx, table, values, given); err != nil {
		return err
	}
	present := maps.Clone(values)
	maps.Copy(present, beside)
	maps.DeleteFunc(present, func(_ string, v record.Value) bool { return v.IsNull() })
	if err := CheckRequired(tx, table, RequiredCreate, nil, present); err != nil {
		return err
	}
	return insert(tx, table, id, values)
}

// putFields checks run-time fields and writes them into the values of their row.
func putFields(tx Tx, table string, values record.Values, given FieldValues) error {
	if err := CheckFields(tx, table, given); err != nil {
		return err
	}
	for key, v := range given {
		values["fields."+key] = v
	}
	return nil
}
