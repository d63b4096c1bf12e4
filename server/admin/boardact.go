package admin

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// MayBeStarted asks for a second yes before a job is taken away from a phone that has been silent.
const MayBeStarted fault.Code = "may_be_started"

// boardStep is what a drag, a key or a form of the board asks for.
type boardStep struct {
	job, assignment record.ID
	person, team    record.ID
	start, end      int64
	reason          string
	undo            url.Values // what takes it back
	seen            Seen
}

// AssignOnBoard gives the job to somebody, besides those who have it.
func (o *Office) AssignOnBoard(v *Visit) error {
	return o.boardDo(v, aftersales.CauseJobAssign, v.t("Assigned. His phone gets the job as soon as it has signal."), func(tx aftersales.Tx, s *boardStep) error {
		id, err := aftersales.AssignJob(tx, aftersales.AssignInput{
			Job: s.job, Person: s.person, Team: s.team, Role: v.form("role"), WindowStart: s.start, WindowEnd: s.end,
		})
		s.undo = undoing("unassign", s.job, "assignment", id.String())
		return err
	})
}

// MoveOnBoard gives what somebody has of a job another time, or to another person or group, or both.
func (o *Office) MoveOnBoard(v *Visit) error {
	return o.boardDo(v, aftersales.CauseJobPlan, v.t("Moved."), func(tx aftersales.Tx, s *boardStep) error {
		row, err := s.its(tx)
		if err != nil {
			return err
		}
		was := aftersales.AssignmentOf(row)
		id := s.assignment
		if s.person == was.Person && s.team == was.Team {
			err = aftersales.Replan(tx, aftersales.ReplanInput{Assignment: id, Start: s.start, End: s.end})
		} else if err = o.mayTake(v, tx, was); err == nil {
			id, err = aftersales.Reassign(tx, aftersales.ReassignInput{
				Assignment: id, Person: s.person, Team: s.team, Reason: s.reason, WindowStart: s.start, WindowEnd: s.end,
			})
		}
		s.undo = undoing("move", s.job, "assignment", id.String(), "to", ownerName(was.Person, was.Team),
			"start", digits(was.WindowStart), "end", digits(was.WindowEnd))
		return err
	})
}

// UnassignOnBoard takes the job from somebody.
func (o *Office) UnassignOnBoard(v *Visit) error {
	return o.boardDo(v, aftersales.CauseJobUnassign, v.t("Taken back. His phone hears of it as soon as it has signal."), func(tx aftersales.Tx, s *boardStep) error {
		row, err := s.its(tx)
		if err != nil {
			return err
		}
		was := aftersales.AssignmentOf(row)
		if err := o.mayTake(v, tx, was); err != nil {
			return err
		}
		s.undo = undoing("assign", s.job, "to", ownerName(was.Person, was.Team), "role", was.Role,
			"start", digits(was.WindowStart), "end", digits(was.WindowEnd))
		return aftersales.Unassign(tx, aftersales.UnassignInput{Assignment: s.assignment, Reason: s.reason})
	})
}

