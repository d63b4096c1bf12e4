// Package seal encrypts what must not be readable in a stolen file: the values of columns that a schema declares sealed,
// and what is kept of them elsewhere; and whole files, in chunks: see File. It knows neither folders nor schemas; sqlrow
// decides what is sealed, and where keys lie is the host's to say, through Keys: a phone's keystore, a key file beside the
// database.
//
//	sealed = 0 key:uvarint nonce:24 ciphertext tag:16
//
// The cipher is XChaCha20-Poly1305 with a random nonce. What comes before the ciphertext, and what the value is about (a
// table, a column, a row), are authenticated with it, so that no value can be put in the place of another. The leading
// zero tells it from everything that is stored open in its place: no value and no change set begins with one.
package seal

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"

	"fieldsync/sync/fault"
)

// Why something sealed cannot be read. Neither is a reason to throw anything away.
const (
	Missing fault.Code = "key_missing" // the key is not there: it was not brought along, or was destroyed
	Wrong   fault.Code = "key_wrong"   // there is a key of that number, and it is another one
)

// KeyID is the number of a key. It is random, so that keys of different owners are not mistaken for one another.
type KeyID uint32

// KeySize is the length of a key in bytes.
const KeySize = chacha20poly1305.KeySize

// Keys yields keys. It is asked once for each key while a store is open.
type Keys interface {
	// Newest names the key that new values are sealed with. An error with the code Missing says that there is none.
	Newest() (KeyID, error)
	// Key returns the KeySize bytes of the key; the code of the error is Missing where there is none of that number.
	Key(KeyID) ([]byte, error)
}

// Box seals and opens. It may be used from any goroutine.
type Box struct {
	keys   Keys
	random io.Reader
	newest KeyID

	mu      sync.Mutex // guards random, too
	ciphers map[KeyID]cipher.AEAD
}

// NewBox returns a box that seals with the newest of the keys there are now. Random gives the nonces.
func NewBox(keys Keys, random io.Reader) (*Box, error) {
	newest, err := keys.Newest()
	if err != nil {
		return nil, missing(err)
	}
	b := &Box{keys: keys, random: random, newest: newest, ciphers: map[KeyID]cipher.AEAD{}}
	_, err = b.cipher(newest)
	return b, err
}

// Newest returns the key that the box seals with.
func (b *Box) Newest() KeyID { return b.newest }

func (b *Box) cipher(id KeyID) (cipher.AEAD, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.ciphers[id]; c != nil {
		return c, nil
	}
	key, err := b.keys.Key(id)
	if err != nil {
		return nil, missing(err)
	}
	c, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fault.Wrap(Wrong, "a key for the sealed values has not 32 bytes: put the right one in its place", err)
	}
	b.ciphers[id] = c
	return c, nil
}

func missing(err error) error {
	if fault.CodeOf(err) != "" {
		return err
	}
	return fault.Wrap(Missing, "the key for the sealed values is not here: put it back", err)
}

// Sealed reports whether the bytes are what Seal returns.
func Sealed(b []byte) bool { return len(b) > 0 && b[0] == 0 }

// Seal encrypts what is said about something.
func (b *Box) Seal(plain []byte, about string) ([]byte, error) {
	c, err := b.cipher(b.newest)
	if err != nil {
		return nil, err
	}
	head := binary.AppendUvarint([]byte{0}, uint64(b.newest))
	nonce := make([]byte, c.NonceSize())
	b.mu.Lock()
	_, err = io.ReadFull(b.random, nonce)
	b.mu.Unlock()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "the system gives no random numbers", err)
	}
	return c.Seal(append(head, nonce...), nonce, plain, append(head, about...)), nil
}

// ErrForged says that bytes are damaged, or were sealed about something else.
var ErrForged = errors.New("seal: damaged, or about something else")

// Open returns what was sealed about the same thing. The error has the code Missing or Wrong, or is ErrForged.
func (b *Box) Open(sealed []byte, about string) ([]byte, error) {
	id, n := uint64(0), 0
	if Sealed(sealed) {
		id, n = binary.Uvarint(sealed[1:])
	}
	if n <= 0 || id != uint64(KeyID(id)) {
		return nil, ErrForged
	}
	c, err := b.cipher(KeyID(id))
	if err != nil {
		return nil, err
	}
	head, rest := sealed[:1+n:1+n], sealed[1+n:]
	if len(rest) < c.NonceSize() {
		return nil, ErrForged
	}
	plain, err := c.Open(nil, rest[:c.NonceSize()], rest[c.NonceSize():], append(head, about...))
	if err != nil {
		return nil, ErrForged
	}
	return plain, nil
}

// Proof returns bytes by which Prove tells later that the newest key is still the same.
func (b *Box) Proof() ([]byte, error) { return b.Seal([]byte(proof), proof) }

const proof = "fieldsync key"

// Prove reports, by its code, whether the key that gave the proof is missing or is another one now.
func (b *Box) Prove(given []byte) error {
	_, err := b.Open(given, proof)
	if errors.Is(err, ErrForged) {
		return fault.Wrap(Wrong, "the key for the sealed values is another one: put the right one in its place", err)
	}
	return err
}
