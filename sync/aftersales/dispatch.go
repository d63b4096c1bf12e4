package aftersales

import (
	"cmp"
	"math"
	"slices"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/worktime"
)

// What to think twice about before a job is given to somebody.
const (
	WarnOverlap = "overlap" // he has other jobs in the same time
	WarnAbsent  = "absent"
	WarnOff     = "off"     // outside his working time
	WarnSkill   = "skill"   // he cannot do all of it
	WarnStarted = "started" // whoever has it now may have started, and his phone is silent
)

// Warning is something to think twice about. It stops nobody: a dispatcher knows more than a program.
type Warning struct {
	Code   string      `json:"code"`
	Person record.ID   `json:"person"`
	Jobs   []record.ID `json:"jobs"` // those in the same time; the one that may have been started
}

// Warnings returns what to think twice about before the job is given to the person in a window (ms UTC; both zero: the
// job's). Codes: fault.UnknownRow.
func Warnings(v View, job, person record.ID, start, end, now int64) ([]Warning, error) {
	row, err := need(v, "person", person)
	if err != nil {
		return nil, err
	}
	c, err := candidate(v, PersonOf(row))
	if err != nil {
		return nil, err
	}
	return WarningsAbout(v, job, c, start, end, now)
}

// WarningsAbout is Warnings of somebody about whom the caller knows already what dispatching asks.
func WarningsAbout(v View, job record.ID, c Candidate, start, end, now int64) ([]Warning, error) {
	q, err := newQuestion(v, job, now)
	if err != nil {
		return nil, err
	}
	if start != 0 {
		q.start, q.end = start, end
	}
	s, err := q.suggestion(c)
	var list []Warning
	for _, r := range s.Reasons {
		w := Warning{Code: r.Code, Person: c.Person.ID}
		switch {
		case r.Code == ReasonOverlap:
			for _, a := range busy(c.Open, q.start, q.end) {
				if a.Job != job {
					w.Jobs = append(w.Jobs, a.Job)
				}
			}
		case r.Code == ReasonSkill && r.N < r.M, r.Code == ReasonAbsent, r.Code == ReasonOff:
		default:
			continue
		}
		list = append(list, w)
	}
	return list, err
}

// busy returns the assignments whose windows touch the time from start to end.
func busy(open []Assignment, start, end int64) []Assignment {
	var list []Assignment
	for _, a := range open {
		if a.WindowStart != 0 && a.WindowStart < end && start < cmp.Or(a.WindowEnd, a.WindowStart+1) {
			list = append(list, a)
		}
	}
	return list
}

func intervals(assignments []Assignment) []worktime.Interval {
	var list []worktime.Interval
	for _, a := range assignments {
		list = append(list, worktime.Interval{Start: a.WindowStart, End: cmp.Or(a.WindowEnd, a.WindowStart+1)})
	}
	return list
}

func absent(absences []Absence) []worktime.Interval {
	var list []worktime.Interval
	for _, a := range absences {
		list = append(list, worktime.Interval{Start: a.StartsAt, End: a.EndsAt})
	}
	return list
}

// ignore returns the error unless it is a refusal with the code.
func ignore(err error, code fault.Code) error {
	if fault.CodeOf(err) == code {
		return nil
	}
	return err
}

// MayHaveStarted says whether to warn before a job is moved away from whom it is given to: he may have started it and
// not been able to say so. lastContact is when the hub last heard of his phone, 0 for never; all times are ms UTC.
//
// A phone that was not heard of since the job was given cannot know of it. One that was heard of lately would have told.
// And nobody sets out long before a window opens. Codes: fault.UnknownRow.
func MayHaveStarted(v View, assignment record.ID, lastContact, now int64) (bool, error) {
	row, err := need(v, "assignment", assignment)
	if err != nil {
		return false, err
	}
	a := AssignmentOf(row)
	visits, err := v.Refs("visit", "assignment", assignment)
	if err != nil {
		return false, err
	}
	for _, visit := range visits {
		if s := visit.Get("state").Text(); s == VisitTravelling || s == VisitOnSite || s == VisitPaused {
			return true, nil
		}
	}
	p, _, err := InForce[DispatchPolicy](v, PolicyDispatch, a.Branch, now)
	switch {
	case err != nil || a.State != AssignmentOpen || lastContact < a.AssignedAt:
		return false, err
	case a.WindowStart != 0 && now < a.WindowStart-p.EarlyMinutes*60_000:
		return false, nil
	}
	return now-lastContact >= p.SilentMinutes*60_000, nil
}

// Today returns the date of an instant by the clocks of the branch, in days since 1970-01-01.
func Today(v View, branch record.ID, at int64) (int64, error) {
	row, err := v.Row("branch", branch)
	if err != nil {
		return 0, err
	}
	zone, err := worktime.Zone(zoneOf(row))
	if err != nil {
		return 0, err
	}
	y, m, d := time.UnixMilli(at).In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).UnixMilli() / dayMillis, nil
}

// DispatchOrder returns the order in which jobs that nobody has are to be given out on a day (days since 1970-01-01):
// those that were left over come first, then the urgent ones, then those that are due, then the oldest.
func DispatchOrder(today int64) func(a, b Job) int {
	last := func(n int64) int64 {
		if n == 0 {
			return math.MaxInt64
		}
		return n
	}
	fresh := func(j Job) int64 { return map[bool]int64{true: 1}[j.ReportedOn >= today] }
	return func(a, b Job) int {
		return cmp.Or(
			cmp.Compare(fresh(a), fresh(b)), cmp.Compare(last(a.Priority), last(b.Priority)),
			cmp.Compare(last(a.DueAt), last(b.DueAt)), cmp.Compare(a.ReportedOn, b.ReportedOn), compareIDs(a.ID, b.ID),
		)
	}
}

// Undispatched returns the jobs among those given that wait for somebody, in the order in which to give them out.
func Undispatched(jobs []Job, today int64) []Job {
	var list []Job
	for _, job := range jobs {
		if job.State == JobNew && job.ArchivedAt == 0 {
			list = append(list, job)
		}
	}
	slices.SortFunc(list, DispatchOrder(today))
	return list
}
