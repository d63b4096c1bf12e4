package seal_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/fault"
	"fieldsync/sync/seal"
)

// disk is a file in memory.
type disk struct{ b []byte }

func (d *disk) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(d.b)) {
		return 0, io.EOF
	}
	n := copy(p, d.b[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (d *disk) WriteAt(p []byte, at int64) (int, error) {
	if more := at + int64(len(p)) - int64(len(d.b)); more > 0 {
		d.b = append(d.b, make([]byte, more)...)
	}
	return copy(d.b[at:], p), nil
}

func (d *disk) Truncate(n int64) error { d.b = d.b[:n]; return nil }

func reopen(t interface{ Fatal(...any) }, b *seal.Box, d *disk) *seal.File {
	f, err := b.OpenFile(d, int64(len(d.b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func all(t interface{ Fatal(...any) }, f *seal.File) []byte {
	_, err := f.Seek(0, io.SeekStart)
	b, e := io.ReadAll(f)
	if err != nil || e != nil {
		t.Fatal(err, e)
	}
	return b
}

// A file that is written in pieces, put away and taken up again at any byte is in the end what was written.
func TestASealedFileGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	b := box(t, ring(t, 1))
	rapid.Check(t, func(t *rapid.T) {
		d := &disk{}
		f, err := b.Create(d)
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		near := rapid.SampledFrom([]int{1, 100, seal.ChunkSize - 1, seal.ChunkSize, seal.ChunkSize + 1, 3 * seal.ChunkSize})
		for range rapid.IntRange(1, 5).Draw(t, "pieces") {
			piece := bytes.Repeat([]byte(rapid.StringMatching(`[a-z]{7}`).Draw(t, "text")), 1+near.Draw(t, "length")/7)
			if _, err := f.Write(piece); err != nil {
				t.Fatal(err)
			}
			want = append(want, piece...)
			finish := rapid.Bool().Draw(t, "finish")
			if finish {
				err = f.Finish()
			} else {
				err = f.Flush()
			}
			if f = reopen(t, b, d); err != nil || f.Whole() != finish || f.Size() != int64(len(want)) {
				t.Fatal(err, f.Whole(), finish, f.Size(), len(want))
			}
			at := rapid.IntRange(0, len(want)-1).Draw(t, "at")
			if _, err := f.Seek(int64(at), io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(f); err != nil || !bytes.Equal(rest, want[at:]) {
				t.Fatal("not what was written", err)
			}
		}
		if !bytes.Equal(all(t, f), want) || bytes.Contains(d.b, want[:min(7, len(want))]) {
			t.Fatal("not what was written, or it stands open")
		}
	})
}

func finished(t *testing.T, b *seal.Box, content []byte) *disk {
	t.Helper()
	d := &disk{}
	f, err := b.Create(d)
	if err == nil {
		_, err = f.Write(content)
	}
	if err = errors.Join(err, f.Finish()); err != nil {
		t.Fatal(err)
	}
	return d
}

// What was changed, exchanged or cut off is never taken for the content.
func TestASealedFileThatWasTamperedWithIsNoticed(t *testing.T) {
	t.Parallel()
	b := box(t, ring(t, 1))
	const sealed = seal.ChunkSize + 40
	content := bytes.Repeat([]byte("abcdefgh"), 3*seal.ChunkSize/8)
	head, whole := 24, finished(t, b, content)
	other := finished(t, b, bytes.Repeat([]byte("ABCDEFGH"), 3*seal.ChunkSize/8))
	for what, hurt := range map[string]func([]byte) []byte{
		"a bit":              func(d []byte) []byte { d[head+100] ^= 1; return d },
		"its name":           func(d []byte) []byte { d[head-1] ^= 1; return d },
		"a chunk of another": func(d []byte) []byte { copy(d[head:], other.b[head:head+sealed]); return d },
		"two chunks": func(d []byte) []byte {
			first := bytes.Clone(d[head : head+sealed])
			copy(d[head:], d[head+sealed:head+2*sealed])
			copy(d[head+sealed:], first)
			return d
		},
		"its last chunk gone":  func(d []byte) []byte { return d[:head+2*sealed] },
		"cut within a chunk":   func(d []byte) []byte { return d[:head+2*sealed+1000] },
		"cut within an header": func(d []byte) []byte { return d[:head+2*sealed+17] },
	} {
		d := &disk{hurt(bytes.Clone(whole.b))}
		f, err := b.OpenFile(d, int64(len(d.b)))
		if err != nil {
			t.Fatal(what, err)
		}
		got, err := io.ReadAll(f)
		if f.Whole() && err == nil {
			t.Errorf("%s: nobody noticed", what)
		}
		if !bytes.HasPrefix(content, got) {
			t.Errorf("%s: read what was never written", what)
		}
	}
}

func TestASealedFileNeedsItsKey(t *testing.T) {
	t.Parallel()
	mine := ring(t, 1)
	d := finished(t, box(t, mine), []byte("a photo"))
	if _, err := box(t, ring(t, 1)).OpenFile(d, int64(len(d.b))); fault.CodeOf(err) != seal.Missing {
		t.Error(err)
	}
	if err := mine.Add(zero{}); err != nil {
		t.Fatal(err)
	}
	if got := all(t, reopen(t, box(t, mine), d)); string(got) != "a photo" {
		t.Error("an old key's file is not read any more")
	}
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func FuzzOpenFile(f *testing.F) {
	b := box(f, ring(f, 1))
	d := &disk{}
	file, _ := b.Create(d)
	_, _ = file.Write([]byte("a photo"))
	_ = file.Finish()
	f.Add(d.b)
	f.Add([]byte("\x00FS\x01"))
	f.Fuzz(func(t *testing.T, on []byte) {
		if file, err := b.OpenFile(&disk{on}, int64(len(on))); err == nil {
			if got, err := io.ReadAll(file); err == nil && file.Whole() && !bytes.Equal(on, d.b) {
				t.Fatalf("made up: %q", got)
			}
		}
	})
}

// What sealing costs: a photo of 3 MB written and read again.
func BenchmarkFile(b *testing.B) {
	box, photo := box(b, ring(b, 1)), make([]byte, 3<<20)
	b.SetBytes(2 * int64(len(photo)))
	for b.Loop() {
		d := &disk{make([]byte, 0, 4<<20)}
		f, err := box.Create(d)
		if err == nil {
			_, err = f.Write(photo)
		}
		if err = errors.Join(err, f.Finish()); err != nil {
			b.Fatal(err)
		}
		_, _ = f.Seek(0, io.SeekStart)
		_, _ = io.Copy(io.Discard, f)
	}
}
