package systemtest

import (
	"fmt"
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/record"
)

// What a program does with what the company adds to the program: fields and states of its own, and its phones.

func TestAProgramDefinesFields(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	const frame = `{"table_name": "party", "field": "frame", "label": {"en": "Frame <b>no.", "zh-Hans": "车架号"}, "required_on": "create"}`
	p.asks("POST", "/fields", `{"field": "frame"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "table_name")
	p.asks("POST", "/fields", `{"table_name": "movement", "field": "frame"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "table_name")
	p.asks("POST", "/fields", `{"table_name": "party", "field": "a.b"}`).refuses(http.StatusUnprocessableEntity, "bad_field", "field")
	p.asks("POST", "/fields", `{"table_name": "party", "field": "hue", "kind": "choice"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "list")
	p.asks("POST", "/fields", `{"table_name": "party", "field": "hours", "kind": "integer", "minimum": 9, "maximum": 1}`).has(http.StatusUnprocessableEntity, "code", "bad_field")
	p.asks("POST", "/codes", `{"list": "hue", "code": "red"}`).refuses(http.StatusUnprocessableEntity, "unknown_code", "list")
	p.asks("POST", "/fields", frame, "Idempotency-Key", "f-1").has(http.StatusCreated, "field", "frame", "required_on", "create")
	id, shown := p.text("id"), p.tag
	p.asks("POST", "/fields", frame, "Idempotency-Key", "f-1").has(http.StatusCreated, "id", id)
	p.asks("POST", "/fields", frame).refuses(http.StatusConflict, "row_exists", "field")
	p.asks("GET", "/field-sets", "").has(http.StatusOK)
	set := p.rows()[0]
	p.asks("GET", "/fields?field_set="+set["id"].(string), "").has(http.StatusOK)
	if set["table_name"] != "party" || len(p.rows()) != 1 {
		t.Errorf("%v gathers %v", set, p.rows())
	}
	boss.get("/customers/new").sees(http.StatusOK, "Frame <b>no.")

	// A rule holds for programs as well, and counts all that the body says.
	p.asks("POST", "/customers", `{"name": "Nordwind"}`).has(http.StatusUnprocessableEntity, "code", "missing_field")
	p.asks("POST", "/customers", `{"name": "Nordwind", "fields": {"colour": "red"}}`).has(http.StatusUnprocessableEntity)
	p.asks("POST", "/customers", `{"name": "Nordwind", "fields": {"frame": 7}}`).refuses(http.StatusUnprocessableEntity, "bad_field", "fields")
	p.makes("/fields", `{"table_name": "party", "field": "phone", "builtin": 1, "required_on": "create"}`)
	p.asks("POST", "/customers", `{"name": "Nordwind", "fields": {"frame": "F-7"}}`).has(http.StatusUnprocessableEntity, "code", "missing_field")
	p.makes("/customers", `{"name": "Nordwind", "phone": "+49 431 5550102", "fields": {"frame": "F-7"}}`)
	p.makes("/fields", `{"table_name": "unit", "field": "oil", "required_on": "create"}`)
	p.asks("POST", "/machines", `{"name": "KX-90"}`).has(http.StatusUnprocessableEntity, "code", "missing_field")
	p.makes("/machines", `{"name": "KX-90", "fields": {"oil": "5W"}}`)
	for path, table := range map[string]string{"/jobs": "job", "/requests": "request"} {
		p.makes("/fields", `{"table_name": %q, "field": "po", "required_on": "create"}`, table)
		p.asks("POST", path, `{"title": "Boiler cold"}`).has(http.StatusUnprocessableEntity, "code", "missing_field")
		p.makes(path, `{"title": "Boiler cold", "fields": {"po": "4711"}}`)
	}

	// A choice begins its list, which programs fill.
	p.makes("/fields", `{"table_name": "party", "field": "hue", "kind": "choice", "list": "hue", "label": {"en": "Hue"}}`)
	p.makes("/codes", `{"list": "hue", "code": "red", "label": {"en": "Crimson"}}`)
	boss.get("/customers/new").sees(http.StatusOK, "Crimson")
	p.asks("POST", "/customers", `{"name": "Sea", "phone": "+49 431 5550103", "fields": {"frame": "F-8", "hue": "blue"}}`).has(http.StatusUnprocessableEntity, "code", "unknown_code")

	at := "/fields/" + id
	p.asks("PATCH", at, `{"required_on": "never"}`).has(http.StatusPreconditionRequired)
	p.asks("PATCH", at, `{"kind": "date"}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "unknown_field", "kind")
	p.asks("PATCH", at, `{"required_on": "always"}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "invalid_value", "required_on")
	p.asks("PATCH", at, `{"minimum": 5}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "bad_field", "minimum")
	p.asks("PATCH", at, `{"required_on": "never", "label": {"en": "Chassis"}}`, "If-Match", shown).has(http.StatusOK, "required_on", "never")
	if label := fmt.Sprint(p.got["label"]); label != "map[en:Chassis zh-Hans:车架号]" {
		t.Errorf("it is called %s", label)
	}
	p.asks("POST", at+"/retire", "").has(http.StatusPreconditionRequired)
	p.asks("POST", at+"/retire", "", "If-Match", shown).has(http.StatusConflict, "code", "changed_since")
	p.asks("GET", at, "").asks("POST", at+"/retire", "", "If-Match", p.tag).has(http.StatusOK)
	boss.get("/customers/new").lacks("Chassis")
	for _, field := range []string{"a", "b", "c", "d"} {
		p.makes("/fields", `{"table_name": "party", "field": %q}`, field)
	}
	p.asks("POST", "/fields", `{"table_name": "party", "field": "e"}`).refuses(http.StatusUnprocessableEntity, "too_many_fields", "field")
	p.asks("GET", at, "").asks("POST", at+"/reuse", "", "If-Match", p.tag).has(http.StatusUnprocessableEntity, "code", "too_many_fields")
	hue := p.ids("SELECT id FROM field_def WHERE field = 'hue'")[0].String()
	p.asks("GET", "/fields/"+hue, "").asks("POST", "/fields/"+hue+"/retire", "", "If-Match", p.tag).has(http.StatusOK)
	p.asks("GET", at, "").asks("POST", at+"/reuse", "", "If-Match", p.tag).has(http.StatusOK, "retired_at", nil)
	p.asks("PUT", "/fields/by-key/erp/P1", `{"table_name": "product", "field": "frame"}`).has(http.StatusUnprocessableEntity)
}

func TestAProgramMakesSubstates(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	const crane = `{"table_name": "job", "state": "new", "code": "crane", "label": {"en": "Waits for a crane"}}`
	p.asks("POST", "/substates", `{"table_name": "job", "code": "crane"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "state")
	p.asks("POST", "/substates", `{"table_name": "job", "state": "nowhere", "code": "crane"}`).refuses(http.StatusUnprocessableEntity, "unknown_code", "state")
	p.asks("POST", "/substates", crane, "Idempotency-Key", "s-1").has(http.StatusCreated, "state", "new")
	id, shown := p.text("id"), p.tag
	p.asks("POST", "/substates", crane, "Idempotency-Key", "s-1").has(http.StatusCreated, "id", id)
	p.asks("POST", "/substates", crane).refuses(http.StatusConflict, "row_exists", "code")
	p.asks("GET", "/substates?table_name=job", "").has(http.StatusOK)
	if len(p.rows()) != 1 {
		t.Errorf("there are %v", p.rows())
	}
	at := "/substates/" + id
	p.asks("PATCH", at, `{"label": {"en": "No crane yet"}}`).has(http.StatusPreconditionRequired)
	p.asks("PATCH", at, `{"state": "planned"}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "unknown_field", "state")
	p.asks("PATCH", at, `{"label": {"en": "No crane yet"}, "rank": 2}`, "If-Match", shown).has(http.StatusOK, "rank", float64(2))
	job := "/jobs/" + p.makes("/jobs", `{"title": "Roof unit"}`)
	p.asks("POST", job+"/substate", `{"substate": "crane"}`, "If-Match", p.tag).has(http.StatusOK, "substate", "crane")
	boss.get(job).sees(http.StatusOK, "No crane yet")

	p.asks("POST", at+"/retire", "", "If-Match", shown).has(http.StatusConflict, "code", "changed_since")
	p.asks("GET", at, "").asks("POST", at+"/retire", "", "If-Match", p.tag).has(http.StatusOK)
	other := "/jobs/" + p.makes("/jobs", `{"title": "Wall unit"}`)
	p.asks("POST", other+"/substate", `{"substate": "crane"}`, "If-Match", p.tag).has(http.StatusUnprocessableEntity, "code", "unknown_code")
	p.asks("GET", at, "").asks("POST", at+"/reuse", "", "If-Match", p.tag).has(http.StatusOK, "retired_at", nil)
	p.asks("GET", other, "").asks("POST", other+"/substate", `{"substate": "crane"}`, "If-Match", p.tag).has(http.StatusOK, "substate", "crane")

	p.makes("/substates", `{"table_name": "request", "state": "new", "code": "quote"}`)
	request := "/requests/" + p.makes("/requests", `{"title": "Boiler cold"}`)
	p.asks("POST", request+"/substate", `{"substate": "quote"}`).has(http.StatusPreconditionRequired)
	p.asks("GET", request, "").asks("POST", request+"/substate", `{"substate": "quote"}`, "If-Match", p.tag).has(http.StatusOK, "substate", "quote")
}

func TestAProgramLooksAfterPhones(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	wang := p.hire("wang", "Wang", auth.Technician)
	gone := p.hire("gone", "Zhou", auth.Technician)
	p.asks("POST", "/people/"+gone.String()+"/deactivate", "").has(http.StatusOK)
	p.asks("POST", "/devices/codes", `{}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "person")
	p.asks("POST", "/devices/codes", `{"persn": "x"}`).refuses(http.StatusUnprocessableEntity, "unknown_field", "persn")
	p.asks("POST", "/devices/codes", fmt.Sprintf(`{"person": %q}`, record.ID{1})).refuses(http.StatusUnprocessableEntity, "unknown_row", "person")
	p.asks("POST", "/devices/codes", fmt.Sprintf(`{"person": %q}`, gone)).refuses(http.StatusUnprocessableEntity, "invalid_value", "person")
	p.asks("POST", "/devices/codes", fmt.Sprintf(`{"person": %q}`, wang)).has(http.StatusCreated)
	phone := p.enrols(p.text("code"), "Wang's phone")
	p.plans("Boiler cold", wang, 9, 10)
	sync(t, phone)

	p.asks("GET", "/devices", "").has(http.StatusOK)
	if got := p.rows(); len(got) != 1 || got[0]["name"] != "Wang's phone" || got[0]["person_name"] != "Wang" || got[0]["standing"] != "admitted" || got[0]["schema"] == float64(0) {
		t.Fatalf("there are %v", got)
	}
	at := "/devices/" + p.rows()[0]["id"].(string)
	soon(t, "what it has is told", func() bool { return len(p.asks("GET", at, "").has(http.StatusOK).got["jobs"].([]any)) == 1 })
	admitted := p.tag
	p.asks("POST", at+"/revoke", "").has(http.StatusPreconditionRequired)
	p.asks("POST", at+"/revoke", "", "If-Match", admitted).has(http.StatusOK, "standing", "revoked")
	boss.get("/devices").sees(http.StatusOK, "chip shut_out")
	boss.get("/audit/deeds").sees(http.StatusOK, "Anna Berg")
	p.asks("POST", at+"/revoke", "", "If-Match", admitted).has(http.StatusOK, "standing", "revoked")
	p.asks("POST", at+"/wipe", "", "If-Match", admitted).has(http.StatusConflict, "code", "changed_since")
	p.asks("GET", at, "").asks("POST", at+"/admit", "", "If-Match", p.tag).has(http.StatusOK, "standing", "admitted")
	p.asks("POST", at+"/shut-out", "", "If-Match", admitted).has(http.StatusOK, "standing", "shut_out")
	p.asks("POST", at+"/wipe", "", "If-Match", p.tag).has(http.StatusOK, "standing", "to_be_wiped")
	boss.get("/devices").sees(http.StatusOK, "chip to_be_wiped")

	// Who may shut out and not see is told no more than which one it was.
	blind := p.program(boss, "MDM", string(auth.RevokeDevices))
	blind.asks("POST", at+"/admit", "", "If-Match", p.tag).has(http.StatusOK)
	if len(blind.got) != 1 {
		t.Errorf("it is told %v", blind.got)
	}
}
