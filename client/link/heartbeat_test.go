package link

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"pgregory.net/rapid"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

func TestAHeartbeatGrowsAndShrinks(t *testing.T) {
	t.Parallel()
	h := &Heartbeat{}
	wants := func(when string, want time.Duration) {
		t.Helper()
		if got := h.Every(); got != want {
			t.Errorf("%s it asks every %s, want %s", when, got, want)
		}
	}
	wants("at first", 45*time.Second)
	for range 3 {
		h.Answered()
	}
	wants("after three answers", 151*time.Second+875*time.Millisecond)
	h.Lost(152 * time.Second)
	wants("after a loss", 75*time.Second+937*time.Millisecond+500*time.Microsecond)
	for range 9 {
		h.Answered()
	}
	wants("where quiet connections are lost", 114*time.Second)
	h.Lost(time.Hour) // it was the device that slept
	wants("after a sleep", 114*time.Second)
	h.Network(true)
	wants("on mobile data", 90*time.Second)
	for range 9 {
		h.Answered()
	}
	wants("on mobile data that holds", 9*time.Minute)
	h.Network(false)
	for range 9 {
		h.Answered()
	}
	wants("on Wi-Fi that holds", 4*time.Minute)
}

// Whatever happens, a heartbeat is neither hectic nor dead; and on a network that forgets what is silent for so long it learns to
// ask before that.
func TestAHeartbeatFindsWhatTheNetworkGrants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := &Heartbeat{}
		h.Network(rapid.Bool().Draw(t, "metered"))
		grants := time.Duration(rapid.IntRange(31, 900).Draw(t, "grants")) * time.Second
		lost := 0
		for range 40 {
			every := h.Every()
			if every < beatLeast || every > beatMetered {
				t.Fatalf("it asks every %s", every)
			}
			if every > grants {
				h.Lost(every)
				lost++
			} else {
				h.Answered()
			}
		}
		if h.Every() > grants || lost > 4 {
			t.Fatalf("it asks every %s where the network grants %s, and lost %d connections to find out", h.Every(), grants, lost)
		}
	})
}

// idle is a replica on which nothing happens.
type idle struct{ id device.Identity }

var errUnasked = errors.New("nobody asks for this")

func (i *idle) Hello() (wire.Hello, error) {
	return wire.Hello{Actor: i.id.Actor, Epoch: i.id.Epoch}, nil
}
func (*idle) Sign([]byte) ([]byte, error)                 { return nil, errUnasked }
func (*idle) Greet(*wire.Welcome) (bool, error)           { return false, nil }
func (i *idle) Identity() (*device.Identity, error)       { return &i.id, nil }
func (*idle) Held() ([]record.Bucket, error)              { return nil, nil }
func (*idle) Compare(*wire.Sums) ([]record.Bucket, error) { return nil, nil }
func (*idle) Testify() (*wire.Witness, error)             { return nil, nil }
func (*idle) Kept(*wire.Kept) error                       { return nil }
func (*idle) Unsent(uint64, int) ([]*device.Item, error)  { return nil, nil }
func (*idle) TakeVerdicts(*wire.Verdicts) (device.Taken, error) {
	return device.Taken{}, errUnasked
}

func (i *idle) TakePage(p *wire.Page) (*device.Identity, error) {
	i.id.Cursors[p.Class] = p.To
	return &i.id, nil
}

// quietHub welcomes a device, and then answers whether it is there, for as long as nobody forgets the connection.
type quietHub struct {
	codec   *wire.Codec
	forgets time.Duration // a connection that is silent for so long carries nothing any more; 0: never

	mu    sync.Mutex
	pings []time.Duration // between the pings, of all connections
	said  []string        // in them
}

