package record

import (
	"fmt"

	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
)

// The bounds of numbers. No honest value comes near them. Without them one row with a number at the end of what 64 bits
// hold makes a sum overflow, and a page that shows the sum dies for everybody, for as long as the row is there.
const (
	// MaxNumber bounds integers, decimals and the numbers in run-time fields, at their column's scale: the largest that
	// readers of JSON keep, which takes numbers as doubles.
	MaxNumber = 1<<53 - 1
	// MaxQuantity bounds quantities, in the smallest unit of their column's scale: the sum of ten million rows takes a
	// ninth of the room in 64 bits.
	MaxQuantity = 100_000_000_000
	// MaxMoney bounds amounts, in minor units: it leaves room for the sum of ninety thousand rows, more than one job, or
	// one person's day, ever has. Nothing adds up the money of all rows there are.
	MaxMoney = 100_000_000_000_000
	// Instants and dates lie in the years 1 to 9999, which every calendar, store and reader can write with four digits.
	MinInstant, MaxInstant = -62_135_596_800_000, 253_402_300_799_999
	MinDate, MaxDate       = -719_162, 2_932_896
)

// Bounds returns the least and the greatest number that a cell of the kind may hold; not ok for kinds without one.
func Bounds(k schema.Kind) (least, most int64, ok bool) {
	switch k {
	case schema.Integer, schema.Decimal, schema.Fields:
		return -MaxNumber, MaxNumber, true
	case schema.Quantity:
		return -MaxQuantity, MaxQuantity, true
	case schema.Money:
		return -MaxMoney, MaxMoney, true
	case schema.Instant:
		return MinInstant, MaxInstant, true
	case schema.Date:
		return MinDate, MaxDate, true
	}
	return 0, 0, false
}

// checkBounds refuses a number beyond what its kind may hold, and says how far that is. The code is fault.OutOfRange.
func checkBounds(c *schema.Column, v Value) error {
	least, most, ok := Bounds(c.Kind)
	if !ok || v.number >= least && v.number <= most {
		return nil
	}
	switch c.Kind {
	case schema.Instant, schema.Date:
		return fault.Newf(fault.OutOfRange, "%v lies in no calendar: it must be in the years 1 to 9999", c.Name)
	case schema.Money:
		return fault.Newf(fault.OutOfRange, "%v is too large an amount: at most %d of the smallest unit of its currency", c.Name, most)
	}
	return fault.Newf(fault.OutOfRange, "%v is too large a number, or too small: at most %s either way", c.Name, scaledText(most, int(c.Scale)))
}

// scaledText writes a number that is not negative with its last digits behind a point.
func scaledText(n int64, scale int) string {
	digits := fmt.Sprintf("%0*d", scale+1, n)
	if scale == 0 {
		return digits
	}
	return digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

// Within returns the instant, in ms since 1970 UTC, or the nearest that a cell may hold: for one that is reckoned from what
// a device claims, such as the time when it wrote.
func Within(ms int64) int64 { return min(max(ms, MinInstant), MaxInstant) }
