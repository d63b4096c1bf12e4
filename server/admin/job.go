package admin

import (
	"net/http"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

type jobPage struct {
	frame
	ID          string
	URL         string
	Number      string
	Name        string
	State       string
	Facts       []fact
	Texts       []fact
	Conflicts   []conflictView
	Assignments []assignmentView
	Sections    []section
	Comments    []commentView
	History     []changeView
	Older       string       // URL of older history, "" if that is all
	Missed      []changeView // what others did while the visitor was editing
	Technicians []auth.Person
	Seen        string
	Comment     string // as typed
	Problem     string
	MaySettle   bool
}

type fact struct{ Label, Text string }

type assignmentView struct {
	ID, Who, Role, State string
	Start, End           int64
	Open                 bool
	signature
}

// signature is who wrote a row first, when, and from which device.
type signature struct {
	By, Device string
	At         int64
}

type commentView struct {
	Kind string
	Text string
	signature
}

// section lists what one table has about the job.
type section struct {
	Title   string
	Columns []string
	Rows    []sectionRow
}

type sectionRow struct {
	Cells []string
	signature
}

// jobFacts and jobTexts are the columns that the page of a job shows, short and long.
var (
	jobFacts = []string{
		"party", "contact", "site", "unit", "kind", "service_class", "priority", "reported_on", "due_at", "plan_start",
		"plan_end", "started_at", "finished_at", "state_reason", "charge", "price", "fault_code", "cause_code", "remedy_code",
		"meter", "branch", "tags", "archived_reason",
	}
	jobTexts = []string{"description", "finding", "solution", "note"}
)

// jobSections are the tables about a job that are shown as they are.
var jobSections = []struct {
	table   string
	columns []string
}{
	{"visit", []string{"person", "state", "outcome", "reason", "accepted_at", "travel_at", "arrived_at", "finished_at", "summary"}},
	{"movement", []string{"part", "quantity", "serial", "condition", "cause", "from_location", "to_location", "note"}},
	{"time_mark", []string{"person", "kind", "edge", "corrected", "note"}},
	{"slip", []string{"number", "state", "visit"}},
}

// ShowJob shows all there is about one job: what it is, who has it, what happened, and what is in dispute.
func (o *Office) ShowJob(v *Visit) error {
	page, err := o.loadJob(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "job", page)
}

func (o *Office) loadJob(v *Visit) (*jobPage, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	page := &jobPage{ID: id.String(), URL: jobURL(id), MaySettle: v.Who.May(auth.Settle)}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		b := &jobBuilder{o: o, v: v, r: r, n: o.names(r), page: page, seen: Seen{}}
		return b.build(id)
	})
	if err != nil {
		return nil, err
	}
	page.frame = v.frame(page.Number+" "+page.Name, jobsURL)
	page.Technicians, err = o.technicians(v)
	return page, err
}

// jobBuilder gathers the page of a job within one snapshot.
type jobBuilder struct {
	o    *Office
	v    *Visit
	r    Reader
	n    *names
	page *jobPage
	seen Seen         // the vectors of the rows shown
	keys []record.Key // their names
}

func (b *jobBuilder) build(id record.ID) error {
	row, err := job(b.o.Schema, b.r, id)
	if err != nil {
		return err
	}
	for _, step := range []func(*record.Row) error{b.head, b.assignments, b.sections, b.comments, b.conflicts, b.history} {
		if err := step(row); err != nil {
			return err
		}
	}
	b.page.Seen = b.seen.String()
	return nil
}

// job returns the living job. The error is a *fault.Error with the code fault.UnknownRow.
func job(s *schema.Schema, r Reader, id record.ID) (*record.Row, error) {
	row, err := r.Row(record.Key{Table: s.Table("job").ID, ID: id})
	if err == nil && (row == nil || row.Deleted) {
		err = fault.New(fault.UnknownRow, "There is no such job. It may have been joined with another.")
	}
	return row, err
}

func (b *jobBuilder) show(row *record.Row) {
	b.seen.see(row)
	b.keys = append(b.keys, row.Key())
}

func (b *jobBuilder) head(row *record.Row) (err error) {
	b.show(row)
	b.page.Number, b.page.Name, b.page.State = row.Get("number").Text(), row.Get("title").Text(), row.Get("state").Text()
	if b.page.Facts, err = b.facts(row, jobFacts); err != nil {
		return err
	}
	b.page.Texts, err = b.facts(row, jobTexts)
	return err
}

// facts returns the columns that have a value.
func (b *jobBuilder) facts(row *record.Row, columns []string) (facts []fact, err error) {
	for _, name := range columns {
		text, err := b.text(row, name)
		if err != nil {
			return nil, err
		}
		if text != "" {
			facts = append(facts, fact{b.label(row.Table, name), text})
		}
	}
	return facts, nil
}

func (b *jobBuilder) text(row *record.Row, column string) (string, error) {
	i := row.Table.Column(column)
	if i < 0 {
		return "", nil
	}
	return b.v.text(b.n, row.Table, &row.Table.Columns[i], row.Cols[i])
}

func (b *jobBuilder) label(t *schema.Table, column string) string {
	return b.v.lang.name(t.Name + "." + column)
}

