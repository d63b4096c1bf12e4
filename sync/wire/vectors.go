package wire

import (
	"encoding/binary"

	"fieldsync/sync/clock"
)

// The vectors of a batch mostly name the same few sets of actors, and the counters of an actor run from row to row:
//
//	vectors = sets:n { actors:n { step } } [which:numbers] { counters:numbers }
//
// A set of actors is written as a vector's actors are, each as the difference to the one before; which of the sets a
// row's vector has is left out where there is only one. Then, set by set and actor by actor, follow the counters of
// the rows with that set, in the order of the rows.

// actorSets sorts the rows of a batch by the actors that their vectors name.
type actorSets struct {
	actors [][]clock.Actor
	which  []int64 // for each row its set
	order  []int   // the rows, set by set, in their order within one
	starts []int   // where in order a set begins, and where the last one ends
}

// rowsOf returns the rows with the s-th set.
func (a *actorSets) rowsOf(s int) []int { return a.order[a.starts[s]:a.starts[s+1]] }

// arrange computes order and starts from which.
func (a *actorSets) arrange() {
	starts := resize(&a.starts, len(a.actors)+1)
	clear(starts)
	for _, s := range a.which {
		starts[s+1]++
	}
	for s := range a.actors {
		starts[s+1] += starts[s]
	}
	order := resize(&a.order, len(a.which))
	for row, s := range a.which { // starts[s] runs to where set s ends, which is where set s+1 began
		order[starts[s]] = row
		starts[s]++
	}
	copy(starts[1:], starts)
	starts[0] = 0
}

func writeVectors(f *form, rows []Row) {
	sets := &f.sets
	sets.gather(rows)
	f.writeUvarint(uint64(len(sets.actors)))
	for _, actors := range sets.actors {
		f.writeUvarint(uint64(len(actors)))
		last := clock.Actor(0)
		for _, a := range actors {
			f.writeUvarint(uint64(a - last))
			last = a
		}
	}
	if len(sets.actors) > 1 {
		f.writeNumbers(sets.which)
	}
	for s, actors := range sets.actors {
		for i := range actors {
			f.writeNumbers(f.countersOf(rows, sets.rowsOf(s), i))
		}
	}
}

// countersOf returns those of the i-th actor of the rows' vectors.
func (f *form) countersOf(rows []Row, which []int, i int) []int64 {
	counters := resize(&f.numbers, len(which))
	for k, row := range which {
		counters[k] = int64(rows[row].Vector.At(i).Counter)
	}
	return counters
}

// gather finds the sets of actors that the rows' vectors name, in the order they first come.
func (a *actorSets) gather(rows []Row) {
	a.actors = a.actors[:0]
	which := resize(&a.which, len(rows))
	known := map[string]int64{}
	var key []byte
	for i := range rows {
		if i > 0 && sameActors(rows[i].Vector, rows[i-1].Vector) {
			which[i] = which[i-1]
			continue
		}
		key = key[:0]
		for d := range rows[i].Vector.All() {
			key = binary.BigEndian.AppendUint64(key, uint64(d.Actor))
		}
		s, ok := known[string(key)]
		if !ok {
			s = int64(len(a.actors))
			known[string(key)] = s
			a.actors = append(a.actors, actorsOf(rows[i].Vector))
		}
		which[i] = s
	}
	a.arrange()
}

func actorsOf(v clock.Vector) []clock.Actor {
	actors := make([]clock.Actor, 0, v.Len())
	for d := range v.All() {
		actors = append(actors, d.Actor)
	}
	return actors
}

func sameActors(v, w clock.Vector) bool {
	if v.Len() != w.Len() {
		return false
	}
	for i := range v.Len() {
		if v.At(i).Actor != w.At(i).Actor {
			return false
		}
	}
	return true
}

func readVectors(f *form, rows []Row) {
	sets := &f.sets
	sets.actors = sets.actors[:0]
	n := 0
	if f.small(&n); n == 0 || n > len(rows) {
		f.malformed()
	}
	if !f.reserve(2*n, sizeOfSet) { // twice, since it grows as it is read
		return
	}
	for ; n > 0 && f.err == nil; n-- {
		sets.actors = append(sets.actors, f.readActors())
	}
	which := resize(&sets.which, len(rows))
	clear(which)
	if len(sets.actors) > 1 {
		f.readNumbers(which)
	}
	for _, s := range which {
		if s < 0 || s >= int64(len(sets.actors)) {
			f.malformed()
		}
	}
	if f.err != nil {
		return
	}
	sets.arrange()
	for s, actors := range sets.actors {
		f.readCounters(rows, sets.rowsOf(s), actors)
	}
}

// sizeOfSet is what a set of actors takes in memory beside them: where they are, and where its rows begin.
const sizeOfSet = 32

func (f *form) readActors() []clock.Actor {
	n := 0
	f.small(&n)
	actors := makeList[clock.Actor](f, n, 1)
	last := clock.Actor(0)
	for i := range actors {
		step := clock.Actor(f.readUvarint())
		if step == 0 || step > ^last {
			f.malformed()
		}
		last += step
		actors[i] = last
	}
	return actors
}

// readCounters gives the rows vectors with those actors.
func (f *form) readCounters(rows []Row, which []int, actors []clock.Actor) {
	if len(actors) == 0 || len(which) == 0 || !f.reserve(len(actors)*len(which), sizeOfDot) {
		return
	}
	dots := make([]clock.Dot, len(actors)*len(which)) // row by row, each row's in the order of actors
	for i, a := range actors {
		counters := resize(&f.numbers, len(which))
		f.readNumbers(counters)
		for k, c := range counters {
			dots[k*len(actors)+i] = clock.Dot{Actor: a, Counter: uint64(c)}
		}
	}
	for k, row := range which {
		v, err := clock.NewVector(dots[k*len(actors) : (k+1)*len(actors) : (k+1)*len(actors)])
		if err != nil {
			f.malformed()
		}
		rows[row].Vector = v
	}
}

// sizeOfDot is what a dot takes in memory.
const sizeOfDot = 16
