package link_test

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"fieldsync/client/link"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// stranger is a device that gets no further than proving who it is.
type stranger struct {
	session.Local
	proving *atomic.Bool
}

func (s stranger) Hello() (wire.Hello, error) {
	return wire.Hello{Schema: aftersales.Schema.Version}, nil
}

func (s stranger) Sign([]byte) ([]byte, error) {
	s.proving.Store(true)
	return make([]byte, 64), nil
}

// halfClosed is a connection whose other end takes nothing any more: what it said before can be read.
type halfClosed struct {
	net.Conn
	closed *atomic.Bool
}

func (c halfClosed) Write(b []byte) (int, error) {
	if c.closed.Load() {
		return 0, syscall.EPIPE
	}
	return c.Conn.Write(b)
}

// A hub that refuses a device closes the connection while the device may still be sending. Why it was refused is told all
// the same, and not that there is no network.
func TestARefusalIsHeardThoughNothingCanBeSent(t *testing.T) {
	t.Parallel()
	h := newBadHub(t)
	h.play(func(h *badHub) {
		h.send(wire.Challenge{Nonce: make([]byte, 32)}, wire.Refusal{Code: fault.Revoked, Message: "ask the office"})
		h.drain()
	})
	codec, err := wire.NewCodec(aftersales.Schema)
	if err != nil {
		t.Fatal(err)
	}
	var closed atomic.Bool
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l, err := link.Dial(ctx, link.Config{
		Server: h.url, Codec: codec, Local: stranger{proving: &closed},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return halfClosed{c, &closed}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if end := l.Run(ctx); fault.CodeOf(end.Reason) != fault.Revoked {
		t.Errorf("the connection ended: %v", end.Reason)
	}
}

// A device is revoked while it syncs: its connection is cut, and the next one would say why. It is asked for at once.
func TestAConnectionThatIsCutIsAskedForTheReason(t *testing.T) {
	t.Parallel()
	h := newBadHub(t)
	c := worked(t, h)
	cut := false
	h.play(func(h *badHub) {
		if !cut {
			cut = true
			h.send(h.welcome())
			return
		}
		h.send(wire.Refusal{Code: fault.Revoked, Message: "ask the office"})
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.SyncOnce(ctx); fault.CodeOf(err) != fault.Revoked {
		t.Errorf("it says %v", err)
	}
	h.play(func(*badHub) {}) // and one that is cut again and again is no reason to go on for ever
	if err := c.SyncOnce(ctx); fault.CodeOf(err) != link.NoNetwork {
		t.Errorf("it says %v", err)
	}
}
