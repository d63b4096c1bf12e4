package api

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// resource is a kind of row that programs work with.
type resource struct {
	Path    string // in URLs: "customers"
	Table   string
	See     auth.Permission
	Edit    auth.Permission // "" for what is only read
	Create  auth.Permission // "" for what is not made here
	Make    func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error)
	Takes   []string // what Make takes; the rest of a new row is written like an edit
	Actions []action
}

// PathOf returns the name that URLs have for the rows of a table ("jobs"), "" if the API has none.
func PathOf(table string) string {
	for _, r := range resources {
		if r.Table == table {
			return r.Path
		}
	}
	return ""
}

func (r *resource) table() *schema.Table { return aftersales.Schema.Table(r.Table) }

// fixedColumns are columns that no program writes: they follow from what is done.
var fixedColumns = []string{"merged_into", "same_as", "archived_at", "archived_reason", "locked_by", "first_response_at",
	"started_at", "finished_at", "solved_at", "closed_at", "substate", "state_reason", "blacklisted", "blacklist_reason"}

// writable reports whether a program may send the column, for a new row or to change one.
func (r *resource) writable(c *schema.Column, fresh bool) bool {
	if slices.Contains(r.Takes, c.Name) && fresh {
		return true
	}
	return !slices.Contains(fixedColumns, c.Name) && !slices.Contains(onlyMade, c.Name) && !c.Has(schema.Immutable)
}

// onlyMade are columns that are given when a row is made, and then have commands of their own.
var onlyMade = []string{"state", "number", "plan_start", "plan_end", "holder", "handler", "handler_team", "level", "branch"}

var resources = []*resource{
	{
		Path: "customers", Table: "party", See: auth.SeeCustomers, Edit: auth.EditCustomers, Create: auth.EditCustomers,
		Takes: []string{"branch", "number", "name", "kind"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateParty(tx, aftersales.PartyInput{ID: id, Branch: v["branch"].Ref(), Number: v["number"].Text(), Name: v["name"].Text(), Kind: v["kind"].Text()})
		},
	},
	{
		Path: "contacts", Table: "contact", See: auth.SeeCustomers, Edit: auth.EditCustomers, Create: auth.EditCustomers,
		Takes: []string{"branch", "party", "name"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateContact(tx, aftersales.ContactInput{ID: id, Branch: v["branch"].Ref(), Party: v["party"].Ref(), Name: v["name"].Text()})
		},
	},
	{
		Path: "sites", Table: "site", See: auth.SeeCustomers, Edit: auth.EditCustomers, Create: auth.EditCustomers,
		Takes: []string{"branch", "party", "name", "address"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateSite(tx, aftersales.SiteInput{ID: id, Branch: v["branch"].Ref(), Party: v["party"].Ref(), Name: v["name"].Text(), Address: v["address"].Text()})
		},
	},
	{
		Path: "machines", Table: "unit", See: auth.SeeAssets, Edit: auth.EditAssets, Create: auth.EditAssets,
		Takes: []string{"branch", "number", "name", "serial", "product", "party", "site"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateUnit(tx, aftersales.UnitInput{
				ID: id, Branch: v["branch"].Ref(), Number: v["number"].Text(), Name: v["name"].Text(), Serial: v["serial"].Text(),
				Product: v["product"].Ref(), Party: v["party"].Ref(), Site: v["site"].Ref(),
			})
		},
	},
	{
		Path: "models", Table: "product", See: auth.SeeProducts, Edit: auth.EditProducts, Create: auth.EditProducts, Takes: []string{"code"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateProduct(tx, aftersales.ProductInput{ID: id, Code: v["code"].Text()})
		},
	},
	{
		Path: "parts", Table: "part", See: auth.SeeParts, Edit: auth.EditParts, Create: auth.EditParts, Takes: []string{"code", "unit"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreatePart(tx, aftersales.PartInput{ID: id, Code: v["code"].Text(), Unit: v["unit"].Text()})
		},
	},
	{
		Path: "locations", Table: "location", See: auth.SeeParts, Edit: auth.EditParts, Create: auth.EditParts, Takes: []string{"branch", "code", "name", "kind", "holder"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateLocation(tx, aftersales.LocationInput{ID: id, Branch: v["branch"].Ref(), Code: v["code"].Text(), Name: v["name"].Text(), Kind: v["kind"].Text(), Holder: v["holder"].Ref()})
		},
	},
	{
		Path: "requests", Table: "request", See: auth.SeeRequests, Edit: auth.EditRequests, Create: auth.TakeCalls,
		Takes: []string{"branch", "number", "party", "contact", "site", "unit", "severity", "channel", "title", "description"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateRequest(tx, aftersales.RequestInput{
				ID: id, Branch: v["branch"].Ref(), Number: v["number"].Text(), Party: v["party"].Ref(), Contact: v["contact"].Ref(), Site: v["site"].Ref(),
				Unit: v["unit"].Ref(), Severity: v["severity"].Text(), Channel: v["channel"].Text(), Title: v["title"].Text(), Description: v["description"].Text(),
			})
		},
		Actions: requestActions,
	},
	{
		Path: "jobs", Table: "job", See: auth.SeeJobs, Edit: auth.EditJobs, Create: auth.CreateJobs,
		Takes: []string{"branch", "number", "request", "party", "contact", "site", "unit", "title", "description", "kind", "plan_start", "plan_end"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateJob(tx, aftersales.JobInput{
				ID: id, Branch: v["branch"].Ref(), Number: v["number"].Text(), Request: v["request"].Ref(), Party: v["party"].Ref(), Contact: v["contact"].Ref(),
				Site: v["site"].Ref(), Unit: v["unit"].Ref(), Title: v["title"].Text(), Description: v["description"].Text(), Kind: v["kind"].Text(),
				PlanStart: v["plan_start"].Number(), PlanEnd: v["plan_end"].Number(),
			})
		},
		Actions: jobActions,
	},
	{Path: "assignments", Table: "assignment", See: auth.SeeJobs},
	{Path: "visits", Table: "visit", See: auth.SeeJobs},
	{Path: "slips", Table: "slip", See: auth.SeeJobs},
	{Path: "movements", Table: "movement", See: auth.SeeParts},
	{Path: "contracts", Table: "contract", See: auth.SeeContracts},
	{Path: "charges", Table: "charge", See: auth.SeeJobs},
	{Path: "findings", Table: "finding", See: auth.SeeJobs},
	{Path: "service-records", Table: "service_record", See: auth.SeeAssets},
	{Path: "calls", Table: "call", See: auth.SeeRequests},
	{Path: "part-requests", Table: "part_request", See: auth.SeeParts},
	{Path: "stock-levels", Table: "stock_level", See: auth.SeeParts},
	{Path: "solutions", Table: "solution", See: auth.SeeKnowledge},
	{Path: "documents", Table: "document", See: auth.SeeKnowledge},
	{Path: "codes", Table: "code", See: auth.SignedIn},
	{Path: "groups", Table: "team", See: auth.SeePeople},
	{Path: "people", Table: "person", See: auth.SeePeople},
	{Path: "branches", Table: "branch", See: auth.SignedIn},
}

