package simtest

import (
	"container/heap"
	"fmt"
	"sync"

	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// agenda is what is going to happen, in order of virtual time; what is due at once happens in the order in which it
// was planned.
type agenda struct {
	now  int64 // virtual time, ms since 1970 UTC
	n    int
	heap moments
}

type moment struct {
	at int64
	n  int
	do func()
}

type moments []moment

func (m moments) Len() int      { return len(m) }
func (m moments) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m moments) Less(i, j int) bool {
	return m[i].at < m[j].at || m[i].at == m[j].at && m[i].n < m[j].n
}
func (m *moments) Push(x any) { *m = append(*m, x.(moment)) }
func (m *moments) Pop() any {
	last := len(*m) - 1
	x := (*m)[last]
	*m = (*m)[:last]
	return x
}

// after plans something ms milliseconds from now.
func (a *agenda) after(ms int64, do func()) { a.at(a.now+ms, do) }

func (a *agenda) at(at int64, do func()) {
	a.n++
	heap.Push(&a.heap, moment{max(at, a.now), a.n, do})
}

// run lets everything happen that is due within the next ms milliseconds.
func (a *agenda) run(ms int64) {
	end := a.now + ms
	for len(a.heap) > 0 && a.heap[0].at <= end {
		m := heap.Pop(&a.heap).(moment)
		a.now = m.at
		m.do()
	}
	a.now = end
}

// conn is one connection. Messages arrive in order, each some time after it was sent; a cut loses all that are on
// their way.
type conn struct {
	f     *Fleet
	phone *phone
	hub   *session.Hub
	who   *enrolled
	up    lane
	down  lane
	dead  bool
	timer int // of the hub's end

	answered int64          // when the last answer to a push is given
	lacks    []schema.Class // of which the phone takes segments
}

// lane is one direction of a connection.
type lane struct {
	arrived int64 // when the last message sent arrives
	shut    bool  // the sender has closed it: nothing follows
}

// codecs are made once a schema: they hold no state of a connection.
var codecs sync.Map

func codecFor(s *schema.Schema) *wire.Codec {
	if c, ok := codecs.Load(s); ok {
		return c.(*wire.Codec)
	}
	c, err := wire.NewCodec(s)
	if err != nil {
		panic(err) // the schemas of this package are in order
	}
	codecs.Store(s, c)
	return c
}

// carry brings the message to the other end, as its bytes say it there, unless the connection is cut on the way.
func (c *conn) carry(l *lane, m wire.Message, from, to *wire.Codec, deliver func(wire.Message)) {
	if c.dead || l.shut {
		return
	}
	if c.f.chance(c.f.Cut) {
		c.f.tracef("  the connection of %s is cut at a %T", c.phone.name, m)
		c.f.meets(fmt.Sprintf("a connection is cut at a %T", m))
		c.cut()
		return
	}
	b, err := from.Encode(nil, m)
	sent := m
	if err == nil {
		m, err = to.Decode(b, wire.MaxMessage)
	}
	if err != nil {
		c.f.fail("message", "%s: what does not survive the wire: %s: %v", c.phone.name, describe(sent), err)
		c.cut()
		return
	}
	l.arrived = max(l.arrived, c.f.now+c.f.Latency())
	c.f.at(l.arrived, func() {
		if !c.dead {
			deliver(m)
		}
	})
}

// shut closes one direction in good order: what was sent before arrives, then both ends are told.
func (c *conn) shut(l *lane) {
	if c.dead || l.shut {
		return
	}
	l.shut = true
	c.f.at(l.arrived, c.cut)
}

// cut ends the connection at once for both ends, and loses what is on its way.
func (c *conn) cut() {
	if c.dead {
		return
	}
	c.dead = true
	c.f.hub.gone(c)
	c.phone.gone(c)
}

// replace ends the connection because its device has opened another one.
func (c *conn) replace() {
	c.f.tracef("  %s comes by another connection", c.phone.name)
	c.phone.replaced = true
	c.phone.dials-- // to come again after this is no loop
	c.cut()
}
