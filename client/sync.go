package client

import (
	"context"
	"sync"
	"time"

	"fieldsync/client/link"
	"fieldsync/sync/fault"
)

func (c *Client) config(once bool, caughtUp func()) (link.Config, error) {
	if err := c.account.lacking(); err != nil {
		return link.Config{}, err
	}
	return link.Config{
		Server: c.account.get().Server, Codec: c.codec, Local: local{c}, Once: once, CaughtUp: caughtUp, Contact: c.contact.heard(c.Now),
		Dial: c.reach.dial, TLS: c.reach.tls, Heartbeat: &c.beat, Fetch: c.fetchSegment,
	}, nil
}

// dial connects, having taken in what was fetched before, and asks for segments of what is lacking.
func (c *Client) dial(ctx context.Context, cfg link.Config) (l *link.Link, err error) {
	if err = c.takeSegments(ctx); err == nil {
		cfg.Segments, err = c.lacking(ctx)
	}
	if err == nil {
		err = c.tidySegments(cfg.Segments)
	}
	if err != nil {
		return nil, err
	}
	return link.Dial(ctx, cfg)
}

// maxRenewals is how often one call begins its session again at once.
const maxRenewals = 4

// SyncOnce connects, sends what waits and fetches what is new, and returns when both ends are level, or ctx ends. Where
// Connect has a connection it is done on that one: a device never has two. Files travel then, for as long as ctx gives
// them, and what is left of them is no error. A connection that is cut is made once more: a hub that revokes a device cuts it
// off, and says why when it comes again. Beyond that it does not retry: the caller, a person or a scheduler, decides when to.
// Codes: link.NoNetwork where the hub could not be reached or ctx ended; fault.Unauthentic and fault.Revoked for a device that
// was shut out, Wiped for one that the office had wiped; fault.Version where program and hub are too far apart; fault.Overloaded
// and fault.HubFull: later again; those of Connect. Whatever the outcome, nothing on the device is lost.
func (c *Client) SyncOnce(ctx context.Context) error {
	c.report(ctx)
	if err := c.level(ctx); err != nil {
		return err
	}
	if err := c.haulOnce(ctx); err != nil { // the rows are level all the same
		c.Log.Info("files wait", "reason", err)
	}
	return nil
}

// level brings both ends level, on the live connection where there is one.
func (c *Client) level(ctx context.Context) error {
	for {
		l, changed := c.live.now()
		if l != nil {
			err := l.Level(ctx)
			if err == nil || ctx.Err() != nil {
				return err
			}
		}
		select {
		case c.connecting <- struct{}{}:
			defer func() { <-c.connecting }()
			return c.connectOnce(ctx)
		case <-changed: // Connect has made its connection, or lost it
		case <-ctx.Done():
			return fault.Wrap(link.NoNetwork, "there was not enough time; the rest goes next time", ctx.Err())
		}
	}
}

// connectOnce brings both ends level on a connection of its own.
func (c *Client) connectOnce(ctx context.Context) error {
	level := false
	cfg, err := c.config(true, func() { level = true })
	if err != nil {
		return err
	}
	cut := false
	for range maxRenewals {
		l, err := c.dial(ctx, cfg)
		if err != nil {
			return err
		}
		end := l.Run(ctx)
		c.noteHeard(0)
		switch {
		case level:
			return c.levelled(ctx)
		case ctx.Err() != nil:
			return fault.Wrap(link.NoNetwork, "there was not enough time; the rest goes next time", ctx.Err())
		case fault.CodeOf(end.Reason) == link.NoNetwork && !cut:
			cut = true
		case end.Reason != nil:
			return c.obey(end.Reason)
		case !end.Again:
			return fault.New(fault.Overloaded, "the server asked to come back later")
		}
	}
	return fault.New(fault.Overloaded, "server and device could not agree; trying again later")
}

// levelled finishes a first download: what was left for the end is done now.
func (c *Client) levelled(ctx context.Context) error {
	c.noteContact()
	if !c.contact.finished() {
		return nil
	}
	return c.replica.BuildIndexes(ctx)
}

