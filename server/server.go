// Package server is the hub as one process: the office, the enrolment of devices, the endpoint they sync with, and
// what an operator watches. It wires the parts together and runs them; routes.go lists every URL.
package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/server/notify"
	"fieldsync/server/pace"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"

	"github.com/alexedwards/scs/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// Options says how to run.
type Options struct {
	Address      string         // host:port to listen on; "" is "127.0.0.1:8470"
	Certificate  string         // file of the TLS certificate chain, PEM; "" serves plain HTTP, for behind a proxy
	Key          string         // file of its key, PEM; both are read again when they change
	ACME         *ACME          // gets the certificate by itself instead; nil for not
	Redirect     string         // host:port where plain HTTP is sent on to https; "" for nowhere
	Secure       bool           // people reach the office by https, here or at a proxy: cookies are for TLS only
	Proxies      []netip.Prefix // whose X-Forwarded-For is believed
	Company      string         // shown in the office; "" is "fieldsync"
	Zone         *time.Location // in which the office shows times; nil is UTC
	MetricsToken string         // lets a bearer of it read /metrics; without one only this machine may
	Grace        time.Duration  // how long a shutdown waits for requests; 0 is 10 s
	Unproven     int            // for Open: how many connections one address may have whose devices have not shown who they are; 0 is 256
	NATS         string         // for Open: nats://…, by which several hubs on one Database wake one another; "" for none
	KeyFile      string         // for Open: of the keys of sealed columns; "" is the database's path + ".keys"
	Database     string         // for Open: postgres://…, where the database stands instead; "" is the SQLite file at the path
	Files        string         // for Open: s3://…, where the files that rows name are instead of a folder beside the database
	Log          *slog.Logger   // for Open; nil is slog.Default
	MayReform    func() error   // for Open: see store.Options

	Notices map[string]notify.Channel // by which notices leave the hub (NoticeChannels); without any they wait
}

// Parts are what the hub is made of. All are needed but Random, Now, Log and Metrics.
type Parts struct {
	Schema    *schema.Schema
	Health    func(context.Context) error // whether the store answers
	Engine    admin.Engine
	Phones    admin.Phones
	Sync      http.Handler      // the websocket endpoint; it takes over the connection
	Segments  http.HandlerFunc  // what devices that have nothing yet fetch; nil for a hub that makes none
	Files     FileDesk          // what devices and the office send and fetch files by; nil for a hub without
	Views     admin.Views       // of lists; nil for a hub without
	Drain     func()            // says goodbye to devices when a shutdown begins; nil for nothing
	Chronicle admin.Chronicle   // of what was done to the hub
	Dossiers  admin.Dossiers    // what is kept about one person
	Imports   admin.Imports     // nil for a hub that takes no files in
	Programs  auth.ProgramStore // of programs with tokens; nil for a hub without an API, as API is
	API       api.Engine
	Fleet     api.Devices // the devices, as programs see them
	People    auth.PeopleStore
	Devices   auth.DeviceStore
	Sessions  scs.Store
	Attempts  auth.AttemptStore // counts what is guessed, for every node; nil counts in memory
	Paces     pace.Ledger       // counts what programs ask for, for every node; nil counts in memory
	Secret    []byte            // by which every node knows the challenges of the others; nil makes one
	Hub       record.ID         // which hub this is: what a device remembers it by
	// ParcelKey is the public half of the key to unsent work that is brought by hand; nil for a hub that takes none.
	ParcelKey []byte
	Metrics   *prometheus.Registry // nil makes one
	Random    io.Reader            // nil is crypto/rand
	Now       func() time.Time     // nil is time.Now
	Log       *slog.Logger         // nil is slog.Default
}

// FileDesk takes files in and hands them out, to devices by HTTP.
type FileDesk interface {
	http.Handler
	admin.Files
	api.Files
}

// Server is the hub, ready to run.
type Server struct {
	options   Options
	parts     Parts
	people    *auth.People
	devices   *auth.Devices
	guesses   *auth.Throttle // of enrolment codes
	handler   http.Handler
	transport *transport
	core      *Core // nil for a server made by New
	imports   *imports
	told      *chronicle
}

