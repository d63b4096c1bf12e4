package hub

import (
	"net/http"
	"strconv"
)

// strangers counts, by address, the connections whose devices have not shown yet who they are: those that have are one to a
// device, whatever address they share.

// strangersBack is in how many seconds a device comes back that was one too many.
const strangersBack = 5

// letIn counts a connection of the address, or answers that there are too many.
func (h *Hub) letIn(w http.ResponseWriter, address string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.Unproven > 0 && h.strangers[address] >= h.Unproven {
		h.stats.refusals.WithLabelValues(string(errTooOften.Code)).Inc()
		w.Header().Set("Retry-After", strconv.Itoa(strangersBack))
		http.Error(w, "There are too many connections from this address. Try again in a moment.", http.StatusServiceUnavailable)
		return false
	}
	h.strangers[address]++
	return true
}

// known takes a connection out of the count, once; it is called with the lock held.
func (h *Hub) known(c *conn) {
	if c.stranger {
		c.stranger = false
		h.forget(c.address)
	}
}

func (h *Hub) forget(address string) {
	if h.strangers[address]--; h.strangers[address] <= 0 {
		delete(h.strangers, address)
	}
}

// turnedAway takes a connection out of the count that never came to be.
func (h *Hub) turnedAway(address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(address)
}
