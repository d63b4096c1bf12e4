package store

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// Commit is one commit of the engine: what changed when, for those who follow.
type Commit struct {
	Seq     uint64 // the highest commit number it covers
	At      clock.Stamp
	Buckets []record.Bucket
}

func (r reads) lastCommit() (uint64, error) {
	n, err := r.conn.Int("SELECT max(seq) FROM _log")
	return uint64(n), err
}

// CommitTime returns when the commit was made; 0 for a commit before the first or after the last.
func (r reads) CommitTime(seq uint64) (clock.Stamp, error) {
	if seq == 0 {
		return 0, nil
	}
	at, err := r.conn.Int("SELECT at FROM _log WHERE seq >= ? ORDER BY seq LIMIT 1", int64(seq))
	return clock.Stamp(at), err
}

// Commits returns up to limit commits after the commit number, oldest first.
func (r reads) Commits(after uint64, limit int) (commits []Commit, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		commits = append(commits, Commit{q.Uint(0), clock.Stamp(q.Uint(1)), unpackBuckets(q.Bytes(2))})
		return q.Err()
	}, "SELECT seq, at, buckets FROM _log WHERE seq > ? ORDER BY seq LIMIT ?", int64(after), int64(limit))
	return commits, err
}

// Head returns the highest commit number given, in this transaction too.
func (tx *Tx) Head() (head uint64, err error) {
	if !tx.headed {
		if tx.head, err = tx.lastCommit(); err == nil {
			tx.headAt, err = tx.reads.CommitTime(tx.head)
		}
		tx.headed = err == nil
	}
	return tx.head, err
}

// CommitTime returns when the commit was made; 0 for a commit before the first or after the last.
func (tx *Tx) CommitTime(seq uint64) (at clock.Stamp, err error) {
	if tx.headed && seq == tx.head {
		return tx.headAt, nil
	}
	at, known := tx.times[seq]
	if known {
		return at, nil
	}
	if at, err = tx.reads.CommitTime(seq); err == nil && at != 0 {
		keep(tx.times, seq, at)
	}
	return at, err
}

// PutCommit records that commits up to seq were made at the time at, and the buckets they touched.
func (tx *Tx) PutCommit(seq uint64, at clock.Stamp, buckets []record.Bucket) error {
	chain, err := tx.link(seq, at)
	if err != nil {
		return err
	}
	_, err = tx.conn.Exec("INSERT INTO _log(seq, at, buckets, chain) VALUES(?, ?, ?, ?)",
		int64(seq), int64(at), packBuckets(buckets), chain[:])
	if err == nil {
		tx.head, tx.headAt, tx.headed = seq, at, true
	}
	return err
}

func packBuckets(buckets []record.Bucket) []byte {
	packed := make([]byte, 0, 17*len(buckets))
	for _, b := range buckets {
		packed = append(append(packed, byte(b.Kind)), b.ID[:]...)
	}
	return packed
}

func unpackBuckets(packed []byte) (buckets []record.Bucket) {
	for ; len(packed) >= 17; packed = packed[17:] {
		b, _ := record.BucketFromBytes(packed[:17])
		buckets = append(buckets, b)
	}
	return buckets
}

// followCommits is how many commits are looked through for the buckets that they touched, before looking at the buckets
// themselves is no dearer.
const followCommits = 256

// TouchedSince returns the buckets that commits after the commit number touched; known is false where there are too
// many commits to say.
func (v *View) TouchedSince(seq uint64) (buckets []record.Bucket, known bool, err error) {
	if v.head > seq+followCommits {
		return nil, false, nil
	}
	rows, err := v.conn.QueryUpTo(followCommits+1, "SELECT buckets FROM _log WHERE seq > ? ORDER BY seq", int64(seq))
	if err != nil {
		return nil, false, err
	}
	seen, n := map[record.Bucket]bool{}, 0
	for ; n <= followCommits && rows.Next(); n++ {
		for _, b := range unpackBuckets(rows.Bytes(0)) {
			if !seen[b] {
				seen[b] = true
				buckets = append(buckets, b)
			}
		}
	}
	return buckets, n <= followCommits, rows.Close()
}
