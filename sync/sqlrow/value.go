package sqlrow

import (
	"database/sql/driver"
	"errors"
	"fmt"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// appendValue appends what stands in the SQL columns of one column of the schema. A value that the column cannot hold
// without loss is refused with fault.Invalid.
func appendValue(args []driver.Value, c *schema.Column, v record.Value) ([]driver.Value, error) {
	if c.Has(schema.Sealed) {
		return appendSealed(args, v), nil
	}
	if v.IsNull() {
		if shapeOf(c.Kind) == record.ShapeBoth {
			args = append(args, nil)
		}
		return append(args, nil), nil
	}
	if v.Shape() != shapeOf(c.Kind) {
		return nil, fault.New(fault.Invalid, c.Name+" has a value of another kind than "+c.Kind.String())
	}
	switch c.Kind {
	case schema.Integer, schema.Decimal, schema.Instant, schema.Date:
		return append(args, v.Number()), nil
	case schema.Text, schema.Enum:
		return append(args, v.Text()), nil
	case schema.Money, schema.Quantity:
		return append(args, v.Number(), v.Text()), nil
	case schema.Ref, schema.AnyRef:
		return appendRef(args, c, v)
	}
	packed, err := toJSON(c, v)
	return append(args, packed), err
}

func appendRef(args []driver.Value, c *schema.Column, v record.Value) ([]driver.Value, error) {
	if v.Ref().IsZero() {
		return nil, fault.New(fault.Invalid, c.Name+" refers to nothing")
	}
	if c.Kind == schema.AnyRef {
		args = append(args, v.Number())
	}
	return append(args, []byte(v.Text())), nil
}

// shapeOf returns the shape of the values of a column of that kind.
func shapeOf(k schema.Kind) record.Shape {
	switch k {
	case schema.Integer, schema.Decimal, schema.Instant, schema.Date:
		return record.ShapeNumber
	case schema.Text, schema.Enum, schema.Ref:
		return record.ShapeText
	case schema.Money, schema.Quantity, schema.AnyRef:
		return record.ShapeBoth
	}
	return record.ShapeMap
}

// value reads the value of column c from the SQL columns that begin at i, and returns where the next one's begin.
func (r *Rows) value(i int, c *schema.Column) (v record.Value, next int, err error) {
	if c.Has(schema.Sealed) {
		return r.sealed(i)
	}
	switch c.Kind {
	case schema.Integer, schema.Decimal, schema.Instant, schema.Date:
		next = i + 1
		if !r.Null(i) {
			v = record.Number(r.Int(i))
		}
	case schema.Text, schema.Enum:
		next = i + 1
		if !r.Null(i) {
			v = record.Text(r.Text(i))
		}
	case schema.Money, schema.Quantity:
		next = i + 2
		if !r.Null(i) {
			v = record.Money(r.Int(i), r.Text(i+1)) // a quantity has the same form: a number and a text
		}
	case schema.Ref:
		return record.Ref(r.ID(i)), i + 1, r.err
	case schema.AnyRef:
		return record.AnyRef(record.Key{Table: schema.TableID(r.Int(i)), ID: r.ID(i + 1)}), i + 2, r.err
	default:
		next = i + 1
		if !r.Null(i) {
			v, err = fromJSON(c, r.Text(i))
		}
	}
	if err == nil {
		err = r.err
	}
	return v, next, err
}

// ErrUnreadable is wrapped by the error of a row that stands in the database as this package never wrote it.
var ErrUnreadable = errors.New("sqlrow: unreadable row")

func unreadable(t *schema.Table, id record.ID, err error) error {
	return fmt.Errorf("%w: %s %s: %w", ErrUnreadable, t.Name, id, err)
}
