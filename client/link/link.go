// Package link drives a device's session over a WebSocket: it dials, feeds the session what comes and carries out what
// it asks, and comes back after a failure without ever storming the hub.
package link

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// NoNetwork is the code of a hub that cannot be reached. Nothing is wrong with the work on the device.
const NoNetwork fault.Code = "no_network"

// Config is what a link needs.
type Config struct {
	Server string // the hub's address: http, https, ws or wss
	Codec  *wire.Codec
	Local  session.Local
	Header http.Header
	Dialer *websocket.Dialer // nil means one with small buffers
	// Dial and TLS take the place of the dialer's own; nil leaves those.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	TLS  *tls.Config
	Once bool // leave when both ends are level
	// CaughtUp is called whenever nothing is left to send or to fetch, as far as both ends know; may be nil.
	CaughtUp func()
	// Heartbeat is what earlier connections learned of the network; nil begins anew.
	Heartbeat *Heartbeat
	// Segments are the classes that the device has nothing of and takes segments of. Fetch fetches one, beside the session, until
	// ctx ends; the session ends with Again when it returns.
	Segments []schema.Class
	Fetch    func(ctx context.Context, class schema.Class)
	// Contact is called after each message that came from the hub; may be nil.
	Contact func()
}

const (
	writeWithin  = 20 * time.Second
	answerWithin = time.Minute // an answer may stand behind a large message on a slow network
)

// End is how a connection ended.
type End struct {
	Reason     error         // nil when the device left, or the hub asked it to come back
	RetryAfter time.Duration // how long the hub asked to be left alone; 0 leaves it to the caller
	Again      bool          // connect again at once
}

// Link is one connection to the hub.
type Link struct {
	Config
	ws      *websocket.Conn
	machine *session.Device
	codec   *wire.Codec // speaks as the hub understands
	events  chan session.Event
	asked   chan chan struct{} // those who ask to be told when both ends are level ...
	alive   chan struct{}      // ... hear it after the hub has answered a ping, and what was then left to do is done
	waiting []chan struct{}
	over    chan struct{} // closed when Run has returned
	prove   chan struct{} // somebody doubts that the connection is still there
	pulse   pulse
	beat    *time.Timer // it is time to ask whether it is
	timer   *time.Timer
	fetches sync.WaitGroup
	during  context.Context // ends with Run
	end     *End
	mute    error // why nothing can be sent any more; what the hub said before may still be read
}

// Wrote tells the link that the replica has something new to send: the item, which is durable. It never waits, but lets the
// link go first: who wrote has waited for a disk, and to send takes a moment.
func (l *Link) Wrote(item *device.Item) {
	select {
	case l.events <- session.Wrote{Item: item}:
		runtime.Gosched()
	default: // the link is busy, and looks for what is unsent before it rests
	}
}

// Check makes the link compare the replica with the hub, when there is nothing better to do. It never waits.
func (l *Link) Check() {
	select {
	case l.events <- session.Check{}:
	default:
	}
}

// Prove makes the link ask the hub whether it is there, now: the network may have changed below it. It never waits.
func (l *Link) Prove() {
	select {
	case l.prove <- struct{}{}:
	default:
	}
}

// errBroken is how a connection ends that nobody ended.
var errBroken = fault.New(NoNetwork, "the connection broke; work goes on and is sent later")

// Level returns nil when both ends are level, having made sure that the hub is there; NoNetwork once Run has returned,
// or when ctx ends.
func (l *Link) Level(ctx context.Context) error {
	level := make(chan struct{})
	select {
	case l.asked <- level:
	case <-l.over:
		return errBroken
	case <-ctx.Done():
		return fault.Wrap(NoNetwork, tooLate, ctx.Err())
	}
	select {
	case <-level:
		return nil
	case <-l.over:
		return errBroken
	case <-ctx.Done():
		return fault.Wrap(NoNetwork, tooLate, ctx.Err())
	}
}

const tooLate = "there was not enough time; the rest goes next time"

