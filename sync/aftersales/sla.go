package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/worktime"
)

// The states of a clock.
const (
	ClockPending  = "pending" // what it starts from has not happened
	ClockRuns     = "running"
	ClockSoon     = "due_soon"
	ClockRests    = "resting" // the request waits, and the promise says that it may
	ClockMet      = "met"
	ClockBreached = "breached" // due and not met, or met too late
	ClockVoid     = "void"     // nobody has to meet it: the request was over before it was due
)

// Clock is how a promise stands at an instant. All times are ms UTC of when things happened, corrected for the clocks
// of the devices that saw them happen: when it was synced makes no difference. Nothing of it is stored, so there is
// nothing that could be repaired.
type Clock struct {
	Target   string              `json:"target"`
	State    string              `json:"state"`
	Started  int64               `json:"started"` // 0: not yet
	Due      int64               `json:"due"`     // 0: not known while it rests or has not started
	Met      int64               `json:"met"`     // 0: not yet
	Over     int64               `json:"over"`    // since when nobody has to meet it any more; 0: somebody has, or it is met
	Rests    []worktime.Interval `json:"rests"`   // when it rested; the last may go on
	Promise  Promise             `json:"promise"`
	Versions []record.ID         `json:"versions"` // the policy versions it goes by
	Why      string              `json:"why"`      // the promise in words
}

// Late reports whether the target was met, but not in time.
func (c Clock) Late() bool { return c.State == ClockBreached && c.Met != 0 }

// SLA returns the clocks of a request as they stand at an instant (ms UTC), in the order of their targets. It goes by
// the promises and the calendar that were in force when the request was received. Codes: fault.UnknownRow, BadPolicy
// for a policy of a later version of this program.
func SLA(v View, request record.ID, at int64) ([]Clock, error) {
	return NewSLABook(v).Clocks(request, at)
}

// SLABook reads clocks of many requests, and each policy and branch once. It is for one transaction.
type SLABook struct {
	view      View
	branches  map[record.ID]*record.Row
	versions  map[record.ID][]*record.Row
	promises  map[record.ID]SLAPolicy
	calendars map[calendarKey]*worktime.Calendar
}

type calendarKey struct {
	version record.ID
	zone    string
}

// NewSLABook returns a book on the view.
func NewSLABook(v View) *SLABook {
	return &SLABook{v, map[record.ID]*record.Row{}, map[record.ID][]*record.Row{}, map[record.ID]SLAPolicy{}, map[calendarKey]*worktime.Calendar{}}
}

// Clocks is SLA, for one of many requests.
func (b *SLABook) Clocks(request record.ID, at int64) ([]Clock, error) {
	row, err := b.view.Row("request", request)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, fault.New(fault.UnknownRow, "this request is not here: sync, and try again")
	}
	r := RequestOf(row)
	marks, err := waitMarks(b.view, r.ID)
	if err != nil {
		return nil, err
	}
	h, err := historyOf(b.view, r, marks)
	if err != nil {
		return nil, err
	}
	return b.clocks(r, h, waitsOf(marks), at)
}

// clocks returns the clocks of a request to which this happened.
func (b *SLABook) clocks(r Request, h history, waits []Wait, at int64) ([]Clock, error) {
	stages, err := b.stagesOf(r, at)
	if err != nil {
		return nil, err
	}
	var list []Clock
	for _, target := range slaEvents[1:] {
		if c, ok := clockOf(target, stages, h, waits, at); ok {
			list = append(list, c)
		}
	}
	return list, nil
}

// terms are what a request's clocks go by.
type terms struct {
	promises SLAPolicy
	calendar *worktime.Calendar
	region   string
	versions []record.ID
}

func (b *SLABook) termsOf(r Request) (t terms, err error) {
	site, err := b.view.Row("site", r.Site)
	if err != nil {
		return t, err
	}
	branch, err := b.Row("branch", r.Branch)
	if err != nil {
		return t, err
	}
	there, err := placeAt(b, site, r.ReceivedAt)
	if err != nil {
		return t, err
	}
	home, err := placeAt(b, branch, r.ReceivedAt)
	if err != nil {
		return t, err
	}
	t.region = there.Region
	promise, err := PolicyAt(b, PolicySLA, r.Branch, r.ReceivedAt)
	if err != nil {
		return t, err
	}
	if t.promises, err = b.promisesOf(promise); err != nil {
		return t, err
	}
	calendar, err := PolicyAt(b, PolicyCalendar, r.Branch, r.ReceivedAt)
	if err != nil {
		return t, err
	}
	t.calendar, err = b.calendarOf(calendar, firstZone(there.Zone, home.Zone))
	for _, version := range []PolicyVersion{promise, calendar} {
		if !version.ID.IsZero() {
			t.versions = append(t.versions, version.ID)
		}
	}
	return t, err
}

func (b *SLABook) promisesOf(v PolicyVersion) (SLAPolicy, error) {
	if p, ok := b.promises[v.ID]; ok || v.ID.IsZero() {
		return p, nil
	}
	p, err := policyOf[SLAPolicy](v)
	b.promises[v.ID] = p
	return p, err
}

// calendarOf returns the calendar of a version; without one every minute is worked.
func (b *SLABook) calendarOf(v PolicyVersion, zone string) (*worktime.Calendar, error) {
	key := calendarKey{v.ID, zone}
	if v.ID.IsZero() {
		key.zone = ""
	}
	if c := b.calendars[key]; c != nil {
		return c, nil
	}
	if v.ID.IsZero() {
		b.calendars[key] = worktime.Always()
		return b.calendars[key], nil
	}
	p, err := policyOf[CalendarPolicy](v)
	if err != nil {
		return nil, err
	}
	c, err := p.Calendar(zone)
	if err != nil {
		return nil, fault.New(BadPolicy, err.Error())
	}
	b.calendars[key] = c
	return c, nil
}

