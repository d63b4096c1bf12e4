package web

import (
	"fmt"
	"slices"
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// jobLine is a job in a list, in three lines.
type jobLine struct {
	client.JobLine
	New  bool // given to the user since this morning
	News int  // comments of others since this morning
	Late bool // its promise is past and nobody has begun
	// Was is when it was to begin as far as the user knows, where that is another time; -1 for no time, 0 for nothing new.
	Was, WasEnd int64
	Far         string // how far it is from the job before it, as the crow flies; "" where that is not known, or no way at all
}

// Where returns the place without the customer's name, which stands before it: many sites are called like their owner.
func (l jobLine) Where() string {
	return strings.TrimSpace(strings.TrimPrefix(l.Place+" ", l.Customer+" ")) // "Ana" is not the beginning of "Anatolia"
}

type todayPage struct {
	frame
	Name   string
	Jobs   []jobLine
	Lost   []client.PlanChange // jobs that were his, and are cancelled or taken from him
	More   int                 // open jobs that the page does not show
	Next   string              // the page that goes on after these; "" where they are the last, or today's
	Done   int                 // jobs that were finished today
	All    bool
	Empty  bool // the first download is not complete yet
	Online bool
}

// maxListed is how many lines a page has: it says so where there are more, and leads on to them.
const maxListed = 50

// today shows the user's jobs of the day, in their order.
func (v *request) today() error { return v.jobList(client.JobsToday) }

// open shows all of the user's jobs that are not over.
func (v *request) open() error { return v.jobList(client.JobsOpen) }

func (v *request) jobList(which client.Which) error {
	p := todayPage{frame: v.frame("Today"), All: which == client.JobsOpen}
	p.Tab, p.Live = "today", true
	if p.All {
		p.Title, p.Back = v.say("All open jobs"), todayURL
	}
	s, err := v.client.Status(v.ctx())
	if err != nil {
		return err
	}
	p.Empty = !s.Ready
	before, err := v.passedOver()
	if err != nil {
		return err
	}
	listed, err := v.listed(which, before)
	if err != nil {
		return err
	}
	if p.More, p.Done, err = v.otherJobs(before + len(listed)); err != nil {
		return err
	}
	if p.All && p.More > 0 {
		p.Next = fmt.Sprintf("%s?after=%d", openURL, before+len(listed))
	}
	err = v.view(func(tx client.Tx) error {
		for _, l := range listed {
			line, err := v.jobLine(tx, l)
			if err != nil {
				return err
			}
			p.Jobs = append(p.Jobs, line)
		}
		return v.nameOf(tx, &p)
	})
	if err == nil {
		err = v.changedPlans(&p, listed)
	}
	if err == nil && !p.All {
		err = v.view(func(tx client.Tx) error { return p.distances(tx) })
	}
	if err != nil {
		return err
	}
	return v.show("today", p)
}

// distances fills in how far each job is from the one before it.
func (p *todayPage) distances(tx client.Tx) error {
	var last *aftersales.Position
	for i := range p.Jobs {
		site, err := rowAs(tx, "site", p.Jobs[i].Site, aftersales.SiteOf)
		if err != nil {
			return err
		}
		if site.Latitude == 0 && site.Longitude == 0 {
			continue
		}
		here := aftersales.Position{Latitude: site.Latitude, Longitude: site.Longitude}
		if last != nil {
			p.Jobs[i].Far = wayOf(aftersales.Distance(*last, here))
		}
		last = &here
	}
	return nil
}

// kilometres writes metres as people say a way: to a hundred metres when it is short.
// nextDoor is how many metres are no way: another hall of the same works.
const nextDoor = 50

func wayOf(m int64) string {
	if m < nextDoor {
		return ""
	}
	return kilometres(m)
}

func kilometres(m int64) string {
	if m < 10_000 {
		return fmt.Sprintf("%.1f km", float64(m)/1000)
	}
	return fmt.Sprintf("%d km", (m+500)/1000)
}

// changedPlans fills in what has become of plans that the user saw, and notes what he sees now for the first time.
func (v *request) changedPlans(p *todayPage, listed []client.JobLine) error {
	changes, err := v.client.PlanChanges(v.ctx())
	if err != nil {
		return err
	}
	for _, c := range changes {
		at := slices.IndexFunc(p.Jobs, func(l jobLine) bool { return l.ID == c.Job })
		switch {
		case c.What != client.PlanMoved:
			p.Lost = append(p.Lost, c)
		case at >= 0:
			p.Jobs[at].Was, p.Jobs[at].WasEnd = c.Was, c.WasEnd
			if c.Was == 0 {
				p.Jobs[at].Was = -1
			}
		}
	}
	v.noted(v.client.SawPlans(v.ctx(), listed))
	return nil
}

// noted lets a page be shown though the phone could not note that it was: on a full disk, say.
func (v *request) noted(err error) {
	if err != nil && v.ctx().Err() == nil {
		v.client.Log.Warn("what was seen could not be noted", "error", err)
	}
}

// seePlans notes that the user knows what became of the jobs that the form names.
func (v *request) seePlans() error {
	if err := v.r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "This form is damaged. Open the page again.", err)
	}
	for _, text := range v.r.Form["job"] {
		id, err := parseID(text)
		if err != nil {
			return err
		}
		if err := v.client.SawPlan(v.ctx(), id); err != nil {
			return err
		}
	}
	return v.redirect(todayURL)
}

// listed returns as many of the jobs as a page shows, after those of the pages before.
func (v *request) listed(which client.Which, before int) ([]client.JobLine, error) {
	return v.client.Jobs().List(v.ctx(), client.JobFilter{Which: which, Day: v.App.today(), Skip: before, Limit: maxListed})
}

func (v *request) nameOf(tx client.Tx, p *todayPage) error {
	row, err := tx.Row("person", v.me)
	p.Name = aftersales.PersonOf(row).Name
	return err
}

// jobLine adds what is new about a job.
func (v *request) jobLine(tx client.Tx, l client.JobLine) (jobLine, error) {
	line := jobLine{JobLine: l}
	held, err := aftersales.Assignments(tx, l.ID, aftersales.AssignmentOpen)
	if err != nil {
		return line, err
	}
	for _, a := range held {
		line.New = line.New || a.Person == v.me && a.AssignedAt >= v.morning() && l.Visit != aftersales.VisitCompleted
	}
	said, err := aftersales.CommentsOn(tx, l.ID)
	for _, row := range said {
		if c := aftersales.CommentOf(row); c.Author != v.me && c.Corrected >= v.morning() {
			line.News++
		}
	}
	now := v.client.Now().UnixMilli()
	line.Late = l.DueAt != 0 && l.DueAt < now && l.StartedAt == 0
	return line, err
}

// otherJobs counts the open jobs beyond those shown, and those finished today.
func (v *request) otherJobs(shown int) (more, done int, err error) {
	open, err := v.client.Jobs().CountOpen(v.ctx())
	if err != nil {
		return 0, 0, err
	}
	rows, err := v.client.Query(v.ctx(), `SELECT count(*) FROM job WHERE _del = 0 AND state IN ('done', 'closed') AND finished_at >= ?`, v.morning())
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		err = rows.Scan(&done)
	}
	return max(0, open-shown), done, firstOf(err, rows.Err())
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rowAs returns the row as a view; the zero view if it is not here.
func rowAs[T any](tx client.Tx, table string, id record.ID, of func(*record.Row) T) (v T, err error) {
	if id.IsZero() {
		return v, nil
	}
	row, err := tx.Row(table, id)
	return of(row), err
}
