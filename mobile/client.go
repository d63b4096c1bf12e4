// Package mobile is fieldsync for phones: package client in the few types that gomobile binds for Java, Kotlin,
// Objective-C and Swift. There is no logic here. What goes in and comes out is JSON, files go by their paths.
//
// Every error's text is "CODE: message": the code is stable, the message is for the person; docs/codes.md lists the codes.
// What is read is never null: an empty list is [], an object without anything {}. Ids are text. Times are ms since 1970 UTC,
// amounts of money minor units, quantities thousandths. Names in JSON are those of the schema (snake_case).
//
// All methods may be called from any thread, and block while they work: not from the one that draws. Those that need no
// network never wait for one. Listeners are called from threads of the library, one call at a time each.
package mobile

import (
	"context"
	"strings"
	"sync"
	"time"

	"fieldsync/client"
)

// Config says where a client keeps its data, and how it deals with files.
type Config struct {
	Directory    string // of this client alone; not one that the phone backs up
	App          string // the program and its version, as the office sees it
	ReducePhotos bool   // photos are made smaller before they are kept; until the person chooses, as the command choose does
	WiFiOnly     bool   // on a metered network only signatures travel; likewise
	Zone         string // the phone's, as "Asia/Taipei": says when today ends; "" is UTC on most phones
	Roots        string // PEM certificates of the company's own authority, if its hub has one
	DNS          string // name servers of the network, "192.0.2.1 192.0.2.2": Go programs on Android find none themselves
	LeaseDays    int    // days without meeting the hub after which the app asks for it first; 0 is never
	Ahead        string // what is fetched before it is asked for: "thumbnails", "documents", "all" or "nothing"
}

// NewConfig returns the usual settings for a directory.
func NewConfig(directory string) *Config {
	return &Config{Directory: directory, App: "fieldsync", ReducePhotos: true, Ahead: "thumbnails"}
}

// Keystore yields the keys that sealed columns are encrypted with, from the phone's own keystore. It must not call the
// client.
type Keystore interface {
	// Newest returns the number of the key that new values are sealed with; at least 1.
	Newest() (int64, error)
	// Key returns the 32 bytes of the key with that number.
	Key(number int64) ([]byte, error)
	// Destroy makes all keys unreadable for ever: the office has wiped the phone. What is asked for next is a new key.
	Destroy() error
}

// StatusListener hears how the replica stands: at once, and whenever that changes.
type StatusListener interface {
	// OnStatus is given the JSON of Client.Status. What it throws changes nothing.
	OnStatus(statusJSON string) error
}

// Listener hears what a query answers: at once, and whenever that changes.
type Listener interface {
	// OnResult is given the JSON of Client.Query. What it throws changes nothing.
	OnResult(resultJSON string) error
	// OnError is given "CODE: message". The query is asked again with the next change.
	OnError(text string) error
}

// Client is one replica: open, suspended or closed. Several in one process know nothing of each other.
type Client struct {
	options client.Options

	mu            sync.Mutex
	open          *running // nil while suspended, and after Close
	closed        bool
	connected     bool // as the program wants it
	subscriptions map[*Subscription]bool
}

// Open opens the replica in the configured directory, and makes an empty one where there is none. Without a keystore
// (null) the keys lie in a file beside it.
func Open(config *Config, keys Keystore) (_ *Client, err error) {
	defer guard(&err)
	o, err := optionsOf(config, keys)
	if err != nil {
		return nil, err
	}
	c := &Client{options: o, subscriptions: map[*Subscription]bool{}}
	if c.open, err = run(o); err != nil {
		return nil, err
	}
	return c, nil
}

// Enroll gives the replica to the person for whom the office made the code. It needs the network.
func (c *Client) Enroll(server, code, deviceName string) (err error) {
	defer guard(&err)
	return c.with(func(r *running) error { return r.Enrol(r.network, server, code, deviceName) })
}

// Connect keeps a connection to the hub until Disconnect, through failures and through Suspend and Resume.
func (c *Client) Connect() (err error) {
	defer guard(&err)
	err = c.with(func(r *running) error { return r.Connect() })
	if err == nil {
		c.want(true)
	}
	return err
}

// Disconnect ends the connection and returns when it has ended.
func (c *Client) Disconnect() (err error) {
	defer guard(&err)
	c.want(false)
	return c.with(func(r *running) error {
		r.Disconnect()
		return nil
	})
}

// SyncOnce sends what waits and fetches what is new, and returns when both ends are level, or after so many ms: for
// WorkManager and BGTaskScheduler. Files travel in what is left of the time.
func (c *Client) SyncOnce(withinMS int64) (err error) {
	defer guard(&err)
	return c.with(func(r *running) error {
		ctx, cancel := context.WithTimeout(r.network, time.Duration(withinMS)*time.Millisecond)
		defer cancel()
		return r.SyncOnce(ctx)
	})
}

