package client

import (
	"cmp"
	"context"
	"iter"
	"strings"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Jobs is typed access to the jobs on the device, and to the visits and slips that belong to them. Every method that
// changes something is one durable change that works offline; what the rules refuse is a *fault.Error with the codes
// of the command in package aftersales.
type Jobs struct{ c *Client }

// Jobs returns typed access to the jobs on the device.
func (c *Client) Jobs() Jobs { return Jobs{c} }

// Which says which jobs a list shows.
type Which int

// The choices.
const (
	JobsOpen  Which = iota // neither done, closed nor cancelled, nor given back by the user, whether the hub has heard that or not
	JobsToday              // open, and planned or due by the end of the day, or under way; what is overdue is among them
	JobsAll                // all that the device holds, finished and archived ones too
)

// JobFilter says which jobs a list shows. The zero filter shows the open ones.
type JobFilter struct {
	Which Which
	// Text narrows the list to jobs where each of its words stands somewhere in the number, the title, the description,
	// the finding, the solution, the note, or the customer's, site's or machine's names, addresses, numbers and serial
	// numbers: at any place in them, Chinese too. Case does not matter in ASCII; other letters match as they are
	// written, so that 维修 does not find 維修. It reads every job that the device holds.
	Text string
	Day  time.Time // whose end JobsToday means, in its own zone; zero: today, in the zone of the device's clock
	// Skip passes over so many of the list, and Limit ends it after so many more, 0 for all of them: only those are read, for who
	// shows a list page by page.
	Skip, Limit int
}

// JobLine is a job as a list shows it. What the device does not know is empty.
type JobLine struct {
	aftersales.Job
	Customer string `json:"customer"`
	Place    string `json:"place"` // the site's name and address
	Machine  string `json:"machine"`
	Serial   string `json:"serial"`
	Visit    string `json:"visit"`  // the state of the user's latest visit
	Start    int64  `json:"start"`  // of the user's window, else of the job's plan; ms UTC
	Finish   int64  `json:"finish"` // of the same
}

// List returns the jobs that the filter shows, all of them: open ones before others, those under way first, then by
// their start, priority, due time and age; finished ones by when they were finished, the latest first.
func (j Jobs) List(ctx context.Context, f JobFilter) ([]JobLine, error) { return list(j.Each(ctx, f)) }

// Each yields the jobs of List one by one. It reads them in pages, so that a caller may take his time and may write;
// an error ends the sequence.
func (j Jobs) Each(ctx context.Context, f JobFilter) iter.Seq2[JobLine, error] {
	return each(ctx, j.c, func(me record.ID) ([]record.ID, error) {
		ids, err := j.c.find(ctx, jobsQuery, me[:], f.Which, j.dayEnd(f.Day), wordsOf(f.Text))
		ids = ids[min(max(f.Skip, 0), len(ids)):]
		if f.Limit > 0 {
			ids = ids[:min(f.Limit, len(ids))]
		}
		return ids, err
	}, jobLine)
}

// dayEnd returns when the day ends, in ms UTC.
func (j Jobs) dayEnd(day time.Time) int64 {
	if day.IsZero() {
		day = j.c.Now()
	}
	y, m, d := day.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, day.Location()).UnixMilli()
}

// CountOpen returns how many jobs JobsOpen lists.
func (j Jobs) CountOpen(ctx context.Context) (n int, err error) {
	me, err := j.c.Person(ctx)
	if err != nil {
		return 0, err
	}
	rows, err := j.c.Query(ctx, `SELECT count(*) FROM job WHERE _del = 0 AND archived_at IS NULL
		AND state NOT IN ('done', 'closed', 'cancelled') AND id NOT IN (`+givenBack+`)`, me[:])
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		err = rows.Scan(&n)
	}
	return n, cmp.Or(err, rows.Err())
}

// givenBack are the jobs that the person ?1 declined, and was not given again: each is here until the hub has heard of it. As in
// jobsQuery, a "+" keeps an index from being used.
const givenBack = `SELECT d.job FROM assignment d WHERE d.state = 'declined' AND d.person = ?1 AND d._del = 0
	AND NOT EXISTS (SELECT 1 FROM assignment o WHERE o.job = d.job AND +o.state = 'open' AND (+o.person = ?1 OR o.team IS NOT NULL) AND o._del = 0)`