// action is something that is done to a row, beyond changing what it says.
type action struct {
	Name  string
	Need  auth.Permission
	Cause string
	Takes []schema.Column // what its body holds
	Needs []string        // what it must hold
	Do    func(tx aftersales.Tx, row record.ID, v record.Values) error
}

func takes(name string, kind schema.Kind, ref string) schema.Column {
	return schema.Column{ID: 1, Name: name, Kind: kind, Ref: ref}
}

var reason = takes("reason", schema.Text, "")

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
		Name: "plan", Need: auth.Dispatch, Cause: aftersales.CauseJobPlan, Takes: []schema.Column{takes("start", schema.Instant, ""), takes("end", schema.Instant, "")},
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
	commentOn("job"),
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
		Name: "hand", Need: auth.EditRequests, Cause: aftersales.CauseRequestHand,
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
	commentOn("request"),
}

func commentOn(table string) action {
	return action{
		Name: "comment", Need: auth.Comment, Cause: aftersales.CauseComment, Needs: []string{"text"}, Takes: []schema.Column{takes("text", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			_, err := aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: table, ID: row}, Text: v["text"].Text()})
			return err
		},
	}
}

// ofJob refuses an assignment of another job.
func ofJob(tx aftersales.Tx, assignment, job record.ID) error {
	row, err := tx.Row("assignment", assignment)
	if err == nil && (row == nil || row.Get("job").Ref() != job) {
		err = errNotFound
	}
	return err
}

// Indexes are the statements that make lists fast, for the store to run before the first request.
func Indexes() (statements []string) {
	for _, r := range resources {
		name := r.Table + ".api"
		statements = append(statements, "CREATE INDEX IF NOT EXISTS "+sqlrow.Quote(name)+" ON "+sqlrow.Quote(r.Table)+"(_seq, id)")
	}
	return statements
}
