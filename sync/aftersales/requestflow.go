package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// SolveRequestInput says how a request was solved without a visit.
type SolveRequestInput struct {
	Request   record.ID
	Solution  string
	FaultCode string
}

// SolveRequest closes a request that was solved on the telephone, with its solution. Codes: MissingText, UnknownCode,
// WrongState, fault.UnknownRow.
func SolveRequest(tx Tx, in SolveRequestInput) error {
	row, err := need(tx, "request", in.Request)
	if err != nil {
		return err
	}
	solution, err := textFor("the solution", in.Solution)
	if err != nil {
		return err
	}
	if err := checkCode(tx, ListFault, in.FaultCode); err != nil {
		return err
	}
	if s := row.Get("state").Text(); !slices.Contains([]string{RequestNew, RequestEscalated, RequestDepot}, s) {
		return fault.Newf(WrongState, "a request that is %v is not solved on the telephone", readable(s))
	}
	now := record.Instant(tx.Now())
	values := record.Values{
		"state": record.Text(RequestClosed), "solution": record.Text(solution), "solved_at": now, "closed_at": now,
		"substate": record.Null,
	}
	if row.Get("first_response_at").IsNull() {
		values["first_response_at"] = now
	}
	if in.FaultCode != "" {
		values["fault_code"] = record.Text(in.FaultCode)
	}
	return tx.Update("request", row.ID, values)
}

// RespondRequest notes when somebody first reacted to the customer; once is enough. Codes: fault.UnknownRow.
func RespondRequest(tx Tx, request record.ID, when Moment) error {
	row, err := need(tx, "request", request)
	if err != nil || !row.Get("first_response_at").IsNull() {
		return err
	}
	return tx.Update("request", request, record.Values{"first_response_at": record.Instant(when.corrected(tx))})
}

// MoveRequestInput says where a request goes: RequestEscalated, RequestDepot or RequestCancelled.
type MoveRequestInput struct {
	Request record.ID
	To      string
	Reason  string
	Handler record.ID // who holds it from now on: a person or ...
	Team    record.ID // ... a group; neither: whoever held it before
	Intake  string    // for the depot: MailIn or CarryIn; "" if that is not known yet
}

// MoveRequest escalates a request, one level each time, puts it into the depot's queue or cancels it. Codes:
// MissingReason, WrongState, WhoUnclear, NotAvailable, fault.UnknownRow.
func MoveRequest(tx Tx, in MoveRequestInput) error {
	row, err := need(tx, "request", in.Request)
	if err != nil {
		return err
	}
	reason, err := reasonFor("move the request", in.Reason)
	if err != nil {
		return err
	}
	from := row.Get("state").Text()
	if !slices.Contains(requestMoves[from], in.To) {
		return fault.Newf(WrongState, "a request that is %v cannot become %v", readable(from), readable(in.To))
	}
	values := record.Values{
		"state": record.Text(in.To), "reason": record.Text(reason), "substate": record.Null,
	}
	switch in.To {
	case RequestEscalated:
		values["level"] = record.Number(row.Get("level").Number() + 1)
	case RequestDepot:
		values["intake"] = optional(in.Intake)
	case RequestCancelled:
		values["closed_at"] = record.Instant(tx.Now())
	}
	if err := putHandler(tx, values, in.Handler, in.Team); err != nil {
		return err
	}
	return tx.Update("request", row.ID, values)
}

var requestMoves = map[string][]string{
	RequestNew:       {RequestEscalated, RequestDepot, RequestCancelled},
	RequestEscalated: {RequestEscalated, RequestDepot, RequestCancelled},
	RequestDepot:     {RequestEscalated, RequestCancelled},
	RequestOnSite:    {RequestEscalated},
}

// putHandler writes who holds a request, nothing where nobody is given.
func putHandler(tx Tx, values record.Values, person, team record.ID) error {
	if person.IsZero() && team.IsZero() {
		return nil
	}
	if err := checkAssignee(tx, person, team); err != nil {
		return err
	}
	values["handler"], values["handler_team"] = record.Ref(person), record.Ref(team)
	return nil
}

// HandRequestInput gives a request to a person or to a group, who answer for it from now on.
type HandRequestInput struct {
	Request record.ID
	Person  record.ID
	Team    record.ID
}

// HandRequest says who holds a request: he has it, and what it is about, on his phone. Codes: WhoUnclear, NotAvailable,
// WrongState for one that is over, fault.UnknownRow.
func HandRequest(tx Tx, in HandRequestInput) error {
	row, err := need(tx, "request", in.Request)
	if err != nil {
		return err
	}
	if r := RequestOf(row); r.Over() {
		return fault.Newf(WrongState, "the request is %v: reopen it before you give it to somebody", r.State)
	}
	if err := checkAssignee(tx, in.Person, in.Team); err != nil {
		return err
	}
	return tx.Update("request", row.ID, record.Values{
		"handler": record.Ref(in.Person), "handler_team": record.Ref(in.Team),
	})
}