// Row and Refs make the book a view that reads a branch and the versions of a policy once.
func (b *SLABook) Row(table string, id record.ID) (*record.Row, error) {
	if table != "branch" {
		return b.view.Row(table, id)
	}
	row, known := b.branches[id]
	if known {
		return row, nil
	}
	row, err := b.view.Row(table, id)
	b.branches[id] = row
	return row, err
}

// Refs returns what the view has.
func (b *SLABook) Refs(table, column string, id record.ID) ([]*record.Row, error) {
	if table != "policy_version" {
		return b.view.Refs(table, column, id)
	}
	rows, known := b.versions[id]
	if known {
		return rows, nil
	}
	rows, err := b.view.Refs(table, column, id)
	b.versions[id] = rows
	return rows, err
}

// clock reads the clock of a promise at an instant, of which only what had happened by then is seen; the promise before it was due
// at another.
func (s stage) clock(p Promise, h history, waits []Wait, before, at int64) Clock {
	c := Clock{
		Target: p.Target, Promise: p, Versions: s.versions, Why: p.String(), State: ClockPending,
		Started: seenBy(h.at[p.from()], at), Met: seenBy(h.at[p.Target], at),
	}
	if c.Met == 0 {
		c.Over = seenBy(h.overFor(p.Target, s.request), at)
	}
	ended := cmp.Or(c.Met, c.Over)
	if c.Started == 0 {
		if c.Over != 0 {
			c.State = ClockVoid
		}
		return c
	}
	if !p.NeverRest {
		c.Rests = restsOf(s.promises.Rests, waits, c.Started, cmp.Or(ended, at), ended != 0)
	}
	due := s.due(p, c.Started, before, c.Rests)
	c.State = s.state(c, due, at)
	if due != never {
		c.Due = due
	}
	return c
}

// state returns how a clock stands that started, and is due at an instant, or never as it does not count on now. What was missed
// before the request was over stays missed.
func (t terms) state(c Clock, due, at int64) string {
	ended := cmp.Or(c.Met, c.Over)
	switch {
	case ended != 0 && ended > due:
		return ClockBreached
	case c.Met != 0:
		return ClockMet
	case c.Over != 0:
		return ClockVoid
	case due == never:
		return ClockRests
	case at > due:
		return ClockBreached
	case due-at <= t.promises.SoonMinutes*60_000:
		return ClockSoon
	}
	return ClockRuns
}

// seenBy returns the instant if it was over at another, else 0.
func seenBy(when, at int64) int64 {
	if when > at {
		return 0
	}
	return when
}

// restsOf returns the intervals of the waits in which a clock rests, as they were to be seen at an instant: one that
// ends later had not ended. Those of a clock that is over end with it.
func restsOf(reasons []string, waits []Wait, from, at int64, over bool) []worktime.Interval {
	var list []worktime.Interval
	for _, w := range waits {
		rest := worktime.Interval{Start: max(w.Start, from), End: w.End}
		if !slices.Contains(reasons, w.Reason) || rest.Start >= at || rest.End != 0 && rest.End <= from {
			continue
		}
		if rest.End == 0 || rest.End > at {
			rest.End = 0
			if over {
				rest.End = at
			}
		}
		list = append(list, rest)
	}
	return worktime.Union(list)
}

// history is when what the clocks go by happened, and when there was nothing left to do; 0 or missing: not yet.
type history struct {
	at   map[string]int64
	over int64
}

// overFor returns since when nobody has to reach the target any more: a report follows what is done, until the request is closed.
func (h history) overFor(target string, r Request) int64 {
	switch {
	case target == EventReport:
		return r.ClosedAt
	case target == EventClose && r.State != RequestCancelled:
		return 0
	}
	return h.over
}

// historyOf reads what happened to a request. Who repaired it on the telephone need neither have been sent nor arrive.
func historyOf(v View, r Request, marks []WaitMark) (h history, err error) {
	h.at = map[string]int64{EventReceived: r.ReceivedAt, EventResponse: r.FirstResponseAt, EventClose: r.ClosedAt}
	for _, what := range Owed {
		h.at[what] = givenAt(marks, what)
	}
	rows, err := v.Refs("job", "request", r.ID)
	if err != nil {
		return h, err
	}
	finished, open := int64(0), false
	for _, row := range rows {
		job := JobOf(row)
		open = open || !job.Over()
		if job.State != JobCancelled {
			finished = max(finished, job.FinishedAt)
		}
		if err := h.readJob(v, job); err != nil {
			return h, err
		}
	}
	if open || !r.Over() {
		return h, nil
	}
	solved := max(finished, r.SolvedAt) // a job may have ended before the request was reopened and solved by telephone
	h.over = cmp.Or(solved, r.ClosedAt)
	if r.State == RequestCancelled {
		delete(h.at, EventClose)
	} else {
		h.at[EventRepair] = solved
	}
	return h, nil
}

// readJob notes when somebody was first sent to the job, reacted to it and arrived.
func (h history) readJob(v View, job Job) error {
	h.earliest(EventResponse, job.FirstResponseAt)
	for event, from := range map[string][2]string{
		EventDispatch: {"assignment", "assigned_at"}, EventArrival: {"visit", "arrived_at"},
	} {
		rows, err := v.Refs(from[0], "job", job.ID)
		if err != nil {
			return err
		}
		for _, row := range rows {
			h.earliest(event, row.Get(from[1]).Number())
		}
	}
	return nil
}

func (h history) earliest(event string, at int64) {
	if known := h.at[event]; at != 0 && (known == 0 || at < known) {
		h.at[event] = at
	}
}
