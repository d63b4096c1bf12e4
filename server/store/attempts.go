package store

import (
	"context"
	"time"

	"fieldsync/sync/sqlrow"
)

// Attempts is how often somebody's attempts to get in failed, and when the last one did.
type Attempts struct {
	Failures int
	Last     time.Time
}

// ChangeAttempts lets change make something else of what failed under each of the keys, in one transaction that every
// node's wait for. What failed before the time forget is no more.
func (s *Store) ChangeAttempts(ctx context.Context, keys []Hash, forget time.Time, change func([]Attempts)) error {
	return s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.conn.Exec("DELETE FROM _attempt WHERE last < ?", millis(forget)); err != nil {
			return err
		}
		seen, err := tx.attempts(keys)
		if err != nil {
			return err
		}
		change(seen)
		for i, key := range keys {
			if err := tx.putAttempts(key, seen[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Attempts returns what failed under each of the keys since the time.
func (s *Store) Attempts(ctx context.Context, keys []Hash, since time.Time) (seen []Attempts, err error) {
	err = s.Read(ctx, func(v *View) error { seen, err = v.attempts(keys); return err })
	for i := range seen {
		if seen[i].Last.Before(since) {
			seen[i] = Attempts{}
		}
	}
	return seen, err
}

func (r reads) attempts(keys []Hash) ([]Attempts, error) {
	seen := make([]Attempts, len(keys))
	for i, key := range keys {
		_, err := r.conn.One(func(q *sqlrow.Rows) error {
			seen[i] = Attempts{int(q.Int(0)), moment(q.Int(1))}
			return q.Err()
		}, "SELECT failures, last FROM _attempt WHERE hash = ?", key[:])
		if err != nil {
			return nil, err
		}
	}
	return seen, nil
}

func (tx *Tx) putAttempts(key Hash, a Attempts) error {
	if a.Failures <= 0 {
		_, err := tx.conn.Exec("DELETE FROM _attempt WHERE hash = ?", key[:])
		return err
	}
	_, err := tx.conn.Exec("INSERT INTO _attempt(hash, failures, last) VALUES(?, ?, ?)"+
		" ON CONFLICT(hash) DO UPDATE SET failures = excluded.failures, last = excluded.last", key[:], int64(a.Failures), millis(a.Last))
	return err
}
