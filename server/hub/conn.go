package hub

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// A connection costs its goroutine and little else: buffers are small, the write buffer is shared, and the socket is
// read from a fresh goroutine after the HTTP handler has returned, so that net/http's own buffers and stack go.
var upgrader = websocket.Upgrader{
	ReadBufferSize: 256, WriteBufferSize: 4096, WriteBufferPool: &sync.Pool{},
	Subprotocols: []string{wire.Subprotocol},
	CheckOrigin:  func(r *http.Request) bool { return r.Header.Get("Origin") == "" }, // devices are no browsers
}

const (
	writeWithin = 20 * time.Second  // a device that takes no message for so long is gone; its cursor is safe
	silentFor   = 150 * time.Second // a device that says nothing, not even a ping, for so long is gone
	longestRest = 15 * time.Minute  // as is one for so long, whatever it announced
	restSlack   = time.Minute       // how much later than announced a device may be heard
	seenEvery   = 10 * time.Minute  // how often it is noted that a device was heard while it stays
)

// conn drives one session over one socket.
type conn struct {
	hub      *Hub
	ws       *websocket.Conn
	address  string    // whence it comes
	device   record.ID // zero until it is admitted
	author   judge.Author
	buckets  []record.Bucket // subscribed to; guarded by hub.mu
	stranger bool            // its device has not shown who it is; guarded by hub.mu
	number   atomic.Uint64   // of the connection among those of all nodes; 0 until they know of it
	contact  Contact         // what it said when it came, less what was judged since
	heard    time.Time       // when it last said something; of the goroutine that reads
	rests    time.Duration   // for how long it may say nothing, as its last ping announced; likewise
	noted    time.Time       // when that was last noted
	lacks    string          // the classes of which it takes segments, a digit each

	mu      sync.Mutex     // one event at a time
	sending sync.WaitGroup // a part of a page is on its way, see send
	machine *session.Hub
	codec   *wire.Codec // speaks as the device understands
	timer   *time.Timer
	closed  bool

	judging sync.Mutex // pushes are judged in the order in which they came
	pushes  []*pushed
	last    *pushed // the latest of them, or the one that is being judged
	busy    bool

	untold  sync.Mutex
	news    []*judge.News // commits that it was not told of yet, in order; nil for that it must look for itself
	telling bool          // somebody is at it
}

// ServeHTTP upgrades the request and serves the device until it leaves.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address := auth.Address(r, h.Proxies)
	if !h.letIn(w, address) {
		return
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		h.turnedAway(address)
		return // Upgrade has answered
	}
	if ws.Subprotocol() != wire.Subprotocol {
		reason := websocket.FormatCloseMessage(websocket.CloseProtocolError, "this server speaks "+wire.Subprotocol)
		_ = ws.WriteControl(websocket.CloseMessage, reason, time.Now().Add(writeWithin))
		_ = ws.Close()
		h.turnedAway(address)
		return
	}
	c := &conn{hub: h, ws: ws, address: address, stranger: true, rests: silentFor, machine: session.NewHub(), codec: h.codec.For(0)}
	c.lacks = strings.Clone(r.URL.Query().Get(wire.Segments)) // the request goes
	ws.SetReadLimit(wire.MaxBeforeAuth)
	ping := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		c.rests = restOf(data)
		c.alive()
		return ping(data)
	})
	if !h.accept(c) {
		_ = ws.Close()
		h.turnedAway(address)
	}
}

// restOf returns how long a device may be silent whose ping says so: it has in it after how many seconds the next comes. One that
// says nothing of the kind is one that comes often.
func restOf(ping string) time.Duration {
	seconds, err := strconv.ParseUint(ping, 10, 16)
	if err != nil {
		return silentFor
	}
	return min(max(time.Duration(seconds)*time.Second+restSlack, silentFor), longestRest)
}

// alive is told whenever the device says something.
func (c *conn) alive() {
	_ = c.ws.SetReadDeadline(time.Now().Add(c.rests))
	c.heard = c.hub.Now()
	if !c.device.IsZero() && c.heard.Sub(c.noted) > seenEvery {
		c.noteHeard()
	}
}

func (c *conn) noteHeard() {
	c.noted = c.heard
	c.hub.notes.saw(c.device, c.heard)
}

func (c *conn) serve() {
	c.hub.stats.connections.Inc()
	defer c.hub.stats.connections.Dec()
	defer c.end()
	c.feed(session.Opened{})
	for {
		c.alive()
		kind, data, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		c.hub.stats.received.Add(float64(len(data)))
		if apart(func() { err = c.received(kind, data) }); err != nil {
			return
		}
	}
}

// apart runs do on a goroutine of its own, and waits for it. What do does takes tens of KiB of stack, which would stay with
// the goroutine that reads for as long as the device is online.
func apart(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	<-done
}

// received feeds a message to the machine. One that cannot be read is an error, which the device is told.
func (c *conn) received(kind int, data []byte) error {
	m, err := c.decode(kind, data)
	if err != nil {
		c.feed(session.Refused{Reason: asFault(err)})
		return err
	}
	c.feed(session.Received{Message: m})
	return nil
}

func (c *conn) decode(kind int, data []byte) (wire.Message, error) {
	if kind != websocket.BinaryMessage {
		return nil, fault.New(fault.Malformed, "messages are binary")
	}
	limit := wire.MaxMessage
	if c.device.IsZero() {
		limit = wire.MaxBeforeAuth
	}
	return c.hub.codec.Decode(data, limit)
}

// end lets go of everything that the connection held.
func (c *conn) end() {
	c.mu.Lock()
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	_ = c.ws.Close()
	c.sending.Wait()
	if c.heard.Sub(c.noted) > time.Second && !c.device.IsZero() {
		c.noteHeard()
	}
	c.hub.unregister(c)
}

