package hub

import (
	"context"
	"maps"
	"time"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// Commit is one group commit, as those who did not make it hear of it.
type Commit struct {
	Head    uint64 // the highest commit number it gave
	Touched []record.Bucket
}

// followEvery is how often the hub looks for what other processes have written to its store: other nodes, and commands that
// import, assign or revoke while it runs. A revoked device must be off within five seconds.
const followEvery = time.Second

// followSlack is how long after the time that it carries a revocation may become visible: a commit waits for its turn
// and for the disk.
const followSlack = time.Minute

// follow runs until the hub closes.
func (h *Hub) follow() {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for looked := h.Now(); ; {
		select {
		case <-h.stop:
			return
		case <-tick.C:
		case <-h.woken():
		}
		now := h.Now()
		if err := h.look(looked); err != nil {
			h.Log.Error("the store cannot be read; trying again", "error", err)
			continue
		}
		looked = now
	}
}

// look tells of commits that this process did not make, and ends the connections of devices that were revoked since, or
// went to another node.
func (h *Hub) look(since time.Time) error {
	var commits []Commit
	var revoked []record.ID
	var sockets []Socket
	err := h.Store.Read(context.Background(), func(v View) (err error) {
		if commits, err = v.CommitsSince(h.seen); err != nil {
			return err
		}
		if revoked, err = v.RevokedSince(since.Add(-followSlack)); err != nil || h.onlyNode() {
			return err
		}
		sockets, err = v.SocketsSince(h.sockets)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range commits {
		if !h.ours(c.Head) {
			h.committed(&judge.News{Since: h.seen, Head: c.Head, Touched: c.Touched}, nil)
		}
		h.seen = c.Head
		h.caughtUp(c.Head)
	}
	h.forgetTold()
	for _, device := range revoked {
		h.shutOut(device)
	}
	h.giveWay(sockets)
	return nil
}

// shutOut ends the connection of a device that was let in before it was revoked. A stolen one that was let in since, to
// hand over what it holds, stays.
func (h *Hub) shutOut(device record.ID) {
	h.mu.Lock()
	c := h.conns[device]
	before := c != nil && !c.author.Revoked
	h.mu.Unlock()
	if before {
		c.shutOut()
	}
}

// ours reports whether this process made the commit, and so has told of it.
func (h *Hub) ours(head uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.told[head]
}

// forgetTold lets go of what was told of the commits that follow has come past.
func (h *Hub) forgetTold() {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.told, func(told uint64, _ bool) bool { return told <= h.seen })
	maps.DeleteFunc(h.early, func(since, _ uint64) bool { return since < h.level })
}
