package hub

import (
	"slices"
	"testing"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// listener is a connection that hears of one bucket, and notes what it is told instead of sending it.
func listener(h *Hub, b record.Bucket) *conn {
	c := &conn{hub: h, telling: true}
	h.subs[b] = h.subs[b].with(c)
	return c
}

func aHub() *Hub {
	return &Hub{subs: map[record.Bucket]listeners{}, told: map[uint64]bool{}, early: map[uint64]uint64{}, level: 10}
}

func TestCommitsAreToldInTheirOrderOrAreForThoseWhoLook(t *testing.T) {
	t.Parallel()
	h, bucket := aHub(), record.Bucket{Kind: 2}
	c := listener(h, bucket)
	commit := func(since, head uint64) *judge.News {
		return &judge.News{Since: since, Head: head, Touched: []record.Bucket{bucket}, Whole: true}
	}
	hears := func(n *judge.News, want *judge.News, level uint64) {
		t.Helper()
		h.committed(n, nil)
		got, some := c.nextNews()
		if c.telling = true; !some || got != want || h.level != level {
			t.Errorf("commits after %d up to %d: it hears %+v (%v), want %+v; level %d, want %d", n.Since, n.Head, got, some, want, h.level, level)
		}
	}
	first := commit(10, 12)
	hears(first, first, 12)
	hears(commit(15, 16), nil, 12) // the one before it was durable at once, and is told of later
	hears(commit(16, 17), nil, 12)
	between := commit(12, 15)
	hears(between, between, 17)
	next := commit(17, 18)
	hears(next, next, 18)
	hears(commit(20, 21), nil, 18) // another process has made one
	h.caughtUp(20)
	if h.level != 21 || len(h.early) != 0 {
		t.Errorf("level %d, early %v", h.level, h.early)
	}
	vague := commit(21, 22)
	vague.Whole = false
	hears(vague, nil, 22)
}

// Who subscribed has missed a commit if others were told of it before: one after the head that he saw.
func TestWhoSubscribesKnowsWhetherHeMissedACommit(t *testing.T) {
	t.Parallel()
	h := aHub() // everybody was told of every commit up to 10
	wants := func(head uint64, want bool) {
		t.Helper()
		if got := h.untoldSince(head); got != want {
			t.Errorf("nobody was told of a commit after %d: %v", head, got)
		}
	}
	wants(9, false)
	wants(10, true)
	wants(12, true) // durable, and not told of yet
	h.committed(&judge.News{Since: 12, Head: 13}, nil)
	wants(12, false) // told of before its turn
	h.committed(&judge.News{Since: 10, Head: 12}, nil)
	wants(12, false)
	wants(13, true)
}

func TestASlowConnectionLooksForItself(t *testing.T) {
	t.Parallel()
	c := &conn{telling: true}
	var all []*judge.News
	for range maxUntold {
		all = append(all, &judge.News{})
		c.tell(all[len(all)-1])
		c.tell(all[len(all)-1]) // it holds two of the buckets
	}
	if !slices.Equal(c.news, all) {
		t.Errorf("%d commits wait", len(c.news))
	}
	c.tell(&judge.News{})
	if len(c.news) != 1 || c.news[0] != nil {
		t.Errorf("%v", c.news)
	}
	last := &judge.News{}
	c.tell(last)
	if !slices.Equal(c.news, []*judge.News{nil, last}) {
		t.Errorf("%v", c.news)
	}
}
