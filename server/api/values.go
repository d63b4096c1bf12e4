package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Encode returns a value as JSON has it: decimals and amounts as strings, which keep every digit; moments as RFC 3339 in
// UTC; dates as YYYY-MM-DD.
func Encode(c *schema.Column, v record.Value) any {
	if v.IsNull() {
		return nil
	}
	switch c.Kind {
	case schema.Integer:
		return v.Number()
	case schema.Decimal:
		return decimal(v.Number(), int(c.Scale))
	case schema.Money:
		return map[string]any{"minor": v.Number(), "currency": v.Text()}
	case schema.Quantity:
		return map[string]any{"amount": decimal(v.Number(), int(c.Scale)), "unit": v.Text()}
	case schema.Instant:
		return time.UnixMilli(v.Number()).UTC().Format("2006-01-02T15:04:05.000Z")
	case schema.Date:
		return time.Unix(v.Number()*86400, 0).UTC().Format(time.DateOnly)
	case schema.Ref:
		return v.Ref().String()
	case schema.AnyRef:
		key := v.Key()
		if t := aftersales.Schema.TableByID(key.Table); t != nil {
			return map[string]any{"table": t.Name, "id": key.ID.String()}
		}
		return nil
	case nested:
		if json.Valid([]byte(v.Text())) {
			return json.RawMessage(v.Text())
		}
	case schema.Set:
		list := []string{}
		for element := range v.Cells() {
			list = append(list, element)
		}
		return list
	case schema.Translated, schema.Fields:
		cells := map[string]any{}
		for key, cell := range v.Cells() {
			if cells[key] = cell.Text(); cell.Shape() == record.ShapeNumber {
				cells[key] = cell.Number()
			}
		}
		return cells
	}
	return v.Text()
}

// decimal writes a number of so many decimals.
func decimal(n int64, scale int) string {
	if scale == 0 {
		return strconv.FormatInt(n, 10)
	}
	sign, digits := "", strconv.FormatInt(n, 10)
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

// decode adds what a program sent for a column to the values; null clears.
func decode(c *schema.Column, raw json.RawMessage, values record.Values) error {
	if c.Kind.Keyed() {
		return decodeKeyed(c, raw, values)
	}
	if string(raw) == "null" {
		values[c.Name] = record.Null
		return nil
	}
	v, err := plainValue(c, raw)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // one that is too long is as large as can be, and refused as that
		return refused(c.Name, fault.Invalid, err, "%s cannot be read: %v.", c.Name, expected[c.Kind])
	}
	if c.Kind == schema.Enum && len(c.Codes) > 0 && !v.IsNull() && !slices.Contains(c.Codes, v.Text()) {
		return refused(c.Name, fault.Invalid, nil, "%s is one of %s.", c.Name, strings.Join(c.Codes, ", "))
	}
	if err := firstOf(record.Check(c, "", v), aftersales.CheckImaginable(c, v)); fault.CodeOf(err) == fault.OutOfRange {
		return about(c.Name, err)
	}
	values[c.Name] = v
	return nil
}

// expected says what a program should have sent.
var expected = map[schema.Kind]string{
	schema.Text: "it is a text", schema.Enum: "it is a code", schema.Integer: "it is a whole number", schema.Decimal: `it is a number in quotes, "12.50"`,
	schema.Money: `it is an object, {"minor": 1250, "currency": "EUR"}`, schema.Quantity: `it is an object, {"amount": "2.5", "unit": "pcs"}`,
	schema.Instant: `it is a moment, "2026-03-09T14:05:00Z"`, schema.Date: `it is a date, "2026-03-09"`, schema.Ref: "it is an id",
	schema.AnyRef: `it is an object, {"table": "job", "id": "…"}`,
}

func plainValue(c *schema.Column, raw json.RawMessage) (record.Value, error) {
	switch c.Kind {
	case schema.Integer:
		var n int64
		err := json.Unmarshal(raw, &n)
		return record.Number(n), err
	case schema.Money:
		var m struct {
			Minor    int64  `json:"minor"`
			Currency string `json:"currency"`
		}
		if err := strictly(raw, &m); err != nil {
			return record.Null, err
		}
		return record.Money(m.Minor, m.Currency), currency(m.Currency)
	case schema.Quantity:
		var q struct{ Amount, Unit string }
		if err := strictly(raw, &q); err != nil {
			return record.Null, err
		}
		n, err := scaled(q.Amount, int(c.Scale))
		return record.Quantity(n, q.Unit), err
	case nested:
		var b bytes.Buffer
		err := json.Compact(&b, raw)
		return record.Text(b.String()), err
	case schema.AnyRef:
		var r aftersales.Row
		if err := strictly(raw, &r); err != nil {
			return record.Null, err
		}
		if r.Value().IsNull() {
			return record.Null, errNoTable
		}
		return r.Value(), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return record.Null, err
	}
	return textValue(c, s)
}

