package store

import (
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// ahead is what a transaction has read before it was asked, many rows by one statement: a statement costs as much as
// three rows do. It holds what the database holds, so whatever writes a row or an entry takes it out.
type ahead struct {
	rows  map[record.Key]*record.Row // nil: there is no such row
	fresh map[record.ID]bool         // identities of change sets that the ledger does not have
}

func (a *ahead) forget() { *a = ahead{} }

// Foresee reads ahead the rows and looks up the identities of change sets that are about to be judged.
func (tx *Tx) Foresee(rows []record.Key, rids []record.ID) error {
	tx.ahead = ahead{rows: make(map[record.Key]*record.Row, len(rows)), fresh: make(map[record.ID]bool, len(rids))}
	for _, k := range rows {
		tx.ahead.rows[k] = nil
	}
	for _, rid := range rids {
		tx.ahead.fresh[rid] = true
	}
	err := tx.layout.GetAll(tx.conn.Conn, rows, func(row *record.Row) { tx.ahead.rows[row.Key()] = row })
	if err == nil {
		err = tx.conn.EachOf("SELECT rid FROM _ledger WHERE same_actor = 0 AND rid IN "+sqlrow.IDMarks, rids, func(q *sqlrow.Rows) error {
			delete(tx.ahead.fresh, q.ID(0))
			return q.Err()
		})
	}
	if err != nil {
		tx.ahead.forget()
	}
	return err
}

// Row returns the row with its metadata, dead or alive; nil if there was never one.
func (tx *Tx) Row(k record.Key) (*record.Row, error) {
	if row, known := tx.ahead.rows[k]; known {
		delete(tx.ahead.rows, k) // it is the caller's now
		return row, nil
	}
	return tx.reads.Row(k)
}

// EntryByRID returns the first entry with that identity, nil if there is none.
func (tx *Tx) EntryByRID(rid record.ID) (*judge.Entry, error) {
	if tx.ahead.fresh[rid] {
		return nil, nil
	}
	return tx.reads.EntryByRID(rid)
}
