package simtest

import (
	"bytes"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
)

// Item implements device.Store.
func (s deviceTx) Item(d clock.Dot) (*device.Item, error) {
	if n, ok := s.dots.get(d); ok {
		return s.item(n), nil
	}
	return nil, nil
}

// ItemsFrom implements device.Store.
func (s deviceTx) ItemsFrom(first clock.Dot, n uint64) ([]*device.Item, error) {
	var items []*device.Item
	for d, at := range s.dots.from(first) {
		if d != first || uint64(len(items)) == n {
			break
		}
		items = append(items, s.item(at))
		first.Counter++
	}
	return items, nil
}

// PutJudged implements device.Store.
func (s deviceTx) PutJudged(items []*device.Item) error {
	for _, i := range items {
		have, ok := s.items.get(i.N)
		if !ok || have.Hash != i.Hash || have.Chain != i.Chain {
			return broken("PutJudged: item %d is not in the store as it is", i.N)
		}
		if err := s.PutItem(i); err != nil {
			return err
		}
	}
	return nil
}

func (s deviceTx) item(n uint64) *device.Item {
	i, _ := s.items.get(n)
	return copyItem(i)
}

// PutItem implements device.Store.
func (s deviceTx) PutItem(i *device.Item) error {
	if i.N == 0 || i.State < device.Pending || i.State > device.Closed {
		return broken("PutItem: item %d in state %d", i.N, i.State)
	}
	if i.Change == nil || !bytes.Equal(i.Encoded, i.Change.AppendBinary(nil)) || !s.knows(i) {
		return broken("PutItem: item %d: change, bytes and hash differ", i.N)
	}
	if n, taken := s.dots.get(i.Change.Dot); taken && n != i.N {
		return broken("PutItem: item %d: the dot %s belongs to item %d", i.N, i.Change.Dot, n)
	}
	s.forget(i.N)
	i = copyItem(i)
	s.items.put(i.N, i)
	s.dots.put(i.Change.Dot, i.N)
	s.states.put(stateKey{i.State, i.N}, none{})
	if i.State == device.Pending {
		for r := range i.Change.Rows {
			s.pending.put(pendingKey{i.Change.Rows[r].Key(), i.N}, none{})
		}
	}
	return nil
}

// knows reports whether the item's hash is of its bytes, or of what they were before something was taken out of them.
func (s deviceTx) knows(i *device.Item) bool {
	old, ok := s.items.get(i.N)
	return i.Hash == record.HashOf(i.Encoded) || ok && old.Hash == i.Hash && bytes.Equal(old.Encoded, i.Encoded)
}

// PutRedacted implements device.Store.
func (s deviceTx) PutRedacted(i *device.Item) error {
	old, ok := s.items.get(i.N)
	if !ok || old.Hash != i.Hash || old.State != i.State || !bytes.Equal(i.Encoded, i.Change.AppendBinary(nil)) {
		return broken("PutRedacted: item %d is not in the store as it is", i.N)
	}
	s.items.put(i.N, copyItem(i))
	return nil
}

// PutErased implements device.Store.
func (s deviceTx) PutErased(rows []record.Key) error {
	for _, k := range rows {
		s.erased.put(k, none{})
	}
	return nil
}

// Erased implements device.Store.
func (s deviceTx) Erased(k record.Key) (bool, error) {
	_, erased := s.erased.get(k)
	return erased, nil
}

// Purge implements device.Store: in memory nothing is left behind.
func (s deviceTx) Purge([]record.Key) error { return nil }

func (s deviceTx) forget(n uint64) {
	i, ok := s.items.get(n)
	if !ok {
		return
	}
	s.items.drop(n)
	s.dots.drop(i.Change.Dot)
	s.states.drop(stateKey{i.State, n})
	for r := range i.Change.Rows {
		s.pending.drop(pendingKey{i.Change.Rows[r].Key(), n})
	}
}

// Items implements device.Store.
func (s deviceTx) Items(state device.State, after uint64, limit int) ([]*device.Item, error) {
	var items []*device.Item
	for k := range s.states.from(stateKey{state, after + 1}) {
		if k.state != state || len(items) == limit {
			break
		}
		items = append(items, s.item(k.n))
	}
	return items, nil
}

// PendingOn implements device.Store.
func (s deviceTx) PendingOn(row record.Key) ([]*device.Item, error) {
	var items []*device.Item
	for k := range s.pending.from(pendingKey{row: row}) {
		if k.row != row {
			break
		}
		items = append(items, s.item(k.n))
	}
	return items, nil
}

// Forget implements device.Store.
func (s deviceTx) Forget(upTo uint64) error {
	for _, it := range slices.Clone(s.items.items) {
		if i := it.value; (i.State == device.Accepted || i.State == device.Closed) && i.Seq <= upTo {
			s.forget(i.N)
		}
	}
	for _, it := range slices.Clone(s.copies.items) {
		if it.value.Seq > 0 && it.value.Seq <= upTo {
			s.copies.drop(it.key)
		}
	}
	return nil
}

// PutWitness implements device.Store.
func (s deviceTx) PutWitness(w *device.Witness) error {
	if w.Row == nil || w.Row.Table != s.schema.TableByID(w.Row.Key().Table) {
		return broken("PutWitness: copy %d is of no row", w.N)
	}
	c := *w
	c.Row = copyDeviceRow(w.Row)
	if n := len(s.copies.items); c.N == 0 && n > 0 {
		c.N = s.copies.items[n-1].key + 1
	}
	c.N = max(c.N, 1)
	s.copies.put(c.N, &c)
	return nil
}

// Witnesses implements device.Store.
func (s deviceTx) Witnesses(taken bool, after uint64, limit int) ([]*device.Witness, error) {
	var copies []*device.Witness
	for _, it := range s.copies.items {
		if w := *it.value; w.N > after && taken == (w.Seq > 0) && len(copies) < limit {
			w.Row = copyDeviceRow(w.Row)
			copies = append(copies, &w)
		}
	}
	return copies, nil
}

// DropWitness implements device.Store.
func (s deviceTx) DropWitness(n uint64) error {
	s.copies.drop(n)
	return nil
}