// jobsQuery takes the person, the choice, the end of the day and the words. A "+" keeps an index from being used: all
// assignments and visits here are the user's, so that the index to look them up by is that of the job.
var jobsQuery = `
WITH mine AS (
	SELECT j.*, j.state IN ('done', 'closed', 'cancelled') AS over,
		coalesce((SELECT min(+a.window_start) FROM assignment a
			WHERE a.job = j.id AND +a.person = ?1 AND a.state IN ('open', 'finished') AND a._del = 0), j.plan_start) AS start,
		EXISTS (SELECT 1 FROM visit v WHERE v.job = j.id AND +v.person = ?1 AND v._del = 0
			AND v.state IN ('travelling', 'on_site', 'paused')) AS busy
	FROM job j WHERE j._del = 0
)
SELECT mine.id FROM mine
LEFT JOIN party ON party.id = mine.party
LEFT JOIN site ON site.id = mine.site
LEFT JOIN unit ON unit.id = mine.unit
WHERE (?2 = 2 OR NOT over AND mine.archived_at IS NULL AND mine.id NOT IN (` + givenBack + `))
	AND (?2 <> 1 OR busy OR start < ?3 OR mine.due_at < ?3)
	AND ` + strings.Replace(contains(`mine.number, mine.title, mine.description, mine.finding, mine.solution, mine.note,
		party.number, party.name, site.name, site.city, site.address, unit.number, unit.name, unit.serial`), "?", "?4", 1) + `
ORDER BY over, CASE WHEN over THEN -coalesce(mine.finished_at, 0) END, busy DESC, start IS NULL, start,
	mine.priority IS NULL, mine.priority, mine.due_at IS NULL, mine.due_at, mine.id`

func jobLine(tx Tx, id record.ID) (*JobLine, error) {
	row, err := tx.Row("job", id)
	if row == nil {
		return nil, err
	}
	l := &JobLine{Job: aftersales.JobOf(row)}
	if err := l.surroundings(tx); err != nil {
		return nil, err
	}
	visits, err := aftersales.Visits(tx, id)
	if err != nil {
		return nil, err
	}
	for _, v := range visits {
		if v.Person == tx.Author() {
			l.Visit = v.State
		}
	}
	return l, l.window(tx)
}

// surroundings fills in whom and what the job is for.
func (l *JobLine) surroundings(tx Tx) error {
	party, err := standing(tx, "party", l.Job.Party)
	if err != nil {
		return err
	}
	site, err := standing(tx, "site", l.Job.Site)
	if err != nil {
		return err
	}
	unit, err := standing(tx, "unit", l.Job.Unit)
	if err != nil {
		return err
	}
	s, u := aftersales.SiteOf(site), aftersales.UnitOf(unit)
	l.Customer = aftersales.PartyOf(party).Name
	l.Place = strings.Join(strings.Fields(s.Name+" "+s.City+" "+s.Address), " ")
	l.Machine, l.Serial = cmp.Or(u.Name, u.Number), u.Serial
	return nil
}

// window fills in when the job is planned.
func (l *JobLine) window(tx Tx) error {
	l.Start, l.Finish = l.PlanStart, l.PlanEnd
	held, err := aftersales.Assignments(tx, l.ID, aftersales.AssignmentOpen, aftersales.AssignmentFinished)
	for _, a := range held {
		if a.Person == tx.Author() && a.WindowStart != 0 {
			l.Start, l.Finish = a.WindowStart, a.WindowEnd
			return nil
		}
	}
	return err
}

// standing returns the row that stands for the one with this id, nil if it is not here.
func standing(tx Tx, table string, id record.ID) (*record.Row, error) {
	if id.IsZero() {
		return nil, nil
	}
	id, err := aftersales.Survivor(tx, table, id)
	if err != nil {
		return nil, err
	}
	return tx.Row(table, id)
}

// Find returns the job that a person means: by its number, else by how its number or its id begins. Codes:
// fault.UnknownRow, Ambiguous.
func (j Jobs) Find(ctx context.Context, said string) (record.ID, error) {
	return j.c.resolve(ctx, naming{"job", "number", "job"}, said)
}

