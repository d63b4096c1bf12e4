package systemtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// program is one that works with the hub by a token.
type program struct {
	*bureau
	token  string
	status int
	tag    string
	got    map[string]any
}

// program lets an administrator make a token on the page.
func (b *bureau) program(admin *browser, name string, may ...string) *program {
	b.t.Helper()
	form := []string{"name", name}
	for _, m := range may {
		form = append(form, "may", m)
	}
	admin.post("/programs", form...).sees(http.StatusOK, "It is shown only now")
	return &program{bureau: b, token: admin.find(`class="secret">([^<]+)<`)}
}

// asks sends a request; headers are names and values in turn.
func (p *program) asks(method, path, body string, headers ...string) *program {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+api.Prefix+path, bytes.NewBufferString(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.status, p.tag, p.got = answer.StatusCode, answer.Header.Get("ETag"), map[string]any{}
	if len(b) > 0 && json.Unmarshal(b, &p.got) != nil {
		p.t.Fatalf("%s %s answered %q", method, path, b)
	}
	return p
}

// has checks the status of the answer, and fields of it by names and values in turn.
func (p *program) has(status int, fields ...any) *program {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("answered %d %v, want %d", p.status, p.got, status)
	}
	for i := 0; i < len(fields); i += 2 {
		if got := p.got[fields[i].(string)]; got != fields[i+1] {
			p.t.Errorf("%v is %v, want %v", fields[i], got, fields[i+1])
		}
	}
	return p
}

func (p *program) text(field string) string {
	p.t.Helper()
	s, ok := p.got[field].(string)
	if !ok {
		p.t.Fatalf("no %s in %v", field, p.got)
	}
	return s
}

func TestAProgramWorksLikeTheOffice(t *testing.T) {
	t.Parallel()
	worksLikeTheOffice(t, newBureau(t))
}

func worksLikeTheOffice(t *testing.T, b *bureau) {
	t.Helper()
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	boss := b.browser("boss")
	p := b.program(boss, "CRM", "see_customers", "edit_customers", "see_jobs", "create_jobs", "edit_jobs", "dispatch", "cancel_jobs", "comment")

	// Made once, though it is asked twice; under another body the key is refused.
	const made = `{"name": "上海东方热力", "phone": "+86 21 5555 0101", "tags": ["VIP"]}`
	p.asks("POST", "/customers", made, "Idempotency-Key", "k1").has(http.StatusCreated, "name", "上海东方热力", "phone", "+862155550101")
	id, tag := p.text("id"), p.tag
	p.asks("POST", "/customers", made, "Idempotency-Key", "k1").has(http.StatusCreated, "id", id)
	p.asks("POST", "/customers", `{"name": "x"}`, "Idempotency-Key", "k1").has(http.StatusConflict, "code", string(aftersales.KeyReused))
	if n := len(b.ids("SELECT id FROM party WHERE _del = 0")); n != 1 {
		t.Fatalf("%d customers", n)
	}
	boss.get("/customers/"+id).sees(http.StatusOK, "上海东方热力", "VIP")

	// An edit says what it has seen: what somebody else wrote meanwhile stays.
	p.asks("PATCH", "/customers/"+id, `{"city": "苏州"}`).has(http.StatusPreconditionRequired)
	p.asks("PATCH", "/customers/"+id, `{"city": "苏州"}`, "If-Match", `"nonsense"`).has(http.StatusBadRequest)
	boss.get("/customers/" + id + "/edit").sees(http.StatusOK)
	boss.post("/customers/"+id+"/edit", "seen", boss.hidden("seen"), "email", "a@b.example", "was.email", "").sees(http.StatusOK)
	p.asks("PATCH", "/customers/"+id, `{"city": "苏州"}`, "If-Match", tag).has(http.StatusOK, "city", "苏州", "email", "a@b.example")
	p.asks("GET", "/customers/"+id, "").has(http.StatusOK, "city", "苏州")
	p.asks("GET", "/customers/"+id, "", "If-None-Match", p.tag).has(http.StatusNotModified)

	// What is not there to be written is said.
	p.asks("PATCH", "/customers/"+id, `{"colour": "red"}`, "If-Match", tag).has(http.StatusUnprocessableEntity, "code", "unknown_field")
	p.asks("PATCH", "/customers/"+id, `{"merged_into": null}`, "If-Match", tag).has(http.StatusUnprocessableEntity, "code", "unknown_field")
	p.asks("PATCH", "/customers/"+id, `[`, "If-Match", tag).has(http.StatusBadRequest)
	p.asks("POST", "/customers", `{"name": 7}`).has(http.StatusUnprocessableEntity)
	p.asks("POST", "/customers", `{}`).has(http.StatusUnprocessableEntity)
	p.asks("GET", "/customers/"+record.ID{1}.String(), "").has(http.StatusNotFound)
	p.asks("GET", "/nothing", "").has(http.StatusNotFound)

	// By the key of another system.
	p.asks("PUT", "/customers/by-key/sap/4711", `{"name": "Nordwind", "city": "Kiel"}`).has(http.StatusCreated, "city", "Kiel")
	other := p.text("id")
	p.asks("PUT", "/customers/by-key/sap/4711", `{"name": "Nordwind", "city": "Bremen"}`).has(http.StatusOK, "id", other, "city", "Bremen")
	p.asks("GET", "/customers/by-key/sap/4711", "").has(http.StatusOK, "city", "Bremen")

	// A job, from its making to its cancelling.
	p.asks("POST", "/jobs", `{"title": "Boiler cold", "party": "`+id+`"}`).has(http.StatusCreated, "state", "new")
	job := p.text("id")
	p.asks("POST", "/jobs/"+job+"/assign", `{"person": "`+li.String()+`", "window_start": "2030-03-01T08:00:00Z", "window_end": "2030-03-01T10:00:00Z"}`, "Idempotency-Key", "a1").has(http.StatusOK, "state", "planned")
	p.asks("POST", "/jobs/"+job+"/assign", `{"person": "`+li.String()+`", "window_start": "2030-03-01T08:00:00Z", "window_end": "2030-03-01T10:00:00Z"}`, "Idempotency-Key", "a1").has(http.StatusOK)
	p.asks("POST", "/jobs/"+job+"/comment", `{"text": "<b>bring seals</b>"}`).has(http.StatusOK)
	p.asks("POST", "/jobs/"+job+"/cancel", `{}`).has(http.StatusUnprocessableEntity)
	p.asks("POST", "/jobs/"+job+"/cancel", `{"reason": "he repaired it himself"}`).has(http.StatusOK, "state", "cancelled")
	p.asks("POST", "/jobs/"+job+"/close", ``).has(http.StatusForbidden, "code", "no_right")
	boss.get("/jobs/"+job).sees(http.StatusOK, "<b>bring seals</b>", "he repaired it himself")
}

func TestAListGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	listsGoOn(t, newBureau(t))
}

func listsGoOn(t *testing.T, b *bureau) {
	t.Helper()
	b.hire("boss", "Anna Berg", auth.Administrator)
	p := b.program(b.browser("boss"), "Shop", "see_customers", "edit_customers")
	for i := range 7 {
		p.asks("PUT", fmt.Sprint("/customers/by-key/shop/", i), fmt.Sprintf(`{"name": "C%d"}`, i)).has(http.StatusCreated)
	}
	var names []string
	page := func(cursor string) string {
		t.Helper()
		p.asks("GET", "/customers?limit=3&cursor="+cursor, "").has(http.StatusOK)
		for _, row := range p.got["rows"].([]any) {
			names = append(names, row.(map[string]any)["name"].(string))
		}
		return p.text("cursor")
	}
	end := page(page(page("")))
	if got := strings.Join(names, " "); got != "C0 C1 C2 C3 C4 C5 C6" {
		t.Errorf("the pages hold %s", got)
	}
	p.asks("PUT", "/customers/by-key/shop/2", `{"name": "C2 again"}`).has(http.StatusOK)
	names = nil
	if page(end); len(names) != 1 || names[0] != "C2 again" {
		t.Errorf("behind the cursor: %q", names)
	}
	p.asks("GET", "/customers?cursor=zzz", "").has(http.StatusBadRequest)
	p.asks("GET", "/customers?limit=0", "").has(http.StatusBadRequest)
}

