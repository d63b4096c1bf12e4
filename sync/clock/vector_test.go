package clock_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"fieldsync/sync/clock"

	"pgregory.net/rapid"
)

var (
	anyDot = rapid.Custom(func(t *rapid.T) clock.Dot {
		return clock.Dot{Actor: clock.Actor(rapid.Uint64Range(1, 6).Draw(t, "actor")), Counter: rapid.Uint64Range(1, 6).Draw(t, "counter")}
	})
	anyVector = rapid.Custom(func(t *rapid.T) clock.Vector {
		return clock.VectorOf(rapid.SliceOfN(anyDot, 0, 6).Draw(t, "dots")...)
	})
)

// law checks a law about three vectors and a dot on many of them.
func law(t *testing.T, name string, holds func(u, v, w clock.Vector, d clock.Dot) bool) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			u, v, w, d := anyVector.Draw(t, "u"), anyVector.Draw(t, "v"), anyVector.Draw(t, "w"), anyDot.Draw(t, "d")
			if !holds(u, v, w, d) {
				t.Fatalf("u %v, v %v, w %v, d %v", u, v, w, d)
			}
		})
	})
}

func TestVectorsAreALattice(t *testing.T) {
	t.Parallel()
	law(t, "join commutes", func(u, v, _ clock.Vector, _ clock.Dot) bool { return u.Join(v).Equal(v.Join(u)) })
	law(t, "meet commutes", func(u, v, _ clock.Vector, _ clock.Dot) bool { return u.Meet(v).Equal(v.Meet(u)) })
	law(t, "join associates", func(u, v, w clock.Vector, _ clock.Dot) bool {
		return u.Join(v).Join(w).Equal(u.Join(v.Join(w)))
	})
	law(t, "meet associates", func(u, v, w clock.Vector, _ clock.Dot) bool {
		return u.Meet(v).Meet(w).Equal(u.Meet(v.Meet(w)))
	})
	law(t, "both absorb", func(u, v, _ clock.Vector, _ clock.Dot) bool {
		return u.Join(u.Meet(v)).Equal(u) && u.Meet(u.Join(v)).Equal(u)
	})
	law(t, "both are idempotent", func(u, _, _ clock.Vector, _ clock.Dot) bool {
		return u.Join(u).Equal(u) && u.Meet(u).Equal(u)
	})
	law(t, "they distribute", func(u, v, w clock.Vector, _ clock.Dot) bool {
		return u.Meet(v.Join(w)).Equal(u.Meet(v).Join(u.Meet(w)))
	})
	law(t, "zero is the bottom", func(u, _, _ clock.Vector, _ clock.Dot) bool {
		var zero clock.Vector
		return u.Join(zero).Equal(u) && u.Meet(zero).IsZero() && u.CoversAll(zero)
	})
	law(t, "covering is the order", func(u, v, _ clock.Vector, _ clock.Dot) bool {
		return u.CoversAll(v) == u.Join(v).Equal(u) && u.CoversAll(v) == u.Meet(v).Equal(v)
	})
}

func TestWhatVectorsCover(t *testing.T) {
	t.Parallel()
	law(t, "with covers the dot and all before", func(u, _, _ clock.Vector, d clock.Dot) bool {
		v := u.With(d)
		return v.Covers(d) && v.CoversAll(u) && v.Covers(clock.Dot{Actor: d.Actor, Counter: d.Counter - 1})
	})
	law(t, "with is the join with the dot", func(u, _, _ clock.Vector, d clock.Dot) bool {
		return u.With(d).Equal(u.Join(clock.VectorOf(d)))
	})
	law(t, "a join covers what either covers", func(u, v, _ clock.Vector, d clock.Dot) bool {
		return u.Join(v).Covers(d) == (u.Covers(d) || v.Covers(d))
	})
	law(t, "a meet covers what both cover", func(u, v, _ clock.Vector, d clock.Dot) bool {
		return u.Meet(v).Covers(d) == (u.Covers(d) && v.Covers(d))
	})
	law(t, "a cut leaves out the dot and all after", func(u, _, _ clock.Vector, d clock.Dot) bool {
		c := u.Cut(d)
		before := clock.Dot{Actor: d.Actor, Counter: d.Counter - 1}
		return !c.Covers(d) && u.CoversAll(c) && c.Covers(before) == (u.Covers(before) || before.Counter == 0)
	})
	law(t, "a cut leaves other actors alone", func(u, _, _ clock.Vector, d clock.Dot) bool {
		other := func(e clock.Dot) bool { return e.Actor != d.Actor }
		return u.Cut(d).Filter(other).Equal(u.Filter(other))
	})
	law(t, "a filter splits", func(u, _, _ clock.Vector, d clock.Dot) bool {
		low := u.Filter(func(e clock.Dot) bool { return e.Actor < d.Actor })
		high := u.Filter(func(e clock.Dot) bool { return e.Actor >= d.Actor })
		return low.Join(high).Equal(u) && low.Len()+high.Len() == u.Len()
	})
}

