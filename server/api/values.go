package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

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
	if err != nil {
		return fault.Wrap(fault.Invalid, c.Name+" cannot be read: "+expected[c.Kind], err)
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
		err := json.Unmarshal(raw, &m)
		return record.Money(m.Minor, m.Currency), err
	case schema.Quantity:
		var q struct{ Amount, Unit string }
		if err := json.Unmarshal(raw, &q); err != nil {
			return record.Null, err
		}
		n, err := scaled(q.Amount, int(c.Scale))
		return record.Quantity(n, q.Unit), err
	case schema.AnyRef:
		var r aftersales.Row
		err := json.Unmarshal(raw, &r)
		return r.Value(), err
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return record.Null, err
	}
	return textValue(c, s)
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
	if s == "" {
		return record.Null, nil
	}
	return record.Text(s), nil
}

// scaled reads a decimal number of at most so many decimals.
func scaled(s string, scale int) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) > scale {
		return 0, strconv.ErrRange
	}
	return strconv.ParseInt(whole+frac+strings.Repeat("0", scale-len(frac)), 10, 64)
}

// decodeKeyed reads a set, {"add": […], "remove": […]} or the list of what to add, or texts by their keys.
func decodeKeyed(c *schema.Column, raw json.RawMessage, values record.Values) error {
	if c.Kind == schema.Set {
		var change struct{ Add, Remove []string }
		if json.Unmarshal(raw, &change.Add) != nil {
			if err := json.Unmarshal(raw, &change); err != nil {
				return fault.Wrap(fault.Invalid, c.Name+` cannot be read: it is a list of what to add, or {"add": […], "remove": […]}`, err)
			}
		}
		for _, e := range change.Add {
			values[c.Name+"."+e] = record.Number(1)
		}
		for _, e := range change.Remove {
			values[c.Name+"."+e] = record.Null
		}
		return nil
	}
	var cells map[string]any
	if err := json.Unmarshal(raw, &cells); err != nil {
		return fault.Wrap(fault.Invalid, c.Name+" cannot be read: it is an object of values by their keys", err)
	}
	for key, cell := range cells {
		switch cell := cell.(type) {
		case nil:
			values[c.Name+"."+key] = record.Null
		case string:
			values[c.Name+"."+key] = record.Text(cell)
		case float64:
			values[c.Name+"."+key] = record.Number(int64(cell))
		default:
			return fault.New(fault.Invalid, c.Name+"."+key+" cannot be read: it is a text or a whole number")
		}
	}
	return nil
}

// read returns what a body says, by the columns that it may have.
func read(body []byte, column func(name string) *schema.Column) (record.Values, error) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(body, &given); err != nil {
		return nil, fault.Wrap(BadRequest, "The body is no JSON object.", err)
	}
	values := record.Values{}
	for name, raw := range given {
		c := column(name)
		if c == nil {
			return nil, fault.New(UnknownField, "There is no field "+name+" to be written here. The OpenAPI document lists them.")
		}
		if err := decode(c, raw, values); err != nil {
			return nil, err
		}
	}
	return values, nil
}
