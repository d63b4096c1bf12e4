package store

import (
	"context"
	"database/sql/driver"
	"fmt"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// VerifyReport is what Verify found.
type VerifyReport struct {
	Rows     uint64 // of the application, dead ones too
	Feed     uint64 // entries of the feed
	Entries  uint64 // of the ledger
	Actors   uint64
	Audit    uint64   // deeds
	End      Hash     // the last link of the chain over deeds and the ledger: to be kept where nobody can reach both
	Files    uint64   // beside the database; for who reads them to fill in
	Found    int      // how many problems there are
	Beside   int      // how many of them are in the files beside the database
	Problems []string // the first hundred of them, for the operator
}

// OK reports whether nothing is wrong.
func (r *VerifyReport) OK() bool { return r.Found == 0 }

const maxProblems = 100

// Problem adds what somebody else found: in the files beside the database.
func (r *VerifyReport) Problem(text string) {
	r.Beside++
	r.problem("%s", text)
}

func (r *VerifyReport) problem(format string, args ...any) {
	if r.Found++; r.Found <= maxProblems {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

// Verify reads everything, at one moment: the file page by page; that every row and its feed entries agree, and each value is
// what the change set wrote that it says it is from; that each actor's counters run from 1 without a gap up to what the hub
// says it has judged, are what was judged, and hash to the chain it says; and the chain over all that was judged and every
// deed. It takes as long as reading the database does.
func (s *Store) Verify(ctx context.Context) (*VerifyReport, error) {
	var report *VerifyReport
	err := s.Read(ctx, func(v *View) (err error) {
		report, err = v.verify(ctx)
		return err
	})
	return report, err
}

// VerifyChain is Verify of the chain alone, and returns up to which commit it was followed.
func (s *Store) VerifyChain(ctx context.Context) (report *VerifyReport, head uint64, err error) {
	report = &VerifyReport{}
	err = s.Read(ctx, func(v *View) error {
		head = v.head
		return v.verifyChain(report)
	})
	return report, head, err
}

// VerifyLeads adds to the report if no link of the chain is the one that an earlier report ended with: the history before
// it was written anew.
func (s *Store) VerifyLeads(ctx context.Context, report *VerifyReport, from Hash) error {
	return s.Read(ctx, func(v *View) error {
		n, err := v.conn.Int("SELECT EXISTS (SELECT 1 FROM _log WHERE chain = ? UNION ALL SELECT 1 FROM _audit WHERE chain = ?)", from[:], from[:])
		if err == nil && n == 0 {
			report.problem("audit: the chain does not lead on from %x: what came before it was written anew, or is of another database", from)
		}
		return err
	})
}

func (r reads) verify(ctx context.Context) (*VerifyReport, error) {
	report := &VerifyReport{}
	for _, check := range []func(*VerifyReport) error{
		func(report *VerifyReport) error { return r.engine.verify(r, report) }, r.verifyRows, r.verifyFeed, r.verifyHolds, r.verifyLedger, r.verifyRefused, r.verifyChain,
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := check(report); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// verifyRows looks for rows that the feed does not have where they say they are, and for values that nobody wrote.
func (r reads) verifyRows(report *VerifyReport) error {
	by := &authors{reads: r}
	for _, t := range r.options.Schema.Tables {
		err := r.layout.Scan(r.conn.Conn, t, "", nil, func(row *record.Row) bool {
			report.Rows++
			by.verify(row, report)
			for _, b := range buckets(row) {
				n, err := r.conn.Int("SELECT count(*) FROM _feed WHERE bucket = ? AND class = ? AND seq = ? AND tbl = ? AND pk = ?",
					b.Bytes(), int64(t.Class), int64(row.Seq), int64(t.ID), row.ID[:])
				if err != nil || n != 1 {
					report.problem("%s %s: commit %d is not in the feed of its bucket", t.Name, row.ID, row.Seq)
				}
			}
			return true
		})
		if err != nil {
			report.problem("%s: %v", t.Name, err)
		}
	}
	return nil
}

// verifyFeed looks for entries of the feed that no row accounts for, some of them at a time.
func (r reads) verifyFeed(report *VerifyReport) error {
	const atOnce = 1000
	after := []driver.Value{[]byte{}, int64(0), int64(0), int64(0), []byte{}}
	for n := atOnce; n == atOnce; {
		n = 0
		err := r.conn.Each(func(q *sqlrow.Rows) error {
			n++
			bucket, _ := record.BucketFromBytes(q.Bytes(0))
			k := key(q, 3)
			if t := r.options.Schema.TableByID(k.Table); t != nil {
				r.verifyEntry(report, t, k, place{bucket, schema.Class(q.Int(1))}, q.Uint(2))
			}
			after = []driver.Value{q.Bytes(0), q.Int(1), q.Int(2), q.Int(3), q.Bytes(4)}
			return q.Err()
		}, "SELECT bucket, class, seq, tbl, pk FROM _feed WHERE (bucket, class, seq, tbl, pk) > (?, ?, ?, ?, ?)"+
			" ORDER BY bucket, class, seq, tbl, pk LIMIT ?", append(after, int64(atOnce))...)
		if err != nil {
			return err
		}
		report.Feed += uint64(n)
	}
	return nil
}

func (r reads) verifyEntry(report *VerifyReport, t *schema.Table, k record.Key, at place, seq uint64) {
	row, err := r.Row(k)
	if err == nil && row != nil && row.Seq == seq && at.class == t.Class {
		for _, b := range row.Buckets() {
			if b == at.bucket {
				return
			}
		}
	}
	report.problem("feed: the entry of commit %d for %s %s stands for no row", seq, t.Name, k.ID)
}

// verifyRefused looks for change sets in quarantine of which the list of them says otherwise.
func (r reads) verifyRefused(report *VerifyReport) error {
	const ledger = "SELECT actor, counter, seq, CASE WHEN closed_actor = 0 THEN 1 ELSE 0 END FROM _ledger WHERE outcome = 3"
	const list = "SELECT actor, counter, seq, open FROM _refused"
	for _, query := range []string{ledger + " EXCEPT " + list, list + " EXCEPT " + ledger} {
		err := r.conn.Each(func(q *sqlrow.Rows) error {
			report.problem("ledger: the list of refused change sets is wrong about %s", dot(q, 0))
			return q.Err()
		}, query)
		if err != nil {
			return err
		}
	}
	return nil
}

// verifyLedger looks for gaps in what writers have written.
func (r reads) verifyLedger(report *VerifyReport) error {
	actors, err := r.allActors()
	if err != nil {
		return err
	}
	report.Actors = uint64(len(actors))
	kept, err := r.keptAs()
	if err != nil {
		report.problem("audit: %v", err)
	}
	walked := map[clock.Actor]judge.Actor{}
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		report.Entries++
		e, err := r.readEntry(q)
		if err != nil {
			report.problem("ledger: %s cannot be read: %v", e.Dot, err)
		} else if now := record.HashOf(e.Encoded); now != e.Hash && fmt.Sprintf("%x", now) != kept[e.Dot.String()] {
			report.problem("ledger: %s is not what was judged", e.Dot)
		}
		a := walked[e.Dot.Actor]
		if e.Dot.Counter != a.Counter+1 {
			report.problem("ledger: %s follows counter %d", e.Dot, a.Counter)
		}
		a.Counter, a.Chain = e.Dot.Counter, record.Chain(a.Chain, e.Hash)
		walked[e.Dot.Actor] = a
		return nil
	}, selectEntry+"ORDER BY l.actor, l.counter")
	for n, a := range walked {
		switch known := actors[n]; {
		case known.Counter != a.Counter:
			report.problem("ledger: %s is said to have written %d change sets, and has %d", n, known.Counter, a.Counter)
		case known.Chain != a.Chain:
			report.problem("ledger: the change sets of %s are not those that were judged", n)
		}
		delete(actors, n)
	}
	for n, a := range actors {
		if a.Counter > 0 {
			report.problem("ledger: %s is said to have written %d change sets, and has none", n, a.Counter)
		}
	}
	return err
}
