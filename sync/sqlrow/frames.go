package sqlrow

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// Frames is SQLite's write-ahead log as it lies on the disk, see https://sqlite.org/fileformat2.html#walformat. SQLite
// takes a log up to the first frame that does not fit, and passes over whatever lies behind it without a word: it is right
// about a commit that a power cut has torn, and wrong about a byte that went bad in the middle of it.
type Frames struct {
	List   []Frame // of the log's present round, in the order in which they were written
	Broken bool    // commits that were safe on the disk lie behind a place beyond which SQLite does not look
	stop   int     // the first frame that SQLite does not take
}

// Frame is a page as one transaction has left it.
type Frame struct {
	Page   uint32
	At     int64 // where the page begins in the log
	Commit bool  // it was the last of its transaction
	Sound  bool  // it follows from the frame before it, checksum by checksum: it is what SQLite wrote
}

// LogBroken reports whether the write-ahead log beside the database at the path has commits that SQLite will not find, and
// would write over. The commits must have been made with synchronous=FULL. A log that somebody writes meanwhile is never
// taken for a broken one.
func LogBroken(path string) (bool, error) {
	first, err := ReadFrames(path)
	if err != nil || !first.Broken {
		return false, err
	}
	again, err := ReadFrames(path) // by now the writer has written what lies before what was seen
	return err == nil && again.Broken && again.stop == first.stop, err
}

// ReadFrames reads the log beside the database at the path; where there is none, there are no frames.
func ReadFrames(path string) (*Frames, error) {
	f, err := os.Open(path + "-wal")
	if errors.Is(err, os.ErrNotExist) {
		return &Frames{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	w := walk{in: bufio.NewReaderSize(f, 256<<10)}
	if err = w.header(); err == nil {
		for err == nil {
			err = w.frame()
		}
	}
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	return &w.found, nil
}

const logHeader = 32 // bytes before the first frame

// The first bytes of a log say in which order its checksums take the bytes of numbers.
const (
	littleLog = 0x377f0682
	bigLog    = 0x377f0683
)

// checksum is SQLite's: each begins where the one of the frame before has ended.
type checksum [2]uint32

func (s checksum) over(big bool, b []byte) checksum {
	x, y := s[0], s[1]
	for ; len(b) >= 8 && big; b = b[8:] {
		x += binary.BigEndian.Uint32(b) + y
		y += binary.BigEndian.Uint32(b[4:]) + x
	}
	for ; len(b) >= 8; b = b[8:] {
		x += binary.LittleEndian.Uint32(b) + y
		y += binary.LittleEndian.Uint32(b[4:]) + x
	}
	return checksum{x, y}
}

func noted(b []byte) checksum {
	return checksum{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// walk goes through a log, frame by frame.
type walk struct {
	in    io.Reader
	found Frames
	big   bool   // the order of bytes in what checksums are made of
	salts []byte // which tell the frames of this round from those of earlier ones; nil until they are known

	at     int64
	before ending // of what comes before
	taken  bool   // SQLite takes everything up to here
	buffer [logFrame]byte
}

// ending is what the next frame follows from: the checksum that is written, and the one that the bytes have. One of them is
// right even where a byte of either is not.
type ending struct {
	noted, real checksum
	sound       bool
	commit      bool // what follows was written after this was safe on the disk
}

// header reads the beginning of the log. A header is on the disk before the first frame is written, so whatever follows
// from one says that it was whole.
func (w *walk) header() error {
	h := w.buffer[:logHeader]
	if _, err := io.ReadFull(w.in, h); err != nil {
		return err
	}
	magic, native := binary.BigEndian.Uint32(h), binary.NativeEndian.Uint16([]byte{0, 1}) == 1
	w.at, w.big = logHeader, magic == bigLog
	end := ending{noted: noted(h[24:]), real: checksum{}.over(w.big, h[:24])}
	end.sound = (magic == littleLog || magic == bigLog) && end.noted == end.real
	if !end.sound && w.big != native { // most likely this machine wrote it
		w.big, end.real = native, checksum{}.over(native, h[:24])
	}
	if end.sound && binary.BigEndian.Uint32(h[8:]) != logPages {
		return io.EOF // the log of some other program's database
	}
	if end.sound {
		w.salts = append(w.salts, h[16:24]...)
	}
	w.taken, end.commit = end.sound, true
	w.before = end
	return nil
}

// frame reads the next frame.
func (w *walk) frame() error {
	f := w.buffer[:]
	if _, err := io.ReadFull(w.in, f); err != nil {
		return err
	}
	page, salts := binary.BigEndian.Uint32(f), f[8:16]
	if w.salts == nil {
		w.salts = append(w.salts, salts...)
	}
	known := string(salts) == string(w.salts) && page > 0
	end := ending{noted: noted(f[16:]), commit: binary.BigEndian.Uint32(f[4:]) > 0}
	if known || w.before.sound {
		end.real = w.follow(f, end.noted)
		end.sound = page > 0 && end.real == end.noted
	}
	w.take(known, end)
	if known || end.sound {
		w.found.List = append(w.found.List, Frame{Page: page, At: w.at + 24, Commit: end.commit, Sound: end.sound})
	}
	w.at, w.before = w.at+logFrame, end
	return nil
}

// follow returns the checksum of a frame, from that beginning which leads to the one it says it has, if one does.
func (w *walk) follow(f []byte, want checksum) checksum {
	sum := w.before.noted.over(w.big, f[:8]).over(w.big, f[24:])
	if sum == want || w.before.noted == w.before.real {
		return sum
	}
	if other := w.before.real.over(w.big, f[:8]).over(w.big, f[24:]); other == want {
		return other
	}
	return sum
}

// take notes whether SQLite takes the frame, and whether one that it does not take proves that what came before was safe:
// the frame follows from the end of a transaction, which nothing does that was written before that end was on the disk.
func (w *walk) take(known bool, end ending) {
	if w.taken && known && end.sound {
		w.found.stop++
		return
	}
	first := w.taken // of those that are not taken
	w.taken = false
	w.found.Broken = w.found.Broken || !first && end.sound && w.before.commit
}