// SetNetwork says what the phone is connected by now: "free" (Wi-Fi, a cable), "metered" or "unknown". A client that
// waits for the network tries at once. Call it whenever the phone says that something changed.
func (c *Client) SetNetwork(kind string) (err error) {
	defer guard(&err)
	n, err := networkOf(kind)
	if err != nil {
		return err
	}
	return c.with(func(r *running) error {
		r.SetNetwork(n)
		return nil
	})
}

// SetDNS hands over the name servers of the network that the phone is in now, as Config.DNS names them.
func (c *Client) SetDNS(servers string) (err error) {
	defer guard(&err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		return c.absent()
	}
	return c.askOf(strings.Fields(servers))
}

// Suspend finishes what is being written and closes the files, before the system freezes the program. Until Resume
// everything else is refused with the code "suspended"; what listens goes on listening then.
func (c *Client) Suspend() (err error) {
	defer guard(&err)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stop()
}

// Resume opens the files again, and connects where there was a connection. On a client that is open it does nothing.
func (c *Client) Resume() (err error) {
	defer guard(&err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	if c.open != nil {
		return nil
	}
	if c.open, err = run(c.options); err != nil {
		return err
	}
	for s := range c.subscriptions {
		s.start(c.open)
	}
	if c.connected {
		return c.open.Connect()
	}
	return nil
}

// Close ends everything and forgets the listeners: a call that one of them is in is the last.
func (c *Client) Close() (err error) {
	defer guard(&err)
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.subscriptions {
		s.drop()
	}
	clear(c.subscriptions)
	c.closed = true
	return c.stop()
}

// StartApp serves the technician's app on the phone itself, and returns the URL that a WebView opens: it carries the
// secret of this launch. A second call returns the same URL; after Suspend the app is served at another.
func (c *Client) StartApp() (url string, err error) {
	defer guard(&err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		return "", c.absent()
	}
	c.open.anew = c.anew
	return c.open.startApp()
}

// StopApp serves the app no longer.
func (c *Client) StopApp() (err error) {
	defer guard(&err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		return nil
	}
	return c.open.stopApp()
}

// Export writes everything that the hub does not have to a file at the path, encrypted for the hub alone, and returns
// {"changes","files","upto"}: for the office to take in where there is no network for long. What arrives twice is judged
// once. Afterwards the account counts as leavable until something new is written.
func (c *Client) Export(path string) (_ string, err error) {
	defer guard(&err)
	var packed client.Export
	err = c.with(func(r *running) (err error) {
		packed, err = r.ExportTo(context.Background(), path)
		return err
	})
	if err != nil {
		return "", err
	}
	return encode(packed)
}

// Status returns how the replica stands: {"enrolled","person","online","pending","oldest","refused","files","contact",
// "trouble","clock_offset","ready","complete","search_ready","low","free","done","total"}. Pending are changes, and files files, that
// the hub does not have yet; ready means that today's work is here, complete everything; done of total rows have come of
// a download, both 0 where there is none.
func (c *Client) Status() (_ string, err error) {
	defer guard(&err)
	return c.ask("status", "")
}

// WatchStatus tells the listener how the replica stands.
func (c *Client) WatchStatus(listener StatusListener) (_ *Subscription, err error) {
	defer guard(&err)
	if listener == nil {
		return nil, errNoListener
	}
	return c.subscribe(followStatus, listener.OnStatus, nil)
}

// Observe tells the listener what a query answers; queryJSON is that of Client.Query. While the listener is busy, changes
// are folded together.
func (c *Client) Observe(queryJSON string, listener Listener) (_ *Subscription, err error) {
	defer guard(&err)
	if listener == nil {
		return nil, errNoListener
	}
	q, err := parseQuery(queryJSON)
	if err != nil {
		return nil, err
	}
	return c.subscribe(q.follow, listener.OnResult, listener.OnError)
}

// Subscription is what a listener hears of, until it is cancelled or the client is closed.
type Subscription struct {
	owner  *Client
	follow follower

	mu     sync.Mutex
	result func(string) error // nil when it was dropped
	failed func(string) error // may be nil
	last   string
	stop   context.CancelFunc // ends what follows; nil before the first
}

// Cancel ends the subscription: a call that the listener is in is the last.
func (s *Subscription) Cancel() (err error) {
	defer guard(&err)
	s.owner.mu.Lock()
	defer s.owner.mu.Unlock()
	delete(s.owner.subscriptions, s)
	s.drop()
	return nil
}
