package client

import (
	"context"
	"runtime"
	"sync"
	"time"

	"fieldsync/client/link"
	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// local is the replica as a session drives it.
type local struct{ *Client }

func (c local) Hello() (h wire.Hello, err error) {
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) (err error) {
		h, err = device.Hello(tx, c.Schema, c.Now().UnixMilli())
		return err
	})
	a := c.account.get()
	h.App, h.Token = c.App, a.Token
	if !a.Device.IsZero() {
		h.Device = a.Device
	}
	return h, err
}

func (c local) Sign(text []byte) ([]byte, error) { return c.account.sign(text) }

func (c local) Identity() (*device.Identity, error) { return c.identity(context.Background()) }

func (c local) Greet(w *wire.Welcome) (renew bool, err error) {
	if len(w.Token) > 0 {
		if err := c.account.change(func(a *accountData) { a.Token = w.Token }); err != nil {
			return false, err
		}
	}
	if c.unchangedBy(w) {
		return false, nil
	}
	err = c.take(c.replica.Write, func(r *device.Replica) (err error) {
		renew, err = r.Greet(w, c.Now().UnixMilli())
		return err
	})
	return renew, err
}

// offsetSlack is how far the measured clock offset may wander before it is written down.
const offsetSlack = 100 * time.Millisecond

// unchangedBy reports whether the hub's welcome tells the replica nothing: most reconnects, which then write nothing.
func (c local) unchangedBy(w *wire.Welcome) bool {
	id, err := c.Identity()
	if err != nil || id == nil || w.Actor != 0 || w.Epoch != id.Epoch || w.Known > id.Counter {
		return false
	}
	if forgettable, err := c.forgettable(w.BackedUp); err != nil || forgettable {
		return false
	}
	wander := time.Duration(w.Now-c.Now().UnixMilli()-id.Offset) * time.Millisecond
	return id.Schema >= c.Schema.Version && wander.Abs() <= offsetSlack
}

// forgettable reports whether the outbox has items that the hub's backups include. What was judged since is above the
// commit, so that one that was looked at need not be looked at again.
func (c local) forgettable(backedUp uint64) (some bool, err error) {
	if backedUp <= c.contact.forgotten() {
		return false, nil
	}
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) (err error) {
		some, err = tx.Forgettable(backedUp)
		return err
	})
	if err == nil && !some {
		c.contact.forgot(backedUp)
	}
	return some, err
}

func (c local) TakePage(p *wire.Page) (id *device.Identity, err error) {
	if len(p.Erased) > 0 { // before what was fetched is removed: what is being fetched goes when it has come
		c.segments.spoil()
	}
	err = c.take(c.replica.WriteBulk, func(r *device.Replica) error {
		id = r.Identity()
		return r.TakePage(p)
	})
	c.contact.progressed(p)
	c.indexer.fetched(p.Last)
	return id, err
}

func (c local) TakeVerdicts(v *wire.Verdicts) (taken device.Taken, err error) {
	err = c.take(c.replica.WriteBulk, func(r *device.Replica) (err error) {
		taken, err = r.TakeVerdicts(v)
		return err
	})
	return taken, err
}

// take runs do in a write transaction, and tells the watchers after the commit.
func (c local) take(write func(context.Context, func(*replica.Tx) error) error, do func(*device.Replica) error) error {
	var changed []record.Key
	err := write(context.Background(), func(tx *replica.Tx) error {
		r, err := device.Open(tx, c.Schema)
		if err != nil {
			return err
		}
		err = do(r)
		changed = r.Changed()
		return err
	})
	if err == nil {
		c.contact.stirring.stir() // a verdict may change no row that is shown
		c.tell(changed)
		runtime.Gosched() // who was told goes first: to thank the hub is in no hurry
	}
	return err
}

// Testify looks first whether there is anything to offer: nearly always there is nothing.
func (c local) Testify() (m *wire.Witness, err error) {
	any := false
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) error {
		copies, err := tx.Witnesses(false, 0, 1)
		any = len(copies) > 0
		return err
	})
	if err != nil || !any {
		return nil, err
	}
	err = c.take(c.replica.Write, func(r *device.Replica) (err error) {
		m, err = r.Testify()
		return err
	})
	return m, err
}

func (c local) Kept(k *wire.Kept) error {
	return c.take(c.replica.Write, func(r *device.Replica) error { return r.Kept(k) })
}

func (c local) Unsent(after uint64, limit int) ([]*device.Item, error) {
	return c.replica.Unsent(context.Background(), after, limit)
}

func (c local) Held() (held []record.Bucket, err error) {
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) (err error) {
		held, err = device.Held(tx)
		return err
	})
	return held, err
}

// Compare reads the rows of one bucket after another, beside whoever writes; only where they differ is anything written.
func (c local) Compare(s *wire.Sums) (differ []record.Bucket, err error) {
	suspect := wire.Sums{At: s.At}
	for i := range s.Sums {
		differs, err := c.differs(&wire.Sums{At: s.At, Sums: s.Sums[i : i+1]})
		if err != nil {
			return nil, err
		}
		if differs {
			suspect.Sums = append(suspect.Sums, s.Sums[i])
		}
	}
	if len(suspect.Sums) > 0 {
		err = c.take(c.replica.Write, func(r *device.Replica) (err error) {
			differ, err = r.Compare(&suspect)
			return err
		})
	}
	c.contact.compared(c.Now())
	if len(differ) > 0 {
		c.Log.Error("the replica differed from the hub; it is fetched anew", "buckets", len(differ))
	}
	return differ, err
}

func (c local) differs(s *wire.Sums) (differs bool, err error) {
	err = c.replica.Read(context.Background(), func(tx *replica.Tx) error {
		r, err := device.Open(tx, c.Schema)
		if err != nil {
			return err
		}
		found, err := r.Differ(s)
		differs = len(found) > 0
		return err
	})
	return differs, err
}

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
