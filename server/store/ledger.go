package store

import (
	"cmp"
	"database/sql/driver"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/wire"
)

// entryColumns are the columns of an entry as readEntry takes them, of the ledger under the name l.
const entryColumns = "l.actor, l.counter, hash, l.seq, eff, outcome, code, message, same_actor, same_counter," +
	" closed_actor, closed_counter, first_actor, first_counter, rid, change"

const (
	selectEntry = "SELECT " + entryColumns + " FROM _ledger l "
	// fromRefused goes through those that were quarantined, under the name f.
	fromRefused   = " FROM _refused f JOIN _ledger l ON l.actor = f.actor AND l.counter = f.counter "
	selectRefused = "SELECT " + entryColumns + fromRefused
)

// Entry returns nil for a dot that was never judged.
func (r reads) Entry(d clock.Dot) (*judge.Entry, error) {
	return r.entry(selectEntry+"WHERE actor = ? AND counter = ?", int64(d.Actor), int64(d.Counter))
}

// Restamped returns the dot under which a change set was judged that was first written so, and had been re-stamped when
// it came first; zero if there is none.
func (r reads) Restamped(o record.Origin) (d clock.Dot, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { d = dot(q, 0); return q.Err() },
		"SELECT actor, counter FROM _restamped WHERE first_actor = ? AND first_counter = ? AND rid = ?",
		int64(o.Dot.Actor), int64(o.Dot.Counter), o.RID[:])
	return d, err
}

// Restamped asks for nothing where no change set of the incarnation was ever re-stamped, which is nearly always so.
func (tx *Tx) Restamped(o record.Origin) (d clock.Dot, err error) {
	some, known := tx.restamped[o.Dot.Actor]
	if !known {
		some, err = tx.conn.One(func(*sqlrow.Rows) error { return nil },
			"SELECT 1 FROM _restamped WHERE first_actor = ? LIMIT 1", int64(o.Dot.Actor))
		if err != nil {
			return d, err
		}
		keep(tx.restamped, o.Dot.Actor, some)
	}
	if !some {
		return d, nil
	}
	return tx.reads.Restamped(o)
}

