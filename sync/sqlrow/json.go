package sqlrow

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// toJSON returns the JSON form of a keyed column: an array of a set's elements, else an object of its cells. It is
// canonical, cells in the order of their keys, and loses nothing; what could not be read back is refused with
// fault.Invalid.
func toJSON(c *schema.Column, v record.Value) (string, error) {
	b := []byte{'{'}
	if c.Kind == schema.Set {
		b[0] = '['
	}
	for key, cell := range v.Cells() {
		if len(b) > 1 {
			b = append(b, ',')
		}
		if !utf8.ValidString(key) || !utf8.ValidString(cell.Text()) || c.Kind == schema.Set && cell != element {
			return "", fault.New(fault.Invalid, c.Name+" has a cell that is not text or not of its kind")
		}
		b = appendString(b, key)
		if c.Kind != schema.Set {
			b = appendCell(append(b, ':'), cell)
		}
	}
	return string(append(b, b[0]+2)), nil // in ASCII '}' is '{'+2 and ']' is '['+2
}

// element is the cell of an element that is in a set.
var element = record.Number(1)

func appendCell(b []byte, v record.Value) []byte {
	switch v.Shape() {
	case record.ShapeNumber:
		return strconv.AppendInt(b, v.Number(), 10)
	case record.ShapeText:
		return appendString(b, v.Text())
	}
	b = strconv.AppendInt(append(b, `{"number":`...), v.Number(), 10)
	return append(appendString(append(b, `,"text":`...), v.Text()), '}')
}

const hexDigits = "0123456789abcdef"

// appendString appends a JSON string. Everything that need not be escaped stands as it is, so that LIKE finds it.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// fromJSON reads what toJSON returned.
func fromJSON(c *schema.Column, text string) (record.Value, error) {
	if c.Kind == schema.Set {
		var keys []string
		err := json.Unmarshal([]byte(text), &keys)
		return record.Map(func(yield func(string, record.Value) bool) {
			for _, k := range keys {
				if !yield(k, element) {
					return
				}
			}
		}), err
	}
	var cells map[string]cell
	err := json.Unmarshal([]byte(text), &cells)
	return record.Map(func(yield func(string, record.Value) bool) {
		for k, v := range cells {
			if !yield(k, v.Value) {
				return
			}
		}
	}), err
}

// cell is a record.Value that reads itself from what appendCell wrote.
type cell struct{ record.Value }

// UnmarshalJSON implements json.Unmarshaler.
func (c *cell) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		var s string
		err := json.Unmarshal(b, &s)
		c.Value = record.Text(s)
		return err
	case len(b) > 0 && b[0] == '{':
		var both struct {
			Number int64
			Text   string
		}
		err := json.Unmarshal(b, &both)
		c.Value = record.Quantity(both.Number, both.Text)
		return err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return fmt.Errorf("a cell is neither a text nor a whole number: %s", b)
	}
	c.Value = record.Number(n)
	return nil
}