// CloseRequest ends a request that its job has solved. Codes: WrongState, fault.UnknownRow.
func CloseRequest(tx Tx, request record.ID) error {
	row, err := need(tx, "request", request)
	if err != nil {
		return err
	}
	if s := row.Get("state").Text(); s != RequestSolved {
		return fault.Newf(WrongState, "a request that is %v cannot be closed: it must be solved", readable(s))
	}
	return tx.Update("request", request, record.Values{
		"state": record.Text(RequestClosed), "closed_at": record.Instant(tx.Now()), "substate": record.Null,
	})
}

// SetRequestSubstate names the company's own state under the request's, "" none. Codes: UnknownCode, fault.UnknownRow.
func SetRequestSubstate(tx Tx, request record.ID, substate string) error {
	return putSubstate(tx, "request", request, substate)
}

// ReopenRequestInput undoes the end of a request. Seen is the state that the author saw.
type ReopenRequestInput struct {
	Request record.ID
	Seen    string // RequestSolved, RequestClosed or RequestCancelled
	Reason  string
}

// ReopenRequest takes a request that was over back to work; its clocks go on as if it had not ended. Codes:
// MissingReason, WrongState, NotSeen, fault.UnknownRow.
func ReopenRequest(tx Tx, in ReopenRequestInput) error {
	row, err := need(tx, "request", in.Request)
	if err != nil {
		return err
	}
	reason, err := reasonFor("reopen the request", in.Reason)
	if err != nil {
		return err
	}
	switch r := RequestOf(row); {
	case !r.Over():
		return fault.Newf(WrongState, "the request is %v: there is nothing to reopen", readable(r.State))
	case r.State != in.Seen:
		return fault.Newf(NotSeen, "the request is %v meanwhile: look at it again before you reopen it", r.State)
	}
	if err := fromArchive(row); err != nil {
		return err
	}
	jobs, err := openJobsOf(tx, in.Request)
	if err != nil {
		return err
	}
	state := RequestNew
	if len(jobs) > 0 {
		state = RequestOnSite
	}
	return tx.Update("request", in.Request, record.Values{
		"state": record.Text(state), "reason": record.Text(reason), "substate": record.Null, "solved_at": record.Null,
		"closed_at": record.Null,
	})
}

func openJobsOf(tx View, request record.ID) (open []Job, err error) {
	rows, err := tx.Refs("job", "request", request)
	for _, row := range rows {
		if job := JobOf(row); !job.Over() {
			open = append(open, job)
		}
	}
	return open, err
}

// Standing is where a request stands and who holds it: what a customer who calls again is told.
type Standing struct {
	State    string      `json:"state"` // of the request or, where it has one that is not over, of its job
	Substate string      `json:"substate"`
	Job      record.ID   `json:"job"`    // the job that the state is of; zero: the request itself
	Waits    string      `json:"waits"`  // what it waits for, a code of the list "wait"; "" for nothing
	People   []record.ID `json:"people"` // who hold it
	Teams    []record.ID `json:"teams"`
}

// StandingOf returns where the request stands. Codes: fault.UnknownRow.
func StandingOf(tx View, request record.ID) (Standing, error) {
	row, err := need(tx, "request", request)
	if err != nil {
		return Standing{}, err
	}
	r := RequestOf(row)
	s := Standing{State: r.State, Substate: r.Substate}
	s.hold(r.Handler, r.HandlerTeam)
	waits, err := Waits(tx, request)
	if err != nil {
		return s, err
	}
	for _, w := range waits {
		if w.End == 0 {
			s.Waits = w.Reason
		}
	}
	jobs, err := openJobsOf(tx, request)
	if err != nil || r.Over() || len(jobs) == 0 {
		return s, err
	}
	job := jobs[len(jobs)-1]
	open, err := Assignments(tx, job.ID, AssignmentOpen)
	s.Job, s.State, s.Substate = job.ID, job.State, job.Substate
	if len(open) > 0 {
		s.People, s.Teams = nil, nil
	}
	for _, a := range open {
		s.hold(a.Person, a.Team)
	}
	return s, err
}

func (s *Standing) hold(person, team record.ID) {
	if !person.IsZero() {
		s.People = append(s.People, person)
	}
	if !team.IsZero() {
		s.Teams = append(s.Teams, team)
	}
}
