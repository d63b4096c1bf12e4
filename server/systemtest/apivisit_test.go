package systemtest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What a subcontractor's program records of a visit: what was wrong, what was asked, how long it took, what was agreed to, paid
// and taken along.

// begins lets a person accept a job that was given to him, and returns his visit.
func (p *program) begins(job, person string) string {
	p.t.Helper()
	of, err := record.ParseID(job)
	if err != nil {
		p.t.Fatal(err)
	}
	who, err := record.ParseID(person)
	if err != nil {
		p.t.Fatal(err)
	}
	p.as(who, func(tx aftersales.Tx) error { return aftersales.Accept(tx, aftersales.VisitInput{Job: of}) })
	p.asks("GET", "/visits?job="+job, "").has(http.StatusOK)
	return p.rows()[0]["id"].(string)
}

// visited is a program with a visit of Li Wei under way.
func visited(t *testing.T) (p *program, boss *browser, li, job, visit string) {
	t.Helper()
	p, boss = integrator(t)
	li = p.hire("li", "Li Wei", auth.Technician).String()
	job = p.makes("/jobs", `{"title": "Leaks"}`)
	p.asks("POST", "/jobs/"+job+"/assign", fmt.Sprintf(`{"person": %q}`, li)).has(http.StatusOK)
	return p, boss, li, job, p.begins(job, li)
}

const unprocessable = http.StatusUnprocessableEntity

func TestAProgramRecordsWhatWasWrong(t *testing.T) {
	t.Parallel()
	p, boss, _, job, visit := visited(t)
	other := p.makes("/jobs", `{"title": "Another one"}`)
	p.asks("POST", "/findings", `{"finding": "seal worn"}`).refuses(unprocessable, "invalid_value", "job")
	p.asks("POST", "/findings", fmt.Sprintf(`{"job": %q}`, job)).refuses(unprocessable, "missing_text", "finding")
	p.asks("POST", "/findings", fmt.Sprintf(`{"job": %q, "visit": %q, "finding": "x"}`, other, visit)).has(unprocessable, "code", "unknown_row")
	p.asks("POST", "/findings", fmt.Sprintf(`{"job": %q, "finding": "x", "fault_code": "nonsense"}`, job)).has(unprocessable, "code", string(aftersales.UnknownCode))
	made := fmt.Sprintf(`{"job": %q, "visit": %q, "finding": "seal <b>worn", "solved": 1}`, job, visit)
	p.asks("POST", "/findings", made, "Idempotency-Key", "f").has(http.StatusCreated, "visit", visit, "solved", float64(1))
	at, shown := "/findings/"+p.text("id"), p.tag
	p.asks("POST", "/findings", made, "Idempotency-Key", "f").has(http.StatusCreated)
	p.asks("GET", "/jobs/"+job, "").has(http.StatusOK, "finding", "seal <b>worn")
	p.asks("PATCH", at, `{"solution": "new seal"}`).has(http.StatusPreconditionRequired)
	p.asks("PATCH", at, `{"visit": null}`, "If-Match", shown).refuses(unprocessable, "unknown_field", "visit")
	p.asks("PATCH", at, `{"solution": "new seal"}`, "If-Match", shown).has(http.StatusOK, "solution", "new seal", "solved", float64(1))
	// Who had not seen that writes beside it, and takes nothing back.
	p.asks("PATCH", at, `{"finding": "seal torn", "solved": 0}`, "If-Match", shown).has(http.StatusOK, "solution", "new seal", "finding", "seal torn", "solved", float64(0))
	p.asks("PATCH", at, `{"solution": null}`, "If-Match", p.tag).has(http.StatusOK, "solution", nil, "finding", "seal torn")
	boss.get("/jobs/"+job).sees(http.StatusOK, "seal torn")
	p.asks("POST", at+"/retract", `{}`).refuses(unprocessable, "invalid_value", "reason")
	p.asks("POST", at+"/retract", `{"reason": "another machine"}`).has(http.StatusOK, "archived_reason", "another machine")
	p.asks("POST", at+"/retract", `{"reason": "again"}`).has(unprocessable, "code", string(aftersales.AlreadyArchived))
}

