package server

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACME says how the hub gets its certificate by itself, and renews it. It must be reachable at port 443 of its names, or
// at port 80 through Options.Redirect: the authority looks there whether the names are the hub's.
type ACME struct {
	Names     []string // host names that the hub answers to, no others
	Directory string   // URL of the authority's directory; "" is Let's Encrypt
	Email     string   // whom the authority writes to; "" for nobody
	Cache     string   // folder of account key and certificates; made when it is not there
}

// encrypted reports whether people and devices come by TLS, here or at a proxy.
func (o Options) encrypted() bool { return o.Secure || o.Certificate != "" || o.ACME != nil }

// suites are those of TLS 1.2 that keep a key for no longer than a connection, and authenticate what they encrypt. TLS 1.3
// has no others.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// transport is how connections are encrypted, and what a plain listener beside it answers.
type transport struct {
	tls   *tls.Config // nil for plain HTTP
	plain http.Handler
}

func (o Options) transport(log *slog.Logger) (*transport, error) {
	switch {
	case o.Certificate != "" && o.ACME != nil:
		return nil, errors.New("a certificate comes from files or by ACME, not both")
	case o.Certificate != "":
		kept := &keptCertificate{certificate: o.Certificate, key: o.Key, log: log}
		if _, err := kept.get(nil); err != nil {
			return nil, err
		}
		return &transport{&tls.Config{GetCertificate: kept.get, MinVersion: tls.VersionTLS12, CipherSuites: suites}, http.HandlerFunc(toTLS)}, nil
	case o.ACME != nil:
		m := &autocert.Manager{
			Prompt: autocert.AcceptTOS, Email: o.ACME.Email, Cache: autocert.DirCache(o.ACME.Cache),
			HostPolicy: autocert.HostWhitelist(o.ACME.Names...), Client: &acme.Client{DirectoryURL: o.ACME.directory()},
		}
		secured := m.TLSConfig()
		secured.MinVersion, secured.CipherSuites = tls.VersionTLS12, suites
		secured.GetCertificate = o.ACME.told(m.GetCertificate, log)
		return &transport{secured, m.HTTPHandler(http.HandlerFunc(toTLS))}, nil
	}
	return &transport{}, nil
}

func (a *ACME) directory() string {
	if a.Directory == "" {
		return autocert.DefaultACMEDirectory
	}
	return a.Directory
}

// told has the log say why there is no certificate for a name of the hub's, once for every reason: nobody else could.
func (a *ACME) told(get getCertificate, log *slog.Logger) getCertificate {
	var said sync.Map
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		certificate, err := get(hello)
		switch {
		case err == nil:
			said.Clear()
		case slices.Contains(a.Names, hello.ServerName):
			if _, already := said.LoadOrStore(err.Error(), true); !already {
				log.Error("there is no certificate yet", "name", hello.ServerName, "error", err)
			}
		}
		return certificate, err
	}
}

type getCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// forPrograms is where no person goes: a program that came without TLS has shown its token to the network, and is to fail,
// not to be led on unnoticed.
var forPrograms = []string{"/api/", "/files/", "/segments/", "/sync", "/enrol", "/metrics", "/healthz"}

// toTLS sends who came by plain HTTP to the same page by https. What would be sent there is never taken in the clear.
func toTLS(w http.ResponseWriter, r *http.Request) {
	program := slices.ContainsFunc(forPrograms, func(at string) bool { return strings.HasPrefix(r.URL.Path, at) })
	if program || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "Use https.", http.StatusBadRequest)
		return
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusMovedPermanently)
}

// stayEncrypted tells browsers that came by TLS never to come without it, for a year; nor to names beneath the hub's, by
// which its cookies could be written over.
func (s *Server) stayEncrypted(next http.Handler) http.Handler {
	if !s.options.encrypted() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		next.ServeHTTP(w, r)
	})
}

// keptCertificate is a certificate in files, read again when they change: who renews it need not stop the hub.
type keptCertificate struct {
	certificate, key string
	log              *slog.Logger

	mu     sync.Mutex
	stamps [2]stamp
	loaded *tls.Certificate
}

// stamp tells one state of a file from another.
type stamp struct {
	size int64
	at   time.Time
}

// get returns the certificate of the files as they are now; while they cannot be used, as between the writing of one
// and of the other, the last that could.
func (k *keptCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now, err := stampsOf(k.certificate, k.key)
	if err == nil && k.loaded != nil && now == k.stamps {
		return k.loaded, nil
	}
	var read tls.Certificate
	if err == nil {
		read, err = tls.LoadX509KeyPair(k.certificate, k.key)
	}
	switch {
	case err == nil:
		k.loaded, k.stamps = &read, now
	case k.loaded == nil:
		return nil, err
	case now != k.stamps:
		k.log.Error("the certificate's files cannot be used; the last one is", "error", err)
		k.stamps = now
	}
	return k.loaded, nil
}

func stampsOf(files ...string) (stamps [2]stamp, err error) {
	for i, file := range files {
		var about fs.FileInfo
		if about, err = os.Stat(file); err != nil {
			return stamps, err
		}
		stamps[i] = stamp{about.Size(), about.ModTime()}
	}
	return stamps, nil
}