// Identified returns the entries of change sets by the identity that survives re-stamping. It reads the whole ledger.
func (r reads) Identified(rids []record.ID) (map[record.ID]*judge.Entry, error) {
	found := make(map[record.ID]*judge.Entry, len(rids))
	list, err := r.entries(selectEntry+"WHERE same_actor = 0 AND coalesce(rid, hash) IN"+
		" (SELECT unhex(value) FROM json_each(?))", IDList(rids))
	for _, e := range list {
		found[e.Origin.RID] = e
	}
	return found, err
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

// EntriesAfter returns the change sets that were judged after the commit, in the order of their commits. It reads the whole
// ledger.
func (r reads) EntriesAfter(seq uint64) ([]*judge.Entry, error) {
	return r.entries(selectEntry+"WHERE l.seq > ? AND same_actor = 0 ORDER BY l.seq, l.actor, l.counter", int64(seq))
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
	e = &judge.Entry{Dot: dot(q, 0), Seq: q.Uint(3), Eff: clock.Stamp(q.Uint(4)),
		Outcome: wire.Outcome(q.Int(5)), Code: fault.Code(q.Text(6)), Message: q.Text(7),
		Same: dot(q, 8), Closed: dot(q, 10)}
	copy(e.Hash[:], q.Bytes(2))
	e.Origin = record.Origin{Dot: e.Dot, RID: record.ID(e.Hash)}
	if len(q.Bytes(14)) > 0 {
		e.Origin = record.Origin{Dot: dot(q, 12), RID: q.ID(14)}
	}
	if e.Encoded, err = r.layout.OpenChange(q.Bytes(15), e.Hash); err == nil {
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
	n, err := r.conn.Int("SELECT counter FROM _refused WHERE actor = ? AND open = 1 ORDER BY counter LIMIT 1", int64(a))
	return uint64(n), err
}

// Waiting returns how many of the actor's quarantined change sets are open, and how many bytes they take.
func (r reads) Waiting(a clock.Actor) (n, bytes int, err error) {
	_, err = r.conn.One(func(q *sqlrow.Rows) error { n, bytes = int(q.Int(0)), int(q.Int(1)); return q.Err() },
		"SELECT count(*), coalesce(sum(length(change)), 0) FROM _refused f"+
			" JOIN _ledger l ON l.actor = f.actor AND l.counter = f.counter WHERE f.actor = ? AND open = 1",
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
	if e.Outcome == wire.Quarantined {
		delete(tx.refused, e.Dot.Actor)
	}
	change, err := tx.layout.SealChange(e.Encoded, e.Hash)
	if err != nil {
		return err
	}
	fresh, err := tx.insertEntry(e, change)
	if err == nil && e.Origin.RID != record.ID(e.Hash) {
		err = tx.noteOrigin(e)
	}
	if err != nil {
		return err
	}
	if fresh {
		err = tx.noteJudged(e)
	} else {
		err = tx.replaceEntry(e, change)
	}
	if err == nil && e.Outcome == wire.Quarantined {
		err = tx.noteRefused(e)
	}
	return err
}

const intoLedger = "INSERT INTO _ledger(actor, counter, hash, seq, eff, outcome, code, message," +
	" same_actor, same_counter, closed_actor, closed_counter, change)"

var (
	newEntries      = sqlrow.NewGathered(intoLedger, 13, "")
	insertIfMissing = intoLedger + " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(actor, counter) DO NOTHING"
)

// insertEntry writes the entry unless its dot has one, and reports whether it had none. What is known to be the actor's
// latest is written together with what follows.
func (tx *Tx) insertEntry(e *judge.Entry, change []byte) (fresh bool, err error) {
	entry := []driver.Value{int64(e.Dot.Actor), int64(e.Dot.Counter), e.Hash[:], int64(e.Seq), int64(e.Eff), int64(e.Outcome),
		string(e.Code), e.Message, int64(e.Same.Actor), int64(e.Same.Counter), int64(e.Closed.Actor),
		int64(e.Closed.Counter), change}
	latest, known := tx.judged[e.Dot.Actor]
	if known && e.Dot.Counter > latest {
		tx.judged[e.Dot.Actor] = e.Dot.Counter
		return true, tx.conn.Gather(newEntries, entry...)
	}
	n, err := tx.conn.Exec(insertIfMissing, entry...)
	return n > 0, err
}

// noteRefused notes that a change set is, or was, in quarantine, and while it is open its rows.
func (tx *Tx) noteRefused(e *judge.Entry) error {
	_, err := tx.conn.Exec("INSERT INTO _refused(actor, counter, seq, open) VALUES(?, ?, ?, ?)",
		int64(e.Dot.Actor), int64(e.Dot.Counter), int64(e.Seq), flag(e.Closed.IsZero()))
	if err == nil && e.Closed.IsZero() {
		err = tx.holdBack(e)
	}
	return err
}

// noteOrigin notes how a re-stamped change set was first written, and, of the first that comes, that it is found by that.
func (tx *Tx) noteOrigin(e *judge.Entry) error {
	first := []driver.Value{int64(e.Origin.Dot.Actor), int64(e.Origin.Dot.Counter), e.Origin.RID[:],
		int64(e.Dot.Actor), int64(e.Dot.Counter)}
	_, err := tx.conn.Exec("UPDATE _ledger SET first_actor = ?, first_counter = ?, rid = ? WHERE actor = ? AND counter = ?", first...)
	if err != nil || !e.Same.IsZero() {
		return err
	}
	delete(tx.restamped, e.Origin.Dot.Actor)
	_, err = tx.conn.Exec("INSERT INTO _restamped(first_actor, first_counter, rid, actor, counter) VALUES(?, ?, ?, ?, ?)"+
		" ON CONFLICT DO NOTHING", first...)
	return err
}

func (tx *Tx) replaceEntry(e *judge.Entry, change []byte) error {
	_, err := tx.conn.Exec("UPDATE _ledger SET hash = ?, seq = ?, eff = ?, outcome = ?, code = ?, message = ?,"+
		" same_actor = ?, same_counter = ?, closed_actor = ?, closed_counter = ?, change = ? WHERE actor = ? AND counter = ?",
		e.Hash[:], int64(e.Seq), int64(e.Eff), int64(e.Outcome), string(e.Code), e.Message, int64(e.Same.Actor),
		int64(e.Same.Counter), int64(e.Closed.Actor), int64(e.Closed.Counter), change, int64(e.Dot.Actor),
		int64(e.Dot.Counter))
	if err != nil {
		return err
	}
	for _, from := range []string{"DELETE FROM _quarantine", "DELETE FROM _refused"} {
		if _, err := tx.conn.Exec(from+" WHERE actor = ? AND counter = ?", int64(e.Dot.Actor), int64(e.Dot.Counter)); err != nil {
			return err
		}
	}
	return nil
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
func (r Refused) Position() Position { return positionOf(&r.Entry) }

func positionOf(e *judge.Entry) Position { return Position{e.Seq, e.Dot} }

// compare orders positions as the database does, which takes actors for signed numbers.
func (p Position) compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Seq, q.Seq), cmp.Compare(int64(p.Dot.Actor), int64(q.Dot.Actor)),
		cmp.Compare(p.Dot.Counter, q.Dot.Counter))
}

// Quarantined returns up to limit quarantined change sets after the position, oldest first; only those that nobody
// has closed yet, or all there ever were.
func (r reads) Quarantined(openOnly bool, after Position, limit int) (list []Refused, err error) {
	query := "SELECT " + entryColumns + ", person, device" + fromRefused + "LEFT JOIN _actor a ON a.actor = l.actor" +
		" WHERE (f.seq, f.actor, f.counter) > (?, ?, ?) AND (open = 1 OR ?) ORDER BY f.seq, f.actor, f.counter LIMIT ?"
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		e, err := r.readEntry(q)
		list = append(list, Refused{*e, q.ID(16), q.ID(17)})
		return err
	}, query, int64(after.Seq), int64(after.Dot.Actor), int64(after.Dot.Counter), flag(!openOnly), int64(limit))
	return list, err
}

// CountQuarantined returns how many quarantined change sets are open.
func (r reads) CountQuarantined() (int, error) {
	n, err := r.conn.Int("SELECT count(*) FROM _refused WHERE open = 1")
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
