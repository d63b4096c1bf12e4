package record

import (
	"cmp"
	"encoding/binary"
	"errors"
	"iter"
	"math"
	"strings"
	"unicode/utf8"

	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
)

// Shape says which parts of a Value carry something. Its numbers are part of the encoding.
type Shape uint8

// The shapes.
const (
	ShapeNull   Shape = 0 // nothing
	ShapeNumber Shape = 1 // integer, decimal, instant, date
	ShapeText   Shape = 2 // text, enum, reference
	ShapeBoth   Shape = 3 // money, quantity, reference to any table
	ShapeMap    Shape = 4 // a keyed column as a whole: its cells, packed
)

// Value is one value of a column: immutable, comparable with ==, meaningful only together with its column's kind.
// The zero Value is null.
type Value struct {
	text   string
	number int64
	shape  Shape
}

// Null is the absent value.
var Null = Value{}

// Text returns a text or enum code.
func Text(s string) Value { return Value{text: s, shape: ShapeText} }

// Number returns an integer, or a decimal at its column's scale.
func Number(n int64) Value { return Value{number: n, shape: ShapeNumber} }

// Instant returns a moment, in milliseconds since 1970 UTC.
func Instant(ms int64) Value { return Number(ms) }

// Date returns a local date, in days since 1970-01-01.
func Date(days int64) Value { return Number(days) }

// Money returns an amount in minor units of an ISO 4217 currency.
func Money(minor int64, currency string) Value { return Value{currency, minor, ShapeBoth} }

// Quantity returns an amount at its column's scale, and its unit.
func Quantity(amount int64, unit string) Value { return Value{unit, amount, ShapeBoth} }

// Ref returns a reference to the row with that id; the zero id gives null.
func Ref(id ID) Value {
	if id.IsZero() {
		return Null
	}
	return Text(string(id[:]))
}

// AnyRef returns a reference to a row of any table.
func AnyRef(k Key) Value {
	if k.ID.IsZero() {
		return Null
	}
	return Value{string(k.ID[:]), int64(k.Table), ShapeBoth}
}

// Compose returns the value of that shape with those parts, as a decoder finds them. It reports false for what no
// Value has: a part that the shape lacks, or a map whose text is not packed.
func Compose(s Shape, number int64, text string) (Value, bool) {
	numbered := s == ShapeNumber || s == ShapeBoth
	switch {
	case s > ShapeMap, number != 0 && !numbered, text != "" && s < ShapeText, s == ShapeMap && !wellPacked(text):
		return Null, false
	}
	return Value{text, number, s}, true
}

// Shape returns the value's shape.
func (v Value) Shape() Shape { return v.shape }

// IsNull reports whether the value is absent.
func (v Value) IsNull() bool { return v.shape == ShapeNull }

// Number returns the number, 0 if there is none.
func (v Value) Number() int64 { return v.number }

// Text returns the text: the text itself, a currency or a unit; "" if there is none.
func (v Value) Text() string { return v.text }

// Ref returns the id referred to, zero if there is none.
func (v Value) Ref() (id ID) {
	if len(v.text) == len(id) {
		copy(id[:], v.text)
	}
	return id
}

// Key returns the row that an AnyRef refers to.
func (v Value) Key() Key { return Key{schema.TableID(v.number), v.Ref()} }

// Compare orders two values of one column: null first, then by number, then by text.
func (v Value) Compare(w Value) int {
	return cmp.Or(cmp.Compare(v.shape, w.shape), cmp.Compare(v.number, w.number), strings.Compare(v.text, w.text))
}

// ErrEncoding says that bytes are not the canonical encoding of what they should be.
var ErrEncoding = errors.New("record: malformed encoding")

// AppendBinary appends the value's canonical encoding: its shape, then as the shape says a zigzag varint and a text
// with its length before it.
func (v Value) AppendBinary(b []byte) []byte {
	b = append(b, byte(v.shape))
	if v.shape == ShapeNumber || v.shape == ShapeBoth {
		b = binary.AppendVarint(b, v.number)
	}
	if v.shape >= ShapeText {
		b = appendText(b, v.text)
	}
	return b
}

// CutValue decodes a value from the front of b and returns what follows it. The error is ErrEncoding.
func CutValue(b []byte) (Value, []byte, error) {
	r := reader{b: b}
	v := r.value()
	return v, r.b, r.err
}

// Map returns the packed value of a keyed column with the given cells; cells that are null are left out, and a map
// without cells is null. Keys are ordered, so that equal maps are equal values.
func Map(cells iter.Seq2[string, Value]) Value {
	var m mapBuilder
	for k, v := range cells {
		m.put(k, v)
	}
	return m.value()
}

