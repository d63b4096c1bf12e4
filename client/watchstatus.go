package client

import (
	"context"
	"sync"
)

// stirring tells those who watch the status that it may be another one now. It never waits for them.
type stirring struct {
	mu       sync.Mutex
	watchers map[chan struct{}]bool
}

func (s *stirring) stir() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watchers {
		select {
		case w <- struct{}{}:
		default: // it will look anyhow
		}
	}
}

func (s *stirring) add() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watchers == nil {
		s.watchers = map[chan struct{}]bool{}
	}
	w := make(chan struct{}, 1)
	s.watchers[w] = true
	return w
}

func (s *stirring) remove(w chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers, w)
}

// WatchStatus returns a channel of how the replica stands: now, and whenever that changes. A download's progress, the
// connection, what waits and what was refused are told; that the hub was heard once more is not. A slow reader gets the
// latest. Stop ends it and closes the channel, as does Close.
func (c *Client) WatchStatus() (statuses <-chan Status, stop func()) {
	out, gone := make(chan Status), make(chan struct{})
	changes, unwatch := c.Watch()
	stirred := c.contact.stirring.add()
	go func() {
		defer close(out)
		defer unwatch()
		defer c.contact.stirring.remove(stirred)
		c.tellStatus(out, changes, stirred, gone)
	}()
	var once sync.Once
	return out, func() { once.Do(func() { close(gone) }) }
}

// tellStatus sends the status to out when it is another one, until gone or changes are closed.
func (c *Client) tellStatus(out chan<- Status, changes <-chan Change, stirred, gone <-chan struct{}) {
	var told Status
	for first := true; ; {
		s, err := c.Status(context.Background())
		to := out
		if err != nil || !first && s.sameAs(told) {
			to = nil // nothing to tell
		}
		select {
		case to <- s:
			told, first = s, false
		case _, open := <-changes:
			if !open {
				return
			}
		case <-stirred:
		case <-gone:
			return
		}
	}
}

// sameAs reports whether nothing worth telling differs.
func (s Status) sameAs(other Status) bool {
	s.Contact = other.Contact
	return s == other
}
