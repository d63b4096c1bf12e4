package systemtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What a program does with the rules of the company: policies, checklists, settings, and who may do what.

func TestAProgramPublishesPolicies(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	p.asks("GET", "/policy-templates?kind=consent", "").has(http.StatusOK)
	if got := p.rows(); len(got) == 0 || got[0]["body"] == nil {
		t.Fatalf("the ready-made ones are %v", got)
	}
	p.asks("GET", "/policy-templates?kind=nonsense", "").refuses(http.StatusUnprocessableEntity, "unknown_policy", "kind")
	p.asks("GET", "/policies?kind=return", "").has(http.StatusOK)
	body, err := json.Marshal(p.rows()[0]["body"])
	if err != nil || body[0] != '{' || len(body) < 10 {
		t.Fatalf("the body is %s: %v", body, err)
	}
	const later = `"valid_from": "2031-01-01T00:00:00Z"`
	p.asks("POST", "/policies", `{"kind": "return"}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "body")
	p.asks("POST", "/policies", `{"body": {}}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "kind")
	p.asks("POST", "/policies", `{"kind": "nonsense", "body": {}}`).refuses(http.StatusUnprocessableEntity, "unknown_policy", "kind")
	p.asks("POST", "/policies", `{"kind": "return", "body": {"nonsense": 1}}`).refuses(http.StatusUnprocessableEntity, "bad_policy", "body")
	p.asks("POST", "/policies", `{"kind": "return", "body": null}`).refuses(http.StatusUnprocessableEntity, "bad_policy", "body")
	holds := `{"kind": "return", "body": ` + string(body)
	p.asks("POST", "/policies", holds+`, "valid_from": "2020-01-01T00:00:00Z"}`).refuses(http.StatusUnprocessableEntity, "policy_backdated", "valid_from")
	p.asks("POST", "/policies", holds+`, `+later+`, "note": "next <b>year"}`).has(http.StatusCreated)
	first := p.text("id")
	p.asks("POST", "/policies", fmt.Sprintf(holds+`, `+later+`, "replaces": %q}`, first)).has(http.StatusCreated, "replaces", first)
	p.asks("PUT", "/policies/by-key/erp/returns-2032", holds+`, "valid_from": "2032-01-01T00:00:00Z"}`).has(http.StatusCreated)
	p.asks("PUT", "/policies/by-key/erp/returns-2032", holds+`, "valid_from": "2032-01-01T00:00:00Z"}`).has(http.StatusOK)
	branch := p.onlyBranch()
	p.makes("/policies", holds+`, "branch": %q}`, branch)
	boss.get("/policies/return?branch=" + branch.String()).lacks("goes by the company's policy")
	p.makes("/policies", `{"kind": "return", "body": null, "branch": %q}`, branch)
	p.asks("GET", "/policies?kind=return&branch="+branch.String(), "").has(http.StatusOK)
	if got := p.rows(); len(got) != 2 || got[1]["body"] != nil {
		t.Errorf("the branch has %v", got)
	}
	boss.get("/policies/return").sees(http.StatusOK, "2032")
}

func TestAProgramKeepsChecklists(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	model := p.makes("/models", `{"code": "KX-90"}`)
	const asks = `[{"key": "oil", "kind": "number", "label": {"en": "Oil <b>level", "zh-Hans": "油位"}, "minimum": 1000, "maximum": 4000, "unit": "l"}]`
	p.asks("POST", "/checklists", fmt.Sprintf(`{"product": %q, "questions": %s}`, model, asks)).refuses(http.StatusUnprocessableEntity, "invalid_value", "name")
	p.asks("POST", "/checklists", `{"name": {"en": "Oil"}, "questions": `+asks+`}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "job_kind")
	p.asks("POST", "/checklists", fmt.Sprintf(`{"name": {"en": "Oil"}, "product": %q, "questions": []}`, model)).refuses(http.StatusUnprocessableEntity, "bad_question", "questions")
	p.asks("POST", "/checklists", fmt.Sprintf(`{"name": {"en": "Oil"}, "product": %q, "questions": [{"kei": "oil"}]}`, model)).refuses(http.StatusUnprocessableEntity, "bad_question", "questions")
	p.asks("POST", "/checklists", fmt.Sprintf(`{"name": {"en": "Oil"}, "product": %q, "template": "nonsense"}`, model)).refuses(http.StatusUnprocessableEntity, "invalid_value", "template")
	id := p.makes("/checklists", `{"name": {"en": "Oil", "zh-Hans": "机油"}, "product": %q, "questions": %s}`, model, asks)
	versions := func() []map[string]any {
		p.asks("GET", "/checklist-versions?checklist="+id, "").has(http.StatusOK)
		return p.rows()
	}
	question := versions()[0]["questions"].([]any)[0].(map[string]any)
	if question["key"] != "oil" || question["maximum"] != float64(4000) {
		t.Errorf("it asks %v", question)
	}
	at := "/checklists/" + id
	p.asks("POST", at+"/revise", `{}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "questions")
	p.asks("POST", at+"/revise", `{"questions": {}}`).refuses(http.StatusUnprocessableEntity, "bad_question", "questions")
	p.asks("POST", at+"/revise", `{"questions": [{"key": "done", "kind": "yes_no", "label": {"en": "Done"}, "required": "always"}], "valid_from": "2031-01-01T00:00:00Z"}`).has(http.StatusOK, "id", id)
	p.asks("POST", at+"/revise", `{"questions": [{"key": "done", "kind": "yes_no", "label": {"en": "Done"}}], "seen": 1}`).has(http.StatusConflict, "code", "changed_since")
	if n := len(versions()); n != 2 {
		t.Errorf("%d versions", n)
	}
	boss.get("/checklists/"+id).sees(http.StatusOK, "Oil <b>level", "Version 2")
	p.makes("/checklists", `{"product": %q, "template": %q}`, model, aftersales.ChecklistTemplates()[0])
	p.asks("POST", at+"/archive", `{"reason": "another one asks it"}`).has(http.StatusOK)
	p.asks("GET", at, "").asks("POST", at+"/unarchive", ``, "If-Match", p.tag).has(http.StatusOK, "archived_at", nil)
}

