package parcel

import (
	"crypto/cipher"
	"encoding/binary"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// The plain text is encrypted in chunks of 64 KiB, so that a phone seals and a hub opens what neither could hold in
// memory (the STREAM construction, as age uses it): ChaCha20-Poly1305 with a key of this parcel alone; the nonce is the
// chunk's number, from 0, in eleven bytes, and a byte that is 1 in the last chunk. So no chunk can be moved, left out,
// or cut off behind. The last one may be shorter, and empty only where it is the first.
const chunkSize = 64 << 10

// chunks counts the nonces of a parcel.
type chunks struct {
	aead  cipher.AEAD
	count uint64
}

func newChunks(key []byte) (chunks, error) {
	aead, err := chacha20poly1305.New(key)
	return chunks{aead: aead}, err
}

func (c *chunks) nonce(last bool) []byte {
	n := make([]byte, chacha20poly1305.NonceSize)
	binary.BigEndian.PutUint64(n[3:], c.count)
	if last {
		n[len(n)-1] = 1
	}
	return n
}

// sealer encrypts what is written to it.
type sealer struct {
	chunks
	w   io.Writer
	buf []byte
}

func newSealer(w io.Writer, key []byte) (*sealer, error) {
	c, err := newChunks(key)
	return &sealer{chunks: c, w: w, buf: make([]byte, 0, chunkSize+chacha20poly1305.Overhead)}, err
}

func (s *sealer) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if len(s.buf) == chunkSize { // only now it is known not to be the last
			if err := s.flush(false); err != nil {
				return n, err
			}
		}
		part := p[n:min(len(p), n+chunkSize-len(s.buf))]
		s.buf = append(s.buf, part...)
		n += len(part)
	}
	return n, nil
}

func (s *sealer) flush(last bool) error {
	_, err := s.w.Write(s.aead.Seal(s.buf[:0], s.nonce(last), s.buf, nil))
	s.buf = s.buf[:0]
	s.count++
	return err
}

// Close writes the last chunk.
func (s *sealer) Close() error { return s.flush(true) }

// opener decrypts; it gives nothing away that was not authenticated.
type opener struct {
	chunks
	r     io.Reader
	ahead []byte // the chunk after the one that is read, as it came: whether there is one tells which is the last
	plain []byte
	done  bool
}

func newOpener(r io.Reader, key []byte) (*opener, error) {
	c, err := newChunks(key)
	o := &opener{chunks: c, r: r}
	if err == nil {
		o.ahead, err = o.fetch()
	}
	return o, err
}

// fetch reads the next chunk as it came, whole or the shorter last one; none at the end.
func (o *opener) fetch() ([]byte, error) {
	b := make([]byte, chunkSize+chacha20poly1305.Overhead)
	n, err := io.ReadFull(o.r, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return b[:n], err
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.done {
			return 0, io.EOF
		}
		if err := o.open(); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

func (o *opener) open() (err error) {
	chunk := o.ahead
	if o.ahead, err = o.fetch(); err != nil {
		return err
	}
	o.done = len(o.ahead) == 0
	if o.plain, err = o.aead.Open(chunk[:0], o.nonce(o.done), chunk, nil); err != nil {
		return unreadable(err)
	}
	o.count++
	return nil
}
