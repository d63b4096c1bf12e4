package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/fault"
	"fieldsync/sync/seal"
)

func ring(t interface{ Fatal(...any) }, keys int) *seal.Ring {
	r := &seal.Ring{}
	for range keys {
		if err := r.Add(rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func box(t interface{ Fatal(...any) }, keys seal.Keys) *seal.Box {
	b, err := seal.NewBox(keys, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatWasSealedIsOpenedAndNotSeen(t *testing.T) {
	t.Parallel()
	b := box(t, ring(t, 1))
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 8, 200).Draw(t, "plain")
		sealed, err := b.Seal(plain, "door")
		if err != nil || !seal.Sealed(sealed) || bytes.Contains(sealed, plain) {
			t.Fatal(err)
		}
		if got, err := b.Open(sealed, "door"); err != nil || !bytes.Equal(got, plain) {
			t.Fatal(err)
		}
		if _, err := b.Open(sealed, "another door"); !errors.Is(err, seal.ErrForged) {
			t.Fatalf("a value in another's place: %v", err)
		}
		hurt := slices.Clone(sealed)
		hurt[rapid.IntRange(0, len(hurt)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := b.Open(hurt, "door"); err == nil {
			t.Fatal("a damaged value was opened")
		}
	})
}

func TestOldKeysStayReadable(t *testing.T) {
	t.Parallel()
	r := ring(t, 1)
	old := box(t, r)
	sealed, err := old.Seal([]byte("4711"), "door")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Add(rand.Reader); err != nil {
		t.Fatal(err)
	}
	again, err := seal.ParseRing("# keys\n\n" + r.String())
	if err != nil {
		t.Fatal(err)
	}
	b := box(t, again)
	if b.Newest() == old.Newest() {
		t.Error("the new key is not used")
	}
	if got, err := b.Open(sealed, "door"); err != nil || string(got) != "4711" {
		t.Errorf("%s, %v", got, err)
	}
}

// swapped answers every number with another key.
type swapped struct{ *seal.Ring }

func (s swapped) Key(seal.KeyID) ([]byte, error) { return make([]byte, seal.KeySize), nil }

func TestMissingAndWrongKeysAreTold(t *testing.T) {
	t.Parallel()
	mine := ring(t, 1)
	proof, err := box(t, mine).Proof()
	if err != nil {
		t.Fatal(err)
	}
	if err := box(t, mine).Prove(proof); err != nil {
		t.Error(err)
	}
	if err := box(t, ring(t, 1)).Prove(proof); fault.CodeOf(err) != seal.Missing {
		t.Errorf("another's keys: %v", err)
	}
	if err := box(t, swapped{mine}).Prove(proof); fault.CodeOf(err) != seal.Wrong {
		t.Errorf("another key of the same number: %v", err)
	}
	if _, err := seal.NewBox(&seal.Ring{}, rand.Reader); fault.CodeOf(err) != seal.Missing {
		t.Errorf("no key at all: %v", err)
	}
	for _, text := range []string{"x", "00000001", "00000001 ff", "1 " + string(bytes.Repeat([]byte("0"), 64))} {
		if _, err := seal.ParseRing(text); fault.CodeOf(err) != seal.Wrong {
			t.Errorf("key file %q: %v", text, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	b := box(f, ring(f, 1))
	good, _ := b.Seal([]byte("secret"), "x")
	f.Add(good)
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := b.Open(sealed, "y"); err == nil {
			t.Error("opened what was never sealed so")
		}
	})
}

func FuzzParseRing(f *testing.F) {
	f.Add("00000001 " + strings.Repeat("0a", seal.KeySize) + "\n# the old one\n")
	f.Add("1 2 3")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := seal.ParseRing(text)
		if err != nil {
			if fault.CodeOf(err) != seal.Wrong {
				t.Fatal(err)
			}
			return
		}
		if again, err := seal.ParseRing(r.String()); err != nil || again.String() != r.String() {
			t.Fatalf("%q came back as %q: %v", r, again, err)
		}
	})
}
