package systemtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What can be done alike with every kind of row: made under a key of another system and without one, read, named, changed,
// put away and brought back, joined and parted. What each kind alone does is told where it is told what it is for.

// each says what a body of each kind holds that programs make, in an order in which one can name those before it: {parts} is
// the one that was made, {n} what tells two apart.
var each = []struct{ path, body string }{
	{"/branches", `{"code": "S{n}", "name": "South {n}"}`},
	{"/customers", `{"name": "Nordwind {n}"}`},
	{"/contacts", `{"party": "{customers}", "name": "Chen {n}"}`},
	{"/sites", `{"party": "{customers}", "name": "Harbour {n}", "address": "Pier {n}"}`},
	{"/models", `{"code": "KX-{n}"}`},
	{"/parts", `{"code": "S-{n}"}`},
	{"/components", `{"product": "{models}", "code": "pump {n}", "warranty_months": 12}`},
	{"/machines", `{"name": "KX", "serial": "WF-{n}", "party": "{customers}", "product": "{models}"}`},
	{"/meter-readings", `{"unit": "{machines}", "reading": 12{n}}`},
	{"/contracts", `{"party": "{customers}", "starts_on": "2026-01-01", "ends_on": "203{n}-12-31", "machines": ["{machines}"]}`},
	{"/contract-covers", `{"contract": "{contracts}", "site": "{sites}"}`},
	{"/prices", `{"part": "{parts}", "amount": {"minor": 125{n}, "currency": "EUR"}, "valid_from": "203{n}-01-01"}`},
	{"/part-costs", `{"branch": "{branches}", "part": "{parts}", "unit_cost": {"minor": 25{n}, "currency": "EUR"}, "valid_from": "203{n}-01-01"}`},
	{"/locations", `{"name": "Store {n}", "kind": "central"}`},
	{"/stock-levels", `{"location": "{locations}", "part": "{part {n}}", "minimum": {"amount": "1"}, "maximum": {"amount": "{n}"}}`},
	{"/movements", `{"cause": "receipt", "part": "{parts}", "quantity": {"amount": "{n}"}, "to_location": "{locations}"}`},
	{"/part-requests", `{"part": "{parts}", "quantity": {"amount": "{n}"}, "location": "{locations}"}`},
	{"/calls", `{"direction": "in", "phone": "+49 431 555010{n}"}`},
	{"/requests", `{"title": "Boiler cold {n}", "party": "{customers}"}`},
	{"/jobs", `{"title": "Boiler cold {n}", "party": "{customers}", "unit": "{machines}"}`},
	{"/charges", `{"job": "{jobs}", "part": "{parts}", "quantity": {"amount": "{n}"}, "unit_price": {"minor": 100, "currency": "EUR"}}`},
	{"/solutions", `{"title": "Noise {n}", "solution": "Tighten it {n}."}`},
	{"/documents", `{"kind": "bulletin", "title": {"en": "Notice {n}"}, "text": "Read it."}`},
	{"/attachments", `{"about": {"table": "job", "id": "{jobs}"}, "kind": "photo", "sha256": "{photo}", "caption": "{n}"}`},
	{"/codes", `{"list": "region", "code": "island {n}"}`},
	{"/groups", `{"name": "Cranes {n}"}`},
	{"/skills", `{"person": "{person}", "code": "skill {n}", "level": 3}`},
	{"/absences", `{"person": "{person}", "starts_at": "2031-03-0{n}T00:00:00Z", "ends_at": "2031-03-0{n}T12:00:00Z"}`},
	{"/resources", `{"person": "{person {n}}"}`},
	{"/policies", `{"kind": "return", "valid_from": "203{n}-01-01T00:00:00Z", "body": {policy}}`},
	{"/checklists", `{"name": {"en": "Oil {n}"}, "product": "{models}", "questions": [{"key": "oil", "kind": "yes_no", "label": {"en": "Oil"}}]}`},
	{"/findings", `{"job": "{jobs}", "visit": "{visits}", "finding": "leaks {n}"}`},
	{"/answers", `{"visit": "{visits}", "checklist": "{checklists}", "question": "oil", "text": "{said {n}}", "photo_files": ["{photo}"]}`},
	{"/time-marks", `{"job": "{jobs}", "person": "{person}", "kind": "work", "edge": "{edge {n}}"}`},
	{"/consents", `{"job": "{jobs}", "amount": {"minor": 1000{n}, "currency": "EUR"}, "shown": "Labour 100.00", "signed_by": "Chen {n}"}`},
	{"/payments", `{"job": "{jobs}", "method": "cash", "amount": {"minor": 1{n}, "currency": "EUR"}, "payer": "Chen"}`},
	{"/goods-receipts", `{"job": "{jobs}", "items": "Control board {n}", "given_by": "Chen"}`},
	{"/fields", `{"table_name": "unit", "field": "frame {n}"}`},
	{"/substates", `{"table_name": "job", "state": "new", "code": "crane {n}"}`},
}

