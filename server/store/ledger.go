package store

import (
	"database/sql/driver"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/wire"
)

const selectEntry = "SELECT actor, counter, rid, hash, seq, eff, outcome, code, message, same_actor, same_counter," +
	" closed_actor, closed_counter, change FROM _ledger "

// Entry returns nil for a dot that was never judged.
func (r reads) Entry(d clock.Dot) (*judge.Entry, error) {
	return r.entry(selectEntry+"WHERE actor = ? AND counter = ?", int64(d.Actor), int64(d.Counter))
}

// EntryByRID returns the first entry with that identity, nil if there is none.
func (r reads) EntryByRID(rid record.ID) (*judge.Entry, error) {
	var d clock.Dot
	found, err := r.conn.One(func(q *sqlrow.Rows) error { d = dot(q, 0); return q.Err() }, // nearly always there is none
		"SELECT actor, counter FROM _ledger WHERE rid = ? AND same_actor = 0", rid[:])
	if err != nil || !found {
		return nil, err
	}
	return r.Entry(d)
}

// Entry returns nil for a dot that was never judged. Of an actor whose latest counter is known that takes no lookup.
func (tx *Tx) Entry(d clock.Dot) (*judge.Entry, error) {
	latest, known := tx.judged[d.Actor]
	if !known {
		n, err := tx.conn.Int("SELECT max(counter) FROM _ledger WHERE actor = ?", int64(d.Actor))
		if err != nil {
			return nil, err
		}
		latest = uint64(n)
		keep(tx.judged, d.Actor, latest)
	}
	if d.Counter > latest {
		return nil, nil
	}
	return tx.reads.Entry(d)
}

func (r reads) entry(query string, args ...driver.Value) (e *judge.Entry, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { e, err = r.readEntry(q); return err }, query, args...)
	return e, err
}

func (r reads) entries(query string, args ...driver.Value) (entries []*judge.Entry, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		e, err := r.readEntry(q)
		entries = append(entries, e)
		return err
	}, query, args...)
	return entries, err
}

func (r reads) readEntry(q *sqlrow.Rows) (e *judge.Entry, err error) {
	e = &judge.Entry{Dot: dot(q, 0), RID: q.ID(2), Seq: q.Uint(4), Eff: clock.Stamp(q.Uint(5)),
		Outcome: wire.Outcome(q.Int(6)), Code: fault.Code(q.Text(7)), Message: q.Text(8),
		Same: dot(q, 9), Closed: dot(q, 11)}
	copy(e.Hash[:], q.Bytes(3))
	if e.Encoded, err = r.layout.OpenChange(q.Bytes(13), e.Hash); err == nil {
		err = q.Err()
	}
	return e, err
}

// dot reads a dot from the two columns that begin at i.
func dot(q *sqlrow.Rows, i int) clock.Dot {
	return clock.Dot{Actor: clock.Actor(q.Uint(i)), Counter: q.Uint(i + 1)}
}

// QuarantinedInsert returns the dot of an open quarantined change set that inserts the row, zero if there is none.
func (r reads) QuarantinedInsert(k record.Key) (d clock.Dot, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { d = dot(q, 0); return q.Err() },
		"SELECT actor, counter FROM _quarantine WHERE tbl = ? AND pk = ? AND op = 1 ORDER BY actor, counter LIMIT 1",
		int64(k.Table), k.ID[:])
	return d, err
}

// OldestQuarantined returns the lowest counter of the actor's open quarantined change sets, 0 if there is none.
func (r reads) OldestQuarantined(a clock.Actor) (uint64, error) {
	n, err := r.conn.Int("SELECT counter FROM _ledger WHERE actor = ? AND outcome = 3 AND closed_actor = 0"+
		" ORDER BY counter LIMIT 1", int64(a))
	return uint64(n), err
}

// Waiting returns how many of the actor's quarantined change sets are open, and how many bytes they take.
func (r reads) Waiting(a clock.Actor) (n, bytes int, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { n, bytes = int(q.Int(0)), int(q.Int(1)); return q.Err() },
		"SELECT count(*), coalesce(sum(length(change)), 0) FROM _ledger WHERE actor = ? AND outcome = 3 AND closed_actor = 0",
		int64(a))
	return n, bytes, err
}

// OldestQuarantined returns the lowest counter of the actor's open quarantined change sets, 0 if there is none.
func (tx *Tx) OldestQuarantined(a clock.Actor) (oldest uint64, err error) {
	oldest, known := tx.refused[a]
	if !known {
		if oldest, err = tx.reads.OldestQuarantined(a); err == nil {
			keep(tx.refused, a, oldest)
		}
	}
	return oldest, err
}

