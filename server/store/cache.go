package store

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// cache is what the writer remembers from one transaction to the next, so that judging a change set takes few
// lookups. It always equals the database as the open transaction sees it; whatever undoes a write forgets all of it.
type cache struct {
	version   int64 // of the database when the cache was begun: another process's commit changes it
	head      uint64
	headAt    clock.Stamp
	headed    bool // head and headAt are known
	times     map[uint64]clock.Stamp
	actors    map[clock.Actor]judge.Actor
	dirty     map[clock.Actor]bool           // actors that the database does not have yet
	judged    map[clock.Actor]uint64         // the highest counter in the ledger
	refused   map[clock.Actor]uint64         // the lowest counter of those that are open in quarantine; 0 for none
	restamped map[clock.Actor]bool           // whether any change set of the actor came re-stamped
	holders   map[record.Bucket][]judge.Hold // every hold there ever was on the bucket

	end   Hash // of the chain
	ended bool // end is known

	asked, some bool // whether any row was erased: some, once asked
}

// maxCached bounds each map of the cache; a full one is emptied.
const maxCached = 16 << 10

func newCache() cache {
	c := cache{}
	c.forget()
	return c
}

// forget empties the cache. The version stays: it tells of others only.
func (c *cache) forget() {
	*c = cache{version: c.version, times: map[uint64]clock.Stamp{}, actors: map[clock.Actor]judge.Actor{},
		dirty: map[clock.Actor]bool{}, judged: map[clock.Actor]uint64{}, refused: map[clock.Actor]uint64{}, restamped: map[clock.Actor]bool{},
		holders: map[record.Bucket][]judge.Hold{}}
}

// keep puts a value into a map of the cache, and empties one that is full before.
func keep[K comparable, V any](m map[K]V, k K, v V) {
	if len(m) >= maxCached {
		clear(m)
	}
	m[k] = v
}
