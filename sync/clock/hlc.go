package clock

import "time"

// MaxAhead is how far a remote stamp may lie ahead of the local wall clock and still be adopted. A stamp further
// ahead comes from a wrong clock, and must not drag everybody into its future.
const MaxAhead = 2 * time.Minute

const logicalBits = 16

// Stamp is a hybrid logical time: 48 bits of milliseconds since 1970 UTC, then 16 bits of a counter that orders what
// happened within one millisecond (Kulkarni et al., "Logical Physical Clocks", 2014). Stamps compare as numbers.
type Stamp uint64

// StampAt returns the first stamp of the millisecond ms. A time before 1970 or past the year 10889 is clamped.
func StampAt(ms int64) Stamp {
	return Stamp(uint64(min(max(ms, 0), 1<<48-1)) << logicalBits)
}

// Millis returns the stamp's milliseconds since 1970 UTC.
func (s Stamp) Millis() int64 { return int64(s >> logicalBits) }

// Time returns the stamp's moment in UTC.
func (s Stamp) Time() time.Time { return time.UnixMilli(s.Millis()).UTC() }

// Add returns the stamp moved by ms milliseconds, its counter kept, clamped to the range of stamps.
func (s Stamp) Add(ms int64) Stamp {
	ms = min(max(ms, -1<<48), 1<<48) // beyond, the sum could overflow and change its sign
	return StampAt(s.Millis()+ms) | s&(1<<logicalBits-1)
}

// Clamp returns s moved into [lo, hi]; where the two contradict each other, lo wins.
func (s Stamp) Clamp(lo, hi Stamp) Stamp { return max(min(s, hi), lo) }

// HLC is a hybrid logical clock. The zero HLC is ready to use; it is not safe for concurrent use.
type HLC struct{ last Stamp }

// NewHLC returns a clock that continues after last, as after a restart.
func NewHLC(last Stamp) *HLC { return &HLC{last} }

// Now returns a stamp later than every stamp given or observed before, at wallMillis if the wall clock permits.
func (c *HLC) Now(wallMillis int64) Stamp {
	c.last = max(c.last+1, StampAt(wallMillis))
	return c.last
}

// Observe makes later stamps follow s, unless s lies more than MaxAhead ahead of the wall clock; it reports whether
// s was adopted.
func (c *HLC) Observe(s Stamp, wallMillis int64) bool {
	if s.Millis() > wallMillis+MaxAhead.Milliseconds() {
		return false
	}
	c.last = max(c.last, s)
	return true
}
