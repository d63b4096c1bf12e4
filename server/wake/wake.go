// Package wake carries hints between the nodes of a hub over NATS: that there is something new to see in the database.
// The database is the truth; a hint that is lost, while NATS is away or at any other time, costs the second until a node
// looks by itself.
package wake

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"fieldsync/sync/fault"

	"github.com/nats-io/nats.go"
)

// NATS is a connection to NATS on which the nodes of one hub hear one another. It connects again by itself for ever.
type NATS struct {
	conn    *nats.Conn
	subject string
	woken   chan struct{}
}

// BadAddress is the code of an address that is none.
const BadAddress fault.Code = "nats_address"

// Connect connects to the servers, nats://host:port or several of them with commas, as the node of the hub of that id. Servers
// that do not answer, or do not let the node in, are no error: it goes on trying, and the log says so. The error has the code BadAddress.
func Connect(servers, hub string, log *slog.Logger) (*NATS, error) {
	n := &NATS{subject: "fieldsync." + hub + ".look", woken: make(chan struct{}, 1)}
	level := slog.LevelWarn // of what a server says each time that it refuses this node; the handlers are called one after the other
	there := func(*nats.Conn) {
		log.Info("NATS is there")
		level = slog.LevelWarn
	}
	conn, err := nats.Connect(servers, nats.Name("fieldsync"), nats.NoEcho(), nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.ReconnectJitter(time.Second, time.Second),
		nats.ReconnectBufSize(-1),   // what was not told is told by the database
		nats.IgnoreAuthErrorAbort(), // who mends the server's list of users need not start every node again
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Log(context.Background(), level, "NATS refuses this node", "error", err)
			level = slog.LevelDebug
		}),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { log.Warn(away) }),
		nats.ConnectHandler(there),
		nats.ReconnectHandler(func(c *nats.Conn) {
			there(c)
			n.hear(nil)
		}))
	if err != nil {
		return nil, fault.New(BadAddress, "This is not the address of NATS: it is written nats://host:4222, several with commas.") // err would repeat a password
	}
	if !conn.IsConnected() {
		log.Warn(away, "error", conn.LastError())
	}
	if _, err = conn.Subscribe(n.subject, n.hear); err != nil {
		conn.Close()
		return nil, fmt.Errorf("wake: %w", err)
	}
	n.conn = conn
	return n, nil
}

const away = "NATS is away; this node looks once a second for what others wrote"

func (n *NATS) hear(*nats.Msg) {
	select {
	case n.woken <- struct{}{}:
	default: // the last hint was not taken yet
	}
}

// Wake tells the other nodes to look. It does not wait, and does nothing while NATS is away.
func (n *NATS) Wake() { _ = n.conn.Publish(n.subject, nil) }

// Woken receives when another node has told, several folded into one.
func (n *NATS) Woken() <-chan struct{} { return n.woken }

// Close ends the connection.
func (n *NATS) Close() { n.conn.Close() }
