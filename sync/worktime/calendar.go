// Package worktime counts working time: how much of it lies between two instants, and when so much of it will have
// passed. A calendar says which hours of a week are worked, in which zone, and which days are otherwise: holidays, and
// the Saturdays that are worked in their place. Instants are ms since 1970 UTC; what is counted is time that passed,
// so a night in which the clocks change is as long as it was.
package worktime

import (
	"slices"
	"time"
)

// Shift is a stretch of a day in minutes since its midnight. One that ends the next morning ends behind 24 * 60.
type Shift struct{ Start, End int }

// Day is the length of a day that has no change of clocks, in minutes. A shift starts on its day and ends on the next
// at the latest.
const (
	Day       = 24 * 60
	dayMillis = Day * 60_000
)

// Calendar says when work is done. It is not to be changed while it is used.
type Calendar struct {
	Zone *time.Location    // nil: UTC
	Week [7][]Shift        // by time.Weekday: Sunday is 0
	Days map[int64][]Shift // by date, in days since 1970-01-01: instead of the week's; empty is a holiday
}

// Always returns the calendar on which every minute is worked.
func Always() *Calendar {
	c := &Calendar{}
	for day := range c.Week {
		c.Week[day] = []Shift{{0, Day}}
	}
	return c
}

// Interval is a stretch of time from Start up to, but without, End. End 0 means that it has not ended.
type Interval struct{ Start, End int64 }

// horizon is how many days a search for working time goes on: a calendar that has too little in ten years has too little.
const horizon = 3660

// Between returns how much working time lies between two instants, in ms; 0 where the second is not the later.
func (c *Calendar) Between(from, to int64) int64 {
	var sum, counted int64
	counted = from
	for day := c.date(from) - 1; c.midnight(day) < to; day++ {
		for _, w := range c.worked(day) {
			start, end := max(w.Start, counted), min(w.End, to)
			if end > start {
				sum, counted = sum+end-start, end
			}
		}
	}
	return sum
}

// Add returns the first instant at which so much working time, in ms, has passed since from; from itself for none. It
// is false for a calendar that does not have so much.
func (c *Calendar) Add(from, work int64) (int64, bool) {
	if work <= 0 {
		return from, true
	}
	counted, first := from, c.date(from)-1
	for day := first; day < first+horizon; day++ {
		for _, w := range c.worked(day) {
			start := max(w.Start, counted)
			if w.End <= start {
				continue
			}
			if work <= w.End-start {
				return start + work, true
			}
			work, counted = work-(w.End-start), w.End
		}
	}
	return 0, false
}

// AddExcept is Add for work that rested in some intervals. It is false, too, while an interval that has not ended
// rests it.
func (c *Calendar) AddExcept(from, work int64, rests []Interval) (int64, bool) {
	for _, rest := range Union(rests) {
		if rest.End != 0 && rest.End <= from {
			continue
		}
		before := c.Between(from, rest.Start)
		if before >= work {
			break
		}
		if rest.End == 0 {
			return 0, false
		}
		work, from = work-before, rest.End
	}
	return c.Add(from, work)
}

// BetweenExcept is Between without what lies in the intervals.
func (c *Calendar) BetweenExcept(from, to int64, rests []Interval) int64 {
	sum := c.Between(from, to)
	for _, rest := range Union(rests) {
		end := rest.End
		if end == 0 {
			end = to
		}
		sum -= c.Between(max(from, rest.Start), min(to, end))
	}
	return sum
}

// Spans returns the working time between two instants as the stretches that it consists of, in order and apart.
func (c *Calendar) Spans(from, to int64) []Interval {
	var list []Interval
	for day := c.date(from) - 1; c.midnight(day) < to; day++ {
		for _, w := range c.worked(day) {
			if start, end := max(w.Start, from), min(w.End, to); end > start {
				list = append(list, Interval{start, end})
			}
		}
	}
	return Union(list)
}

// Works reports whether the instant is in working time.
func (c *Calendar) Works(at int64) bool { return c.Between(at, at+1) == 1 }

// Union returns the intervals in order, those that touch joined.
func Union(list []Interval) []Interval {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Interval) int { return int(min(1, max(-1, a.Start-b.Start))) })
	var joined []Interval
	for _, next := range list {
		if next.End != 0 && next.End <= next.Start {
			continue
		}
		last := len(joined) - 1
		switch {
		case last < 0 || joined[last].End != 0 && joined[last].End < next.Start:
			joined = append(joined, next)
		case joined[last].End == 0 || next.End == 0:
			joined[last].End = 0
		default:
			joined[last].End = max(joined[last].End, next.End)
		}
	}
	return joined
}

// worked returns the shifts of a date as they passed, in order.
func (c *Calendar) worked(day int64) []Interval {
	shifts, special := c.Days[day]
	if !special {
		shifts = c.Week[(day%7+11)%7] // 1970-01-01 was a Thursday
	}
	list := make([]Interval, 0, len(shifts))
	for _, s := range shifts {
		list = append(list, Interval{c.instant(day, s.Start), c.instant(day, s.End)})
	}
	slices.SortFunc(list, func(a, b Interval) int { return int(min(1, max(-1, a.Start-b.Start))) })
	return list
}

// date returns the date of an instant in the calendar's zone, in days since 1970-01-01.
func (c *Calendar) date(at int64) int64 {
	y, m, d := time.UnixMilli(at).In(c.zone()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).UnixMilli() / dayMillis
}

func (c *Calendar) midnight(day int64) int64 { return c.instant(day, 0) }

// instant returns when it is so many minutes after midnight by the clocks of the zone. A time that the clocks skip is
// the one as far behind the skip.
func (c *Calendar) instant(day int64, minutes int) int64 {
	y, m, d := time.UnixMilli(day * dayMillis).UTC().Date()
	return time.Date(y, m, d, 0, minutes, 0, 0, c.zone()).UnixMilli()
}

func (c *Calendar) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}
