package link_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

func TestMain(m *testing.M) { simtest.Main(m) }

var li = record.NewID(1, [10]byte{1})

// badHub is a hub that does as its script says, once a device has said Hello.
type badHub struct {
	t     *testing.T
	url   string
	codec *wire.Codec

	mu     sync.Mutex // one connection at a time
	script func(*badHub)
	ws     *websocket.Conn // of the connection that is being served
	hello  wire.Hello
}

// actor is the one incarnation that the hub hands out.
const actor clock.Actor = 4

func newBadHub(t *testing.T) *badHub {
	t.Helper()
	codec, err := wire.NewCodec(aftersales.Schema)
	if err != nil {
		t.Fatal(err)
	}
	h := &badHub{t: t, codec: codec}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

func (h *badHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/enrol" {
		_ = json.NewEncoder(w).Encode(map[string]record.ID{"device": record.NewID(1, [10]byte{9}), "person": li})
		return
	}
	upgrader := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.Close() }()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ws = ws
	if hello, ok := h.receive().(wire.Hello); ok {
		h.hello = hello
		h.script(h)
	}
}

// play sets the script, once the connection before has ended.
func (h *badHub) play(script func(*badHub)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.script = script
}

// receive returns the device's next message, nil when it has hung up.
func (h *badHub) receive() wire.Message {
	_ = h.ws.SetReadDeadline(time.Now().Add(time.Minute))
	_, data, err := h.ws.ReadMessage()
	if err != nil {
		return nil
	}
	m, err := h.codec.Decode(data, wire.MaxMessage)
	if err != nil {
		h.t.Errorf("the device sends what cannot be read: %v", err)
		return nil
	}
	return m
}

// pushed returns the device's next push; false when it has hung up.
func (h *badHub) pushed() (wire.Push, bool) {
	for {
		switch m := h.receive().(type) {
		case nil:
			return wire.Push{}, false
		case wire.Push:
			return m, true
		}
	}
}

func (h *badHub) send(messages ...wire.Message) {
	for _, m := range messages {
		data, err := h.codec.Encode(nil, m)
		if err != nil {
			h.t.Errorf("%T: %v", m, err)
			return
		}
		h.raw(websocket.BinaryMessage, data)
	}
}

func (h *badHub) raw(kind int, data []byte) { _ = h.ws.WriteMessage(kind, data) }

// drain reads on until the device hangs up.
func (h *badHub) drain() {
	for h.receive() != nil {
	}
}

func (h *badHub) welcome() wire.Welcome {
	w := wire.Welcome{Head: 3, Now: time.Now().UnixMilli(), Schema: aftersales.Schema.Version}
	if h.hello.Actor == 0 {
		w.Actor = actor
	}
	return w
}

// greeted is the script of a hub that begins well and then sends the messages, and waits.
func greeted(messages ...wire.Message) func(*badHub) {
	return func(h *badHub) {
		h.send(h.welcome())
		if _, ok := h.pushed(); ok {
			h.send(messages...)
			h.drain()
		}
	}
}

// verdict is the script of a hub that answers a push with these verdicts.
func verdict(change func(*wire.Verdicts, wire.Push)) func(*badHub) {
	return func(h *badHub) {
		h.send(h.welcome())
		if p, ok := h.pushed(); ok {
			v := wire.Verdicts{Actor: p.Actor, At: 3}
			change(&v, p)
			h.send(v)
			h.drain()
		}
	}
}

func one(v wire.Verdict) func(*badHub) {
	return verdict(func(all *wire.Verdicts, _ wire.Push) { all.Verdicts = []wire.Verdict{v} })
}

// emptyPhone copies a replica that has never met a hub.
var emptyPhone = simtest.Template(func(path string) error {
	c, err := client.Open(context.Background(), client.Options{Path: path})
	if err != nil {
		return err
	}
	return c.Close()
})

