package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fieldsync/server"
	"fieldsync/server/notify"
	"fieldsync/server/store"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
)

// serving is the command "serve" with its flags.
type serving struct {
	address, company, zone string
	certificate, key       string
	acme, mail, directory  string
	redirect               string
	proxies                string
	secure                 bool
	log, level             string
	administrator, notices string
	nats                   string
	unproven               int
}

func serveCommand() *command {
	s := &serving{}
	return &command{
		Name: "serve", Brief: "run the hub and its pages",
		About: `
Serves devices and the office until it is told to stop (Ctrl-C, SIGTERM). A folder that holds no hub yet gets
one, with an administrator whose password is printed once. The environment's FIELDSYNC_METRICS_TOKEN lets its
bearer read /metrics; without one only this machine may. Behind a proxy that does TLS, say -secure and -proxies.
With -acme the hub gets its certificate from an authority by itself, and renews it: it must be reachable at port
443 of its names, or at port 80 through -http. That you agree to the authority's terms is taken for granted then.
With -json the log is JSON, and what there is to know is an object on standard output:
{"url":…,"administrator":…,"password":…}, the last two only where there was no administrator.`,
		Example: "fieldsyncd serve -data /var/lib/fieldsync -addr :8470 -tls-cert hub.pem -tls-key hub.key",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&s.address, "addr", env("FIELDSYNC_ADDR", defaultAddress), "HOST:PORT to listen on; environment: FIELDSYNC_ADDR")
			f.StringVar(&s.company, "company", env("FIELDSYNC_COMPANY", ""), "NAME shown in the office; environment: FIELDSYNC_COMPANY")
			f.StringVar(&s.zone, "zone", env("FIELDSYNC_ZONE", "UTC"),
				"ZONE in which the office shows times, as Asia/Taipei; environment: FIELDSYNC_ZONE")
			f.StringVar(&s.certificate, "tls-cert", env("FIELDSYNC_TLS_CERT", ""), "FILE of the certificate chain, PEM; environment: FIELDSYNC_TLS_CERT")
			f.StringVar(&s.key, "tls-key", env("FIELDSYNC_TLS_KEY", ""), "FILE of its key, PEM; environment: FIELDSYNC_TLS_KEY")
			f.StringVar(&s.acme, "acme", env("FIELDSYNC_ACME", ""), "NAME,… of this host, for a certificate by itself; environment: FIELDSYNC_ACME")
			f.StringVar(&s.mail, "acme-mail", env("FIELDSYNC_ACME_MAIL", ""), "ADDRESS the authority may write to; environment: FIELDSYNC_ACME_MAIL")
			f.StringVar(&s.directory, "acme-directory", env("FIELDSYNC_ACME_DIRECTORY", ""),
				"URL of another authority than Let's Encrypt; environment: FIELDSYNC_ACME_DIRECTORY")
			f.StringVar(&s.redirect, "http", env("FIELDSYNC_HTTP", ""),
				"HOST:PORT where plain HTTP is sent on to https; environment: FIELDSYNC_HTTP")
			f.BoolVar(&s.secure, "secure", os.Getenv("FIELDSYNC_SECURE") != "", "people come by https, at a proxy; environment: FIELDSYNC_SECURE")
			f.StringVar(&s.proxies, "proxies", env("FIELDSYNC_PROXIES", ""),
				"CIDR,… whose X-Forwarded-For is believed; environment: FIELDSYNC_PROXIES")
			f.StringVar(&s.log, "log", env("FIELDSYNC_LOG", "text"), "FORMAT of the log on standard error: text or json; environment: FIELDSYNC_LOG")
			f.StringVar(&s.level, "log-level", env("FIELDSYNC_LOG_LEVEL", "info"), "LEVEL debug, info, warn or error; environment: FIELDSYNC_LOG_LEVEL")
			f.StringVar(&s.notices, "notices", env("FIELDSYNC_NOTICES", ""),
				"FILE with the channels by which notices leave, JSON; environment: FIELDSYNC_NOTICES")
			f.IntVar(&s.unproven, "unproven", 256,
				"N connections from one address at most whose devices have not shown yet who they are")
			f.StringVar(&s.nats, "nats", env("FIELDSYNC_NATS", ""),
				"URL,… of NATS, by which several hubs on one -db wake one another; environment: FIELDSYNC_NATS")
			f.StringVar(&s.administrator, "admin", "admin", "LOGIN of the first administrator, where there is none")
		},
		Do: s.run,
	}
}

