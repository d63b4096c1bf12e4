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
	acks     map[clock.Actor]wire.Ack
}

// notesEvery is how often notes are written down when nothing else is.
const notesEvery = 5 * time.Second

func newNotes() notes {
	return notes{contacts: map[record.ID]Contact{}, acks: map[clock.Actor]wire.Ack{}}
}

func (n *notes) heard(device record.ID, c Contact) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.contacts[device] = c
}

func (n *notes) contact(device record.ID) *Contact {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c, ok := n.contacts[device]; ok {
		return &c
	}
	return nil
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

// take empties the notes.
func (n *notes) take() (map[record.ID]Contact, map[clock.Actor]wire.Ack) {
	n.mu.Lock()
	defer n.mu.Unlock()
	contacts, acks := n.contacts, n.acks
	n.contacts, n.acks = map[record.ID]Contact{}, map[clock.Actor]wire.Ack{}
	return contacts, acks
}

// putBack keeps notes that could not be written, unless newer ones have come.
func (n *notes) putBack(contacts map[record.ID]Contact, acks map[clock.Actor]wire.Ack) {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.Copy(contacts, n.contacts)
	maps.Copy(acks, n.acks)
	n.contacts, n.acks = contacts, acks
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
	contacts, acks := h.notes.take()
	if len(contacts)+len(acks) == 0 {
		return
	}
	err := h.Store.Write(context.Background(), func(tx Tx) error {
		for device, c := range contacts {
			if err := tx.Touch(device, c); err != nil {
				return err
			}
		}
		b, err := h.batch(tx)
		if err != nil {
			return err
		}
		for actor, ack := range acks {
			if err := b.Acknowledge(actor, ack.K, ack.Written); err != nil {
				return err
			}
		}
		return b.Flush()
	})
	if err != nil {
		h.Log.Error("devices' reports could not be written; trying again", "error", err)
		h.notes.putBack(contacts, acks)
	}
}
