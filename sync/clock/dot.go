// Package clock holds the three kinds of time that fieldsync reasons with: dots and version vectors, which say what
// was known when something was written; hybrid logical stamps, which say when it happened; and nothing else. Order
// always comes from vectors. Stamps only break ties between writes that did not know each other.
//
// The package is pure: wall-clock readings come in as arguments.
package clock

import (
	"fmt"
	"strconv"
	"strings"
)

// Side is the side of the business that an actor writes for. Merge policies that favour one side read it from the
// actor itself, so that a value's standing never depends on a lookup.
type Side uint8

// The sides. Their numbers are part of the wire format.
const (
	SideDevice Side = 0 // a technician's device
	SideOffice Side = 1 // a person in the office, or an API token acting for the office
	SideHub    Side = 2 // the hub itself: sweeps, collectors, imports
)

const (
	sideBits   = 2
	serialBits = 38
	maxEpoch   = 1<<(64-sideBits-serialBits) - 1
)

// Actor is one incarnation of one writer. The hub hands it out at enrolment, and anew after a restore, a clone or a
// reset. The epoch stands in the high bits, so that no later epoch can issue a number again, whatever a restored
// backup has forgotten; the side stands in the two lowest.
type Actor uint64

// NewActor composes an actor from the epoch that issues it, a serial that is fresh within the epoch, and its side.
func NewActor(epoch uint32, serial uint64, side Side) (Actor, error) {
	if epoch > maxEpoch || serial == 0 || serial >= 1<<serialBits || side > SideHub {
		return 0, fmt.Errorf("clock: actor out of range: epoch %d, serial %d, side %d", epoch, serial, side)
	}
	return Actor(uint64(epoch)<<(sideBits+serialBits) | serial<<sideBits | uint64(side)), nil
}

// Epoch returns the epoch that issued the actor.
func (a Actor) Epoch() uint32 { return uint32(a >> (sideBits + serialBits)) }

// Serial returns the actor's number within its epoch and side.
func (a Actor) Serial() uint64 { return uint64(a) >> sideBits & (1<<serialBits - 1) }

// Side returns the side the actor writes for.
func (a Actor) Side() Side { return Side(a & (1<<sideBits - 1)) }

// String returns the actor as "d7", "o1" or "h1"; actors of a later epoch carry it: "d7e2".
func (a Actor) String() string {
	s := fmt.Sprintf("%c%d", "doh?"[a.Side()], a.Serial())
	if a.Epoch() > 0 {
		s += fmt.Sprintf("e%d", a.Epoch())
	}
	return s
}

// Dot names one change set: the counter-th of its actor. An actor's counters run from 1 without a gap.
type Dot struct {
	Actor   Actor
	Counter uint64
}

// IsZero reports whether the dot names nothing.
func (d Dot) IsZero() bool { return d == Dot{} }

// Compare orders dots by actor, then counter. It is the last tie-break between values and has no other meaning.
func (d Dot) Compare(e Dot) int {
	switch {
	case d.Actor != e.Actor && d.Actor < e.Actor, d.Actor == e.Actor && d.Counter < e.Counter:
		return -1
	case d == e:
		return 0
	}
	return 1
}

// String returns the dot as "d7:12".
func (d Dot) String() string { return fmt.Sprintf("%s:%d", d.Actor, d.Counter) }

// Text returns the dot as "28-12", actor and counter in decimal, for URLs, forms and programs. ParseDot reads it back.
func (d Dot) Text() string {
	return strconv.FormatUint(uint64(d.Actor), 10) + "-" + strconv.FormatUint(d.Counter, 10)
}

// ParseDot reads what Text returns of a dot that names something, in that one form; of anything else it returns
// strconv.ErrSyntax.
func ParseDot(text string) (Dot, error) {
	a, c, _ := strings.Cut(text, "-")
	actor, errActor := strconv.ParseUint(a, 10, 64)
	counter, errCounter := strconv.ParseUint(c, 10, 64)
	d := Dot{Actor: Actor(actor), Counter: counter}
	if errActor != nil || errCounter != nil || d.Actor == 0 || d.Counter == 0 || d.Text() != text {
		return Dot{}, strconv.ErrSyntax
	}
	return d, nil
}
