package session

import (
	"math"

	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// apart says that a device fetches a class as a segment, on its own, before anything is sent of it.
type apart uint8

const (
	sentAsEver apart = iota
	toSay            // there is a segment, and the device does not know yet
	left             // it knows
)

// setApart notes which classes the device fetches as segments: of none of them has it anything.
func (h *Hub) setApart(segments [schema.Classes]bool) {
	for class, segment := range segments {
		if segment && h.cursors[class] == 0 && !(h.resumed && h.class == schema.Class(class)) {
			h.apart[class] = toSay
		}
	}
}

// least returns up to where the feed was sent of every class that is sent.
func (h *Hub) least() (seq uint64) {
	seq = math.MaxUint64
	for class, read := range h.read {
		if h.apart[class] == sentAsEver {
			seq = min(seq, read)
		}
	}
	return seq
}

// passOver leaves out the classes that the device fetches as segments, which it is told in their turn by a page of nothing: it
// has all that comes before them then.
func (h *Hub) passOver(effects []Effect) []Effect {
	for h.behind && len(h.resume) == 0 && h.sent-h.taken < wire.Window && h.apart[h.class] != sentAsEver {
		if h.apart[h.class] == toSay {
			h.apart[h.class] = left
			h.sent++
			effects = append(effects, Send{wire.Page{Class: h.class}})
		}
		h.nextClass()
	}
	return effects
}
