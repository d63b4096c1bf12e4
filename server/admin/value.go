package admin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/words"
)

// columnKey names a column, or one code of it, in the lists of words: "job.state", "job.state.new".
func columnKey(t *schema.Table, c *schema.Column, code ...string) string {
	return strings.Join(append([]string{t.Name, c.Name}, code...), ".")
}

// text returns a value as a person reads it.
func (v *Visit) text(n *names, t *schema.Table, c *schema.Column, value record.Value) (string, error) {
	if value.IsNull() {
		return "", nil
	}
	if !v.Who.MayRead(t, c) {
		return hidden, nil
	}
	switch c.Kind {
	case schema.Enum:
		if key := columnKey(t, c, value.Text()); v.lang.Knows(key) {
			return v.lang.Name(key), nil
		}
		if list := codeList(t, c); list != "" {
			return v.code(n, list, value.Text())
		}
		return v.lang.Name(columnKey(t, c, value.Text())), nil
	case schema.Ref, schema.AnyRef:
		return n.ref(c, value)
	case schema.Instant:
		return times{v.lang, v.office.Zone}.when(value.Number()), nil
	case schema.Date:
		return date(value.Number()), nil
	case schema.Decimal:
		return decimal(value.Number(), int(c.Scale)), nil
	case schema.Money:
		return decimal(value.Number(), minorDigits(value.Text())) + " " + value.Text(), nil
	case schema.Quantity:
		return strings.TrimSpace(quantity(value.Number(), int(c.Scale)) + " " + value.Text()), nil
	case schema.Translated:
		return v.translated(value), nil
	case schema.Set:
		return v.elements(t, c, value), nil
	case schema.Fields:
		return cells(value), nil
	}
	if slices.Contains(yesNo, t.Name+"."+c.Name) {
		return v.t(map[bool]string{true: "yes", false: "no"}[value.Number() == 1]), nil
	}
	switch name := t.Name + "." + c.Name; {
	case c.Name == "why" && (t.Name == "charge" || t.Name == "billing_finding"):
		return v.whyText(n, value.Text())
	case c.Name == "versions" && (t.Name == "charge" || t.Name == "billing_finding"):
		return v.versionsText(n, value.Text())
	case name == "code.list" || name == "field_def.list":
		return v.lang.Name("code.list." + value.Text()), nil
	case name == "setting.value" && len(value.Text()) > 1000 && !strings.ContainsAny(value.Text(), " \n"):
		return v.t("(a picture)"), nil
	}
	if i := slices.Index(words.Tags, value.Text()); i >= 0 && c.Name == "language" {
		return words.Names[i], nil
	}
	return plain(value), nil
}

// yesNo are the columns of whole numbers that say yes (1) or no (0).
var yesNo = []string{
	"part.serial_tracked", "part.return_old", "party.blacklisted", "person.technician", "meter_reading.exchanged",
	"solution_use.helped", "solution_use.learned", "consent.needs_second", "field_def.builtin",
	"position_switch.shared", "finding.solved", "job.first_time_fix", "job.follow_up", "charge.tax_included",
}

// elements lists a set, each element by its name where it has one.
func (v *Visit) elements(t *schema.Table, c *schema.Column, value record.Value) string {
	if value.Shape() != record.ShapeMap {
		return cells(value)
	}
	var said []string
	for element, cell := range value.Cells() {
		if key := columnKey(t, c, element); cell == record.Number(1) && v.lang.Knows(key) {
			said = append(said, v.lang.Name(key))
		} else if cell == record.Number(1) {
			said = append(said, element)
		}
	}
	return strings.Join(said, ", ")
}

func date(days int64) string { return time.Unix(days*86400, 0).UTC().Format(time.DateOnly) }

// translated returns the text in the visitor's language, else in any.
func (v *Visit) translated(value record.Value) string {
	if value.Shape() != record.ShapeMap { // one cell of it
		return value.Text()
	}
	if s := value.Cell(v.lang.Tag).Text(); s != "" {
		return s
	}
	for _, cell := range value.Cells() {
		return cell.Text()
	}
	return ""
}

func cells(value record.Value) string {
	if value.Shape() != record.ShapeMap {
		return plain(value)
	}
	var parts []string
	for key, cell := range value.Cells() {
		if cell == record.Number(1) { // an element of a set
			parts = append(parts, key)
		} else {
			parts = append(parts, key+": "+plain(cell))
		}
	}
	return strings.Join(parts, ", ")
}

// plain returns a value without knowing its column.
func plain(value record.Value) string {
	switch value.Shape() {
	case record.ShapeNumber:
		return strconv.FormatInt(value.Number(), 10)
	case record.ShapeBoth:
		return strconv.FormatInt(value.Number(), 10) + " " + value.Text()
	}
	return value.Text()
}

