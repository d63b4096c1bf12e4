package seal

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"

	"fieldsync/sync/fault"
)

// A sealed file is read and written in pieces, from any place, and goes on growing where it stopped:
//
//	file  = 0 'F' 'S' 1 key:4 name:16 chunk...
//	chunk = nonce:24 ciphertext tag:16
//
// The cipher is XChaCha20-Poly1305. Each chunk has ChunkSize bytes of content, the last one what is left. With a chunk
// are authenticated the 24 bytes the file begins with, among them the file's random name, the chunk's number, and whether
// it is the last one, as in STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption, 2015): so chunks
// cannot be exchanged, within a file or between two, and one that was cut off is not taken for whole. Nonces are random
// rather than counted, as in STREAM, because the last chunk is written again when a download goes on.

// ChunkSize is how much of a file is sealed together.
const ChunkSize = 64 << 10

const (
	nameSize  = 16
	headSize  = len(fileMagic) + 4 + nameSize
	nonceSize = 24
	overhead  = nonceSize + 16
	fileMagic = "\x00FS\x01"
)

// Disk is where a sealed file lies: *os.File is one.
type Disk interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
}

// IsFile reports whether what begins so is a sealed file.
func IsFile(head []byte) bool { return bytes.HasPrefix(head, []byte(fileMagic)) }

// File is the content of a sealed file. It is for one goroutine. What was written is on the disk after Flush or Finish.
type File struct {
	box    *Box
	disk   Disk
	cipher cipher.AEAD
	head   []byte

	size, pos int64
	finished  bool // the last chunk on the disk says that it is the last

	at    int64  // the chunk in hand; -1 for none
	chunk []byte // its content
	dirty bool   // the disk does not have it
}

// Create begins a sealed file; what was on the disk goes.
func (b *Box) Create(disk Disk) (*File, error) {
	c, err := b.cipher(b.newest)
	if err != nil {
		return nil, err
	}
	head := binary.BigEndian.AppendUint32([]byte(fileMagic), uint32(b.newest))
	name, err := b.fresh(nameSize)
	if err != nil {
		return nil, err
	}
	f := &File{box: b, disk: disk, cipher: c, head: append(head, name...), at: -1}
	return f, f.Empty()
}

// fresh returns so many random bytes.
func (b *Box) fresh(n int) ([]byte, error) {
	fresh := make([]byte, n)
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := io.ReadFull(b.random, fresh); err != nil {
		return nil, fault.Wrap(fault.Internal, "the system gives no random numbers", err)
	}
	return fresh, nil
}

// OpenFile opens a sealed file of which the disk has so many bytes. The error has the code Missing or Wrong, or is
// ErrForged, or is the disk's. See Whole.
func (b *Box) OpenFile(disk Disk, onDisk int64) (*File, error) {
	f := &File{box: b, disk: disk, head: make([]byte, headSize), at: -1}
	if onDisk < int64(headSize) {
		return nil, ErrForged
	}
	if _, err := disk.ReadAt(f.head, 0); err != nil {
		return nil, err
	}
	if !IsFile(f.head) {
		return nil, ErrForged
	}
	c, err := b.cipher(KeyID(binary.BigEndian.Uint32(f.head[len(fileMagic):])))
	if err != nil {
		return nil, err
	}
	f.cipher, f.size = c, plainSize(onDisk)
	return f, f.settle()
}

// plainSize returns how much content so many bytes on the disk have.
func plainSize(onDisk int64) int64 {
	body := onDisk - int64(headSize)
	full, rest := body/(ChunkSize+overhead), body%(ChunkSize+overhead)
	return full*ChunkSize + max(0, rest-overhead)
}

// settle sees how the file ends. A last chunk that was half written, or overwritten by half, is given up.
func (f *File) settle() error {
	if f.size == 0 {
		return nil
	}
	err := f.load((f.size - 1) / ChunkSize)
	if errors.Is(err, ErrForged) {
		f.size, f.finished = (f.size-1)/ChunkSize*ChunkSize, false
		return nil
	}
	return err
}

// Whole reports whether the file has its end: Finish was called, and nothing was lost since.
func (f *File) Whole() bool { return f.finished }

// Size returns how many bytes of content there are.
func (f *File) Size() int64 { return f.size }

