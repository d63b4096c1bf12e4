package admin

import (
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// jobForm is the form of a job; its number is given by the hub.
var jobForm = &Form{
	Table: "job",
	Columns: []string{
		"title", "description", "kind", "party", "site", "unit", "service_class", "priority", "reported_on", "due_at",
		"plan_start", "plan_end", "note", "fields",
	},
	Needed: []string{"title"},
	Lists:  map[string]string{"kind": aftersales.ListJobKind},
	URL:    jobsURL,
	New:    "New job", Edit: "Edit job %s", Make: "Make the job", Made: "The job is made. Now assign it.",
	Cause:  aftersales.CauseJobCreate,
	Create: createJob,
	Save:   saveJob,
}

// NewJob shows the form that makes a job.
func (o *Office) NewJob(v *Visit) error { return o.ShowNew(v, jobForm) }

// CreateJob makes a job.
func (o *Office) CreateJob(v *Visit) error { return o.SendNew(v, jobForm) }

// EditJob shows the form that changes a job.
func (o *Office) EditJob(v *Visit) error { return o.ShowEdit(v, jobForm) }

// SaveJob writes what was changed in a job.
func (o *Office) SaveJob(v *Visit) error { return o.SendEdit(v, jobForm) }

func createJob(tx aftersales.Tx, values record.Values) (record.ID, error) {
	return aftersales.CreateJob(tx, aftersales.JobInput{
		Title: values["title"].Text(), Description: values["description"].Text(), Note: values["note"].Text(),
		Kind: values["kind"].Text(), Party: values["party"].Ref(), Site: values["site"].Ref(), Unit: values["unit"].Ref(),
		ServiceClass: values["service_class"].Text(), Priority: values["priority"].Number(),
		ReportedOn: values["reported_on"].Number(), DueAt: values["due_at"].Number(),
		PlanStart: values["plan_start"].Number(), PlanEnd: values["plan_end"].Number(), Fields: ownFields(values),
	})
}

// saveJob writes the values; a new plan is that of everybody who is assigned, too.
func saveJob(tx aftersales.Tx, id record.ID, values record.Values) error {
	if start, planned := values["plan_start"]; planned {
		plan := aftersales.PlanInput{Job: id, Start: start.Number(), End: values["plan_end"].Number()}
		if err := aftersales.PlanJob(tx, plan); err != nil {
			return err
		}
		delete(values, "plan_start")
		delete(values, "plan_end")
	}
	return aftersales.Edit(tx, aftersales.EditInput{Table: "job", ID: id, Values: values})
}
