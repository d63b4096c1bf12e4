// Package blob is what both ends agree on about files: how one is named, what may be one, in which order files travel,
// and how they do. A file travels apart from the rows that name it, over HTTP beside the WebSocket, and may come before
// or after them; DESIGN.md beside package server/files says why it is built so, and sync/README.md has the protocol.
package blob

import (
	"crypto/sha256"
	"encoding/hex"

	"fieldsync/sync/fault"
)

// Hash is the SHA-256 of a file's content: the file's name, everywhere.
type Hash [sha256.Size]byte

// ParseHash reads 64 lower-case hexadecimal digits; anything else is no name of a file.
func ParseHash(s string) (h Hash, ok bool) {
	if len(s) != 2*len(h) {
		return h, false
	}
	if n, err := hex.Decode(h[:], []byte(s)); err != nil || n != len(h) {
		return Hash{}, false
	}
	return h, h.String() == s
}

// String returns the hash as 64 lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Path returns where the hub has the file, below its own address.
func Path(h Hash) string { return "/files/" + h.String() }

// ThumbnailPath returns where the hub has a small JPEG of a picture.
func ThumbnailPath(h Hash) string { return Path(h) + "/thumbnail" }

// The headers of a transfer.
const (
	HeaderOffset   = "Upload-Offset"   // decimal: the byte at which the body begins; in an answer, how much the hub has
	HeaderLength   = "Upload-Length"   // decimal: how long the whole file is
	HeaderComplete = "Upload-Complete" // "?1" in an answer: the hub has the whole file, verified and durable
	HeaderKind     = "File-Kind"       // what the file is for: a kind of the attachment table
	Complete       = "?1"
	Incomplete     = "?0"
	Scheme         = "Fieldsync" // Authorization: Fieldsync <device id>:<token in hexadecimal>
)

// The codes of transfers; Final says which of them stand however often one tries.
const (
	Unknown     fault.Code = "unknown_file" // there is no such file for whoever asks, or not yet
	WrongOffset fault.Code = "wrong_offset" // the hub has another number of bytes: HeaderOffset says how many
	WrongHash   fault.Code = "wrong_hash"   // what came is not what was named: the hub dropped it
	WrongKind   fault.Code = "wrong_kind"   // the content is not of the kind that was declared, or of none that is taken
	OverQuota   fault.Code = "file_quota"   // too many files, or bytes, in one day: it goes on tomorrow
	HubFull                = fault.HubFull  // no space: what came is kept, and goes on when there is
	Erased      fault.Code = "file_erased"  // personal data that was to be forgotten: it is not taken again
)

// Final reports whether a refusal with the code stands however often the file is sent.
func Final(code fault.Code) bool {
	switch code {
	case WrongKind, fault.TooLarge, Erased, fault.Malformed:
		return true
	}
	return false
}

// Refusal is what the hub answers, as JSON, in place of a file.
type Refusal struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
}