func TestATokenIsNoMoreThanItSays(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	boss.get("/programs").sees(http.StatusOK, "Programs that work with this hub will stand here")
	boss.post("/programs", "name", "x").sees(http.StatusUnprocessableEntity, "Choose what the program may do")
	boss.post("/programs", "name", "", "may", "see_jobs").sees(http.StatusUnprocessableEntity, "needs a name")
	p := b.program(boss, "Reader", "see_customers")
	p.asks("GET", "/customers", "").has(http.StatusOK)
	p.asks("GET", "/jobs", "").has(http.StatusForbidden)
	p.asks("POST", "/customers", `{"name": "x"}`).has(http.StatusForbidden)
	good := p.token
	for _, token := range []string{"", "fsk_wrong", good + "x", strings.TrimPrefix(good, "fsk_")} {
		p.token = token
		p.asks("GET", "/customers", "").has(http.StatusUnauthorized)
	}
	p.token = good
	boss.get("/programs").sees(http.StatusOK, "Reader", "Anna Berg").lacks(good)
	boss.post(strings.Split(boss.find(`action="(/programs/[^"]+/revoke)"`), "?")[0]).sees(http.StatusOK, "let in no more", "ended")
	p.asks("GET", "/customers", "").has(http.StatusUnauthorized)
}

// The document is what the server does: each path answers a stranger with 401, and each row has the fields it promises.
func TestTheDocumentIsTrue(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	p := b.program(b.browser("boss"), "All", "see_customers", "edit_customers", "see_jobs")
	p.asks("GET", "/openapi.json", "").has(http.StatusOK, "openapi", "3.1.0")
	paths := p.got["paths"].(map[string]any)
	schemas := p.got["components"].(map[string]any)["schemas"].(map[string]any)
	if len(paths) < 40 {
		t.Errorf("%d paths", len(paths))
	}
	stranger := &program{bureau: b}
	for path, operations := range paths {
		at := strings.NewReplacer("{id}", record.ID{1}.String(), "{system}", "s", "{key}", "k", "{name}", "n").Replace(path)
		for method := range operations.(map[string]any) {
			stranger.asks(strings.ToUpper(method), at, "").has(http.StatusUnauthorized)
		}
	}
	p.asks("POST", "/customers", `{"name": "Nordwind"}`).has(http.StatusCreated)
	for name := range schemas["party"].(map[string]any)["properties"].(map[string]any) {
		if _, ok := p.got[name]; !ok {
			t.Errorf("a customer has no %s", name)
		}
	}
	for name := range p.got {
		if _, ok := schemas["party"].(map[string]any)["properties"].(map[string]any)[name]; !ok {
			t.Errorf("%s of a customer is not in the document", name)
		}
	}
}

// A customer portal makes requests and says what becomes of them, by the commands of the office and within their states.
func TestAProgramWorksOnRequests(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	p := b.program(b.browser("boss"), "Portal", "see_customers", "edit_customers", "see_requests", "take_calls", "edit_requests")
	p.asks("POST", "/customers", `{"name": "Südwind"}`).has(http.StatusCreated)
	p.asks("PUT", "/requests/by-key/portal/7", fmt.Sprintf(`{"party": %q, "title": "noise"}`, p.text("id"))).has(http.StatusCreated, "title", "noise")
	at := "/requests/" + p.text("id")
	p.asks("POST", at+"/move", `{"to": "depot"}`).has(http.StatusUnprocessableEntity)
	p.asks("POST", at+"/move", `{"to": "nowhere", "reason": "x"}`).has(http.StatusUnprocessableEntity)
	p.asks("POST", at+"/move", `{"to": "depot", "reason": "needs the bench"}`).has(http.StatusOK, "state", aftersales.RequestDepot)
	p.asks("POST", at+"/hand", fmt.Sprintf(`{"person": %q}`, li.String())).has(http.StatusPreconditionRequired)
	p.asks("GET", at, "").has(http.StatusOK)
	p.asks("POST", at+"/hand", fmt.Sprintf(`{"person": %q}`, li.String()), "If-Match", p.tag).has(http.StatusOK, "handler", li.String())
	p.asks("POST", at+"/solve", `{"solution": "new bearing"}`).has(http.StatusOK, "solution", "new bearing")
	state := p.text("state")
	p.asks("POST", at+"/reopen", fmt.Sprintf(`{"state": %q, "reason": "noise again"}`, state)).has(http.StatusOK)
	p.asks("POST", at+"/reopen", fmt.Sprintf(`{"state": %q, "reason": "noise again"}`, state)).has(http.StatusUnprocessableEntity)
	for _, path := range []string{"/calls", "/codes"} {
		p.asks("GET", path, "").has(http.StatusOK)
	}
	p.asks("GET", "/documents", "").has(http.StatusForbidden)
}
