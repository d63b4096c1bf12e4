package wire

import (
	"encoding/binary"
	"math/bits"
)

// A block of numbers is a column of a batch, or a part of one: its length is known to the reader. The first byte says
// which of four forms follows; the writer takes the shortest.
//
//	0..56    packed: base:zigzag [step] then, for each number, (number - base) / step in that many bits
//	64..120  strided: first:zigzag, then the differences between neighbours, packed in form - 64 bits
//	128      deltas: for each number the difference to the one before (for the first: to 0), a zigzag varint
//	129      plain: eight bytes each, the lowest first
//
// Bits are filled from the lowest bit of the first byte on; step is left out where the width is 0, and all numbers are
// base. Sums and differences wrap around at 64 bits. A block without numbers takes no byte, not even the first.
const (
	maxWidth    = 56
	formStrided = 64
	formDeltas  = 128
	formPlain   = 129
)

// packing says how numbers are packed: what is left of each is a multiple of step above base, in width bits.
type packing struct {
	base  int64
	step  uint64
	width int
}

// packingOf returns the narrowest packing of the numbers. A width above maxWidth cannot be written.
func packingOf(v []int64) packing {
	if len(v) == 0 {
		return packing{}
	}
	lo, hi := v[0], v[0]
	for _, x := range v {
		lo, hi = min(lo, x), max(hi, x)
	}
	span := uint64(hi) - uint64(lo)
	if span == 0 {
		return packing{base: lo}
	}
	step := commonStep(v, lo, span)
	return packing{lo, step, bits.Len64(span / step)}
}

// commonStep returns the greatest number that divides the distances of all numbers from lo.
func commonStep(v []int64, lo int64, step uint64) uint64 {
	for _, x := range v {
		for rest := uint64(x) - uint64(lo); rest != 0; {
			step, rest = rest, step%rest
		}
		if step == 1 {
			break
		}
	}
	return step
}

// size returns the bytes that n numbers take, the form byte included.
func (p packing) size(n int) int {
	switch {
	case p.width > maxWidth:
		return 1 << 30
	case p.width == 0:
		return 1 + uvarintLen(zigzag(p.base))
	}
	return 1 + uvarintLen(zigzag(p.base)) + uvarintLen(p.step) + (n*p.width+7)/8
}

func uvarintLen(x uint64) int { return (bits.Len64(x|1) + 6) / 7 }

// numbers writes a block.
func (f *form) writeNumbers(v []int64) {
	if len(v) == 0 {
		return
	}
	deltas, deltasSize := f.differences(v)
	packed, strided := packingOf(v), packingOf(deltas)
	packedSize, stridedSize := packed.size(len(v)), uvarintLen(zigzag(v[0]))+strided.size(len(deltas))
	switch min(packedSize, stridedSize, deltasSize, 1+8*len(v)) {
	case packedSize:
		f.b = append(f.b, byte(packed.width))
		f.pack(v, packed)
	case deltasSize:
		f.writeDeltas(v[0], deltas)
	case stridedSize:
		f.b = append(f.b, formStrided+byte(strided.width))
		f.writeUvarint(zigzag(v[0]))
		f.pack(deltas, strided)
	default:
		f.b = append(f.b, formPlain)
		for _, x := range v {
			f.b = binary.LittleEndian.AppendUint64(f.b, uint64(x))
		}
	}
}

// differences returns those between neighbours, and what the form of deltas would take.
func (f *form) differences(v []int64) (deltas []int64, size int) {
	deltas = f.deltas[:0]
	size = 1 + uvarintLen(zigzag(v[0]))
	for i, x := range v[1:] {
		d := x - v[i]
		deltas = append(deltas, d)
		size += uvarintLen(zigzag(d))
	}
	f.deltas = deltas
	return deltas, size
}

func (f *form) writeDeltas(first int64, deltas []int64) {
	f.b = append(f.b, formDeltas)
	f.writeUvarint(zigzag(first))
	for _, d := range deltas {
		f.writeUvarint(zigzag(d))
	}
}

func (f *form) pack(v []int64, p packing) {
	f.writeUvarint(zigzag(p.base))
	if p.width == 0 {
		return
	}
	f.writeUvarint(p.step)
	var gathered uint64
	filled := 0
	for _, x := range v {
		gathered |= (uint64(x) - uint64(p.base)) / p.step << filled
		for filled += p.width; filled >= 8; filled -= 8 {
			f.b = append(f.b, byte(gathered))
			gathered >>= 8
		}
	}
	if filled > 0 {
		f.b = append(f.b, byte(gathered))
	}
}

// readNumbers fills v from a block.
func (f *form) readNumbers(v []int64) {
	if len(v) == 0 {
		return
	}
	switch form := f.readByte(); {
	case form <= maxWidth:
		f.unpack(v, int(form))
	case form >= formStrided && form <= formStrided+maxWidth:
		v[0] = unzigzag(f.readUvarint())
		f.unpack(v[1:], int(form-formStrided))
		sumUp(v)
	case form == formDeltas:
		for i := range v {
			v[i] = unzigzag(f.readUvarint())
		}
		sumUp(v)
	case form == formPlain:
		p := f.take(8 * len(v))
		for i := 0; i < len(p)/8; i++ {
			v[i] = int64(binary.LittleEndian.Uint64(p[8*i:]))
		}
	default:
		f.malformed()
	}
}

func sumUp(v []int64) {
	for i := 1; i < len(v); i++ {
		v[i] += v[i-1]
	}
}

func (f *form) unpack(v []int64, width int) {
	base, step := unzigzag(f.readUvarint()), int64(1)
	if width > 0 {
		step = int64(f.readUvarint())
	}
	p := f.take((len(v)*width + 7) / 8)
	if f.err != nil {
		return
	}
	mask := uint64(1)<<width - 1
	for i := range v {
		bit := i * width
		v[i] = base + step*int64(wordAt(p, bit>>3)>>(bit&7)&mask)
	}
}

// wordAt returns the eight bytes from at on as a number, zeros where p ends before.
func wordAt(p []byte, at int) (x uint64) {
	if at+8 <= len(p) {
		return binary.LittleEndian.Uint64(p[at:])
	}
	for i := len(p) - 1; i >= at; i-- {
		x = x<<8 | uint64(p[i])
	}
	return x
}
