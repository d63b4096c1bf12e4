package parcel

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"fieldsync/sync/fault"
)

// A small parcel fits into a chain of QR codes. Each code holds a frame, which says where it belongs, so that they may
// be read in any order and twice:
//
//	frame = "FSP1:" id ":" number "/" of ":" data
//
// The id is the first eight characters of the parcel's SHA-256, number runs from 1, data is a piece of the parcel and
// the CRC-32 (IEEE, highest byte first) over id, number, of and piece as bytes. Everything binary is written in base 32
// without padding: digits and capitals are what QR codes hold most densely, and what survives being typed and pasted.
const (
	frameBytes = 600 // of the parcel in a frame: a code that a camera reads off a phone's screen
	// MaxFrames is how long a chain may be: more codes than somebody has the patience to show.
	MaxFrames = 100
	idSize    = 5
)

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// Frames cuts a parcel into the texts of a chain of codes. The code of the error is TooMuch beyond MaxFrames.
func Frames(parcel []byte) ([]string, error) {
	of := (len(parcel) + frameBytes - 1) / frameBytes
	if of > MaxFrames {
		return nil, fault.New(TooMuch, "this is too much for codes on a screen: save it as a file, or connect the phone")
	}
	id, frames := idOf(parcel), make([]string, 0, of)
	for piece := range slices.Chunk(parcel, frameBytes) {
		n := len(frames) + 1
		data := binary.BigEndian.AppendUint32(slices.Clone(piece), check(id, n, of, piece))
		frames = append(frames, fmt.Sprintf("%s:%s:%d/%d:%s", magic, id, n, of, letters.EncodeToString(data)))
	}
	return frames, nil
}

func idOf(parcel []byte) string {
	sum := sha256.Sum256(parcel)
	return letters.EncodeToString(sum[:idSize])
}

func check(id string, n, of int, piece []byte) uint32 {
	return crc32.ChecksumIEEE(append(fmt.Appendf(nil, "%s:%d/%d:", id, n, of), piece...))
}

// Chain is what was read of the codes of one parcel.
type Chain struct {
	ID     string
	Of     int
	pieces map[int][]byte
}

// Missing returns the numbers of the frames that were not read.
func (c *Chain) Missing() (missing []int) {
	for n := 1; n <= c.Of; n++ {
		if c.pieces[n] == nil {
			missing = append(missing, n)
		}
	}
	return missing
}

// Have returns how many of the frames were read.
func (c *Chain) Have() int { return len(c.pieces) }

// Parcel returns the parcel, once nothing is missing. The code of the error is Unreadable.
func (c *Chain) Parcel() ([]byte, error) {
	var b []byte
	for n := 1; n <= c.Of; n++ {
		b = append(b, c.pieces[n]...)
	}
	if len(c.Missing()) > 0 || idOf(b) != c.ID {
		return nil, errUnreadable
	}
	return b, nil
}

// Frames returns the texts of the frames that were read, in order.
func (c *Chain) Frames() (frames []string) {
	for n := 1; n <= c.Of; n++ {
		if piece := c.pieces[n]; piece != nil {
			data := binary.BigEndian.AppendUint32(slices.Clone(piece), check(c.ID, n, c.Of, piece))
			frames = append(frames, fmt.Sprintf("%s:%s:%d/%d:%s", magic, c.ID, n, c.Of, letters.EncodeToString(data)))
		}
	}
	return frames
}

// Collect finds the frames in a text, in whatever order and with whatever between them, and returns the chains that they
// belong to, by id. Bad counts those that are damaged.
func Collect(text string) (chains []*Chain, bad int) {
	text = strings.Join(strings.Fields(strings.ToUpper(text)), "")
	byID := map[string]*Chain{}
	for _, frame := range strings.Split(text, magic+":")[1:] {
		id, n, of, piece, ok := parseFrame(frame)
		c := byID[id]
		if !ok || c != nil && c.Of != of {
			bad++
			continue
		}
		if c == nil {
			c = &Chain{ID: id, Of: of, pieces: map[int][]byte{}}
			byID[id] = c
			chains = append(chains, c)
		}
		c.pieces[n] = piece
	}
	slices.SortFunc(chains, func(a, b *Chain) int { return strings.Compare(a.ID, b.ID) })
	return chains, bad
}

// parseFrame reads a frame behind its magic. What follows the data, such as a comma between two frames, is passed over.
func parseFrame(frame string) (id string, n, of int, piece []byte, ok bool) {
	id, rest, _ := strings.Cut(frame, ":")
	place, data, found := strings.Cut(rest, ":")
	number, total, _ := strings.Cut(place, "/")
	n, errN := strconv.Atoi(number)
	of, errOf := strconv.Atoi(total)
	if !found || errN != nil || errOf != nil || n < 1 || n > of || of > MaxFrames || len(id) != letters.EncodedLen(idSize) {
		return id, 0, 0, nil, false
	}
	if end := strings.IndexFunc(data, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '2' || r > '7') }); end >= 0 {
		data = data[:end]
	}
	b, err := letters.DecodeString(data)
	if err != nil || len(b) <= crc32.Size || len(b) > frameBytes+crc32.Size {
		return id, 0, 0, nil, false
	}
	piece, sum := b[:len(b)-crc32.Size], binary.BigEndian.Uint32(b[len(b)-crc32.Size:])
	return id, n, of, piece, sum == check(id, n, of, piece)
}
