package mobile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	_ "time/tzdata" // phones have no zones where Go looks, or call them otherwise

	"fieldsync/client"
	"fieldsync/client/web"
)

// running is an open replica, with what ends the calls that wait for the network.
type running struct {
	*client.Client
	network context.Context
	hangUp  context.CancelFunc
	anew    func() (*client.Client, error) // see Client.anew; nil before the app is served
	app     *web.App                       // nil unless it is served; under the lock of the Client
	url     string
}

func run(o client.Options) (*running, error) {
	if o.Path == "" {
		return nil, errNoConfig // made without Open, as Java can
	}
	c, err := client.Open(context.Background(), o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &running{Client: c, network: ctx, hangUp: cancel}, nil
}

// Answers that this package gives itself.
var (
	errClosed     = refuse(closed, "the client is closed")
	errSuspended  = refuse(suspended, "the client is suspended: resume it first")
	errNoListener = refuse("invalid_value", "there is no listener")
	errNoConfig   = refuse("invalid_value", "the configuration names no directory")
)

// The codes that no other package has; docs/codes.md lists all.
const (
	closed         client.Code = "closed"          // the client is closed
	suspended      client.Code = "suspended"       // the client is suspended: Resume opens it again
	cancelled      client.Code = "cancelled"       // the call was stopped, as by Suspend or Close; what was recorded is kept
	panicked       client.Code = "panic"           // there is a mistake in the library: please report it; what was recorded is kept
	noFile         client.Code = "no_file"         // the file at the path that was given cannot be read or written
	unknownCommand client.Code = "unknown_command" // Execute knows no command of that name
	unknownQuery   client.Code = "unknown_query"   // Query and Observe know nothing of that name
)

func refuse(code client.Code, message string) *client.Error {
	return &client.Error{Code: code, Message: message}
}

// said is an error as the other side reads it: "CODE: message".
type said string

func (s said) Error() string { return string(s) }

// guard ends every exported function: a panic becomes an error, and every error reads "CODE: message".
func guard(err *error) {
	if p := recover(); p != nil {
		*err = refuse(panicked, fmt.Sprintf("there is a mistake in the program: report %q at %s; what was recorded is kept", p, origin()))
	}
	if *err != nil {
		*err = said(textOf(*err))
	}
}

// origin returns where the panic arose that guard has recovered.
func origin() string {
	callers := make([]uintptr, 16)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for {
		f, more := frames.Next()
		if !more || !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
	}
}

func textOf(err error) string {
	text := "internal: " + err.Error()
	var f *client.Error
	var s said
	switch {
	case errors.As(err, &f):
		text = f.Error()
	case errors.As(err, &s):
		text = string(s)
	case errors.Is(err, context.Canceled):
		text = string(cancelled) + ": it was stopped; what was recorded is kept"
	case errors.Is(err, context.DeadlineExceeded):
		text = "no_network: there was not enough time; the rest goes next time"
	}
	return strings.Join(strings.Fields(text), " ")
}

func optionsOf(config *Config, keys Keystore) (o client.Options, err error) {
	if config == nil || config.Directory == "" {
		return o, errNoConfig
	}
	ahead, known := aheads[config.Ahead]
	if !known {
		return o, refuse("invalid_value", `ahead is "thumbnails", "documents", "all" or "nothing"`)
	}
	zone, err := zoneOf(config.Zone)
	if err != nil {
		return o, err
	}
	o = client.Options{
		Now:  func() time.Time { return time.Now().In(zone) },
		Path: filepath.Join(config.Directory, "field.db"), App: config.App, DeferIndexes: true,
		Files: client.FileOptions{Reduce: config.ReducePhotos, WiFiOnly: config.WiFiOnly, Ahead: ahead},
		Lease: time.Duration(max(config.LeaseDays, 0)) * 24 * time.Hour,
		Reach: client.Reach{Roots: []byte(config.Roots), DNS: strings.Fields(config.DNS)},
	}
	if keys != nil {
		o.Keys = keystore{keys}
	}
	return o, nil
}

var aheads = map[string]client.Ahead{
	"": client.AheadThumbnails, "thumbnails": client.AheadThumbnails, "documents": client.AheadDocuments,
	"all": client.AheadAll, "nothing": client.AheadNothing,
}

func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, refuse("invalid_value", "there is no time zone called "+name)
	}
	return zone, nil
}

