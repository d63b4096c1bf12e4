package admin

import (
	"fmt"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// jobStates are the states in the order in which work goes.
var jobStates = []string{
	aftersales.JobNew, aftersales.JobPlanned, aftersales.JobInWork, aftersales.JobDone, aftersales.JobCancelled, aftersales.JobClosed,
}

// What is asked of a job j in more than one place.
const (
	isToBeDone = "j.state IN ('new', 'planned', 'in_work')"
	isNobodys  = isToBeDone + " AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.job = j.id AND a.state = 'open' AND a._del = 0)"
)

// inConflict is the job of each open conflict, in its own row or in one that belongs to it.
var inConflict = func() string {
	query := fmt.Sprintf("SELECT pk AS job FROM _conflict WHERE open = 1 AND tbl = %d", aftersales.Schema.Table("job").ID)
	for _, t := range aftersales.Schema.Tables {
		if at := t.Column("job"); at >= 0 && t.Columns[at].Kind == schema.Ref {
			query += fmt.Sprintf(" UNION ALL SELECT x.job FROM _conflict c JOIN %s x ON x.id = c.pk WHERE c.open = 1 AND c.tbl = %d",
				sqlrow.Quote(t.Name), t.ID)
		}
	}
	return query
}()

// Jobs is the list of all jobs, the latest first. None of its indexes on job has a column that every write of a job would
// touch, or a condition that holds for a living one: an update costs an index nothing unless it changes what stands in it.
var Jobs = &Listing{
	List: &list.List{
		Name: "job",
		From: "job j LEFT JOIN party p ON p.id = j.party LEFT JOIN site s ON s.id = j.site LEFT JOIN unit u ON u.id = j.unit" +
			" LEFT JOIN (SELECT job, count(*) AS n FROM (" + inConflict + ") disputed GROUP BY job) d ON d.job = j.id",
		ID: "j.id", Where: "j._del = 0", Order: "-made",
		Columns: []list.Column{
			{Name: "number", SQL: "j.number", Ref: "j.id", URL: jobsURL + "/"},
			{Name: "state", SQL: "j.state", Kind: list.Code, Codes: "job.state"},
			{Name: "priority", SQL: "j.priority", Kind: list.Number, Fixed: true},
			{Name: "title", SQL: "j.title", Fixed: true},
			{Name: "party", SQL: "p.name", Ref: "j.party", URL: customersURL + "/", Fixed: true},
			{Name: "site", SQL: "coalesce(s.name, s.address)", Fixed: true, Aside: true},
			{Name: "unit", SQL: calledUnit("u"), Ref: "j.unit", URL: assetsURL + "/", Fixed: true},
			{Name: "serial", SQL: "u.serial", Fixed: true, Aside: true},
			{Name: "person", SQL: "(SELECT string_agg(coalesce(w.name, g.name, ''), ', ' ORDER BY a.id) FROM assignment a LEFT JOIN person w ON w.id = a.person" +
				" LEFT JOIN team g ON g.id = a.team WHERE a.job = j.id AND a.state IN ('open', 'finished') AND a._del = 0)", Fixed: true},
			{Name: "plan_start", SQL: "j.plan_start", Kind: list.Instant},
			{Name: "plan_end", SQL: "j.plan_end", Kind: list.Instant, Fixed: true, Aside: true},
			{Name: "conflicts", SQL: "d.n", Kind: list.Number, Fixed: true, Aside: true},
			{Name: "made", SQL: "j.id", Kind: list.Made, Aside: true},
		},
		Filters: []list.Filter{
			{Name: "q", Test: list.Search, In: list.In("job", "j.id", "party", "j.party", "unit", "j.unit")},
			{Name: "person", Test: list.Refers, Where: "j.id IN (SELECT job FROM assignment WHERE person = ? AND state = 'open' AND _del = 0)",
				Options: "SELECT id, name FROM person WHERE technician = 1 AND archived_at IS NULL AND _del = 0 ORDER BY name, id"},
			ofRow("party", "j.party"), ofRow("unit", "j.unit"),
			{Name: "state", Test: list.OneOf, Where: "j.state", Codes: jobStates, Names: "job.state"},
			{Name: "unassigned", Test: list.Is, Where: isNobodys},
			{Name: "untimed", Test: list.Is, Where: "j.id IN (SELECT job FROM assignment WHERE window_start IS NULL AND state = 'open' AND _del = 0)"},
			{Name: "conflict", Test: list.Is, Where: "j.id IN (SELECT job FROM (" + inConflict + ") disputed)"},
			archived("j"),
			{Name: "from", Test: list.Since, Where: "j.plan_start"},
			{Name: "to", Test: list.Until, Where: "j.plan_start"},
		},
		Indexes: []string{
			`CREATE INDEX IF NOT EXISTS "job.state,id" ON job(state, id, plan_start)`,
			`CREATE INDEX IF NOT EXISTS "job.plan,id" ON job(plan_start, id)`,
			`CREATE INDEX IF NOT EXISTS "job.number,id" ON job(number, id)`,
			`CREATE INDEX IF NOT EXISTS "assignment.now" ON assignment(job, person, team) WHERE state = 'open' AND _del = 0`,
		},
	},
	Each: jobsEach,
	URL:  jobsURL, Title: "Jobs", New: jobsURL + "/new", Make: "New job", Need: auth.CreateJobs,
	Empty: "Your jobs will stand here: what is wrong, whose it is, and when. Technicians get theirs on the phone and work without signal.",
}

// ListJobs shows the jobs that the filters in the URL leave.
func (o *Office) ListJobs(v *Visit) error { return o.ShowList(v, Jobs, nil) }

// technicians returns the active people who can be sent to jobs.
func (o *Office) technicians(v *Visit) ([]auth.Person, error) {
	everybody, err := o.colleagues(v)
	return slices.DeleteFunc(everybody, func(p auth.Person) bool {
		return !p.Active || !p.Is(auth.Technician)
	}), err
}
