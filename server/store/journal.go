package store

import (
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// everything is the key under which the index of histories has every change set: no row is called so.
var everything = record.Key{}

// Journal says which change sets are asked for; the zero Journal asks for all.
type Journal struct {
	Row    record.Key  // that touched it; zero: any
	Person record.ID   // written by him; zero: anybody
	Device record.ID   // written on it; zero: anywhere
	Since  clock.Stamp // judged then or later
	Until  clock.Stamp // judged before; 0: until now
}

// Journal returns up to limit entries of the ledger that the journal asks for, the latest before the position first.
func (v *View) Journal(j Journal, before Position, limit int) (entries []*judge.Entry, err error) {
	bounds, err := v.boundsOf(j, before)
	if err != nil {
		return nil, err
	}
	actors, err := v.writersOf(j)
	if err != nil || actors != nil && len(actors) == 0 {
		return nil, err
	}
	if actors != nil && j.Row == everything {
		return v.writtenBy(actors, bounds, limit)
	}
	return v.journal(j.Row, actors, bounds, limit)
}

// bounds are the places between which a journal lies: after the one, before the other.
type bounds struct {
	after  uint64 // a commit number
	before Position
}

func (v *View) boundsOf(j Journal, before Position) (b bounds, err error) {
	if b.before = before; before == (Position{}) {
		b.before.Seq = judge.Forever
	}
	if b.after, err = v.HeadBefore(j.Since); err != nil || j.Until == 0 {
		return b, err
	}
	end, err := v.HeadBefore(j.Until)
	if b.before.Seq > end {
		b.before = Position{end + 1, clock.Dot{Actor: 1 << 63}} // which is the least to the database
	}
	return b, err
}

// HeadBefore returns the highest commit number that was given before the time. Times never decrease with commit
// numbers, so that halving finds it.
func (v *View) HeadBefore(at clock.Stamp) (uint64, error) {
	low, err := uint64(0), error(nil)
	if at == 0 {
		return 0, nil
	}
	high, err := v.lastCommit()
	for low < high && err == nil {
		middle := high - (high-low)/2
		var made clock.Stamp
		if made, err = v.CommitTime(middle); made < at {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low, err
}

// writersOf returns the incarnations that a journal asks for; nil for all.
func (v *View) writersOf(j Journal) (actors []clock.Actor, err error) {
	if j.Person.IsZero() && j.Device.IsZero() {
		return nil, nil
	}
	actors = []clock.Actor{}
	query, id := "SELECT actor, device FROM _actor WHERE person = ?", j.Person
	if id.IsZero() {
		query, id = "SELECT actor, device FROM _actor WHERE device = ?", j.Device
	}
	err = v.conn.Each(func(q *sqlrow.Rows) error {
		if j.Device.IsZero() || q.ID(1) == j.Device {
			actors = append(actors, clock.Actor(q.Uint(0)))
		}
		return q.Err()
	}, query, id[:])
	return actors, err
}

// journal reads a history as the index has it, and what the index does not have yet.
func (v *View) journal(row record.Key, actors []clock.Actor, b bounds, limit int) ([]*judge.Entry, error) {
	var entries []*judge.Entry
	for from := b.before; len(entries) < limit; {
		page, err := v.History([]record.Key{row}, from, limit)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			if e.Seq > b.after && (actors == nil || slices.Contains(actors, e.Dot.Actor)) && len(entries) < limit {
				entries = append(entries, e)
			}
		}
		if len(page) < limit || page[len(page)-1].Seq <= b.after {
			break
		}
		from = positionOf(page[len(page)-1])
	}
	return entries, nil
}

// writtenBy reads what each of the incarnations wrote, in whose ledgers commit numbers go up with counters.
func (v *View) writtenBy(actors []clock.Actor, b bounds, limit int) (entries []*judge.Entry, err error) {
	for _, a := range actors {
		last, err := v.counterUpTo(a, b.before.Seq)
		if err != nil {
			return nil, err
		}
		list, err := v.entries(selectEntry+"WHERE actor = ? AND counter <= ? AND seq > ? AND same_actor = 0"+
			" AND (seq, actor, counter) < (?, ?, ?) ORDER BY counter DESC LIMIT ?", int64(a), int64(last), int64(b.after),
			int64(b.before.Seq), int64(b.before.Dot.Actor), int64(b.before.Dot.Counter), int64(limit))
		if err != nil {
			return nil, err
		}
		entries = append(entries, list...)
	}
	slices.SortFunc(entries, func(a, b *judge.Entry) int { return positionOf(b).compare(positionOf(a)) })
	return entries[:min(limit, len(entries))], nil
}

// counterUpTo returns the latest counter of the incarnation that was judged at the commit or before.
func (v *View) counterUpTo(a clock.Actor, seq uint64) (uint64, error) {
	last, err := v.conn.Int("SELECT max(counter) FROM _ledger WHERE actor = ?", int64(a))
	low, high := uint64(0), uint64(last)
	for low < high && err == nil {
		middle := high - (high-low)/2
		var at int64
		at, err = v.conn.Int("SELECT seq FROM _ledger WHERE actor = ? AND counter >= ? ORDER BY counter LIMIT 1", int64(a), int64(middle))
		if uint64(at) <= seq {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low, err
}
