// Package parcel packs work that a device could not send, to reach the hub another way: as a file on a stick or in a
// mail, or as a chain of QR codes from one screen to another. Only the hub can open a parcel, and only the device can
// have made it: it is encrypted to the hub's key and signed with the device's. It holds change sets just as a session
// would push them, under the same dots, so that what comes both ways is judged once.
//
//	parcel   = "FSP1" key:80 { chunk }
//	plain    = size manifest signature:64 { content of each file }
//	manifest = device:16 hub:32 n { message:blob } n { hash:32 kind:text size }
//
// A key made for this parcel alone is sealed to the hub's (NaCl's anonymous box: X25519, XSalsa20-Poly1305); with it the
// plain text is encrypted in chunks (see stream.go). A message is a Push as it is framed on a connection, without the
// dictionary.
package parcel

import (
	"crypto/ed25519"
	"encoding/binary"
	"io"
	"iter"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/nacl/box"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// Why a parcel is not taken in. None is a reason to throw it, or the work it was made of, away.
const (
	Unreadable fault.Code = "parcel_unreadable" // no parcel, or damaged, or cut off
	Elsewhere  fault.Code = "parcel_elsewhere"  // made for another hub
	TooMuch    fault.Code = "parcel_too_much"   // more than a parcel, or a chain of codes, can hold
)

var (
	errUnreadable = fault.New(Unreadable, "this is no file of unsent work, or it is damaged: make it again on the phone")
	errElsewhere  = fault.New(Elsewhere, "this was made for another server: bring it to the one that the phone belongs to")
)

const (
	magic    = "FSP1"
	sealSize = chacha20poly1305.KeySize + box.AnonymousOverhead
	// MaxManifest is how many bytes the change sets of one parcel may take, compressed.
	MaxManifest = 16 << 20
	maxFiles    = 100_000
	maxKind     = 64
)

// PublicKey is the half of a hub's key that its devices know.
type PublicKey [32]byte

// IsZero reports whether there is no key.
func (k PublicKey) IsZero() bool { return k == PublicKey{} }

// Key is a hub's key.
type Key struct {
	Public  PublicKey
	private [32]byte
}

// KeySize is the length of a key in bytes.
const KeySize = 32

// NewKey returns the key whose secret half are the KeySize bytes.
func NewKey(secret []byte) (Key, error) {
	var k Key
	public, err := curve25519.X25519(secret, curve25519.Basepoint)
	if err != nil {
		return k, fault.Wrap(fault.Internal, "the key for parcels is none", err)
	}
	copy(k.Public[:], public)
	copy(k.private[:], secret)
	return k, nil
}

// File is a file that comes with a parcel.
type File struct {
	Hash blob.Hash
	Kind string // blob.Photo and the others
	Size int64
}

// Manifest is what a parcel says that it holds.
type Manifest struct {
	Device record.ID
	Pushes []wire.Push // in the order of writing, an incarnation each
	Files  []File
}

// Pack returns the manifest as bytes, for the hub of the key. The code of the error is TooMuch beyond MaxManifest.
func (m *Manifest) Pack(hub PublicKey, codec *wire.Codec) ([]byte, error) {
	b := append(append([]byte(nil), m.Device[:]...), hub[:]...)
	b = binary.AppendUvarint(b, uint64(len(m.Pushes)))
	for _, p := range m.Pushes {
		message, err := codec.For(0).Encode(nil, p)
		if err != nil {
			return nil, err
		}
		b = append(binary.AppendUvarint(b, uint64(len(message))), message...)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Files)))
	for _, f := range m.Files {
		b = append(b, f.Hash[:]...)
		b = append(binary.AppendUvarint(b, uint64(len(f.Kind))), f.Kind...)
		b = binary.AppendUvarint(b, uint64(f.Size))
	}
	if len(b) > MaxManifest || len(m.Files) > maxFiles {
		return nil, fault.New(TooMuch, "more waits than one file can carry: connect the phone")
	}
	return b, nil
}

// SignedText returns what the device signs of a packed manifest.
func SignedText(packed []byte) []byte {
	return append([]byte("fieldsync parcel 1\x00"), packed...)
}