// worked is the device that the stories are about: Li's, with work on it that no hub has seen.
func worked(t *testing.T, h *badHub) *client.Client {
	t.Helper()
	c, err := client.Open(t.Context(), client.Options{Path: emptyPhone(t, filepath.Join(t.TempDir(), "field.db"))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Enrol(t.Context(), h.url, "any", "phone"); err != nil {
		t.Fatal(err)
	}
	for i := range works {
		err := c.Update(t.Context(), fmt.Sprintf("job.found.%d", i), func(tx client.Tx) error {
			return tx.Insert("job", jobID(i), record.Values{"title": record.Text(fmt.Sprint("job ", i))})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// works is how many changes wait on the device.
const works = 3

func jobID(i int) record.ID { return record.NewID(2, [10]byte{byte(i + 1)}) }

// causes returns the causes of change sets as they were pushed, each once.
func causes(t *testing.T, p wire.Push) (list []string) {
	t.Helper()
	for _, pushed := range p.Changes {
		cs, err := record.ParseChangeSet(pushed.Encoded)
		if err != nil {
			t.Errorf("the device sends a change set that cannot be read: %v", err)
			return nil
		}
		if !slices.Contains(list, cs.Cause) {
			list = append(list, cs.Cause)
		}
	}
	return list
}

// honest is the script of a hub that accepts what is sent, and brings the device up to its head.
func honest(taken *[]string) func(*badHub) {
	return func(h *badHub) {
		w := h.welcome()
		if w.Actor == 0 && h.hello.Epoch != 0 { // it believed another hub's epoch
			w.Actor = actor + 4
		}
		h.send(w)
		if p, ok := h.pushed(); ok {
			*taken = append(*taken, causes(h.t, p)...)
			v := wire.Verdicts{Actor: p.Actor, At: 3}
			for _, pushed := range p.Changes {
				cs, err := record.ParseChangeSet(pushed.Encoded)
				if err != nil {
					return
				}
				one := wire.Verdict{Counter: cs.Dot.Counter, Count: 1, Hash: record.HashOf(pushed.Encoded), Outcome: wire.Applied, Seq: cs.Dot.Counter}
				v.Verdicts = wire.Join(v.Verdicts, one)
			}
			h.send(v)
		}
		for class := range schema.Class(schema.Classes) {
			h.send(wire.Page{Class: class, To: 3, Last: true})
		}
		h.drain()
	}
}

func TestNoHubMakesADeviceLoseWork(t *testing.T) {
	t.Parallel()
	jobs := aftersales.Schema.Table("job").ID
	bucket := record.Bucket{Kind: aftersales.JobBucket, ID: jobID(0)}
	row := func(id record.ID, columns int, v record.Value) wire.Rows {
		r := wire.Rows{Table: jobs, Whole: true, Rows: []wire.Row{{ID: id, Seq: 2, Vector: clock.VectorOf(clock.Dot{Actor: 5, Counter: 1})}}}
		for i := range columns {
			r.Columns = append(r.Columns, aftersales.Schema.Table("job").Columns[i].ID)
			r.Rows[0].Values = append(r.Rows[0].Values, v)
		}
		return r
	}
	for name, script := range map[string]func(*badHub){
		"hangs up at Hello":        func(*badHub) {},
		"hangs up after Welcome":   func(h *badHub) { h.send(h.welcome()) },
		"hangs up at the push":     func(h *badHub) { h.send(h.welcome()); h.pushed() },
		"says nothing but Goodbye": greeted(wire.Goodbye{RetryAfter: math.MaxInt64}),
		"refuses without a reason": greeted(wire.Refusal{RetryAfter: math.MinInt64}),
		"says it is shut out":      greeted(wire.Refusal{Code: fault.Revoked, Message: "go away"}),
		"sends text":               func(h *badHub) { h.raw(websocket.TextMessage, []byte("welcome")); h.drain() },
		"sends garbage":            func(h *badHub) { h.raw(websocket.BinaryMessage, []byte{65, 0, 255, 255}); h.drain() },
		"sends nothing":            func(h *badHub) { h.raw(websocket.BinaryMessage, nil); h.drain() },
		"sends too much":           func(h *badHub) { h.raw(websocket.BinaryMessage, make([]byte, wire.MaxMessage+1)); h.drain() },
		"challenges for ever":      func(h *badHub) { challenge(h) },
		"welcomes twice":           func(h *badHub) { h.send(h.welcome(), h.welcome()); h.drain() },
		"knows more than was sent": func(h *badHub) { w := h.welcome(); w.Known = math.MaxUint64; h.send(w); h.drain() },
		"backed up the future":     func(h *badHub) { w := h.welcome(); w.BackedUp = math.MaxUint64; h.send(w); h.drain() },
		"is of another age":        func(h *badHub) { w := h.welcome(); w.Now = math.MinInt64; h.send(w); h.drain() },
		"is of another epoch":      func(h *badHub) { w := h.welcome(); w.Epoch, w.Actor = 7, 1<<41|4; h.send(w); h.drain() },
		"judges before the push":   func(h *badHub) { h.send(h.welcome(), wire.Verdicts{Actor: actor}); h.drain() },
		"sends pages first":        func(h *badHub) { h.send(wire.Page{To: 1}); h.drain() },
		"speaks as a device":       greeted(wire.Hello{}),
		"sums up unasked":          greeted(wire.Sums{At: 3, Sums: []wire.Sum{{Bucket: bucket, Sum: 4}}}),
		"says nothing of anything": verdict(func(*wire.Verdicts, wire.Push) {}),
		"judges what was not sent": one(wire.Verdict{Counter: 900, Count: 1, Outcome: wire.Applied, Seq: 1}),
		"judges 2^62 changes":      one(wire.Verdict{Counter: 1, Count: 1 << 62, Outcome: wire.Applied, Seq: 1}),
		"judges by another hash":   one(wire.Verdict{Counter: 1, Count: 3, Hash: record.Hash{1}, Outcome: wire.Applied, Seq: 1}),
		"refuses by another hash":  one(wire.Verdict{Counter: 1, Count: 1, Hash: record.Hash{1}, Outcome: wire.Quarantined, Seq: 1, Code: "no"}),
		"releases by another hash": one(wire.Verdict{Counter: 1, Count: 1, Hash: record.Hash{1}, Outcome: wire.Released, Seq: 1}),
		"says that it forked":      one(wire.Verdict{Counter: 1, Count: 1, Outcome: wire.Forked}),
		"says that the end forked": one(wire.Verdict{Counter: math.MaxUint64 - 1, Count: 1, Outcome: wire.Forked}),
		"wants what never was":     one(wire.Verdict{Counter: 3, Count: 1, Outcome: wire.Gap, Seq: 1 << 60}),
		"wants what was before":    one(wire.Verdict{Counter: 3, Count: 1, Outcome: wire.Gap, Seq: 1}),
		"wants nothing":            one(wire.Verdict{Counter: 3, Count: 1, Outcome: wire.Gap}),
		"judges somebody else": verdict(func(v *wire.Verdicts, _ wire.Push) {
			v.Actor, v.Verdicts = 77, []wire.Verdict{{Counter: 1, Count: 1, Outcome: wire.Forked}}
		}),
		"takes the rows away": verdict(func(v *wire.Verdicts, _ wire.Push) {
			v.Gone = []record.Key{{Table: jobs, ID: jobID(0)}, {Table: 9999, ID: jobID(1)}}
		}),
		"answers with a wrong kind": verdict(func(v *wire.Verdicts, _ wire.Push) { v.Rows = []wire.Rows{row(jobID(0), 3, record.Number(4))} }),
		"a page out of order":       greeted(wire.Page{From: 99, To: 100, Last: true}),
		"a page that goes back":     greeted(wire.Page{From: 0, To: 3, Last: true}, wire.Page{From: 3, To: 1, Last: true}),
		"a page without end":        greeted(wire.Page{To: 3}, wire.Page{To: 3}, wire.Page{To: 3, Resume: make([]byte, 1000)}),
		"a page of unknown tables":  greeted(wire.Page{To: 3, Rows: []wire.Rows{{Table: 9999, Columns: nil, Rows: []wire.Row{{ID: jobID(0)}}}}}),
		"a page of wrong kinds":     greeted(wire.Page{To: 3, Rows: []wire.Rows{row(jobID(0), 5, record.Money(1, "TWD"))}}),
		"a row of the zero id":      greeted(wire.Page{To: 3, Rows: []wire.Rows{row(record.ID{}, 0, record.Null)}}),
		"takes the bucket away":     greeted(wire.Page{To: 3, Enter: []record.Bucket{bucket}}, wire.Page{To: 3, Last: true, Leave: []record.Bucket{bucket}}),
		"empties the bucket":        greeted(wire.Page{To: 3, Last: true, Enter: []record.Bucket{bucket}}),
		"deletes the row":           greeted(wire.Page{To: 3, Last: true, Rows: []wire.Rows{{Table: jobs, Whole: true, Rows: []wire.Row{{ID: jobID(0), Seq: 3, Deleted: true}}}}}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newBadHub(t)
			c := worked(t, h)
			h.play(script)
			ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
			defer cancel()
			_ = c.SyncOnce(ctx) // whatever it says
			if s, err := c.Status(t.Context()); err != nil || s.Pending != works || s.Refused != 0 {
				t.Fatalf("%d changes wait and %d are refused (%v), of %d", s.Pending, s.Refused, err, works)
			}
			var taken []string
			h.play(honest(&taken))
			long, done := context.WithTimeout(t.Context(), time.Minute)
			defer done()
			err := c.SyncOnce(long)
			h.play(nil) // it has taken what it takes
			if want := []string{"job.found.0", "job.found.1", "job.found.2"}; !slices.Equal(taken, want) {
				t.Fatalf("a good hub is sent %v, want %v (%v)", taken, want, err)
			}
			if s, err := c.Status(t.Context()); err != nil || s.Pending != 0 {
				t.Fatalf("%d changes still wait (%v)", s.Pending, err)
			}
		})
	}
}

func challenge(h *badHub) {
	for h.ws != nil {
		h.send(wire.Challenge{Nonce: make([]byte, 32)})
		if h.receive() == nil {
			return
		}
	}
}
