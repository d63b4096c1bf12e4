package api

import (
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

var jobActions = []action{
	{
		Name: "assign", Need: auth.Dispatch, Cause: aftersales.CauseJobAssign, Takes: []schema.Column{
			takes("person", schema.Ref, "person"), takes("team", schema.Ref, "team"), takes("role", schema.Text, ""),
			takes("window_start", schema.Instant, ""), takes("window_end", schema.Instant, ""),
		},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			_, err := aftersales.AssignJob(tx, aftersales.AssignInput{
				Job: row, Person: v["person"].Ref(), Team: v["team"].Ref(), Role: v["role"].Text(), WindowStart: v["window_start"].Number(), WindowEnd: v["window_end"].Number(),
			})
			return err
		},
	},
	{
		Name: "unassign", Need: auth.Dispatch, Cause: aftersales.CauseJobUnassign, Needs: []string{"assignment", "reason"},
		Takes: []schema.Column{takes("assignment", schema.Ref, "assignment"), reason},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			if err := ofJob(tx, v["assignment"].Ref(), row); err != nil {
				return err
			}
			return aftersales.Unassign(tx, aftersales.UnassignInput{Assignment: v["assignment"].Ref(), Reason: v["reason"].Text()})
		},
	},
	{
		Name: "plan", Need: auth.Dispatch, Cause: aftersales.CauseJobPlan, Sets: true, Takes: []schema.Column{takes("start", schema.Instant, ""), takes("end", schema.Instant, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.PlanJob(tx, aftersales.PlanInput{Job: row, Start: v["start"].Number(), End: v["end"].Number()})
		},
	},
	{
		Name: "cancel", Need: auth.CancelJobs, Cause: aftersales.CauseJobCancel, Needs: []string{"reason"}, Takes: []schema.Column{reason},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.CancelJob(tx, aftersales.CancelInput{Job: row, Reason: v["reason"].Text()})
		},
	},
	{
		Name: "close", Need: auth.CloseJobs, Cause: aftersales.CauseJobClose,
		Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error { return aftersales.CloseJob(tx, row) },
	},
	{
		Name: "reopen", Need: auth.CloseJobs, Cause: aftersales.CauseJobReopen, Needs: []string{"reason", "state"},
		Takes: []schema.Column{reason, takes("state", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.Reopen(tx, aftersales.ReopenInput{Job: row, Seen: v["state"].Text(), Reason: v["reason"].Text()})
		},
	},
	{
		Name: "reassign", Need: auth.Dispatch, Cause: aftersales.CauseJobReassign, Needs: []string{"assignment", "reason"},
		Takes: []schema.Column{
			takes("assignment", schema.Ref, "assignment"), takes("person", schema.Ref, "person"), takes("team", schema.Ref, "team"), reason,
			takes("window_start", schema.Instant, ""), takes("window_end", schema.Instant, ""),
		},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			if err := ofJob(tx, v["assignment"].Ref(), row); err != nil {
				return err
			}
			_, err := aftersales.Reassign(tx, aftersales.ReassignInput{
				Assignment: v["assignment"].Ref(), Person: v["person"].Ref(), Team: v["team"].Ref(), Reason: v["reason"].Text(),
				WindowStart: v["window_start"].Number(), WindowEnd: v["window_end"].Number(),
			})
			return err
		},
	},
	{
		Name: "substate", Need: auth.EditJobs, Cause: aftersales.CauseJobSubstate, Sets: true, Takes: []schema.Column{takes("substate", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.SetSubstate(tx, row, v["substate"].Text())
		},
	},
	commentOn("job"),
}
