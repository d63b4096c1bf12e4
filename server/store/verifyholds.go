package store

import (
	"errors"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// verifyHolds looks for people who hold what no row gives them, and for some who do not hold what one gives.
func (r reads) verifyHolds(report *VerifyReport) error {
	giving := map[schema.TableID]bool{}
	var failed error
	for _, t := range r.options.Schema.Tables {
		if giving[t.ID] = len(t.Grants) > 0; !giving[t.ID] {
			continue
		}
		err := r.layout.Scan(r.conn.Conn, t, "", nil, func(row *record.Row) bool {
			failed = r.verifyGiven(row, report)
			return failed == nil
		})
		if err = errors.Join(failed, err); err != nil {
			return err
		}
	}
	return r.conn.Each(func(q *sqlrow.Rows) error {
		root := key(q, 0)
		var row *record.Row
		var err error
		if giving[root.Table] {
			row, err = r.Row(root)
		}
		if err == nil && row == nil {
			report.problem("holds: %v gives what it cannot: there is no such row", root)
		}
		return errors.Join(err, q.Err())
	}, "SELECT DISTINCT root_tbl, root FROM _hold WHERE until = 9223372036854775807")
}

// verifyGiven compares what a row gives with what is held by it.
func (r reads) verifyGiven(row *record.Row, report *VerifyReport) error {
	given, err := judge.Granted(r, r.options.Schema, row)
	if err != nil {
		return err
	}
	held, err := r.HoldsFrom(row.Key())
	if err != nil {
		return err
	}
	same := func(a judge.Hold) func(judge.Hold) bool {
		return func(b judge.Hold) bool { return a.Person == b.Person && a.Bucket == b.Bucket && a.Right == b.Right }
	}
	for _, h := range held {
		if !slices.ContainsFunc(given, same(h)) {
			report.problem("holds: %s %s does not give %s what is held by it", row.Table.Name, row.ID, h.Person)
		}
	}
	for _, h := range given {
		if isCertain(row, h) && !slices.ContainsFunc(held, same(h)) {
			report.problem("holds: %s %s gives %s what is not held by it", row.Table.Name, row.ID, h.Person)
		}
	}
	return nil
}

// isCertain reports whether what the row gives is held whatever happened before: no device had a part in it, which may have lost
// what it gave away (judge, late.go), nor does another row lie on the way.
func isCertain(row *record.Row, h judge.Hold) bool {
	for dot := range row.Vector.All() {
		if dot.Actor.Side() == clock.SideDevice {
			return false
		}
	}
	return slices.ContainsFunc(row.Table.Grants, func(g schema.Grant) bool {
		return g.Group == nil && g.Right == h.Right && row.Get(g.To).Ref() == h.Person &&
			slices.ContainsFunc(g.Paths, func(p schema.Path) bool { return p.Kind == h.Bucket.Kind && leadsAtOnce(row, p, h.Bucket.ID) })
	})
}

func leadsAtOnce(row *record.Row, p schema.Path, to record.ID) bool {
	switch {
	case p.Back != nil || len(p.Via) > 1:
		return false
	case len(p.Via) == 0:
		return row.ID == to
	}
	return row.Get(p.Via[0]).Ref() == to
}
