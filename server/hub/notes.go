package hub

import (
	"context"
	"maps"
	"sync"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// notes is what devices said in passing: how far they have come, how they are. It is written down with the next thing
// they send, or now and then; a hub that dies before knows a little less, and nothing is lost.
type notes struct {
	mu       sync.Mutex
	contacts map[record.ID]Contact
	seen     map[record.ID]time.Time // when a device was last heard, where that is later than it said
	acks     map[clock.Actor]wire.Ack
}

// notesEvery is how often notes are written down when nothing else is.
const notesEvery = 5 * time.Second

func newNotes() notes {
	return notes{contacts: map[record.ID]Contact{}, seen: map[record.ID]time.Time{}, acks: map[clock.Actor]wire.Ack{}}
}

func (n *notes) heard(device record.ID, c Contact) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.contacts[device] = c
}

func (n *notes) saw(device record.ID, at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen[device] = at
}

func (n *notes) contact(device record.ID) *Contact {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, ok := n.contacts[device]
	if !ok {
		return nil
	}
	c.Seen = later(c.Seen, n.seen[device])
	return &c
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (n *notes) acknowledged(a wire.Ack) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a.K > n.acks[a.Actor].K {
		n.acks[a.Actor] = a
	}
}

// ack takes the actor's latest acknowledgement out of the notes.
func (n *notes) ack(a clock.Actor) (wire.Ack, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	ack, ok := n.acks[a]
	delete(n.acks, a)
	return ack, ok
}

// noted is what the notes hold at one moment.
type noted struct {
	contacts map[record.ID]Contact
	seen     map[record.ID]time.Time
	acks     map[clock.Actor]wire.Ack
}

// take empties the notes.
func (n *notes) take() noted {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := noted{n.contacts, n.seen, n.acks}
	n.contacts, n.seen, n.acks = map[record.ID]Contact{}, map[record.ID]time.Time{}, map[clock.Actor]wire.Ack{}
	return taken
}

// putBack keeps notes that could not be written, unless newer ones have come.
func (n *notes) putBack(was noted) {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.Copy(was.contacts, n.contacts)
	maps.Copy(was.seen, n.seen)
	maps.Copy(was.acks, n.acks)
	n.contacts, n.seen, n.acks = was.contacts, was.seen, was.acks
}

// writeNotes runs until the hub closes.
func (h *Hub) writeNotes() {
	tick := time.NewTicker(notesEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.stop:
			h.flushNotes()
			return
		case <-tick.C:
			h.flushNotes()
		}
	}
}

func (h *Hub) flushNotes() {
	n := h.notes.take()
	if len(n.contacts)+len(n.seen)+len(n.acks) == 0 {
		return
	}
	err := h.Store.Write(context.Background(), func(tx Tx) error {
		if err := n.write(tx); err != nil {
			return err
		}
		b, err := h.batch(tx)
		if err != nil {
			return err
		}
		for actor, ack := range n.acks {
			if err := b.Acknowledge(actor, ack.K, ack.Written); err != nil {
				return err
			}
		}
		return b.Flush()
	})
	if err != nil {
		h.Log.Error("devices' reports could not be written; trying again", "error", err)
		h.notes.putBack(n)
	}
}

// write writes down what devices said, and then when they were heard.
func (n noted) write(tx Tx) error {
	for device, c := range n.contacts {
		if err := tx.Touch(device, c); err != nil {
			return err
		}
	}
	for device, at := range n.seen {
		if err := tx.Saw(device, at); err != nil {
			return err
		}
	}
	return nil
}
