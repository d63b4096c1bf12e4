package admin

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// concern is one kind of thing that needs a person now.
type concern struct {
	ID    string // on the page
	Title string
	Count int
	More  bool // there are more than were counted
	URL   string
	Rows  []concernRow
}

type concernRow struct {
	URL, Name, Text string
	Chip, Hue       string
	At              int64
}

type todayPage struct {
	frame
	Concerns []concern // those with something in them
	Calm     []string  // what needs nobody
}

// todayMost is how many of each concern are shown: the first to be done.
const todayMost = 6

// concerns are what may need a person, and what it takes to hear of it.
var concerns = []struct {
	title string // in the lists of words
	need  auth.Permission
	read  func(*day, *concern) error
}{
	{"Jobs that nobody has", auth.SeeJobs, (*day).unassigned},
	{"Promises that burn", auth.SeeRequests, (*day).promises},
	{"Conflicts", auth.SeeInbox, (*day).conflicts},
	{"Refused changes", auth.SeeInbox, (*day).refused},
	{"Paid work that waits for a second yes", auth.Approve, (*day).approvals},
	{"Stock and approvals that do not fit together", auth.SeeInbox, (*day).discrepancies},
	{"Leakage and refunds due", auth.SeeInbox, (*day).findings},
	{"Webhooks that were switched off: they took nothing", auth.ManageWebhooks, (*day).webhooksOff},
}

// showToday shows what needs a person now, of what the visitor may see: of each concern in the branches where he may.
func (o *Office) showToday(v *Visit) error {
	page := todayPage{frame: v.frame(v.t("Today"), homeURL)}
	for _, c := range concerns {
		if of := v.alsoFor(c.need); of != nil {
			found := concern{Title: v.t(c.title)}
			err := o.Engine.View(of.r.Context(), func(r Reader) error { return c.read(&day{o, of, r, o.names(r), o.Now()}, &found) })
			if err != nil {
				return err
			}
			page.add(found)
		}
	}
	if of := v.alsoFor(auth.SeeDevices); of != nil {
		silent, err := o.silent(of)
		if err != nil {
			return err
		}
		page.add(silent)
	}
	return v.show(http.StatusOK, "today", page)
}

func (p *todayPage) add(c concern) {
	if c.Count == 0 {
		p.Calm = append(p.Calm, c.Title)
		return
	}
	p.Concerns = append(p.Concerns, c)
}

// day reads what needs a person, within one snapshot.
type day struct {
	o   *Office
	v   *Visit
	r   Reader
	n   *names
	now time.Time
}

// unassigned lists the jobs that nobody has: those that were left over come first, as aftersales.DispatchOrder has it.
func (d *day) unassigned(c *concern) (err error) {
	c.ID, c.URL = "unassigned", jobsURL+"?unassigned=1"
	today := aftersales.DayIn(d.o.Zone.String(), d.now.UnixMilli())
	return d.r.Select(func(q *sqlrow.Rows) error {
		row := concernRow{URL: jobURL(q.ID(0)), Name: q.Text(1), Text: q.Text(2) + " · " + q.Text(3), At: q.Int(5)}
		if q.Int(6) < today {
			row.Chip, row.Hue = d.v.t("left over since %s", date(q.Int(6))), "urgent"
		} else if p := q.Int(4); p > 0 && p <= 2 {
			row.Chip, row.Hue = fmt.Sprintf("P%d", p), "urgent"
		}
		c.Rows, c.Count = append(c.Rows, row), int(q.Int(7))
		return q.Err()
	}, `SELECT j.id, j.number, coalesce(j.title, j.description, ''),
			coalesce((SELECT p.name FROM party p WHERE p.id = j.party), ''), j.priority, j.due_at, j.reported_on, count(*) OVER ()
		FROM job j WHERE j._del = 0 AND `+isNobodys+`
		ORDER BY j.reported_on >= ?, j.priority IS NULL, j.priority, j.due_at IS NULL, j.due_at, j.reported_on, j.id LIMIT ?`,
		today, int64(todayMost))
}

// The requests whose promises are looked at: those that are due within a day, and those that nobody answered yet.
const (
	promisesAhead = 24 * time.Hour
	promisesMost  = 200
)

