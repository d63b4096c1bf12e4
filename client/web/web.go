// Package web is the technician's app: phone-sized pages that the device serves to itself. Every page reads the local
// replica and every button writes through the shared commands, so that nothing on it waits for a network.
//
//	app, err := web.New(c, web.Options{})
//	url, err := app.Start() // open it in a browser, or in a WebView
//	defer app.Close()
//
// Only this device can ask: the server listens on the loopback interface, on a port of chance, and answers whoever
// brings the secret of this launch. See guard.go.
package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"fieldsync/client"
	"fieldsync/sync/pages"
	"fieldsync/sync/words"
)

// Options say how the app behaves; the zero Options are good ones.
type Options struct {
	Zone *time.Location // that moments are shown in; nil means time.Local
	Port int            // to listen on; 0 means one that is free
	// LogOut takes the person's data off the device, after the app has made sure that nothing of it is unsent. The app
	// answers no longer then. nil means that there is nobody to do it, and the app does not offer it.
	LogOut func(context.Context) error
	// Anew opens the replica again after the office has wiped it, having closed the client that was: the app goes on with what it
	// returns, at the page that enrols. nil means that somebody else starts the app anew; it says so until then.
	Anew func() (*client.Client, error)
}

// App serves the pages of one client. It is safe for concurrent use.
type App struct {
	Options
	words *words.Book
	pages map[string]*pages.Set
	gate  gate
	// scanning holds a token while a picture is read: one at a time, since it takes all that a phone's processor has.
	scanning chan struct{}

	showing sync.Mutex
	client  *client.Client // ask Client for it: another one comes in its place after a wipe

	listener net.Listener
	server   *http.Server
	leaving  context.Context // ends when the app does: pages that listen let go
	leave    context.CancelFunc
	closing  sync.Once
}

// New returns an app that shows the client's replica. The client stays its caller's.
func New(c *client.Client, o Options) (*App, error) {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	book, err := readWords()
	if err != nil {
		return nil, err
	}
	a := &App{Options: o, client: c, words: book, gate: newGate(), scanning: make(chan struct{}, 1)}
	if a.pages, err = loadPages(a); err != nil {
		return nil, err
	}
	a.leaving, a.leave = context.WithCancel(context.Background())
	return a, nil
}

// Client returns the client whose replica the app shows.
func (a *App) Client() *client.Client {
	a.showing.Lock()
	defer a.showing.Unlock()
	return a.client
}

// anew goes on with another client in the place of a wiped one, unless somebody else was first.
func (a *App) anew(wiped *client.Client) error {
	a.showing.Lock()
	defer a.showing.Unlock()
	if a.client != wiped {
		return nil
	}
	fresh, err := a.Anew()
	if err == nil {
		a.client = fresh
	}
	return err
}

// Start begins to listen on the loopback interface, and returns the URL that opens the app: it carries the secret of
// this launch, so show it to nobody but the person at the device. It may be opened again until Close.
func (a *App) Start() (url string, err error) {
	a.listener, err = net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: a.Port})
	if err != nil {
		return "", err
	}
	a.gate.host = a.listener.Addr().String()
	a.server = &http.Server{Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10}
	go func() { _ = a.server.Serve(a.listener) }() // ends with Close
	return "http://" + a.gate.host + enterURL + "?key=" + a.gate.secret, nil
}

// closeWithin is how long Close waits for answers that are being written.
const closeWithin = 2 * time.Second

// Close stops listening, and returns when nothing is being answered any more. The client stays open.
func (a *App) Close() (err error) {
	a.closing.Do(func() {
		a.leave()
		if a.server == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		if err = a.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			err = a.server.Close()
		}
	})
	return err
}