func offset(n int64) int64 { return int64(headSize) + n*(ChunkSize+overhead) }

func (f *File) length(n int64) int64 { return max(0, min(ChunkSize, f.size-n*ChunkSize)) }

func (f *File) about(n int64, last bool) []byte {
	b := binary.BigEndian.AppendUint64(bytes.Clone(f.head), uint64(n))
	if last {
		return append(b, 1)
	}
	return append(b, 0)
}

// load takes a chunk in hand, which the file has.
func (f *File) load(n int64) error {
	if f.at == n {
		return nil
	}
	if err := f.Flush(); err != nil {
		return err
	}
	sealed := make([]byte, f.length(n)+overhead)
	if _, err := f.disk.ReadAt(sealed, offset(n)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	tail := (n+1)*ChunkSize >= f.size
	plain, err := f.open(sealed, n, tail)
	if err != nil && tail { // it may go on after it
		f.finished = false
		plain, err = f.open(sealed, n, false)
	} else if tail {
		f.finished = true
	}
	if err != nil {
		return ErrForged
	}
	f.at, f.chunk, f.dirty = n, plain, false
	return nil
}

func (f *File) open(sealed []byte, n int64, last bool) ([]byte, error) {
	return f.cipher.Open(make([]byte, 0, ChunkSize), sealed[:nonceSize], sealed[nonceSize:], f.about(n, last))
}

// Flush puts on the disk what was written; the file may go on after it.
func (f *File) Flush() error {
	if !f.dirty {
		return nil
	}
	return f.put(false)
}

// Finish puts on the disk what was written, and says that the file ends there.
func (f *File) Finish() error {
	if f.finished || f.size == 0 {
		return nil
	}
	if err := f.load((f.size - 1) / ChunkSize); err != nil {
		return err
	}
	err := f.put(true)
	f.finished = err == nil
	return err
}

func (f *File) put(last bool) error {
	nonce, err := f.box.fresh(nonceSize)
	if err != nil {
		return err
	}
	sealed := f.cipher.Seal(nonce, nonce, f.chunk, f.about(f.at, last))
	if _, err = f.disk.WriteAt(sealed, offset(f.at)); err == nil {
		f.dirty = false
	}
	return err
}

// Empty removes all content.
func (f *File) Empty() error {
	f.size, f.pos, f.at, f.dirty, f.finished = 0, 0, -1, false, false
	if err := f.disk.Truncate(0); err != nil {
		return err
	}
	_, err := f.disk.WriteAt(f.head, 0)
	return err
}

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	switch {
	case f.pos >= f.size:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	if err := f.load(f.pos / ChunkSize); err != nil {
		return 0, err
	}
	n := copy(p, f.chunk[f.pos%ChunkSize:])
	f.pos += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (f *File) Seek(to int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		to += f.pos
	case io.SeekEnd:
		to += f.size
	}
	if to < 0 {
		return 0, errors.New("seal: seek before the beginning")
	}
	f.pos = to
	return to, nil
}

var errAppend = errors.New("seal: a file is written at its end")

// Write implements io.Writer, at the end of the file alone: what is before it does not change.
func (f *File) Write(p []byte) (n int, err error) {
	if f.pos != f.size {
		return 0, errAppend
	}
	if err := f.goOn(); err != nil {
		return 0, err
	}
	for n < len(p) {
		if f.at != f.size/ChunkSize {
			if err := f.Flush(); err != nil {
				return n, err
			}
			f.at, f.chunk = f.size/ChunkSize, make([]byte, 0, ChunkSize)
		}
		k := min(len(p)-n, ChunkSize-len(f.chunk))
		f.chunk, f.dirty = append(f.chunk, p[n:n+k]...), true
		n, f.size, f.pos = n+k, f.size+int64(k), f.pos+int64(k)
	}
	return n, nil
}

// goOn takes the last chunk in hand, and takes back that it is the last.
func (f *File) goOn() error {
	if f.size == 0 || f.size%ChunkSize == 0 && !f.finished {
		return nil
	}
	if err := f.load((f.size - 1) / ChunkSize); err != nil {
		return err
	}
	f.dirty, f.finished = f.dirty || f.finished, false
	return nil
}