// Cells yields the cells of a keyed column's packed value, in the order of their keys.
func (v Value) Cells() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.shape != ShapeMap {
			return
		}
		r := reader{b: []byte(v.text)}
		for r.err == nil && len(r.b) > 0 {
			k, c := r.text(), r.value()
			if r.err != nil || !yield(k, c) {
				return
			}
		}
	}
}

// Cell returns the cell of a keyed column's packed value, null if it has none.
func (v Value) Cell(key string) Value {
	for k, c := range v.Cells() {
		if k == key {
			return c
		}
	}
	return Null
}

// WithCell returns the packed value with one cell set, or removed where c is null.
func (v Value) WithCell(key string, c Value) Value {
	var m mapBuilder
	for k, old := range v.Cells() {
		m.put(k, old)
	}
	m.put(key, c)
	return m.value()
}

// packed wraps the encoded cells of a keyed column, which must be in order.
func packed(cells string) Value {
	if cells == "" {
		return Null
	}
	return Value{text: cells, shape: ShapeMap}
}

// MaxKey is the longest key of a keyed column, in bytes; MaxMap the longest packed value; MaxCells how many cells a
// row ever has, those that were emptied included.
const (
	MaxKey   = 255
	MaxMap   = 64 << 10
	MaxCells = 4096
)

// Check reports whether v may stand in a cell of column c: key "" for a plain column. A null value fits every
// column; whether it may be absent is for the row to say. The error is a *fault.Error with the code fault.Invalid, or
// fault.OutOfRange for a number beyond its Bounds.
func Check(c *schema.Column, key string, v Value) error {
	if c.Kind.Keyed() != (key != "") || len(key) > MaxKey || !isText(key) {
		return fault.Newf(fault.Invalid, "%v has a malformed key", c.Name)
	}
	if v.IsNull() {
		return nil
	}
	if want := shapeOf(c.Kind); want != 0 && v.shape != want {
		return fault.Newf(fault.Invalid, "%v has a value of another kind than %v", c.Name, c.Kind.String())
	}
	if err := checkBounds(c, v); err != nil {
		return err
	}
	switch c.Kind {
	case schema.Text, schema.Translated:
		if len(v.text) > c.MaxText() || !isText(v.text) {
			return fault.Newf(fault.Invalid, "%v is too long or not text", c.Name)
		}
	case schema.Enum:
		if len(v.text) > MaxKey || !isText(v.text) {
			return fault.Newf(fault.Invalid, "%v has a malformed code", c.Name)
		}
		if len(c.Codes) > 0 && c.Rank(v.text) < 0 {
			return fault.Newf(fault.Invalid, "%v has the unknown code %s", c.Name, v.text)
		}
	case schema.Money:
		if !isCurrency(v.text) {
			return fault.Newf(fault.Invalid, "%v needs a currency of three capital letters", c.Name)
		}
	case schema.Quantity:
		if len(v.text) > 16 || !isText(v.text) {
			return fault.Newf(fault.Invalid, "%v has a malformed unit", c.Name)
		}
	case schema.Ref, schema.AnyRef:
		if v.Ref().IsZero() || c.Kind == schema.AnyRef && (v.number < 1 || v.number > math.MaxUint16) {
			return fault.Newf(fault.Invalid, "%v refers to nothing", c.Name)
		}
	case schema.Set:
		if v.number != 1 {
			return fault.Newf(fault.Invalid, "%v marks an element with something else than 1", c.Name)
		}
	case schema.Fields:
		if v.shape == ShapeMap || len(v.text) > c.MaxText() || !isText(v.text) {
			return fault.Newf(fault.Invalid, "%v has a field value that is too long or of no known shape", c.Name)
		}
	}
	return nil
}

// isText reports whether every store can keep s as text: PostgreSQL refuses a zero byte.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func isCurrency(s string) bool {
	return len(s) == 3 && !strings.ContainsFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' })
}

// shapeOf returns the shape of a cell of a column of that kind, 0 where several will do.
func shapeOf(k schema.Kind) Shape {
	switch k {
	case schema.Integer, schema.Decimal, schema.Instant, schema.Date, schema.Set:
		return ShapeNumber
	case schema.Text, schema.Translated, schema.Enum, schema.Ref:
		return ShapeText
	case schema.Money, schema.Quantity, schema.AnyRef:
		return ShapeBoth
	}
	return 0
}
