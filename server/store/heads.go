package store

import (
	"sync"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// place is where a feed entry stands.
type place struct {
	bucket record.Bucket
	class  schema.Class
}

// heads knows for each place of the feed the latest commit that touched it, or at least a commit not earlier: so that
// a device that has everything is told so without a look at the database. Places that were not touched since floor
// are left out, which keeps it small however large the feed is.
type heads struct {
	mu    sync.RWMutex
	floor uint64 // no place that is left out was touched after this commit
	upTo  uint64 // commits up to this one are counted in; others were made by another process
	at    map[place]uint64
}

// maxHeads is how many places are remembered; 250,000 take about 20 MB.
const maxHeads = 250_000

// raise counts in a transaction that is about to be committed, up to the commit number head.
func (h *heads) raise(touched map[place]uint64, head uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.at) > maxHeads {
		h.floor, h.at = h.upTo, map[place]uint64{}
	}
	for p, seq := range touched {
		h.at[p] = max(h.at[p], seq)
	}
	h.upTo = max(h.upTo, head)
}

// restart begins anew at the last commit that the database holds.
func (h *heads) restart(head uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.floor, h.upTo, h.at = head, head, map[place]uint64{}
}

// quiet reports whether nothing at the place was touched after the commit, as a snapshot at head sees it.
func (h *heads) quiet(p place, after, head uint64) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if head > h.upTo {
		return false
	}
	seq, known := h.at[p]
	return known && seq <= after || !known && h.floor <= after
}
