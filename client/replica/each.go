package replica

import (
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Each calls do for every living row of the table in the order of their ids, until it returns an error. The row is only
// valid during the call.
func (tx *Tx) Each(t *schema.Table, do func(*record.Row) error) error {
	var failed error
	err := tx.layout.Scan(tx.conn, t, "_del = 0", nil, func(row *record.Row) bool {
		failed = do(row)
		return failed == nil
	})
	if err != nil {
		return err
	}
	return failed
}
