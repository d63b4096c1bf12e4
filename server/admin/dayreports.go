package admin

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/formula"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// dayIndexes find what was done on a day.
var dayIndexes = []string{
	`CREATE INDEX IF NOT EXISTS "time_mark.corrected,whose" ON time_mark(corrected, person, job)`,
	`CREATE INDEX IF NOT EXISTS "payment.corrected,author" ON payment(corrected, author)`,
}

// dayKinds are the kinds of time in the order in which reports have them.
var dayKinds = []string{aftersales.TimeTravel, aftersales.TimeWork, aftersales.TimePause}

// daysPage is the daily report of everybody, or of one.
type daysPage struct {
	frame
	Name    string // of one person; "" for everybody's
	URL     string
	Day     string // "2026-03-09"
	Before  string // URLs of the days beside it
	After   string
	Blocks  []block
	Back    string // URL of everybody's report
	Exports [2]string

	from, until int64
}

// dayAsked reads which day the page is about: today where none is asked for.
func (v *Visit) dayAsked(url string) *daysPage {
	zone := v.office.Zone
	day, err := time.ParseInLocation(time.DateOnly, v.query("day"), zone)
	if err != nil {
		now := v.office.Now().In(zone)
		day = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
	}
	next := day.AddDate(0, 0, 1)
	to := func(t time.Time) string { return url + "?day=" + t.Format(time.DateOnly) }
	return &daysPage{
		URL: url, Day: day.Format(time.DateOnly), Before: to(day.AddDate(0, 0, -1)), After: to(next), Exports: v.exports(),
		Back: dayReportsURL + "?day=" + day.Format(time.DateOnly), from: day.UnixMilli(), until: next.UnixMilli(),
	}
}

// ListDayReports shows what everybody did on a day: a line a person.
func (o *Office) ListDayReports(v *Visit) error {
	page := v.dayAsked(dayReportsURL)
	var lines []*personDay
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		lines, err = page.everybody(r, o.Now().UnixMilli())
		return err
	})
	if err != nil {
		return err
	}
	table := block{ID: "days", Heads: v.dayHeads("person", "jobs", "travel", "work", "pause", "parts", "taken"), Empty: v.t("Nobody's clock ran on this day, and nothing was booked.")}
	for _, p := range lines {
		line := []spot{leads(p.name, dayReportsURL+"/"+p.id.String()+"?day="+page.Day), counts(strconv.Itoa(len(p.jobs)))}
		for _, kind := range dayKinds {
			line = append(line, counts(v.spent(p.spent[kind])))
		}
		table.Rows = append(table.Rows, append(line, counts(strconv.FormatInt(p.parts, 10)), counts(sumsSaid(p.taken))))
	}
	return o.showDay(v, page, table)
}

// ShowDayReport shows what one person did on a day, task by task.
func (o *Office) ShowDayReport(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	page := v.dayAsked(dayReportsURL + "/" + id.String())
	var blocks []block
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := r.Row(record.Key{Table: o.Schema.Table("person").ID, ID: id})
		if err != nil {
			return err
		}
		if page.Name, err = r.PersonName(id); err != nil {
			return err
		}
		jobs, err := page.jobsOf(r, id)
		if err != nil {
			return err
		}
		report, err := aftersales.ReportDay(aftersales.Look(r), id, jobs, page.from, page.until, o.Now().UnixMilli())
		if err != nil {
			return err
		}
		if page.Name == "" || row == nil && len(report.Tasks) == 0 { // a colleague of another branch who did nothing here
			return errNoPage
		}
		blocks, err = v.dayBlocks(o.names(r), report)
		return err
	})
	if err != nil {
		return err
	}
	return o.showDay(v, page, blocks...)
}

// showDay shows the page, or sends its first table as a file.
func (o *Office) showDay(v *Visit, page *daysPage, blocks ...block) error {
	if format := v.query("format"); format != "" {
		return v.sendFile("day-report", format, func(out io.Writer) error { return blocks[0].file(out, format) })
	}
	title := v.t("Daily reports") + " · " + page.Day
	if page.Name != "" {
		title = page.Name + " · " + page.Day
	}
	page.frame, page.Blocks = v.frame(title, dayReportsURL), blocks
	return v.show(http.StatusOK, "days", page)
}

