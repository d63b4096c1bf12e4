package aftersales

import (
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of a visit.
const (
	VisitAssigned   = "assigned"
	VisitAccepted   = "accepted"
	VisitTravelling = "travelling"
	VisitOnSite     = "on_site"
	VisitPaused     = "paused"
	VisitCancelled  = "cancelled" // ended without work: declined, nobody there, or called off
	VisitCompleted  = "completed"
)

var visitStates = []string{
	VisitAssigned, VisitAccepted, VisitTravelling, VisitOnSite, VisitPaused, VisitCancelled, VisitCompleted,
}

// How a visit ended.
const (
	OutcomeFixed    = "fixed"
	OutcomeFollowUp = "follow_up" // the job goes on
	OutcomeDeclined = "declined"
	OutcomeNoAccess = "no_access"
	OutcomeRecalled = "recalled" // by the office
)

var visitColumns = slices.Concat(branch(), []schema.Column{
	ref(1, "job", "job", required, fixed),
	ref(2, "person", "person", required, fixed),
	ref(3, "assignment", "assignment", fixed),
	ladder(4, "state", visitStates, [2]string{VisitCancelled, VisitCompleted}),
	technician(enum(5, "outcome", []string{
		OutcomeFixed, OutcomeFollowUp, OutcomeDeclined, OutcomeNoAccess, OutcomeRecalled,
	})),
	text(6, "reason"),
	code(7, "reason_code"), // code list "visit_reason"
	by(schema.First, instant(8, "accepted_at")),
	by(schema.First, instant(9, "travel_at")),
	by(schema.First, instant(10, "arrived_at")),
	instant(11, "finished_at"),
	technician(long(64<<10, text(12, "summary", searchable))),
	text(13, "note"),
	ref(14, "locked_by", "slip"), // the audited slip that locks it
}, together("arrival_position",
	decimal(20, "latitude", PositionScale, personal),
	decimal(21, "longitude", PositionScale, personal),
), archive())

var visitTable = &schema.Table{
	ID: 40, Name: "visit", Parent: "job",
	Columns: visitColumns,
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights: []schema.Right{{Name: RightWork, Insert: true,
		Columns: names(visitColumns, "locked_by", "archived_at", "archived_reason")}},
	Withheld: tidied(visitColumns),
}

// Visit is a row of the table visit.
type Visit struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Job        record.ID `json:"job"`
	Person     record.ID `json:"person"`
	Assignment record.ID `json:"assignment"`
	State      string    `json:"state"`
	Outcome    string    `json:"outcome"`
	Reason     string    `json:"reason"`
	ReasonCode string    `json:"reason_code"`
	AcceptedAt int64     `json:"accepted_at"`
	TravelAt   int64     `json:"travel_at"`
	ArrivedAt  int64     `json:"arrived_at"`
	FinishedAt int64     `json:"finished_at"`
	Summary    string    `json:"summary"`
	Note       string    `json:"note"`
	LockedBy   record.ID `json:"locked_by"`
	Latitude   int64     `json:"latitude"`  // 1e-7 degrees
	Longitude  int64     `json:"longitude"` // 1e-7 degrees
}

// VisitOf returns the row as a Visit; the zero Visit for nil.
func VisitOf(r *record.Row) Visit { return view[Visit](r) }

// Over reports whether the visit has ended, one way or the other.
func (v Visit) Over() bool { return v.State == VisitCancelled || v.State == VisitCompleted }

// Visits returns the job's visits, oldest first.
func Visits(tx View, job record.ID) ([]Visit, error) {
	rows, err := tx.Refs("visit", "job", job)
	if err != nil {
		return nil, err
	}
	list := make([]Visit, len(rows))
	for i, row := range rows {
		list[i] = VisitOf(row)
	}
	return list, nil
}

// lastVisit returns the person's latest visit for the job, the zero Visit if there is none.
func lastVisit(tx View, job, person record.ID) (last Visit, err error) {
	visits, err := Visits(tx, job)
	for _, v := range visits {
		if v.Person == person {
			last = v
		}
	}
	return last, err
}

