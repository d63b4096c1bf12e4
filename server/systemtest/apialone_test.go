package systemtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What is done with jobs and requests alone, from being given to being over.
func TestAProgramGivesAndEndsWork(t *testing.T) {
	t.Parallel()
	p, _ := integrator(t)
	li, wang := p.hire("li", "Li Wei", auth.Technician), p.hire("wang", "Wang", auth.Technician)
	of := func(path, job string) string {
		t.Helper()
		p.asks("GET", path+"?job="+job, "").has(http.StatusOK)
		rows := p.rows()
		return rows[len(rows)-1]["id"].(string)
	}
	job := p.makes("/jobs", `{"title": "Leaks"}`)
	at := "/jobs/" + job
	p.asks("POST", at+"/assign", fmt.Sprintf(`{"person": %q}`, li)).has(http.StatusOK)
	first := of("/assignments", job)
	p.asks("POST", at+"/reassign", fmt.Sprintf(`{"assignment": %q, "person": %q}`, first, wang)).refuses(http.StatusUnprocessableEntity, "invalid_value", "reason")
	p.asks("POST", at+"/reassign", fmt.Sprintf(`{"assignment": %q, "person": %q, "reason": "ill"}`, first, wang)).has(http.StatusOK)
	second := of("/assignments", job)
	if second == first {
		t.Error("the job was not given to somebody else")
	}
	other := p.makes("/jobs", `{"title": "Rattles"}`)
	p.asks("POST", "/jobs/"+other+"/unassign", fmt.Sprintf(`{"assignment": %q, "reason": "sold"}`, second)).has(http.StatusNotFound)
	p.asks("POST", at+"/unassign", fmt.Sprintf(`{"assignment": %q, "reason": "sold"}`, second)).has(http.StatusOK)
	p.asks("GET", "/assignments/"+second, "").has(http.StatusOK, "person", wang.String())
	p.asks("POST", at+"/close", "").has(http.StatusUnprocessableEntity, "code", "wrong_state")
	p.asks("POST", at+"/cancel", `{"reason": "sold"}`).has(http.StatusOK, "state", aftersales.JobCancelled)
	p.asks("POST", at+"/close", "").has(http.StatusOK, "state", aftersales.JobClosed)
	p.asks("POST", at+"/reopen", `{"state": "cancelled", "reason": "not sold"}`).has(http.StatusConflict, "code", "changed_since")
	p.asks("POST", at+"/reopen", `{"state": "closed", "reason": "not sold"}`).has(http.StatusOK)

	for _, end := range []struct{ step, body, state string }{
		{"accept", ``, aftersales.VisitAccepted}, {"decline", `{"reason": "ill"}`, aftersales.VisitCancelled}, {"no-access", `{"reason": "locked"}`, aftersales.VisitCancelled},
	} {
		job := p.makes("/jobs", `{"title": "Leaks"}`)
		p.asks("POST", "/jobs/"+job+"/assign", fmt.Sprintf(`{"person": %q}`, li)).has(http.StatusOK)
		visit := "/visits/" + of("/visits", job)
		p.asks("POST", visit+"/"+end.step, end.body).has(http.StatusOK, "state", end.state)
	}

	request := "/requests/" + p.makes("/requests", `{"title": "Boiler cold"}`)
	p.asks("POST", request+"/comment", `{"text": "He <b>rang</b> again"}`).has(http.StatusOK)
	p.asks("GET", "/comments?about="+strings.TrimPrefix(request, "/requests/"), "").has(http.StatusOK)
	if got := p.rows(); len(got) != 1 || got[0]["text"] != "He <b>rang</b> again" {
		t.Errorf("it was said %v", got)
	}
	p.asks("POST", request+"/close", "").has(http.StatusUnprocessableEntity, "code", "wrong_state")
	job = p.makes("/jobs", `{"request": %q}`, strings.TrimPrefix(request, "/requests/"))
	p.asks("POST", "/jobs/"+job+"/assign", fmt.Sprintf(`{"person": %q}`, li)).has(http.StatusOK)
	p.asks("POST", "/visits/"+of("/visits", job)+"/complete", `{"finding": "off", "solution": "switched it on"}`).has(http.StatusOK)
	p.asks("GET", request, "").has(http.StatusOK, "state", aftersales.RequestSolved)
	p.asks("POST", request+"/close", "").has(http.StatusOK, "state", aftersales.RequestClosed)
}

// A store is somebody's, a machine is swapped for another, and what does not fit together is settled.
func TestAProgramKeepsStoresAndSwapsMachines(t *testing.T) {
	t.Parallel()
	p, _ := integrator(t)
	li := p.hire("li", "Li Wei", auth.Technician)
	part, store, van := p.warehouse()
	p.asks("POST", "/locations/"+van+"/holder", fmt.Sprintf(`{"holder": %q}`, li)).has(http.StatusPreconditionRequired)
	p.asks("GET", "/locations/"+van, "").asks("POST", "/locations/"+van+"/holder", fmt.Sprintf(`{"holder": %q}`, li), "If-Match", p.tag).has(http.StatusOK, "holder", li.String())
	p.asks("GET", "/branches", "").has(http.StatusOK)

	job := p.makes("/jobs", `{"title": "Worn out"}`)
	machine := p.makes("/machines", `{"name": "KX-90", "serial": "OLD"}`)
	p.asks("POST", "/machines/"+machine+"/swap", fmt.Sprintf(`{"job": %q, "location": %q, "serial": "OLD"}`, job, store)).refuses(http.StatusUnprocessableEntity, "same_serial", "serial")
	p.asks("POST", "/machines/"+machine+"/swap", fmt.Sprintf(`{"job": %q, "location": %q, "serial": "NEW"}`, job, store)).has(http.StatusOK)

	p.office("a shortage", func(tx aftersales.Tx) error {
		about, err := record.ParseID(part)
		if err != nil {
			return err
		}
		return tx.Insert("discrepancy", aftersales.NamedID("shortage"), record.Values{
			"kind": record.Text(aftersales.DiscrepancyShortage), "about": aftersales.Row{Table: "part", ID: about}.Value(), "state": record.Text("open"),
		})
	})
	p.asks("GET", "/discrepancies?about="+part, "").has(http.StatusOK)
	at := "/discrepancies/" + p.rows()[0]["id"].(string)
	p.asks("POST", at+"/settle", `{}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "resolution")
	p.asks("POST", at+"/settle", `{"resolution": "counted wrong"}`).has(http.StatusOK, "state", "settled", "resolution", "counted wrong")
	p.asks("POST", at+"/settle", `{"resolution": "again"}`).has(http.StatusUnprocessableEntity, "code", "wrong_state")
}
