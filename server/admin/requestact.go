package admin

import (
	"errors"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// requestDo runs a command on the request in the URL, and goes back to it.
func (o *Office) requestDo(v *Visit, cause, notice string, command func(tx aftersales.Tx, id record.ID) error) error {
	return o.detailDo(v, requestDetail, requestMore, cause, notice, command)
}

// holder reads who shall hold something: "person:ID" or "team:ID", nobody for nothing.
func (v *Visit) holder() (person, team record.ID, err error) {
	chosen := v.form("holder")
	if chosen == "" {
		return person, team, nil
	}
	of, text, _ := strings.Cut(chosen, ":")
	id, err := record.ParseID(text)
	switch {
	case err == nil && of == "person":
		return id, team, nil
	case err == nil && of == "team":
		return person, id, nil
	}
	return person, team, errForm
}

// HandRequest gives the request to somebody, or to a group.
func (o *Office) HandRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseRequestHand, "Handed on.", func(tx aftersales.Tx, id record.ID) error {
		person, team, err := v.holder()
		if err != nil {
			return err
		}
		return aftersales.HandRequest(tx, aftersales.HandRequestInput{Request: id, Person: person, Team: team})
	})
}

// AnswerRequest notes that somebody reacted to the customer.
func (o *Office) AnswerRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseEdit, "The first response is noted.", func(tx aftersales.Tx, id record.ID) error {
		return aftersales.RespondRequest(tx, id, aftersales.Moment{})
	})
}

// WaitRequest says that the request waits, or does no longer: its clocks may rest meanwhile. Or that it no longer waits for what we
// owe the customer: he has it.
func (o *Office) WaitRequest(v *Visit) error {
	notice := "It waits. What is promised rests meanwhile where the promise says so."
	edge := aftersales.EdgeStart
	if v.form("edge") == aftersales.EdgeStop {
		edge, notice = aftersales.EdgeStop, "It waits no longer."
	}
	if edge == aftersales.EdgeStop && v.form("wait") != "" {
		notice = "Noted: the customer has it."
	}
	return o.requestDo(v, aftersales.CauseRequestWait, notice, func(tx aftersales.Tx, id record.ID) error {
		reason := v.form("wait")
		if edge == aftersales.EdgeStop && reason == "" {
			standing, err := aftersales.StandingOf(tx, id)
			if err != nil {
				return err
			}
			reason = standing.Waits
		}
		_, err := aftersales.MarkWait(tx, aftersales.WaitInput{Request: id, Reason: reason, Edge: edge, Note: v.form("note")})
		return err
	})
}

// CancelRequest calls the request off.
func (o *Office) CancelRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseRequestMove, "The request is cancelled.", func(tx aftersales.Tx, id record.ID) error {
		in := aftersales.MoveRequestInput{Request: id, To: aftersales.RequestCancelled, Reason: v.form("reason")}
		return aftersales.MoveRequest(tx, in)
	})
}

// MoveRequest escalates the request, or puts it into the depot's queue.
func (o *Office) MoveRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseRequestMove, "Moved on.", func(tx aftersales.Tx, id record.ID) error {
		in := aftersales.MoveRequestInput{Request: id, To: v.form("to"), Reason: v.form("reason"), Intake: v.form("intake")}
		var err error
		if in.To == aftersales.RequestCancelled { // takes another right
			return errForm
		}
		if in.Handler, in.Team, err = v.holder(); err != nil {
			return err
		}
		return aftersales.MoveRequest(tx, in)
	})
}

// SolveRequest closes the request with what helped on the telephone.
func (o *Office) SolveRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseRequestSolve, "Solved and closed.", func(tx aftersales.Tx, id record.ID) error {
		in := aftersales.SolveRequestInput{Request: id, Solution: v.form("solution"), FaultCode: v.form("fault_code")}
		return aftersales.SolveRequest(tx, in)
	})
}

// CloseRequest ends a request that is solved.
func (o *Office) CloseRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseRequestClose, "Closed.", aftersales.CloseRequest)
}

// ReopenRequest takes back to work what was over. The visitor must have seen what he undoes: his form says it.
func (o *Office) ReopenRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseRequestReopen, "Reopened.", func(tx aftersales.Tx, id record.ID) error {
		return aftersales.ReopenRequest(tx, aftersales.ReopenRequestInput{Request: id, Seen: v.form("state"), Reason: v.form("reason")})
	})
}

// MakeJobOfRequest makes a job of the request, and leads to it: there it is assigned.
func (o *Office) MakeJobOfRequest(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	seen, err := parseSeen(v.form("seen"))
	if err != nil {
		return err
	}
	var job record.ID
	err = o.Engine.Do(v.r.Context(), v.author(), seen, aftersales.CauseJobCreate, func(tx aftersales.Tx) error {
		job, err = aftersales.CreateJob(tx, aftersales.JobInput{Request: id, Kind: v.form("kind")})
		return err
	})
	if err == nil {
		return v.done(jobURL(job), v.t("The job is made. Now assign it."))
	}
	f, status := statusOf(err)
	if status >= 500 || f.Code == fault.UnknownRow {
		return err
	}
	return o.showDetail(v, status, err, requestDetail, requestMore)
}

// CallAboutRequest adds a call to the register.
func (o *Office) CallAboutRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseCallRegister, "The call is in the register.", func(tx aftersales.Tx, id record.ID) error {
		in := aftersales.CallInput{Request: id, Direction: v.form("direction"), Phone: v.form("phone"), Caller: v.form("caller"), Note: v.form("note")}
		_, err := aftersales.RegisterCall(tx, in)
		return err
	})
}

// AttachToRequest takes in a file that comes with the report.
func (o *Office) AttachToRequest(v *Visit) error {
	id, err := v.id()
	if err != nil || o.Files == nil {
		return errors.Join(err, errForm)
	}
	in, err := o.receive(v)
	if err == nil {
		in.About = aftersales.Row{Table: "request", ID: id}
		err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseAttachment, func(tx aftersales.Tx) error {
			_, err := aftersales.AddAttachment(tx, in)
			return err
		})
	}
	if f, status := statusOf(err); err != nil && status < 500 && f.Code != fault.UnknownRow {
		return o.showDetail(v, status, err, requestDetail, requestMore)
	}
	if err != nil {
		return err
	}
	return v.done(requestsURL+"/"+id.String(), v.t("The file is attached."))
}