// visitAt returns the visit of the job at which something was recorded: the one that is named, else the author's latest; the
// zero Visit where he has none. Codes: fault.UnknownRow for a visit of another job.
func visitAt(tx Tx, job, visit record.ID) (Visit, error) {
	if visit.IsZero() {
		return lastVisit(tx, job, tx.Author())
	}
	row, err := needOf(tx, job, "visit", visit)
	return VisitOf(row), err
}

func newVisit(tx Tx, job Job, person, assignment record.ID) (record.ID, error) {
	id := tx.NewID()
	return id, insert(tx, "visit", id, record.Values{
		"branch": record.Ref(job.Branch), "job": record.Ref(job.ID), "person": record.Ref(person),
		"assignment": record.Ref(assignment), "state": record.Text(VisitAssigned),
	})
}

// visitSteps say from which states each step goes. A technician who forgets a button is not stopped by it.
var visitSteps = map[string][]string{
	"accept":    {VisitAssigned},
	"travel":    {VisitAssigned, VisitAccepted, VisitPaused},
	"arrive":    {VisitAssigned, VisitAccepted, VisitTravelling, VisitPaused},
	"pause":     {VisitTravelling, VisitOnSite},
	"resume":    {VisitPaused},
	"decline":   {VisitAssigned, VisitAccepted, VisitTravelling},
	"no_access": {VisitAssigned, VisitAccepted, VisitTravelling, VisitOnSite, VisitPaused},
	"complete":  {VisitAssigned, VisitAccepted, VisitTravelling, VisitOnSite, VisitPaused},
}

// VisitInput names a step of somebody's visit.
type VisitInput struct {
	Job      record.ID
	Person   record.ID // whose visit it is; zero: the author's
	At       Moment
	Position *Position // where he arrived
}

// stand is where a person stands on a job: what every step of a visit starts from.
type stand struct {
	row        *record.Row
	job        Job
	person     record.ID
	assignment Assignment
	visit      Visit // the one that is not over; zero if there is none
	earlier    int   // visits of anybody that are over, and were not called off before they began
}

// onJob returns where the person, or the author, stands on the job. Codes: NotAssigned, CodeJobClosed,
// fault.UnknownRow.
func onJob(tx Tx, job, person record.ID) (*stand, error) {
	row, err := activeJob(tx, job)
	if err != nil {
		return nil, err
	}
	s := &stand{row: row, job: JobOf(row), person: first(person, tx.Author())}
	if s.assignment, err = AssignedTo(tx, job, s.person); err != nil {
		return nil, err
	}
	visits, err := Visits(tx, job)
	for _, v := range visits {
		switch {
		case !v.Over() && v.Person == s.person:
			s.visit = v
		case v.State == VisitCompleted || v.Outcome == OutcomeNoAccess:
			s.earlier++
		}
	}
	return s, err
}

// move takes a step of the visit, and begins one where the person has none yet. Codes: WrongState.
func (s *stand) move(tx Tx, step string, when Moment, values record.Values) error {
	if s.visit.ID.IsZero() {
		if step == "pause" || step == "resume" {
			return fault.New(WrongState, "no visit of yours is under way: set out or arrive first")
		}
		id, err := newVisit(tx, s.job, s.person, s.assignment.ID)
		if err != nil {
			return err
		}
		s.visit = Visit{ID: id, Job: s.job.ID, Branch: s.job.Branch, Person: s.person, State: VisitAssigned}
	}
	if !slices.Contains(visitSteps[step], s.visit.State) {
		return fault.Newf(WrongState, "the visit is %v: this step does not follow", readable(s.visit.State))
	}
	if err := s.respond(tx, when); err != nil {
		return err
	}
	return tx.Update("visit", s.visit.ID, values)
}

// respond notes on the job when somebody first reacted to it.
func (s *stand) respond(tx Tx, when Moment) error {
	if s.job.FirstResponseAt != 0 {
		return nil
	}
	return tx.Update("job", s.job.ID, record.Values{"first_response_at": record.Instant(when.corrected(tx))})
}

