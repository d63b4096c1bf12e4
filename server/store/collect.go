package store

import (
	"slices"
	"strconv"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Dead returns the keys of deleted rows of the class that were last touched at or before the commit, at most limit.
func (tx *Tx) Dead(class schema.Class, upTo uint64, limit int) (keys []record.Key, err error) {
	for _, t := range tx.layout.Schema().Tables {
		if t.Class != class || len(keys) >= limit {
			continue
		}
		err := tx.conn.Each(func(q *sqlrow.Rows) error {
			keys = append(keys, record.Key{Table: t.ID, ID: q.ID(0)})
			return q.Err()
		}, "SELECT id FROM "+sqlrow.Quote(t.Name)+" WHERE _del = 1 AND _seq <= ? LIMIT ?", int64(upTo), int64(limit-len(keys)))
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// collectedSetting is where the store notes which deleted rows it has forgotten.
const collectedSetting = "collected"

// PutCollected notes that deleted rows of the class of work that were last touched at or before the commit are forgotten;
// one that is lower than what was noted before changes nothing.
func (tx *Tx) PutCollected(seq uint64) error {
	have, err := tx.Collected()
	if err != nil || seq <= have {
		return err
	}
	return tx.PutSetting(collectedSetting, strconv.FormatUint(seq, 10))
}

// Collected returns the highest commit that was noted as PutCollected says, 0 for none.
func (r reads) Collected() (seq uint64, err error) {
	value, err := r.Setting(collectedSetting)
	if err != nil || value == "" {
		return 0, err
	}
	return strconv.ParseUint(value, 10, 64)
}

// LiveActors returns the incarnations that count (judge.Counting) of the devices that are admitted, and were heard since
// the time.
func (r reads) LiveActors(since time.Time) (live []judge.Actor, err error) {
	devices, err := r.Devices()
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		if d.Revoked() || d.LastSeen.Before(since) && d.EnrolledAt.Before(since) {
			continue
		}
		own, err := r.ActorsOf(d.Person)
		if err != nil {
			return nil, err
		}
		own = slices.DeleteFunc(own, func(a judge.Actor) bool { return a.Device != d.ID || a.Actor > d.Actor })
		if len(own) == 0 {
			own = []judge.Actor{{Person: d.Person, Device: d.ID}} // enrolled, and never heard: it has passed nothing
		}
		live = append(live, judge.Counting(own)...)
	}
	return live, nil
}

// HeadAt returns the highest commit number that had been given at the time.
func (r reads) HeadAt(at time.Time) (uint64, error) {
	n, err := r.conn.Int("SELECT max(seq) FROM _log WHERE at <= ?", int64(clock.StampAt(at.UnixMilli())))
	return uint64(n), err
}
