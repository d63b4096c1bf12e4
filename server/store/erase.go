package store

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Redact takes the personal values of the rows out of everything that is kept beside the rows: the change sets of the
// ledger, refused ones too, conflict records, the search index, and the audit, whose chain still verifies. The rows
// themselves are cleared by a change set, before. Each row is a deed of the person's at the time.
func (tx *Tx) Redact(person record.ID, at time.Time, rows []record.Key) error {
	chosen := make(map[record.Key]bool, len(rows))
	for _, k := range rows {
		chosen[k] = true
	}
	done := map[clock.Dot]bool{} // a change set may touch thousands of the rows, and loses what it says of all of them at once
	for _, k := range rows {
		kept, err := tx.redactLedger(k, chosen, done)
		if err != nil {
			return err
		}
		if err := tx.noteRedacted(AuditEntry{Action: eraseAction, At: at, Person: person, Row: k}, kept); err != nil {
			return err
		}
		if err := tx.redactConflicts(k); err != nil {
			return err
		}
		if _, err := tx.EraseAudit(k, tx.personal(k.Table)...); err != nil {
			return err
		}
		if err := tx.search.Now(k); err != nil {
			return err
		}
	}
	return nil
}

// Erased implements judge.Store.
func (tx *Tx) Erased(k record.Key) (bool, error) {
	if !tx.asked {
		n, err := tx.conn.Int("SELECT EXISTS (SELECT 1 FROM _erased)")
		if err != nil {
			return false, err
		}
		tx.asked, tx.some = true, n != 0
	}
	if !tx.some {
		return false, nil
	}
	return tx.reads.WasErased(k)
}

// WasErased reports whether the row's personal values were erased.
func (r reads) WasErased(k record.Key) (bool, error) {
	n, err := r.conn.Int("SELECT EXISTS (SELECT 1 FROM _erased WHERE tbl = ? AND pk = ?)", int64(k.Table), k.ID[:])
	return n != 0, err
}

// PutErased implements judge.Store.
func (tx *Tx) PutErased(seq uint64, rows []record.Key) error {
	for _, k := range rows {
		if _, err := tx.conn.Exec("INSERT INTO _erased(tbl, pk, seq) VALUES(?, ?, ?)", int64(k.Table), k.ID[:], int64(seq)); err != nil {
			return err
		}
	}
	tx.asked, tx.some = tx.asked || len(rows) > 0, tx.some || len(rows) > 0
	return nil
}

// ErasedSince implements judge.Reader.
func (r reads) ErasedSince(after, to uint64) (rows []record.Key, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		rows = append(rows, record.Key{Table: schema.TableID(q.Uint(0)), ID: q.ID(1)})
		return q.Err()
	}, "SELECT tbl, pk FROM _erased WHERE seq > ? AND seq <= ? ORDER BY tbl, pk", int64(after), int64(to))
	return rows, err
}

// personal returns the names of the table's personal columns.
func (tx *Tx) personal(id schema.TableID) (names []string) {
	t := tx.layout.Schema().TableByID(id)
	if t == nil {
		return nil
	}
	for i := range t.Columns {
		if t.Columns[i].Has(schema.Personal) {
			names = append(names, t.Columns[i].Name)
		}
	}
	return names
}

// redactLedger returns what has become of the change sets that touched the row, but for those that were done before.
func (tx *Tx) redactLedger(k record.Key, chosen map[record.Key]bool, done map[clock.Dot]bool) (redacted, error) {
	if err := tx.completeHistory(); err != nil {
		return nil, err
	}
	var dots []clock.Dot
	err := tx.conn.Each(func(q *sqlrow.Rows) error { dots = append(dots, dot(q, 0)); return q.Err() },
		"SELECT DISTINCT actor, counter FROM _touch WHERE pk = ?", k.ID[:])
	if err != nil {
		return nil, err
	}
	kept := redacted{}
	for _, d := range dots {
		if done[d] {
			continue
		}
		done[d] = true
		if err := tx.redactEntry(d, chosen, kept); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

func (tx *Tx) redactEntry(d clock.Dot, chosen map[record.Key]bool, kept redacted) error {
	e, err := tx.reads.Entry(d)
	if err != nil || e == nil {
		return err
	}
	left, changed, err := record.Redact(tx.layout.Schema(), e.Encoded, chosen)
	if err != nil || !changed {
		return err
	}
	kept[d] = record.HashOf(left)
	if left, err = tx.layout.SealChange(left, e.Hash); err != nil {
		return err
	}
	_, err = tx.conn.Exec("UPDATE _ledger SET change = ? WHERE actor = ? AND counter = ?", left, int64(d.Actor), int64(d.Counter))
	return err
}

func (tx *Tx) redactConflicts(k record.Key) error {
	t := tx.layout.Schema().TableByID(k.Table)
	if t == nil {
		return nil
	}
	for i := range t.Columns {
		if !t.Columns[i].Has(schema.Personal) {
			continue
		}
		_, err := tx.conn.Exec("DELETE FROM _conflict WHERE tbl = ? AND pk = ? AND col = ?", int64(k.Table), k.ID[:], int64(t.Columns[i].ID))
		if err != nil {
			return err
		}
	}
	return nil
}

// Erasure is one that was noted: where in the list it stands, in bytes.
type Erasure struct{ from, to int64 }

// NoteErasure writes down, durably, that the rows are to be erased: before they are, so that no crash forgets it.
func (s *Store) NoteErasure(rows []record.Key) (Erasure, error) {
	lines := make([]string, len(rows))
	for i, k := range rows {
		lines[i] = strconv.Itoa(int(k.Table)) + " " + k.ID.String()
	}
	path := s.options.Path + erasures
	from, err := sizeOf(path)
	if err == nil {
		err = s.addLines(erasures, lines)
	}
	to, e := sizeOf(path)
	if err != nil || e != nil {
		return Erasure{}, fault.Wrap(DiskFull, "The list of erasures cannot be written. Nothing was erased; try again.", errors.Join(err, e))
	}
	return Erasure{from, to}, nil
}

// NoteErased notes that the erasure is done: it alone. Behind one that has failed it is not noted, and both are done once
// more at the next start.
func (s *Store) NoteErased(e Erasure) error {
	done, err := s.done()
	if err != nil {
		return err
	}
	now := repeated{s.identity.id.String(), s.identity.epoch, e.to}
	if !done.of(now) || done.Erased != e.from {
		return nil
	}
	return s.noteDone(now)
}

// Erasures returns every row that was ever to be erased.
func (s *Store) Erasures() (rows []record.Key, err error) {
	lines, err := linesOf(s.options.Path + erasures)
	for _, line := range lines {
		table, id, _ := strings.Cut(line, " ")
		n, err := strconv.ParseUint(table, 10, 16)
		if err != nil {
			continue
		}
		if key, err := record.ParseID(id); err == nil {
			rows = append(rows, record.Key{Table: schema.TableID(n), ID: key})
		}
	}
	return rows, err
}
