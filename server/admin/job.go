package admin

import (
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

type jobPage struct {
	frame
	about
	Number      string
	Assignments []assignmentView
	Technicians []auth.Person
	Files       []fileView
	MayAttach   bool
	Comment     string // as typed
	Service     *jobService
	Substates   substatesView
	FaultCodes  []option
}

type assignmentView struct {
	ID, Who, Role, State string
	Person               string // whose it is, "" for a group's
	Start, End           int64
	Open                 bool
	signature
}

// jobDetail is what the page of a job shows as other pages of rows do.
var jobDetail = &Detail{
	Table: "job", URL: jobsURL, State: "state",
	Facts: []string{
		"request", "party", "contact", "site", "unit", "kind", "service_class", "priority", "reported_on", "due_at", "plan_start",
		"plan_end", "started_at", "finished_at", "state_reason", "charge", "price", "fault_code", "cause_code", "remedy_code",
		"meter", "branch", "tags", "archived_reason",
	},
	Texts: []string{"description", "finding", "solution", "note"},
	Sections: []sectionOf{
		{table: "visit", via: "job", columns: []string{"person", "state", "outcome", "reason", "accepted_at", "travel_at", "arrived_at", "finished_at", "summary"}},
		{table: "part_request", via: "job", columns: []string{"number", "state", "part", "quantity", "approved", "location", "needed_on"}, url: partRequestsURL + "/"},
		{table: "movement", via: "job", columns: []string{"part", "quantity", "serial", "condition", "cause", "from_location", "to_location", "note"}},
		{table: "time_mark", via: "job", columns: []string{"person", "kind", "edge", "corrected", "note"}},
		{table: "finding", via: "job", columns: []string{"fault_code", "cause_code", "remedy_code", "finding", "solution", "solved"}},
		{table: "payment", via: "job", columns: []string{"method", "amount", "payer", "receipt_number", "note"}},
		{table: "goods_receipt", via: "job", columns: []string{"number", "state", "items", "promised_on", "given_by", "returned_at", "returned_to"}, url: goodsURL + "/"},
	},
}

// ShowJob shows all there is about one job: what it is, who has it, what happened, and what is in dispute.
func (o *Office) ShowJob(v *Visit) error {
	page, err := o.loadJob(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "job", page)
}

func (o *Office) loadJob(v *Visit) (*jobPage, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	page := &jobPage{MayAttach: o.Files != nil && v.Who.May(auth.Comment)}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		b := o.builder(v, r, &page.about)
		row, err := job(o.Schema, r, id)
		if err != nil {
			return err
		}
		page.Number = row.Get("number").Text()
		if page.Assignments, err = b.assignments(row); err != nil {
			return err
		}
		if page.Files, err = b.files(row); err != nil {
			return err
		}
		if err := b.comments(row, "job"); err != nil {
			return err
		}
		if page.Service, err = b.service(row); err != nil {
			return err
		}
		if page.Substates, err = b.substates(row); err != nil {
			return err
		}
		if page.FaultCodes, err = v.codes(r, aftersales.ListFault, ""); err != nil {
			return err
		}
		err = b.detail(jobDetail, row)
		page.Name = row.Get("title").Text()
		return err
	})
	if err != nil {
		return nil, err
	}
	page.frame = v.frame(page.Number+" "+page.Name, jobsURL)
	page.Technicians, err = o.technicians(v)
	return page, err
}

// job returns the living job. The error is a *fault.Error with the code fault.UnknownRow.
func job(s *schema.Schema, r Reader, id record.ID) (*record.Row, error) {
	row, err := r.Row(record.Key{Table: s.Table("job").ID, ID: id})
	if err == nil && (row == nil || row.Deleted) {
		err = fault.New(fault.UnknownRow, "There is no such job. It may have been joined with another.")
	}
	return row, err
}

func (b *builder) assignments(row *record.Row) (views []assignmentView, err error) {
	rows, err := b.about("assignment", "job", row.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range rows {
		to := "person"
		if a.Get("person").IsNull() {
			to = "team"
		}
		who, err := b.text(a, to)
		if err != nil {
			return nil, err
		}
		view := assignmentView{
			ID: a.ID.String(), Who: who, Role: a.Get("role").Text(), State: a.Get("state").Text(),
			Start: a.Get("window_start").Number(), End: a.Get("window_end").Number(),
			Open: a.Get("state").Text() == aftersales.AssignmentOpen,
		}
		if to == "person" {
			view.Person = a.Get(to).Ref().String()
		}
		if view.signature, err = b.signed(a); err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}
