package admin

import (
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// CancelJob calls the job off. Whoever has it keeps what he recorded before he heard.
func (o *Office) CancelJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseJobCancel, "Cancelled. Phones hear of it as soon as they have signal.",
		func(tx aftersales.Tx, id record.ID) error {
			return aftersales.CancelJob(tx, aftersales.CancelInput{Job: id, Reason: v.form("reason")})
		})
}

// FinishVisit writes down what a technician reports who cannot himself: by telephone, or on paper. It is his visit, and ends now.
func (o *Office) FinishVisit(v *Visit) error {
	return o.jobDo(v, aftersales.CauseJobComplete, "Written down. His visit is over.", func(tx aftersales.Tx, id record.ID) error {
		person, err := record.ParseID(v.form("person"))
		if err != nil {
			return errForm
		}
		return aftersales.Complete(tx, aftersales.CompleteInput{
			FindingInput: aftersales.FindingInput{Job: id, Finding: v.form("finding"), Solution: v.form("solution"), FaultCode: v.form("fault_code")},
			Person:       person, Outcome: v.form("outcome"), FollowUp: v.form("follow_up"),
		})
	})
}

// CloseJob ends the job for the office too: nothing is left to do about it.
func (o *Office) CloseJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseJobClose, "Closed.", aftersales.CloseJob)
}

// ReopenJob takes a job back into work. The visitor must have seen what he undoes: his form says it.
func (o *Office) ReopenJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseJobReopen, "Reopened.", func(tx aftersales.Tx, id record.ID) error {
		return aftersales.Reopen(tx, aftersales.ReopenInput{Job: id, Seen: v.form("state"), Reason: v.form("reason")})
	})
}
