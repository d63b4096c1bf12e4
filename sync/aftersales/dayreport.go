package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/record"
)

// A DayReport is what one person did in a stretch of time, task by task: the technician's daily report. A task is what he did
// for one job.
type DayReport struct {
	Person record.ID        `json:"person"`
	From   int64            `json:"from"`  // ms UTC
	Until  int64            `json:"until"` // the first moment after it
	Tasks  []DayTask        `json:"tasks"` // in the order in which they began
	Spent  map[string]int64 `json:"spent"` // ms, by kind of time
	Taken  []Taken          `json:"taken"` // in the order in which it was first taken so
}

// DayTask is what somebody did for one job in that time.
type DayTask struct {
	Job      Job              `json:"job"`
	Customer string           `json:"customer"`
	Spans    []Span           `json:"spans"`
	Spent    map[string]int64 `json:"spent"` // ms, by kind of time
	Parts    []PartLine       `json:"parts"` // that he used, left or took back
	Payments []Payment        `json:"payments"`
}

// Span is a stretch of time of one kind.
type Span struct {
	Kind    string `json:"kind"` // TimeTravel, TimeWork, TimePause
	From    int64  `json:"from"` // ms UTC
	Until   int64  `json:"until"`
	Running bool   `json:"running"` // the clock runs on: Until is as far as it has come
}

// Taken is what was taken by one method, in one currency.
type Taken struct {
	Method string `json:"method"`
	Sum    Money  `json:"sum"`
}

// DayBefore is how long before a stretch of time begins a clock can have started that runs into it, in ms: nobody works
// longer at one go, and a clock that was forgotten is no work.
const DayBefore = dayMillis

// ReportDay says what the person did from one instant to another (ms UTC, the second not among them), as far as this end
// knows; jobs are those on which he can have. A running clock counts until now.
func ReportDay(v View, person record.ID, jobs []record.ID, from, until, now int64) (DayReport, error) {
	d := DayReport{Person: person, From: from, Until: until, Spent: map[string]int64{}}
	for _, job := range jobs {
		task, err := d.task(v, job, now)
		if err != nil {
			return DayReport{}, err
		}
		if task.Job.ID.IsZero() || len(task.Spans)+len(task.Parts)+len(task.Payments) == 0 {
			continue
		}
		d.Tasks = append(d.Tasks, task)
		for kind, ms := range task.Spent {
			d.Spent[kind] += ms
		}
		for _, p := range task.Payments {
			d.take(p)
		}
	}
	slices.SortStableFunc(d.Tasks, func(a, b DayTask) int {
		return cmp.Or(cmp.Compare(a.began(), b.began()), compareIDs(a.Job.ID, b.Job.ID))
	})
	return d, nil
}

// task reads what he did for one job.
func (d *DayReport) task(v View, job record.ID, now int64) (t DayTask, err error) {
	r := viewReader{tx: v}
	t.Job = JobOf(r.row("job", job))
	t.Customer = PartyOf(r.row("party", t.Job.Party)).Name
	t.Parts, t.Payments = r.partsBy(d, job), r.paymentsTo(d, job)
	if r.err != nil {
		return t, r.err
	}
	marks, err := TimeMarks(v, job, d.Person)
	t.Spans, t.Spent = SpansOf(marks, d.From, d.Until, now), map[string]int64{}
	for _, s := range t.Spans {
		t.Spent[s.Kind] += s.Until - s.From
	}
	return t, err
}

// began is the first moment that the task is known of.
func (t DayTask) began() int64 {
	var at []int64
	for _, s := range t.Spans {
		at = append(at, s.From)
	}
	for _, p := range t.Parts {
		at = append(at, p.Corrected)
	}
	for _, p := range t.Payments {
		at = append(at, p.Corrected)
	}
	return slices.Min(at)
}

// partsBy returns what the person moved for the job.
func (r *viewReader) partsBy(d *DayReport, job record.ID) (lines []PartLine) {
	for _, row := range r.booked(d, "movement", job) {
		if m := MovementOf(row); m.Quantity.Amount > 0 {
			part := PartOf(r.row("part", m.Part))
			lines = append(lines, PartLine{m, part.Code, part.Name})
		}
	}
	return lines
}

// paymentsTo returns what the person took for the job.
func (r *viewReader) paymentsTo(d *DayReport, job record.ID) (list []Payment) {
	for _, row := range r.booked(d, "payment", job) {
		if p := PaymentOf(row); p.Amount.Minor != 0 {
			list = append(list, p)
		}
	}
	return list
}

// booked returns what stands of the rows that the person wrote in that time, whoever corrected them and when.
func (r *viewReader) booked(d *DayReport, table string, job record.ID) (standing []*record.Row) {
	if r.err != nil {
		return nil
	}
	rows, err := r.tx.Refs(table, "job", job)
	for _, row := range rows {
		if at := row.Get("corrected").Number(); row.Get("author").Ref() != d.Person || !row.Get("replaces").IsNull() || at < d.From || at >= d.Until {
			continue
		}
		last, e := CorrectedTo(r.tx, row)
		standing, err = append(standing, last), cmp.Or(err, e)
	}
	r.err = err
	return standing
}

// CorrectedTo returns what a row of a ledger says by now: the last of those that replace one another, itself if none does.
func CorrectedTo(v View, row *record.Row) (*record.Row, error) {
	for {
		later, err := v.Refs(row.Table.Name, "replaces", row.ID)
		if err != nil || len(later) == 0 {
			return row, err
		}
		row = later[0]
	}
}

func (d *DayReport) take(p Payment) {
	i := slices.IndexFunc(d.Taken, func(t Taken) bool { return t.Method == p.Method && t.Sum.Currency == p.Amount.Currency })
	if i < 0 {
		d.Taken = append(d.Taken, Taken{p.Method, p.Amount})
		return
	}
	d.Taken[i].Sum.Minor += p.Amount.Minor
}

// SpansOf returns the stretches that one person's marks on one job make, in their order, as far as they lie between two
// instants (ms UTC). A start without a stop ends where the next stretch starts; a running clock counts until now.
func SpansOf(marks []TimeMark, from, until, now int64) []Span {
	spans, _ := spansOf(marks, from, until, now)
	return spans
}

// spansOf returns the mark, too, that started the clock which runs; nil for none.
func spansOf(marks []TimeMark, from, until, now int64) (spans []Span, running *TimeMark) {
	stop := func(at int64, runs bool) {
		if running == nil {
			return
		}
		s := Span{Kind: running.Kind, From: max(running.Corrected, from), Until: min(at, until), Running: runs && at < until}
		if s.From < s.Until {
			spans = append(spans, s)
		}
	}
	for i, m := range marks {
		switch {
		case m.Edge == EdgeStart:
			stop(m.Corrected, false)
			running = &marks[i]
		case running != nil && running.Kind == m.Kind:
			stop(m.Corrected, false)
			running = nil
		}
	}
	stop(now, true)
	return spans, running
}