func (s *serving) run(ctx context.Context, a *app, _ []string) error {
	o, err := s.options(a)
	if err != nil {
		return err
	}
	l, err := listen(ctx, s.address, "-addr")
	if err != nil {
		return err
	}
	if err := s.mayRedirect(ctx); err != nil {
		return errors.Join(err, l.Close())
	}
	h, err := a.openToServe(ctx, o)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer h.unlock()
	if err := s.greetAlone(ctx, a, h, l); err != nil {
		return errors.Join(err, l.Close(), h.close())
	}
	return h.hub.Serve(ctx, l)
}

// mayRedirect looks whether the port of -http is free, before a password is shown that would be shown this once.
func (s *serving) mayRedirect(ctx context.Context) error {
	if s.redirect == "" {
		return nil
	}
	l, err := listen(ctx, s.redirect, "-http")
	if err != nil {
		return err
	}
	return l.Close()
}

// options reads the flags.
func (s *serving) options(a *app) (o server.Options, err error) {
	if o.Log, err = s.logger(a); err != nil {
		return o, err
	}
	if o.Zone, err = time.LoadLocation(s.zone); err != nil {
		return o, cli.Usage("there is no time zone %q: say one like Asia/Taipei with -zone", s.zone)
	}
	for cidr := range strings.SplitSeq(s.proxies, ",") {
		if cidr = strings.TrimSpace(cidr); cidr == "" {
			continue
		}
		p, err := netip.ParsePrefix(cidr)
		if err != nil {
			return o, cli.Usage("-proxies takes networks like 10.0.0.0/8, not %q", cidr)
		}
		o.Proxies = append(o.Proxies, p)
	}
	if (s.certificate == "") != (s.key == "") {
		return o, cli.Usage("-tls-cert and -tls-key belong together")
	}
	for _, file := range []string{s.certificate, s.key} {
		if _, err := os.Stat(file); file != "" && err != nil {
			return o, cli.Usage("%s cannot be read: %v", file, cause(err))
		}
	}
	if s.certificate != "" {
		if _, err := tls.LoadX509KeyPair(s.certificate, s.key); err != nil {
			return o, cli.Usage("the certificate %s and its key %s cannot be used: both have to be PEM, readable for the hub's user, and belong together (%v)",
				s.certificate, s.key, err)
		}
	}
	if o.ACME, err = s.authority(a); err != nil {
		return o, err
	}
	if o.Redirect = s.redirect; o.Redirect != "" && o.ACME == nil && s.certificate == "" {
		return o, cli.Usage("-http sends people on to https: say -acme, or -tls-cert and -tls-key")
	}
	if s.nats != "" && a.db == "" {
		return o, cli.Usage("-nats is for several hubs on one database: name that with -db")
	}
	if s.unproven < 1 {
		return o, cli.Usage("-unproven is at least 1")
	}
	o.NATS, o.Unproven = s.nats, s.unproven
	o.Certificate, o.Key, o.Secure, o.Company = s.certificate, s.key, s.secure, s.company
	o.MetricsToken = os.Getenv("FIELDSYNC_METRICS_TOKEN")
	o.Notices, err = s.channels()
	return o, err
}

