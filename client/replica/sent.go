package replica

import (
	"context"
	"sync"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
)

// sent are items as they were read to be sent, so that they need not be read again when their verdicts come, a moment
// later. What it has equals what is in the file, though it was read beside the transactions that write: nothing is taken
// in while one of them changes items, nor what was read before.
type sent struct {
	mu      sync.Mutex
	items   map[clock.Dot]*device.Item
	changes uint64 // how often a transaction began or ended changing items: odd while one is at it
}

// Unsent is device.Unsent, and remembers the items until their verdicts come. They are the caller's to read.
func (r *Replica) Unsent(ctx context.Context, after uint64, limit int) (items []*device.Item, err error) {
	asOf := r.sent.asOf()
	err = r.Read(ctx, func(tx *Tx) (err error) {
		items, err = device.Unsent(tx, after, limit)
		return err
	})
	if err == nil {
		r.sent.remember(items, asOf, after == 0)
	}
	return items, err
}

func (s *sent) asOf() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// remember takes in what was read as of then. Who begins with the queue anew has no use for what is left of the last time.
func (s *sent) remember(items []*device.Item, asOf uint64, anew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if anew || s.items == nil {
		s.items = make(map[clock.Dot]*device.Item, len(items))
	}
	if asOf != s.changes || asOf%2 == 1 {
		return
	}
	for _, item := range items {
		s.items[item.Change.Dot] = item
	}
}

// take returns the n items that begin with the dot, and forgets them: they are the caller's now. It returns nil where it
// does not have all of them.
func (s *sent) take(first clock.Dot, n uint64) []*device.Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > uint64(len(s.items)) {
		return nil
	}
	items := make([]*device.Item, n)
	for i := range items {
		d := clock.Dot{Actor: first.Actor, Counter: first.Counter + uint64(i)}
		if items[i] = s.items[d]; items[i] == nil {
			return nil
		}
	}
	for _, item := range items {
		delete(s.items, item.Change.Dot)
	}
	return items
}

// judging says that the transaction under way, the only one that writes, changes these items; changing, that it may change
// any. What was forgotten is read again, whatever becomes of the transaction.
func (s *sent) judging(items []*device.Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes |= 1
	for _, item := range items {
		delete(s.items, item.Change.Dot)
	}
}

func (s *sent) changing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes |= 1
	clear(s.items)
}

// ended says that the transaction is over.
func (s *sent) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes += s.changes % 2
}
