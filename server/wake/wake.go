// Package wake carries hints between the nodes of a hub over NATS: that there is something new to see in the database.
// The database is the truth; a hint that is lost, while NATS is away or at any other time, costs the second until a node
// looks by itself.
package wake

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// NATS is a connection to NATS on which the nodes of one hub hear one another. It connects again by itself for ever.
type NATS struct {
	conn    *nats.Conn
	subject string
	woken   chan struct{}
}

// Connect connects to the servers, nats://host:port or several of them with commas, as the node of the hub of that id. Servers
// that do not answer are no error: it goes on trying. The error says what is wrong with the address.
func Connect(servers, hub string, log *slog.Logger) (*NATS, error) {
	n := &NATS{subject: "fieldsync." + hub + ".look", woken: make(chan struct{}, 1)}
	conn, err := nats.Connect(servers, nats.Name("fieldsync"), nats.NoEcho(), nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.ReconnectJitter(time.Second, time.Second),
		nats.ReconnectBufSize(-1), // what was not told is told by the database
		nats.DisconnectErrHandler(func(*nats.Conn, error) {
			log.Warn("NATS is away; this node looks once a second for what others wrote")
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			log.Info("NATS is back")
			n.hear(nil)
		}))
	if err == nil {
		_, err = conn.Subscribe(n.subject, n.hear)
	}
	if err != nil {
		return nil, fmt.Errorf("wake: %w", err)
	}
	n.conn = conn
	return n, nil
}

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