// New returns the hub made of the parts. The error says what does not fit.
func New(o Options, p Parts) (*Server, error) {
	o, p = o.withDefaults(), p.withDefaults()
	people, err := auth.NewPeople(p.People, p.Random, p.Now)
	if err != nil {
		return nil, err
	}
	people.Of(o.Company)
	if p.Secret != nil {
		people.ChallengeBy(p.Secret)
	}
	transport, err := o.transport(p.Log)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, parts: p, people: people, transport: transport, devices: auth.NewDevices(p.Devices, p.Random, p.Now), guesses: auth.NewThrottle(p.Attempts)}
	people.CountIn(p.Attempts)
	sessions := auth.NewSessions(p.Sessions, people, o.encrypted())
	var programs *auth.Programs
	if p.Programs != nil {
		programs = auth.NewPrograms(p.Programs, people, p.Random, p.Now)
	}
	office, err := admin.New(admin.Options{
		Programs: programs,
		Engine:   p.Engine, Phones: p.Phones, People: people, Sessions: sessions, Encrypted: o.encrypted(), Schema: p.Schema, Zone: o.Zone,
		Now: p.Now, Log: p.Log, Proxies: o.Proxies, Company: o.Company, Files: p.Files, Views: p.Views, Imports: p.Imports, Chronicle: p.Chronicle, Dossiers: p.Dossiers,
	})
	if err != nil {
		return nil, err
	}
	var programmers http.Handler
	if programs != nil {
		programmers = api.New(api.Options{Engine: p.API, Tokens: programs, Staff: people, Phones: p.Fleet, Files: p.Files, Say: office.Refusal, Paces: p.Paces, Now: p.Now, Log: p.Log, Proxies: o.Proxies})
	}
	s.handler = s.routes(office, sessions, programmers)
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Address == "" {
		o.Address = "127.0.0.1:8470"
	}
	if o.Company == "" {
		o.Company = "fieldsync"
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	return o
}

func (p Parts) withDefaults() Parts {
	if p.Random == nil {
		p.Random = rand.Reader
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.Default()
	}
	if p.Metrics == nil {
		p.Metrics = prometheus.NewRegistry()
	}
	if p.Drain == nil {
		p.Drain = func() {}
	}
	return p
}

// People returns the manager of people, for the command line and for setting up.
func (s *Server) People() *auth.People { return s.people }

// Devices returns the manager of devices, for the command line and for the hub's handshake.
func (s *Server) Devices() *auth.Devices { return s.devices }

// Handler answers every URL, for tests and for programs with a server of their own.
func (s *Server) Handler() http.Handler { return s.handler }

// Run listens, serves until ctx ends, then says goodbye to devices, lets requests finish, and closes what Open opened.
// The error is that of listening, or of a shutdown that took too long; ending ctx is none.
func (s *Server) Run(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.options.Address)
	if err != nil {
		return errors.Join(fmt.Errorf("cannot listen on %s: %w", s.options.Address, err), s.Close())
	}
	return s.Serve(ctx, l)
}

// Serve is Run on a listener, which it closes.
func (s *Server) Serve(ctx context.Context, l net.Listener) (err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	web := s.web(running)
	failed := make(chan error, 2)
	go func() { failed <- s.serve(web, l) }()
	plain, err := s.redirect(running, failed)
	if err != nil {
		return errors.Join(err, web.Close())
	}
	defer func() { _ = plain.Close() }() // whom it cuts off was only to be sent on
	house := s.keepHouse(running)
	defer func() { stop(); <-house }()
	s.parts.Log.Info("the hub listens", "address", l.Addr().String(), "tls", s.transport.tls != nil)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.parts.Log.Info("the hub shuts down", "grace", s.options.Grace)
	s.parts.Drain()
	stop() // ends what streams
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.Grace)
	defer cancel()
	if err := web.Shutdown(wait); err != nil {
		return errors.Join(fmt.Errorf("requests did not finish in %s: %w", s.options.Grace, err), web.Close())
	}
	return nil
}

// keepHouse does what each node does for itself and, when it is this one's turn, what one does for all, until ctx ends; the
// channel is closed when it has.
func (s *Server) keepHouse(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.core == nil {
			return
		}
		var own sync.WaitGroup
		own.Go(func() { s.core.KeepFolder(ctx) })
		s.core.Alone(ctx, "house", s.forAll)
		own.Wait()
	}()
	return done
}

// forAll does, until ctx ends, what one node does for all of them.
func (s *Server) forAll(ctx context.Context) {
	var jobs sync.WaitGroup
	jobs.Go(func() { s.core.SendNotices(ctx, s.options.Notices) })
	jobs.Go(func() { s.core.SendWebhooks(ctx) })
	jobs.Go(func() { s.core.WatchClocks(ctx) })
	jobs.Go(func() { s.core.WatchFit(ctx) })
	s.core.KeepHouse(ctx)
	jobs.Wait()
}

// web returns the HTTP server with bounds on everything a slow or hostile peer could stretch. Handlers that stream,
// and the websocket, lift the write bound for themselves.
func (s *Server) web(running context.Context) *http.Server {
	return &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.parts.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return running },
	}
}

// redirect listens for plain HTTP where the options say so, to send it on to https and to answer the authority.
func (s *Server) redirect(running context.Context, failed chan<- error) (*http.Server, error) {
	plain := s.web(running)
	if s.options.Redirect == "" || s.transport.plain == nil {
		return plain, nil
	}
	l, err := (&net.ListenConfig{}).Listen(running, "tcp", s.options.Redirect)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", s.options.Redirect, err)
	}
	plain.Handler = s.transport.plain
	go func() {
		if err := plain.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	s.parts.Log.Info("plain HTTP is sent on to https", "address", l.Addr().String())
	return plain, nil
}

func (s *Server) serve(web *http.Server, l net.Listener) error {
	var err error
	if web.TLSConfig = s.transport.tls; web.TLSConfig != nil {
		err = web.ServeTLS(l, "", "")
	} else {
		err = web.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
