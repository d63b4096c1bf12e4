package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fieldsync/sync/fault"
)

// Alone runs do as the only process on the database that does so under the name, and returns when do has. Others wait,
// and begin once it has ended, or its process or connection has died. The context that do is given ends with ctx, and when
// the database no longer says for sure that nobody else has begun; what do does must stand being done twice then. The
// error is that of ctx, or has the code Unavailable; do may have run before it.
func (s *Store) Alone(ctx context.Context, name string, do func(context.Context)) error {
	return s.explain(s.engine.alone(ctx, name, do))
}

// How often a process asks for its turn, how often whoever has it asks whether it still does, and how long it waits for
// the answer.
const (
	turnEvery  = time.Second
	stillEvery = 2 * time.Second
	stillTime  = 10 * time.Second
)

// alone keeps a lock that belongs to a connection of its own, and is released with it, however the process ends.
func (e *postgresql) alone(ctx context.Context, name string, do func(context.Context)) error {
	c, err := e.connect(toLead)
	if err != nil {
		return err
	}
	if err := e.await(ctx, c, name); err != nil {
		return errors.Join(err, c.close())
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	go func() { defer close(done); do(running) }()
	err = watch(c, done)
	stop()
	<-done
	go func() { _ = c.close() }() // one that does not answer is closed when it does
	return err
}

// await asks for the lock until it is there.
func (e *postgresql) await(ctx context.Context, c *conn, name string) error {
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	for {
		mine, err := c.Int(fmt.Sprintf("SELECT CASE WHEN pg_try_advisory_lock(%d, hashtext(?)) THEN 1 ELSE 0 END", applicationID), name)
		if err != nil {
			return err
		}
		if mine == 1 {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// watch asks the connection whether it is still there, until done is closed. The error is why it is not sure.
func watch(c *conn, done <-chan struct{}) error {
	tick := time.NewTicker(stillEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-tick.C:
		}
		if err := still(c); err != nil {
			return err
		}
	}
}

// still returns no error where the connection answers in time.
func still(c *conn) error {
	answer := make(chan error, 1)
	go func() {
		_, err := c.Int("SELECT 1")
		answer <- err
	}()
	late := time.NewTimer(stillTime)
	defer late.Stop()
	select {
	case err := <-answer:
		return err
	case <-late.C:
		return fault.New(Unavailable, "The database server does not answer. Nothing is lost; try again.")
	}
}
