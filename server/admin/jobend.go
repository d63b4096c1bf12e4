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
