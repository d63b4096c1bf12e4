package link

import (
	"sync"
	"time"
)

// Heartbeat says how often a connection on which nothing happens is asked whether it is still there. Each question wakes a
// phone's radio; without any, something on the way forgets the connection, and nobody notices. So it begins often, and asks
// more and more seldom while the connection is quiet and the hub answers. When a quiet connection turns out to be gone, it
// asks twice as often again, and never again leaves one alone for nearly as long as that one was. What it has learned holds
// until the network changes. The zero Heartbeat is ready, and serves one connection after another, from any goroutine.
type Heartbeat struct {
	mu      sync.Mutex
	every   time.Duration // 0: nothing was learned yet
	lost    time.Duration // a connection that was left alone for so long was lost; 0: none was
	metered bool
}

// How long a quiet connection is left alone.
const (
	beatLeast   = 30 * time.Second
	beatFirst   = 45 * time.Second
	beatMost    = 4 * time.Minute // what routers and proxies grant, mostly
	beatMetered = 9 * time.Minute // on mobile data, where carriers grant more, and where it costs most
)

// Every returns how long a connection is left alone now.
func (h *Heartbeat) Every() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now()
}

func (h *Heartbeat) now() time.Duration {
	every := h.every
	if every == 0 {
		every = beatFirst
		if h.metered {
			every = 2 * beatFirst
		}
	}
	most := beatMost
	if h.metered {
		most = beatMetered
	}
	if h.lost > 0 {
		most = min(most, h.lost*3/4)
	}
	return max(beatLeast, min(every, most))
}

// Answered says that a connection was there that had been quiet since the question before.
func (h *Heartbeat) Answered() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.every = h.now() * 3 / 2
}

// Lost says that a connection was gone that had been left alone for so long. Where that is much longer than it was to be, the
// device was asleep, which says nothing of the network.
func (h *Heartbeat) Lost(alone time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if every := h.now(); alone <= 2*every {
		h.lost, h.every = alone, every/2
	}
}

// Network says that the device is in another network, and whether that is metered: what was learned of the one before says
// nothing of it.
func (h *Heartbeat) Network(metered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.every, h.lost, h.metered = 0, 0, metered
}

// pulse is what one connection tells its heartbeat.
type pulse struct {
	beat *Heartbeat

	mu    sync.Mutex
	heard time.Time     // when the hub last said anything
	busy  bool          // it has said more than an answer since it was last asked
	asked bool          // and has not answered
	alone time.Duration // for how long it had said nothing when it was asked; 0 where that says nothing of the network
}

// hears notes that the hub said something: a message, or only that it is there.
func (p *pulse) hears(now time.Time, message bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked && p.alone > 0 {
		p.beat.Answered()
	}
	p.heard, p.asked, p.alone, p.busy = now, false, 0, p.busy || message
}

// asks notes that the hub is asked; in turn, where it was left alone as long as it is to be, and not because somebody wants to
// know now.
func (p *pulse) asks(now time.Time, inTurn bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked && inTurn && !p.busy {
		p.alone = now.Sub(p.heard)
	}
	p.asked, p.busy = true, false
}

// breaks notes that the connection is gone. Who had not asked has noticed at once, as when the network goes.
func (p *pulse) breaks() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked && p.alone > 0 {
		p.beat.Lost(p.alone)
	}
	p.asked = false
}
