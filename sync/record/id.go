// Package record holds what travels and what rests: values, rows with the metadata their merging needs, change sets,
// and the one canonical encoding of each. It is pure.
package record

import (
	"encoding/binary"
	"encoding/hex"
	"errors"

	"fieldsync/sync/schema"
)

// ID is a UUIDv7 (RFC 9562, 5.7): time-ordered, so that rows made together lie together. It is the only identity of
// a row; human numbers are ordinary columns.
type ID [16]byte

// NewID returns a UUIDv7 of the given millisecond and ten random bytes.
func NewID(ms int64, random [10]byte) ID {
	var id ID
	binary.BigEndian.PutUint64(id[:8], uint64(ms)<<16)
	copy(id[6:], random[:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Made returns when the id was made (ms since 1970 UTC), by the clock of who made it; ok is false for one that is a name.
func (id ID) Made() (ms int64, ok bool) {
	return int64(binary.BigEndian.Uint64(id[:8]) >> 16), id[6]>>4 == 7
}

// IsGiven reports whether the id is one that rows are made under: by time and chance (UUID version 7, see NewID), or as a name
// that says what the row is of (version 8).
func (id ID) IsGiven() bool {
	version := id[6] >> 4
	return (version == 7 || version == 8) && id[8]&0xc0 == 0x80
}

// ErrID says that a text is not a UUID.
var ErrID = errors.New("record: malformed id")

// ParseID reads the canonical text form of a UUID, of any version. The error is ErrID.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, ErrID
	}
	compact := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(id[:], []byte(compact)); err != nil {
		return ID{}, ErrID
	}
	return id, nil
}

// IsZero reports whether the id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the canonical text form.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[:8], id[:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:], id[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// MarshalText and UnmarshalText make an ID readable in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the canonical text form.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

// Key names one row.
type Key struct {
	Table schema.TableID
	ID    ID
}

// Bucket names one bucket: the set of rows that belong to one job, asset, customer, person, location, branch, or, as
// the zero Bucket, to everybody.
type Bucket struct {
	Kind schema.BucketKind
	ID   ID
}

// Shared is the bucket that everybody holds.
var Shared = Bucket{}

// PersonBucket returns the bucket that the person holds without any assignment.
func PersonBucket(person ID) Bucket { return Bucket{schema.PersonBucket, person} }

// Bytes returns the bucket's 17-byte form, which sorts by kind, then id.
func (b Bucket) Bytes() []byte { return append([]byte{byte(b.Kind)}, b.ID[:]...) }

// BucketFromBytes reads what Bytes returned; ok is false for any other length.
func BucketFromBytes(p []byte) (b Bucket, ok bool) {
	if len(p) != 17 {
		return Bucket{}, false
	}
	b.Kind = schema.BucketKind(p[0])
	copy(b.ID[:], p[1:])
	return b, true
}
