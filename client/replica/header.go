package replica

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// headerSize is how many bytes SQLite's header takes, see https://www.sqlite.org/fileformat2.html.
const headerSize = 100

// fixed are the bytes of the header that are the same in every file of ours, by where they begin. SQLite passes over damage
// to some of them, takes others for a file that is of no use or may not be written, and says so in words that tell nobody
// that there is work in it.
var fixed = map[int][]byte{
	16: {0x10, 0x00},          // a page is 4 KiB
	20: {0, 64, 32, 32},       // nothing is reserved in a page; what a page may hold of a payload
	48: make([]byte, 8),       // no cache size, no automatic vacuum
	56: {0, 0, 0, 1, 0, 0, 0}, // UTF-8; the version of the file, but for its last byte
	64: {0, 0, 0, 0},          // no incremental vacuum
	72: make([]byte, 20),      // for later use
}

const (
	headerModes  = 18 // how the file is written and read: both alike, by a journal (1) or ahead of it (2)
	headerSchema = 44 // the form of definitions: 4, or 0 while there are none
	headerID     = 68
)

// checkHeader looks at the header of the file itself. A file that does not say it is a replica is for others to judge.
func checkHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil // SQLite says why
	}
	defer func() { _ = f.Close() }() // it was only read
	h := make([]byte, headerSize)
	if _, err := io.ReadFull(f, h); err != nil || binary.BigEndian.Uint32(h[headerID:]) != applicationID {
		return nil
	}
	whole := h[headerModes] == h[headerModes+1] && (h[headerModes] == 1 || h[headerModes] == 2)
	schema := binary.BigEndian.Uint32(h[headerSchema:])
	whole = whole && (schema == 4 || schema == 0)
	for at, want := range fixed {
		whole = whole && bytes.Equal(h[at:at+len(want)], want)
	}
	if !whole {
		return corrupt("the data on this device", errors.New("a fixed part of the file's header is another"))
	}
	return nil
}
