// Package aftersales is the business both ends share: what a service company keeps about its customers, machines,
// jobs and parts, and the commands that change it. A command checks and writes through a Tx, and does the same on a
// technician's phone and on the hub.
package aftersales

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// View is what reading takes: the same on a phone and on the hub, within a transaction or outside one (Look). Rows that
// come back are living ones, and the caller's to read only.
type View interface {
	// Row returns the living row, nil if this end does not have it.
	Row(table string, id record.ID) (*record.Row, error)
	// Refs returns the living rows of the table whose reference column holds id, in order of their ids.
	Refs(table, column string, id record.ID) ([]*record.Row, error)
}

// Present is a view that knows what time it is; every Tx is one.
type Present interface {
	View
	Now() int64 // ms UTC
}

// Tx is one transaction on a replica or on the hub, as commands see it.
type Tx interface {
	View
	// Insert creates a row, Update writes cells of one, Delete hides one. What does not fit the schema is refused with
	// the code fault.Invalid and leaves the transaction as it was.
	Insert(table string, id record.ID, values record.Values) error
	Update(table string, id record.ID, values record.Values) error
	Delete(table string, id record.ID) error
	// NewID returns a fresh time-ordered id.
	NewID() record.ID
	// Number returns a fresh human number in the series ("J", "S"): unique for ever though made offline, since it is
	// composed of the writing incarnation and its counter. Gapless series are another thing: see DocumentNumber.
	Number(series string) string
	// Hub reports whether it is the hub that writes, for whomever: its transactions follow one another and see all rows.
	Hub() bool
	// Now returns when this happens, in ms since 1970 UTC, corrected for the clock's known offset.
	Now() int64
	// Clock returns the same as the clock of the device says that writes: what its user saw on it. On the hub it is Now.
	Clock() int64
	// Author returns the person in whose name the transaction writes; zero for the hub itself.
	Author() record.ID
	// Dot returns what will name the change set; its actor is who writes.
	Dot() clock.Dot
}

// Rewrite does to the row of a change what the change did, with these values in place of its own. Codes: fault.UnknownRow
// where the row is not here any more; those of the schema.
func Rewrite(tx Tx, table string, change *record.RowChange, values record.Values) error {
	switch change.Op {
	case record.Insert:
		return tx.Insert(table, change.ID, values)
	case record.Delete:
		return tx.Delete(table, change.ID)
	}
	return tx.Update(table, change.ID, values)
}
