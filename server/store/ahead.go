package store

import (
	"context"
	"slices"
	"sync"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// ahead is what a transaction has read before it was asked, many rows by one statement: a statement costs as much as
// three rows do. It holds what the database holds, so whatever writes a row takes it out.
type ahead struct {
	rows map[record.Key]*record.Row // nil: there is no such row
	refs map[refs][]record.ID       // of a view alone, which nobody writes to
}

// refs are the rows of a table that refer to another row by the column.
type refs struct {
	table  schema.TableID
	column string
	to     record.ID
}

func (a *ahead) forget() { *a = ahead{} }

// few is how many rows are not worth reading ahead.
const few = 4

// Foresee reads ahead the rows that are about to be judged, but for those that were read beside the transaction.
func (tx *Tx) Foresee(rows []record.Key) error {
	tx.ahead.forget()
	if len(rows) < few {
		return nil
	}
	tx.ahead.rows = make(map[record.Key]*record.Row, len(rows))
	err := tx.ahead.read(tx.reads, tx.foreseen.take(rows, &tx.lately, tx.ahead.rows))
	if err != nil {
		tx.ahead.forget()
	}
	return err
}

// Foresee reads the rows ahead.
func (v *View) Foresee(rows []record.Key) error {
	v.ahead.rows = nil
	if len(rows) < few {
		return nil
	}
	v.ahead.rows = make(map[record.Key]*record.Row, len(rows))
	return v.ahead.read(v.reads, rows)
}

// ForeseeRefs reads ahead which rows of the table refer to each of the ids by the column.
func (v *View) ForeseeRefs(t *schema.Table, column string, ids []record.ID) error {
	if v.ahead.refs == nil {
		v.ahead.refs = map[refs][]record.ID{}
	}
	for _, id := range ids {
		v.ahead.refs[refs{t.ID, column, id}] = nil
	}
	return v.layout.RefsAll(v.conn.Conn, t, column, ids, func(id, row record.ID) {
		to := refs{t.ID, column, id}
		v.ahead.refs[to] = append(v.ahead.refs[to], row)
	})
}

// Refs returns the ids of the living rows of the table whose reference column holds id, in order.
func (v *View) Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error) {
	to := refs{t.ID, column, id}
	if rows, known := v.ahead.refs[to]; known {
		delete(v.ahead.refs, to) // they are the caller's now
		return rows, nil
	}
	return v.reads.Refs(t, column, id)
}

func (a *ahead) read(r reads, rows []record.Key) error {
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

// Foresee reads rows that a transaction will foresee soon, beside the one that is writing: reading is a sixth of the
// work, and who writes keeps everybody waiting. It changes nothing, and where it cannot, the transaction reads for itself.
func (s *Store) Foresee(ctx context.Context, rows []record.Key) error {
	if len(rows) < few {
		return nil
	}
	rows = rows[:min(len(rows), maxForeseen)]
	return s.Read(ctx, func(v *View) error {
		if err := v.Foresee(rows); err != nil {
			return err
		}
		s.foreseen.add(v.ahead.rows, v.head)
		return nil
	})
}

// foreseen is rows that were read beside the writer and that no transaction has asked for yet.
type foreseen struct {
	mu   sync.Mutex
	rows map[record.Key]sighting
}

// sighting is a row as a snapshot at the commit head had it; nil: there was none.
type sighting struct {
	row  *record.Row
	head uint64
}

// maxForeseen bounds how many rows wait to be asked for; then those that wait are forgotten.
const maxForeseen = 8 << 10

func (f *foreseen) add(rows map[record.Key]*record.Row, head uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rows == nil || len(f.rows)+len(rows) > maxForeseen {
		f.rows = make(map[record.Key]sighting, len(rows))
	}
	for k, row := range rows {
		f.rows[k] = sighting{row, head}
	}
}

// take hands over those of the rows that nobody has written since they were read, and returns the others.
func (f *foreseen) take(keys []record.Key, since *lately, into map[record.Key]*record.Row) (missing []record.Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range keys {
		seen, known := f.rows[k]
		delete(f.rows, k) // a row is one caller's only
		if known && since.untouched(k, seen.head) {
			into[k] = seen.row
		} else if _, twice := into[k]; !twice {
			missing = append(missing, k)
		}
	}
	return missing
}

// lately is which rows the last transactions wrote: what was read before is worth nothing then.
type lately struct {
	floor uint64 // of what a snapshot at this commit, or an earlier one, has seen nothing is known
	past  []wrote
	now   map[record.Key]bool // the open transaction
	size  int                 // rows in past
}

// wrote is the rows that a transaction wrote, and the last commit number there was after it.
type wrote struct {
	head uint64
	rows map[record.Key]bool
}

// maxLately bounds how many rows are remembered, and maxPast of how many transactions.
const maxLately, maxPast = 16 << 10, 32

// note says that the open transaction has written the row.
func (l *lately) note(k record.Key) {
	if l.now == nil {
		l.now = map[record.Key]bool{}
	}
	l.now[k] = true
}

// committed ends the open transaction; head is the last commit number there is.
func (l *lately) committed(head uint64) {
	if len(l.now) == 0 {
		return
	}
	l.past, l.size, l.now = append(l.past, wrote{head, l.now}), l.size+len(l.now), nil
	for l.size > maxLately || len(l.past) > maxPast {
		l.floor, l.size = l.past[0].head, l.size-len(l.past[0].rows)
		l.past = slices.Delete(l.past, 0, 1)
	}
}

// abandoned says that nothing of the open transaction was written.
func (l *lately) abandoned() { l.now = nil }

// restart begins anew at that commit: another process may have written anything.
func (l *lately) restart(head uint64) { *l = lately{floor: head} }

// untouched reports whether the row is as a snapshot at the commit had it. A transaction that gave no commit number may
// stand before or behind a snapshot that has the same last one.
func (l *lately) untouched(k record.Key, head uint64) bool {
	if head <= l.floor || l.now[k] {
		return false
	}
	for i := len(l.past) - 1; i >= 0 && l.past[i].head >= head; i-- {
		if l.past[i].rows[k] {
			return false
		}
	}
	return true
}
