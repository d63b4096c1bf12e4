package wire

import (
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// layout is how messages of one kind are written and read.
type layout struct {
	bulk  bool // may be compressed; the others are too small or too random to gain
	write func(*form, Message) bool
	read  func(*form) Message
}

var layouts = map[Kind]layout{
	KindHello:     layoutOf[Hello](),
	KindProof:     layoutOf[Proof](),
	KindPush:      bulkOf[Push](),
	KindAck:       layoutOf[Ack](),
	KindVerify:    layoutOf[Verify](),
	KindWitness:   bulkOf[Witness](),
	KindBye:       layoutOf[Bye](),
	KindChallenge: layoutOf[Challenge](),
	KindWelcome:   layoutOf[Welcome](),
	KindVerdicts:  bulkOf[Verdicts](),
	KindPage:      bulkOf[Page](),
	KindSums:      layoutOf[Sums](),
	KindRefusal:   layoutOf[Refusal](),
	KindGoodbye:   layoutOf[Goodbye](),
	KindKept:      layoutOf[Kept](),
}

// walked is a pointer to a message that can walk its own fields.
type walked[T Message] interface {
	*T
	walk(*form)
}

func layoutOf[T Message, P walked[T]]() layout {
	return layout{
		write: func(f *form, m Message) bool {
			v, ok := m.(T)
			if ok {
				P(&v).walk(f)
			}
			return ok
		},
		read: func(f *form) Message {
			var v T
			P(&v).walk(f)
			return v
		},
	}
}

func bulkOf[T Message, P walked[T]]() layout {
	l := layoutOf[T, P]()
	l.bulk = true
	return l
}

func (m *Hello) walk(f *form) {
	f.fixed(m.Device[:])
	f.blob(&m.Token, MaxToken)
	f.small(&m.Schema)
	unsigned(f, &m.Epoch)
	for i := range m.Cursors {
		unsigned(f, &m.Cursors[i])
	}
	f.blob(&m.Resume, MaxResume)
	unsigned(f, &m.Actor)
	unsigned(f, &m.Written)
	f.signed(&m.Oldest)
	unsigned(f, &m.Pending)
	f.signed(&m.Now)
	text(f, &m.App, MaxApp)
}

func (m *Proof) walk(f *form) { f.blob(&m.Signature, MaxToken) }

func (m *Push) walk(f *form) {
	unsigned(f, &m.Actor)
	list(f, &m.Changes, minPushed, walkPushed)
}

// minPushed is less than any change set takes; sizeOfPrior is what a Prior takes in memory.
const (
	minPushed   = 10
	sizeOfPrior = 32
)

// What stands between the head of a change set and its bytes.
const (
	pushedPrior = 1
	pushedHash  = 2
)

// walkPushed walks a change set behind its length times four, plus what stands between them.
func walkPushed(f *form, p *Pushed) {
	head := uint64(len(p.Encoded)) << 2
	if p.Prior != nil {
		head |= pushedPrior
	}
	if p.Hash != (record.Hash{}) {
		head |= pushedHash
	}
	unsigned(f, &head)
	if head>>2 > record.MaxChangeSet {
		f.fail(errTooLarge)
	}
	if head&pushedPrior != 0 {
		walkPrior(f, &p.Prior)
	}
	if head&pushedHash != 0 {
		walkHash(f, &p.Hash)
	}
	if !f.reading {
		f.b = append(f.b, p.Encoded...)
	} else if f.reserve(int(head>>2), 1) {
		p.Encoded = append(p.Encoded, f.take(int(head>>2))...)
	}
}

// walkHash walks a hash that is there: none is zero.
func walkHash(f *form, h *record.Hash) {
	if f.fixed(h[:]); f.reading && *h == (record.Hash{}) {
		f.fail(errMalformed)
	}
}

func walkPrior(f *form, p **Prior) {
	if f.reading && f.reserve(1, sizeOfPrior) {
		*p = new(Prior)
	}
	if f.err == nil {
		octet(f, &(*p).Outcome, Applied, Released)
		text(f, &(*p).Code, MaxCode)
		unsigned(f, &(*p).Eff)
	}
}

func (m *Ack) walk(f *form) {
	walkClass(f, &m.Class)
	unsigned(f, &m.K)
	unsigned(f, &m.Pages)
	unsigned(f, &m.Actor)
	unsigned(f, &m.Written)
}

func (m *Verify) walk(f *form) {
	if list(f, &m.Buckets, bucketSize, walkBucket); len(m.Buckets) > MaxVerify {
		f.fail(errTooLarge)
	}
}

func (m *Witness) walk(f *form) { list(f, &m.Rows, minRows, walkRows) }

func (m *Bye) walk(f *form) {
	if list(f, &m.Differs, bucketSize, walkBucket); len(m.Differs) > MaxVerify {
		f.fail(errTooLarge)
	}
}

func (m *Challenge) walk(f *form) { f.blob(&m.Nonce, MaxToken) }

func (m *Welcome) walk(f *form) {
	unsigned(f, &m.Epoch)
	unsigned(f, &m.Head)
	unsigned(f, &m.Common)
	f.signed(&m.Now)
	f.blob(&m.Token, MaxToken)
	unsigned(f, &m.Actor)
	unsigned(f, &m.Known)
	f.fixed(m.Chain[:])
	f.small(&m.Schema)
	unsigned(f, &m.BackedUp)
}

func (m *Page) walk(f *form) {
	walkClass(f, &m.Class)
	unsigned(f, &m.From)
	unsigned(f, &m.To)
	f.bool(&m.Last)
	f.blob(&m.Resume, MaxResume)
	list(f, &m.Leave, bucketSize, walkBucket)
	list(f, &m.Enter, bucketSize, walkBucket)
	list(f, &m.Erased, 1+len(record.ID{}), walkKey)
	unsigned(f, &m.Done)
	unsigned(f, &m.Total)
	list(f, &m.Rows, minRows, walkRows)
}

func (m *Sums) walk(f *form) {
	unsigned(f, &m.At)
	list(f, &m.Sums, bucketSize+8, func(f *form, s *Sum) {
		walkBucket(f, &s.Bucket)
		f.word(&s.Sum)
	})
}

func (m *Refusal) walk(f *form) {
	text(f, &m.Code, MaxCode)
	f.prose(&m.Message)
	f.signed(&m.RetryAfter)
}

func (m *Goodbye) walk(f *form) { f.signed(&m.RetryAfter) }

func (m *Kept) walk(f *form) {
	unsigned(f, &m.Count)
	unsigned(f, &m.At)
	text(f, &m.Code, MaxCode)
	f.prose(&m.Message)
}

func (m *Verdicts) walk(f *form) {
	unsigned(f, &m.Actor)
	unsigned(f, &m.Epoch)
	unsigned(f, &m.At)
	run := verdictWalk{counter: 1}
	list(f, &m.Verdicts, minVerdict, run.walk)
	list(f, &m.Rows, minRows, walkRows)
	list(f, &m.Gone, 1+len(record.ID{}), walkKey)
}

// bucketSize is what a bucket takes: its kind and its id.
const bucketSize = 1 + len(record.ID{})

func walkBucket(f *form, b *record.Bucket) {
	octet(f, &b.Kind, 0, 255)
	f.fixed(b.ID[:])
}

func walkKey(f *form, k *record.Key) {
	between(f, &k.Table, 1, 1<<16-1)
	f.fixed(k.ID[:])
}

func walkClass(f *form, c *schema.Class) { octet(f, c, 0, schema.Classes-1) }
