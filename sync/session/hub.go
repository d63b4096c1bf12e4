package session

import (
	"cmp"
	"maps"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// maxJudging is how many pushes of one device may wait for verdicts; one that sends more does not keep to the window.
const maxJudging = 2 * pushWindow

// Hub is the hub's end of one connection.
type Hub struct {
	state   hubState
	hello   wire.Hello
	nonce   []byte
	person  record.ID
	actor   clock.Actor            // the incarnation that the device writes with now
	cursors [schema.Classes]uint64 // what the device will have when it has taken all that was sent
	read    [schema.Classes]uint64 // up to where the feed was sent, or had nothing that the device does not have
	full    [schema.Classes]uint64 // up to where it has all of every row: less than read where rows were left out
	open    [schema.Classes]bool   // a page was sent without its last part
	apart   [schema.Classes]apart  // of which the device is sent nothing
	own     map[record.Key]uint64  // rows that the device has at that commit: what it wrote on this connection
	// answeredTo is the commit up to which everything that the device wrote on this connection was answered. While it
	// waits for verdicts, pages go no further, or they would bring it its own writes.
	answeredTo uint64
	held       bool         // something was read no further than that: there may be more
	resume     []byte       // where the page under way goes on ...
	ends       uint64       // ... and the commit with which it ends, if it was begun on this connection
	class      schema.Class // the class that is being read
	reading    bool         // a Read is under way
	resumed    bool         // the page under way was begun on an earlier connection
	behind     bool         // the round of classes is not complete
	moved      bool         // the hub committed something since the round began
	head       uint64       // of the hub, when the device was welcomed
	sent       uint32       // pages sent
	taken      uint32       // pages that the device has acknowledged
	judging    int
	keeping    bool         // a Keep is under way
	mute       *fault.Error // the device is sent no pages, and refused so when it has delivered
	owed       int          // how many change sets a mute device still has to deliver, as far as it said
}

type hubState uint8

const (
	hubNew hubState = iota
	hubAdmitting
	hubChallenging
	hubProving
	hubLive
	hubClosed
)

// NewHub returns the hub's end of a connection that was just opened.
func NewHub() *Hub { return &Hub{} }

// Step feeds an event to the machine and returns what is to be done.
func (h *Hub) Step(e Event) []Effect {
	if h.state == hubClosed {
		return nil
	}
	switch e := e.(type) {
	case Opened:
		return []Effect{Expect{HelloWithin}}
	case Received:
		return h.received(e.Message)
	case TimedOut:
		return h.refuse(Refused{Reason: cmp.Or(h.mute, ErrSilent)})
	case Refused:
		return h.refuse(e)
	case Closing:
		h.state = hubClosed
		return []Effect{Send{wire.Goodbye{RetryAfter: e.RetryAfter.Milliseconds()}}, Close{}}
	}
	return h.answered(e)
}

func (h *Hub) refuse(r Refused) []Effect {
	h.state = hubClosed
	refusal := wire.Refusal{Code: r.Reason.Code, Message: r.Reason.Message, RetryAfter: r.RetryAfter.Milliseconds()}
	return []Effect{Send{refusal}, Close{Reason: r.Reason}}
}

func (h *Hub) received(m wire.Message) []Effect {
	if bye, ok := m.(wire.Bye); ok {
		live := h.state == hubLive
		h.state = hubClosed
		if live && len(bye.Differs) > 0 {
			return []Effect{Diverged{bye.Differs}, Close{}}
		}
		return []Effect{Close{}}
	}
	switch h.state {
	case hubNew:
		if hello, ok := m.(wire.Hello); ok {
			h.state, h.hello = hubAdmitting, hello
			return []Effect{Expect{}, Admit{hello}}
		}
	case hubChallenging:
		if proof, ok := m.(wire.Proof); ok {
			h.state = hubProving
			return []Effect{Expect{}, Prove{h.hello, h.nonce, proof.Signature}}
		}
	case hubLive:
		return h.live(m)
	}
	return h.refuse(Refused{Reason: ErrOutOfPlace})
}

func (h *Hub) live(m wire.Message) []Effect {
	switch m := m.(type) {
	case wire.Push:
		h.judging++
		switch {
		case h.judging > maxJudging:
		case h.mute != nil:
			return []Effect{Expect{}, Judge{m}}
		default:
			return []Effect{Judge{m}}
		}
	case wire.Ack:
		if h.mayAcknowledge(&m) {
			h.taken = m.Pages
			m.K = min(m.K, h.cursors[m.Class])
			return h.readOn([]Effect{Heard{m}})
		}
	case wire.Verify:
		if h.mute == nil {
			return []Effect{Sum{m.Buckets, slices.Min(h.cursors[:]), h.hello.Schema}}
		}
	case wire.Witness:
		if !h.keeping {
			h.keeping = true
			return []Effect{Keep{m.Rows}}
		}
	}
	return h.refuse(Refused{Reason: ErrOutOfPlace})
}

// mayAcknowledge reports whether the device can have taken what it acknowledges, and speaks for itself: an
// acknowledgement in another's name would make his work count as written in full knowledge.
func (h *Hub) mayAcknowledge(a *wire.Ack) bool {
	return a.Pages <= h.sent && a.Pages >= h.taken && int(a.Class) < schema.Classes && (a.Actor == 0 || a.Actor == h.actor)
}

// answered takes in what the driver answers to an effect.
func (h *Hub) answered(e Event) []Effect {
	switch e := e.(type) {
	case Challenged:
		h.state, h.nonce = hubChallenging, e.Nonce
		return []Effect{Send{wire.Challenge{Nonce: e.Nonce}}, Expect{HelloWithin}}
	case Admitted:
		return h.admitted(e)
	case Judged:
		return h.judged(e)
	case Summed:
		return []Effect{Send{e.Sums}}
	case Kept:
		h.keeping = false
		return []Effect{Send{e.Kept}}
	case Moved:
		return h.look()
	case Told:
		return h.told(e)
	case Paged:
		return h.paged(e)
	}
	return nil
}

// judged sends the verdicts. A device that lacked nothing before, and whose push is all that was committed since, lacks
// nothing now: there is nothing to read for it. But what was committed after the push, while the device waited for these
// verdicts, was held back from it: it is read now, for the next commit that it is told of brings only itself.
func (h *Hub) judged(e Judged) []Effect {
	h.judging--
	h.answeredTo = max(h.answeredTo, e.Verdicts.At)
	if h.mute != nil {
		return h.delivered(e)
	}
	if !h.behind && !h.held && !h.reading && h.full == h.read && h.least() == e.Since && e.plain() {
		return append(h.level(e.Verdicts.At), Send{e.Verdicts})
	}
	h.remember(e.Applied)
	h.moved, h.behind, h.held = h.moved || h.behind, true, false
	return h.readOn([]Effect{Send{e.Verdicts}})
}

// muteWithin is how long a device that was shut out may take to go on with what it has to deliver: less than it waits
// itself for an answer, so that it hears why there will be none.
const muteWithin = AnswerWithin * 2 / 3

// delivered sends a device that was shut out its verdicts, and, after the last that it waits for, why it is sent no more.
func (h *Hub) delivered(e Judged) []Effect {
	h.owed -= e.Settled()
	effects := []Effect{Send{e.Verdicts}}
	switch {
	case h.judging > 0:
		return effects
	case h.owed > 0:
		return append(effects, Expect{muteWithin})
	}
	return append(effects, h.refuse(Refused{Reason: h.mute})...)
}

// look begins a round of the classes, or another one after that under way.
func (h *Hub) look() []Effect {
	h.moved, h.behind = h.moved || h.behind, h.mute == nil
	return h.readOn(nil)
}

// told sends what a commit changed to a device that has all before it; any other has to be read for. It is told of the
// commits in their order, or of some that there is something to look for.
func (h *Hub) told(e Told) []Effect {
	if e.At <= h.least() {
		return nil
	}
	if h.state != hubLive || h.mute != nil || h.behind || h.reading || h.judging > 0 || h.full != h.read || h.sent-h.taken >= wire.Window {
		return h.look()
	}
	var effects []Effect
	for class, rows := range e.Rows {
		if h.apart[class] != sentAsEver {
			continue
		}
		h.read[class], h.full[class] = e.At, e.At
		if len(rows) > 0 {
			page := wire.Page{Class: schema.Class(class), From: h.cursors[class], To: e.At, Rows: rows, Last: true}
			effects = h.send(effects, &page)
		}
	}
	return effects
}

// send sends a page, in as many parts as it takes.
func (h *Hub) send(effects []Effect, p *wire.Page) []Effect {
	for _, part := range p.Parts(wire.MaxPart) {
		h.sent++
		effects = append(effects, Send{part})
	}
	if h.open[p.Class] = !p.Last; p.Last {
		h.cursors[p.Class] = p.To
	}
	return effects
}

// maxUntold is how many commits of its own a device is not told to have passed. To tell it of each would cost as much as
// a change; never to tell it would have it fetch all that it wrote when it comes back.
const maxUntold = 256

// level notes that the device has everything up to the commit, and tells it where it has written much and is done: before
// the last verdicts, for many a device leaves with those. One that does not hear them sends its change sets again, and is
// told the rows with the answer.
func (h *Hub) level(at uint64) (effects []Effect) {
	for class := range h.read {
		if h.apart[class] != sentAsEver {
			continue
		}
		h.read[class], h.full[class] = at, at
		if h.judging > 0 || h.sent-h.taken >= wire.Window || at-h.cursors[class] < maxUntold {
			continue
		}
		page := wire.Page{Class: schema.Class(class), From: h.cursors[class], To: at, Last: true}
		h.cursors[class] = at
		h.sent++
		effects = append(effects, Send{page})
	}
	return effects
}

func (h *Hub) admitted(e Admitted) []Effect {
	h.state, h.person, h.head = hubLive, e.Person, e.Welcome.Head
	h.cursors, h.read, h.full = e.Cursors, e.Cursors, e.Cursors
	h.answeredTo = e.Welcome.Head
	if h.actor = e.Welcome.Actor; h.actor == 0 {
		h.actor = h.hello.Actor
	}
	if h.resume = e.Resume; len(h.resume) > 0 && int(h.resume[0]) < schema.Classes {
		h.class, h.resumed = schema.Class(h.resume[0]), true
	}
	if h.mute, h.owed = e.Mute, int(h.hello.Pending); h.mute != nil {
		if h.owed == 0 {
			return h.refuse(Refused{Reason: h.mute})
		}
		return []Effect{Send{e.Welcome}, Expect{muteWithin}}
	}
	h.setApart(e.Segments)
	h.behind = h.behind || !e.Follows || !h.hasAll()
	return h.readOn([]Effect{Send{e.Welcome}, Expect{}})
}

// hasAll reports whether the device has all that the hub had when it was welcomed.
func (h *Hub) hasAll() bool {
	for class, cursor := range h.cursors {
		if cursor != h.head || h.apart[class] != sentAsEver {
			return false
		}
	}
	return len(h.resume) == 0
}

// readOn asks for the next part of a page, unless one is being read, the device has not taken enough of those sent, or
// there is nothing new.
func (h *Hub) readOn(effects []Effect) []Effect {
	if h.state != hubLive || h.reading || h.sent-h.taken >= wire.Window || h.waitsForVerdicts() {
		return effects
	}
	if effects = h.passOver(effects); !h.behind {
		return effects
	}
	h.reading = true
	upTo := uint64(0)
	if h.judging > 0 {
		upTo, h.held = h.answeredTo, true
	}
	want := judge.Want{
		Person: h.person, Class: h.class, From: h.cursors[h.class], After: h.read[h.class], Since: h.full[h.class],
		Own: h.own, UpTo: upTo, Resume: h.resume,
	}
	return append(effects, Read{want})
}

// waitsForVerdicts reports whether the page under way ends beyond what may be read before the device has its verdicts. It goes
// on after them: one that began anew would know nothing of the buckets that have begun to enter, and might have been lost since.
func (h *Hub) waitsForVerdicts() bool {
	return h.judging > 0 && len(h.resume) > 0 && h.ends > h.answeredTo
}

// paged sends a part and goes on: with the rest of the page, the next page of the class, the next class, or, after a
// round of all classes, not before the hub moves.
func (h *Hub) paged(e Paged) []Effect {
	h.reading = false
	p := e.Page
	if p.From < h.cursors[p.Class] { // it begins anew: see judge.NextPage
		h.cursors[p.Class], h.read[p.Class], h.full[p.Class] = 0, 0, 0
	}
	var effects []Effect
	if h.worthSending(&p) {
		effects = h.send(effects, &p)
	}
	switch {
	case p.Last:
		h.read[p.Class], h.full[p.Class] = p.To, p.To
	case p.Resume == nil && p.To > p.From: // rows were left out, and may be read when verdicts were given
		h.read[p.Class] = p.To
	}
	h.resume, h.ends = p.Resume, p.To
	if p.Last && p.To == e.Head || !p.Last && p.Resume == nil {
		h.nextClass()
	}
	return h.readOn(effects)
}

// worthSending reports whether the page tells the device anything: state, or, the first time, that there is none.
func (h *Hub) worthSending(p *wire.Page) bool {
	if len(p.Rows) > 0 || len(p.Leave) > 0 || len(p.Enter) > 0 || len(p.Erased) > 0 || p.Resume != nil {
		return true
	}
	return p.Last && (h.open[p.Class] || p.From < h.head || p.To > p.From && h.resumed)
}

// nextClass goes on in the round. One that began in the middle, with a page left off on an earlier connection, is
// followed by a whole one.
func (h *Hub) nextClass() {
	if h.class++; int(h.class) < schema.Classes && !h.resumed {
		return
	}
	h.class = 0
	h.behind = h.moved || h.resumed
	read := h.least()
	maps.DeleteFunc(h.own, func(_ record.Key, seq uint64) bool { return seq <= read })
	h.moved, h.resumed = false, false
}

// maxOwn bounds what a connection remembers of the device's own writes; past it they are sent back to it, which costs
// bytes and nothing else.
const maxOwn = 16 << 10

// remember notes rows that the device has as the hub has them, since it wrote them: no page needs to bring them.
func (h *Hub) remember(applied []judge.FeedEntry) {
	if h.own == nil || len(h.own) > maxOwn {
		h.own = make(map[record.Key]uint64, len(applied))
	}
	for _, e := range applied {
		h.own[e.Key] = e.Seq
	}
}
