package simtest

import (
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// quarantined reports whether the entry waits for a person.
func quarantined(e *judge.Entry) bool { return e.Outcome == wire.Quarantined && e.Closed.IsZero() }

// insertedBy returns the rows that the entry's change set inserts; none for bytes that are no change set.
func insertedBy(e *judge.Entry) []record.Key {
	if e.Outcome != wire.Quarantined {
		return nil
	}
	c, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return nil
	}
	var rows []record.Key
	for i := range c.Rows {
		if c.Rows[i].Op == record.Insert {
			rows = append(rows, c.Rows[i].Key())
		}
	}
	return rows
}