var (
	errNoTable    = errors.New("there is no such table")
	errNoCurrency = errors.New("a currency has three capital letters")
	errNoText     = errors.New("a text holds no character 0")
)

// strictly reads an object that has those members and no other.
func strictly(raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func currency(code string) error {
	if len(code) != 3 || strings.ContainsFunc(code, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return errNoCurrency
	}
	return nil
}

func textValue(c *schema.Column, s string) (record.Value, error) {
	switch c.Kind {
	case schema.Decimal:
		n, err := scaled(s, int(c.Scale))
		return record.Number(n), err
	case schema.Instant:
		at, err := time.Parse(time.RFC3339, s)
		return record.Instant(at.UnixMilli()), err
	case schema.Date:
		day, err := time.Parse(time.DateOnly, s)
		return record.Date(day.Unix() / 86400), err
	case schema.Ref:
		id, err := record.ParseID(s)
		return record.Ref(id), err
	}
	switch {
	case s == "":
		return record.Null, nil
	case strings.ContainsRune(s, 0): // no store of ours keeps it
		return record.Null, errNoText
	}
	return record.Text(s), nil
}

// scaled reads a decimal number of at most so many decimals.
func scaled(s string, scale int) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) > scale || strings.Trim(whole, "-")+frac == "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(whole+frac+strings.Repeat("0", scale-len(frac)), 10, 64)
}

// decodeKeyed reads a set, {"add": […], "remove": […]} or the list of what to add, or values by their keys.
func decodeKeyed(c *schema.Column, raw json.RawMessage, values record.Values) error {
	if c.Kind == schema.Set {
		return decodeSet(c, raw, values)
	}
	var cells map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&cells); err != nil || cells == nil {
		return refused(c.Name, fault.Invalid, err, "%s cannot be read: it is an object of values by their keys.", c.Name)
	}
	for key, cell := range cells {
		value, err := cellValue(cell)
		if err != nil || key == "" {
			return refused(c.Name, fault.Invalid, err, "%s cannot be read: it is a text or a whole number.", c.Name+"."+key)
		}
		values[c.Name+"."+key] = value
	}
	return nil
}

func decodeSet(c *schema.Column, raw json.RawMessage, values record.Values) error {
	var change struct{ Add, Remove []string }
	if json.Unmarshal(raw, &change.Add) != nil || change.Add == nil {
		if err := strictly(raw, &change); err != nil || string(raw) == "null" {
			return refused(c.Name, fault.Invalid, err, `%s cannot be read: it is a list of what to add, or {"add": […], "remove": […]}.`, c.Name)
		}
	}
	if slices.Contains(change.Add, "") || slices.Contains(change.Remove, "") {
		return refused(c.Name, fault.Invalid, nil, "%s cannot hold an empty text.", c.Name)
	}
	for _, e := range change.Add {
		values[c.Name+"."+e] = record.Number(1)
	}
	for _, e := range change.Remove {
		values[c.Name+"."+e] = record.Null
	}
	return nil
}

// cellValue returns one value of a keyed column.
func cellValue(cell any) (record.Value, error) {
	switch cell := cell.(type) {
	case nil:
		return record.Null, nil
	case string:
		if strings.ContainsRune(cell, 0) {
			return record.Null, errNoText
		}
		return record.Text(cell), nil
	case json.Number:
		n, err := cell.Int64()
		return record.Number(n), err
	}
	return record.Null, strconv.ErrSyntax
}

// read returns what a body says, by the columns that it may have.
func read(body []byte, column func(name string) *schema.Column) (record.Values, error) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(body, &given); err != nil || given == nil || !utf8.Valid(body) {
		return nil, fault.Wrap(BadRequest, "The body is no JSON object in UTF-8.", err)
	}
	values := record.Values{}
	for name, raw := range given {
		c := column(name)
		if c == nil {
			return nil, refused(name, UnknownField, nil, "There is no field %s to be written here. The OpenAPI document lists them.", name)
		}
		if err := decode(c, raw, values); err != nil {
			return nil, err
		}
	}
	return values, nil
}
