package admin

import (
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"slices"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// readWaiting reads the jobs that nobody has, in the order in which to give them out.
func (b *board) readWaiting(a boardAsked) error {
	within, args := b.v.within("j.branch")
	query := "SELECT j.id, j.priority, j.due_at, j.reported_on FROM job j WHERE j.state IN ('new', 'planned', 'in_work') AND j._del = 0" +
		" AND j.archived_at IS NULL AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.job = j.id AND a.state = 'open' AND a._del = 0)" + within
	if !a.Branch.IsZero() {
		query, args = query+" AND j.branch = ?", append(args, a.Branch[:])
	}
	var jobs []aftersales.Job
	err := b.r.Select(func(q *sqlrow.Rows) error {
		jobs = append(jobs, aftersales.Job{ID: q.ID(0), Priority: q.Int(1), DueAt: q.Int(2), ReportedOn: q.Int(3)})
		return q.Err()
	}, query, args...)
	if err != nil {
		return err
	}
	today := b.today()
	slices.SortFunc(jobs, aftersales.DispatchOrder(today))
	b.More = max(0, len(jobs)-unassignedMost)
	jobs = jobs[:len(jobs)-b.More]
	if err := b.foreseeWaiting(jobs); err != nil {
		return err
	}
	for _, job := range jobs {
		one, err := b.waiting(job, today)
		if err != nil {
			return err
		}
		b.Waiting = append(b.Waiting, one)
	}
	return nil
}

// foreseeWaiting reads ahead what is shown of jobs: their rows, and then those that they name.
func (b *board) foreseeWaiting(jobs []aftersales.Job) error {
	var rows, named []record.Key
	for _, job := range jobs {
		rows = append(rows, b.key("job", job.ID))
	}
	if err := b.foresee(rows); err != nil {
		return err
	}
	for _, found := range jobs {
		row, err := b.view.Row("job", found.ID)
		if err != nil {
			return err
		}
		job := aftersales.JobOf(row)
		named = append(named, b.key("request", job.Request), b.key("party", job.Party), b.key("site", job.Site))
	}
	return b.foresee(named)
}

// today is the date in the company's zone, in days since 1970-01-01.
func (b *board) today() int64 {
	y, m, d := time.UnixMilli(b.now).In(b.o.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).UnixMilli() / dayMillis
}

func (b *board) waiting(found aftersales.Job, today int64) (waiting, error) {
	row, err := b.view.Row("job", found.ID)
	if err != nil {
		return waiting{}, err
	}
	job := aftersales.JobOf(row)
	request, err := b.view.Row("request", job.Request)
	if err != nil {
		return waiting{}, err
	}
	needs, _ := json.Marshal(job.Needs)
	one := &bar{
		Job: job.ID, Number: job.Number, Title: job.Title, State: job.State, Priority: job.Priority, Due: job.DueAt, Open: true,
		Start: job.PlanStart, End: job.PlanEnd, kind: job.Kind, needs: string(needs), branch: job.Branch,
		fault: cmp.Or(job.FaultCode, aftersales.RequestOf(request).FaultCode),
	}
	for table, id := range map[string]record.ID{"party": job.Party, "site": job.Site} {
		name, err := b.n.row(record.Key{Table: b.o.Schema.Table(table).ID, ID: id})
		if err != nil {
			return waiting{}, err
		}
		if table == "party" {
			one.Customer = name
		} else {
			one.Place = name
		}
	}
	if err = b.fillBar(one); err == nil {
		one.Seen, err = b.seen(job.ID, record.ID{})
	}
	one.Late = one.Due != 0 && one.Due < b.now
	return waiting{bar: one, Left: job.ReportedOn < today, Reported: job.ReportedOn}, err
}

// choices are the branches and groups that the board can be narrowed to.
func (b *board) choices() (branches, teams []option, err error) {
	for table, into := range map[string]*[]option{"branch": &branches, "team": &teams} {
		err := b.r.Select(func(q *sqlrow.Rows) error {
			*into = append(*into, option{q.ID(0).String(), q.Text(1)})
			return q.Err()
		}, "SELECT id, name FROM "+table+" WHERE archived_at IS NULL AND _del = 0 ORDER BY name, id")
		if err != nil {
			return nil, nil, err
		}
	}
	return branches, teams, nil
}

func selectIDs(r Reader, query string, args ...driver.Value) (ids []record.ID, err error) {
	err = r.Select(func(q *sqlrow.Rows) error { ids = append(ids, q.ID(0)); return q.Err() }, query, args...)
	return ids, err
}

// recalled is a view that reads each thing once: a board asks the same calendar and policy for everybody.
type recalled struct {
	aftersales.View
	rows map[rowName]*record.Row
	refs map[refName][]*record.Row
}

type (
	rowName struct {
		table string
		id    record.ID
	}
	refName struct {
		table, column string
		id            record.ID
	}
)

func recall(v aftersales.View) aftersales.View {
	return recalled{v, map[rowName]*record.Row{}, map[refName][]*record.Row{}}
}

func (r recalled) Row(table string, id record.ID) (*record.Row, error) {
	name := rowName{table, id}
	if row, known := r.rows[name]; known {
		return row, nil
	}
	row, err := r.View.Row(table, id)
	if err == nil {
		r.rows[name] = row
	}
	return row, err
}

func (r recalled) Refs(table, column string, id record.ID) ([]*record.Row, error) {
	name := refName{table, column, id}
	if rows, known := r.refs[name]; known {
		return rows, nil
	}
	rows, err := r.View.Refs(table, column, id)
	if err == nil {
		r.refs[name] = rows
	}
	return rows, err
}