func TestEachKindOfRowIsMadeReadNamedAndPutAway(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	ids := p.makesEach()
	p.recordsTheRest(ids)
	p = p.bureau.program(boss, "WMS", everything()...) // one alone would ask more often than is allowed
	for _, rt := range api.Routes() {
		path, one := strings.CutSuffix(rt.Path, "/{id}/keys/{system}/{key}")
		if !one || rt.Method != http.MethodPut {
			continue
		}
		if ids[path] == "" {
			p.asks("GET", path, "").has(http.StatusOK)
			if len(p.rows()) == 0 {
				t.Errorf("there are no %s to try with", path)
				continue
			}
			ids[path] = p.rows()[0]["id"].(string)
		}
		p.namesOne(path, ids[path])
	}
	p = p.bureau.program(boss, "CRM", everything()...)
	if _, photo := p.fetches("/attachments/" + ids["/attachments"] + "/file"); len(photo) < 100 {
		t.Errorf("the photo has %d bytes", len(photo))
	}
	p.changesEach(ids)
	p.putsEachAway(ids)
	p.joinsEach(ids)
}

// makesEach makes two of each kind, the first by a key of another system, told twice.
func (p *program) makesEach() (ids map[string]string) {
	p.t.Helper()
	p.sendsFile("/attachments/files?kind=photo", photoOf(p.t, 7, 64)).has(http.StatusCreated)
	wang, zhou := p.hire("wang", "Wang", auth.Technician).String(), p.hire("zhou", "Zhou", auth.Technician).String()
	values := []string{"{photo}", p.text("sha256"), "{person}", wang, "{person 1}", wang, "{person 2}", zhou, "{said 1}", "yes", "{said 2}", "no", "{edge 1}", "start", "{edge 2}", "stop"}
	for _, n := range []string{"1", "2"} {
		p.makes("/codes", `{"list": "skill", "code": "skill %s"}`, n)
	}
	p.asks("GET", "/policy-templates?kind=return", "").has(http.StatusOK)
	body, err := json.Marshal(p.rows()[0]["body"])
	if err != nil {
		p.t.Fatal(err)
	}
	values, ids = append(values, "{policy}", string(body)), map[string]string{}
	for _, kind := range each {
		body := func(n string) string {
			known := strings.NewReplacer(append(values, "{part 1}", ids["/parts"], "{part 2}", ids["other /parts"])...)
			return known.Replace(strings.ReplaceAll(kind.body, "{n}", n))
		}
		p.asks("PUT", kind.path+"/by-key/erp/1", body("1")).has(http.StatusCreated)
		ids[kind.path] = p.text("id")
		p.asks("PUT", kind.path+"/by-key/erp/1", body("1")).has(http.StatusOK, "id", ids[kind.path])
		p.asks("POST", kind.path, body("2")).has(http.StatusCreated)
		ids["other "+kind.path] = p.text("id")
		values = append(values, "{"+kind.path[1:]+"}", ids[kind.path])
		if kind.path == "/jobs" {
			p.asks("POST", "/jobs/"+ids["/jobs"]+"/assign", fmt.Sprintf(`{"person": %q}`, wang)).has(http.StatusOK)
			values = append(values, "{visits}", p.begins(ids["/jobs"], wang))
		}
	}
	return ids
}

// recordsTheRest makes a row of each kind that no program makes.
func (p *program) recordsTheRest(ids map[string]string) {
	p.t.Helper()
	id := func(path string) record.ID {
		parsed, err := record.ParseID(ids[path])
		if err != nil {
			p.t.Fatal(path, err)
		}
		return parsed
	}
	wang := p.ids("SELECT id FROM person WHERE name = 'Wang'")[0]
	job, unit, part, location := id("/jobs"), id("/machines"), id("/parts"), id("/locations")
	p.asks("POST", "/groups/"+ids["/groups"]+"/join", fmt.Sprintf(`{"person": %q}`, wang)).has(http.StatusOK)
	p.asks("POST", "/jobs/"+ids["/jobs"]+"/comment", `{"text": "call first"}`).has(http.StatusOK)
	p.office("the rest", func(tx aftersales.Tx) error {
		slip, err := aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job, Summary: "mended"})
		if err != nil {
			return err
		}
		if _, err := aftersales.AddServiceRecord(tx, aftersales.ServiceRecordInput{Unit: unit, Summary: "mended"}); err != nil {
			return err
		}
		at := record.Instant(tx.Now())
		for table, values := range map[string]record.Values{
			"approval":   {"job": record.Ref(job), "how": record.Text(aftersales.ApprovalIssued), "amount": record.Money(1, "EUR"), "occurred": at, "corrected": at},
			"supplement": {"job": record.Ref(job), "about": aftersales.Row{Table: "slip", ID: slip}.Value(), "reason": record.Text(aftersales.SupplementAudited), "changes": record.Text("[]"), "occurred": at, "corrected": at},
			"billing_finding": {
				"job": record.Ref(job), "about": aftersales.Row{Table: "job", ID: job}.Value(), "kind": record.Text(aftersales.GapLeakage), "state": record.Text(aftersales.GapOpen),
				"expected": record.Money(1, "EUR"), "charged": record.Money(0, "EUR"), "amount": record.Money(1, "EUR"), "found_at": at,
			},
			"discrepancy": {"kind": record.Text(aftersales.DiscrepancyShortage), "about": aftersales.Row{Table: "part", ID: part}.Value(), "location": record.Ref(location), "state": record.Text("open")},
			"hand_over": {
				"half": record.Text(aftersales.HalfGive), "name": record.Text("offer"), "giver": record.Ref(wang), "taker": record.Ref(wang), "part": record.Ref(part),
				"quantity": record.Quantity(aftersales.One, ""), "location": record.Ref(location), "expires": at, "code": record.Text("code"), "occurred": at, "corrected": at,
			},
		} {
			if err := tx.Insert(table, aftersales.NamedID("apieach", table), values); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
		}
		return nil
	})
}

