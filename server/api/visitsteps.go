package api

import (
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// visitActions are the steps of a visit, for who works with a program of his own: a subcontractor's technician. They are
// his whose visit it is, at the moment that the program says: see CheckStep.
var visitActions = []action{
	visitStep("accept", aftersales.CauseVisitAccept, aftersales.Accept), visitStep("travel", aftersales.CauseVisitTravel, aftersales.Travel),
	visitStep("arrive", aftersales.CauseVisitArrive, aftersales.Arrive), visitStep("pause", aftersales.CauseVisitPause, aftersales.Pause),
	visitStep("resume", aftersales.CauseVisitResume, aftersales.Resume),
	visitEnd("decline", aftersales.CauseVisitDecline, aftersales.Decline), visitEnd("no-access", aftersales.CauseVisitNoAccess, aftersales.NoAccess),
	{
		Name: "complete", Need: auth.EditRecords, Cause: aftersales.CauseJobComplete,
		Takes: []schema.Column{
			takes("finding", schema.Text, ""), takes("fault_code", schema.Text, ""), takes("cause_code", schema.Text, ""), takes("remedy_code", schema.Text, ""),
			takes("solution", schema.Text, ""), takes("meter", schema.Integer, ""), oneOf("outcome", aftersales.OutcomeFixed, aftersales.OutcomeFollowUp),
			takes("summary", schema.Text, ""), takes("follow_up", schema.Text, ""), takes("at", schema.Instant, ""),
		},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			in, err := visitInput(tx, row, v)
			if err != nil {
				return err
			}
			return aftersales.Complete(tx, aftersales.CompleteInput{
				FindingInput: aftersales.FindingInput{
					Job: in.Job, Finding: v["finding"].Text(), FaultCode: v["fault_code"].Text(), CauseCode: v["cause_code"].Text(),
					RemedyCode: v["remedy_code"].Text(), Solution: v["solution"].Text(), Meter: v["meter"].Number(),
				},
				Person: in.Person, At: in.At, Outcome: v["outcome"].Text(), Summary: v["summary"].Text(), FollowUp: v["follow_up"].Text(),
			})
		},
	},
}

func visitStep(name, cause string, step func(aftersales.Tx, aftersales.VisitInput) error) action {
	return action{
		Name: name, Need: auth.EditRecords, Cause: cause, Takes: []schema.Column{takes("at", schema.Instant, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			in, err := visitInput(tx, row, v)
			if err != nil {
				return err
			}
			return step(tx, in)
		},
	}
}

func visitEnd(name, cause string, end func(aftersales.Tx, aftersales.EndInput) error) action {
	return action{
		Name: name, Need: auth.EditRecords, Cause: cause, Needs: []string{"reason"},
		Takes: []schema.Column{reason, takes("reason_code", schema.Text, ""), takes("at", schema.Instant, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			in, err := visitInput(tx, row, v)
			if err != nil {
				return err
			}
			return end(tx, aftersales.EndInput{VisitInput: in, Reason: v["reason"].Text(), ReasonCode: v["reason_code"].Text()})
		},
	}
}

// visitInput says whose step it is, and when. A visit that is over takes none: another one would begin.
func visitInput(tx aftersales.Tx, visit record.ID, v record.Values) (in aftersales.VisitInput, err error) {
	row, err := tx.Row("visit", visit)
	if err != nil {
		return in, err
	}
	of := aftersales.VisitOf(row)
	if of.Over() {
		return in, fault.New(aftersales.WrongState, "The visit is over: this step does not follow.")
	}
	at, err := momentOf(tx, v, "at")
	if err == nil {
		err = aftersales.CheckStep(tx, visit, at.Corrected)
	}
	return aftersales.VisitInput{Job: of.Job, Person: of.Person, At: at}, err
}

// slipActions lock a finished slip, and unlock it. An audit has its job reckoned again.
var slipActions = []action{
	{
		Name: "audit", Need: auth.AuditSlips, Cause: aftersales.CauseSlipAudit, Takes: []schema.Column{takes("note", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			if err := aftersales.AuditSlip(tx, row, v["note"].Text()); err != nil {
				return err
			}
			slip, err := tx.Row("slip", row)
			if err != nil {
				return err
			}
			return aftersales.RecordFindings(tx, aftersales.SlipOf(slip).Job)
		},
	},
	{
		Name: "unaudit", Need: auth.AuditSlips, Cause: aftersales.CauseSlipUnaudit, Undoes: true, Needs: []string{"reason"}, Takes: []schema.Column{reason},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.UnauditSlip(tx, row, v["reason"].Text())
		},
	},
}