func TestAProgramAnswersAChecklist(t *testing.T) {
	t.Parallel()
	p, _, li, _, _ := visited(t)
	model := p.makes("/models", `{"code": "KX-90"}`)
	machine := p.makes("/machines", `{"name": "KX", "product": %q}`, model)
	p.makes("/checklists", `{"name": {"en": "Oil"}, "product": %q, "questions": [{"key": "oil", "kind": "number", "label": {"en": "Oil"}, "minimum": 1000, "maximum": 4000},
		{"key": "plate", "kind": "yes_no", "photo": true, "label": {"en": "Plate"}}]}`, model)
	job := p.makes("/jobs", `{"title": "Service", "unit": %q}`, machine)
	p.asks("POST", "/jobs/"+job+"/assign", fmt.Sprintf(`{"person": %q}`, li)).has(http.StatusOK)
	visit := p.begins(job, li)
	answers := func(body string, values ...any) *program {
		t.Helper()
		return p.asks("POST", "/answers", fmt.Sprintf(`{"visit": %q, `+body+`}`, append([]any{visit}, values...)...))
	}
	p.asks("POST", "/answers", `{"question": "oil"}`).refuses(unprocessable, "invalid_value", "visit")
	answers(`"question": "colour", "text": "red"`).refuses(unprocessable, "unknown_question", "question")
	answers(`"question": "oil", "number": "9"`).refuses(unprocessable, "bad_answer", "number")
	answers(`"question": "oil", "text": "enough"`).refuses(unprocessable, "bad_answer", "text")
	answers(`"question": "oil", "number": "3.5", "occurred": "2020-01-01T00:00:00Z"`).refuses(unprocessable, "backdated", "occurred")
	answers(`"question": "oil", "number": "3.5"`).has(http.StatusCreated, "number", "3.500", "job", job)
	first := p.text("id")
	answers(`"question": "oil", "number": "3.6", "note": "read again"`).has(http.StatusCreated, "replaces", first)
	answers(`"question": "plate", "text": "yes"`).refuses(unprocessable, "missing_photo", "photo_files")
	answers(`"question": "plate", "text": "yes", "photo_files": ["beef"]`).refuses(http.StatusNotFound, "unknown_file", "photo_files")
	p.sendsFile("/attachments/files?kind=photo", photoOf(t, 7, 64)).has(http.StatusCreated)
	answers(`"question": "plate", "text": "yes", "photo_files": [%q]`, p.text("sha256")).has(http.StatusCreated, "photos", float64(1))
	p.asks("GET", "/attachments", "").has(http.StatusOK)
	if n := len(p.rows()); n != 1 {
		t.Errorf("%d files of the answer", n)
	}
}

func TestAProgramTellsHours(t *testing.T) {
	t.Parallel()
	p, _, li, job, visit := visited(t)
	other := p.makes("/jobs", `{"title": "Another one"}`)
	marks := func(body string, values ...any) *program {
		t.Helper()
		return p.asks("POST", "/time-marks", fmt.Sprintf(`{"job": %q, "person": %q, `+body+`}`, append([]any{job, li}, values...)...))
	}
	stamp := func(ago time.Duration) string { return time.Now().Add(-ago).UTC().Format("2006-01-02T15:04:05.000Z") }
	marks(`"kind": "sleep", "edge": "start"`).refuses(unprocessable, "invalid_value", "kind")
	marks(`"kind": "work", "edge": "stop"`).refuses(unprocessable, "clock_stopped", "edge")
	marks(`"kind": "work", "edge": "start", "occurred": "2150-01-01T00:00:00Z"`).refuses(unprocessable, "invalid_value", "occurred")
	marks(`"kind": "work", "edge": "start", "occurred": %q`, stamp(2*time.Hour)).has(http.StatusCreated, "visit", visit)
	start := p.text("id")
	marks(`"kind": "work", "edge": "start"`).refuses(unprocessable, "clock_running", "edge")
	p.asks("GET", "/jobs/"+job+"/hours", "").has(http.StatusOK)
	if rows := p.rows(); len(rows) != 1 || rows[0]["running"] != "work" || rows[0]["name"] != "Li Wei" {
		t.Errorf("the hours are %v", rows)
	}
	marks(`"kind": "work", "edge": "stop", "occurred": %q`, stamp(time.Hour)).has(http.StatusCreated)
	p.asks("POST", "/time-marks", fmt.Sprintf(`{"job": %q, "person": %q, "kind": "work", "edge": "start", "replaces": %q}`, other, li, start)).has(unprocessable)
	marks(`"kind": "work", "edge": "start", "replaces": %q, "occurred": %q`, start, stamp(3*time.Hour)).has(http.StatusCreated, "replaces", start)
	p.asks("GET", "/jobs/"+job+"/hours", "").has(http.StatusOK)
	rows := p.rows()
	if len(rows) != 1 || rows[0]["running"] != "" {
		t.Fatalf("the hours are %v", rows)
	}
	if ms := rows[0]["work_ms"].(float64); ms < 2*3600e3-5e3 || ms > 2*3600e3+5e3 {
		t.Errorf("he worked %v ms", ms)
	}
	stranger := p.hire("zhou", "Zhou", auth.Technician)
	p.asks("POST", "/time-marks", fmt.Sprintf(`{"job": %q, "person": %q, "kind": "work", "edge": "start"}`, job, stranger)).refuses(unprocessable, "not_assigned", "person")
}