// Vectors are shared by rows, change sets and goroutines: no method may write into one.
func TestVectorsNeverChange(t *testing.T) {
	t.Parallel()
	law(t, "by any method", func(u, v, _ clock.Vector, d clock.Dot) bool {
		was, wasV := u.String(), v.String()
		u.With(d)
		u.Join(v)
		u.Meet(v)
		u.Cut(d)
		u.Filter(func(e clock.Dot) bool { return e.Actor != d.Actor })
		return u.String() == was && v.String() == wasV
	})
}

func TestVectorsNameTheirDots(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := anyVector.Draw(t, "v")
		dots := slices.Collect(v.All())
		if len(dots) != v.Len() {
			t.Fatalf("%d dots of %d", len(dots), v.Len())
		}
		for i, d := range dots {
			if v.At(i) != d || v.Get(d.Actor) != d.Counter {
				t.Fatalf("%v at %d: %v, %d", d, i, v.At(i), v.Get(d.Actor))
			}
		}
		again, err := clock.NewVector(dots)
		if err != nil || !again.Equal(v) {
			t.Fatalf("%v, %v", again, err)
		}
	})
}

func TestNewVectorRefusesDotsThatAreNotHighest(t *testing.T) {
	t.Parallel()
	for name, dots := range map[string][]clock.Dot{
		"out of order":   {{Actor: 2, Counter: 1}, {Actor: 1, Counter: 1}},
		"an actor twice": {{Actor: 1, Counter: 1}, {Actor: 1, Counter: 2}},
		"no actor":       {{Counter: 1}},
		"no counter":     {{Actor: 1}},
		"too many":       make([]clock.Dot, clock.MaxVectorLen+1),
	} {
		for i := range dots {
			if name == "too many" {
				dots[i] = clock.Dot{Actor: clock.Actor(i + 1), Counter: 1}
			}
		}
		if _, err := clock.NewVector(dots); !errors.Is(err, clock.ErrVector) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMalformedVectorsAreRefused(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"nothing":                {},
		"no entry where two are": {2},
		"a byte too few":         {1, 5},
		"an actor of 0":          {1, 0, 1},
		"an actor twice":         {2, 1, 1, 0, 1},
		"a counter of 0":         {1, 1, 0},
		"a longer form":          {1, 0x81, 0, 1},
		"actors that run over":   {2, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1},
	} {
		if _, _, err := clock.CutVector(b); !errors.Is(err, clock.ErrVector) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzVector reads any bytes as a vector: what is read has these very bytes.
func FuzzVector(f *testing.F) {
	for seed := range 30 {
		f.Add(anyVector.Example(seed).AppendBinary(nil))
	}
	f.Add([]byte{2, 0x80, 1, 7, 1, 0xff, 0xff, 3, 9, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := clock.CutVector(b)
		if err != nil {
			return
		}
		if again := append(v.AppendBinary(nil), rest...); !bytes.Equal(again, b) {
			t.Fatalf("%x was read as %v, which is %x", b, v, again)
		}
	})
}

// Generators are shared by tests that run beside one another, and a rapid generator writes its name down when it is first
// asked for, beside draws that read it: so each is asked before any test runs.
func init() {
	for _, g := range []fmt.Stringer{anyDot, anyVector} {
		_ = g.String()
	}
}
