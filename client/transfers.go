package client

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/sync/blob"
)

// FileOptions are a device's policy for files.
type FileOptions struct {
	Reduce    bool          // photos are made smaller before they are kept, unless the person has chosen otherwise: see Choose
	WiFiOnly  bool          // on a metered network only signatures go; the rest waits for another; unless he has chosen otherwise
	Ahead     Ahead         // what is fetched before anybody asks
	KeepFor   time.Duration // how long a file stays that no row on the device names any more; 0 means an hour
	Directory string        // where files lie; "" means beside the replica
	Open      bool          // what is kept from now on lies open on the disk; else it is sealed with Options.Keys, like sealed columns
	// Low is how many bytes left on the disk are little: the status says so, nothing is fetched ahead any more, and pictures
	// go that the hub has and that can be fetched again. 0 means 256 MiB; below 0 it never is little.
	Low   int64
	Space func(dir string) (free int64, known bool) // nil asks the system
}

// Ahead says what is fetched before anybody asks for it.
type Ahead int

// The choices. Each includes those before it.
const (
	AheadThumbnails Ahead = iota // small pictures of what others took
	AheadDocuments               // manuals and other documents, on a network that is not metered
	AheadAll                     // everything, on a network that is not metered
	AheadNothing    Ahead = -1
)

// Network is what a device is connected by, as far as it matters to files.
type Network int

// The networks.
const (
	NetworkUnknown Network = iota // nobody has said: taken as not metered
	NetworkFree                   // Wi-Fi, a cable
	NetworkMetered                // mobile data
)

// SetNetwork says what the device is connected by now, and makes a waiting client try at once; one that has a connection makes
// sure that it outlived the change.
func (c *Client) SetNetwork(n Network) {
	c.haul.set(n)
	c.haul.wakeUp()
	c.NetworkChanged()
}

// Transfer is a file on its way.
type Transfer struct {
	Hash  blob.Hash
	Up    bool  // to the hub
	Done  int64 // bytes
	Total int64
	Ended bool  // it is there, or Err says why not
	Err   error // a *fault.Error; what is not blob.Final is tried again by itself
}

// Percent returns how much of the file is there.
func (t Transfer) Percent() int {
	if t.Total <= 0 {
		return 0
	}
	return int(100 * t.Done / t.Total)
}

// hauler is what carries files beside the rows.
type hauler struct {
	turn    chan struct{} // holds a token while nobody carries: one file at a time, so that rows get through
	awake   chan struct{}
	stirred atomic.Bool // there may be files to carry that nobody has looked for

	mu       sync.Mutex
	looked   time.Time // when it was last woken for what comes with time only
	network  Network
	now      map[blob.Hash]Transfer
	watchers map[chan struct{}]map[blob.Hash]Transfer // what each has not taken yet, the latest of each file
}

func newHauler() *hauler {
	h := &hauler{turn: make(chan struct{}, 1), awake: make(chan struct{}, 1), now: map[blob.Hash]Transfer{},
		watchers: map[chan struct{}]map[blob.Hash]Transfer{}}
	h.turn <- struct{}{}
	return h
}

func (h *hauler) wakeUp() {
	select {
	case h.awake <- struct{}{}:
	default:
	}
}

// The tables whose rows name files.
const (
	attachments = "attachment"
	documents   = "document"
)

// lookEvery is how often files are looked after that no row tells of: what is to be checked, and what may go.
const lookEvery = time.Hour

// levelled wakes it, now that both ends have the same rows, if any of those may name a file, or it is time: to look at all
// that are named costs more than most changes do.
func (h *hauler) levelled(now time.Time) {
	h.mu.Lock()
	due := now.Sub(h.looked).Abs() > lookEvery
	if due {
		h.looked = now
	}
	h.mu.Unlock()
	if h.stirred.Swap(false) || due {
		h.wakeUp()
	}
}

func (h *hauler) set(n Network) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.network = n
}

func (h *hauler) metered() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.network == NetworkMetered
}

func (h *hauler) moving(hash blob.Hash) (Transfer, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t, ok := h.now[hash]
	return t, ok
}

// tell notes how far a file has come, for whoever watches. It never waits for him.
func (h *hauler) tell(t Transfer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now[t.Hash] = t
	if t.Ended {
		delete(h.now, t.Hash)
	}
	for ready, folded := range h.watchers {
		folded[t.Hash] = t
		select {
		case ready <- struct{}{}:
		default:
		}
	}
}

// WatchTransfers returns a channel of how files get on, and what ends it. Of each file a slow reader gets the latest.
func (c *Client) WatchTransfers() (transfers <-chan Transfer, stop func()) {
	ready, out, gone := make(chan struct{}, 1), make(chan Transfer), make(chan struct{})
	c.haul.mu.Lock()
	c.haul.watchers[ready] = map[blob.Hash]Transfer{}
	c.haul.mu.Unlock()
	go c.haul.serve(ready, out, gone)
	var once sync.Once
	return out, func() { once.Do(func() { close(gone) }) }
}

func (h *hauler) serve(ready chan struct{}, out chan<- Transfer, gone <-chan struct{}) {
	defer close(out)
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, ready)
	}()
	for {
		select {
		case <-gone:
			return
		case <-ready:
		}
		h.mu.Lock()
		folded := maps.Clone(h.watchers[ready])
		clear(h.watchers[ready])
		h.mu.Unlock()
		for _, t := range folded {
			select {
			case out <- t:
			case <-gone:
				return
			}
		}
	}
}