// Get returns the job with everything that belongs to it. Codes: fault.UnknownRow.
func (j Jobs) Get(ctx context.Context, job record.ID) (*aftersales.JobView, error) {
	return see(ctx, j.c, func(tx Tx) (*aftersales.JobView, error) { return aftersales.ReadJob(tx, job) })
}

// Create makes a job that was found on site: its origin is aftersales.OriginFound unless in says otherwise, and the
// user leads it. It returns the job's id.
func (j Jobs) Create(ctx context.Context, in aftersales.JobInput) (record.ID, error) {
	in.Origin = cmp.Or(in.Origin, aftersales.OriginFound)
	return add(ctx, j.c, aftersales.CauseJobCreate, aftersales.CreateJob, in)
}

// Accept takes the job on.
func (j Jobs) Accept(ctx context.Context, in aftersales.VisitInput) error {
	return do(ctx, j.c, aftersales.CauseVisitAccept, aftersales.Accept, in)
}

// Travel sets out, and starts the travel clock.
func (j Jobs) Travel(ctx context.Context, in aftersales.VisitInput) error {
	return do(ctx, j.c, aftersales.CauseVisitTravel, aftersales.Travel, in)
}

// Arrive begins work on site, and starts the work clock.
func (j Jobs) Arrive(ctx context.Context, in aftersales.VisitInput) error {
	return do(ctx, j.c, aftersales.CauseVisitArrive, aftersales.Arrive, in)
}

// Pause interrupts the visit.
func (j Jobs) Pause(ctx context.Context, in aftersales.VisitInput) error {
	return do(ctx, j.c, aftersales.CauseVisitPause, aftersales.Pause, in)
}

// Resume goes on with work on site.
func (j Jobs) Resume(ctx context.Context, in aftersales.VisitInput) error {
	return do(ctx, j.c, aftersales.CauseVisitResume, aftersales.Resume, in)
}

// Decline gives the job back to the office, with a reason.
func (j Jobs) Decline(ctx context.Context, in aftersales.EndInput) error {
	return do(ctx, j.c, aftersales.CauseVisitDecline, aftersales.Decline, in)
}

// NoAccess ends a visit that met a closed door; the job stays with the user.
func (j Jobs) NoAccess(ctx context.Context, in aftersales.EndInput) error {
	return do(ctx, j.c, aftersales.CauseVisitNoAccess, aftersales.NoAccess, in)
}

// Finding writes what was found and done.
func (j Jobs) Finding(ctx context.Context, in aftersales.FindingInput) error {
	return do(ctx, j.c, aftersales.CauseJobFinding, aftersales.RecordFinding, in)
}

// Complete ends the visit and, where the user leads the job and nothing is left to do, the job.
func (j Jobs) Complete(ctx context.Context, in aftersales.CompleteInput) error {
	return do(ctx, j.c, aftersales.CauseJobComplete, aftersales.Complete, in)
}

// Note adds a line to the job's log, and returns the line's id.
func (j Jobs) Note(ctx context.Context, job record.ID, text string) (record.ID, error) {
	return add(ctx, j.c, aftersales.CauseJobNote, func(tx Tx, text string) (record.ID, error) {
		return aftersales.AddNote(tx, job, text)
	}, text)
}

// Substate names the company's own state under the job's; "" none.
func (j Jobs) Substate(ctx context.Context, job record.ID, substate string) error {
	return do(ctx, j.c, aftersales.CauseJobSubstate, func(tx Tx, s string) error {
		return aftersales.SetSubstate(tx, job, s)
	}, substate)
}

// WriteSlip makes a slip, or writes on one that is not audited, and returns its id.
func (j Jobs) WriteSlip(ctx context.Context, in aftersales.SlipInput) (record.ID, error) {
	return add(ctx, j.c, aftersales.CauseSlipWrite, aftersales.WriteSlip, in)
}

// SignSlip has the customer sign a slip, or says why he did not.
func (j Jobs) SignSlip(ctx context.Context, in aftersales.SignInput) error {
	return do(ctx, j.c, aftersales.CauseSlipSign, aftersales.SignSlip, in)
}