func TestAProgramTellsWhatWasAgreedAndPaid(t *testing.T) {
	t.Parallel()
	p, boss, _, job, visit := visited(t)
	of := fmt.Sprintf(`{"job": %q, "visit": %q, `, job, visit)
	p.asks("POST", "/payments", of+`"method": "cash", "amount": {"minor": 10000, "currency": "CNY"}}`).has(unprocessable, "code", string(aftersales.ConsentMissing))
	p.asks("POST", "/consents", of+`"amount": {"minor": 0, "currency": "CNY"}, "shown": "Labour", "signed_by": "Chen"}`).refuses(unprocessable, "bad_amount", "amount")
	p.asks("POST", "/consents", of+`"amount": {"minor": 10000, "currency": "CNY"}, "shown": "Labour"}`).refuses(unprocessable, "invalid_value", "signed_by")
	yes := of + `"amount": {"minor": 99000000, "currency": "CNY"}, "shown": "Compressor <b>990000.00", "signed_by": "Chen"}`
	p.asks("POST", "/consents", yes, "Idempotency-Key", "c").has(http.StatusCreated, "visit", visit, "needs_second", float64(1))
	consent := p.text("id")
	p.asks("POST", "/consents", yes, "Idempotency-Key", "c").has(http.StatusCreated, "id", consent)
	p.asks("POST", "/payments", of+`"method": "cash", "amount": {"minor": 10000, "currency": "CNY"}}`).has(unprocessable, "code", string(aftersales.ApprovalMissing))
	p.asks("POST", "/consents/"+consent+"/approve", "").has(http.StatusOK, "id", consent)
	p.asks("POST", "/consents/"+consent+"/approve", "").has(unprocessable, "code", string(aftersales.ApprovalGiven))
	p.asks("GET", "/approvals?consent="+consent, "").has(http.StatusOK)
	if rows := p.rows(); len(rows) != 1 || rows[0]["how"] != aftersales.ApprovedByOffice {
		t.Errorf("the second yes is %v", rows)
	}
	p.asks("POST", "/payments", of+`"method": "shells", "amount": {"minor": 10000, "currency": "CNY"}}`).refuses(unprocessable, "unknown_code", "method")
	p.asks("POST", "/payments", of+`"method": "cash", "amount": {"minor": 10000, "currency": "CNY"}, "payer": "Chen"}`).has(http.StatusCreated, "consent", consent)
	paid := p.text("id")
	if p.text("receipt_number") == "" {
		t.Error("the receipt has no number")
	}
	p.asks("POST", "/payments", of+`"method": "cash", "amount": {"minor": 5000, "currency": "EUR"}}`).has(unprocessable, "code", string(aftersales.BadMoney))
	p.asks("POST", "/payments", of+fmt.Sprintf(`"method": "cash", "amount": {"minor": 9000, "currency": "CNY"}, "replaces": %q}`, paid)).has(http.StatusCreated, "replaces", paid)
	p.asks("POST", "/payments", of+fmt.Sprintf(`"method": "cash", "amount": {"minor": 8000, "currency": "CNY"}, "replaces": %q}`, paid)).has(unprocessable, "code", string(aftersales.WrongState))
	boss.get("/jobs/"+job).sees(http.StatusOK, "90.00 CNY", "Compressor <b>990000.00")
}

func TestAProgramTakesGoodsAlong(t *testing.T) {
	t.Parallel()
	p, boss, _, job, visit := visited(t)
	p.asks("POST", "/goods-receipts", fmt.Sprintf(`{"job": %q}`, job)).refuses(unprocessable, "invalid_value", "items")
	p.asks("POST", "/goods-receipts", fmt.Sprintf(`{"job": %q, "items": "Board", "taken_at": "2020-01-01T00:00:00Z"}`, job)).refuses(unprocessable, "backdated", "taken_at")
	p.asks("POST", "/goods-receipts", fmt.Sprintf(`{"job": %q, "visit": %q, "items": "Control board", "given_by": "Chen"}`, job, visit)).has(http.StatusCreated, "state", aftersales.GoodsTaken)
	at := "/goods-receipts/" + p.text("id")
	p.asks("POST", at+"/return", `{}`).refuses(unprocessable, "invalid_value", "returned_to")
	p.asks("POST", at+"/return", `{"returned_to": "Chen", "at": "2020-01-01T00:00:00Z"}`).refuses(unprocessable, "backdated", "at")
	p.asks("POST", at+"/return", `{"returned_to": "Chen"}`).has(http.StatusOK, "state", aftersales.GoodsReturned, "returned_to", "Chen")
	p.asks("POST", at+"/return", `{"returned_to": "Chen"}`).has(unprocessable, "code", string(aftersales.WrongState))
	boss.get("/goods").sees(http.StatusOK, "Control board")
}