// file writes the table as a file.
func (b block) file(out io.Writer, format string) error {
	if format == "csv" {
		return list.CSV(out, b.Heads, func(put func([]string) error) error {
			for _, row := range b.Rows {
				line := make([]string, len(row))
				for i, c := range row {
					line[i] = formula.Guard(c.Text)
				}
				if err := put(line); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return list.XLSX(out, b.Heads, func(put func([]any) error) error {
		for _, row := range b.Rows {
			line := make([]any, len(row))
			for i, c := range row {
				line[i] = c.Text
			}
			if err := put(line); err != nil {
				return err
			}
		}
		return nil
	})
}

func (v *Visit) dayHeads(names ...string) (heads []string) {
	for _, n := range names {
		heads = append(heads, capital(v.lang.Name("day."+n)))
	}
	return heads
}

// spent says a length of time; nothing for less than a second.
func (v *Visit) spent(ms int64) string {
	if ms < time.Second.Milliseconds() {
		return ""
	}
	return v.lang.length(time.Duration(ms) * time.Millisecond)
}

// personDay is what somebody did on a day, added up.
type personDay struct {
	id    record.ID
	name  string
	jobs  map[record.ID]bool
	spent map[string]int64
	parts int64
	taken map[string]int64 // minor units, by currency
}

// everybody adds up what each person did on the day, by name.
func (p *daysPage) everybody(r Reader, now int64) ([]*personDay, error) {
	people := map[record.ID]*personDay{}
	of := func(id record.ID) *personDay {
		if people[id] == nil {
			people[id] = &personDay{id: id, jobs: map[record.ID]bool{}, spent: map[string]int64{}, taken: map[string]int64{}}
		}
		return people[id]
	}
	for _, step := range []func() error{
		func() error { return p.clocks(r, now, of) }, func() error { return p.moved(r, of) }, func() error { return p.paid(r, of) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	var all []*personDay
	for id, person := range people {
		name, err := r.PersonName(id)
		if err != nil {
			return nil, err
		}
		if person.name = name; name != "" {
			all = append(all, person)
		}
	}
	slices.SortFunc(all, func(a, b *personDay) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id.String(), b.id.String()))
	})
	return all, nil
}

// clocks adds up the stretches of time that lie in the day.
func (p *daysPage) clocks(r Reader, now int64, of func(record.ID) *personDay) error {
	var marks []aftersales.TimeMark
	end := func() {
		if len(marks) == 0 {
			return
		}
		for _, s := range aftersales.SpansOf(marks, p.from, p.until, now) {
			person := of(marks[0].Person)
			person.jobs[marks[0].Job] = true
			person.spent[s.Kind] += s.Until - s.From
		}
		marks = nil
	}
	err := r.Select(func(q *sqlrow.Rows) error {
		m := aftersales.TimeMark{Person: q.ID(0), Job: q.ID(1), Kind: q.Text(2), Edge: q.Text(3), Corrected: q.Int(4)}
		if len(marks) > 0 && (marks[0].Person != m.Person || marks[0].Job != m.Job) {
			end()
		}
		marks = append(marks, m)
		return q.Err()
	}, `SELECT m.person, m.job, m.kind, m.edge, m.corrected FROM time_mark m WHERE m._del = 0 AND m.corrected >= ? AND m.corrected < ?
		AND NOT EXISTS (SELECT 1 FROM time_mark x WHERE x.replaces = m.id AND x._del = 0)
		ORDER BY m.person, m.job, m.corrected, m.id`, p.from-aftersales.DayBefore, p.until)
	end()
	return err
}

// moved counts the parts that were booked on jobs.
func (p *daysPage) moved(r Reader, of func(record.ID) *personDay) error {
	return p.booked(r, "movement", func(by record.ID, row *record.Row) {
		if m := aftersales.MovementOf(row); m.Quantity.Amount > 0 {
			of(by).jobs[m.Job] = true
			of(by).parts++
		}
	})
}

// paid adds up what was taken, by currency.
func (p *daysPage) paid(r Reader, of func(record.ID) *personDay) error {
	return p.booked(r, "payment", func(by record.ID, row *record.Row) {
		if m := aftersales.PaymentOf(row); m.Amount.Minor != 0 {
			of(by).jobs[m.Job] = true
			of(by).taken[m.Amount.Currency] += m.Amount.Minor
		}
	})
}

// booked calls do with what stands of the rows that somebody wrote on a job that day, and with him, whoever corrected them.
func (p *daysPage) booked(r Reader, table string, do func(by record.ID, row *record.Row)) error {
	t := aftersales.Schema.Table(table)
	var first []record.Key
	err := r.Select(func(q *sqlrow.Rows) error {
		first = append(first, record.Key{Table: t.ID, ID: q.ID(0)})
		return q.Err()
	}, "SELECT m.id FROM "+sqlrow.Quote(table)+" m WHERE m._del = 0 AND m.job IS NOT NULL AND m.author IS NOT NULL AND m.replaces IS NULL"+
		" AND m.corrected >= ? AND m.corrected < ? ORDER BY m.corrected, m.id", p.from, p.until)
	if err != nil {
		return err
	}
	if err := r.Foresee(first); err != nil {
		return err
	}
	for _, key := range first {
		row, err := r.Row(key)
		if err != nil {
			return err
		}
		if row == nil {
			continue
		}
		last, err := aftersales.CorrectedTo(aftersales.Look(r), row)
		if err != nil {
			return err
		}
		do(row.Get("author").Ref(), last)
	}
	return nil
}

// jobsOf returns the jobs on which somebody can have done something that day.
func (p *daysPage) jobsOf(r Reader, person record.ID) (jobs []record.ID, err error) {
	err = r.Select(func(q *sqlrow.Rows) error { jobs = append(jobs, q.ID(0)); return q.Err() },
		`SELECT job FROM time_mark WHERE _del = 0 AND person = ? AND corrected >= ? AND corrected < ?
		UNION SELECT job FROM movement WHERE _del = 0 AND author = ? AND job IS NOT NULL AND corrected >= ? AND corrected < ?
		UNION SELECT job FROM payment WHERE _del = 0 AND author = ? AND corrected >= ? AND corrected < ?`,
		person[:], p.from-aftersales.DayBefore, p.until, person[:], p.from, p.until, person[:], p.from, p.until)
	return jobs, err
}

// dayBlocks says a report: the tasks with their sum, and the money by how it was paid.
func (v *Visit) dayBlocks(n *names, d aftersales.DayReport) ([]block, error) {
	tasks := block{ID: "tasks", Heads: v.dayHeads("job", "title", "kind", "party", "clock", "travel", "work", "pause", "parts", "taken"), Empty: v.t("No clock ran on this day, and nothing was booked.")}
	for _, t := range d.Tasks {
		kind, err := v.code(n, aftersales.ListJobKind, t.Job.Kind)
		if err != nil {
			return nil, err
		}
		line := []spot{leads(t.Job.Number, jobURL(t.Job.ID)), says(t.Job.Title), says(kind), says(t.Customer), says(v.spans(t.Spans))}
		tasks.Rows = append(tasks.Rows, append(line, v.dayFigures(t.Spent, v.partsSaid(t.Parts), paidSaid(t.Payments))...))
	}
	if len(tasks.Rows) == 0 {
		return []block{tasks}, nil
	}
	taken := block{ID: "taken", Title: v.lang.Name("day.taken"), Empty: v.t("No money was taken.")}
	var sums []string
	for _, t := range d.Taken {
		method, err := v.code(n, aftersales.ListPayment, t.Method)
		if err != nil {
			return nil, err
		}
		taken.Rows = append(taken.Rows, []spot{says(method), counts(money(t.Sum))})
		sums = append(sums, money(t.Sum))
	}
	taken.Title = capital(taken.Title)
	sum := []spot{says(v.t("Together")), says(""), says(""), says(""), says("")}
	tasks.Rows = append(tasks.Rows, append(sum, v.dayFigures(d.Spent, "", strings.Join(sums, " + "))...))
	return []block{tasks, taken}, nil
}

// dayFigures are the cells behind those that name a task.
func (v *Visit) dayFigures(spent map[string]int64, parts, taken string) (cells []spot) {
	for _, kind := range dayKinds {
		cells = append(cells, counts(v.spent(spent[kind])))
	}
	return append(cells, says(parts), counts(taken))
}

// spans says from when until when each stretch lasted: "08:10–08:45 travel".
func (v *Visit) spans(spans []aftersales.Span) string {
	clock := func(ms int64) string { return time.UnixMilli(ms).In(v.office.Zone).Format("15:04") }
	said := make([]string, len(spans))
	for i, s := range spans {
		until := clock(s.Until)
		if s.Running {
			until = ""
		}
		said[i] = clock(s.From) + "–" + until + " " + v.lang.Name("time_mark.kind."+s.Kind)
	}
	return strings.Join(said, ", ")
}

// partsSaid says what was used, left and taken back.
func (v *Visit) partsSaid(parts []aftersales.PartLine) string {
	said := make([]string, len(parts))
	for i, p := range parts {
		amount := strings.TrimSpace(quantity(p.Quantity.Amount, aftersales.QuantityScale) + " " + p.Quantity.Unit)
		name := strings.Join(nonEmpty(p.Code, aftersales.Label(p.Name, v.lang.Tag), p.Serial), " ")
		said[i] = amount + " " + name + " (" + v.lang.Name("movement.cause."+p.Cause) + ")"
	}
	return strings.Join(said, ", ")
}

// sumsSaid says an amount of each currency.
func sumsSaid(minor map[string]int64) string {
	var said []string
	for _, currency := range slices.Sorted(maps.Keys(minor)) {
		if minor[currency] != 0 {
			said = append(said, money(aftersales.Money{Minor: minor[currency], Currency: currency}))
		}
	}
	return strings.Join(said, " + ")
}

func paidSaid(payments []aftersales.Payment) string {
	said := make([]string, len(payments))
	for i, p := range payments {
		said[i] = money(p.Amount)
	}
	return strings.Join(said, " + ")
}

// dayReportLink leads from somebody's page to his report of today, for who may see it.
func (v *Visit) dayReportLink(person record.ID) []link {
	if !v.Who.May(auth.SeeStatistics) {
		return nil
	}
	return []link{{dayReportsURL + "/" + person.String(), v.t("Daily report")}}
}
