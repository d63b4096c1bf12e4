package store

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
)

// outcome is what a transaction has to tell of once it is durable: the registry, of the actors that it wrote, and the heads,
// of the places that its feed entries stand at. It is no part of the cache, which a step that is undone empties: what the
// other steps wrote stands.
type outcome struct {
	written []judge.Actor    // in order; what is undone is cut off
	step    int              // where in written the open step began
	touched map[place]uint64 // also by what was undone: the heads then look where there is nothing, and never pass over what is
}

// wrote notes an actor as it is now.
func (o *outcome) wrote(a judge.Actor) {
	if last := len(o.written) - 1; last >= o.step && o.written[last].Actor == a.Actor {
		o.written[last] = a
		return
	}
	o.written = append(o.written, a)
}

// begin begins a step, and returns where the one around it began.
func (o *outcome) begin() (around int) {
	around, o.step = o.step, len(o.written)
	return around
}

// undo takes back what the open step wrote.
func (o *outcome) undo() { o.written = o.written[:min(o.step, len(o.written))] }

// end goes on with the step around.
func (o *outcome) end(around int) { o.step = around }

// clear begins anew, with the next transaction.
func (o *outcome) clear() {
	o.written, o.step = o.written[:0], 0
	clear(o.touched)
}

// latest returns each actor that was written, as it is now.
func (o *outcome) latest() (actors []judge.Actor) {
	seen := map[clock.Actor]bool{}
	for _, a := range slices.Backward(o.written) {
		if !seen[a.Actor] {
			seen[a.Actor] = true
			actors = append(actors, a)
		}
	}
	return actors
}