// Seal writes the parcel of a packed manifest. Content yields the files behind one another, each exactly as large as the
// manifest says; it may be nil where there are none. Random must never give the same for another content.
func Seal(w io.Writer, hub PublicKey, packed, signature []byte, content io.Reader, random io.Reader) error {
	key := make([]byte, chacha20poly1305.KeySize)
	if _, err := io.ReadFull(random, key); err != nil {
		return err
	}
	head, err := box.SealAnonymous([]byte(magic), key, (*[32]byte)(&hub), random)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	s, err := newSealer(w, key)
	if err != nil {
		return err
	}
	plain := append(binary.AppendUvarint(nil, uint64(len(packed))), packed...)
	if _, err := s.Write(append(plain, signature...)); err != nil {
		return err
	}
	if content != nil {
		if _, err := io.Copy(s, content); err != nil {
			return err
		}
	}
	return s.Close()
}

// Parcel is one that was opened.
type Parcel struct {
	Device    record.ID
	Files     []File
	messages  [][]byte // the pushes, as they came
	packed    []byte
	signature []byte
	plain     io.Reader
	next      int       // of the files
	rest      io.Reader // of the file before that was not read
}

// Open reads a parcel up to its files. Codes: Unreadable, Elsewhere. Nothing of it may be believed before SignedBy.
func Open(r io.Reader, key Key) (*Parcel, error) {
	head := make([]byte, len(magic)+sealSize)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:len(magic)]) != magic {
		return nil, unreadable(err)
	}
	secret, ok := box.OpenAnonymous(nil, head[len(magic):], (*[32]byte)(&key.Public), &key.private)
	if !ok {
		return nil, errElsewhere
	}
	plain, err := newOpener(r, secret)
	if err != nil {
		return nil, err
	}
	p := &Parcel{plain: plain}
	if err := p.readManifest(); err != nil {
		return nil, err
	}
	hub, err := p.parse()
	if err == nil && hub != key.Public {
		err = errElsewhere
	}
	return p, err
}

func (p *Parcel) readManifest() error {
	size, err := binary.ReadUvarint(oneByOne{p.plain})
	if err != nil || size > MaxManifest {
		return unreadable(err)
	}
	both := make([]byte, size+ed25519.SignatureSize)
	if _, err := io.ReadFull(p.plain, both); err != nil {
		return unreadable(err)
	}
	p.packed, p.signature = both[:size], both[size:]
	return nil
}

// SignedBy reports whether the device with the public key made the parcel.
func (p *Parcel) SignedBy(device ed25519.PublicKey) bool {
	return len(device) == ed25519.PublicKeySize && ed25519.Verify(device, SignedText(p.packed), p.signature)
}

// Pushes reads the change sets, one message at a time: what a message claims to be once it is expanded need never be in
// memory together. It ends with the first error; the code is Unreadable.
func (p *Parcel) Pushes(codec *wire.Codec) iter.Seq2[wire.Push, error] {
	return func(yield func(wire.Push, error) bool) {
		for _, b := range p.messages {
			m, err := codec.Decode(b, wire.MaxMessage)
			push, ok := m.(wire.Push)
			if err != nil || !ok {
				yield(wire.Push{}, unreadable(err))
				return
			}
			if !yield(push, nil) {
				return
			}
		}
	}
}

// Next returns the next file and what reads it, io.EOF after the last. The content is not what the hash names unless
// whoever reads it finds so. The code is Unreadable where the parcel breaks off.
func (p *Parcel) Next() (File, io.Reader, error) {
	if p.rest != nil {
		if _, err := io.Copy(io.Discard, p.rest); err != nil {
			return File{}, nil, err
		}
		p.rest = nil
	}
	if p.next == len(p.Files) {
		if n, err := p.plain.Read(make([]byte, 1)); n > 0 || err != io.EOF {
			return File{}, nil, unreadable(err)
		}
		return File{}, nil, io.EOF
	}
	f := p.Files[p.next]
	p.next++
	p.rest = &exactly{p.plain, f.Size}
	return f, p.rest, nil
}

// exactly reads n bytes; that there are fewer is an error.
type exactly struct {
	r io.Reader
	n int64
}

func (e *exactly) Read(b []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(b[:min(int64(len(b)), e.n)])
	e.n -= int64(n)
	if err == io.EOF && e.n > 0 {
		err = errUnreadable
	}
	return n, err
}

// oneByOne reads single bytes.
type oneByOne struct{ io.Reader }

func (o oneByOne) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(o, b[:])
	return b[0], err
}

func unreadable(err error) error {
	if fault.CodeOf(err) == Unreadable {
		return err
	}
	return fault.Wrap(errUnreadable.Code, errUnreadable.Message, err)
}