// decimal writes an integer with its last digits behind a point.
func decimal(n int64, scale int) string {
	if scale == 0 {
		return strconv.FormatInt(n, 10)
	}
	sign, digits := "", fmt.Sprintf("%0*d", scale+1, n)
	if n < 0 {
		sign, digits = "-", fmt.Sprintf("%0*d", scale+1, uint64(-n))
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

// parseDecimal is the inverse of decimal; fewer digits behind the point will do, more will not.
func parseDecimal(s string, scale int) (int64, error) {
	whole, part, _ := strings.Cut(strings.TrimSpace(s), ".")
	if len(part) > scale || strings.ContainsAny(part, "+-") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(whole+part+strings.Repeat("0", scale-len(part)), 10, 64)
}

// minorDigits returns how many digits of the currency stand behind the point (ISO 4217).
func minorDigits(currency string) int {
	switch currency {
	case "JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// A field is one input of a form.
type field struct {
	Name     string // the column's, or that of one of its cells: "label.en"
	Label    string
	Kind     string // text, area, select, date, datetime-local, number, row
	Value    string // as typed, or as shown first
	Was      string // as shown first: what the visitor left alone is not written
	Ref      string // of a row: its id, if it was chosen
	Finds    string // of a row: the table it is sought in
	Begun    string // what the form filled in by itself, "" for nothing
	Options  []option
	Required bool
	Problem  string

	column *schema.Column
	own    bool // a field that the company defined
}

type option struct{ Value, Label string }

const momentInput = "2006-01-02T15:04"

// input returns the form's field for a column with that value.
func (v *Visit) input(t *schema.Table, c *schema.Column, value record.Value) field {
	f := v.inputOf(c, v.lang.Name(columnKey(t, c)), value)
	for _, code := range c.Codes {
		f.Kind, f.Options = "select", append(f.Options, option{code, v.lang.Name(columnKey(t, c, code))})
	}
	return f
}

// inputOf returns the field for a column of that name in the visitor's language.
func (v *Visit) inputOf(c *schema.Column, label string, value record.Value) field {
	f := field{Name: c.Name, Label: label, Kind: "text", Required: c.Has(schema.Required), column: c}
	switch c.Kind {
	case schema.Instant:
		f.Kind = "datetime-local"
		if !value.IsNull() {
			f.Value = time.UnixMilli(value.Number()).In(v.office.Zone).Format(momentInput)
		}
	case schema.Date:
		f.Kind = "date"
		if !value.IsNull() {
			f.Value = date(value.Number())
		}
	case schema.Decimal, schema.Integer:
		f.Kind = "number"
		if !value.IsNull() {
			f.Value = decimal(value.Number(), int(c.Scale))
		}
	case schema.Quantity, schema.Money:
		if !value.IsNull() {
			f.Value = decimal(value.Number(), amountDigits(c, value.Text())) + " " + value.Text()
		}
	default:
		f.Value = value.Text()
		if c.MaxText() > schema.DefaultMax {
			f.Kind = "area"
		}
	}
	f.Was = f.Value
	return f
}

func amountDigits(c *schema.Column, unit string) int {
	if c.Kind == schema.Money {
		return minorDigits(unit)
	}
	return int(c.Scale)
}

// parse reads what was typed into a field of the column; nothing typed is null. The error is a *fault.Error with the
// code fault.Invalid, or fault.OutOfRange.
func (v *Visit) parse(c *schema.Column, typed string) (record.Value, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		if c.Has(schema.Required) {
			return record.Null, fault.New(fault.Invalid, "This is needed.")
		}
		return record.Null, nil
	}
	value, err := v.parseKind(c, typed)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // one that is too long is as large as can be, and refused as that
		return record.Null, fault.Wrap(fault.Invalid, "This cannot be read. Type it like the example, or choose it.", err)
	}
	if err := record.Check(c, "", value); fault.CodeOf(err) == fault.OutOfRange {
		return record.Null, err
	} else if err != nil {
		return record.Null, fault.Wrap(fault.Invalid, "This is too long, or not one of the values that can stand here.", err)
	}
	return value, aftersales.CheckImaginable(c, value)
}

func (v *Visit) parseKind(c *schema.Column, typed string) (record.Value, error) {
	switch c.Kind {
	case schema.Instant:
		t, err := time.ParseInLocation(momentInput, typed, v.office.Zone)
		return record.Instant(t.UnixMilli()), err
	case schema.Date:
		t, err := time.Parse(time.DateOnly, typed)
		return record.Date(t.Unix() / 86400), err
	case schema.Integer, schema.Decimal:
		n, err := parseDecimal(typed, int(c.Scale))
		return record.Number(n), err
	case schema.Quantity, schema.Money:
		amount, unit, _ := strings.Cut(typed, " ")
		n, err := parseDecimal(amount, amountDigits(c, unit))
		return record.Quantity(n, unit), err
	}
	return record.Text(typed), nil
}

// typeable reports whether a field of a form can hold the column.
func typeable(c *schema.Column) bool {
	switch c.Kind {
	case schema.Ref, schema.AnyRef, schema.Translated, schema.Fields, schema.Set:
		return false
	}
	return true
}

// hidden stands in the place of a value that the visitor may not see.
const hidden = "•••"
