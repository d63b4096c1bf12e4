package replica

import (
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// Plan is what the person at the device last saw of when a job of his was to be done. It is the device's own: the hub never
// has it. The number is there for a job that has left the device since.
type Plan struct {
	Job    record.ID
	Number string
	Start  int64 // ms UTC; 0 for none
	Finish int64
}

// Plans returns all plans that were seen, in the order of their jobs.
func (tx *Tx) Plans() (list []Plan, err error) {
	if kept, err := tx.conn.HasTable("_plan"); err != nil || !kept { // read as an older program left it
		return nil, err
	}
	err = tx.conn.Each(func(r *sqlrow.Rows) error {
		list = append(list, Plan{r.ID(0), r.Text(1), r.Int(2), r.Int(3)})
		return r.Err()
	}, "SELECT job, number, start, finish FROM _plan ORDER BY job")
	return list, err
}

// PutPlan notes what was seen of a job.
func (tx *Tx) PutPlan(p Plan) error {
	_, err := tx.conn.Exec("INSERT OR REPLACE INTO _plan(job, number, start, finish) VALUES(?, ?, ?, ?)", p.Job[:], p.Number, p.Start, p.Finish)
	return err
}

// DropPlan forgets what was seen of a job.
func (tx *Tx) DropPlan(job record.ID) error {
	_, err := tx.conn.Exec("DELETE FROM _plan WHERE job = ?", job[:])
	return err
}
