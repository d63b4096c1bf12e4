// Package hub accepts devices and commits what they and the office write. Each device has one connection with a
// session of its own; each batch of change sets is judged in the store's group commit; after the commit, whoever holds
// a bucket that it touched is told. DESIGN.md says how the pieces stay out of each other's way.
package hub

import (
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/pace"
	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Tx is one write transaction of the store.
type Tx interface {
	judge.Store
	// Called returns the living rows of the table whose column of texts holds this one, in the order of their ids.
	Called(t *schema.Table, column, text string) ([]record.ID, error)
	// Step runs do as a part that is kept or undone by itself.
	Step(do func() error) error
	// NewActor hands out a fresh incarnation of a writer.
	NewActor(person, device record.ID, side clock.Side) (clock.Actor, error)
	// Redact takes the rows' personal values out of whatever is kept beside them, in the person's name.
	Redact(person record.ID, at time.Time, rows []record.Key) error
	// Touch notes what a device said of itself.
	Touch(device record.ID, c Contact) error
	// Saw notes when a device was last heard, unless it was heard later.
	Saw(device record.ID, at time.Time) error
	// OpenSocket notes that the device opened its connection to the node, and returns its number, higher than any before.
	OpenSocket(device, node record.ID) (uint64, error)
	// CloseSocket notes that the connection of the number has ended.
	CloseSocket(n uint64) error
	// Alive notes that the node is at work, Gone that it is no longer.
	Alive(node record.ID, now time.Time) error
	Gone(node record.ID) error
}

// View is one snapshot of the store.
type View interface {
	judge.Reader
	judge.Actors
	// Standing returns whether the device is let in, 0 for one that there is not.
	Standing(device record.ID) (auth.Standing, error)
	// CommitsSince returns the group commits after the commit number, in order.
	CommitsSince(seq uint64) ([]Commit, error)
	// RevokedSince returns the devices that were revoked at or after the time.
	RevokedSince(time.Time) ([]record.ID, error)
	// SocketsSince returns the connections that were opened after that of the number, in their order: of each device the
	// last. LastSocket returns the highest number.
	SocketsSince(n uint64) ([]Socket, error)
	LastSocket() (uint64, error)
	// BackedUp returns the commit up to which two verified backups include everything: what devices wrote up to it they
	// may forget. 0 while there are not two.
	BackedUp() (uint64, error)
}

// Store is where the hub keeps everything. Write returns once what it did is durable; several may share a commit.
type Store interface {
	Write(ctx context.Context, do func(Tx) error) error
	// WriteInLine is Write for devices and bulk work: they wait for one another, and nobody waits for all of them.
	WriteInLine(ctx context.Context, do func(Tx) error) error
	Read(ctx context.Context, do func(View) error) error
	// Foresee reads rows that a transaction will foresee soon, beside the one that is writing. It may do nothing.
	Foresee(ctx context.Context, rows []record.Key) error
}

// Contact is what a device said of itself when it was last heard.
type Contact struct {
	App     string
	Schema  int
	Seen    time.Time     // by the hub's clock
	Pending int           // changes that wait on it: as it said, less those judged since
	Oldest  time.Time     // when the oldest of them was written; zero for none
	Offset  time.Duration // to add to its clock to get the hub's
	Actor   clock.Actor
}

// Options are what a hub needs.
type Options struct {
	Store     Store
	Devices   *auth.Devices
	Schema    *schema.Schema
	Rules     judge.Rules // may be nil
	Epoch     uint32
	RestoreAt uint64
	Before    uint32         // the epoch whose history goes up to RestoreAt
	Node      record.ID      // which of several hubs on the database this is; zero for one that is alone
	Proxies   []netip.Prefix // whose X-Forwarded-For is believed
	Unproven  int            // how many connections one address may have whose devices have not shown who they are; 0 for any number
	Paces     pace.Ledger    // where nodes count together how often a device asks; nil: this one counts for itself
	Waker     Waker          // tells the others to look; nil for none: they look once a second
	// Segments reports whether there is a segment of the class for a device that speaks the version of the schema; nil where none are made.
	Segments func(ctx context.Context, class schema.Class, version int) bool
	Log      *slog.Logger
	Now      func() time.Time // nil means time.Now
}

// Hub is the running hub.
type Hub struct {
	Options
	codec *wire.Codec
	cfg   judge.Config
	stats stats

	mu        sync.Mutex
	all       map[*conn]bool      // admitted or not
	conns     map[record.ID]*conn // by device
	watchers  map[chan struct{}]bool
	subs      map[record.Bucket]listeners
	strangers map[string]int // connections by address that have not shown who they are
	closing   bool

	officeMu sync.Mutex
	office   map[[2]record.ID]clock.Actor // the incarnation that each office person writes with, himself or by a program

	unsaid []opened      // connections that the other nodes do not know of; guarded by mu
	saying chan struct{} // there are some

	seen    uint64            // the commit up to which follow has looked; its own
	sockets uint64            // the connection up to which it has
	told    map[uint64]bool   // commits of this process since then; guarded by mu
	level   uint64            // everybody was told of every commit up to this one; guarded by mu
	early   map[uint64]uint64 // commits above it that were told of before their turn, by the head before them; guarded by mu
	notes   notes             // what devices said that is not yet written down
	hello   *pace.Pace        // of sessions opened
	check   *pace.Pace        // of checksums asked for and copies offered
	wait    sync.WaitGroup
	stop    chan struct{}
}

func salt() (s record.Salt) { _, _ = rand.Read(s[:]); return s } // it never fails: it ends the program instead

// New returns a hub that serves.
func New(o Options) (*Hub, error) {
	codec, err := wire.NewCodec(o.Schema)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &Hub{
		Options: o, codec: codec, stop: make(chan struct{}), saying: make(chan struct{}, 1),
		cfg: judge.Config{Schema: o.Schema, Rules: o.Rules, Epoch: o.Epoch, RestoreAt: o.RestoreAt, Before: o.Before,
			Salt: salt},
		all:       map[*conn]bool{},
		conns:     map[record.ID]*conn{},
		watchers:  map[chan struct{}]bool{},
		subs:      map[record.Bucket]listeners{},
		strangers: map[string]int{},
		told:      map[uint64]bool{},
		early:     map[uint64]uint64{},
		office:    map[[2]record.ID]clock.Actor{},
		notes:     newNotes(),
		stats:     newStats(),
	}
	h.hello, h.check = newPaces(o.Paces)
	err = o.Store.Read(context.Background(), func(v View) (err error) {
		h.seen, err = v.Head()
		h.level = h.seen
		if err == nil {
			h.sockets, err = v.LastSocket()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if o.Rules != nil {
		if h.cfg.Own, err = h.officeActor(context.Background(), record.ID{}); err != nil {
			return nil, err
		}
	}
	h.wait.Go(h.writeNotes)
	h.wait.Go(h.follow)
	if !h.onlyNode() {
		h.wait.Go(h.keepSockets)
	}
	return h, nil
}

// goodbyeWithin is how long a hub that closes waits for devices to take its goodbye.
const goodbyeWithin = 3 * time.Second

// pacePerDevice is how long a hub that begins takes for one device that comes back, its TLS handshake included, with room to
// spare: a few devices are not kept away for the sake of many.
const pacePerDevice = 2 * time.Millisecond

// Close says goodbye to every device, each asked to come back at a moment of its own within the time, or sooner where they
// are few, and writes down what is left to write. Whoever does not take the goodbye is cut off.
func (h *Hub) Close(spread time.Duration) {
	h.mu.Lock()
	if h.closing {
		h.mu.Unlock()
		return
	}
	h.closing = true
	conns := slices.Collect(maps.Keys(h.all))
	h.mu.Unlock()
	spread = min(spread, pacePerDevice*time.Duration(len(conns)))
	for i, c := range conns {
		go c.goodbye(spread * time.Duration(i+1) / time.Duration(len(conns)))
	}
	late := time.AfterFunc(goodbyeWithin, func() {
		for _, c := range conns {
			_ = c.ws.Close()
		}
	})
	defer late.Stop()
	close(h.stop)
	h.wait.Wait()
	h.flushNotes() // of those who left just now
}

// Disconnect closes the device's connection, as when it is revoked.
func (h *Hub) Disconnect(device record.ID) {
	h.mu.Lock()
	c := h.conns[device]
	h.mu.Unlock()
	if c != nil {
		c.shutOut()
	}
}

// Online reports whether the device is connected, and what it said of itself last if that is not written down yet.
func (h *Hub) Online(device record.ID) (online bool, last *Contact) {
	h.mu.Lock()
	online = h.conns[device] != nil
	h.mu.Unlock()
	return online, h.notes.contact(device)
}

// Watch returns a channel that receives after commits, several folded into one, and what ends it.
func (h *Hub) Watch() (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	h.mu.Lock()
	h.watchers[ch] = true
	h.mu.Unlock()
	return ch, func() {
		h.mu.Lock()
		delete(h.watchers, ch)
		h.mu.Unlock()
	}
}

// subscribe makes the connection hear of commits that touch the buckets, and of no others.
func (h *Hub) subscribe(c *conn, buckets []record.Bucket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unsubscribe(c)
	if h.conns[c.device] != c {
		return
	}
	for _, b := range buckets {
		h.subs[b] = h.subs[b].with(c)
	}
	c.buckets = buckets
}

// untoldSince reports whether nobody was told yet of any commit after the head: who subscribed before he asks is told of all of
// them.
func (h *Hub) untoldSince(head uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.level <= head && len(h.early) == 0
}

// unsubscribe is called with the lock held.
func (h *Hub) unsubscribe(c *conn) {
	for _, b := range c.buckets {
		if rest := h.subs[b].without(c); rest.none() {
			delete(h.subs, b)
		} else {
			h.subs[b] = rest
		}
	}
	c.buckets = nil
}

// accept serves the connection, unless the hub is closing.
func (h *Hub) accept(c *conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return false
	}
	h.all[c] = true
	h.wait.Go(c.serve)
	return true
}

// register makes c the device's one connection and ends the one it had. It reports false when the hub is closing.
func (h *Hub) register(c *conn) bool {
	h.mu.Lock()
	h.known(c)
	old := h.conns[c.device]
	closing := h.closing
	if !closing {
		h.conns[c.device] = c
		h.say(c, false)
	}
	h.mu.Unlock()
	if old != nil && old != c {
		old.replace()
	}
	return !closing
}

func (h *Hub) unregister(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unsubscribe(c)
	h.known(c)
	delete(h.all, c)
	if h.conns[c.device] == c {
		delete(h.conns, c.device)
		h.say(c, true)
	}
}

func (h *Hub) stamp() clock.Stamp { return clock.StampAt(h.Now().UnixMilli()) }
