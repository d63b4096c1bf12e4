package web

import (
	"slices"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// minePage is the user's own day, and his jobs of the past.
type minePage struct {
	frame
	Hours []hoursLine
	Spent map[string]time.Duration // today, by kind
	Cash  []cashLine
	Taken []takenLine
	Past  []client.JobLine
	More  bool
}

type hoursLine struct {
	Job   aftersales.Job
	Spent map[string]time.Duration
}

// takenLine is what was taken by one method, in one currency.
type takenLine struct {
	Method string
	Sum    aftersales.Money
}

type cashLine struct {
	aftersales.Payment
	Job aftersales.Job
}

// mine shows hours, money and finished jobs.
func (v *request) mine() error {
	p := minePage{frame: v.frame("My day"), Spent: map[string]time.Duration{}}
	p.Tab, p.Back = "more", todayURL
	timed, err := v.ids(`SELECT DISTINCT job FROM time_mark WHERE _del = 0 AND person = ? AND corrected >= ? - 86400000`, v.me[:], v.morning())
	if err != nil {
		return err
	}
	paid, err := v.ids(`SELECT id FROM payment WHERE _del = 0 AND author = ? AND corrected >= ? ORDER BY corrected`, v.me[:], v.morning())
	if err != nil {
		return err
	}
	if err := v.view(func(tx client.Tx) error { return firstOf(p.hours(v, tx, timed), p.cash(tx, paid)) }); err != nil {
		return err
	}
	if err := p.past(v); err != nil {
		return err
	}
	return v.show("mine", p)
}

// ids returns the ids that a query has in its first column.
func (v *request) ids(query string, args ...any) (list []record.ID, err error) {
	rows, err := v.client.Query(v.ctx(), query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		list = append(list, record.ID(b))
	}
	return list, rows.Err()
}

// hours adds up the stretches of today. One that began before midnight counts from midnight.
func (p *minePage) hours(v *request, tx client.Tx, jobs []record.ID) error {
	for _, id := range jobs {
		marks, err := aftersales.TimeMarks(tx, id, v.me)
		if err != nil {
			return err
		}
		line := hoursLine{Spent: spentSince(marks, v.morning(), tx.Now())}
		if len(line.Spent) == 0 {
			continue
		}
		if line.Job, err = rowAs(tx, "job", id, aftersales.JobOf); err != nil {
			return err
		}
		for kind, d := range line.Spent {
			p.Spent[kind] += d
		}
		p.Hours = append(p.Hours, line)
	}
	return nil
}

// spentSince returns how long the stretches that the marks make lasted since a moment, by kind.
func spentSince(marks []aftersales.TimeMark, from, now int64) map[string]time.Duration {
	spent := map[string]time.Duration{}
	var running *aftersales.TimeMark
	stop := func(at int64) {
		if running != nil && at > max(running.Corrected, from) {
			spent[running.Kind] += time.Duration(at-max(running.Corrected, from)) * time.Millisecond
		}
		running = nil
	}
	for i, m := range marks {
		switch {
		case m.Edge == aftersales.EdgeStart:
			stop(m.Corrected)
			running = &marks[i]
		case running != nil && running.Kind == m.Kind:
			stop(m.Corrected)
		}
	}
	stop(now)
	return spent
}

// cash adds up what was taken today.
func (p *minePage) cash(tx client.Tx, payments []record.ID) error {
	for _, id := range payments {
		later, err := tx.Refs("payment", "replaces", id)
		if err != nil {
			return err
		}
		if len(later) > 0 {
			continue
		}
		line := cashLine{}
		if line.Payment, err = rowAs(tx, "payment", id, aftersales.PaymentOf); err != nil {
			return err
		}
		if line.Job, err = rowAs(tx, "job", line.Payment.Job, aftersales.JobOf); err != nil {
			return err
		}
		p.Cash = append(p.Cash, line)
		p.take(line)
	}
	return nil
}

func (p *minePage) take(line cashLine) {
	i := slices.IndexFunc(p.Taken, func(t takenLine) bool {
		return t.Method == line.Method && t.Sum.Currency == line.Amount.Currency
	})
	if i < 0 {
		p.Taken = append(p.Taken, takenLine{line.Method, line.Amount})
		return
	}
	p.Taken[i].Sum.Minor += line.Amount.Minor
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
