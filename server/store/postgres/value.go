package postgres

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// The types of PostgreSQL that are told apart, by their object ids, which never change.
const (
	typeBool    = 16
	typeBytes   = 17
	typeInt8    = 20
	typeInt2    = 21
	typeInt4    = 23
	typeFloat8  = 701
	typeNumeric = 1700
)

// The forms in which values travel.
const (
	asText   int16 = 0
	asBinary int16 = 1
)

// formatOf returns the form in which values of a type are asked for.
func formatOf(oid uint32) int16 {
	switch oid {
	case typeBool, typeBytes, typeInt8, typeInt2, typeInt4, typeFloat8:
		return asBinary
	}
	return asText
}

// encode returns the value as a parameter of the type.
func encode(v driver.Value, oid uint32) (b []byte, format int16, err error) {
	switch v := v.(type) {
	case nil:
		return nil, asText, nil
	case int64:
		return encodeNumber(v, oid)
	case bool:
		return encodeNumber(map[bool]int64{true: 1}[v], oid)
	case float64:
		return strconv.AppendFloat(nil, v, 'g', -1, 64), asText, nil
	case string:
		if oid == typeBytes {
			return []byte(v), asBinary, nil
		}
		return []byte(v), asText, nil
	case []byte:
		if v == nil {
			return nil, asText, nil
		}
		if oid == typeBytes {
			return v, asBinary, nil
		}
		return v, asText, nil
	}
	return nil, 0, fmt.Errorf("a %T is no value of a column", v)
}

func encodeNumber(n int64, oid uint32) (b []byte, format int16, err error) {
	switch oid {
	case typeInt8:
		return binary.BigEndian.AppendUint64(nil, uint64(n)), asBinary, nil
	case typeBool:
		if n == 0 {
			return []byte{0}, asBinary, nil
		}
		return []byte{1}, asBinary, nil
	}
	return strconv.AppendInt(nil, n, 10), asText, nil
}

// decode returns a value that was received; what it returns is the caller's.
func decode(b []byte, oid uint32) (driver.Value, error) {
	if b == nil {
		return nil, nil
	}
	switch {
	case oid == typeBytes:
		return append([]byte{}, b...), nil
	case oid == typeBool && len(b) == 1 && b[0] <= 1:
		return int64(b[0]), nil
	case oid == typeInt8 && len(b) == 8:
		return int64(binary.BigEndian.Uint64(b)), nil
	case oid == typeInt4 && len(b) == 4:
		return int64(int32(binary.BigEndian.Uint32(b))), nil
	case oid == typeInt2 && len(b) == 2:
		return int64(int16(binary.BigEndian.Uint16(b))), nil
	case oid == typeFloat8 && len(b) == 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case oid == typeNumeric:
		return decodeNumeric(string(b))
	case formatOf(oid) == asBinary:
		return nil, fmt.Errorf("postgres: %d bytes for a value of type %d", len(b), oid)
	}
	return string(b), nil
}

// decodeNumeric reads what a sum of numbers is: a whole number, or else one with a fraction.
func decodeNumeric(text string) (driver.Value, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("postgres: a number that is none: %w", err)
	}
	return x, nil
}
