package store

import (
	"fieldsync/sync/record"
)

// ahead is what a transaction has read before it was asked, many rows by one statement: a statement costs as much as
// three rows do. It holds what the database holds, so whatever writes a row takes it out.
type ahead struct {
	rows map[record.Key]*record.Row // nil: there is no such row
}

func (a *ahead) forget() { *a = ahead{} }

// Foresee reads ahead the rows that are about to be judged.
func (tx *Tx) Foresee(rows []record.Key) error {
	err := tx.ahead.read(tx.reads, rows)
	if err != nil {
		tx.ahead.forget()
	}
	return err
}

// Foresee reads the rows ahead.
func (v *View) Foresee(rows []record.Key) error { return v.ahead.read(v.reads, rows) }

// few is how many rows are not worth reading ahead.
const few = 4

func (a *ahead) read(r reads, rows []record.Key) error {
	if len(rows) < few {
		a.rows = nil
		return nil
	}
	a.rows = make(map[record.Key]*record.Row, len(rows))
	for _, k := range rows {
		a.rows[k] = nil
	}
	return r.layout.GetAll(r.conn.Conn, rows, func(row *record.Row) { a.rows[row.Key()] = row })
}

// row returns the row with its metadata, dead or alive; nil if there was never one.
func (a *ahead) row(r reads, k record.Key) (*record.Row, error) {
	if row, known := a.rows[k]; known {
		delete(a.rows, k) // it is the caller's now
		return row, nil
	}
	return r.Row(k)
}

// Row returns the row with its metadata, dead or alive; nil if there was never one.
func (tx *Tx) Row(k record.Key) (*record.Row, error) { return tx.ahead.row(tx.reads, k) }

// Row returns the row with its metadata, dead or alive; nil if there was never one.
func (v *View) Row(k record.Key) (*record.Row, error) { return v.ahead.row(v.reads, k) }
