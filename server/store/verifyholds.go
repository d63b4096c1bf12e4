package store

import (
	"errors"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// verifyHolds looks for people who hold what no row gives them, and who do not hold what one gives: see judge.VerifyHolds.
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
	groundless, missing, err := judge.VerifyHolds(r, r.options.Schema, row)
	for _, h := range groundless {
		report.problem("holds: %s %s does not give %s what is held by it", row.Table.Name, row.ID, h.Person)
	}
	for _, h := range missing {
		report.problem("holds: %s %s gives %s what is not held by it", row.Table.Name, row.ID, h.Person)
	}
	return err
}
