package api

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The resources of the day's work: who asked for what, who does it, and what came of it.
var workResources = []*resource{
	{
		Path: "calls", Table: "call", See: auth.SeeRequests, Create: auth.TakeCalls,
		Takes: []string{
			"branch", "direction", "channel", "phone", "caller", "address", "model", "party", "contact", "request", "duration", "note", "recording", "replaces",
			"occurred",
		},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			at, err := momentOf(tx, v, "occurred")
			if err != nil {
				return id, err
			}
			return aftersales.RegisterCall(tx, aftersales.CallInput{
				ID: id, Branch: v["branch"].Ref(), Direction: v["direction"].Text(), Channel: v["channel"].Text(), Phone: v["phone"].Text(),
				Caller: v["caller"].Text(), Address: v["address"].Text(), Model: v["model"].Text(), Party: v["party"].Ref(), Contact: v["contact"].Ref(),
				Request: v["request"].Ref(), Duration: v["duration"].Number(), Note: v["note"].Text(), Recording: v["recording"].Text(),
				Replaces: v["replaces"].Ref(), At: at,
			})
		},
		Actions: []action{takingBack(auth.DeleteCalls, aftersales.CauseCallTakeBack, aftersales.TakeBackCall)},
	},
	{
		Path: "requests", Table: "request", See: auth.SeeRequests, Edit: auth.EditRequests, Create: auth.TakeCalls,
		Takes: []string{
			"branch", "number", "party", "contact", "site", "unit", "product", "serial", "type", "service_class", "service_level", "priority", "severity", "channel",
			"fault_code", "title", "description", "received_at", "handler", "handler_team",
		},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			at, err := momentOf(tx, v, "received_at")
			if err != nil {
				return id, err
			}
			return aftersales.CreateRequest(tx, aftersales.RequestInput{
				ID: id, Branch: v["branch"].Ref(), Number: v["number"].Text(), Party: v["party"].Ref(), Contact: v["contact"].Ref(), Site: v["site"].Ref(),
				Unit: v["unit"].Ref(), Product: v["product"].Ref(), Serial: v["serial"].Text(), Type: v["type"].Text(), ServiceClass: v["service_class"].Text(),
				ServiceLevel: v["service_level"].Text(), Priority: v["priority"].Number(), Severity: v["severity"].Text(), Channel: v["channel"].Text(),
				FaultCode: v["fault_code"].Text(), Title: v["title"].Text(), Description: v["description"].Text(), Beside: v, ReceivedAt: at.Corrected,
				Handler: v["handler"].Ref(), Team: v["handler_team"].Ref(),
			})
		},
		Actions: slices.Concat(requestActions, archiving("request", auth.DeleteRecords)),
	},
	{
		Path: "jobs", Table: "job", Hours: true, See: auth.SeeJobs, Edit: auth.EditJobs, Create: auth.CreateJobs,
		Takes: []string{"branch", "number", "request", "party", "contact", "site", "unit", "title", "description", "kind", "plan_start", "plan_end"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateJob(tx, aftersales.JobInput{
				ID: id, Branch: v["branch"].Ref(), Number: v["number"].Text(), Request: v["request"].Ref(), Party: v["party"].Ref(), Contact: v["contact"].Ref(),
				Site: v["site"].Ref(), Unit: v["unit"].Ref(), Title: v["title"].Text(), Description: v["description"].Text(), Kind: v["kind"].Text(),
				PlanStart: v["plan_start"].Number(), PlanEnd: v["plan_end"].Number(), Beside: v,
			})
		},
		Actions: slices.Concat(jobActions, archiving("job", auth.DeleteRecords)),
	},
	{Path: "assignments", Table: "assignment", See: auth.SeeJobs, Names: auth.Dispatch},
	{
		Path: "charges", Table: "charge", See: auth.SeeJobs, Create: auth.EditRecords, Make: charge,
		Takes: []string{"job", "visit", "unit", "part", "service", "text", "quantity", "unit_price", "basis", "movement", "replaces", "occurred"},
		More:  []schema.Column{reason}, Needs: []string{"job", "quantity"},
		Actions: []action{takingBack(auth.EditRecords, aftersales.CauseChargeBack, aftersales.TakeBackCharge)},
	},
	{
		Path: "billing-findings", Table: "billing_finding", See: auth.SeeInbox, Names: auth.SettleBilling,
		Actions: []action{{
			Name: "settle", Need: auth.SettleBilling, Cause: aftersales.CauseFindingSettle, Needs: []string{"as", "reason"},
			Takes: []schema.Column{oneOf("as", aftersales.SettledCharged, aftersales.SettledRefunded, aftersales.SettledWaived), reason},
			Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
				return aftersales.SettleFinding(tx, aftersales.SettleFindingInput{Finding: row, As: v["as"].Text(), Reason: v["reason"].Text()})
			},
		}},
	},
	{Path: "comments", Table: "comment", See: auth.Comment, Names: auth.Comment, Actions: commentActions},
}

