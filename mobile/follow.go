package mobile

import (
	"context"
	"slices"

	"fieldsync/client"
)

// follower shows what there is to see, and again whenever it may have changed, until ctx or the client ends.
type follower func(ctx context.Context, c *client.Client, show func(any, error))

func (c *Client) subscribe(follow follower, result, failed func(string) error) (*Subscription, error) {
	s := &Subscription{owner: c, follow: follow, result: result, failed: failed}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	c.subscriptions[s] = true
	if c.open != nil {
		s.start(c.open)
	}
	return s, nil
}

// start follows an open replica.
func (s *Subscription) start(r *running) {
	ctx, cancel := context.WithCancel(r.network)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		s.stop()
	}
	s.stop = cancel
	go func() {
		defer cancel()
		if err := s.watch(ctx, r.Client); err != nil {
			s.show(nil, err)
		}
	}()
}

func (s *Subscription) watch(ctx context.Context, c *client.Client) (err error) {
	defer guard(&err)
	s.follow(ctx, c, s.show)
	return nil
}

// drop forgets the listener.
func (s *Subscription) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result, s.failed = nil, nil
	if s.stop != nil {
		s.stop()
	}
}

// show tells the listener unless it knows. No lock is held meanwhile: it may call the client, and end what it hears of.
func (s *Subscription) show(v any, err error) {
	text := ""
	if err == nil {
		text, err = encode(v)
	}
	if err != nil {
		text = textOf(err)
	}
	if tell := s.next(text, err != nil); tell != nil {
		_ = told(tell, text) // a listener that fails hears of the next change all the same
	}
}

// next returns whom to tell the text, nil for nobody.
func (s *Subscription) next(text string, failure bool) func(string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == text {
		return nil
	}
	s.last = text
	if failure {
		return s.failed
	}
	return s.result
}

func told(tell func(string) error, text string) (err error) {
	defer guard(&err)
	return tell(text)
}

// followStatus shows how the replica stands. A file that has come or gone is part of it.
func followStatus(ctx context.Context, c *client.Client, show func(any, error)) {
	statuses, stop := c.WatchStatus()
	defer stop()
	transfers, end := c.WatchTransfers()
	defer end()
	s, open := <-statuses // the first comes at once
	for open {
		show(standingOf(c, s), nil)
		select {
		case s, open = <-statuses:
		case <-transfers:
		case <-ctx.Done():
			return
		}
	}
}

// follow shows what the question is answered with.
func (q question) follow(ctx context.Context, c *client.Client, show func(any, error)) {
	changes, stop := c.Watch(q.tables...)
	defer stop()
	transfers, end := q.transfers(c)
	defer end()
	for open := true; open; {
		v, err := q.call(ctx, c, q.in)
		if ctx.Err() != nil {
			return
		}
		show(v, err)
		select {
		case _, open = <-changes:
		case <-transfers:
		case <-ctx.Done():
			return
		}
	}
}

// transfers returns how files get on where the question is about files.
func (q question) transfers(c *client.Client) (<-chan client.Transfer, func()) {
	if !slices.Contains(q.tables, "attachment") {
		return nil, func() {}
	}
	return c.WatchTransfers()
}
