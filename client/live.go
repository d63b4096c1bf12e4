package client

import (
	"context"
	"sync"

	"fieldsync/client/link"
	"fieldsync/sync/device"
)

// live is the connection that Connect keeps up.
type live struct {
	mu      sync.Mutex
	link    *link.Link
	changed chan struct{}      // closed when link changes
	leave   context.CancelFunc // ends the link, which is made anew
	cancel  context.CancelFunc
	done    chan struct{}
	wake    chan struct{}
	closed  bool // for good
}

func (l *live) set(to *link.Link, leave context.CancelFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.link, l.leave = to, leave
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// renew has the connection made anew: the hub hands out a fresh token when it begins.
func (l *live) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leave != nil {
		l.leave()
	}
}

// now returns the connection that is up, nil for none, and what is closed when that changes.
func (l *live) now() (*link.Link, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.link, l.changed
}

// wrote has the connection, if there is one, send what was written.
func (l *live) wrote(item *device.Item) {
	l.mu.Lock()
	link := l.link
	l.mu.Unlock()
	if link != nil {
		link.Wrote(item)
	}
}

func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}