// undoing returns the step that takes another back, as the page's URL carries it.
func undoing(verb string, job record.ID, pairs ...string) url.Values {
	q := url.Values{"do": {verb}, "job": {job.String()}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}

func digits(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// its returns the assignment that the step is about. The error is a *fault.Error with the code BadForm where it is of
// another job.
func (s *boardStep) its(tx aftersales.Tx) (*record.Row, error) {
	row, err := tx.Row("assignment", s.assignment)
	if err == nil && (row == nil || row.Get("job").Ref() != s.job) {
		err = errForm
	}
	return row, err
}

// mayTake refuses, once, to take a job from somebody who may have started it while his phone was silent.
func (o *Office) mayTake(v *Visit, tx aftersales.Tx, was aftersales.Assignment) error {
	if v.form("sure") != "" || was.Person.IsZero() {
		return nil
	}
	phones, err := o.Phones.Phones(v.r.Context())
	if err != nil {
		return err
	}
	var last int64
	for _, p := range phones {
		if p.Person == was.Person {
			last = max(last, millis(p.Contact))
			if p.Online {
				last = max(last, tx.Now())
			}
		}
	}
	may, err := aftersales.MayHaveStarted(tx, was.ID, last, tx.Now())
	if err == nil && may {
		err = fault.New(MayBeStarted, "This job may already be started: the phone may know more than it could say. If you move it all the same, what was recorded there stays.")
	}
	return err
}

// boardDo runs a step with what the board showed, and goes back to the board. What is refused is shown there.
func (o *Office) boardDo(v *Visit, cause, said string, command func(aftersales.Tx, *boardStep) error) error {
	s, err := v.boardStep()
	if err == nil {
		err = o.Engine.Do(v.r.Context(), v.author(), s.seen, cause, func(tx aftersales.Tx) error {
			job, err := tx.Row("job", s.job)
			if err == nil && job != nil && !v.Who.May(auth.Dispatch, job.Get("branch").Ref()) {
				err = fault.New(NoRight, "Your roles do not include this. Ask an administrator if you need it.")
			}
			if err != nil {
				return err
			}
			return command(tx, s)
		})
	}
	back, bad := url.Parse(local(v.form("back"), boardURL))
	if bad != nil || back.Path != boardURL {
		back = &url.URL{Path: boardURL}
	}
	if err != nil {
		return o.boardRefused(v, err, back)
	}
	q := back.Query()
	q.Set("did", s.undo.Encode())
	back.RawQuery = q.Encode()
	return v.done(back.String(), said)
}

// boardStep reads the form of a step.
func (v *Visit) boardStep() (s *boardStep, err error) {
	s = &boardStep{assignment: optionalID(v.form("assignment")), reason: strings.TrimSpace(v.form("reason"))}
	if s.job, err = v.id(); err != nil {
		return nil, err
	}
	if s.seen, err = parseSeen(v.form("seen")); err != nil {
		return nil, err
	}
	if s.reason == "" {
		s.reason = v.t("dispatched anew")
	}
	kind, id, _ := strings.Cut(v.form("to"), ":")
	switch kind {
	case "p":
		s.person = optionalID(id)
	case "t":
		s.team = optionalID(id)
	}
	start, err1 := v.moment(v.form("start"))
	end, err2 := v.moment(v.form("end"))
	if err1 != nil || err2 != nil || (start == 0) != (end == 0) {
		return nil, fault.New(fault.Invalid, "The window needs a beginning, and an end after it.")
	}
	s.start, s.end = start, end
	return s, nil
}

// moment reads a time as a form has it, or as the board's script does: ms since 1970 UTC. Nothing typed is 0.
func (v *Visit) moment(typed string) (int64, error) {
	t := aftersales.Schema.Table("assignment")
	column := &t.Columns[t.Column("window_start")]
	if n, err := strconv.ParseInt(typed, 10, 64); err == nil || typed == "" {
		return n, aftersales.CheckImaginable(column, record.Instant(n))
	}
	value, err := v.parse(column, typed)
	return value.Number(), err
}

// boardRefused shows the board with what went wrong, and where a second yes is asked for, the way to give it.
func (o *Office) boardRefused(v *Visit, problem error, back *url.URL) error {
	f, status := statusOf(problem)
	if status >= 500 || f.Code == BadForm {
		return problem
	}
	id, err := v.id()
	if err != nil {
		return err
	}
	at := v.r.URL.Path
	q := back.Query()
	q.Set("job", id.String())
	q.Del("did")
	v.r.URL = &url.URL{Path: boardURL, RawQuery: q.Encode()}
	page, err := o.loadBoard(v)
	if err != nil {
		return err
	}
	page.Problem = v.lang.refusal(f)
	if f.Code == MayBeStarted {
		status, page.Sure, page.SureAt = http.StatusConflict, url.Values{}, at
		for name, values := range v.r.PostForm {
			page.Sure[name] = values
		}
		page.Sure.Set("sure", "1")
	}
	return v.show(status, "board", page)
}
