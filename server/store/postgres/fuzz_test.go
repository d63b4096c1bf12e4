package postgres

import (
	"bytes"
	"database/sql/driver"
	"math"
	"reflect"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

var everyType = []uint32{typeBool, typeBytes, typeInt8, typeInt2, typeInt4, typeFloat8, typeNumeric, 25, 0, math.MaxUint32}

// FuzzDecode reads any bytes as a value of any type: a value of a kind that a driver may give, which shares nothing with
// the bytes, or an error. What is sent back in the same form is the same again.
func FuzzDecode(f *testing.F) {
	for _, oid := range everyType {
		for _, b := range []string{"", "\x00", "\x01", "\x02", "12345678", "\xff\xff\xff\xff\xff\xff\xff\xff", "1.5", "NaN", "-Infinity", "1e999", "0x1p4", "99999999999999999999", "\xff"} {
			f.Add([]byte(b), oid)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, oid uint32) {
		received := bytes.Clone(b)
		v, err := decode(received, oid)
		if err != nil {
			if v != nil {
				t.Fatalf("%v, and the value %v", err, v)
			}
			return
		}
		if !driver.IsValue(v) {
			t.Fatalf("a %T is none of a driver's values", v)
		}
		again, _ := decode(bytes.Clone(b), oid)
		for i := range received {
			received[i] ^= 0xff
		}
		if !same(v, again) {
			t.Fatalf("the value %v lies in the bytes received", v)
		}
		sent, format, err := encode(v, oid)
		if err != nil {
			t.Fatalf("%v was read and cannot be sent: %v", v, err)
		}
		if back, err := decode(sent, oid); format == formatOf(oid) && oid != typeNumeric && (err != nil || !same(v, back)) {
			t.Fatalf("%v comes back as %v: %v", v, back, err)
		}
	})
}

func same(v, w driver.Value) bool {
	x, float := v.(float64)
	y, both := w.(float64)
	return reflect.DeepEqual(v, w) || float && both && math.Float64bits(x) == math.Float64bits(y)
}

// FuzzDecodeRow reads any bytes as a row, of as many values as it claims: more or fewer than the query has columns are
// refused.
func FuzzDecodeRow(f *testing.F) {
	f.Add([]byte("12345678,1.5,x"), uint8(3), uint8(3))
	f.Add([]byte("1,2"), uint8(1), uint8(2))
	f.Add([]byte(""), uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, columns, room uint8) {
		received := bytes.Split(b, []byte(","))
		fields := make([]pgconn.FieldDescription, columns)
		for i := range fields {
			fields[i].DataTypeOID = everyType[i%len(everyType)]
		}
		err := decodeRow(make([]driver.Value, room), received, fields)
		if err == nil && (len(received) != int(columns) || columns > room) {
			t.Fatalf("%d values were read for %d columns into %d places", len(received), columns, room)
		}
	})
}
