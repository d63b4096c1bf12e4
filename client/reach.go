package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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
		if d.Resolver == nil && made.names.some() {
			d.Resolver = made.names.resolver()
		}
		return d.DialContext(ctx, network, address)
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

// nameServers are asked in turn: that one is silent shows only when nothing comes back, and the question is put again.
type nameServers struct {
	list  atomic.Pointer[[]string]
	asked atomic.Uint32
}

func (n *nameServers) set(servers []string) {
	servers = slices.Clone(servers)
	n.list.Store(&servers)
}

func (n *nameServers) some() bool { return len(*n.list.Load()) > 0 }

func (n *nameServers) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, system string) (net.Conn, error) {
		return (&net.Dialer{Timeout: dialWithin / 3}).DialContext(ctx, network, n.next(system))
	}}
}

// next returns whom to ask now; it is the system's own server when the list was emptied meanwhile.
func (n *nameServers) next(system string) string {
	servers := *n.list.Load()
	if len(servers) == 0 {
		return system
	}
	server := servers[int(n.asked.Add(1)-1)%len(servers)]
	if _, err := netip.ParseAddr(server); err == nil {
		server = net.JoinHostPort(server, "53")
	}
	return server
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
