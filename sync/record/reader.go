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
	b       []byte
	bounded bool // what is read comes from somebody who may be hostile ...
	room    int  // ... and may still take so many bytes of memory
	err     error
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

// reserve accounts for memory that is about to be allocated, and reports whether there is room.
func (r *reader) reserve(n int) bool {
	if r.room -= n; r.bounded && r.room < 0 {
		r.fail()
	}
	return r.err == nil
}

func (r *reader) text() string {
	n := r.count(1)
	if !r.reserve(sizeOfText(n)) {
		return ""
	}
	return string(r.bytes(n))
}

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
	if n, _ := binary.Uvarint(r.b); n > clock.MaxVectorLen || !r.reserve(sizeOfDots(int(n))) {
		r.fail()
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
	r, last, first := scanner{s: s}, "", true
	for r.s != "" {
		key := r.text()
		shape := r.shape()
		if !first && key <= last || shape == ShapeNull || shape >= ShapeMap || r.failed {
			return false
		}
		if shape == ShapeNumber || shape == ShapeBoth {
			r.uvarint()
		}
		if shape >= ShapeText {
			r.text()
		}
		last, first = key, false
	}
	return !r.failed && !first
}

// scanner walks over an encoding where it lies: it takes no memory, whatever stands there. Its first fault ends it.
type scanner struct {
	s      string
	failed bool
}

func (r *scanner) cut(n uint64) string {
	if n > uint64(len(r.s)) {
		r.s, r.failed = "", true
		return ""
	}
	p := r.s[:n]
	r.s = r.s[n:]
	return p
}

func (r *scanner) text() string { return r.cut(r.uvarint()) }

func (r *scanner) shape() Shape {
	if p := r.cut(1); p != "" {
		return Shape(p[0])
	}
	return ShapeNull
}

func (r *scanner) uvarint() (x uint64) {
	for shift := 0; ; shift += 7 {
		p := r.cut(1)
		if p == "" || shift == 63 && p[0] > 1 || shift > 0 && p[0] == 0 { // cut off, too long, or not the shortest form
			r.s, r.failed = "", true
			return 0
		}
		if x |= uint64(p[0]&0x7f) << shift; p[0] < 0x80 {
			return x
		}
	}
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