// authority says from whom the certificate comes; nil where it does not come by itself.
func (s *serving) authority(a *app) (*server.ACME, error) {
	if s.acme == "" {
		return nil, nil
	}
	if s.certificate != "" {
		return nil, cli.Usage("-acme and -tls-cert exclude each other: the certificate comes by itself, or from a file")
	}
	return &server.ACME{Names: strings.Split(s.acme, ","), Directory: s.directory, Email: s.mail, Cache: filepath.Join(a.data, "acme")}, nil
}

// channels reads by what channels notices leave; none without a file.
func (s *serving) channels() (map[string]notify.Channel, error) {
	if s.notices == "" {
		return nil, nil
	}
	body, err := os.ReadFile(s.notices)
	if err != nil {
		return nil, cli.Usage("%s cannot be read: %v", s.notices, cause(err))
	}
	channels, err := server.NoticeChannels(body)
	if err != nil {
		return nil, cli.Usage("%s: %v", s.notices, err)
	}
	return channels, nil
}

func (s *serving) logger(a *app) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.level)); err != nil {
		return nil, cli.Usage("-log-level is debug, info, warn or error, not %q", s.level)
	}
	if a.json {
		s.log = "json"
	}
	formats := map[string]func(io.Writer, *slog.HandlerOptions) slog.Handler{
		"text": func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) },
		"json": func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) },
	}
	format := formats[s.log]
	if format == nil {
		return nil, cli.Usage("-log is text or json, not %q", s.log)
	}
	return slog.New(format(a.err, &slog.HandlerOptions{Level: level, ReplaceAttr: withCause})), nil
}

// away are the codes of what is beneath the hub and does not do its work: of these the log says why. Of others the cause may be
// what somebody typed.
var away = map[fault.Code]bool{
	store.Unavailable: true, store.Unreadable: true, store.ReadOnly: true, store.Corrupt: true, store.DiskFull: true, fault.Overloaded: true,
	fault.Internal: true, // "the operator's log says what"
}

// withCause says behind an error what a database, a disk or a store for files answered.
func withCause(_ []string, a slog.Attr) slog.Attr {
	f := new(fault.Error)
	if err, is := a.Value.Any().(error); is && errors.As(err, &f) && f.Detail != nil && away[f.Code] {
		a.Value = slog.StringValue(fmt.Sprintf("%v (%v)", err, f.Detail))
	}
	return a
}

// servedAt is the file that says where the folder's hub was served last.
func (a *app) servedAt() string { return filepath.Join(a.data, "served-at") }

// served returns where the folder's hub was served last; "" if it never was.
func (a *app) served() string {
	said, _ := os.ReadFile(a.servedAt()) // where it cannot be read it was not said
	return strings.TrimSpace(string(said))
}

// greetAlone greets while no other hub does that begins on the same database: there is one first administrator.
func (s *serving) greetAlone(ctx context.Context, a *app, h *house, l net.Listener) (err error) {
	alone := h.core.Store.Alone(ctx, founding, func(ctx context.Context) { err = s.greet(ctx, a, h, l) })
	return cmp.Or(err, alone)
}

// greet says where the hub is, and makes the first administrator where there is none.
func (s *serving) greet(ctx context.Context, a *app, h *house, l net.Listener) error {
	p, password, err := h.hub.People().FirstAdministrator(ctx, s.administrator, "Administrator", "")
	if err != nil {
		return err
	}
	answer := struct {
		URL           string `json:"url"`
		Administrator string `json:"administrator,omitempty"`
		Password      string `json:"password,omitempty"`
	}{URL: urlOf(l.Addr().String()), Password: password}
	if s.certificate != "" || s.acme != "" {
		answer.URL = "https" + strings.TrimPrefix(answer.URL, "http")
	}
	if p != nil {
		answer.Administrator = p.Login
	}
	if err := os.WriteFile(a.servedAt(), []byte(answer.URL+"\n"), 0o600); err != nil {
		return err
	}
	return a.answer(answer, func() {
		a.say("The office is at %s\n", answer.URL)
		if p != nil {
			a.say("Sign in as %s with the password %s (it is shown this once; you choose your own then).\n", p.Login, password)
		}
	})
}