func (q *quietHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.Close() }()
	last := time.Now()
	ws.SetPingHandler(func(data string) error {
		silent := time.Since(last)
		q.mu.Lock()
		q.pings, q.said = append(q.pings, silent.Round(time.Second)), append(q.said, data)
		q.mu.Unlock()
		if q.forgets > 0 && silent > q.forgets {
			return nil // nothing comes through any more
		}
		last = time.Now()
		return ws.WriteControl(websocket.PongMessage, nil, last.Add(writeWithin))
	})
	for {
		_, data, err := ws.ReadMessage()
		if err != nil {
			return
		}
		if m, err := q.codec.Decode(data, wire.MaxMessage); err == nil {
			if _, hello := m.(wire.Hello); hello {
				go q.welcome(ws) // a pipe holds nothing: who writes waits for the other end, which may be writing too
			}
		}
		last = time.Now()
	}
}

func (q *quietHub) welcome(ws *websocket.Conn) {
	q.say(ws, wire.Welcome{Head: 3, Now: time.Now().UnixMilli(), Schema: 1})
	for class := range schema.Class(schema.Classes) {
		q.say(ws, wire.Page{Class: class, To: 3, Last: true})
	}
}

func (q *quietHub) say(ws *websocket.Conn, m wire.Message) {
	if b, err := q.codec.For(1).Encode(nil, m); err == nil {
		_ = ws.WriteMessage(websocket.BinaryMessage, b)
	}
}

// pipes is a network within the test, on the test's own clock.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p <- there
	return here, nil
}

// spend lets a device stay with a hub for so long, on one connection after another, and returns how many were lost.
func spend(t *testing.T, q *quietHub, long time.Duration) (lost int) {
	s, err := schema.New("quiet", 1, &schema.Table{
		ID: 1, Name: "note", Columns: []schema.Column{{ID: 1, Name: "text", Kind: schema.Text}}, Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if q.codec, err = wire.NewCodec(s); err != nil {
		t.Fatal(err)
	}
	network := make(pipes)
	server := &http.Server{Handler: q}
	go func() { _ = server.Serve(network) }()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	c := Config{
		Server: "http://hub.example.com", Codec: q.codec, Dial: network.dial, Heartbeat: &Heartbeat{},
		Local: &idle{device.Identity{Actor: clock.Actor(4), Epoch: 1, Person: record.NewID(1, [10]byte{1}), Schema: 1}},
	}
	for ctx.Err() == nil {
		l, err := Dial(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		end := l.Run(ctx)
		if ctx.Err() == nil {
			if end.Reason == nil {
				t.Fatalf("the connection ends without a reason: %+v", end)
			}
			lost++
		}
	}
	_ = server.Close()
	return lost
}

func TestAQuietConnectionIsAskedLessAndLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &quietHub{}
		if lost := spend(t, q, time.Hour); lost != 0 {
			t.Error("connections lost:", lost)
		}
		want := []time.Duration{45 * time.Second, 45 * time.Second, 45 * time.Second, 68 * time.Second, 101 * time.Second, 152 * time.Second, 228 * time.Second, 4 * time.Minute}
		if len(q.pings) < 10 || len(q.pings) > 20 || !slices.Equal(q.pings[:len(want)], want) {
			t.Errorf("asked after %v", q.pings)
		}
		for i, said := range q.said[:len(q.said)-1] {
			if seconds, err := strconv.Atoi(said); err != nil || (q.pings[i+1]-time.Duration(seconds)*time.Second).Abs() > time.Second {
				t.Errorf("after %q it comes again in %s", said, q.pings[i+1])
			}
		}
	})
}

func TestAConnectionThatIsForgottenOnTheWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &quietHub{forgets: 2 * time.Minute}
		if lost := spend(t, q, 2*time.Hour); lost != 1 {
			t.Errorf("%d connections were lost, want one to learn from: %v", lost, q.pings)
		}
		if last := q.pings[len(q.pings)-1]; last < 100*time.Second || last > 2*time.Minute {
			t.Errorf("it settles on %s", last)
		}
	})
}
