package hub

import (
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/session"
)

// committed tells everybody whom a commit of this process concerns, but the connection that it came from; n is nil where
// nothing was committed. It never waits for any of them. Who has everything before the commit is told what it changed; for
// anybody else, and where one before it was not told of yet, it is a hint to look.
func (h *Hub) committed(n *judge.News, from *conn) {
	if n == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told[n.Head] = true
	for ch := range h.watchers {
		signal(ch)
	}
	what := n
	if inOrder := h.inOrder(n); !inOrder || !n.Whole {
		what = nil
	}
	for _, b := range n.Touched {
		for c := range h.subs[b].all() {
			if c != from {
				c.tell(what)
			}
		}
	}
}

// inOrder notes that everybody is told of the commit, and reports whether they were told of all before it. Two that were
// durable at once may come in either order, and one of another process comes when follow finds it. It is called with the
// lock held.
func (h *Hub) inOrder(n *judge.News) bool {
	if n.Since != h.level {
		if n.Since > h.level {
			h.early[n.Since] = n.Head
		}
		return false
	}
	h.raise(n.Head)
	return true
}

// raise is called with the lock held, when everybody was told of every commit up to the head.
func (h *Hub) raise(head uint64) {
	for ; head > 0; head = h.early[h.level] {
		delete(h.early, h.level)
		h.level = head
	}
}

// caughtUp notes that follow has looked at every commit up to the head, and told of those that nobody had told of.
func (h *Hub) caughtUp(head uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if head > h.level {
		h.raise(head)
	}
}

// maxUntold is how many commits wait for a connection to be told of them; one that is slower looks for itself.
const maxUntold = 16

// tell tells the connection of a commit; nil says that it must look for itself, which covers all that waits. It does not
// wait: what comes before the connection hears of the first is heard by the same goroutine.
func (c *conn) tell(n *judge.News) {
	c.untold.Lock()
	defer c.untold.Unlock()
	switch waiting := len(c.news); {
	case n != nil && waiting > 0 && c.news[waiting-1] == n: // it holds two of the buckets
	case n == nil || waiting == maxUntold:
		c.news = append(c.news[:0], nil)
	default:
		c.news = append(c.news, n)
	}
	if !c.telling {
		c.telling = true
		go c.alone(c.hear)
	}
}

// hear takes in what the connection was told, in order. It runs while nothing else happens to the connection.
func (c *conn) hear() {
	for {
		n, some := c.nextNews()
		switch {
		case !some:
			return
		case n == nil:
			c.step(session.Moved{})
		default:
			c.step(session.Told{At: n.Head, Rows: n.Rows(c.holds)})
		}
	}
}

func (c *conn) nextNews() (n *judge.News, some bool) {
	c.untold.Lock()
	defer c.untold.Unlock()
	if len(c.news) == 0 {
		c.news, c.telling = nil, false
		return nil, false
	}
	n, c.news = c.news[0], c.news[1:]
	return n, true
}

// holds reports whether the connection's person holds the bucket now: as of the last commit that it was told of.
func (c *conn) holds(b record.Bucket) bool {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	return c.hub.subs[b].has(c)
}