// about returns the living rows of the table that belong to the job, and notes that the page shows them.
func (b *jobBuilder) about(table, via string, id record.ID) (rows []*record.Row, err error) {
	t := b.o.Schema.Table(table)
	ids, err := b.r.Refs(t, via, id)
	for _, id := range ids {
		row, err := b.r.Row(record.Key{Table: t.ID, ID: id})
		if err != nil {
			return nil, err
		}
		if row != nil && !row.Deleted {
			b.show(row)
			rows = append(rows, row)
		}
	}
	return rows, err
}

// signed returns who wrote the row first.
func (b *jobBuilder) signed(row *record.Row) (signature, error) {
	if row.Meta == nil {
		return signature{}, nil
	}
	w, err := b.n.writer(row.Meta.Created.Actor)
	s := signature{By: b.v.called(w), Device: w.Device}
	for _, c := range row.Meta.Cells {
		if s.At == 0 || c.Shown.Dot == row.Meta.Created { // of a released row no cell carries the dot it was created by
			s.At = c.Shown.Eff.Millis()
		}
	}
	if at := row.Get("corrected").Number(); at != 0 {
		s.At = at
	}
	return s, err
}

func (b *jobBuilder) assignments(row *record.Row) error {
	rows, err := b.about("assignment", "job", row.ID)
	if err != nil {
		return err
	}
	for _, a := range rows {
		to := "person"
		if a.Get("person").IsNull() {
			to = "team"
		}
		who, err := b.text(a, to)
		if err != nil {
			return err
		}
		view := assignmentView{
			ID: a.ID.String(), Who: who, Role: a.Get("role").Text(), State: a.Get("state").Text(),
			Start: a.Get("window_start").Number(), End: a.Get("window_end").Number(),
			Open: a.Get("state").Text() == aftersales.AssignmentOpen,
		}
		if view.signature, err = b.signed(a); err != nil {
			return err
		}
		b.page.Assignments = append(b.page.Assignments, view)
	}
	return nil
}

func (b *jobBuilder) sections(row *record.Row) error {
	for _, s := range jobSections {
		rows, err := b.about(s.table, "job", row.ID)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			continue
		}
		list, err := b.section(s.table, s.columns, rows)
		if err != nil {
			return err
		}
		b.page.Sections = append(b.page.Sections, list)
	}
	return nil
}

// section returns the rows with the columns of which at least one has a value.
func (b *jobBuilder) section(table string, columns []string, rows []*record.Row) (s section, err error) {
	t := b.o.Schema.Table(table)
	columns = slices.DeleteFunc(slices.Clone(columns), func(name string) bool {
		return !slices.ContainsFunc(rows, func(r *record.Row) bool { return !r.Get(name).IsNull() })
	})
	s.Title = b.v.lang.name("many." + table)
	for _, name := range columns {
		s.Columns = append(s.Columns, b.label(t, name))
	}
	for _, row := range rows {
		var line sectionRow
		for _, name := range columns {
			text, err := b.text(row, name)
			if err != nil {
				return s, err
			}
			line.Cells = append(line.Cells, text)
		}
		if line.signature, err = b.signed(row); err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, line)
	}
	return s, nil
}

func (b *jobBuilder) comments(row *record.Row) error {
	rows, err := b.about("comment", "job", row.ID)
	if err != nil {
		return err
	}
	for _, c := range rows {
		view := commentView{Kind: c.Get("kind").Text(), Text: c.Get("text").Text()}
		if view.signature, err = b.signed(c); err != nil {
			return err
		}
		b.page.Comments = append(b.page.Comments, view)
	}
	return nil
}

// conflicts gathers the open conflicts of all rows shown, those that ask for a person first.
func (b *jobBuilder) conflicts(*record.Row) error {
	for _, key := range b.keys {
		found, _, _, err := b.r.Conflicts(true, key, "", pageSize)
		if err != nil {
			return err
		}
		views, err := b.o.conflictViews(b.v, b.n, found)
		if err != nil {
			return err
		}
		b.page.Conflicts = append(b.page.Conflicts, views...)
	}
	slices.SortStableFunc(b.page.Conflicts, func(x, y conflictView) int {
		switch {
		case x.Ask == y.Ask:
			return 0
		case x.Ask:
			return -1
		}
		return 1
	})
	return nil
}

// history gathers what happened to the rows shown, and apart from it what others did while the visitor was editing.
func (b *jobBuilder) history(row *record.Row) error {
	entries, next, err := b.r.History(b.keys, b.v.query("older"), pageSize)
	if err != nil {
		return err
	}
	if next != "" {
		b.page.Older = b.v.with("older", next)
	}
	before, err := parseSeen(b.v.query("since"))
	if err != nil {
		return err
	}
	known, edited := before[row.Key()]
	for i := range entries {
		view, err := b.o.changeView(b.v, b.n, &entries[i])
		if err != nil {
			return err
		}
		b.page.History = append(b.page.History, view)
		w, err := b.n.writer(entries[i].Dot.Actor)
		if err != nil {
			return err
		}
		if edited && !known.Covers(entries[i].Dot) && touches(&entries[i], row.Key()) && (w.Device != "" || w.Person != b.v.Who.ID) {
			b.page.Missed = append(b.page.Missed, view)
		}
	}
	return nil
}

func touches(e *Event, k record.Key) bool {
	return slices.ContainsFunc(e.Change.Rows, func(c record.RowChange) bool { return c.Key() == k })
}
