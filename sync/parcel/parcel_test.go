package parcel_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/blob"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/parcel"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

var codec = func() *wire.Codec {
	c, err := wire.NewCodec(&schema.Schema{Version: 1})
	if err != nil {
		panic(err)
	}
	return c
}()

// chance gives the same bytes for the same seed.
func chance(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func hubKey(t testing.TB, seed byte) parcel.Key {
	t.Helper()
	k, err := parcel.NewKey(bytes.Repeat([]byte{seed}, parcel.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var phone = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

func push(counters ...uint64) wire.Push {
	p := wire.Push{Actor: 16}
	for _, n := range counters {
		cs := record.ChangeSet{Dot: clock.Dot{Actor: 16, Counter: n}, Stamp: 1, Epoch: 1, Cause: "job.finish"}
		p.Changes = append(p.Changes, wire.Pushed{Encoded: cs.AppendBinary(nil)})
	}
	return p
}

func seal(t testing.TB, hub parcel.PublicKey, m parcel.Manifest, content []byte) []byte {
	t.Helper()
	packed, err := m.Pack(hub, codec)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	signature := ed25519.Sign(phone, parcel.SignedText(packed))
	if err := parcel.Seal(&b, hub, packed, signature, bytes.NewReader(content), chance(1)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func fileOf(kind string, content []byte) parcel.File {
	return parcel.File{Hash: blob.Hash(sha256.Sum256(content)), Kind: kind, Size: int64(len(content))}
}

// TestWhatGoesInComesOut: of whatever sizes, across the borders of chunks.
func TestWhatGoesInComesOut(t *testing.T) {
	t.Parallel()
	hub := hubKey(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		m := parcel.Manifest{Device: record.ID{1, 2}, Pushes: []wire.Push{push(1, 2), push(3)}}
		var content []byte
		for i := range rapid.IntRange(0, 4).Draw(t, "files") {
			size := rapid.SampledFrom([]int{1, 500, 64<<10 - 300, 64 << 10, 64<<10 + 1, 200_000}).Draw(t, "size")
			file := bytes.Repeat([]byte{byte(i)}, size)
			m.Files, content = append(m.Files, fileOf(blob.Photo, file)), append(content, file...)
		}
		packed, err := m.Pack(hub.Public, codec)
		if err != nil {
			t.Fatal(err)
		}
		var sealed bytes.Buffer
		signature := ed25519.Sign(phone, parcel.SignedText(packed))
		if err := parcel.Seal(&sealed, hub.Public, packed, signature, bytes.NewReader(content), chance(2)); err != nil {
			t.Fatal(err)
		}
		p, err := parcel.Open(&sealed, hub)
		if err != nil {
			t.Fatal(err)
		}
		if p.Device != m.Device || !p.SignedBy(phone.Public().(ed25519.PublicKey)) || !slices.Equal(p.Files, m.Files) {
			t.Fatalf("came out as %+v", p)
		}
		var changes int
		for got, err := range p.Pushes(codec) {
			if err != nil {
				t.Fatal(err)
			}
			changes += len(got.Changes)
		}
		if changes != 3 {
			t.Fatalf("%d changes came out", changes)
		}
		for i := 0; ; i++ {
			f, r, err := p.Next()
			if err == io.EOF && i == len(m.Files) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 1 { // who does not read a file still gets to the next
				continue
			}
			h := sha256.New()
			if n, err := io.Copy(h, r); err != nil || n != f.Size || blob.Hash(h.Sum(nil)) != f.Hash {
				t.Fatalf("file %d: %d bytes, %v", i, n, err)
			}
		}
	})
}

// TestNobodyElse opens it, and nobody else can have made it.
func TestNobodyElse(t *testing.T) {
	t.Parallel()
	hub, other := hubKey(t, 1), hubKey(t, 2)
	sealed := seal(t, hub.Public, parcel.Manifest{Device: record.ID{1}, Pushes: []wire.Push{push(1)}}, nil)
	if _, err := parcel.Open(bytes.NewReader(sealed), other); fault.CodeOf(err) != parcel.Elsewhere {
		t.Errorf("another hub opened it: %v", err)
	}
	p, err := parcel.Open(bytes.NewReader(sealed), hub)
	if err != nil {
		t.Fatal(err)
	}
	stranger := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize))
	if p.SignedBy(stranger.Public().(ed25519.PublicKey)) || p.SignedBy(nil) {
		t.Error("a stranger's signature was taken for the phone's")
	}
}

// TestDamage: a bit, a byte less, a byte more, a chunk in another's place: nothing of it is believed.
func TestDamage(t *testing.T) {
	t.Parallel()
	hub := hubKey(t, 1)
	content := bytes.Repeat([]byte("photo"), 40_000)
	sealed := seal(t, hub.Public, parcel.Manifest{
		Device: record.ID{1}, Pushes: []wire.Push{push(1)}, Files: []parcel.File{fileOf(blob.Photo, content)},
	}, content)
	const chunk = 64<<10 + 16
	swapped := slices.Clone(sealed)
	copy(swapped[84:], sealed[84+chunk:84+2*chunk])
	copy(swapped[84+chunk:], sealed[84:84+chunk])
	flipped := slices.Clone(sealed)
	flipped[len(flipped)/2] ^= 1
	for name, b := range map[string][]byte{
		"nothing": nil, "no parcel": []byte("%PDF-1.7 and so on"), "a bit": flipped, "cut off": sealed[:len(sealed)-1],
		"cut at a chunk": sealed[:84+2*chunk], "longer": append(slices.Clone(sealed), 0), "swapped": swapped,
		"another head": append([]byte("FSP2"), sealed[4:]...),
	} {
		if err := readAll(b, hub); fault.CodeOf(err) != parcel.Unreadable && fault.CodeOf(err) != parcel.Elsewhere {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := readAll(sealed, hub); err != nil {
		t.Errorf("undamaged: %v", err)
	}
}

func readAll(b []byte, hub parcel.Key) error {
	p, err := parcel.Open(bytes.NewReader(b), hub)
	if err != nil {
		return err
	}
	for _, err := range p.Pushes(codec) {
		if err != nil {
			return err
		}
	}
	for {
		_, r, err := p.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			return err
		}
	}
}

// TestFrames: any order, twice, with words between them and in small letters; those that are missing are named.
func TestFrames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.SliceOfN(rapid.Byte(), 1, 5000).Draw(t, "parcel")
		frames, err := parcel.Frames(whole)
		if err != nil {
			t.Fatal(err)
		}
		lost := rapid.IntRange(0, len(frames)).Draw(t, "lost") // the first is 1; 0 is none
		var said []string
		for i, f := range frames {
			if i+1 != lost {
				said = append(said, f, strings.ToLower(f))
			}
		}
		said = rapid.Permutation(said).Draw(t, "order")
		chains, bad := parcel.Collect("codes: " + strings.Join(said, rapid.SampledFrom([]string{"\n", ", ", ""}).Draw(t, "between")))
		if bad != 0 || len(chains) > 1 {
			t.Fatalf("%d chains, %d bad", len(chains), bad)
		}
		if len(chains) == 0 {
			if len(frames) != 1 || lost != 1 {
				t.Fatal("no chain")
			}
			return
		}
		missing := chains[0].Missing()
		if lost > 0 {
			if !slices.Equal(missing, []int{lost}) {
				t.Fatalf("%v missing, not %d", missing, lost)
			}
			if _, err := chains[0].Parcel(); fault.CodeOf(err) != parcel.Unreadable {
				t.Fatalf("an incomplete chain gave a parcel: %v", err)
			}
			return
		}
		if got, err := chains[0].Parcel(); err != nil || !bytes.Equal(got, whole) || len(missing) > 0 {
			t.Fatalf("%v, %v missing", err, missing)
		}
		if again := chains[0].Frames(); !slices.Equal(again, frames) {
			t.Fatal("the frames that were read are others than those that were shown")
		}
	})
}

// TestDamagedFrames are counted, and never taken for others.
func TestDamagedFrames(t *testing.T) {
	t.Parallel()
	frames, err := parcel.Frames(bytes.Repeat([]byte("abcdef"), 300))
	if err != nil {
		t.Fatal(err)
	}
	good := frames[1]
	for _, wrong := range []string{
		good[:len(good)-9], strings.Replace(good, "2/", "1/", 1), strings.Replace(good, "/3", "/4", 1), "FSP1:", "FSP1:ABCDEFGH",
		"FSP1:ABCDEFGH:0/1:AAAAAAAA", "FSP1:ABCDEFGH:1/1000:AAAAAAAA", good[:30] + "ZZZZ" + good[34:],
	} {
		chains, bad := parcel.Collect(wrong + " " + frames[0])
		if bad != 1 || len(chains) != 1 || chains[0].Have() != 1 {
			t.Errorf("%q: %d bad, %d chains", wrong, bad, len(chains))
		}
	}
}

// TestTwoHundredChanges of a day fit into a chain that somebody can show, and too much is refused in words.
func TestTwoHundredChanges(t *testing.T) {
	t.Parallel()
	many := rand.NewChaCha8([32]byte{3})
	p := wire.Push{Actor: 16}
	for n := range uint64(200) {
		var id record.ID
		_, _ = many.Read(id[:])
		cs := record.ChangeSet{
			Dot: clock.Dot{Actor: 16, Counter: n + 1}, Stamp: clock.Stamp(many.Uint64() >> 8), Epoch: 1, K: 77, Cause: "job.note",
			Rows: []record.RowChange{{Op: record.Insert, Table: 4, ID: id, Cells: []record.CellWrite{
				{CellID: record.CellID{Column: 1}, Value: record.Text(fmt.Sprintf("pump %d replaced, pressure %d bar", n, n*7%40))},
				{CellID: record.CellID{Column: 2}, Value: record.Ref(id)},
			}}},
		}
		p.Changes = append(p.Changes, wire.Pushed{Encoded: cs.AppendBinary(nil)})
	}
	sealed := seal(t, hubKey(t, 1).Public, parcel.Manifest{Pushes: []wire.Push{p}}, nil)
	frames, err := parcel.Frames(sealed)
	t.Logf("200 changes: %d bytes, %d codes", len(sealed), len(frames))
	if err != nil || len(frames) > 40 {
		t.Errorf("%d codes: %v", len(frames), err)
	}
	if _, err := parcel.Frames(make([]byte, 600*parcel.MaxFrames+1)); fault.CodeOf(err) != parcel.TooMuch {
		t.Errorf("too much: %v", err)
	}
}

func FuzzCollect(f *testing.F) {
	frames, _ := parcel.Frames([]byte("a parcel"))
	f.Add(frames[0])
	f.Add("FSP1:AAAAAAAA:1/2:AAAAAAAA,FSP1::")
	f.Fuzz(func(t *testing.T, text string) {
		chains, _ := parcel.Collect(text)
		for _, c := range chains {
			_, _ = c.Parcel() // whatever comes, it does not panic
		}
	})
}

func FuzzOpen(f *testing.F) {
	hub := hubKey(f, 1)
	f.Add(seal(f, hub.Public, parcel.Manifest{Pushes: []wire.Push{push(1)}}, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = readAll(b, hub)
		_ = readAll(seal(t, hub.Public, parcel.Manifest{Device: record.ID(append(b, make([]byte, 16)...)[:16])}, b), hub)
	})
}
