package admin

import (
	"net/http"
	"net/url"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

type jobFormPage struct {
	frame
	URL     string // of the job; the list's for a new one
	Action  string
	Number  string
	Seen    string
	Fields  []field
	New     bool
	Marked  bool   // some fields have a problem
	Problem string // of the whole
}

var errNeeded = fault.New(fault.Invalid, "This is needed.")

// jobForm are the columns of a job that the office types.
var jobForm = []string{
	"title", "description", "service_class", "priority", "reported_on", "due_at", "plan_start", "plan_end", "note",
}

func (v *Visit) jobFields(t *schema.Table, value func(column string) record.Value) []field {
	fields := make([]field, len(jobForm))
	for i, name := range jobForm {
		fields[i] = v.input(t, &t.Columns[t.Column(name)], value(name))
	}
	fields[0].Required = true
	return fields
}

// EditJob shows the form that changes a job. It carries what it shows, so that saving it writes over nothing else.
func (o *Office) EditJob(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	page := jobFormPage{URL: jobURL(id), Action: jobURL(id) + "/edit"}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := job(o.Schema, r, id)
		if err != nil {
			return err
		}
		page.Number, page.Fields = row.Get("number").Text(), v.jobFields(row.Table, row.Get)
		page.Seen = Seen{row.Key(): row.Vector}.String()
		return nil
	})
	if err != nil {
		return err
	}
	page.frame = v.frame(v.t("Edit job %s", page.Number), jobsURL)
	return v.show(http.StatusOK, "jobform", page)
}

// SaveJob writes what the visitor changed in the form, and nothing that he left as it was. What others wrote
// meanwhile is merged, and shown to him.
func (o *Office) SaveJob(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	seen, err := parseSeen(v.form("seen"))
	if err != nil {
		return err
	}
	t := o.Schema.Table("job")
	page := jobFormPage{URL: jobURL(id), Action: jobURL(id) + "/edit", Number: v.form("number"), Seen: v.form("seen")}
	values := v.parseJob(t, &page)
	if page.Marked {
		return v.jobFormAgain(page)
	}
	if len(values) == 0 {
		return v.done(page.URL, v.t("Nothing was changed."))
	}
	err = o.Engine.Do(v.r.Context(), v.author(), seen, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		return saveJob(tx, id, values)
	})
	if err != nil {
		return v.jobFormRefused(page, err)
	}
	return v.done(page.URL+"?since="+url.QueryEscape(page.Seen), v.t("Saved."))
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
	if len(values) == 0 {
		return nil
	}
	return tx.Update("job", id, values)
}

// parseJob reads the fields that were changed; columns of one group come together.
func (v *Visit) parseJob(t *schema.Table, page *jobFormPage) record.Values {
	values, groups := record.Values{}, map[string]bool{}
	page.Fields = v.jobFields(t, func(string) record.Value { return record.Null })
	for i := range page.Fields {
		f := &page.Fields[i]
		f.Value, f.Was = v.form(f.Name), v.form("was."+f.Name)
		if c := &t.Columns[t.Column(f.Name)]; f.Value != f.Was && c.Group != "" {
			groups[c.Group] = true
		}
	}
	for i := range page.Fields {
		f := &page.Fields[i]
		c := &t.Columns[t.Column(f.Name)]
		if f.Value == f.Was && !groups[c.Group] && !(page.New && f.Required) {
			continue
		}
		value, err := v.parse(c, f.Value)
		if err == nil && f.Required && value.IsNull() {
			err = errNeeded
		}
		if err != nil {
			refusal, _ := statusOf(err)
			f.Problem, page.Marked = v.lang.refusal(refusal), true
		}
		values[f.Name] = value
	}
	return values
}

func (v *Visit) jobFormAgain(page jobFormPage) error {
	title := v.t("Edit job %s", page.Number)
	if page.New {
		title = v.t("New job")
	}
	page.frame = v.frame(title, jobsURL)
	return v.show(http.StatusUnprocessableEntity, "jobform", page)
}

// jobFormRefused shows the form with what was typed and why it was refused.
func (v *Visit) jobFormRefused(page jobFormPage, err error) error {
	f, status := statusOf(err)
	if status >= 500 {
		return err
	}
	page.Problem = v.lang.refusal(f)
	return v.jobFormAgain(page)
}

// NewJob shows the form that makes a job.
func (o *Office) NewJob(v *Visit) error {
	t := o.Schema.Table("job")
	page := jobFormPage{frame: v.frame(v.t("New job"), jobsURL), URL: jobsURL, Action: jobsURL, New: true}
	page.Fields = v.jobFields(t, func(string) record.Value { return record.Null })
	return v.show(http.StatusOK, "jobform", page)
}

// CreateJob makes a job; its number is given by the hub.
func (o *Office) CreateJob(v *Visit) error {
	t := o.Schema.Table("job")
	page := jobFormPage{URL: jobsURL, Action: jobsURL, New: true}
	values := v.parseJob(t, &page)
	if page.Marked {
		return v.jobFormAgain(page)
	}
	var id record.ID
	err := o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseJobCreate, func(tx aftersales.Tx) (err error) {
		id, err = aftersales.CreateJob(tx, jobInput(values))
		return err
	})
	if err != nil {
		return v.jobFormRefused(page, err)
	}
	return v.done(jobURL(id), v.t("The job is made. Now assign it."))
}

func jobInput(values record.Values) aftersales.JobInput {
	return aftersales.JobInput{
		Title: values["title"].Text(), Description: values["description"].Text(), Note: values["note"].Text(),
		ServiceClass: values["service_class"].Text(), Priority: values["priority"].Number(),
		ReportedOn: values["reported_on"].Number(), DueAt: values["due_at"].Number(),
		PlanStart: values["plan_start"].Number(), PlanEnd: values["plan_end"].Number(),
	}
}