func TestAProgramSetsSettingsAndNumbers(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	branch := p.onlyBranch()
	p.asks("GET", "/settings", "").has(http.StatusOK)
	if n := len(p.rows()); n != len(aftersales.Settings()) {
		t.Errorf("%d settings", n)
	}
	p.asks("GET", "/settings/release_days", "").has(http.StatusOK, "set", nil, "holds", "30")
	shown := p.tag
	p.asks("PUT", "/settings/release_days", `{"value": "7"}`).has(http.StatusPreconditionRequired)
	p.asks("PUT", "/settings/release_days", `{"value": "soon"}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "bad_setting", "value")
	p.asks("PUT", "/settings/release_days", `{}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "invalid_value", "value")
	p.asks("PUT", "/settings/release_days", `{"value": "7", "days": 1}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "unknown_field", "days")
	p.asks("PUT", "/settings/nonsense", `{"value": "7"}`, "If-Match", shown).has(http.StatusNotFound)
	p.asks("PUT", "/settings/release_days", `{"value": "7"}`, "If-Match", shown).has(http.StatusOK, "set", "7", "holds", "7")
	boss.get("/settings").sees(http.StatusOK, ">7<")
	own := "/settings/release_days?branch=" + branch.String()
	p.asks("GET", own, "").has(http.StatusOK, "set", nil, "holds", "7", "branch", branch.String())
	p.asks("PUT", own, `{"value": "9"}`, "If-Match", p.tag).has(http.StatusOK, "holds", "9")
	p.asks("PUT", own, `{"value": null}`, "If-Match", p.tag).has(http.StatusOK, "set", nil, "holds", "7")
	p.asks("GET", "/settings?branch=x", "").refuses(http.StatusBadRequest, "bad_request", "branch")
	p.asks("GET", "/settings?branch="+record.ID{1}.String(), "").refuses(http.StatusUnprocessableEntity, "unknown_row", "branch")
	p.asks("GET", "/settings/slip_costs", "").asks("PUT", "/settings/slip_costs", `{"value": "yes"}`, "If-Match", p.tag).refuses(http.StatusUnprocessableEntity, "bad_setting", "value")

	p.asks("GET", "/numbers", "").has(http.StatusOK)
	p.asks("GET", "/numbers/J", "").has(http.StatusOK, "holds", "{number}")
	shown = p.tag
	p.asks("PUT", "/numbers/J", `{"pattern": "J"}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "bad_pattern", "pattern")
	p.asks("PUT", "/numbers/J", `{"pattern": "WO-{number}"}`, "If-Match", shown).has(http.StatusOK, "set", "WO-{number}")
	p.asks("POST", "/numbers/J/start", fmt.Sprintf(`{"branch": %q, "first": 5}`, branch)).has(http.StatusNotFound)
	p.asks("POST", "/numbers/A/start", `{"first": 5}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "branch")
	p.asks("POST", "/numbers/A/start", fmt.Sprintf(`{"branch": %q, "first": 0}`, branch)).refuses(http.StatusUnprocessableEntity, "bad_setting", "first")
	p.asks("POST", "/numbers/A/start", fmt.Sprintf(`{"branch": %q, "first": 500}`, branch)).has(http.StatusOK)
}

func TestAProgramGivesRoles(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	li := p.hire("li", "Li Wei", auth.Technician)
	at := "/people/" + li.String() + "/roles"
	has := func(roles ...string) {
		t.Helper()
		if got := fmt.Sprint(p.has(http.StatusOK).got["roles"]); got != fmt.Sprint(roles) {
			t.Errorf("his roles are %s, want %s", got, roles)
		}
	}
	p.asks("GET", at, "")
	has("technician")
	shown := p.tag
	const both = `{"roles": ["technician", "dispatcher"]}`
	p.asks("PUT", at, both).has(http.StatusPreconditionRequired)
	p.asks("PUT", at, `{}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "invalid_value", "roles")
	p.asks("PUT", at, `{"roles": ["king"]}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "unknown_role", "roles")
	p.asks("PUT", at, `{"role": ["technician"]}`, "If-Match", shown).refuses(http.StatusUnprocessableEntity, "unknown_field", "role")
	p.asks("PUT", at, both, "If-Match", shown)
	has("dispatcher", "technician")
	p.asks("PUT", at, `{"roles": ["manager"]}`, "If-Match", shown).has(http.StatusConflict, "code", "changed_since")
	post := "manager@" + p.onlyBranch().String()
	p.asks("GET", at, "").asks("PUT", at, fmt.Sprintf(`{"roles": ["technician", %q]}`, post), "If-Match", p.tag)
	has("technician", post)
	boss.get("/people").sees(http.StatusOK, "manager in ")
	p.asks("PUT", "/people/"+record.ID{1}.String()+"/roles", both, "If-Match", shown).has(http.StatusNotFound)

	// Nobody gives, by a program either, what he may not do himself; and somebody must be left who can.
	clerk := p.bureau.program(boss, "HR", "manage_people", "see_people")
	clerk.asks("GET", at, "").asks("PUT", at, `{"roles": ["administrator"]}`, "If-Match", clerk.tag).refuses(http.StatusForbidden, "beyond_own_rights", "roles")
	anna := p.ids("SELECT id FROM person WHERE name = 'Anna Berg'")[0]
	p.asks("GET", "/people/"+anna.String()+"/roles", "").asks("PUT", "/people/"+anna.String()+"/roles", `{"roles": ["technician"]}`, "If-Match", p.tag).refuses(http.StatusConflict, "last_administrator", "roles")

	p.asks("GET", "/roles", "").has(http.StatusOK)
	if got := p.rows(); len(got) != len(auth.Roles) || got[0]["name"] != "administrator" {
		t.Errorf("the roles are %v", got)
	}
	p.asks("POST", "/roles", `{"name": "Night desk", "like": "king"}`).refuses(http.StatusUnprocessableEntity, "unknown_role", "like")
	p.asks("POST", "/roles", `{"name": "Night desk", "like": "technician"}`).has(http.StatusCreated, "name", "Night desk", "shipped", false)
	p.asks("POST", "/roles", `{"name": "night desk"}`).refuses(http.StatusConflict, "role_taken", "name")
	p.asks("PATCH", "/roles/Night%20desk", `{"may": ["take_calls", "fly"]}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "may")
	p.asks("PATCH", "/roles/Night%20desk", `{"may": {"add": ["take_calls"], "remove": ["see_parts"]}}`).has(http.StatusOK)
	if may := fmt.Sprint(p.got["may"]); !strings.Contains(may, "take_calls") || strings.Contains(may, "see_parts") {
		t.Errorf("it includes %s", may)
	}
	p.asks("PATCH", "/roles/nobody", `{"may": ["take_calls"]}`).has(http.StatusNotFound)
	p.asks("PATCH", "/roles/administrator", `{"may": {"remove": ["take_calls"]}}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "may")
	p.asks("GET", at, "").asks("PUT", at, `{"roles": ["Night desk"]}`, "If-Match", p.tag)
	has("Night desk")
	p.asks("DELETE", "/roles/Night%20desk", "").has(http.StatusConflict, "code", "role_in_use")
	p.asks("GET", at, "").asks("PUT", at, `{"roles": ["technician"]}`, "If-Match", p.tag)
	has("technician")
	p.asks("DELETE", "/roles/Night%20desk", "").has(http.StatusOK)
	p.asks("DELETE", "/roles/Night%20desk", "").has(http.StatusNotFound)
}

// A refusal says in the caller's language what is wrong, with the values in it; its code and field are the same in every one.
func TestARefusalIsSaidInTheCallersLanguage(t *testing.T) {
	t.Parallel()
	p, _ := integrator(t)
	says := func(detail, code, field, language string) {
		t.Helper()
		p.asks("POST", "/customers", `{"name": "x", "phone": "by mail"}`, "Accept-Language", language).refuses(http.StatusUnprocessableEntity, code, field)
		if got := p.text("detail"); got != detail {
			t.Errorf("in %q it says %q, want %q", language, got, detail)
		}
	}
	says("by mail is no telephone number: type its digits, and write anything else into the note.", "bad_phone", "phone", "")
	says("“by mail”不是电话号码：请输入数字，其他内容请写入备注", "bad_phone", "phone", "zh-CN, en;q=0.5")
	says("「by mail」不是電話號碼：請輸入數字，其他內容請寫入備註", "bad_phone", "phone", "zh-TW")
	p.asks("POST", "/customers", `{"colour": "red"}`, "Accept-Language", "zh").has(http.StatusUnprocessableEntity, "detail", "此处没有可写的字段 colour，可写的字段见 OpenAPI 文档。")
	p.asks("GET", "/nothing", "", "Accept-Language", "zh-HK").has(http.StatusNotFound, "detail", "此位址沒有內容。")
	p.token = "fsk_wrong"
	p.asks("GET", "/customers", "", "Accept-Language", "zh").has(http.StatusUnauthorized, "detail", "此令牌无效：有误、已过期或已撤销。")
}
