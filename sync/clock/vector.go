package clock

import (
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"strings"
)

// MaxVectorLen bounds the entries of a decoded vector. A row with more writers than this does not exist; a message
// that claims one is hostile.
const MaxVectorLen = 4096

// ErrVector says that bytes are not the canonical encoding of a vector.
var ErrVector = errors.New("clock: malformed version vector")

// Vector is a version vector: for each actor the highest counter it covers. A Vector is an immutable value: every
// method returns a new one and never writes into a shared one. The zero Vector covers nothing.
type Vector struct {
	dots []Dot // ordered by actor, no zero counters
}

// VectorOf returns the smallest vector that covers the given dots.
func VectorOf(dots ...Dot) Vector {
	var v Vector
	for _, d := range dots {
		v = v.With(d)
	}
	return v
}

// NewVector returns the vector with exactly the given highest dots: at most MaxVectorLen, ordered by actor, no actor or
// counter zero. It keeps the slice, which nobody may change any more. The error is ErrVector.
func NewVector(dots []Dot) (Vector, error) {
	last := Actor(0)
	for _, d := range dots {
		if d.Actor <= last || d.Counter == 0 {
			return Vector{}, ErrVector
		}
		last = d.Actor
	}
	if len(dots) > MaxVectorLen {
		return Vector{}, ErrVector
	}
	return Vector{dots}, nil
}

func (v Vector) find(a Actor) (int, bool) {
	for i, d := range v.dots { // vectors of rows are short: a scan beats a search
		if d.Actor >= a {
			return i, d.Actor == a
		}
	}
	return len(v.dots), false
}

// Get returns the highest counter of a that v covers, 0 for none.
func (v Vector) Get(a Actor) uint64 {
	if i, ok := v.find(a); ok {
		return v.dots[i].Counter
	}
	return 0
}

// Len returns the number of actors in v.
func (v Vector) Len() int { return len(v.dots) }

// IsZero reports whether v covers nothing.
func (v Vector) IsZero() bool { return len(v.dots) == 0 }

// Covers reports whether v covers d.
func (v Vector) Covers(d Dot) bool { return v.Get(d.Actor) >= d.Counter }

// CoversAll reports whether v covers everything that w covers.
func (v Vector) CoversAll(w Vector) bool {
	for _, d := range w.dots {
		if !v.Covers(d) {
			return false
		}
	}
	return true
}

// Equal reports whether v and w cover the same dots.
func (v Vector) Equal(w Vector) bool { return slices.Equal(v.dots, w.dots) }

// All yields the highest dot of each actor, in the order of actors.
func (v Vector) All() iter.Seq[Dot] { return slices.Values(v.dots) }

// At returns the highest dot of the i-th actor, in the order of actors; i is below Len.
func (v Vector) At(i int) Dot { return v.dots[i] }

// With returns v extended to cover d.
func (v Vector) With(d Dot) Vector {
	i, ok := v.find(d.Actor)
	switch {
	case d.Counter == 0, ok && v.dots[i].Counter >= d.Counter:
		return v
	case ok:
		dots := slices.Clone(v.dots)
		dots[i] = d
		return Vector{dots}
	}
	dots := make([]Dot, 0, len(v.dots)+1)
	dots = append(append(append(dots, v.dots[:i]...), d), v.dots[i:]...)
	return Vector{dots}
}

// Join returns the smallest vector that covers v and w.
func (v Vector) Join(w Vector) Vector {
	for _, d := range w.dots {
		v = v.With(d)
	}
	return v
}

// Meet returns the largest vector that both v and w cover: entry by entry the lower counter.
func (v Vector) Meet(w Vector) Vector {
	dots := make([]Dot, 0, min(len(v.dots), len(w.dots)))
	for _, d := range v.dots {
		if n := min(d.Counter, w.Get(d.Actor)); n > 0 {
			dots = append(dots, Dot{d.Actor, n})
		}
	}
	return Vector{dots}
}

// Cut returns v with the entry of d's actor lowered to what precedes d. A forked actor's context is cut so: its
// counters from the fork on name somebody else's change sets.
func (v Vector) Cut(d Dot) Vector {
	i, ok := v.find(d.Actor)
	if !ok || v.dots[i].Counter < d.Counter {
		return v
	}
	dots := slices.Clone(v.dots)
	if d.Counter <= 1 {
		return Vector{slices.Delete(dots, i, i+1)}
	}
	dots[i].Counter = d.Counter - 1
	return Vector{dots}
}

// Filter returns the part of v whose dots keep accepts; it is asked once an actor, with the highest dot.
func (v Vector) Filter(keep func(Dot) bool) Vector {
	for i, d := range v.dots {
		if keep(d) {
			continue
		}
		dots := slices.Clone(v.dots[:i])
		for _, d := range v.dots[i+1:] {
			if keep(d) {
				dots = append(dots, d)
			}
		}
		return Vector{dots}
	}
	return v
}

// AppendBinary appends the canonical encoding: the number of entries, then for each the difference to the previous
// actor and the counter, all unsigned LEB128 varints.
func (v Vector) AppendBinary(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(v.dots)))
	last := Actor(0)
	for _, d := range v.dots {
		b = binary.AppendUvarint(b, uint64(d.Actor-last))
		b = binary.AppendUvarint(b, d.Counter)
		last = d.Actor
	}
	return b
}

// CutVector decodes a vector from the front of b and returns what follows it. The error is ErrVector.
func CutVector(b []byte) (v Vector, rest []byte, err error) {
	n, b, ok := cutUvarint(b)
	if !ok || n > MaxVectorLen || n > uint64(len(b)/2) {
		return Vector{}, nil, ErrVector
	}
	if n == 0 {
		return Vector{}, b, nil
	}
	dots := make([]Dot, n)
	last := uint64(0)
	for i := range dots {
		var step, counter uint64
		if step, b, ok = cutUvarint(b); !ok || step == 0 || step > ^last {
			return Vector{}, nil, ErrVector
		}
		if counter, b, ok = cutUvarint(b); !ok || counter == 0 {
			return Vector{}, nil, ErrVector
		}
		last += step
		dots[i] = Dot{Actor(last), counter}
	}
	return Vector{dots}, b, nil
}

// cutUvarint decodes a varint in its shortest form only, so that equal vectors have equal bytes.
func cutUvarint(b []byte) (uint64, []byte, bool) {
	x, n := binary.Uvarint(b)
	if n <= 0 || n > 1 && b[n-1] == 0 {
		return 0, nil, false
	}
	return x, b[n:], true
}

// String returns the vector as "{d7:12 o1:3}".
func (v Vector) String() string {
	parts := make([]string, len(v.dots))
	for i, d := range v.dots {
		parts[i] = d.String()
	}
	return "{" + strings.Join(parts, " ") + "}"
}
