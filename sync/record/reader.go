package record

import (
	"encoding/binary"
	"math"
	"sort"

	"fieldsync/sync/clock"
	"fieldsync/sync/schema"
)

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader decodes from the front of b; the first fault sticks in err and every later read gives zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() { r.b, r.err = nil, ErrEncoding }

func (r *reader) uvarint() uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 || n > 1 && r.b[n-1] == 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return x
}

// below reads a number that must not exceed top: a wider one would be cut off, and not be what was written.
func (r *reader) below(top uint64) uint64 {
	x := r.uvarint()
	if x > top {
		r.fail()
		return 0
	}
	return x
}

func (r *reader) table() schema.TableID   { return schema.TableID(r.below(math.MaxUint16)) }
func (r *reader) column() schema.ColumnID { return schema.ColumnID(r.below(math.MaxUint16)) }

func (r *reader) varint() int64 {
	x := r.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}

// count reads a number of things that each take at least size bytes, so that a lie cannot reserve memory.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.b)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) text() string { return string(r.bytes(r.count(1))) }

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) id() (id ID) {
	copy(id[:], r.bytes(len(id)))
	return id
}

func (r *reader) dot() clock.Dot {
	return clock.Dot{Actor: clock.Actor(r.uvarint()), Counter: r.uvarint()}
}

func (r *reader) vector() clock.Vector {
	if r.err != nil {
		return clock.Vector{}
	}
	v, rest, err := clock.CutVector(r.b)
	if err != nil {
		r.fail()
		return clock.Vector{}
	}
	r.b = rest
	return v
}

func (r *reader) value() Value {
	v := Value{shape: Shape(r.byte())}
	if v.shape > ShapeMap {
		r.fail()
		return Null
	}
	if v.shape == ShapeNumber || v.shape == ShapeBoth {
		v.number = r.varint()
	}
	if v.shape >= ShapeText {
		v.text = r.text()
	}
	if v.shape == ShapeMap && !wellPacked(v.text) {
		r.fail()
	}
	if r.err != nil {
		return Null
	}
	return v
}

// wellPacked reports whether s is the packed form of a map: at least one cell, keys in order, no null, no map inside.
func wellPacked(s string) bool {
	r, last, first := reader{b: []byte(s)}, "", true
	for r.err == nil && len(r.b) > 0 {
		key := r.text()
		if len(r.b) > 0 && Shape(r.b[0]) == ShapeMap {
			return false
		}
		v := r.value()
		if !first && key <= last || v.IsNull() {
			return false
		}
		last, first = key, false
	}
	return r.err == nil && !first
}

// mapBuilder gathers the cells of a keyed column.
type mapBuilder struct{ cells map[string]Value }

func (m *mapBuilder) put(key string, v Value) {
	if m.cells == nil {
		m.cells = map[string]Value{}
	}
	if v.IsNull() {
		delete(m.cells, key)
		return
	}
	m.cells[key] = v
}

func (m *mapBuilder) value() Value {
	keys := make([]string, 0, len(m.cells))
	for k := range m.cells {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b []byte
	for _, k := range keys {
		b = m.cells[k].AppendBinary(appendText(b, k))
	}
	return packed(string(b))
}
