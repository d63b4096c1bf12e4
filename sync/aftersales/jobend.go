package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// CancelInput names a job that is not to be done.
type CancelInput struct {
	Job    record.ID
	Reason string
}

// CancelJob calls a job off, with the visits that nobody has set out for. Codes: MissingReason, CodeJobClosed,
// fault.UnknownRow.
func CancelJob(tx Tx, in CancelInput) error {
	if _, err := activeJob(tx, in.Job); err != nil {
		return err
	}
	reason, err := reasonFor("cancel the job", in.Reason)
	if err != nil {
		return err
	}
	err = tx.Update("job", in.Job, record.Values{
		"state": record.Text(JobCancelled), "substate": record.Null, "state_reason": record.Text(reason),
		"finished_at": record.Instant(tx.Now()),
	})
	if err != nil {
		return err
	}
	visits, err := Visits(tx, in.Job)
	if err != nil {
		return err
	}
	return recall(tx, reason, visits...)
}

// recall calls off those of the visits that nobody has set out for.
func recall(tx Tx, reason string, visits ...Visit) error {
	for _, v := range visits {
		if v.State != VisitAssigned && v.State != VisitAccepted {
			continue
		}
		err := tx.Update("visit", v.ID, record.Values{
			"state": record.Text(VisitCancelled), "outcome": record.Text(OutcomeRecalled),
			"reason": record.Text(reason), "finished_at": record.Instant(tx.Now()),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// CloseJob puts a job that is done or cancelled to rest: from now on phones only supplement it. Its charges are
// reckoned again, and the request it was made of closes with it, unless its customer waits for a report that was promised. Codes: WrongState, fault.UnknownRow.
func CloseJob(tx Tx, id record.ID) error {
	row, err := need(tx, "job", id)
	if err != nil {
		return err
	}
	job := JobOf(row)
	if job.State != JobDone && job.State != JobCancelled {
		return fault.Newf(WrongState, "a job that is %v cannot be closed: it must be done or cancelled", readable(job.State))
	}
	if err := RecordFindings(tx, id); err != nil {
		return err
	}
	values := record.Values{"state": record.Text(JobClosed), "substate": record.Null}
	if err := tx.Update("job", id, values); err != nil || job.State != JobDone {
		return err
	}
	request, err := tx.Row("request", job.Request)
	if err != nil || request == nil || request.Get("state").Text() != RequestSolved {
		return err
	}
	if owed, err := owesReport(tx, job.Request); err != nil || owed {
		return err
	}
	return CloseRequest(tx, job.Request)
}

// owesReport reports whether a report was promised to the request, and not given yet.
func owesReport(tx Tx, request record.ID) (bool, error) {
	clocks, err := clocksIfKnown(tx, request)
	return slices.ContainsFunc(clocks, func(c Clock) bool { return c.Target == EventReport && c.Met == 0 && c.Over == 0 }), err
}

// ReopenInput undoes the end of a job. Seen is the state that the author saw: what he has not seen he cannot undo.
type ReopenInput struct {
	Job    record.ID
	Seen   string // JobCancelled, JobDone or JobClosed
	Reason string
}

// Reopen takes a job that was over back into work. Codes: MissingReason, WrongState, NotSeen, CodeSlipAudited,
// fault.UnknownRow.
func Reopen(tx Tx, in ReopenInput) error {
	row, err := need(tx, "job", in.Job)
	if err != nil {
		return err
	}
	reason, err := reasonFor("reopen the job", in.Reason)
	if err != nil {
		return err
	}
	switch job := JobOf(row); {
	case !job.Over():
		return fault.Newf(WrongState, "the job is %v: there is nothing to reopen", readable(job.State))
	case job.State != in.Seen:
		return fault.Newf(NotSeen, "the job is %v meanwhile: look at it again before you reopen it", job.State)
	case !job.LockedBy.IsZero():
		return fault.New(CodeSlipAudited, "take the audit of its slip back first")
	}
	if err := fromArchive(row); err != nil {
		return err
	}
	held, err := reopenAssignments(tx, in.Job)
	if err != nil {
		return err
	}
	return tx.Update("job", in.Job, record.Values{
		"state": record.Text(reopened(row, held)), "state_reason": record.Text(reason), "substate": record.Null,
		"finished_at": record.Null,
	})
}

// reopened returns the state that a job goes back to.
func reopened(job *record.Row, held bool) string {
	switch {
	case !job.Get("started_at").IsNull():
		return JobInWork
	case held:
		return JobPlanned
	}
	return JobNew
}

// reopenAssignments opens the job's finished assignments again; it reports whether anybody is on the job.
func reopenAssignments(tx Tx, job record.ID) (held bool, err error) {
	assignments, err := Assignments(tx, job, heldStates...)
	if err != nil {
		return false, err
	}
	for _, a := range assignments {
		if a.State == AssignmentOpen {
			continue
		}
		values := record.Values{"state": record.Text(AssignmentOpen), "ended_at": record.Null}
		if err := tx.Update("assignment", a.ID, values); err != nil {
			return false, err
		}
	}
	return len(assignments) > 0, nil
}

// CompleteInput says how a visit ended well.
type CompleteInput struct {
	FindingInput
	Person       record.ID // whose visit it is; zero: the author's
	At           Moment
	Outcome      string // "": fixed; OutcomeFollowUp leaves the job in work
	Summary      string // of the visit
	FollowUp     string // why somebody must come again
	FirstTimeFix *bool  // nil: whether it was the first visit
}

// Complete ends the person's visit, stops his clock and, where he leads the job and nothing is left to do, the job;
// what was done enters the machine's history. Codes: NotAssigned, WrongState, CodeJobClosed, CodeSlipAudited,
// MissingReason for a follow-up, MissingField, MissingAnswer, UnknownCode, BadField, fault.UnknownRow.
func Complete(tx Tx, in CompleteInput) error {
	s, err := onJob(tx, in.Job, in.Person)
	if err != nil {
		return err
	}
	if _, err := unlockedJob(tx, in.Job); err != nil {
		return err
	}
	followUp := in.Outcome == OutcomeFollowUp
	if in.FollowUp, err = in.followUp(followUp); err != nil {
		return err
	}
	values, err := in.FindingInput.values(tx)
	if err != nil {
		return err
	}
	ends := s.assignment.Role == Lead && !followUp
	if err := in.finding(tx, s, values, ends); err != nil {
		return err
	}
	if err := in.endVisit(tx, s); err != nil {
		return err
	}
	if err := in.serve(tx, s); err != nil || !ends {
		return err
	}
	return solveRequest(tx, s.job.Request, in.At.corrected(tx))
}

// followUp returns why somebody must come again; it must be said where the visit leaves something to do.
func (in CompleteInput) followUp(needed bool) (string, error) {
	if !needed {
		return "", nil
	}
	return reasonFor("come again", in.FollowUp)
}

// finding writes the job: what was found and, if the job ends here, its end.
func (in CompleteInput) finding(tx Tx, s *stand, values record.Values, ends bool) error {
	if in.FollowUp != "" {
		values["follow_up"], values["follow_up_reason"] = flag(true), record.Text(in.FollowUp)
	}
	if ends {
		values["state"], values["substate"] = record.Text(JobDone), record.Null
		values["finished_at"] = record.Instant(in.At.corrected(tx))
		values["first_time_fix"] = flag(s.earlier == 0)
		if in.FirstTimeFix != nil {
			values["first_time_fix"] = flag(*in.FirstTimeFix)
		}
		if s.job.FollowUp {
			values["follow_up"] = flag(false)
		}
		if err := CheckRequired(tx, "job", RequiredComplete, s.row, values); err != nil {
			return err
		}
		if err := checkAnswered(tx, s); err != nil {
			return err
		}
		err := tx.Update("assignment", s.assignment.ID, record.Values{
			"state": record.Text(AssignmentFinished), "ended_at": record.Instant(in.At.corrected(tx)),
		})
		if err != nil {
			return err
		}
	}
	if len(values) == 0 {
		return nil
	}
	return tx.Update("job", in.Job, values)
}

func (in CompleteInput) endVisit(tx Tx, s *stand) error {
	values := record.Values{
		"state": record.Text(VisitCompleted), "outcome": record.Text(cmp.Or(in.Outcome, OutcomeFixed)),
		"finished_at": record.Instant(in.At.corrected(tx)),
	}
	if in.Summary != "" {
		values["summary"] = record.Text(in.Summary)
	}
	if err := s.move(tx, "complete", in.At, values); err != nil {
		return err
	}
	return switchClock(tx, s, "", in.At)
}

// serve adds what was done to the machine's history. A machine that went off the phone before its job did keeps the job
// alone: who works on it is not kept from finishing.
func (in CompleteInput) serve(tx Tx, s *stand) error {
	if unit, err := tx.Row("unit", s.job.Unit); err != nil || unit == nil {
		return err
	}
	row, err := tx.Row("job", in.Job)
	if err != nil {
		return err
	}
	job := JobOf(row)
	parts, err := partsUsed(tx, job.ID, s.visit.ID)
	if err != nil {
		return err
	}
	summary := cmp.Or(job.Solution, in.Summary, job.Finding, job.Title, job.Description, job.Number)
	_, err = AddServiceRecord(tx, ServiceRecordInput{
		Unit: job.Unit, Job: job.ID, Visit: s.visit.ID, Person: s.person, At: in.At, Summary: summary,
		FaultCode: job.FaultCode, CauseCode: job.CauseCode, RemedyCode: job.RemedyCode, Meter: job.Meter, Parts: parts,
	})
	return err
}

// solveRequest marks the request of a job that is done as solved at an instant (ms UTC), where it is on this replica.
func solveRequest(tx Tx, id record.ID, at int64) error {
	row, err := tx.Row("request", id)
	if err != nil || row == nil || row.Get("state").Text() != RequestOnSite {
		return err
	}
	return tx.Update("request", id, record.Values{
		"state": record.Text(RequestSolved), "solved_at": record.Instant(at),
	})
}