// step is what the steps of a visit have in common: where the person stands, the visit's new state, its clock.
func step(tx Tx, in VisitInput, name, state, moment, clock string) (*stand, error) {
	s, err := onJob(tx, in.Job, in.Person)
	if err != nil {
		return nil, err
	}
	values := record.Values{"state": record.Text(state)}
	if moment != "" {
		values[moment] = record.Instant(in.At.corrected(tx))
	}
	if err := in.Position.put(values); err != nil {
		return nil, err
	}
	if err := s.move(tx, name, in.At, values); err != nil {
		return nil, err
	}
	return s, switchClock(tx, s, clock, in.At)
}

// Accept takes the job on; of a group's job one member does. Codes of all steps: NotAssigned, WrongState,
// CodeJobClosed, BadPosition, fault.UnknownRow.
func Accept(tx Tx, in VisitInput) error {
	_, err := step(tx, in, "accept", VisitAccepted, "accepted_at", "")
	return err
}

// Travel sets out, and starts the travel clock.
func Travel(tx Tx, in VisitInput) error {
	_, err := step(tx, in, "travel", VisitTravelling, "travel_at", TimeTravel)
	return err
}

// Arrive begins work on site, and starts the work clock; the job is in work.
func Arrive(tx Tx, in VisitInput) error {
	s, err := step(tx, in, "arrive", VisitOnSite, "arrived_at", TimeWork)
	if err != nil {
		return err
	}
	values := record.Values{}
	if s.job.StartedAt == 0 {
		values["started_at"] = record.Instant(in.At.corrected(tx))
	}
	if s.job.State != JobInWork {
		values["state"], values["substate"] = record.Text(JobInWork), record.Null
	}
	if len(values) == 0 {
		return nil
	}
	return tx.Update("job", in.Job, values)
}

// Pause interrupts the visit.
func Pause(tx Tx, in VisitInput) error {
	_, err := step(tx, in, "pause", VisitPaused, "", TimePause)
	return err
}

// Resume goes on with work on site.
func Resume(tx Tx, in VisitInput) error {
	_, err := step(tx, in, "resume", VisitOnSite, "", TimeWork)
	return err
}

// EndInput says why a visit comes to nothing.
type EndInput struct {
	VisitInput
	Reason     string
	ReasonCode string // of the list "visit_reason"; "" for none
}

// Decline gives the job back to the office. Codes: MissingReason, UnknownCode, and those of all steps.
func Decline(tx Tx, in EndInput) error {
	s, err := in.end(tx, "decline", OutcomeDeclined)
	if err != nil {
		return err
	}
	if s.assignment.Person != s.person {
		return nil // one member declined: the group still has the job
	}
	if err := endAssignment(tx, s.assignment.ID, AssignmentDeclined, in.Reason); err != nil {
		return err
	}
	return backToNew(tx, in.Job)
}

// NoAccess ends a visit that met a closed door; the job stays with its technician. Codes: MissingReason, UnknownCode,
// and those of all steps.
func NoAccess(tx Tx, in EndInput) error {
	_, err := in.end(tx, "no_access", OutcomeNoAccess)
	return err
}

func (in *EndInput) end(tx Tx, step, outcome string) (*stand, error) {
	s, err := onJob(tx, in.Job, in.Person)
	if err != nil {
		return nil, err
	}
	if in.Reason = strings.TrimSpace(in.Reason); in.Reason == "" {
		return nil, fault.Newf(MissingReason, "say why there is no visit: %v", readable(step))
	}
	if err := checkCode(tx, ListVisitReason, in.ReasonCode); err != nil {
		return nil, err
	}
	err = s.move(tx, step, in.At, record.Values{
		"state": record.Text(VisitCancelled), "outcome": record.Text(outcome), "reason": record.Text(in.Reason),
		"reason_code": optional(in.ReasonCode), "finished_at": record.Instant(in.At.corrected(tx)),
	})
	if err != nil {
		return nil, err
	}
	return s, switchClock(tx, s, "", in.At)
}
