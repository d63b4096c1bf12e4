package systemtest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// What an ERP, a warehouse and a portal do with the hub, noun by noun. That each address refuses who may not, and nonsense,
// is told once for all (apiroutes_test.go).

// integrator is a bureau with a program that may do everything.
func integrator(t *testing.T) (*program, *browser) {
	t.Helper()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	return b.program(boss, "ERP", everything()...), boss
}

// makes makes a row, and returns its id.
func (p *program) makes(path, format string, args ...any) string {
	p.t.Helper()
	p.asks("POST", path, fmt.Sprintf(format, args...)).has(http.StatusCreated)
	return p.text("id")
}

// rows are those of the list that was answered.
func (p *program) rows() (rows []map[string]any) {
	p.t.Helper()
	for _, row := range p.got["rows"].([]any) {
		rows = append(rows, row.(map[string]any))
	}
	return rows
}

// refuses checks the refusal of what one field says.
func (p *program) refuses(status int, code, field string) *program {
	p.t.Helper()
	return p.has(status, "code", code, "field", field)
}

func TestAProgramKeepsContracts(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	party := p.makes("/customers", `{"name": "Nordwind"}`)
	one := p.makes("/machines", `{"name": "KX-90", "serial": "WF-1", "party": %q}`, party)
	two := p.makes("/machines", `{"name": "KX-91", "party": %q}`, party)
	const terms = `"kind": "full", "starts_on": "2026-01-01", "ends_on": "2030-12-31", "parts_percent": 100`
	p.asks("POST", "/contracts", `{`+terms+`}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "party")
	p.asks("POST", "/contracts", fmt.Sprintf(`{`+terms+`, "party": %q}`, record.ID{1})).refuses(http.StatusUnprocessableEntity, "unknown_row", "party")
	p.asks("POST", "/contracts", fmt.Sprintf(`{"party": %q, "starts_on": "2027-01-01", "ends_on": "2026-01-01"}`, party)).refuses(http.StatusUnprocessableEntity, "bad_term", "ends_on")
	p.asks("POST", "/contracts", fmt.Sprintf(`{`+terms+`, "party": %q, "machines": ["x"]}`, party)).refuses(http.StatusUnprocessableEntity, "invalid_value", "machines")
	p.asks("POST", "/contracts", fmt.Sprintf(`{`+terms+`, "party": %q, "machines": [%q, %q]}`, party, one, record.ID{1})).refuses(http.StatusUnprocessableEntity, "unknown_row", "machines")
	if n := len(p.ids("SELECT id FROM contract")); n != 0 {
		t.Fatalf("%d contracts are half made", n)
	}
	p.asks("POST", "/contracts", fmt.Sprintf(`{"party": %q, "scope": "party", "starts_on": "2026-01-01", "ends_on": "2026-12-31", "machines": [%q]}`, party, one)).refuses(http.StatusUnprocessableEntity, "invalid_value", "scope")
	id := p.makes("/contracts", `{`+terms+`, "party": %q, "machines": [%q, %q]}`, party, one, two)
	p.has(http.StatusCreated, "scope", aftersales.ScopeListed)
	shown := p.tag
	p.asks("GET", "/contract-covers?contract="+id, "").has(http.StatusOK)
	if got := p.rows(); len(got) != 2 {
		t.Fatalf("it covers %v", got)
	}
	p.asks("POST", "/contract-covers", fmt.Sprintf(`{"contract": %q, "unit": %q, "site": null}`, id, two)).has(http.StatusCreated, "unit", two)
	p.asks("POST", "/contract-covers", fmt.Sprintf(`{"contract": %q}`, id)).refuses(http.StatusUnprocessableEntity, "cover_unclear", "unit")
	boss.get("/contracts/"+id).sees(http.StatusOK, "Nordwind", "KX-90", "KX-91")

	// What it promises is not edited in place; its note is, here and in the office.
	p.asks("PATCH", "/contracts/"+id, `{"parts_percent": 50}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "unknown_field", "parts_percent")
	p.asks("PATCH", "/contracts/"+id, `{"note": "<b>call first</b>"}`, "If-Match", shown).has(http.StatusOK, "note", "<b>call first</b>")
	shown = p.tag
	boss.get("/contracts/"+id).sees(http.StatusOK, "<b>call first</b>")
	boss.get("/contracts/" + id + "/edit").sees(http.StatusOK)
	boss.post("/contracts/"+id+"/edit", "seen", boss.hidden("seen"), "note", "ring twice", "was.note", "<b>call first</b>").sees(http.StatusOK, "ring twice")

	// Ended by who saw it as it is.
	const end = `{"last_day": "2026-06-30", "reason": "sold"}`
	p.asks("POST", "/contracts/"+id+"/end", end).has(http.StatusPreconditionRequired)
	p.asks("POST", "/contracts/"+id+"/end", end, "If-Match", shown).has(http.StatusConflict, "code", string(aftersales.NotSeen))
	p.asks("GET", "/contracts/"+id, "").has(http.StatusOK, "ended_on", nil)
	p.asks("POST", "/contracts/"+id+"/end", `{"last_day": "2031-06-30", "reason": "sold"}`, "If-Match", p.tag).refuses(http.StatusUnprocessableEntity, "bad_term", "last_day")
	p.asks("GET", "/contracts/"+id, "").asks("POST", "/contracts/"+id+"/end", end, "If-Match", p.tag).has(http.StatusOK, "ended_on", "2026-06-30", "ended_reason", "sold")
}

// warehouse makes a part, a store and a van.
func (p *program) warehouse() (part, store, van string) {
	p.t.Helper()
	return p.makes("/parts", `{"code": "S-1", "name": {"en": "Seal"}}`), p.makes("/locations", `{"name": "Central", "kind": "central", "branch": %q}`, p.onlyBranch()), p.makes("/locations", `{"name": "Van 1"}`)
}

func (p *program) lies(location, want string) {
	p.t.Helper()
	p.asks("GET", "/locations/"+location+"/stock", "").has(http.StatusOK)
	var got []string
	for _, row := range p.rows() {
		q := row["quantity"].(map[string]any)
		got = append(got, fmt.Sprint(row["code"], " ", q["amount"], " ", q["unit"]))
	}
	if s := strings.Join(got, ", "); s != want {
		p.t.Errorf("there lies %q, want %q", s, want)
	}
}

