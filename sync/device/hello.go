package device

import (
	"cmp"
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Hello returns what opens a session, but for the token and the app's name, which the caller knows. now is the
// device's clock, in ms since 1970 UTC. An app that has learned columns since it last fetched asks for everything anew.
func Hello(store Store, s *schema.Schema, now int64) (wire.Hello, error) {
	id, err := store.Identity()
	if err != nil {
		return wire.Hello{}, err
	}
	if id == nil {
		return wire.Hello{}, ErrNotEnrolled
	}
	h := wire.Hello{
		Device: id.Device, Schema: s.Version, Epoch: id.Epoch, Cursors: id.Cursors, Resume: id.Resume,
		Actor: id.Actor, Written: id.Counter, Now: now,
	}
	if id.Actor == Provisional {
		h.Actor = 0
	}
	if s.Version > id.Schema {
		h.Cursors, h.Resume = [schema.Classes]uint64{}, nil
	}
	oldest, err := store.Items(Pending, 0, 1)
	if err != nil || len(oldest) == 0 {
		return h, err
	}
	h.Oldest, h.Pending = oldest[0].Change.Stamp.Millis(), uint32(id.Queue-oldest[0].N+1)
	return h, nil
}

// Unsent returns, in order of writing, up to limit change sets after the queue's number that the hub has to judge, and
// those it refused: they are sent again once a session, to hear whether the office has decided. What is written under
// no incarnation yet, and all behind it, has to wait.
func Unsent(store Store, after uint64, limit int) ([]*Item, error) {
	items, err := toSend(store, after, limit)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(items, func(x *Item) bool { return x.Change.Dot.Actor == Provisional }); i >= 0 {
		items = items[:i]
	}
	return items, nil
}

// Pushed returns the item as it is sent: with its hash, where that is not of its bytes any more.
func (i *Item) Pushed() wire.Pushed {
	p := wire.Pushed{Encoded: i.Encoded, Prior: i.Prior}
	if record.HashOf(i.Encoded) != i.Hash {
		p.Hash = i.Hash
	}
	return p
}

// toSend returns, in order of writing, up to limit items after the queue's number that have no verdict of this epoch, or
// one that may have changed: that they are refused.
func toSend(store Store, after uint64, limit int) ([]*Item, error) {
	pending, err := store.Items(Pending, after, limit)
	if err != nil {
		return nil, err
	}
	refused, err := store.Items(Refused, after, limit)
	if err != nil {
		return nil, err
	}
	closed, err := closedUnjudged(store, after, limit)
	if err != nil {
		return nil, err
	}
	items := slices.Concat(pending, refused, closed)
	slices.SortFunc(items, func(a, b *Item) int { return cmp.Compare(a.N, b.N) })
	return items[:min(limit, len(items))], nil
}

// closedUnjudged returns closed items that the hub of this epoch has not judged.
func closedUnjudged(store Store, after uint64, limit int) ([]*Item, error) {
	var unjudged []*Item
	for {
		closed, err := store.Items(Closed, after, limit)
		if err != nil || len(closed) == 0 {
			return unjudged, err
		}
		for _, item := range closed {
			after = item.N
			if item.Seq == Unjudged {
				unjudged = append(unjudged, item)
			}
		}
		if len(unjudged) >= limit {
			return unjudged, nil
		}
	}
}