func (c *conn) feed(e session.Event) { c.alone(func() { c.step(e) }) }

// alone runs do while nothing else happens to the connection. A fault of the program that it lays bare ends this
// connection and no other.
func (c *conn) alone(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.survives(do) {
		c.hangUp()
	}
}

// survives reports whether do ran through without a panic.
func (c *conn) survives(do func()) (ok bool) {
	defer func() {
		if trouble := recover(); trouble != nil {
			c.hub.Log.Error("serving a device panicked", "device", c.device.String(), "trouble", trouble, "stack", string(debug.Stack()))
			ok = false
		}
	}()
	do()
	return true
}

// step gives the machine an event, carries out what it asks for, and goes on with what it makes of the answers.
func (c *conn) step(e session.Event) {
	for effects := c.machine.Step(e); len(effects) > 0 && !c.closed; effects = effects[1:] {
		if read, ok := effects[0].(session.Read); ok {
			effects = append(effects, c.read(read.Want)...)
		} else if answer := c.perform(effects[0]); answer != nil {
			effects = append(effects, c.machine.Step(answer)...)
		}
	}
}

// perform carries out any effect but a Read.
func (c *conn) perform(e session.Effect) session.Event {
	switch e := e.(type) {
	case session.Send:
		c.send(e.Message)
	case session.Close:
		c.hangUp()
	case session.Expect:
		c.expect(e.Within)
	case session.Admit:
		return c.answer(c.admit(e.Hello))
	case session.Prove:
		return c.answer(c.prove(e))
	case session.Judge:
		c.enqueue(e.Push)
	case session.Sum:
		if wait := c.hub.check.Take(context.Background(), c.device, c.hub.Now()); wait > 0 {
			return c.hub.putOff(wait)
		}
		return c.answer(c.sum(e))
	case session.Diverged:
		c.hub.stats.divergences.Inc()
		c.hub.Log.Error("a device's rows were not the hub's; it fetches all anew", "device", c.device, "buckets", e.Buckets)
	case session.Heard:
		if e.Ack.Actor != 0 && int(e.Ack.Class) == 0 {
			c.hub.notes.acknowledged(e.Ack)
		}
	case session.Keep:
		if wait := c.hub.check.Take(context.Background(), c.device, c.hub.Now()); wait > 0 {
			return c.hub.putOff(wait)
		}
		return c.answer(c.hub.keep(context.Background(), c.author, e.Rows))
	}
	return nil
}

// send writes a message after those before it. A part of a page that is followed by another is written while that one is
// read from the store: a first sync keeps two processors busy.
func (c *conn) send(m wire.Message) {
	c.sending.Wait()
	if p, ok := m.(wire.Page); ok && !p.Last {
		c.sending.Go(func() { c.writeBeside(m) })
		return
	}
	if err := c.write(m); err != nil {
		c.hangUp()
	}
}

// writeBeside writes a message while other things happen to the connection: what goes wrong closes the socket, which is
// heard by whoever reads it.
func (c *conn) writeBeside(m wire.Message) {
	var err error
	if !c.survives(func() { err = c.write(m) }) || err != nil {
		_ = c.ws.Close()
	}
}

// write writes one message. A device that does not take it in time has lost its connection, not its place.
func (c *conn) write(m wire.Message) error {
	data, err := c.codec.Encode(nil, m)
	if err != nil {
		c.hub.Log.Error("a message cannot be sent", "device", c.device.String(), "message", fmt.Sprintf("%T", m), "error", err)
		return err
	}
	_ = c.ws.SetWriteDeadline(time.Now().Add(writeWithin))
	c.hub.stats.sent.Add(float64(len(data)))
	return c.ws.WriteMessage(websocket.BinaryMessage, data)
}

// hangUp is called with the lock held.
func (c *conn) hangUp() {
	c.closed = true
	_ = c.ws.Close()
}

func (c *conn) expect(within time.Duration) {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if within > 0 {
		var t *time.Timer
		t = time.AfterFunc(within, func() { c.timedOut(t) })
		c.timer = t
	}
}

// timedOut feeds TimedOut, unless what was expected has come while the timer waited for its turn.
func (c *conn) timedOut(t *time.Timer) {
	c.alone(func() {
		if c.timer == t {
			c.step(session.TimedOut{})
		}
	})
}

func (c *conn) goodbye(retryAfter time.Duration) { c.feed(session.Closing{RetryAfter: retryAfter}) }

// The ends that the hub makes of a connection. They close the socket first, so that they wait for nothing.
func (c *conn) shutOut() {
	_ = c.ws.Close()
	go c.feed(session.Refused{Reason: errRevoked})
}

func (c *conn) replace() {
	_ = c.ws.Close()
	go c.feed(session.Refused{Reason: fault.New(fault.NotAllowed, "the device opened another connection")})
}

// enqueue has a push judged after those before it. Judging waits for the disk, so it has a goroutine of its own while
// there is something to judge; meanwhile pages go on.
func (c *conn) enqueue(p wire.Push) {
	c.judging.Lock()
	defer c.judging.Unlock()
	c.last = c.hub.take(context.Background(), &p, c.last)
	c.pushes = append(c.pushes, c.last)
	if !c.busy {
		c.busy = true
		go c.judgeAll()
	}
}

func (c *conn) judgeAll() {
	for {
		c.judging.Lock()
		if len(c.pushes) == 0 {
			c.busy, c.last = false, nil
			c.judging.Unlock()
			return
		}
		p := c.pushes[0]
		c.pushes = c.pushes[1:]
		c.judging.Unlock()
		judged, err := c.hub.judge(context.Background(), c, c.author, p)
		runtime.Gosched() // who was told of it goes first: its author knows it already
		c.feed(c.answer(judged, err))
	}
}
