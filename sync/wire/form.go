package wire

import (
	"encoding/binary"
	"reflect"
	"strings"
	"unicode/utf8"

	"fieldsync/sync/fault"
)

// form walks the fields of a message in the order of their bytes, and either writes or reads them: one description of
// a message serves both ways, so that the two cannot drift apart. Writing never assigns to a message, which others may
// be sending too. The first fault sticks in err; after it, what is written is worthless and what is read is zero.
type form struct {
	b       []byte // written so far, or left to read
	reading bool
	room    int // bytes that may still be allocated for what is read, beyond the body
	widest  int // rows of the largest batch read: the working memory is made for so many
	err     error
	*scratch
}

var (
	errMalformed = fault.New(fault.Malformed, "these bytes are no message of this protocol; update the app")
	errEarly     = fault.New(fault.Malformed, "a device says who it is before it sends this")
	errTooLarge  = fault.New(fault.TooLarge, "the message is larger than this protocol allows; send it in parts")
	errUnsayable = fault.New(fault.Internal, "a message was to be sent that breaks the rules of its type")
)

// malformed records that the message is not well formed.
func (f *form) malformed() {
	if f.reading {
		f.fail(errMalformed)
	} else {
		f.fail(errUnsayable)
	}
}

func (f *form) fail(err error) {
	if f.err == nil {
		f.err = err
	}
	if f.reading {
		f.b = nil
	}
}

// reserve accounts for memory that is about to be allocated for what is read, and reports whether there is room.
func (f *form) reserve(n, size int) bool {
	if size > 0 && n > f.room/size {
		f.fail(errTooLarge)
	} else if f.room -= rounded(n * size); f.room < 0 {
		f.fail(errTooLarge)
	}
	return f.err == nil
}

// rounded returns what an allocation of n bytes takes at most: the allocator gives sizes of its own.
func rounded(n int) int {
	if n == 0 {
		return 0
	}
	return n + min(n/8+16, 8<<10)
}

// take reads the next n bytes; they are part of the input.
func (f *form) take(n int) []byte {
	if n < 0 || n > len(f.b) {
		f.malformed()
		return nil
	}
	p := f.b[:n:n]
	f.b = f.b[n:]
	return p
}

func (f *form) readUvarint() uint64 {
	x, n := binary.Uvarint(f.b)
	if n <= 0 || n > 1 && f.b[n-1] == 0 { // too long, or not the shortest form
		f.malformed()
		return 0
	}
	f.b = f.b[n:]
	return x
}

func (f *form) writeUvarint(x uint64) { f.b = binary.AppendUvarint(f.b, x) }

func (f *form) readByte() byte {
	if p := f.take(1); p != nil {
		return p[0]
	}
	return 0
}

// unsigned walks a number as a varint.
func unsigned[T ~uint8 | ~uint16 | ~uint32 | ~uint64](f *form, p *T) {
	if !f.reading {
		f.writeUvarint(uint64(*p))
		return
	}
	x := f.readUvarint()
	if *p = T(x); uint64(*p) != x {
		f.malformed()
		*p = 0
	}
}

// between walks a number that must lie in [lo, hi].
func between[T ~uint8 | ~uint16 | ~uint32 | ~uint64](f *form, p *T, lo, hi T) {
	if unsigned(f, p); *p < lo || *p > hi {
		f.malformed()
		zeroIfRead(f, p)
	}
}

// zeroIfRead keeps what was refused from being used: a length, say.
func zeroIfRead[T any](f *form, p *T) {
	if f.reading {
		var zero T
		*p = zero
	}
}

// signed walks a number as a zigzag varint.
func (f *form) signed(p *int64) {
	if f.reading {
		*p = unzigzag(f.readUvarint())
	} else {
		f.writeUvarint(zigzag(*p))
	}
}

// small walks a number that is never negative and fits 31 bits.
func (f *form) small(p *int) {
	x := uint64(*p)
	if between(f, &x, 0, 1<<31-1); f.reading {
		*p = int(x)
	}
}

// octet walks one byte in [lo, hi].
func octet[T ~uint8](f *form, p *T, lo, hi T) {
	if !f.reading {
		f.b = append(f.b, byte(*p))
	} else {
		*p = T(f.readByte())
	}
	if *p < lo || *p > hi {
		f.malformed()
		zeroIfRead(f, p)
	}
}

// bool walks one byte, 0 or 1.
func (f *form) bool(p *bool) {
	x := uint8(0)
	if *p {
		x = 1
	}
	if octet(f, &x, 0, 1); f.reading {
		*p = x == 1
	}
}

// word walks eight bytes, the highest first.
func (f *form) word(p *uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], *p)
	if f.fixed(b[:]); f.reading {
		*p = binary.BigEndian.Uint64(b[:])
	}
}

// fixed walks bytes whose number is known.
func (f *form) fixed(p []byte) {
	if f.reading {
		copy(p, f.take(len(p)))
	} else {
		f.b = append(f.b, p...)
	}
}

// blob walks bytes with their number before them.
func (f *form) blob(p *[]byte, limit int) {
	n := f.length(len(*p), limit)
	if !f.reading {
		f.b = append(f.b, *p...)
	} else if n > 0 && f.reserve(n, 1) {
		*p = append([]byte(nil), f.take(n)...)
	}
}

// text walks a UTF-8 text with its length in bytes before it.
func text[T ~string](f *form, p *T, limit int) {
	n := f.length(len(*p), limit)
	if !f.reading {
		f.b = append(f.b, *p...)
	} else if f.reserve(n, 1) {
		*p = T(f.take(n))
	}
	if !utf8.ValidString(string(*p)) {
		f.malformed()
	}
}

// prose walks a text for a person to read. It must never hold up what it comes with, so what is not UTF-8 in it is
// replaced, and one beyond MaxText ends in an ellipsis.
func (f *form) prose(p *string) {
	if f.reading {
		text(f, p, MaxText)
		return
	}
	const ellipsis = "…"
	s := strings.ToValidUTF8(*p, "\uFFFD")
	if len(s) > MaxText {
		s = strings.ToValidUTF8(s[:MaxText-len(ellipsis)], "") + ellipsis
	}
	text(f, &s, MaxText)
}

// length walks a length; one beyond the limit is refused.
func (f *form) length(n, limit int) int {
	if f.small(&n); n > limit {
		f.fail(errTooLarge)
		return 0
	}
	return n
}

// list walks elements with their number before them; each takes at least size bytes, so that a lie about the number
// cannot reserve memory.
func list[T any](f *form, p *[]T, size int, walk func(*form, *T)) {
	n := len(*p)
	f.small(&n)
	if f.reading {
		*p = makeList[T](f, n, size)
	}
	for i := range *p {
		if f.err != nil {
			return
		}
		walk(f, &(*p)[i])
	}
}

// makeList returns n zero elements, nil for none or where the bytes left cannot hold n of at least size bytes each.
func makeList[T any](f *form, n, size int) []T {
	if n > len(f.b)/size {
		f.malformed()
	}
	if n == 0 || !f.reserve(n, int(reflect.TypeFor[T]().Size())) {
		return nil
	}
	return make([]T, n)
}

func zigzag(x int64) uint64   { return uint64(x<<1) ^ uint64(x>>63) }
func unzigzag(x uint64) int64 { return int64(x>>1) ^ -int64(x&1) }
