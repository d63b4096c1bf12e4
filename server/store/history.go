package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// The index of histories, _touch, is filled behind the commits: its keys are random, and to keep it within them would
// dirty a page for each change set. _actor.indexed says how far it is; who asks before looks through the rest itself.

// indexAfter is how long the index may lie behind, so that many change sets are entered at once, in order.
const indexAfter = time.Second

// indexStep is how many change sets are entered in one commit, which others wait for.
const indexStep = 2048

// touch says that a change set touched a row.
type touch struct {
	id  record.ID
	seq uint64
	dot clock.Dot
}

func (t touch) compare(u touch) int {
	return cmp.Or(bytes.Compare(t.id[:], u.id[:]), cmp.Compare(t.seq, u.seq), t.dot.Compare(u.dot))
}

// indexing is what one step of filling the index reads, and how far it takes each actor.
type indexing struct {
	touches []touch
	upTo    map[clock.Actor]uint64
}

// behind calls read for change sets that the index does not have, at most limit, each actor's in order. It goes from the
// actors to what each has written: thousands may have written a few each.
func (r reads) behind(limit int, read func(*judge.Entry)) error {
	rows, err := r.conn.QueryUpTo(limit, "SELECT "+entryColumns+" FROM _actor a CROSS JOIN _ledger l"+
		" WHERE a.indexed < a.counter AND l.actor = a.actor AND l.counter > a.indexed ORDER BY a.actor, l.counter")
	if err != nil {
		return err
	}
	for ; err == nil && limit > 0 && rows.Next(); limit-- {
		var e *judge.Entry
		if e, err = r.readEntry(rows); err == nil {
			read(e)
		}
	}
	return errors.Join(err, rows.Close())
}

// nextToIndex reads what the next step enters.
func (r reads) nextToIndex(limit int) (*indexing, error) {
	next := &indexing{upTo: map[clock.Actor]uint64{}}
	err := r.behind(limit, func(e *judge.Entry) {
		next.upTo[e.Dot.Actor] = e.Dot.Counter
		for _, id := range touchedBy(e) {
			next.touches = append(next.touches, touch{id, e.Seq, e.Dot})
		}
	})
	slices.SortFunc(next.touches, touch.compare)
	return next, err
}

// touchedBy returns the ids of the rows that the change set touches, and that of everything. One that was judged under
// another dot before has touched none, one that cannot be read, as after an erasure, no row.
func touchedBy(e *judge.Entry) (ids []record.ID) {
	if !e.Same.IsZero() {
		return nil
	}
	ids = append(ids, everything.ID)
	change, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return ids
	}
	for i := range change.Rows {
		ids = append(ids, change.Rows[i].ID)
	}
	return ids
}

var insertTouch = sqlrow.NewGathered("INSERT INTO _touch(pk, seq, actor, counter)", 4, " ON CONFLICT DO NOTHING")

// index enters what a step has read. To enter something twice is harmless.
func (tx *Tx) index(next *indexing) error {
	for _, t := range next.touches {
		err := tx.conn.Gather(insertTouch, t.id[:], int64(t.seq), int64(t.dot.Actor), int64(t.dot.Counter))
		if err != nil {
			return err
		}
	}
	for actor, counter := range next.upTo {
		_, err := tx.conn.Exec("UPDATE _actor SET indexed = ? WHERE actor = ? AND indexed < ?",
			int64(counter), int64(actor), int64(counter))
		if err != nil {
			return err
		}
	}
	return nil
}

// completeHistory fills the index within the transaction, for who needs all of it.
func (tx *Tx) completeHistory() error {
	if err := tx.flush(); err != nil {
		return err
	}
	for {
		next, err := tx.nextToIndex(indexStep)
		if err != nil || len(next.upTo) == 0 {
			return err
		}
		if err := tx.index(next); err != nil {
			return err
		}
	}
}

// keepHistory fills the index until the store closes.
func (s *Store) keepHistory() {
	for pause(s, s.moved) && pause(s, time.After(indexAfter)) {
		for s.indexNext() {
		}
	}
}

// pause waits for the channel; it reports false when the store closes.
func pause[T any](s *Store, c <-chan T) bool {
	select {
	case <-s.stop:
		return false
	case <-c:
		return true
	}
}

// indexNext enters the next change sets, and reports whether there may be more. Trouble is left for the next time: it is
// the disk's, whoever writes next hears of it, and the index may lie behind.
func (s *Store) indexNext() bool {
	var next *indexing
	err := s.Read(context.Background(), func(v *View) (err error) {
		next, err = v.nextToIndex(indexStep)
		return err
	})
	if err != nil || len(next.upTo) == 0 {
		return false
	}
	return s.WriteInLine(context.Background(), func(tx *Tx) error { return tx.index(next) }) == nil
}

// History returns the entries of the ledger that touched any of the rows, refused ones too, the latest before the position first.
func (r reads) History(rows []record.Key, before Position, limit int) ([]*judge.Entry, error) {
	if before == (Position{}) {
		before = Position{judge.Forever, clock.Dot{}}
	}
	ids := make([]record.ID, len(rows))
	for i, k := range rows {
		ids[i] = k.ID
	}
	entries, err := r.entries("SELECT "+entryColumns+" FROM (SELECT DISTINCT seq, actor, counter FROM _touch"+
		" WHERE pk IN (SELECT unhex(value) FROM json_each(?)) AND (seq, actor, counter) < (?, ?, ?)"+
		" ORDER BY seq DESC, actor DESC, counter DESC LIMIT ?) t"+
		" JOIN _ledger l ON l.actor = t.actor AND l.counter = t.counter",
		IDList(ids), int64(before.Seq), int64(before.Dot.Actor), int64(before.Dot.Counter), int64(limit))
	if err != nil {
		return nil, err
	}
	err = r.behind(math.MaxInt, func(e *judge.Entry) {
		touches := slices.ContainsFunc(touchedBy(e), func(id record.ID) bool { return slices.Contains(ids, id) })
		if touches && positionOf(e).compare(before) < 0 {
			entries = append(entries, e)
		}
	})
	slices.SortFunc(entries, func(a, b *judge.Entry) int { return positionOf(b).compare(positionOf(a)) })
	return entries[:min(limit, len(entries))], err
}

// EntriesOn returns the entries of the ledger that touched the row, refused ones too, the latest first.
func (r reads) EntriesOn(k record.Key) ([]*judge.Entry, error) {
	return r.History([]record.Key{k}, Position{}, math.MaxInt32)
}
