package wire

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// blockOf returns the bytes of a block of numbers.
func blockOf(v []int64) []byte {
	f := form{scratch: new(scratch)}
	f.writeNumbers(v)
	return f.b
}

func TestNumbersTakeTheShortestForm(t *testing.T) {
	t.Parallel()
	counting, minutes := make([]int64, 1000), make([]int64, 1000)
	for i := range counting {
		counting[i] = 1_000_000 + 3*int64(i)
		minutes[i] = 1_790_000_000_000 + 60_000*int64(i*i%1440)
	}
	for name, c := range map[string]struct {
		numbers []int64
		form    byte
		size    int
	}{
		"none":                     {nil, 0, 0},
		"one":                      {[]int64{-5}, 0, 2},
		"all the same":             {slices.Repeat([]int64{7}, 1000), 0, 2},
		"bits":                     {slices.Repeat([]int64{0, 1, 1, 0}, 250), 1, 3 + 125},
		"running":                  {counting, formStrided, 5},
		"minutes of a day":         {minutes, 11, 1 + 6 + 3 + 1375},
		"close, and one far":       {append(squares(100), math.MaxInt64), formDeltas, 1 + 1 + 32 + 67*2 + 10},
		"the ends of the range":    {[]int64{math.MinInt64, math.MaxInt64}, formDeltas, 12},
		"numbers without any sign": {[]int64{math.MinInt64, 0x1234567890abcdef, 5, math.MaxInt64 - 3}, formPlain, 33},
	} {
		b := blockOf(c.numbers)
		if len(b) != c.size || len(b) > 0 && b[0] != c.form {
			t.Errorf("%s: %d bytes, want %d in form %d: %.20x", name, len(b), c.size, c.form, b)
		}
		readsBack(t, b, c.numbers)
	}
}

func squares(n int) (v []int64) {
	for i := range n {
		v = append(v, int64(i*i))
	}
	return v
}

func readsBack(t interface{ Errorf(string, ...any) }, b []byte, want []int64) {
	f := form{b: b, reading: true, room: MaxMessage, scratch: new(scratch)}
	got := make([]int64, len(want))
	f.readNumbers(got)
	if f.err != nil || len(f.b) > 0 || !slices.Equal(got, want) {
		t.Errorf("read %v, %v, %d bytes left; want %v", got, f.err, len(f.b), want)
	}
}

func TestNumbersComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base, step := anySigned.Draw(t, "base"), anySigned.Draw(t, "step")
		numbers := rapid.SliceOfN(rapid.OneOf(anySigned, rapid.Map(rapid.Int64Range(0, 9), func(k int64) int64 {
			return base + k*step
		})), 0, 40).Draw(t, "numbers")
		b := blockOf(numbers)
		if len(b) > 1+8*len(numbers) {
			t.Errorf("%d numbers take %d bytes", len(numbers), len(b))
		}
		readsBack(t, b, numbers)
	})
}

func TestTextsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.SliceOfN(anyString, 1, 3).Draw(t, "few")
		texts := rapid.SliceOfN(rapid.OneOf(anyString, rapid.SampledFrom(few)), 0, 40).Draw(t, "texts")
		repeated := rapid.Bool().Draw(t, "repeated")
		f := form{scratch: new(scratch)}
		f.writeTexts(texts, repeated)
		f = form{b: f.b, reading: true, room: MaxMessage, scratch: new(scratch)}
		stored, places := f.readTexts(len(texts), repeated)
		for i, want := range texts {
			at := i
			if places != nil {
				at = int(places[i])
			}
			if stored[at] != want {
				t.Fatalf("text %d came back as %q, want %q", i, stored[at], want)
			}
		}
		if f.err != nil || len(f.b) > 0 {
			t.Fatal(f.err, len(f.b))
		}
	})
}
