package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"fieldsync/client/files"
	"fieldsync/sync/fault"
)

// Reach says how the hub is reached, where the system's own way does not lead there. The zero Reach is the system's.
type Reach struct {
	// Roots are PEM certificates of authorities beside the system's: a company that signs its own hub's certificate gives
	// them to its phones.
	Roots []byte
	// DNS are name servers to ask in place of the system's, as "192.0.2.1" or "192.0.2.1:53". A Go program on Android finds none by
	// itself: the host app hands over those of the network.
	DNS []string
	// Resolver is asked in place of the system's and of DNS.
	Resolver *net.Resolver
	// TLS is for whoever needs more, such as a certificate of the device's own; Roots are added to it.
	TLS *tls.Config
}

// reach is Reach, made ready.
type reach struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error) // nil: the usual one
	tls  *tls.Config                                                          // nil: the usual one
}

const dialWithin = 15 * time.Second

func (r Reach) ready() (made reach, err error) {
	if r.TLS != nil {
		made.tls = r.TLS.Clone()
	}
	if len(r.Roots) > 0 {
		if made.tls == nil {
			made.tls = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		if made.tls.RootCAs, err = withRoots(made.tls.RootCAs, r.Roots); err != nil {
			return made, err
		}
	}
	resolver := r.Resolver
	if resolver == nil && len(r.DNS) > 0 {
		resolver = resolverOf(r.DNS)
	}
	if resolver != nil {
		made.dial = (&net.Dialer{Timeout: dialWithin, Resolver: resolver}).DialContext
	}
	return made, nil
}

// withRoots adds certificates to a pool; nil is the system's. A system that has none is one with ours alone.
func withRoots(pool *x509.CertPool, pem []byte) (*x509.CertPool, error) {
	if pool == nil {
		var err error
		if pool, err = x509.SystemCertPool(); err != nil {
			pool = x509.NewCertPool()
		}
	}
	pool = pool.Clone()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fault.New(fault.Invalid, "the certificates of the company's own authority are none: give them as PEM")
	}
	return pool, nil
}

// resolverOf asks the servers in turn: that one is silent shows only when nothing comes back, and the question is put
// again.
func resolverOf(servers []string) *net.Resolver {
	var asked atomic.Uint32
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		server := servers[int(asked.Add(1)-1)%len(servers)]
		if net.ParseIP(server) != nil {
			server = net.JoinHostPort(server, "53")
		}
		return (&net.Dialer{Timeout: dialWithin / 3}).DialContext(ctx, network, server)
	}}
}

// client returns what files and the enrolment travel by.
func (r reach) client() *http.Client {
	c := files.NewClient()
	t := c.Transport.(*http.Transport)
	if r.dial != nil {
		t.DialContext = r.dial
	}
	if r.tls != nil {
		t.TLSClientConfig = r.tls.Clone()
	}
	return c
}
