package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
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
	// DNS are name servers to ask in place of the system's, as "192.0.2.1" or "192.0.2.1:53". A Go program on Android finds
	// none by itself: the host app hands over those of the network, and with SetDNS those of the next.
	DNS []string
	// Resolver is asked in place of the system's and of DNS.
	Resolver *net.Resolver
	// TLS is for whoever needs more, such as a certificate of the device's own; Roots are added to it.
	TLS *tls.Config
}

// reach is Reach, made ready.
type reach struct {
	names *nameServers
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	tls   *tls.Config // nil: the usual one
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
	made.names = &nameServers{}
	made.names.set(r.DNS)
	made.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Timeout: dialWithin, Resolver: r.Resolver}
		if d.Resolver != nil {
			return d.DialContext(ctx, network, address)
		}
		return made.names.dial(ctx, d, network, address)
	}
	return made, nil
}

// SetDNS says which name servers to ask from now on in place of the system's, as Reach.DNS does: a phone that changes its
// network hands over those of the new one. None are the system's again. A server that is no address is refused.
func (c *Client) SetDNS(servers []string) error {
	for _, s := range servers {
		host, _, err := net.SplitHostPort(s)
		if err != nil {
			host = s
		}
		if _, err := netip.ParseAddr(host); err != nil {
			return fault.Newf(fault.Invalid, "a name server is an address, as 192.0.2.1 or 192.0.2.1:53: %s", s)
		}
	}
	c.reach.names.set(servers)
	return nil
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

// nameServers are asked one after another until one answers, beginning with the one that answered last. All questions about
// a name go to the same one: shared out among them, some of the answers would be missing whenever one is out of order.
type nameServers struct {
	list atomic.Pointer[[]string]
	good atomic.Uint32 // counts on whenever one did not answer
}

func (n *nameServers) set(servers []string) {
	servers = slices.Clone(servers)
	n.list.Store(&servers)
}

// dial is d.DialContext by these name servers, by the system's where there are none. The time that d may take is shared
// among them, for a server that is silent takes all it is given.
func (n *nameServers) dial(ctx context.Context, d net.Dialer, network, address string) (conn net.Conn, err error) {
	servers := *n.list.Load()
	if len(servers) == 0 {
		return d.DialContext(ctx, network, address)
	}
	d.Timeout /= time.Duration(len(servers))
	for range servers {
		good := n.good.Load()
		d.Resolver = resolver(servers[int(good)%len(servers)])
		if conn, err = d.DialContext(ctx, network, address); !unanswered(err) || ctx.Err() != nil {
			return conn, err
		}
		n.good.CompareAndSwap(good, good+1)
	}
	return nil, err
}

// unanswered reports whether the name server said nothing: that it knows no such name is an answer.
func unanswered(err error) bool {
	var asked *net.DNSError
	return errors.As(err, &asked) && !asked.IsNotFound
}

// resolver returns what asks that server alone.
func resolver(server string) *net.Resolver {
	if _, err := netip.ParseAddr(server); err == nil {
		server = net.JoinHostPort(server, "53")
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}}
}

// client returns what files and the enrolment travel by.
func (r reach) client() *http.Client {
	c := files.NewClient()
	t := c.Transport.(*http.Transport)
	t.DialContext = r.dial
	if r.tls != nil {
		t.TLSClientConfig = r.tls.Clone()
	}
	return c
}
