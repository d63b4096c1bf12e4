package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
)

type jobsPage struct {
	frame
	Rows     []JobRow
	Pager    pager
	Text     string
	States   []stateFilter
	People   []auth.Person
	Person   string
	Order    string
	Only     []filterView // the customer and the machine that a page led here with
	Flags    []flagFilter
	Filtered bool
	Several  []deedView
	Views    *viewsView
	Exports  [2]string // URLs of CSV and XLSX
}

type stateFilter struct {
	State string
	On    bool
}

type flagFilter struct {
	Name, Label string
	On          bool
}

// jobStates are the states in the order in which work goes.
var jobStates = []string{
	aftersales.JobNew, aftersales.JobPlanned, aftersales.JobInWork, aftersales.JobDone, aftersales.JobCancelled, aftersales.JobClosed,
}

// ListJobs shows the jobs that the filters in the URL leave.
func (o *Office) ListJobs(v *Visit) error {
	filter := v.parseJobFilter()
	if format := v.query("format"); format != "" {
		return o.exportJobs(v, filter, format)
	}
	page := jobsPage{frame: v.frame(v.t("Jobs"), jobsURL), Text: filter.Text, Person: v.query("person"), Order: v.query("order")}
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		rows, total, next, err := r.Jobs(filter, v.query("after"), pageSize)
		page.Rows, page.Pager = rows, v.pager(len(rows), total, next)
		if err == nil {
			page.Only, err = v.onlyOf(r, "party", "unit")
		}
		return err
	})
	if err != nil {
		return err
	}
	if page.People, err = o.technicians(v); err != nil {
		return err
	}
	for _, s := range jobStates {
		page.States = append(page.States, stateFilter{s, slices.Contains(filter.States, s)})
	}
	page.Flags = []flagFilter{
		{"unassigned", v.t("Unassigned"), filter.Unassigned}, {"untimed", v.t("Given, without a time"), filter.Untimed}, {"conflict", v.t("With a conflict"), filter.Conflict},
	}
	page.Several = jobsEach.offered(v)
	if page.Views, err = v.views(jobsURL); err != nil {
		return err
	}
	page.Filtered = v.r.URL.RawQuery != ""
	page.Exports = v.exports()
	return v.show(http.StatusOK, "jobs", page)
}

func (v *Visit) parseJobFilter() JobFilter {
	q := v.r.URL.Query()
	f := JobFilter{
		Text: strings.TrimSpace(q.Get("q")), Unassigned: q.Get("unassigned") != "", Conflict: q.Get("conflict") != "", Untimed: q.Get("untimed") != "",
		From: v.day(q.Get("from"), 0), To: v.day(q.Get("to"), 1), ByWindow: q.Get("order") == "window",
	}
	for _, s := range q["state"] {
		if slices.Contains(jobStates, s) {
			f.States = append(f.States, s)
		}
	}
	f.Person, f.Party, f.Unit = optionalID(q.Get("person")), optionalID(q.Get("party")), optionalID(q.Get("unit"))
	return f
}

// onlyOf are the filters by rows of those tables that the URL asks for.
func (v *Visit) onlyOf(r Reader, tables ...string) (views []filterView, err error) {
	for _, table := range tables {
		one, err := v.only(r, table, v.query(table))
		if err != nil {
			return nil, err
		}
		if len(one) > 0 {
			views = append(views, filterView{Filter: &list.Filter{Name: table}, Label: capital(v.lang.Name("job." + table)), Options: one})
		}
	}
	return views, nil
}

// day returns the beginning of the day that many days after the one named, ms since 1970 UTC; 0 for none.
func (v *Visit) day(name string, after int) int64 {
	t, err := time.ParseInLocation(time.DateOnly, name, v.office.Zone)
	if err != nil {
		return 0
	}
	return t.AddDate(0, 0, after).UnixMilli()
}

// technicians returns the active people who can be sent to jobs.
func (o *Office) technicians(v *Visit) ([]auth.Person, error) {
	everybody, err := o.colleagues(v)
	return slices.DeleteFunc(everybody, func(p auth.Person) bool {
		return !p.Active || !p.Is(auth.Technician)
	}), err
}
