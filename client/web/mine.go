package web

import (
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// minePage is one day of the user's, as his daily report says it, and his jobs of the past.
type minePage struct {
	frame
	aftersales.DayReport
	Kinds  func(code string) map[string]string // what kinds of job are called
	Day    string                              // "2026-03-09"; "" for today
	Before string                              // the days beside it; After is "" on today
	After  string
	Past   []client.JobLine
	More   bool
}

// mine shows what the user did on a day, task by task, what he took, and his finished jobs.
func (v *request) mine() error {
	p := minePage{frame: v.frame("My day")}
	p.Tab, p.Back = "more", todayURL
	from, until := p.choose(v)
	jobs, err := v.ids(`SELECT job FROM time_mark WHERE _del = 0 AND person = ?1 AND corrected >= ?2 AND corrected < ?4
		UNION SELECT job FROM movement WHERE _del = 0 AND author = ?1 AND job IS NOT NULL AND corrected >= ?3 AND corrected < ?4
		UNION SELECT job FROM payment WHERE _del = 0 AND author = ?1 AND corrected >= ?3 AND corrected < ?4`,
		v.me[:], from-aftersales.DayBefore, from, until)
	if err != nil {
		return err
	}
	err = v.view(func(tx client.Tx) (err error) {
		if p.Kinds, err = labels(tx, aftersales.ListJobKind); err != nil {
			return err
		}
		p.DayReport, err = aftersales.ReportDay(tx, v.me, jobs, from, until, tx.Now())
		return err
	})
	if err != nil {
		return err
	}
	if err := p.past(v); err != nil {
		return err
	}
	return v.show("mine", p)
}

// choose reads which day is asked for, today where it is none, and returns when it begins and ends (ms UTC).
func (p *minePage) choose(v *request) (from, until int64) {
	y, m, d := v.App.today().Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, v.Zone)
	if asked, err := time.ParseInLocation(time.DateOnly, v.form("day"), v.Zone); err == nil && asked.Before(day) {
		p.After = asked.AddDate(0, 0, 1).Format(time.DateOnly)
		day, p.Day = asked, asked.Format(time.DateOnly)
	}
	p.Before = day.AddDate(0, 0, -1).Format(time.DateOnly)
	return day.UnixMilli(), day.AddDate(0, 0, 1).UnixMilli()
}

// ids returns the ids that a query has in its only column.
func (v *request) ids(query string, args ...any) ([]record.ID, error) {
	return sqlrow.IDs(v.client.Query(v.ctx(), query, args...))
}

// maxPast is how many jobs of the past a page shows; the search finds the others.
const maxPast = 30

func (p *minePage) past(v *request) error {
	ids, err := v.ids(`SELECT id FROM job WHERE _del = 0 AND state IN ('done', 'closed') AND finished_at IS NOT NULL
		ORDER BY finished_at DESC LIMIT ?`, maxPast+1)
	if err != nil {
		return err
	}
	p.More = len(ids) > maxPast
	return v.view(func(tx client.Tx) error {
		for _, id := range ids[:min(len(ids), maxPast)] {
			job, err := rowAs(tx, "job", id, aftersales.JobOf)
			if err != nil {
				return err
			}
			party, err := rowAs(tx, "party", job.Party, aftersales.PartyOf)
			if err != nil {
				return err
			}
			p.Past = append(p.Past, client.JobLine{Job: job, Customer: party.Name})
		}
		return nil
	})
}

// newPage makes a job that was found on site.
type newPage struct {
	frame
	Query string
	Found []hit
	Party aftersales.Party
	Unit  aftersales.Unit
	Kinds []aftersales.Code
}

// newJob asks for whom, then for what.
func (v *request) newJob() error {
	p := newPage{frame: v.frame("New job"), Query: v.form("q")}
	p.Tab, p.Back = "today", todayURL
	var hits []client.Hit
	var err error
	if p.Query != "" {
		options := client.SearchOptions{Tables: []string{"unit", "party"}, Limit: maxPicks}
		if hits, err = v.client.Search(v.ctx(), p.Query, options); err != nil {
			return err
		}
	}
	if err := v.view(func(tx client.Tx) error { return p.read(v, tx, hits) }); err != nil {
		return err
	}
	return v.show("new", p)
}

func (p *newPage) read(v *request, tx client.Tx, hits []client.Hit) error {
	for _, h := range hits {
		row, err := tx.Row(h.Table, h.ID)
		if err != nil {
			return err
		}
		if row != nil {
			found := v.hit(row)
			found.URL = "/jobs/new?" + h.Table + "=" + h.ID.String()
			p.Found = append(p.Found, found)
		}
	}
	unit, err := v.formID("unit")
	if err != nil {
		return err
	}
	party, err := v.formID("party")
	if err != nil {
		return err
	}
	if p.Unit, err = rowAs(tx, "unit", unit, aftersales.UnitOf); err != nil {
		return err
	}
	if party.IsZero() {
		party = p.Unit.Party
	}
	if p.Party, err = rowAs(tx, "party", party, aftersales.PartyOf); err != nil {
		return err
	}
	p.Kinds, err = aftersales.Codes(tx, aftersales.ListJobKind, false)
	return err
}

// createJob makes the job; the user leads it.
func (v *request) createJob() error {
	unit, err := v.formID("unit")
	if err != nil {
		return err
	}
	party, err := v.formID("party")
	if err != nil {
		return err
	}
	in := aftersales.JobInput{
		Origin: aftersales.OriginFound, Unit: unit, Party: party, Title: v.form("title"), Description: v.form("description"),
		Kind: v.form("kind"),
	}
	var job record.ID
	err = v.once("job", aftersales.CauseJobCreate, func(tx client.Tx) (err error) {
		job, err = aftersales.CreateJob(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	if job.IsZero() { // it was made before, and its answer was lost
		return v.redirect(todayURL)
	}
	return v.redirect(jobURL(job))
}
