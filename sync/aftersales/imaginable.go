package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The years that people and programs mean: the oldest machine that is still repaired, the longest contract.
const (
	firstYear, firstDay = 1900, -25567 // days since 1970-01-01
	lastYear, lastDay   = 2199, 84005
)

// CheckImaginable refuses a moment or a day that nobody means, as a typing error makes one: a moment before 1970, either outside the
// years 1900 to 2199. What devices recorded is kept as their clocks had it, and is not asked. Codes: fault.OutOfRange.
func CheckImaginable(c *schema.Column, v record.Value) error {
	n, first, from := v.Number(), int64(firstDay), firstYear
	switch {
	case v.IsNull() || c.Kind != schema.Instant && c.Kind != schema.Date:
		return nil
	case c.Kind == schema.Instant:
		n, first, from = floorDays(n), 0, 1970
	}
	if n < first || n > lastDay {
		return fault.Newf(fault.OutOfRange, "%v lies in no year that can be meant here: it must be in the years %d to %d", c.Name, from, lastYear)
	}
	return nil
}

// floorDays returns the day, since 1970-01-01, in which a moment (ms UTC) lies.
func floorDays(ms int64) int64 {
	if ms < 0 {
		return (ms - dayMillis + 1) / dayMillis
	}
	return ms / dayMillis
}