// promises lists the requests with a promise that is breached or due soon, the one that is due first before all others.
func (d *day) promises(c *concern) error {
	c.ID, c.URL = "promises", requestsURL+"?overdue=1"
	ids, err := d.watched()
	if err != nil {
		return err
	}
	type promise struct {
		request record.ID
		aftersales.Clock
	}
	var burn []promise
	book := aftersales.NewSLABook(aftersales.Look(d.r))
	for _, id := range ids {
		clocks, err := book.Clocks(id, d.now.UnixMilli())
		if err != nil {
			return err
		}
		if clock, burns := burning(clocks); burns {
			burn = append(burn, promise{id, clock})
		}
	}
	c.Count, c.More = len(burn), len(ids) == promisesMost
	slices.SortStableFunc(burn, func(a, b promise) int { return cmp.Compare(a.Due, b.Due) })
	for _, p := range burn[:min(len(burn), todayMost)] {
		row := concernRow{URL: requestsURL + "/" + p.request.String(), At: p.Due, Hue: p.State}
		row.Chip = d.v.lang.Name("event."+p.Target) + " · " + d.v.lang.Name("clock."+p.State)
		if row.Name, row.Text, err = d.request(p.request); err != nil {
			return err
		}
		c.Rows = append(c.Rows, row)
	}
	return nil
}

// watched returns the open requests whose clocks may burn, and reads ahead what these go by.
func (d *day) watched() (ids []record.ID, err error) {
	var ahead []record.Key
	request, site := d.o.Schema.Table("request").ID, d.o.Schema.Table("site").ID
	err = d.r.Select(func(q *sqlrow.Rows) error {
		ids = append(ids, q.ID(0))
		ahead = append(ahead, record.Key{Table: request, ID: q.ID(0)})
		if !q.Null(1) {
			ahead = append(ahead, record.Key{Table: site, ID: q.ID(1)})
		}
		return q.Err()
	}, `SELECT id, site FROM request WHERE state IN ('new', 'escalated', 'depot', 'on_site') AND _del = 0
		AND (due_at < ? OR first_response_at IS NULL) ORDER BY due_at IS NULL, due_at, id LIMIT ?`,
		d.now.Add(promisesAhead).UnixMilli(), int64(promisesMost))
	if err != nil {
		return nil, err
	}
	for _, table := range []string{"job", "wait_mark"} {
		if err = d.r.ForeseeRefs(d.o.Schema.Table(table), "request", ids); err != nil {
			return nil, err
		}
	}
	return ids, d.r.Foresee(ahead)
}

// burning returns the clock that somebody must do something about first.
func burning(clocks []aftersales.Clock) (first aftersales.Clock, burns bool) {
	for _, c := range clocks {
		open := c.State == aftersales.ClockSoon || c.State == aftersales.ClockBreached && c.Met == 0
		if open && (!burns || c.Due < first.Due) {
			first, burns = c, true
		}
	}
	return first, burns
}

// request returns what a request is called, and what it is about.
func (d *day) request(id record.ID) (number, text string, err error) {
	row, err := aftersales.Look(d.r).Row("request", id)
	if err != nil || row == nil {
		return "", "", err
	}
	r := aftersales.RequestOf(row)
	who, err := d.n.row(record.Key{Table: d.o.Schema.Table("party").ID, ID: r.Party})
	return r.Number, cmp.Or(r.Title, r.Description) + " · " + who, err
}

func (d *day) conflicts(c *concern) error {
	c.ID, c.URL = "conflicts", conflictsURL
	found, total, _, err := d.r.Conflicts(true, record.Key{}, "", todayMost)
	if err != nil {
		return err
	}
	views, err := d.o.conflictViews(d.v, d.n, found)
	c.Count = total
	for _, view := range views {
		row := concernRow{URL: cmp.Or(view.Job, conflictsURL), Name: view.Place, Text: view.Column}
		if view.Ask {
			row.Chip, row.Hue = d.v.t("a person must decide"), "ask"
		}
		c.Rows = append(c.Rows, row)
	}
	return err
}

func (d *day) refused(c *concern) error {
	c.ID, c.URL = "refused", refusedURL
	events, total, _, err := d.r.Refused(true, record.ID{}, "", todayMost)
	if err != nil {
		return err
	}
	c.Count = total
	for i := range events {
		view, err := d.o.changeView(d.v, d.n, &events[i])
		if err != nil {
			return err
		}
		about := []string{view.By}
		if len(view.Rows) > 0 && view.Rows[0].Name != "" {
			about = []string{view.Rows[0].Name, view.By}
		}
		c.Rows = append(c.Rows, concernRow{URL: refusedURL + "/" + view.Dot, Name: view.Cause, Text: joinWords(about), At: view.When})
	}
	return nil
}
