package hub

import (
	"iter"
	"maps"
)

// listeners are the connections that hear of a bucket. Most buckets have one, which needs no map of its own: that would take more
// than all else that is kept of a bucket. The zero value is nobody.
type listeners struct {
	one  *conn // the only one; nil where there are more
	more map[*conn]bool
}

func (l listeners) none() bool { return l.one == nil && len(l.more) == 0 }

func (l listeners) has(c *conn) bool { return l.one == c && c != nil || l.more[c] }

// all returns them in no order.
func (l listeners) all() iter.Seq[*conn] {
	if l.one == nil {
		return maps.Keys(l.more)
	}
	return func(yield func(*conn) bool) { yield(l.one) }
}

func (l listeners) with(c *conn) listeners {
	switch {
	case l.has(c):
	case l.none():
		l = listeners{one: c}
	case l.one != nil:
		l = listeners{more: map[*conn]bool{l.one: true, c: true}}
	default:
		l.more[c] = true
	}
	return l
}

func (l listeners) without(c *conn) listeners {
	if l.one == c {
		return listeners{}
	}
	delete(l.more, c)
	return l
}