// Run serves the connection until it ends, or ctx does.
func (l *Link) Run(ctx context.Context) End {
	defer close(l.over)
	messages := make(chan session.Event)
	done := make(chan struct{})
	defer l.fetches.Wait()
	var over context.CancelFunc
	l.during, over = context.WithCancel(ctx)
	defer over()
	var reading sync.WaitGroup
	reading.Go(func() { l.read(messages, done) })
	defer reading.Wait()
	defer close(done)
	defer func() { _ = l.ws.Close() }()
	l.beat = time.NewTimer(l.Heartbeat.Every())
	defer l.beat.Stop()
	l.timer = time.NewTimer(dialWithin)
	defer l.timer.Stop()
	l.feed(session.Opened{})
	for l.end == nil {
		select {
		case <-ctx.Done():
			l.feed(session.Leave{})
		case e, ok := <-messages:
			if !ok {
				l.pulse.breaks()
				return End{Reason: cmp.Or(l.mute, error(errBroken))}
			}
			l.learn(e)
			l.feed(e)
			if l.Contact != nil {
				l.Contact()
			}
		case e := <-l.events:
			l.feed(e)
		case level := <-l.asked:
			l.waiting = append(l.waiting, level)
			l.ask(false)
		case <-l.prove:
			l.ask(false)
		case <-l.alive:
			if len(l.waiting) > 0 {
				l.feed(session.Wrote{}) // looks for what is unsent, and says when both ends are level
			}
		case <-l.timer.C:
			l.feed(session.TimedOut{})
		case <-l.beat.C:
			l.ask(true)
		}
	}
	return *l.end
}

// ask asks the hub whether it is there, and tells it within how many seconds it will be asked again. A connection that does not
// answer is heard of from whoever reads it.
func (l *Link) ask(inTurn bool) {
	next := l.Heartbeat.Every()
	l.beat.Reset(next)
	now := time.Now()
	l.pulse.asks(now, inTurn)
	_ = l.ws.SetReadDeadline(now.Add(answerWithin))
	_ = l.ws.WriteControl(websocket.PingMessage, strconv.AppendInt(nil, int64(next/time.Second), 10), now.Add(writeWithin))
}

// learn takes from the hub's welcome how to speak to it.
func (l *Link) learn(e session.Event) {
	if r, ok := e.(session.Received); ok {
		if w, ok := r.Message.(wire.Welcome); ok {
			l.codec = l.Codec.For(w.Schema)
		}
	}
}

// read hands on what comes from the hub, and closes messages when the connection breaks.
func (l *Link) read(messages chan<- session.Event, done <-chan struct{}) {
	defer close(messages)
	l.ws.SetPongHandler(func(string) error {
		l.hears(false)
		select {
		case l.alive <- struct{}{}:
		default:
		}
		return nil
	})
	for {
		kind, data, err := l.ws.ReadMessage()
		if err != nil || kind != websocket.BinaryMessage {
			return
		}
		l.hears(true)
		m, err := l.Codec.Decode(data, wire.MaxMessage)
		if err != nil {
			return
		}
		select {
		case messages <- session.Received{Message: m}:
		case <-done:
			return
		}
	}
}

// hears notes that the hub said something. The next word may take as long as the pause before the next question, and the answer.
func (l *Link) hears(message bool) {
	now := time.Now()
	l.pulse.hears(now, message)
	_ = l.ws.SetReadDeadline(now.Add(beatMetered + answerWithin))
}

func (l *Link) feed(e session.Event) {
	for _, effect := range l.machine.Step(e) {
		switch effect := effect.(type) {
		case session.Send:
			l.say(effect.Message)
		case session.Close:
			if l.end == nil {
				l.end = &End{RetryAfter: effect.RetryAfter, Again: effect.Again}
				if effect.Reason != nil {
					l.end.Reason = effect.Reason
				}
			}
		case session.Expect:
			l.expect(effect.Within)
		case session.CaughtUp:
			l.caughtUp()
		case session.More:
			l.feed(session.Wrote{})
		case session.Fetch:
			l.fetches.Go(func() { l.fetch(effect.Class) })
		}
	}
}

func (l *Link) caughtUp() {
	if l.CaughtUp != nil {
		l.CaughtUp()
	}
	for _, level := range l.waiting {
		close(level)
	}
	l.waiting = nil
	if l.Once && l.end == nil {
		l.feed(session.Leave{})
	}
}

// lastWords is for how long a link that cannot send any more is read: a hub that refuses a device says why, and closes.
const lastWords = 2 * time.Second

// say sends a message. Where that fails the connection has ended, which is heard from whoever reads it, behind what the hub
// said before it ended.
func (l *Link) say(m wire.Message) {
	if l.mute != nil {
		return
	}
	if err := l.send(m); err != nil {
		l.mute = fault.Wrap(NoNetwork, errBroken.Message, err)
		time.AfterFunc(lastWords, func() { _ = l.ws.Close() })
	}
}

func (l *Link) send(m wire.Message) error {
	data, err := l.codec.Encode(nil, m)
	if err != nil {
		return err
	}
	_ = l.ws.SetWriteDeadline(time.Now().Add(writeWithin))
	return l.ws.WriteMessage(websocket.BinaryMessage, data)
}

func (l *Link) expect(within time.Duration) {
	l.timer.Stop()
	if within > 0 {
		l.timer.Reset(within)
	}
}