// PutEntry writes a ledger entry; an entry of the same dot is replaced, as when a quarantined one is closed.
func (tx *Tx) PutEntry(e *judge.Entry) error {
	delete(tx.ahead.fresh, e.RID)
	if e.Outcome == wire.Quarantined {
		delete(tx.refused, e.Dot.Actor)
	}
	change, err := tx.layout.SealChange(e.Encoded, e.Hash)
	if err != nil {
		return err
	}
	fresh, err := tx.conn.Exec("INSERT INTO _ledger(actor, counter, rid, hash, seq, eff, outcome, code, message,"+
		" same_actor, same_counter, closed_actor, closed_counter, change) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"+
		" ON CONFLICT(actor, counter) DO NOTHING",
		int64(e.Dot.Actor), int64(e.Dot.Counter), e.RID[:], e.Hash[:], int64(e.Seq), int64(e.Eff), int64(e.Outcome),
		string(e.Code), e.Message, int64(e.Same.Actor), int64(e.Same.Counter), int64(e.Closed.Actor),
		int64(e.Closed.Counter), change)
	if err != nil {
		return err
	}
	if latest, known := tx.judged[e.Dot.Actor]; known {
		tx.judged[e.Dot.Actor] = max(latest, e.Dot.Counter)
	}
	if fresh == 0 {
		err = tx.replaceEntry(e, change)
	} else if e.Same.IsZero() {
		err = tx.touchRows(e)
	}
	if err == nil && e.Outcome == wire.Quarantined && e.Closed.IsZero() {
		err = tx.holdBack(e)
	}
	return err
}

func (tx *Tx) replaceEntry(e *judge.Entry, change []byte) error {
	_, err := tx.conn.Exec("UPDATE _ledger SET rid = ?, hash = ?, seq = ?, eff = ?, outcome = ?, code = ?, message = ?,"+
		" same_actor = ?, same_counter = ?, closed_actor = ?, closed_counter = ?, change = ? WHERE actor = ? AND counter = ?",
		e.RID[:], e.Hash[:], int64(e.Seq), int64(e.Eff), int64(e.Outcome), string(e.Code), e.Message, int64(e.Same.Actor),
		int64(e.Same.Counter), int64(e.Closed.Actor), int64(e.Closed.Counter), change, int64(e.Dot.Actor),
		int64(e.Dot.Counter))
	if err != nil {
		return err
	}
	_, err = tx.conn.Exec("DELETE FROM _quarantine WHERE actor = ? AND counter = ?",
		int64(e.Dot.Actor), int64(e.Dot.Counter))
	return err
}

// holdBack notes the rows of a quarantined change set. One that cannot be decoded, as after an erasure, has none.
func (tx *Tx) holdBack(e *judge.Entry) error {
	change, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return nil
	}
	for i := range change.Rows {
		row := &change.Rows[i]
		_, err := tx.conn.Exec("INSERT INTO _quarantine(tbl, pk, op, actor, counter) VALUES(?, ?, ?, ?, ?)"+
			" ON CONFLICT DO NOTHING",
			int64(row.Table), row.ID[:], int64(row.Op), int64(e.Dot.Actor), int64(e.Dot.Counter))
		if err != nil {
			return err
		}
	}
	return nil
}

// Refused is a quarantined change set, as the office's inbox shows it.
type Refused struct {
	judge.Entry
	Person record.ID
	Device record.ID // zero for one that no device wrote
}

// Position names a place in the ledger's order of commits, to read on from. The zero Position is the beginning.
type Position struct {
	Seq uint64
	Dot clock.Dot
}

// Position returns where the entry stands.
func (r Refused) Position() Position { return Position{r.Seq, r.Dot} }

// Quarantined returns up to limit quarantined change sets after the position, oldest first; only those that nobody
// has closed yet, or all there ever were.
func (r reads) Quarantined(openOnly bool, after Position, limit int) (list []Refused, err error) {
	query := "SELECT l.actor, l.counter, rid, hash, seq, eff, outcome, code, message, same_actor, same_counter," +
		" closed_actor, closed_counter, change, person, device FROM _ledger l LEFT JOIN _actor a ON a.actor = l.actor" +
		" WHERE outcome = 3 AND (seq, l.actor, l.counter) > (?, ?, ?) AND (closed_actor = 0 OR ?)" +
		" ORDER BY seq, l.actor, l.counter LIMIT ?"
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		e, err := r.readEntry(q)
		list = append(list, Refused{*e, q.ID(14), q.ID(15)})
		return err
	}, query, int64(after.Seq), int64(after.Dot.Actor), int64(after.Dot.Counter), flag(!openOnly), int64(limit))
	return list, err
}

// CountQuarantined returns how many quarantined change sets are open.
func (r reads) CountQuarantined() (int, error) {
	n, err := r.conn.Int("SELECT count(*) FROM _ledger WHERE outcome = 3 AND closed_actor = 0")
	return int(n), err
}

// QuarantinedOn returns the dots of the open quarantined change sets that touch the row.
func (r reads) QuarantinedOn(k record.Key) (dots []clock.Dot, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error { dots = append(dots, dot(q, 0)); return q.Err() },
		"SELECT DISTINCT actor, counter FROM _quarantine WHERE tbl = ? AND pk = ? ORDER BY actor, counter",
		int64(k.Table), k.ID[:])
	return dots, err
}

// EntriesOf returns up to limit entries of the ledger that the person wrote, of his latest incarnation and the latest
// change set first, those before the dot; the zero Dot begins with the latest.
func (r reads) EntriesOf(person record.ID, before clock.Dot, limit int) ([]*judge.Entry, error) {
	if before.IsZero() {
		before = clock.Dot{Actor: clock.Actor(judge.Forever), Counter: judge.Forever}
	}
	return r.entries(selectEntry+"WHERE actor IN (SELECT actor FROM _actor WHERE person = ?)"+
		" AND (actor, counter) < (?, ?) ORDER BY actor DESC, counter DESC LIMIT ?", person[:], int64(before.Actor), int64(before.Counter), int64(limit))
}
