package blob

import (
	"errors"
	"io"
)

// What makes a JPEG unreadable, and what makes it one for the standard library: colours that a camera does not use.
var (
	errJPEG  = errors.New("blob: this JPEG is damaged")
	errOther = errors.New("blob: this is no JPEG of a camera's kind")
)

// source reads bytes one by one.
type source struct {
	r   io.Reader
	buf [4 << 10]byte
	at  int
	end int
	err error
}

// next returns a byte; false at the end, or where reading fails.
func (s *source) next() (byte, bool) {
	for s.at == s.end {
		if s.err != nil {
			return 0, false
		}
		s.at = 0
		s.end, s.err = s.r.Read(s.buf[:])
	}
	s.at++
	return s.buf[s.at-1], true
}

// full fills p.
func (s *source) full(p []byte) error {
	for i := range p {
		c, ok := s.next()
		if !ok {
			return errJPEG
		}
		p[i] = c
	}
	return nil
}

// marker looks for the next marker, over whatever lies before it.
func (s *source) marker() (byte, error) {
	for c, ok := s.next(); ok; c, ok = s.next() {
		for c == 0xff && ok {
			if c, ok = s.next(); ok && c != 0 && c != 0xff {
				return c, nil
			}
		}
	}
	return 0, errJPEG
}

// bits reads what lies between two markers bit by bit. Behind the end it yields zeros, for a code may be looked for in more
// bits than it has; taking one of them is an error.
type bits struct {
	*source
	acc    uint64 // its last n bits are the next ones
	n      uint
	behind uint // how many of them lie behind the end
	found  byte // the marker that ended them; 0 for none yet
	ended  bool
}

func (b *bits) fill() {
	for b.n <= 48 {
		c, ok := b.octet()
		if b.acc <<= 8; ok {
			b.acc |= uint64(c)
		} else {
			b.behind += 8
		}
		b.n += 8
	}
}

// octet returns the next byte of what is coded: 0xff stands there as 0xff 0.
func (b *bits) octet() (byte, bool) {
	if b.ended {
		return 0, false
	}
	c, ok := b.next()
	for ok && c == 0xff {
		if c, ok = b.next(); c == 0 {
			return 0xff, ok
		}
		if ok && c != 0xff {
			b.found, ok = c, false
		}
	}
	b.ended = !ok
	return c, ok
}

// peek returns the next n bits, 16 at most, and leaves them there.
func (b *bits) peek(n uint) uint32 {
	if b.n < n {
		b.fill()
	}
	return uint32(b.acc>>(b.n-n)) & (1<<n - 1)
}

func (b *bits) drop(n uint) error {
	if b.n -= n; b.n < b.behind {
		return errJPEG
	}
	return nil
}

func (b *bits) take(n uint) (int32, error) {
	v := b.peek(n)
	return int32(v), b.drop(n)
}

// number reads a value of so many bits: the upper half of what they can say is positive.
func (b *bits) number(n uint) (int32, error) {
	v, err := b.take(n)
	if n > 0 && v < 1<<(n-1) {
		v += 1 - 1<<n
	}
	return v, err
}

// finish returns the marker behind what was read, and begins anew there.
func (b *bits) finish() (m byte, err error) {
	if m = b.found; m == 0 {
		m, err = b.marker()
	}
	*b = bits{source: b.source}
	return m, err
}

// huffman is a code: short ones are looked up, long ones searched.
type huffman struct {
	short  [256]uint16 // by the next eight bits: length and value; 0 for a longer code
	first  [17]int32   // by length: the first code, and what comes after the last
	behind [17]int32
	place  [17]int32 // where the value of the first code lies
	values []byte
}

// newHuffman makes a code of how many there are of each length, and of their values.
func newHuffman(counts [16]byte, values []byte) *huffman {
	h := &huffman{values: values}
	code, at := int32(0), int32(0)
	for i, n := range counts {
		length := i + 1
		h.first[length], h.place[length] = code, at
		for range n {
			if length <= 8 && code < 1<<length {
				for low := range int32(1) << (8 - length) {
					h.short[code<<(8-length)|low] = uint16(length)<<8 | uint16(values[at])
				}
			}
			code++
			at++
		}
		h.behind[length] = code
		code <<= 1
	}
	return h
}

// symbol reads a value.
func (b *bits) symbol(h *huffman) (byte, error) {
	if h == nil {
		return 0, errJPEG
	}
	next := b.peek(16)
	if e := h.short[next>>8]; e != 0 {
		return byte(e), b.drop(uint(e >> 8))
	}
	for length := uint(1); length <= 16; length++ {
		if code := int32(next >> (16 - length)); code >= h.first[length] && code < h.behind[length] {
			return h.values[h.place[length]+code-h.first[length]], b.drop(length)
		}
	}
	return 0, errJPEG
}