// namesOne gives a row another key, finds it by that and takes the key back.
func (p *program) namesOne(path, id string) {
	p.t.Helper()
	at := path + "/" + id
	p.asks("GET", path, "").has(http.StatusOK)
	p.asks("GET", at, "").has(http.StatusOK, "id", id)
	p.asks("GET", at, "", "If-None-Match", p.tag).has(http.StatusNotModified)
	p.asks("PUT", at+"/keys/wms/7", "").has(http.StatusOK, "id", id)
	p.asks("GET", path+"/by-key/wms/7", "").has(http.StatusOK, "id", id)
	p.asks("GET", at+"/keys", "").has(http.StatusOK).names("keys", "system", "wms", "key", "7")
	p.asks("DELETE", at+"/keys/wms/7", "").has(http.StatusOK)
	p.asks("GET", path+"/by-key/wms/7", "").has(http.StatusNotFound)
}

// having are the kinds of row that take what the path ends in.
func having(method, ending string) (paths []string) {
	for _, rt := range api.Routes() {
		if path, has := strings.CutSuffix(rt.Path, "/{id}"+ending); has && rt.Method == method {
			paths = append(paths, path)
		}
	}
	return paths
}

// changesEach changes what can be changed of each kind.
func (p *program) changesEach(ids map[string]string) {
	p.t.Helper()
	for _, path := range having("PATCH", "") {
		body := `{"note": "seen"}`
		switch path {
		case "/parts", "/models", "/locations", "/contacts", "/sites", "/customers", "/machines", "/groups", "/requests", "/jobs", "/people", "/contracts", "/solutions":
		case "/branches":
			body = `{"phone": "+49 431 5550100"}`
		case "/resources":
			body = `{"quiet": "22:00-07:00"}`
		case "/stock-levels":
			body = `{"minimum": {"amount": "0"}}`
		case "/findings":
			body = `{"solution": "a new seal"}`
		default:
			body = `{"rank": 3}`
		}
		p.asks("GET", path+"/"+ids[path], "").asks("PATCH", path+"/"+ids[path], body, "If-Match", p.tag).has(http.StatusOK, "id", ids[path])
	}
}

// putsEachAway archives what can be archived, and brings it back.
func (p *program) putsEachAway(ids map[string]string) {
	p.t.Helper()
	for _, path := range having("POST", "/archive") {
		if path == "/jobs" || path == "/requests" { // once they are over: TestJobsAndRequestsArePutAwayByWhoMay
			continue
		}
		at := path + "/" + ids["other "+path]
		p.asks("POST", at+"/archive", `{}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "reason")
		p.asks("POST", at+"/archive", `{"reason": "no longer used"}`).has(http.StatusOK, "archived_reason", "no longer used")
		p.asks("POST", at+"/unarchive", "").has(http.StatusPreconditionRequired)
		p.asks("GET", at, "").asks("POST", at+"/unarchive", "", "If-Match", p.tag).has(http.StatusOK, "archived_at", nil)
	}
}

// joinsEach says that two are one, and that they are none after all.
func (p *program) joinsEach(ids map[string]string) {
	p.t.Helper()
	for _, path := range having("POST", "/part") {
		at := path + "/" + ids["other "+path]
		p.asks("POST", at+"/join", fmt.Sprintf(`{"same_as": %q}`, ids[path])).has(http.StatusOK, "same_as", ids[path])
		p.asks("GET", at, "").asks("POST", at+"/part", "", "If-Match", p.tag).has(http.StatusOK, "same_as", nil)
	}
	if !slices.Contains(having("POST", "/join"), "/customers") {
		p.t.Error("customers are not joined")
	}
}
