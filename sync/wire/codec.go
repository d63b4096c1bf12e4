package wire

import (
	"encoding/binary"
	"runtime"
	"sync"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"

	"github.com/klauspost/compress/zstd"
)

// Codec turns messages into bytes and back. It holds nothing for a connection: one serves a whole program, and is safe
// for concurrent use.
//
// A message is its kind, a byte of flags, and a body: the fields in the order that layouts.go gives them. Flag bit 0
// says that the body is compressed: its size, then one or more zstd frames (RFC 8878) that expand to it.
type Codec struct {
	version int
	short   *zstd.Encoder // for bodies in one frame: with the dictionary
	long    *zstd.Encoder // for bodies cut into frames, and for ends with another dictionary
	decoder *zstd.Decoder
	foreign *Codec // sends without the dictionary
}

const (
	headSize        = 2
	flagCompressed  = 1
	minCompressed   = 48 // bytes of a body; a shorter one gains nothing
	minFrame        = 2 << 10
	maxWindow       = 1 << 20
	maxConcurrently = 8 // compressors, each of about 4 MiB once it is in use
)

// NewCodec returns a codec for ends that share the schema: its dictionary for compression derives from it.
func NewCodec(s *schema.Schema) (*Codec, error) {
	d := Dictionary(s)
	id := DictionaryID(d)
	short, err := newEncoder(zstd.WithEncoderDictRaw(id, d))
	if err != nil {
		return nil, err
	}
	long, err := newEncoder(zstd.WithAllLitEntropyCompression(true))
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(id, d), zstd.WithDecoderMaxMemory(MaxInflated),
		zstd.WithDecoderMaxWindow(MaxInflated), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return nil, err
	}
	foreign := &Codec{short: long, long: long, decoder: decoder}
	foreign.foreign = foreign
	return &Codec{version: s.Version, short: short, long: long, decoder: decoder, foreign: foreign}, nil
}

func newEncoder(options ...zstd.EOption) (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, append(options, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(maxWindow), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderConcurrency(min(runtime.GOMAXPROCS(0), maxConcurrently)))...)
}

// For returns the codec to encode with for an end that speaks that schema version: c itself if it is c's own, else one
// that does without the dictionary. Both decode whatever either sends.
func (c *Codec) For(version int) *Codec {
	if version == c.version {
		return c
	}
	return c.foreign
}

// Encode appends the message to dst. The error is a *fault.Error: fault.TooLarge beyond the limits of this package,
// fault.Malformed or fault.Internal for a message that breaks the rules of its type.
func (c *Codec) Encode(dst []byte, m Message) ([]byte, error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if m == nil {
		return dst, errMalformed
	}
	l := layouts[m.kind()]
	s.cuts = s.cuts[:0]
	f := form{b: s.body[:0], scratch: s}
	if !l.write(&f, m) {
		return dst, errMalformed
	}
	s.body = f.b
	if f.err != nil {
		return dst, f.err
	}
	if len(s.body) > MaxInflated {
		return dst, errTooLarge
	}
	out := c.finish(append(dst, byte(m.kind()), 0), s, l.bulk)
	if len(out)-len(dst) > MaxMessage {
		return dst, errTooLarge
	}
	return out, nil
}

// finish appends the body to the head, compressed if that is shorter.
func (c *Codec) finish(head []byte, s *scratch, bulk bool) []byte {
	if bulk && len(s.body) >= minCompressed {
		out := c.deflate(binary.AppendUvarint(head, uint64(len(s.body))), s)
		if len(out)-len(head) < len(s.body) {
			out[len(head)-1] = flagCompressed
			return out
		}
	}
	return append(head, s.body...)
}

// deflate appends the frames of a body. What is cut apart is unlike, and compresses better with its own statistics.
func (c *Codec) deflate(dst []byte, s *scratch) []byte {
	if len(s.cuts) == 0 {
		return c.short.EncodeAll(s.body, dst)
	}
	start := 0
	for _, end := range s.cuts {
		dst = c.long.EncodeAll(s.body[start:end], dst)
		start = end
	}
	return c.long.EncodeAll(s.body[start:], dst)
}

// Decode reads one message of at most limit bytes: MaxBeforeAuth or MaxMessage. What it returns is a value, such as
// Hello, and shares nothing with b. Whatever b says, decoding takes at most 4 times the limit to decompress and 8 times
// the limit for the message. The error is a *fault.Error with the code fault.Malformed or fault.TooLarge.
func (c *Codec) Decode(b []byte, limit int) (Message, error) {
	if len(b) > limit {
		return nil, errTooLarge
	}
	if len(b) < headSize {
		return nil, errMalformed
	}
	l, known := layouts[Kind(b[0])]
	if !known || b[1] > flagCompressed || b[1] == flagCompressed && !l.bulk {
		return nil, errMalformed
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	f := form{b: b[headSize:], reading: true, room: 8 * limit, scratch: s}
	if b[1] == flagCompressed {
		f.b = c.inflate(&f, min(4*limit, MaxInflated))
	}
	m := l.read(&f)
	if len(f.b) > 0 {
		f.malformed()
	}
	if f.err != nil {
		return nil, f.err
	}
	return m, nil
}

// inflate decompresses what the form has to read.
func (c *Codec) inflate(f *form, limit int) []byte {
	size := 0
	if f.small(&size); size > limit {
		f.fail(errTooLarge)
		return nil
	}
	out, err := c.decoder.DecodeAll(f.b, resize(&f.body, size)[:0:size])
	if err != nil || len(out) != size {
		f.fail(fault.Wrap(fault.Malformed, errMalformed.Message, err))
		return nil
	}
	return out
}

// scratch is memory that encoding and decoding use over and over: at most what one message takes, for each processor.
// The garbage collector takes what stays unused.
type scratch struct {
	body    []byte
	cuts    []int // where in the body one frame ends and the next begins
	numbers []int64
	deltas  []int64
	lengths []int64
	places  []int64
	texts   []string
	words   []string
	values  []record.Value
	at      []int
	place   map[string]int64
	sets    actorSets
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

