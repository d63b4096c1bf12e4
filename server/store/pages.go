package store

import (
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"slices"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// What the pages of the office ask. Each list takes the place to read on from, the zero one for the beginning, and
// returns at most limit entries.

// RefusedOpen returns the quarantined change sets that nobody has closed, the oldest after the position first, and how
// many there are in all: of the device alone where it is not zero.
func (v *View) RefusedOpen(device record.ID, after Position, limit int) ([]*judge.Entry, int, error) {
	return v.refused(device, "open = 1", "(f.seq, f.actor, f.counter) > (?, ?, ?) ORDER BY f.seq, f.actor, f.counter", after, limit)
}

// RefusedClosed returns the quarantined change sets that were closed, the latest before the position first, and how
// many there are in all: of the device alone where it is not zero.
func (v *View) RefusedClosed(device record.ID, before Position, limit int) ([]*judge.Entry, int, error) {
	if before == (Position{}) {
		before.Seq = judge.Forever
	}
	return v.refused(device, "open = 0", "(f.seq, f.actor, f.counter) < (?, ?, ?) ORDER BY f.seq DESC, f.actor DESC, f.counter DESC", before, limit)
}

func (v *View) refused(device record.ID, which, from string, at Position, limit int) (entries []*judge.Entry, total int, err error) {
	var of []driver.Value
	if !device.IsZero() {
		which, of = which+" AND f.actor IN (SELECT actor FROM _actor WHERE device = ?)", []driver.Value{device[:]}
	}
	args := append(slices.Clone(of), int64(at.Seq), int64(at.Dot.Actor), int64(at.Dot.Counter), int64(limit))
	if entries, err = v.entries(selectRefused+"WHERE "+which+" AND "+from+" LIMIT ?", args...); err != nil {
		return nil, 0, err
	}
	n, err := v.conn.Int("SELECT count(*) FROM _refused f WHERE "+which, of...)
	return entries, int(n), err
}

// RefusedBy returns how many open quarantined change sets each device has written.
func (v *View) RefusedBy() (devices map[record.ID]int, err error) {
	devices = map[record.ID]int{}
	err = v.conn.Each(func(q *sqlrow.Rows) error { devices[q.ID(0)] = int(q.Int(1)); return q.Err() },
		"SELECT device, count(*) FROM _refused f JOIN _actor a ON a.actor = f.actor WHERE open = 1 GROUP BY device")
	return devices, err
}

// LeavesUnknown returns how many rows with all that belongs to them admitted devices still hold though their people
// may not any more, and the commit of the first such leave: the device was not there since, and works on what is not its own.
func (v *View) LeavesUnknown() (n int, first uint64, err error) {
	err = v.conn.Each(func(q *sqlrow.Rows) error { n, first = int(q.Int(0)), q.Uint(1); return q.Err() },
		`SELECT count(*), coalesce(min(h.until), 0) FROM _device d JOIN _actor a ON a.actor = d.actor
		JOIN _hold h ON h.person = d.person AND h.until > a.ack_k AND h.until < ?
		WHERE d.revoked_at = 0 AND NOT EXISTS
			(SELECT 1 FROM _hold o WHERE o.person = h.person AND o.bucket = h.bucket AND o.until = ?)`,
		int64(judge.Forever), int64(judge.Forever))
	return n, first, err
}

// ConflictPlace names a place in the list of conflicts, to read on from.
type ConflictPlace struct {
	Ask bool
	Seq uint64
	N   uint64
}

// Place returns where the conflict stands.
func (c Conflict) Place() ConflictPlace { return ConflictPlace{c.Ask, c.Seq, c.N} }

// ListConflicts returns open or ended conflicts, those that ask for a person first, then the latest first, from the
// place on, and how many there are in all; of one row where row is not the zero Key.
func (v *View) ListConflicts(open bool, row record.Key, after ConflictPlace, limit int) (list []Conflict, total int, err error) {
	where, args := "open = ?", []driver.Value{flag(open)}
	if row != (record.Key{}) {
		where, args = where+" AND tbl = ? AND pk = ?", append(args, int64(row.Table), row.ID[:])
	}
	n, err := v.conn.Int("SELECT count(*) FROM _conflict WHERE "+where, args...)
	if err != nil || n == 0 {
		return nil, 0, err
	}
	if after == (ConflictPlace{}) {
		after = ConflictPlace{true, judge.Forever, 0}
	}
	list, err = v.conflicts(selectConflict+"WHERE "+where+" AND (ask, seq, n) < (?, ?, ?) ORDER BY ask DESC, seq DESC, n DESC LIMIT ?",
		append(args, flag(after.Ask), int64(after.Seq), int64(after.N), int64(limit))...)
	return list, int(n), err
}

// Living returns the ids of the table's first living rows, in order, at most limit.
func (v *View) Living(t *schema.Table, limit int) (ids []record.ID, err error) {
	err = v.conn.Each(func(q *sqlrow.Rows) error { ids = append(ids, q.ID(0)); return q.Err() },
		"SELECT id FROM "+sqlrow.Quote(t.Name)+" WHERE _del = 0 ORDER BY id LIMIT ?", int64(limit))
	return ids, err
}

// Select calls read for each row of a query of the application's, within the snapshot. Its text is a constant of the
// program: each is prepared once and kept.
func (v *View) Select(read func(*sqlrow.Rows) error, query string, args ...driver.Value) error {
	return v.conn.Each(read, query, args...)
}

// Prepare runs statements that the application's own queries are fast by: CREATE INDEX IF NOT EXISTS.
func (tx *Tx) Prepare(statements ...string) error { return tx.conn.run(statements...) }

// IDList returns ids as one argument of a query, for "IN (SELECT unhex(value) FROM json_each(?))".
func IDList(ids []record.ID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = hex.EncodeToString(id[:])
	}
	list, _ := json.Marshal(texts) // of strings: never fails
	return string(list)
}

// ID tells this hub's database apart from any other's. Its backups and copies have the same.
func (s *Store) ID() record.ID { return s.identity.id }