func networkOf(kind string) (client.Network, error) {
	switch kind {
	case "unknown":
		return client.NetworkUnknown, nil
	case "free":
		return client.NetworkFree, nil
	case "metered":
		return client.NetworkMetered, nil
	}
	return 0, refuse("invalid_value", `a network is "free", "metered" or "unknown"`)
}

// with runs do on the open replica. It does not keep it open: what is in the middle of a transaction when the client is
// suspended ends it first, what comes after is refused by the replica.
func (c *Client) with(do func(*running) error) error {
	c.mu.Lock()
	r, absent := c.open, c.absent()
	c.mu.Unlock()
	if r == nil {
		return absent
	}
	return do(r)
}

// absent says why there is no open replica. It is called with the lock held.
func (c *Client) absent() error {
	if c.closed {
		return errClosed
	}
	return errSuspended
}

func (c *Client) withID(text string, do func(*running, client.ID) error) error {
	id, err := parseID(text)
	if err != nil {
		return err
	}
	return c.with(func(r *running) error { return do(r, id) })
}

func parseID(text string) (id client.ID, err error) {
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return id, refuse("invalid_value", "this is no id: "+text)
	}
	return id, nil
}

// finder is what finds rows by what people say.
type finder interface {
	Find(context.Context, string) (client.ID, error)
}

func (c *Client) find(said string, in func(*running) finder) (id string, err error) {
	err = c.with(func(r *running) error {
		found, err := in(r).Find(context.Background(), said)
		id = found.String()
		return err
	})
	return id, err
}

// askOf has these name servers asked, after Resume too. It is called with the lock held.
func (c *Client) askOf(servers []string) error {
	if err := c.open.SetDNS(servers); err != nil {
		return err
	}
	c.options.Reach.DNS = servers
	return nil
}

func (c *Client) want(connected bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connected = connected
}

// anew opens an empty replica in the place of one that the office has wiped, for the app that is served: whoever listens hears of
// it, and the app's address stays. A keystore that was told to destroy its keys is asked for a new one; while it has none, or has
// not destroyed the old ones, the replica stays shut and whoever looks is told so.
func (c *Client) anew() (*client.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.open
	if was == nil {
		return nil, c.absent()
	}
	was.hangUp()
	_ = was.Close() // there is nothing left that could be lost
	made, err := run(c.options)
	if err != nil {
		return nil, err
	}
	made.anew, made.app, made.url = was.anew, was.app, was.url
	c.open = made
	for s := range c.subscriptions {
		s.start(made)
	}
	return made.Client, nil
}

// stop closes the replica if it is open. It is called with the lock held.
func (c *Client) stop() error {
	r := c.open
	if r == nil {
		return nil
	}
	c.open = nil
	r.hangUp()
	return errors.Join(r.stopApp(), r.Close())
}

func (r *running) startApp() (url string, err error) {
	if r.app != nil {
		return r.url, nil
	}
	app, err := web.New(r.Client, web.Options{Zone: r.Now().Location(), Anew: r.anew})
	if err != nil {
		return "", err
	}
	if r.url, err = app.Start(); err != nil {
		return "", err
	}
	r.app = app
	return r.url, nil
}

func (r *running) stopApp() error {
	app := r.app
	if app == nil {
		return nil
	}
	r.app = nil
	return app.Close()
}

func (r *running) attach(table, id, path, infoJSON string) (string, error) {
	about, err := parseID(id)
	if err != nil {
		return "", err
	}
	var info client.FileInput
	if err := decode(infoJSON, &info); err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fileError(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	made, err := r.Attach(context.Background(), client.Row{Table: table, ID: about}, f, info)
	return made.String(), err
}

func (r *running) save(id client.ID, path string) error {
	from, err := r.OpenAttachment(context.Background(), id)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was only read
	return writeWhole(path, from)
}

func (r *running) saveThumbnail(id client.ID, path string) error {
	picture, err := r.Thumbnail(context.Background(), id)
	if err != nil {
		return err
	}
	return writeWhole(path, bytes.NewReader(picture))
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(path string, content io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".fieldsync-*")
	if err != nil {
		return fileError(err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when it was renamed
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Close()); err != nil {
		return fileError(err)
	}
	return fileError(os.Rename(f.Name(), path))
}

func fileError(err error) error {
	if err == nil {
		return nil
	}
	return refuse(noFile, "the file cannot be read or written: "+err.Error())
}
