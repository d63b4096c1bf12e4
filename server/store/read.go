package store

import (
	"context"
	"errors"
	"sync"

	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
)

// Read runs do with a stable snapshot of what was committed when it began. It waits while as many snapshots are open
// as Options.Readers says. A snapshot keeps the write-ahead log from being emptied, so it is not held while waiting
// for a network.
func (s *Store) Read(ctx context.Context, do func(*View) error) error {
	c, err := s.readers.get(ctx)
	if err != nil {
		return s.explain(err)
	}
	defer s.readers.put(c)
	return s.explain(s.read(c, do))
}

func (s *Store) read(c *conn, do func(*View) error) (err error) {
	if err = s.engine.snapshot(c); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.run("ROLLBACK")) }()
	view := &View{reads: reads{s, c}}
	if view.head, err = view.lastCommit(); err != nil { // the first query fixes the snapshot
		return err
	}
	return do(view)
}

// View is a read transaction: a judge.Reader, and what the office asks. It belongs to the function that Read calls,
// and is not used after it.
type View struct {
	reads
	ahead ahead
	head  uint64
	holds heldSince // what was asked for last
}

var (
	_ judge.Reader = (*View)(nil)
	_ judge.Store  = (*Tx)(nil)
)

// Head returns the highest commit number of the snapshot.
func (v *View) Head() (uint64, error) { return v.head, nil }

// reads is what a write transaction and a snapshot have in common.
type reads struct {
	*Store
	conn *conn
}

// readers is a pool of connections that read, opened when they are first needed. The one that was used last is used
// first: its statements are prepared, and its cache holds what is being asked for.
type readers struct {
	engine engine
	slots  chan struct{} // one for each snapshot that may be open

	mu     sync.Mutex
	idle   []*conn // the last one was used last
	closed bool
}

func newReaders(s *Store, n int) *readers {
	return &readers{engine: s.engine, slots: make(chan struct{}, n)}
}

func (r *readers) get(ctx context.Context) (*conn, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r.slots <- struct{}{}:
	}
	c, err := r.take()
	if c == nil && err == nil {
		c, err = r.engine.connect(toRead)
	}
	if err != nil {
		<-r.slots
	}
	return c, err
}

// take returns an idle connection, nil if there is none.
func (r *readers) take() (c *conn, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fault.New(Stopped, "The hub is shutting down. Try again later.")
	}
	for n := len(r.idle); n > 0 && (c == nil || !c.alive()); n-- {
		c, r.idle = r.idle[n-1], r.idle[:n-1]
	}
	if c != nil && !c.alive() {
		c = nil
	}
	return c, nil
}

// put keeps the connection for the next one; one that broke is forgotten.
func (r *readers) put(c *conn) {
	r.mu.Lock()
	if c.alive() {
		r.idle = append(r.idle, c)
	} else {
		_ = c.close()
	}
	r.mu.Unlock()
	<-r.slots
}

// close waits for the snapshots that are open.
func (r *readers) close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	for range cap(r.slots) {
		<-r.slots // whoever comes now is refused, and does not wait
	}
	var errs []error
	for _, c := range r.idle {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}