func TestAWarehouseMovesParts(t *testing.T) {
	t.Parallel()
	warehouseMoves(t, newBureau(t))
}

func warehouseMoves(t *testing.T, b *bureau) {
	t.Helper()
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	p := b.program(boss, "WMS", everything()...)
	part, store, van := p.warehouse()
	move := func(format string, args ...any) *program {
		t.Helper()
		return p.asks("POST", "/movements", fmt.Sprintf(`{"part": %q, `+format+`}`, append([]any{part}, args...)...), "Idempotency-Key", fmt.Sprint(format, args))
	}
	for range 2 { // the answer was lost
		move(`"cause": "receipt", "quantity": {"amount": "10"}, "to_location": %q, "unit_cost": {"minor": 250, "currency": "EUR"}, "note": "<i>PO 7</i>"`, store).has(http.StatusCreated, "cause", "receipt")
	}
	receipt := p.text("id")
	p.lies(store, "S-1 10.000 pcs")
	p.asks("GET", "/locations/"+store, "").has(http.StatusOK)
	home := p.text("branch")
	p.asks("GET", "/movements/"+receipt, "").has(http.StatusOK, "branch", home)
	move(`"cause": "transfer", "quantity": {"amount": "4", "unit": "pcs"}, "from_location": %q, "to_location": %q, "occurred": "2026-01-05T08:00:00Z"`, store, van).has(http.StatusCreated, "corrected", "2026-01-05T08:00:00.000Z")
	move(`"cause": "issue", "quantity": {"amount": "1"}, "from_location": %q, "to_location": %q`, store, van).has(http.StatusCreated)
	move(`"cause": "scrap", "quantity": {"amount": "0.5"}, "from_location": %q, "condition": "defective"`, van).has(http.StatusCreated)
	p.lies(store, "S-1 5.000 pcs")
	p.lies(van, "S-1 4.500 pcs")
	boss.get("/movements/"+receipt).sees(http.StatusOK, "<i>PO 7</i>")

	refuses := func(code, field, format string, args ...any) {
		t.Helper()
		move(format, args...).refuses(http.StatusUnprocessableEntity, code, field)
	}
	job := p.makes("/jobs", `{"title": "Leaks"}`)
	refuses("invalid_value", "job", `"cause": "repair_use", "quantity": {"amount": "1"}, "from_location": %q`, van)
	refuses("invalid_value", "from_location", `"cause": "sale_use", "quantity": {"amount": "1"}, "job": %q`, job)
	move(`"cause": "repair_use", "quantity": {"amount": "0.25"}, "from_location": %q, "job": %q`, van, job).has(http.StatusCreated, "cause", "repair_use", "job", job)
	move(`"cause": "sale_use", "quantity": {"amount": "0.25"}, "from_location": %q, "job": %q`, van, job).has(http.StatusCreated, "cause", "sale_use")
	refuses("invalid_value", "cause", `"cause": "count", "quantity": {"amount": "1"}`)
	refuses("invalid_value", "cause", `"cause": "theft", "quantity": {"amount": "1"}`)
	refuses("invalid_value", "from_location", `"cause": "transfer", "quantity": {"amount": "1"}, "to_location": %q`, van)
	refuses("invalid_value", "job", `"cause": "return", "quantity": {"amount": "1"}, "to_location": %q`, van)
	refuses("bad_quantity", "quantity", `"cause": "receipt", "quantity": {"amount": "-1"}, "to_location": %q`, store)
	refuses("invalid_value", "quantity", `"cause": "receipt", "quantity": {}, "to_location": %q`, store)
	refuses("invalid_value", "quantity", `"cause": "receipt", "quantity": 7, "to_location": %q`, store)
	refuses("wrong_unit", "quantity", `"cause": "receipt", "quantity": {"amount": "1", "unit": "kg"}, "to_location": %q`, store)
	refuses("same_place", "to_location", `"cause": "transfer", "quantity": {"amount": "1"}, "from_location": %q, "to_location": %q`, van, van)
	refuses("unknown_row", "to_location", `"cause": "receipt", "quantity": {"amount": "1"}, "to_location": %q`, record.ID{1})
	refuses("invalid_value", "occurred", `"cause": "receipt", "quantity": {"amount": "1"}, "to_location": %q, "occurred": "2150-01-01T00:00:00Z"`, store)
	refuses("invalid_value", "unit_cost", `"cause": "receipt", "quantity": {"amount": "1"}, "to_location": %q, "unit_cost": {"minor": 1, "currency": "eur"}`, store)

	// Corrected by a movement of its own; under the key of the warehouse another one is not the same.
	p.asks("POST", "/movements/"+receipt+"/correct", `{"quantity": {"amount": "12"}}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "note")
	p.asks("POST", "/movements/"+receipt+"/correct", `{"quantity": {"amount": "12"}, "note": "counted twice"}`).has(http.StatusOK)
	p.lies(store, "S-1 7.000 pcs")
	p.asks("POST", "/movements/"+receipt+"/correct", `{"quantity": {"amount": "13"}, "note": "again"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.WrongState))
	named := fmt.Sprintf(`{"part": %q, "cause": "receipt", "quantity": {"amount": "1"}, "to_location": %q}`, part, store)
	p.asks("PUT", "/movements/by-key/wms/GR-9", named).has(http.StatusCreated)
	p.asks("PUT", "/movements/by-key/wms/GR-9", named).has(http.StatusOK)
	p.asks("PUT", "/movements/by-key/wms/GR-9", strings.Replace(named, `"1"`, `"2"`, 1)).has(http.StatusConflict, "code", "row_exists")
	p.lies(store, "S-1 8.000 pcs")

	// Counted: what moved while somebody counted is not counted away.
	count := func(body string) *program {
		t.Helper()
		return p.asks("POST", "/locations/"+store+"/count", fmt.Sprintf(`{"part": %q, %s}`, part, body))
	}
	count(`"counted": {"amount": ""}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "counted")
	count(`"counted": {"amount": "6"}, "expected": {"amount": "7"}`).refuses(http.StatusConflict, "changed_since", "expected")
	count(`"counted": {"amount": "6"}, "expected": {"amount": "8"}, "note": "shelf 3"`).has(http.StatusOK)
	p.lies(store, "S-1 6.000 pcs")
	p.asks("POST", "/locations/"+aftersales.VirtualLocation(aftersales.LocationSupplier).String()+"/count", fmt.Sprintf(`{"part": %q, "counted": {"amount": "6"}}`, part)).has(http.StatusUnprocessableEntity)

	// The least and the most.
	level := p.makes("/stock-levels", `{"part": %q, "location": %q, "minimum": {"amount": "2"}, "maximum": {"amount": "9"}}`, part, store)
	tag := p.tag
	p.asks("POST", "/stock-levels", fmt.Sprintf(`{"part": %q, "location": %q, "minimum": {"amount": "1"}, "maximum": {"amount": "9"}}`, part, store)).has(http.StatusConflict, "code", "row_exists")
	p.asks("PATCH", "/stock-levels/"+level, `{"maximum": {"amount": "1"}}`, "If-Match", tag).refuses(http.StatusUnprocessableEntity, "bad_quantity", "maximum")
	p.asks("PATCH", "/stock-levels/"+level, `{"maximum": {"amount": "12"}}`, "If-Match", tag).has(http.StatusOK)
	p.asks("GET", "/locations?kind=central", "").has(http.StatusOK)
	if got := p.rows(); len(got) != 1 || got[0]["id"] != store {
		t.Errorf("central is %v", got)
	}
	p.asks("GET", "/movements?part="+part+"&to_location="+van, "").has(http.StatusOK)
	if got := p.rows(); len(got) != 2 {
		t.Errorf("to the van went %v", got)
	}
}

func TestAPartIsAskedForApprovedAndIssued(t *testing.T) {
	t.Parallel()
	p, _ := integrator(t)
	part, store, van := p.warehouse()
	ask := fmt.Sprintf(`{"part": %q, "quantity": {"amount": "3"}, "location": %q, "needed_on": "2026-02-01"}`, part, van)
	p.asks("POST", "/part-requests", ask).has(http.StatusCreated, "state", aftersales.PartAsked, "needed_on", "2026-02-01")
	at := "/part-requests/" + p.text("id")
	p.asks("POST", at+"/issue", fmt.Sprintf(`{"from_location": %q}`, store)).has(http.StatusUnprocessableEntity, "code", string(aftersales.WrongState))
	p.asks("POST", at+"/approve", `{"approved": {"amount": "0"}}`).refuses(http.StatusUnprocessableEntity, "bad_quantity", "approved")
	p.asks("POST", at+"/approve", `{"approved": {"amount": "2"}}`).has(http.StatusOK, "state", aftersales.PartApproved)
	p.asks("POST", at+"/issue", `{}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "from_location")
	p.asks("POST", at+"/issue", fmt.Sprintf(`{"from_location": %q}`, store)).has(http.StatusOK, "state", aftersales.PartIssued)
	p.lies(van, "S-1 2.000 pcs")
	p.lies(store, "S-1 -2.000 pcs") // for the office to settle
	p.asks("POST", "/part-requests", ask).has(http.StatusCreated)
	at = "/part-requests/" + p.text("id")
	p.asks("POST", at+"/cancel", `{}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "reason")
	p.asks("POST", at+"/cancel", `{"reason": "found one"}`).has(http.StatusOK, "state", aftersales.PartCancelled, "reason", "found one")
}

func TestAPriceAndACostFollowTheOldOnes(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	part, _, _ := p.warehouse()
	p.asks("POST", "/prices", fmt.Sprintf(`{"part": %q, "amount": {"minor": 950, "currency": "EUR"}, "valid_from": "2020-01-01"}`, part)).refuses(http.StatusUnprocessableEntity, "price_published", "valid_from")
	p.makes("/prices", `{"part": %q, "amount": {"minor": 950, "currency": "EUR"}}`, part)
	p.makes("/part-costs", `{"part": %q, "branch": %q, "unit_cost": {"minor": 250, "currency": "EUR"}}`, part, p.onlyBranch())
	clerk := p.bureau.program(boss, "Shop", "see_parts", "edit_parts")
	clerk.asks("GET", "/prices?part="+part, "").has(http.StatusOK)
	clerk.asks("GET", "/part-costs?part="+part, "").has(http.StatusForbidden)
}

// A visit told by a subcontractor's program, a slip audited, and taken back by who saw the audit.
func TestAProgramTellsAVisitAndAuditsItsSlip(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	li := p.hire("li", "Li Wei", auth.Technician)
	job := p.makes("/jobs", `{"title": "Leaks"}`)
	p.asks("POST", "/jobs/"+job+"/assign", fmt.Sprintf(`{"person": %q}`, li)).has(http.StatusOK)
	p.asks("GET", "/assignments?job="+job, "").has(http.StatusOK)
	p.as(li, func(tx aftersales.Tx) error {
		id, err := record.ParseID(job)
		if err != nil {
			return err
		}
		return aftersales.Accept(tx, aftersales.VisitInput{Job: id})
	})
	p.asks("GET", "/visits?job="+job, "").has(http.StatusOK)
	visit := "/visits/" + p.rows()[0]["id"].(string)
	p.asks("POST", visit+"/accept", ``).has(http.StatusUnprocessableEntity, "code", string(aftersales.WrongState))
	p.asks("POST", visit+"/travel", `{"at": "tomorrow"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "at")
	p.asks("POST", visit+"/travel", `{"at": "2150-01-01T00:00:00Z"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "at")
	p.asks("POST", visit+"/travel", `{"at": "2026-01-05T08:00:00Z"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.Backdated))
	out := time.Now().Add(time.Second).UTC().Format("2006-01-02T15:04:05.000Z") // a clock may be a little ahead
	p.asks("POST", visit+"/travel", fmt.Sprintf(`{"at": %q}`, out)).has(http.StatusOK, "state", aftersales.VisitTravelling, "travel_at", out)
	p.asks("POST", visit+"/arrive", ``).has(http.StatusOK, "state", aftersales.VisitOnSite)
	p.asks("POST", visit+"/pause", ``).has(http.StatusOK, "state", aftersales.VisitPaused)
	p.asks("POST", visit+"/resume", ``).has(http.StatusOK, "state", aftersales.VisitOnSite)
	p.asks("POST", visit+"/decline", `{"reason": "x"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.WrongState))
	p.asks("POST", "/charges", fmt.Sprintf(`{"job": %q, "service": "labour", "quantity": {"amount": "2"}, "occurred": "2020-01-05T08:00:00Z"}`, job)).
		has(http.StatusUnprocessableEntity, "code", string(aftersales.Backdated))
	p.asks("POST", "/charges", fmt.Sprintf(`{"job": %q, "service": "labour", "quantity": {"amount": "2"}, "unit_price": {"minor": 9000, "currency": "EUR"}}`, job)).has(http.StatusCreated, "service", "labour")
	charge := "/charges/" + p.text("id")
	p.asks("POST", charge+"/take-back", `{"reason": ""}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "reason")
	p.asks("POST", charge+"/take-back", `{"reason": "on us"}`).has(http.StatusOK)
	p.asks("POST", visit+"/complete", `{"outcome": "gone"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "outcome")
	p.asks("POST", visit+"/complete", `{"finding": "seal worn", "solution": "new seal", "summary": "<b>done</b>"}`).has(http.StatusOK, "state", aftersales.VisitCompleted)
	p.asks("POST", visit+"/no-access", `{"reason": "locked"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.WrongState))
	p.asks("GET", "/jobs/"+job, "").has(http.StatusOK, "state", aftersales.JobDone, "finding", "seal worn")
	boss.get("/jobs/"+job).sees(http.StatusOK, "<b>done</b>")

	var slip record.ID
	p.as(li, func(tx aftersales.Tx) (err error) {
		id, err := record.ParseID(job)
		if err == nil {
			slip, err = aftersales.WriteSlip(tx, aftersales.SlipInput{Job: id, Summary: "seal replaced"})
		}
		return err
	})
	at := "/slips/" + slip.String()
	p.asks("POST", at+"/audit", `{}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.WrongState))
	p.as(li, func(tx aftersales.Tx) error {
		return aftersales.SignSlip(tx, aftersales.SignInput{Slip: slip, SignedBy: "Chen"})
	})
	p.asks("GET", at, "").has(http.StatusOK, "state", aftersales.SlipSigned)
	signed := p.tag
	p.asks("POST", at+"/audit", `{"note": "all there"}`, "Idempotency-Key", "a").has(http.StatusOK, "state", aftersales.SlipAudited, "audit_note", "all there")
	p.asks("POST", at+"/audit", `{"note": "all there"}`, "Idempotency-Key", "a").has(http.StatusOK)
	p.asks("POST", at+"/unaudit", `{"reason": "wrong hours"}`).has(http.StatusPreconditionRequired)
	p.asks("POST", at+"/unaudit", `{"reason": "wrong hours"}`, "If-Match", signed).has(http.StatusConflict, "code", string(aftersales.NotSeen))
	p.asks("GET", at, "").asks("POST", at+"/unaudit", `{"reason": "wrong hours"}`, "If-Match", p.tag).has(http.StatusOK, "state", aftersales.SlipSigned)
}

// sendsFile sends a file, and answers with the status and what the hub says of it.
func (p *program) sendsFile(path string, content []byte) *program {
	p.t.Helper()
	return p.asks("POST", path, string(content), "Content-Type", "application/octet-stream")
}

// fetches returns the file at the path.
func (p *program) fetches(path string) (*http.Response, []byte) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), "GET", p.url+api.Prefix+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer, b
}

func TestAProgramBringsFiles(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	pdf := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("1 0 obj <</Type /Catalog>> endobj\n"), 50_000)...) // larger than any other body may be
	p.sendsFile("/documents/files", []byte("<html><script>alert(1)</script></html>")).has(http.StatusUnsupportedMediaType, "code", "wrong_kind")
	p.sendsFile("/documents/files", nil).has(http.StatusBadRequest, "code", "malformed")
	p.sendsFile("/documents/files?kind=photo", pdf).refuses(http.StatusBadRequest, "bad_request", "kind")
	p.sendsFile("/attachments/files", pdf).refuses(http.StatusBadRequest, "bad_request", "kind")
	p.sendsFile("/attachments/files?kind=photo", pdf).has(http.StatusUnsupportedMediaType)
	p.sendsFile("/documents/files", pdf).has(http.StatusCreated, "media_type", "application/pdf", "size", float64(len(pdf)))
	sum := p.text("sha256")

	// A document names it; what it says of it the hub knows better.
	p.asks("POST", "/documents", fmt.Sprintf(`{"kind": "manual", "title": {"en": "KX"}, "sha256": %q, "size": 3}`, sum)).refuses(http.StatusUnprocessableEntity, "unknown_field", "size")
	p.asks("POST", "/documents", fmt.Sprintf(`{"kind": "novel", "title": {"en": "KX"}, "sha256": %q}`, sum)).refuses(http.StatusUnprocessableEntity, "invalid_value", "kind")
	p.asks("POST", "/documents", fmt.Sprintf(`{"kind": "manual", "sha256": %q}`, sum)).refuses(http.StatusUnprocessableEntity, "invalid_value", "title")
	p.asks("POST", "/documents", `{"kind": "manual", "title": {"en": "KX"}, "sha256": "zz"}`).refuses(http.StatusNotFound, "unknown_file", "sha256")
	manual := p.makes("/documents", `{"kind": "manual", "title": {"en": "KX <b>manual", "zh-Hans": "手册"}, "sha256": %q, "name": "<b>KX.pdf"}`, sum)
	p.has(http.StatusCreated, "size", float64(len(pdf)), "media_type", "application/pdf")
	answer, got := p.fetches("/documents/" + manual + "/file")
	if answer.StatusCode != http.StatusOK || !bytes.Equal(got, pdf) || !strings.HasPrefix(answer.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the manual came back as %d %v, %d bytes", answer.StatusCode, answer.Header, len(got))
	}
	boss.get("/documents/"+manual).sees(http.StatusOK, "KX <b>manual", "<b>KX.pdf")

	// A newer edition takes its place; nothing is deleted.
	p.makes("/documents", `{"kind": "manual", "title": {"en": "KX"}, "text": "see page 2", "replaces": %q}`, manual)
	p.asks("GET", "/documents/"+manual, "").has(http.StatusOK, "archived_reason", "a newer edition")
	p.asks("POST", "/documents/"+manual+"/unarchive", `{}`, "If-Match", p.tag).has(http.StatusOK, "archived_reason", nil)
	p.asks("POST", "/documents/"+manual+"/archive", `{"reason": "old"}`).has(http.StatusOK, "archived_reason", "old")

	// A photo to a job; to what is not shown with files, none.
	job := p.makes("/jobs", `{"title": "Leaks"}`)
	p.sendsFile("/attachments/files?kind=photo", photoOf(t, 7, 64)).has(http.StatusCreated, "media_type", "image/jpeg")
	photo := p.text("sha256")
	p.asks("POST", "/attachments", fmt.Sprintf(`{"about": {"table": "location", "id": %q}, "kind": "photo", "sha256": %q}`, aftersales.VirtualLocation(aftersales.LocationScrap), photo)).refuses(http.StatusUnprocessableEntity, "invalid_value", "about")
	p.asks("POST", "/attachments", fmt.Sprintf(`{"about": {"table": "nothing", "id": %q}, "kind": "photo", "sha256": %q}`, job, photo)).refuses(http.StatusUnprocessableEntity, "invalid_value", "about")
	p.asks("POST", "/attachments", fmt.Sprintf(`{"about": {"table": "job", "id": %q}, "kind": "voice", "sha256": %q}`, job, photo)).refuses(http.StatusUnsupportedMediaType, "wrong_kind", "sha256")
	attached := p.makes("/attachments", `{"about": {"table": "job", "id": %q}, "kind": "photo", "sha256": %q, "caption": "the <i>leak"}`, job, photo)
	p.asks("GET", "/attachments?about="+job, "").has(http.StatusOK)
	if got := p.rows(); len(got) != 1 || got[0]["id"] != attached {
		t.Errorf("the job has %v", got)
	}
	if answer, _ := p.fetches("/attachments/" + attached + "/thumbnail"); answer.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the thumbnail is %v", answer.Header)
	}
	boss.get("/jobs/"+job).sees(http.StatusOK, "the <i>leak")

	// Who has not shown to have a file cannot name it, though it is here: or its name alone would open it.
	p.hire("eve", "Eve", auth.Administrator)
	eve := p.bureau.program(p.browser("eve"), "Eve's", everything()...)
	eve.asks("POST", "/documents", fmt.Sprintf(`{"kind": "manual", "title": {"en": "mine"}, "sha256": %q}`, sum)).refuses(http.StatusNotFound, "unknown_file", "sha256")
	reader := p.bureau.program(boss, "Reader", "see_customers")
	if answer, got := reader.fetches("/documents/" + manual + "/file"); answer.StatusCode != http.StatusForbidden || bytes.Contains(got, []byte("%PDF")) {
		t.Errorf("a stranger is answered %d", answer.StatusCode)
	}
}

func TestAProgramWarnsOfCustomersJoinsAndArchivesThem(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	one, two := p.makes("/customers", `{"name": "Nordwind"}`), p.makes("/customers", `{"name": "Nordwind Ltd"}`)
	at, shown := "/customers/"+two, p.tag
	p.asks("POST", at+"/blacklist", `{"reason": "pays late"}`).has(http.StatusPreconditionRequired)
	p.asks("POST", at+"/blacklist", `{"reason": " "}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "missing_reason", "reason")
	p.asks("POST", at+"/blacklist", `{"reason": "pays <b>late"}`, "If-Match", shown).has(http.StatusOK, "blacklisted", float64(1))
	boss.get(at).sees(http.StatusOK, "pays <b>late")
	p.asks("POST", at+"/unblacklist", `{"reason": "paid"}`, "If-Match", shown).has(http.StatusConflict, "code", string(aftersales.NotSeen))
	p.asks("GET", at, "").asks("POST", at+"/unblacklist", `{"reason": "paid"}`, "If-Match", p.tag).has(http.StatusOK, "blacklisted", float64(0))

	p.asks("POST", at+"/join", fmt.Sprintf(`{"same_as": %q}`, two)).refuses(http.StatusUnprocessableEntity, "merge_self", "same_as")
	p.asks("POST", at+"/join", fmt.Sprintf(`{"same_as": %q}`, record.ID{1})).refuses(http.StatusUnprocessableEntity, "unknown_row", "same_as")
	p.asks("POST", at+"/join", fmt.Sprintf(`{"same_as": %q}`, one)).has(http.StatusOK, "merged_into", one)
	p.asks("POST", at+"/part", ``, "If-Match", p.tag).has(http.StatusOK, "merged_into", nil)
	p.asks("POST", at+"/archive", `{}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "reason")
	p.asks("POST", at+"/archive", `{"reason": "moved away"}`).has(http.StatusOK, "archived_reason", "moved away")
	p.asks("POST", at+"/archive", `{"reason": "moved away"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.AlreadyArchived))
	p.asks("POST", at+"/unarchive", ``, "If-Match", p.tag).has(http.StatusPreconditionRequired) // a refusal has no tag
	p.asks("GET", at, "").asks("POST", at+"/unarchive", ``, "If-Match", p.tag).has(http.StatusOK, "archived_at", nil)
	p.asks("PATCH", at, `{"email": "none"}`, "If-Match", p.tag).refuses(http.StatusUnprocessableEntity, "bad_mail", "email")
	p.asks("GET", at, "").asks("PATCH", at, `{"customer_group": "free text"}`, "If-Match", p.tag).has(http.StatusUnprocessableEntity, "code", string(aftersales.UnknownCode))
	p.asks("POST", "/customers", "{\"name\": \"bad \xff utf\"}").has(http.StatusBadRequest)
	p.asks("POST", "/customers", `{"name": "a\u0000b"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "name")
	p.asks("POST", "/customers", `{"name": "x", "fields": {"size": 1.5}}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "fields")
	p.asks("POST", "/customers", `null`).has(http.StatusBadRequest)
}

func TestAProgramKeepsWhatTheCompanyKnows(t *testing.T) {
	t.Parallel()
	p, _ := integrator(t)
	p.asks("POST", "/solutions", `{"title": "Noise"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "solution")
	solution := "/solutions/" + p.makes("/solutions", `{"title": "噪音", "solution": "grease <b>it"}`)
	p.has(http.StatusCreated, "state", aftersales.SolutionApproved)
	tag := p.tag
	p.asks("PATCH", solution, `{"state": "retired"}`, "If-Match", tag).refuses(http.StatusUnprocessableEntity, "unknown_field", "state")
	p.asks("PATCH", solution, `{"symptom": "at night"}`, "If-Match", tag).has(http.StatusOK, "symptom", "at night")
	p.asks("POST", solution+"/retire", ``, "If-Match", tag).has(http.StatusConflict)
	p.asks("GET", solution, "").asks("POST", solution+"/retire", ``, "If-Match", p.tag).has(http.StatusOK, "state", aftersales.SolutionRetired, "symptom", "at night")
	p.asks("POST", solution+"/approve", ``, "If-Match", p.tag).has(http.StatusOK, "state", aftersales.SolutionApproved)

	code := "/codes/" + p.makes("/codes", `{"list": "region", "code": "island", "label": {"en": "Island"}}`)
	tag = p.tag
	p.asks("POST", "/codes", `{"list": "region", "code": "island"}`).refuses(http.StatusConflict, "row_exists", "code")
	p.asks("POST", "/codes", `{"list": "nonsense", "code": "island"}`).refuses(http.StatusUnprocessableEntity, "unknown_code", "list")
	p.asks("POST", code+"/label", `{"label": {"zh-Hans": "岛"}, "rank": 3}`, "If-Match", tag).has(http.StatusOK, "rank", float64(3))
	p.asks("POST", code+"/retire", ``, "If-Match", p.tag).has(http.StatusOK)
	if p.got["retired_at"] == nil {
		t.Error("it is not retired")
	}

	model := p.makes("/models", `{"code": "KX-90"}`)
	component := "/components/" + p.makes("/components", `{"product": %q, "code": "pump", "warranty_months": 24}`, model)
	tag = p.tag
	p.asks("POST", "/components", fmt.Sprintf(`{"product": %q, "code": "pump", "warranty_months": 12}`, model)).refuses(http.StatusConflict, "row_exists", "code")
	p.asks("POST", component+"/retire", ``, "If-Match", tag).has(http.StatusOK)
	p.makes("/components", `{"product": %q, "code": "pump", "warranty_months": 12}`, model)

	machine := p.makes("/machines", `{"name": "KX-90 No. 1"}`)
	p.makes("/meter-readings", `{"unit": %q, "reading": 120}`, machine)
	p.asks("POST", "/meter-readings", fmt.Sprintf(`{"unit": %q, "reading": 100}`, machine)).refuses(http.StatusUnprocessableEntity, "meter_backwards", "reading")
	p.asks("GET", "/machines/"+machine, "").has(http.StatusOK, "meter", float64(120))
}

func TestAProgramKeepsPeopleGroupsAndBranches(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	li := p.hire("li", "Li Wei", auth.Technician)
	at := "/people/" + li.String()
	p.asks("GET", at, "").has(http.StatusOK, "name", "Li Wei", "technician", float64(1))
	tag := p.tag
	p.asks("PATCH", at, `{"technician": 0}`, "If-Match", tag).refuses(http.StatusUnprocessableEntity, "unknown_field", "technician")
	p.asks("PATCH", at, `{"phone": "+49 431 555 0102", "extension": "12"}`, "If-Match", tag).has(http.StatusOK, "phone", "+494315550102", "extension", "12")
	p.asks("PATCH", at, `{"phone": "none"}`, "If-Match", p.tag).refuses(http.StatusUnprocessableEntity, "bad_phone", "phone")
	boss.get("/people").sees(http.StatusOK, "Li Wei")

	// Hired, kept out and let in again; nobody gets what the token does not include.
	p.asks("POST", "/people", `{"login": "mei", "name": "Mei <b>Chen"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "roles")
	p.asks("POST", "/people", `{"login": "mei", "name": "Mei", "roles": ["king"]}`).refuses(http.StatusUnprocessableEntity, "unknown_role", "roles")
	p.asks("POST", "/people", `{"login": "mei", "name": "Mei", "roles": ["manager@north"]}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "roles")
	p.asks("POST", "/people", fmt.Sprintf(`{"login": "mei", "name": "Mei", "roles": ["manager@%s"]}`, record.ID{1})).refuses(http.StatusUnprocessableEntity, "unknown_row", "roles")
	p.asks("POST", "/people", fmt.Sprintf(`{"login": "mei", "name": "Mei <b>Chen", "roles": ["technician", "parts_clerk@%s"]}`, p.onlyBranch())).has(http.StatusCreated, "name", "Mei <b>Chen", "technician", float64(1))
	mei := "/people/" + p.text("id")
	p.asks("POST", "/people", `{"login": "mei", "name": "Mei", "roles": ["technician"]}`).refuses(http.StatusConflict, "login_taken", "login")
	clerk := p.bureau.program(boss, "HR", "manage_people", "see_people")
	clerk.asks("POST", "/people", `{"login": "zoe", "name": "Zoe", "roles": ["manager"]}`).refuses(http.StatusForbidden, "beyond_own_rights", "roles")
	clerk.asks("POST", mei+"/deactivate", ``).has(http.StatusForbidden, "code", "beyond_own_rights")
	boss.get("/people").sees(http.StatusOK, "Mei <b>Chen", "parts clerk")
	p.asks("POST", mei+"/deactivate", ``).has(http.StatusOK)
	boss.get("/people").sees(http.StatusOK, "chip deactivated")
	p.asks("POST", mei+"/activate", ``).has(http.StatusOK)
	p.asks("GET", "/people?nonsense=1", "").has(http.StatusUnprocessableEntity)
	p.makes("/codes", `{"list": "skill", "code": "f-gas"}`)
	skill := "/skills/" + p.makes("/skills", `{"person": %q, "code": "f-gas", "level": 3}`, li)
	tag = p.tag
	p.asks("POST", "/skills", fmt.Sprintf(`{"person": %q, "code": "f-gas", "level": 4}`, li)).refuses(http.StatusConflict, "row_exists", "code")
	p.asks("POST", skill+"/level", `{"level": 9}`, "If-Match", tag).refuses(http.StatusUnprocessableEntity, "bad_skill", "level")
	p.asks("POST", skill+"/level", `{"level": 4}`, "If-Match", tag).has(http.StatusOK, "level", float64(4))
	p.asks("POST", "/absences", fmt.Sprintf(`{"person": %q, "starts_at": "2026-03-01T00:00:00Z", "ends_at": "2026-02-01T00:00:00Z"}`, li)).refuses(http.StatusUnprocessableEntity, "bad_window", "ends_at")
	absence := p.makes("/absences", `{"person": %q, "starts_at": "2026-03-01T00:00:00Z", "ends_at": "2026-03-08T00:00:00Z"}`, li)
	p.asks("POST", "/absences/"+absence+"/archive", `{"reason": "he stays"}`).has(http.StatusOK, "archived_reason", "he stays")

	resource := "/resources/" + p.makes("/resources", `{"person": %q, "hours": {"week": {"mon": ["08:00-12:00"]}}}`, li)
	tag = p.tag
	p.asks("GET", resource, "").has(http.StatusOK, "person", li.String())
	if got := fmt.Sprint(p.got["hours"]); got != "map[week:map[mon:[08:00-12:00]]]" {
		t.Errorf("he works %s", got)
	}
	p.asks("POST", "/resources", fmt.Sprintf(`{"person": %q}`, li)).refuses(http.StatusConflict, "row_exists", "person")
	p.asks("PATCH", resource, `{"hours": {"week": {"mon": ["late"]}}}`, "If-Match", tag).refuses(http.StatusUnprocessableEntity, "bad_hours", "hours")
	p.asks("PATCH", resource, `{"quiet": "late"}`, "If-Match", tag).refuses(http.StatusUnprocessableEntity, "bad_hours", "quiet")
	p.asks("PATCH", resource, `{"latitude": "31.2304"}`, "If-Match", tag).refuses(http.StatusUnprocessableEntity, "bad_position", "longitude")
	p.asks("PATCH", resource, `{"latitude": "91", "longitude": "0"}`, "If-Match", tag).refuses(http.StatusUnprocessableEntity, "bad_position", "latitude")
	p.asks("PATCH", resource, `{"hours": null, "quiet": "21:00-06:00", "latitude": "31.2304", "longitude": "121.4737"}`, "If-Match", tag).has(http.StatusOK, "hours", nil, "quiet", "21:00-06:00", "latitude", "31.2304000")
	p.asks("PATCH", resource, `{"latitude": null, "longitude": null}`, "If-Match", p.tag).has(http.StatusOK, "latitude", nil, "quiet", "21:00-06:00")

	group := "/groups/" + p.makes("/groups", `{"name": "Cranes"}`)
	p.asks("POST", group+"/join", fmt.Sprintf(`{"person": %q}`, li)).has(http.StatusOK)
	p.asks("GET", "/memberships?person="+li.String(), "").has(http.StatusOK)
	if got := p.rows(); len(got) != 1 {
		t.Errorf("he is in %v", got)
	}
	p.asks("POST", group+"/leave", fmt.Sprintf(`{"person": %q}`, li)).has(http.StatusOK)
	p.asks("POST", group+"/leave", fmt.Sprintf(`{"person": %q}`, li)).has(http.StatusUnprocessableEntity, "code", "unknown_row")

	branch := "/branches/" + p.makes("/branches", `{"code": "S", "name": "South"}`)
	p.asks("PATCH", branch, `{"address": "Harbour 1"}`, "If-Match", p.tag).has(http.StatusOK, "address", "Harbour 1")
	p.asks("POST", branch+"/archive", `{"reason": "closed"}`).has(http.StatusOK)
}

// A telephone system writes its calls down, and what waits rests.
func TestATelephoneSystemWritesCallsDown(t *testing.T) {
	t.Parallel()
	p, _ := integrator(t)
	p.asks("POST", "/calls", `{"direction": "in"}`).refuses(http.StatusUnprocessableEntity, "bad_call", "phone")
	p.asks("PUT", "/calls/by-key/pbx/991", `{"direction": "in", "phone": "+49 431 555 0102", "caller": "Chen <b>", "duration": 95, "occurred": "2026-01-05T08:00:00Z"}`).has(http.StatusCreated, "phone", "+494315550102", "duration", float64(95))
	p.asks("PUT", "/calls/by-key/pbx/991", `{"direction": "in", "phone": "+49 431 555 0102", "caller": "Chen <b>", "duration": 95, "occurred": "2026-01-05T08:00:00Z"}`).has(http.StatusOK)
	p.asks("GET", "/calls", "").has(http.StatusOK)
	if got := p.rows(); len(got) != 1 {
		t.Fatalf("%d calls", len(got))
	}
	private := fmt.Sprintf("/calls/%s/take-back", p.rows()[0]["id"])
	p.asks("POST", private, `{"reason": ""}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "reason")
	p.asks("POST", private, `{"reason": "a private call"}`).has(http.StatusOK)

	p.asks("POST", "/requests", `{"title": "noise", "received_at": "2150-01-01T00:00:00Z"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "received_at")
	at := "/requests/" + p.makes("/requests", `{"title": "noise"}`)
	p.asks("POST", at+"/respond", `{"at": "2020-01-01T00:00:00Z"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.Backdated))
	p.asks("POST", at+"/wait", `{"edge": "start", "reason": "parts", "at": "2020-01-01T00:00:00Z"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.Backdated))
	p.asks("POST", at+"/respond", ``).has(http.StatusOK)
	if p.got["first_response_at"] == nil {
		t.Error("nobody responded")
	}
	p.makes("/codes", `{"list": "wait", "code": "parts-abroad"}`)
	p.asks("POST", at+"/wait", `{"edge": "begin", "reason": "parts-abroad"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "edge")
	p.asks("POST", at+"/wait", `{"edge": "start", "reason": "parts-abroad"}`).has(http.StatusOK)
	p.asks("POST", at+"/wait", `{"edge": "start", "reason": "parts-abroad"}`).has(http.StatusUnprocessableEntity)
	p.asks("POST", at+"/wait", `{"edge": "stop", "reason": "parts"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.ClockStopped))
	p.asks("POST", at+"/wait", `{"edge": "stop", "reason": "plan", "note": "a new pump"}`).has(http.StatusOK)
	p.asks("POST", at+"/wait", `{"edge": "stop", "reason": "plan"}`).has(http.StatusUnprocessableEntity, "code", string(aftersales.ClockStopped))
}

// What a customer of a portal has, and nobody knew of, is registered with his request; what is promised goes by what it says.
func TestAProgramRegistersWhatACustomerCallsAbout(t *testing.T) {
	t.Parallel()
	p, _ := integrator(t)
	customer, model := p.makes("/customers", `{"name": "Südwind"}`), p.makes("/models", `{"code": "KX-90", "name": {"en": "Crane"}}`)
	p.asks("POST", "/requests", fmt.Sprintf(`{"party": %q, "product": %q, "serial": "SN-77", "title": "noise", "service_class": "Z"}`, customer, model)).
		refuses(http.StatusUnprocessableEntity, "invalid_value", "service_class")
	p.asks("POST", "/requests", fmt.Sprintf(`{"party": %q, "product": %q, "serial": "SN-77", "title": "noise", "type": "maintenance", "service_class": "D", "priority": 2,
		"fault_code": "nowhere"}`, customer, model)).has(http.StatusUnprocessableEntity, "code", string(aftersales.UnknownCode))
	p.asks("POST", "/requests", fmt.Sprintf(`{"party": %q, "product": %q, "serial": "SN-77", "title": "noise", "type": "maintenance", "service_class": "D", "priority": 2}`,
		customer, model)).has(http.StatusCreated, "serial", "SN-77", "type", "maintenance", "service_class", "D", "priority", float64(2))
	p.asks("GET", "/machines/"+p.text("unit"), "").has(http.StatusOK, "serial", "SN-77", "product", model, "party", customer)
}

// Nobody is called as somebody else is: neither by a program, nor by a page; what says its own number again is no other.
func TestAProgramCallsNothingAsSomethingElseIsCalled(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	for _, c := range []struct{ path, column, body string }{
		{"/customers", "number", `{"name": "Südwind", "number": %q}`}, {"/jobs", "number", `{"title": "noise", "number": %q}`},
		{"/requests", "number", `{"title": "noise", "number": %q}`}, {"/machines", "number", `{"serial": "7", "number": %q}`},
		{"/parts", "code", `{"code": %q, "unit": "pcs"}`}, {"/models", "code", `{"code": %q}`},
		{"/locations", "code", `{"name": "Store", "kind": "central", "code": %q}`},
	} {
		body := fmt.Sprintf(c.body, "N-7")
		p.asks("PUT", c.path+"/by-key/erp/7", body).has(http.StatusCreated, c.column, "N-7")
		p.asks("PUT", c.path+"/by-key/erp/7", body).has(http.StatusOK)
		p.asks("POST", c.path, body).has(http.StatusConflict, "code", string(fault.Exists))
		p.asks("POST", c.path, fmt.Sprintf(c.body, "N-8"), "Idempotency-Key", c.path).has(http.StatusCreated)
		p.asks("POST", c.path, fmt.Sprintf(c.body, "N-8"), "Idempotency-Key", c.path).has(http.StatusCreated)
	}
	part := "/parts/" + p.makes("/parts", `{"code": "N-9", "unit": "pcs"}`)
	p.asks("GET", part, "").asks("PATCH", part, `{"code": "N-7"}`, "If-Match", p.tag).has(http.StatusConflict, "code", string(fault.Exists))
	p.asks("GET", part, "").asks("PATCH", part, `{"code": "N-9", "name": {"en": "Seal"}}`, "If-Match", p.tag).has(http.StatusOK)
	boss.post("/parts", "code", "N-7", "name.en", "Seal", "unit", "pcs").sees(http.StatusUnprocessableEntity, "nother one is called N-7 already")
}

// Who may write and not see is told the id, and no more.
func TestAWriterWhoMayNotSeeIsToldTheID(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	blind := p.bureau.program(boss, "Form on the web", "edit_customers")
	blind.asks("POST", "/customers", `{"name": "Nordwind", "phone": "+49 431 555 0102"}`).has(http.StatusCreated)
	if len(blind.got) != 1 || blind.got["id"] == nil || blind.tag != "" {
		t.Errorf("it is shown %v", blind.got)
	}
}

// A program is as limited to branches as who made its token: of another branch it reads nothing, writes nothing, and refers to
// nothing.
func TestAProgramOfABranchReachesNothingOfAnother(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	li := b.hire("li", "Li Wei", auth.Technician)
	home, _ := b.abroad("Hamburg")
	_, theirs := b.abroad(elsewhere)
	boss.post("/roles", "name", "tokens", "like", "technician").sees(http.StatusOK)
	role := boss.find(`name="role" value="([^"]*tokens[^"]*)"`)
	boss.post("/roles/change", "role", role, "may", "manage_tokens").sees(http.StatusOK)
	if _, err := b.srv.People().SetRoles(t.Context(), li, []auth.Role{auth.Role(role)}, auth.Post{Role: auth.Administrator, Branch: home}); err != nil {
		t.Fatal(err)
	}
	v, may := b.browser("li"), everything(auth.EditProducts, auth.EditParts, auth.EditChecklists, auth.EditKnowledge, auth.EditPolicies, auth.EditSettings,
		auth.EraseCustomers, auth.ManagePeople, auth.ManageRoles, auth.ManageWebhooks, auth.SeeAudit) // what is worth something in every branch only
	before, asked := b.state(theirs), 0
	var p *program
	for _, rt := range api.Routes() {
		if strings.HasSuffix(rt.Path, "/file") || strings.HasSuffix(rt.Path, "/thumbnail") || rt.Path == "/calls/ring" || rt.Need == auth.SignedIn { // who makes tokens everywhere knows what branches there are
			continue
		}
		for _, id := range theirs {
			if asked%400 == 0 { // a program may ask so often, and no more
				p = b.program(v, fmt.Sprint("WMS ", asked), may...)
			}
			asked++
			path := strings.NewReplacer("{id}", id.String(), "{system}", "s", "{key}", "k", "{name}", "n").Replace(rt.Path)
			p.asks(rt.Method, path, "{}", "If-Match", `"AA"`)
			if s := fmt.Sprint(p.got); strings.Contains(s, elsewhere) || strings.Contains(rt.Path, "{id}") && p.status < 400 {
				t.Errorf("%s %s answers %d %s", rt.Method, path, p.status, s)
			}
			if !strings.Contains(rt.Path, "{id}") {
				break
			}
		}
	}
	p = b.program(v, "WMS", may...)
	party, store := theirs[1], theirs[9]
	p.asks("POST", "/contacts", fmt.Sprintf(`{"party": %q, "name": "x"}`, party)).refuses(http.StatusUnprocessableEntity, "unknown_row", "party")
	part := b.program(boss, "ERP", everything()...).makes("/parts", `{"code": "S-1"}`)
	p.asks("POST", "/movements", fmt.Sprintf(`{"cause": "receipt", "part": %q, "quantity": {"amount": "1"}, "to_location": %q}`, part, store)).refuses(http.StatusUnprocessableEntity, "unknown_row", "to_location")
	if after := b.state(theirs); after != before {
		t.Errorf("rows of another branch were written:\n%s\n%s", before, after)
	}
}