// Connect keeps a connection to the hub: local writes are sent and the hub's arrive as they happen. It comes back by
// itself after failures until Disconnect; what the trouble is stands in Status. Calling it again while connected changes
// nothing, nor after Close. Codes: fault.NotAllowed before Enrol, replica.Corrupt where the account cannot be
// read (ErrAccount), Wiped.
func (c *Client) Connect() error {
	cfg, err := c.config(false, func() {
		if err := c.levelled(context.Background()); err != nil {
			c.Log.Error("indexes could not be built", "error", err)
		}
	})
	if err != nil {
		return err
	}
	c.live.mu.Lock()
	defer c.live.mu.Unlock()
	if c.live.cancel != nil || c.live.closed {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	c.live.cancel, c.live.done, c.live.wake = cancel, done, make(chan struct{}, 1)
	wake := c.live.wake
	go func() {
		defer close(done)
		var files sync.WaitGroup
		files.Go(func() { c.carry(ctx) })
		c.stay(ctx, cfg, wake)
		files.Wait()
	}()
	return nil
}

// Disconnect ends the connection and returns when it has ended.
func (c *Client) Disconnect() {
	c.live.mu.Lock()
	cancel, done := c.live.cancel, c.live.done
	c.live.mu.Unlock()
	if cancel == nil {
		return
	}
	cancel()
	<-done
	c.live.mu.Lock()
	defer c.live.mu.Unlock()
	if c.live.done == done {
		c.live.cancel = nil
	}
}

// NetworkChanged makes a waiting client try at once: the phone says that there is a network again, or another one. A connection
// that there is is asked whether it is still there.
func (c *Client) NetworkChanged() {
	c.beat.Network(c.haul.metered())
	c.live.mu.Lock()
	defer c.live.mu.Unlock()
	if c.live.cancel == nil {
		return
	}
	if c.live.link != nil {
		c.live.link.Prove()
	}
	select {
	case c.live.wake <- struct{}{}:
	default:
	}
}

// stay connects again and again until ctx ends.
func (c *Client) stay(ctx context.Context, cfg link.Config, wake <-chan struct{}) {
	var backoff link.Backoff
	for again := 0; ctx.Err() == nil; {
		end := c.once(ctx, cfg, &backoff)
		if end.Again && again < maxRenewals {
			again++
			continue
		}
		again = 0
		if end.Reason = c.obey(end.Reason); end.Reason != nil {
			c.contact.failed(end.Reason)
			c.Log.Info("not connected", "reason", end.Reason)
		}
		if fault.CodeOf(end.Reason) == Wiped {
			return
		}
		wait := time.NewTimer(backoff.Failed(end.RetryAfter))
		select {
		case <-ctx.Done():
		case <-wait.C:
		case <-wake:
		}
		wait.Stop()
	}
}

func (c *Client) once(ctx context.Context, cfg link.Config, backoff *link.Backoff) link.End {
	level := cfg.CaughtUp
	cfg.CaughtUp = func() {
		backoff.Succeeded()
		c.contact.setOnline(true)
		level()
		c.noteHeard(noteWithin)
		c.haul.levelled(c.Now())
	}
	c.haul.stirred.Store(true)
	select {
	case c.connecting <- struct{}{}:
		defer func() { <-c.connecting }()
	case <-ctx.Done():
		return link.End{}
	}
	l, err := c.dial(ctx, cfg)
	if err != nil {
		return link.End{Reason: err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.live.set(l, cancel)
	defer c.live.set(nil, nil)
	defer c.compare(l)()
	defer c.contact.setOnline(false)
	defer c.noteHeard(0)
	return l.Run(ctx)
}

// compare has the replica compared with the hub again and again until it is stopped. The link leaves it out while there
// is something better to do; then it is due again soon.
func (c *Client) compare(l *link.Link) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			due := time.NewTimer(c.contact.nextCheck(c.Now()))
			select {
			case <-due.C:
				l.Check()
			case <-ctx.Done():
				due.Stop()
				return
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}