// charge writes a line of what a job costs its customer: what he pays of it the policies decide, unless another basis is
// claimed, with a reason.
func charge(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	at, err := onJob(tx, v)
	if err != nil {
		return record.ID{}, err
	}
	line := aftersales.ChargeLine{Part: v["part"].Ref(), Service: v["service"].Text(), Quantity: quantityOf(v["quantity"]), Price: moneyOf(v["unit_price"])}
	if !line.Part.IsZero() {
		line.Kind = aftersales.ChargeParts
	}
	return aftersales.AddCharge(tx, aftersales.ChargeInput{
		Job: v["job"].Ref(), Visit: v["visit"].Ref(), Unit: v["unit"].Ref(), ChargeLine: line, Text: v["text"].Text(), Basis: v["basis"].Text(),
		Reason: v["reason"].Text(), Movement: v["movement"].Ref(), Replaces: v["replaces"].Ref(), At: at,
	})
}

// onJob returns when something was charged, used or recorded for a job, as a program says.
func onJob(tx aftersales.Tx, v record.Values) (aftersales.Moment, error) {
	return momentOn(tx, v, "occurred")
}

func momentOn(tx aftersales.Tx, v record.Values, column string) (aftersales.Moment, error) {
	at, err := momentOf(tx, v, column)
	if err == nil {
		err = aftersales.CheckOnJob(tx, v["job"].Ref(), at.Corrected)
	}
	return at, err
}

// commentActions correct what was said, and take it back: the history keeps both.
var commentActions = []action{
	{
		Name: "correct", Need: auth.EditMessages, Cause: aftersales.CauseCommentCorrect, Needs: []string{"text"}, Takes: []schema.Column{takes("text", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			_, err := aftersales.CorrectComment(tx, row, v["text"].Text())
			return err
		},
	},
	takingBack(auth.DeleteMessages, aftersales.CauseCommentTakeBack, aftersales.TakeBackComment),
}

// takingBack replaces an entry that is never changed by one that says why it no longer stands.
func takingBack(need auth.Permission, cause string, do func(aftersales.Tx, record.ID, string) (record.ID, error)) action {
	return action{
		Name: "take-back", Need: need, Cause: cause, Needs: []string{"reason"}, Takes: []schema.Column{reason},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			_, err := do(tx, row, v["reason"].Text())
			return err
		},
	}
}

var requestActions = []action{
	{
		Name: "close", Need: auth.EditRequests, Cause: aftersales.CauseRequestClose,
		Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error { return aftersales.CloseRequest(tx, row) },
	},
	{
		Name: "solve", Need: auth.TakeCalls, Cause: aftersales.CauseRequestSolve, Needs: []string{"solution"},
		Takes: []schema.Column{takes("solution", schema.Text, ""), takes("fault_code", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.SolveRequest(tx, aftersales.SolveRequestInput{Request: row, Solution: v["solution"].Text(), FaultCode: v["fault_code"].Text()})
		},
	},
	{
		Name: "move", Need: auth.EditRequests, Cause: aftersales.CauseRequestMove, Needs: []string{"to", "reason"},
		Takes: []schema.Column{takes("to", schema.Text, ""), reason, takes("person", schema.Ref, "person"), takes("team", schema.Ref, "team"), takes("intake", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.MoveRequest(tx, aftersales.MoveRequestInput{
				Request: row, To: v["to"].Text(), Reason: v["reason"].Text(), Handler: v["person"].Ref(), Team: v["team"].Ref(), Intake: v["intake"].Text(),
			})
		},
	},
	{
		Name: "hand", Need: auth.EditRequests, Cause: aftersales.CauseRequestHand, Sets: true,
		Takes: []schema.Column{takes("person", schema.Ref, "person"), takes("team", schema.Ref, "team")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.HandRequest(tx, aftersales.HandRequestInput{Request: row, Person: v["person"].Ref(), Team: v["team"].Ref()})
		},
	},
	{
		Name: "reopen", Need: auth.EditRequests, Cause: aftersales.CauseRequestReopen, Needs: []string{"reason", "state"},
		Takes: []schema.Column{reason, takes("state", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.ReopenRequest(tx, aftersales.ReopenRequestInput{Request: row, Seen: v["state"].Text(), Reason: v["reason"].Text()})
		},
	},
	{
		Name: "respond", Need: auth.EditRequests, Cause: aftersales.CauseEdit, Takes: []schema.Column{takes("at", schema.Instant, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			at, err := reported(tx, row, v)
			if err != nil {
				return err
			}
			return aftersales.RespondRequest(tx, row, at)
		},
	},
	{
		Name: "wait", Need: auth.EditRequests, Cause: aftersales.CauseRequestWait, Needs: []string{"edge", "reason"},
		Takes: []schema.Column{oneOf("edge", aftersales.EdgeStart, aftersales.EdgeStop), reason, takes("note", schema.Text, ""), takes("at", schema.Instant, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			at, err := reported(tx, row, v)
			if err != nil {
				return err
			}
			_, err = aftersales.MarkWait(tx, aftersales.WaitInput{Request: row, Reason: v["reason"].Text(), Edge: v["edge"].Text(), Note: v["note"].Text(), At: at})
			return err
		},
	},
	{
		Name: "substate", Need: auth.EditRequests, Cause: aftersales.CauseRequestSubstate, Sets: true, Takes: []schema.Column{takes("substate", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			return aftersales.SetRequestSubstate(tx, row, v["substate"].Text())
		},
	},
	commentOn("request"),
}

// reported returns as of when a program says that something happened which a request's clocks go by.
func reported(tx aftersales.Tx, request record.ID, v record.Values) (aftersales.Moment, error) {
	at, err := momentOf(tx, v, "at")
	if err == nil {
		err = aftersales.CheckReported(tx, request, at.Corrected)
	}
	return at, err
}
