package link

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

const dialWithin = 15 * time.Second

var defaultDialer = &websocket.Dialer{
	HandshakeTimeout: dialWithin, Proxy: http.ProxyFromEnvironment,
	ReadBufferSize: 16 << 10, WriteBufferSize: 16 << 10, WriteBufferPool: &sync.Pool{},
}

// Dial connects to the hub. The error has the code NoNetwork, or what the hub answered with.
func Dial(ctx context.Context, c Config) (*Link, error) {
	target, err := address(c.Server, c.Segments)
	if err != nil {
		return nil, err
	}
	dialer := c.Dialer
	if dialer == nil {
		dialer = defaultDialer
	}
	d := *dialer
	if c.Dial != nil {
		d.NetDialContext = c.Dial
	}
	if c.TLS != nil {
		d.TLSClientConfig = c.TLS.Clone()
	}
	d.Subprotocols = []string{wire.Subprotocol}
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	ws, response, err := d.DialContext(ctx, target, brief(c.Header))
	if err != nil {
		return nil, dialFault(response, err)
	}
	ws.SetReadLimit(wire.MaxMessage)
	if c.Heartbeat == nil {
		c.Heartbeat = &Heartbeat{}
	}
	return &Link{
		Config: c, ws: ws, machine: session.NewDevice(c.Local, c.Segments...), codec: c.Codec.For(0), events: make(chan session.Event, 16),
		asked: make(chan chan struct{}), alive: make(chan struct{}, 1), over: make(chan struct{}),
		prove: make(chan struct{}, 1), pulse: pulse{beat: c.Heartbeat, heard: time.Now()},
	}, nil
}

// brief returns the header without what nobody reads: the hub hears in the Hello which program the device runs.
func brief(h http.Header) http.Header {
	h = h.Clone()
	if h == nil {
		h = http.Header{}
	}
	if _, named := h["User-Agent"]; !named {
		h["User-Agent"] = nil
	}
	return h
}

// passing are the answers of a hub, or of a proxy before it, that has no room or no hub just now.
var passing = []int{
	http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

func dialFault(response *http.Response, err error) error {
	if response != nil && slices.Contains(passing, response.StatusCode) {
		return fault.Wrap(fault.Overloaded, "the server is busy; trying again", err)
	}
	if errors.Is(err, websocket.ErrBadHandshake) {
		return fault.Wrap(fault.Version, "the address answers, but not as this server does: check it", err)
	}
	return fault.Wrap(NoNetwork, "the server cannot be reached from here; work goes on and is sent later", err)
}

// address returns the WebSocket address of a hub, for a device that takes segments of the classes.
func address(server string, segments []schema.Class) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return "", fault.Wrap(fault.Invalid, "the server's address is not one: "+server, err)
	}
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	case "ws", "wss":
	default:
		return "", fault.New(fault.Invalid, "the server's address begins with https:// or http://")
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/sync"
	u.RawQuery = asking(segments)
	return u.String(), nil
}
