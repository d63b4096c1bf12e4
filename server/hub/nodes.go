package hub

import (
	"context"
	"time"

	"fieldsync/sync/record"
)

// Several hubs may serve one database: its nodes. They keep nothing that another one needs; what they have to know of one
// another is in the database, where each looks once a second, and at once when it is woken.

// Waker tells the other nodes that there is something new to see in the database. It carries hints: one that is lost
// costs a second.
type Waker interface {
	// Wake tells the others. It never waits for them.
	Wake()
	// Woken receives when another has told, several folded into one.
	Woken() <-chan struct{}
}

// Socket says that a device opened its connection to a node. N counts what was ever opened.
type Socket struct {
	N            uint64
	Device, Node record.ID
}

// aliveEvery is how often a node says that it is at work, and AliveFor how long that is believed.
const (
	aliveEvery = 5 * time.Second
	AliveFor   = 4 * aliveEvery
)

// opened is a connection that began or ended and that the other nodes do not know of yet.
type opened struct {
	c     *conn
	ended bool
}

// onlyNode reports whether no other node can serve the database.
func (h *Hub) onlyNode() bool { return h.Node.IsZero() }

// say has the other nodes told that a connection began or ended. It is called with the lock held.
func (h *Hub) say(c *conn, ended bool) {
	if h.onlyNode() {
		return
	}
	h.unsaid = append(h.unsaid, opened{c, ended})
	signal(h.saying)
}

func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default: // it has not yet looked at the last one
	}
}

// keepSockets writes down which connections there are, and that the node is at work, until the hub closes.
func (h *Hub) keepSockets() {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.stop:
			h.leave()
			return
		case <-tick.C:
		case <-h.saying:
		}
		if err := h.saySockets(); err != nil {
			h.Log.Error("the other nodes cannot be told of connections; trying again", "error", err)
		}
	}
}

// saySockets writes down what began and ended; what cannot be written waits for the next time.
func (h *Hub) saySockets() error {
	h.mu.Lock()
	list := h.unsaid
	h.unsaid = nil
	h.mu.Unlock()
	err := h.Store.Write(context.Background(), func(tx Tx) error {
		for _, o := range list {
			if err := h.saySocket(tx, o); err != nil {
				return err
			}
		}
		return tx.Alive(h.Node, h.Now())
	})
	if err != nil {
		h.mu.Lock()
		h.unsaid = append(list, h.unsaid...)
		h.mu.Unlock()
		return err
	}
	if len(list) > 0 {
		h.wake()
	}
	return nil
}

// saySocket gives a connection its number before others can see it, so that a later one's is never taken for an earlier.
func (h *Hub) saySocket(tx Tx, o opened) error {
	if o.ended {
		return tx.CloseSocket(o.c.number.Load())
	}
	n, err := tx.OpenSocket(o.c.device, h.Node)
	o.c.number.Store(n)
	return err
}

// leave takes the node out of those that are at work.
func (h *Hub) leave() {
	err := h.Store.Write(context.Background(), func(tx Tx) error { return tx.Gone(h.Node) })
	if err != nil {
		h.Log.Error("the other nodes cannot be told that this one stops; they notice by themselves", "error", err)
	}
}

// giveWay ends the connections of devices that have opened one to another node since.
func (h *Hub) giveWay(elsewhere []Socket) {
	for _, s := range elsewhere {
		h.sockets = s.N
		h.mu.Lock()
		c := h.conns[s.Device]
		older := c != nil && s.Node != h.Node && c.number.Load() != 0 && c.number.Load() < s.N
		h.mu.Unlock()
		if older {
			c.replace()
		}
	}
}

func (h *Hub) wake() {
	if h.Waker != nil {
		h.Waker.Wake()
	}
}

// woken receives when another node has told of something; never without a waker.
func (h *Hub) woken() <-chan struct{} {
	if h.Waker == nil {
		return nil
	}
	return h.Waker.Woken()
}
