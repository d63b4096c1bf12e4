package store

import (
	"context"
	"errors"

	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
)

// Read runs do with a stable snapshot of what was committed when it began. It waits while as many snapshots are open
// as Options.Readers says. A snapshot keeps the write-ahead log from being emptied, so it is not held while waiting
// for a network.
func (s *Store) Read(ctx context.Context, do func(*View) error) error {
	c, err := s.readers.get(ctx)
	if err != nil {
		return explain(err)
	}
	defer s.readers.put(c)
	return explain(s.read(c, do))
}

func (s *Store) read(c *conn, do func(*View) error) (err error) {
	if err = c.run("BEGIN"); err != nil {
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
	head uint64
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

// readers is a pool of connections that read, opened when they are first needed.
type readers struct {
	path string
	idle chan *conn // nil stands for one that is not open yet
}

func newReaders(s *Store, n int) *readers {
	r := &readers{path: s.options.Path, idle: make(chan *conn, n)}
	for range n {
		r.idle <- nil
	}
	return r
}

func (r *readers) get(ctx context.Context) (*conn, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case c, open := <-r.idle:
		if !open {
			return nil, fault.New(Stopped, "The hub is shutting down. Try again later.")
		}
		if c != nil {
			return c, nil
		}
	}
	c, err := connect(r.path, reading)
	if err != nil {
		r.idle <- nil
	}
	return c, err
}

func (r *readers) put(c *conn) { r.idle <- c }

// close takes every connection out of the pool, so it waits for the snapshots that are open.
func (r *readers) close() error {
	var errs []error
	for range cap(r.idle) {
		if c := <-r.idle; c != nil {
			errs = append(errs, c.close())
		}
	}
	close(r.idle)
	return errors.Join(errs...)
}
