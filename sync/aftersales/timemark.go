package aftersales

import (
	"cmp"
	"math"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The kinds of time.
const (
	TimeTravel = "travel"
	TimeWork   = "work"
	TimePause  = "pause"
)

// The two ends of a stretch of time.
const (
	EdgeStart = "start"
	EdgeStop  = "stop"
)

// A time mark is one end of a stretch of somebody's time: a running clock is a start without its stop, so that nothing
// has to be changed later.
var timeMarkTable = &schema.Table{
	ID: 80, Name: "time_mark", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		ref(2, "visit", "visit"),
		ref(3, "person", "person", required),
		ref(4, "author", "person"),
		enum(5, "kind", []string{TimeTravel, TimeWork, TimePause}, required),
		enum(6, "edge", []string{EdgeStart, EdgeStop}, required),
		ref(7, "replaces", "time_mark"),
		text(8, "note"),
	}, occurred()),
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  add(RightWork),
}

// ClockRunning and ClockStopped refuse marks that do not make stretches.
const (
	ClockRunning fault.Code = "clock_running" // a clock of the person runs on the job already
	ClockStopped fault.Code = "clock_stopped" // no such clock runs
)

// TimeMark is a row of the table time_mark.
type TimeMark struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Job       record.ID `json:"job"`
	Visit     record.ID `json:"visit"`
	Person    record.ID `json:"person"`
	Author    record.ID `json:"author"`
	Kind      string    `json:"kind"`
	Edge      string    `json:"edge"`
	Replaces  record.ID `json:"replaces"`
	Note      string    `json:"note"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// TimeMarkOf returns the row as a TimeMark; the zero TimeMark for nil.
func TimeMarkOf(r *record.Row) TimeMark { return view[TimeMark](r) }

// TimeMarks returns the person's marks on the job that no other replaces, in the order in which they happened.
func TimeMarks(tx View, job, person record.ID) ([]TimeMark, error) {
	marks, err := marksOf(tx, job)
	return slices.DeleteFunc(marks, func(m TimeMark) bool { return m.Person != person }), err
}

// marksOf returns everybody's marks on the job that no other replaces, in the order in which they happened.
func marksOf(tx View, job record.ID) ([]TimeMark, error) {
	rows, err := tx.Refs("time_mark", "job", job)
	if err != nil {
		return nil, err
	}
	var marks []TimeMark
	for _, row := range standing(rows) {
		marks = append(marks, TimeMarkOf(row))
	}
	slices.SortStableFunc(marks, func(a, b TimeMark) int {
		return cmp.Or(cmp.Compare(a.Corrected, b.Corrected), compareIDs(a.ID, b.ID))
	})
	return marks, nil
}

// standing returns the rows of a ledger that no other of them replaces.
func standing(rows []*record.Row) []*record.Row {
	replaced := map[record.ID]bool{}
	for _, row := range rows {
		replaced[row.Get("replaces").Ref()] = true
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row *record.Row) bool { return replaced[row.ID] })
}

// RunningClock returns the mark that started the person's clock on the job, nil if none runs.
func RunningClock(tx View, job, person record.ID) (*TimeMark, error) {
	marks, err := TimeMarks(tx, job, person)
	_, running := spentBy(marks, 0)
	return running, err
}

// TimeSpent returns the ms that the person spent on the job, by kind; a running clock counts until now (ms UTC). A
// start without a stop ends where the next stretch starts.
func TimeSpent(tx View, job, person record.ID, now int64) (map[string]int64, error) {
	marks, err := TimeMarks(tx, job, person)
	spent, _ := spentBy(marks, now)
	return spent, err
}

// spentBy adds up the stretches that one person's marks make, by kind, and returns the mark that started the one that runs.
func spentBy(marks []TimeMark, now int64) (spent map[string]int64, running *TimeMark) {
	spans, running := spansOf(marks, math.MinInt64, math.MaxInt64, now)
	spent = map[string]int64{}
	for _, s := range spans {
		spent[s.Kind] += s.Until - s.From
	}
	return spent, running
}

// PersonHours is how long somebody spent on a job.
type PersonHours struct {
	Person  record.ID        `json:"person"`
	Name    string           `json:"name"`
	Role    string           `json:"role"`    // Lead or Helper; "" for who is not on the job by himself any more
	Spent   map[string]int64 `json:"spent"`   // ms, by kind of time
	Running string           `json:"running"` // the kind of time of the clock that runs; "" for none
}

// JobHours returns how long everybody spent on the job who is on it or whose clock has run, as far as this end knows; the lead
// first, then in the order in which they began. A running clock counts until now (ms UTC).
func JobHours(tx View, job record.ID, now int64) ([]PersonHours, error) {
	held, err := Assignments(tx, job, heldStates...)
	if err != nil {
		return nil, err
	}
	marks, err := marksOf(tx, job)
	if err != nil {
		return nil, err
	}
	all := []PersonHours{}
	add := func(person record.ID, role string) {
		at := slices.IndexFunc(all, func(h PersonHours) bool { return h.Person == person })
		if at < 0 && !person.IsZero() {
			all = append(all, PersonHours{Person: person, Role: role})
		}
	}
	for _, role := range []string{Lead, Helper} {
		for _, a := range held {
			if a.Role == role {
				add(a.Person, role)
			}
		}
	}
	for _, m := range marks {
		add(m.Person, "")
	}
	for i := range all {
		if err := all[i].fill(tx, marks, now); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// fill names the person, and adds up his marks.
func (h *PersonHours) fill(tx View, marks []TimeMark, now int64) error {
	row, err := tx.Row("person", h.Person)
	if err != nil {
		return err
	}
	h.Name = PersonOf(row).Name
	own := slices.DeleteFunc(slices.Clone(marks), func(m TimeMark) bool { return m.Person != h.Person })
	spent, running := spentBy(own, now)
	if h.Spent = spent; running != nil {
		h.Running = running.Kind
	}
	return nil
}

// quarterMillis is what working hours are charged by.
const quarterMillis = 15 * minuteMillis

// WorkingHours returns the hours that working time (ms) is charged as, in quarters begun.
func WorkingHours(worked int64) Quantity {
	quarters := (worked + quarterMillis - 1) / quarterMillis
	return Quantity{Amount: quarters * One / 4}
}

// MarkInput is one end of a stretch of time.
type MarkInput struct {
	Job      record.ID
	Person   record.ID // zero: the author
	Kind     string
	Edge     string
	At       Moment
	Replaces record.ID // the mark that this one corrects
	Note     string
}

// MarkTime starts or stops a clock, or corrects a mark. Codes: ClockRunning, ClockStopped, NotAssigned, CodeJobClosed,
// fault.UnknownRow.
func MarkTime(tx Tx, in MarkInput) (record.ID, error) {
	row, err := openJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	in.Person = first(in.Person, tx.Author())
	if _, err := AssignedTo(tx, in.Job, in.Person); err != nil {
		return record.ID{}, err
	}
	visit, err := lastVisit(tx, in.Job, in.Person)
	if err != nil {
		return record.ID{}, err
	}
	s := &stand{job: JobOf(row), person: in.Person, visit: visit}
	if err := in.fits(tx); err != nil {
		return record.ID{}, err
	}
	marks, err := TimeMarks(tx, in.Job, in.Person)
	if err != nil {
		return record.ID{}, err
	}
	in.At = in.At.behind(tx, marks)
	return mark(tx, s, in)
}

// behind returns the moment; where it is now, and a clock that ran ahead was put back since the last of the marks, right behind that:
// no stretch ends before it began, nor lasts until one that began by the wrong clock.
func (m Moment) behind(tx Tx, marks []TimeMark) Moment {
	if m != (Moment{}) || len(marks) == 0 {
		return m
	}
	last := marks[len(marks)-1].Corrected
	if tx.Now() >= last {
		return m
	}
	return Moment{Device: tx.Clock(), Corrected: record.Within(last + 1)}
}

// fits refuses a mark that the person's clock does not permit. A correction fits where the mark it replaces is.
func (in MarkInput) fits(tx Tx) error {
	if !in.Replaces.IsZero() {
		_, err := needOf(tx, in.Job, "time_mark", in.Replaces)
		return err
	}
	running, err := RunningClock(tx, in.Job, in.Person)
	switch {
	case err != nil:
		return err
	case in.Edge == EdgeStart && running != nil:
		return fault.Newf(ClockRunning, "your clock runs (%v): stop it first", running.Kind)
	case in.Edge == EdgeStop && (running == nil || running.Kind != in.Kind):
		return fault.Newf(ClockStopped, "no clock for %v is running", in.Kind)
	}
	return nil
}

func mark(tx Tx, s *stand, in MarkInput) (record.ID, error) {
	values := record.Values{
		"branch": record.Ref(s.job.Branch), "job": record.Ref(s.job.ID), "visit": record.Ref(s.visit.ID),
		"person": record.Ref(s.person), "author": record.Ref(tx.Author()), "kind": record.Text(in.Kind),
		"edge": record.Text(in.Edge), "replaces": record.Ref(in.Replaces), "note": optional(in.Note),
	}
	in.At.put(tx, values)
	id := tx.NewID()
	return id, insert(tx, "time_mark", id, values)
}

// switchClock stops the clock that the person has running on the job, and starts one of the given kind; "" none.
func switchClock(tx Tx, s *stand, kind string, when Moment) error {
	marks, err := TimeMarks(tx, s.job.ID, s.person)
	if err != nil {
		return err
	}
	_, running := spentBy(marks, 0)
	if running != nil && running.Kind == kind {
		return nil
	}
	when = when.behind(tx, marks)
	if running != nil {
		if _, err := mark(tx, s, MarkInput{Kind: running.Kind, Edge: EdgeStop, At: when}); err != nil {
			return err
		}
	}
	if kind == "" {
		return nil
	}
	_, err = mark(tx, s, MarkInput{Kind: kind, Edge: EdgeStart, At: when})
	return err
}
