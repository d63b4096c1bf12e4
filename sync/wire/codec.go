package wire

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

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
	quick   *compressors // for bodies that are small, where a better search finds nothing more: with the dictionary
	short   *compressors // for bodies in one frame: with the dictionary
	long    *compressors // for bodies cut into frames, and for ends with another dictionary
	decoder *zstd.Decoder
	foreign *Codec // sends without the dictionary
}

const (
	headSize       = 2
	flagCompressed = 1
	minCompressed  = 192     // bytes of a body; a shorter one, such as a change or two, gains nothing and takes a while
	maxQuick       = 4 << 10 // bytes of a body that is small
	minFrame       = 512     // bytes of a body that are worth a frame of their own
	maxWindow      = 1 << 20 // bytes that a compressor looks back
)

// NewCodec returns a codec for ends that share the schema: its dictionary for compression derives from it. The error
// is that of a dictionary that cannot be loaded.
func NewCodec(s *schema.Schema) (*Codec, error) {
	d := Dictionary(s)
	id := DictionaryID(d)
	quick, err := newCompressors(zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderDictRaw(id, d))
	if err != nil {
		return nil, err
	}
	short, err := newCompressors(zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderDictRaw(id, d))
	if err != nil {
		return nil, err
	}
	long, err := newCompressors(zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithAllLitEntropyCompression(true))
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(id, d), zstd.WithDecoderMaxMemory(MaxInflated),
		zstd.WithDecoderMaxWindow(MaxInflated), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return nil, err
	}
	foreign := &Codec{quick: long, short: long, long: long, decoder: decoder}
	foreign.foreign = foreign
	return &Codec{version: s.Version, quick: quick, short: short, long: long, decoder: decoder, foreign: foreign}, nil
}

// compressors lends out compressors, which take some MiB each once they were used, and milliseconds to get ready: one for
// each thread that compresses. One is kept for good; the garbage collector takes the others when they stay unused.
type compressors struct {
	kept  atomic.Pointer[zstd.Encoder] // nil while it is lent out
	spare sync.Pool
}

func newCompressors(options ...zstd.EOption) (*compressors, error) {
	options = append(options, zstd.WithEncoderCRC(false), zstd.WithWindowSize(maxWindow), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderConcurrency(1))
	first, err := zstd.NewWriter(nil, options...)
	if err != nil {
		return nil, err
	}
	c := &compressors{}
	c.spare.New = func() any {
		e, _ := zstd.NewWriter(nil, options...) // they served the first one, so they are in order
		return e
	}
	c.kept.Store(first)
	return c, nil
}

// frame appends src as one frame.
func (c *compressors) frame(dst, src []byte) []byte {
	e := c.kept.Swap(nil)
	if e == nil {
		e = c.spare.Get().(*zstd.Encoder)
	}
	dst = e.EncodeAll(src, dst)
	if !c.kept.CompareAndSwap(nil, e) {
		c.spare.Put(e)
	}
	return dst
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
// fault.Internal for a message that breaks the rules of its type.
func (c *Codec) Encode(dst []byte, m Message) ([]byte, error) {
	if m == nil {
		return dst, errUnsayable
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	l := layouts[m.kind()]
	f := form{b: s.body[:0], scratch: s}
	s.cuts = s.cuts[:0]
	if !l.write(&f, m) {
		return dst, errUnsayable
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
	switch {
	case len(s.cuts) == 0 && len(s.body) <= maxQuick:
		return c.quick.frame(dst, s.body)
	case len(s.cuts) == 0:
		return c.short.frame(dst, s.body)
	}
	start := 0
	for _, end := range append(s.cuts, len(s.body)) {
		if start < end {
			dst = c.long.frame(dst, s.body[start:end])
		}
		start = end
	}
	return dst
}

// Decode reads one message of at most limit bytes: MaxBeforeAuth or MaxMessage. What it returns is a value, such as
// Hello, and shares nothing with b. Whatever b says, decoding allocates at most 4 times the bytes of the message and 4 KiB.
// A Push, Witness, Verdicts or Page, which is refused before the device is known, is different: at most twice its bytes,
// expanded if it is compressed, plus the limit; it expands to at most 4 times the limit. The error is a *fault.Error with
// the code fault.Malformed or fault.TooLarge.
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
	if l.bulk && limit < MaxMessage {
		return nil, errEarly
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	f := form{b: b[headSize:], reading: true, scratch: s}
	if b[1] == flagCompressed {
		f.b = c.inflate(&f, min(4*limit, MaxInflated))
	}
	f.room = l.room(len(f.b), limit)
	m := l.read(&f)
	if len(f.b) > 0 {
		f.malformed()
	}
	if f.err != nil {
		return nil, f.err
	}
	return m, nil
}

// room returns how many bytes may be allocated for what is read of a body, beyond the body. Rows and change sets take many
// times their bytes in memory, and may: see sync/README.md, Limits.
func (l *layout) room(body, limit int) int {
	if l.bulk {
		return body + limit - overhead
	}
	return 3*body + 1<<10
}

// overhead is what reading takes beside what is accounted for: the message itself, and the ends of allocations.
const overhead = 16 << 10

// inflate decompresses what the form has to read.
func (c *Codec) inflate(f *form, limit int) []byte {
	size := 0
	if f.small(&size); size > limit {
		f.fail(errTooLarge)
	}
	if f.err != nil {
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
