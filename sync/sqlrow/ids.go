package sqlrow

import (
	"database/sql"
	"errors"

	"fieldsync/sync/record"
)

// ErrNoID is what IDs returns for a value that is neither an id nor NULL.
var ErrNoID = errors.New("sqlrow: a value is no id")

// IDs returns the ids that a query has in its only column, in the query's order; the zero id stands for NULL. It takes
// what the query returned, its error too, and closes the rows.
func IDs(rows *sql.Rows, err error) (ids []record.ID, _ error) {
	if err != nil {
		return nil, err
	}
	for err == nil && rows.Next() {
		var value []byte
		if err = rows.Scan(&value); err != nil {
			break
		}
		var id record.ID
		if value != nil && len(value) != len(id) {
			err = ErrNoID
		}
		copy(id[:], value)
		ids = append(ids, id)
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	return ids, nil
}
