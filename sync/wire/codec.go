package wire

import (
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
// says that the body is one zstd frame (RFC 8878), which says itself whether it needs the schema's dictionary.
type Codec struct {
	version int
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	foreign *Codec // sends without the dictionary
}

const (
	headSize        = 2
	flagCompressed  = 1
	minCompressed   = 48 // a shorter body gains nothing
	maxWindow       = 1 << 20
	maxConcurrently = 8 // compressors, each of about 4 MiB once it is in use
)

// NewCodec returns a codec for ends that share the schema: its dictionary for compression derives from it.
func NewCodec(s *schema.Schema) (*Codec, error) {
	d := Dictionary(s)
	id := DictionaryID(d)
	encoder, err := newEncoder(zstd.WithEncoderDictRaw(id, d))
	if err != nil {
		return nil, err
	}
	plain, err := newEncoder()
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(id, d), zstd.WithDecoderMaxMemory(MaxInflated),
		zstd.WithDecoderMaxWindow(MaxInflated), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return nil, err
	}
	foreign := &Codec{encoder: plain, decoder: decoder}
	foreign.foreign = foreign
	return &Codec{version: s.Version, encoder: encoder, decoder: decoder, foreign: foreign}, nil
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
	out := c.finish(append(dst, byte(m.kind()), 0), s.body, l.bulk)
	if len(out)-len(dst) > MaxMessage {
		return dst, errTooLarge
	}
	return out, nil
}

// finish appends the body to the head, compressed if that is shorter.
func (c *Codec) finish(head, body []byte, bulk bool) []byte {
	if bulk && len(body) >= minCompressed {
		out := c.encoder.EncodeAll(body, head)
		if len(out)-len(head) < len(body) {
			out[len(head)-1] = flagCompressed
			return out
		}
	}
	return append(head, body...)
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

// inflate decompresses what the form has to read. A frame must say how long its content is.
func (c *Codec) inflate(f *form, limit int) []byte {
	var h zstd.Header
	if err := h.Decode(f.b); err != nil || !h.HasFCS || h.Skippable {
		f.fail(fault.Wrap(fault.Malformed, errMalformed.Message, err))
		return nil
	}
	if h.FrameContentSize > uint64(limit) {
		f.fail(errTooLarge)
		return nil
	}
	size := int(h.FrameContentSize)
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

