package simtest

import (
	"iter"
	"slices"
)

// ordered is a map that is walked in the order of its keys. Changes are noted in a journal, so that a transaction can
// be taken back; copies of the struct are snapshots, once share was called. A sorted slice is all it needs: the worlds
// of a simulation have some thousands of rows.
type ordered[K, V any] struct {
	compare func(K, K) int
	journal *journal
	items   []item[K, V]
	shared  bool // a snapshot sees items: they are copied before they are changed
}

type item[K, V any] struct {
	key   K
	value V
}

// table is what ordered maps of all types have in common.
type table interface {
	share()
	bind(*journal)
}

// share makes a copy of the struct a snapshot that later changes leave alone.
func (o *ordered[K, V]) share() { o.shared = true }

// bind makes j the journal of changes.
func (o *ordered[K, V]) bind(j *journal) { o.journal = j }

func (o *ordered[K, V]) find(k K) (int, bool) {
	return slices.BinarySearchFunc(o.items, k, func(it item[K, V], k K) int { return o.compare(it.key, k) })
}

// get returns the value of the key, and whether there is one.
func (o *ordered[K, V]) get(k K) (v V, ok bool) {
	i, ok := o.find(k)
	if ok {
		v = o.items[i].value
	}
	return v, ok
}

// put sets the value of the key.
func (o *ordered[K, V]) put(k K, v V) {
	o.remember(k)
	o.set(k, v)
}

// drop removes the key, if it is there.
func (o *ordered[K, V]) drop(k K) {
	o.remember(k)
	o.unset(k)
}

// from walks the keys that are not less than k, in order. The map must not change meanwhile.
func (o *ordered[K, V]) from(k K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for i, _ := o.find(k); i < len(o.items); i++ {
			if !yield(o.items[i].key, o.items[i].value) {
				return
			}
		}
	}
}

// remember notes what undoes the next change of the key.
func (o *ordered[K, V]) remember(k K) {
	if old, ok := o.get(k); ok {
		o.journal.note(func() { o.set(k, old) })
	} else {
		o.journal.note(func() { o.unset(k) })
	}
}

func (o *ordered[K, V]) set(k K, v V) {
	o.own()
	i, ok := o.find(k)
	if !ok {
		o.items = slices.Insert(o.items, i, item[K, V]{k, v})
		return
	}
	o.items[i].value = v
}

func (o *ordered[K, V]) unset(k K) {
	o.own()
	if i, ok := o.find(k); ok {
		o.items = slices.Delete(o.items, i, i+1)
	}
}

func (o *ordered[K, V]) own() {
	if o.shared {
		o.items, o.shared = slices.Clone(o.items), false
	}
}

// journal is what undoes a transaction.
type journal struct{ undo []func() }

func (j *journal) note(undo func()) { j.undo = append(j.undo, undo) }

// rollback undoes everything since the last commit or rollback, newest first.
func (j *journal) rollback() {
	for _, undo := range slices.Backward(j.undo) {
		undo()
	}
	j.commit()
}

// commit forgets how to undo.
func (j *journal) commit() {
	clear(j.undo)
	j.undo = j.undo[:0]
}
