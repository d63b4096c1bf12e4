package aftersales

import "fieldsync/sync/record"

// Reader is what reading single rows takes; every Tx is one.
type Reader interface {
	// Row returns the living row, nil if there is none.
	Row(table string, id record.ID) (*record.Row, error)
}
