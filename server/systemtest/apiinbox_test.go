package systemtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
)

// The inbox, worked by a program: what was written without knowing each other, and what was refused.

// disputed is a bureau in whose office and on whose phone one job goes on, unknown to each other.
func disputed(t *testing.T) (p *program, phone *client.Client, job record.ID) {
	t.Helper()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	phone = b.phone(boss, wang, "Wang's phone")
	job, _ = boss.makes("Fan rattles", wang)
	sync(t, phone)
	return b.program(boss, "ERP", everything()...), phone, job
}

func TestAProgramSettlesConflicts(t *testing.T) {
	t.Parallel()
	p, phone, job := disputed(t)
	repair(t, phone, job)
	p.asks("POST", "/jobs/"+job.String()+"/cancel", `{"reason": "sold"}`).has(http.StatusOK)
	sync(t, phone)

	p.asks("GET", "/conflicts?open=yes", "").refuses(http.StatusBadRequest, "bad_request", "open")
	p.asks("GET", "/conflicts?cursor=x", "").has(http.StatusBadRequest, "code", "bad_request")
	p.asks("GET", "/conflicts?row=1", "").refuses(unprocessable, "unknown_field", "row")
	p.asks("GET", "/conflicts?open=true&limit=1", "").has(http.StatusOK)
	for fmt.Sprint(p.rows()[0]["field"]) != "state" {
		p.asks("GET", "/conflicts?open=true&limit=1&cursor="+p.text("cursor"), "").has(http.StatusOK, "more", true)
	}
	one, cursor := p.rows()[0], p.text("cursor")
	values := one["values"].([]any)
	done, cancelled := values[0].(map[string]any), values[1].(map[string]any)
	if done["value"] != aftersales.JobDone {
		done, cancelled = cancelled, done
	}
	if one["resource"] != "jobs" || one["row"] != job.String() || done["person_name"] != "王强" || done["device"] != "Wang's phone" ||
		cancelled["value"] != aftersales.JobCancelled || cancelled["person_name"] != "Anna Berg" {
		t.Fatalf("the conflict is %v", one)
	}
	at := "/conflicts/" + one["id"].(string)
	p.asks("GET", at, "").has(http.StatusOK, "open", true)
	shown := p.tag
	if shown == "" || shown != one["etag"] {
		t.Errorf("the ETag is %q, in the list %v", shown, one["etag"])
	}
	choice := fmt.Sprintf(`{"chosen": %q}`, cancelled["dot"])
	p.asks("POST", at+"/settle", choice).has(http.StatusPreconditionRequired)
	p.asks("POST", at+"/settle", choice, "If-Match", `"AA"`).has(http.StatusBadRequest)
	p.asks("POST", at+"/settle", `{}`, "If-Match", shown).refuses(unprocessable, "invalid_value", "chosen")
	p.asks("POST", at+"/settle", `{"chosen": "1-1"}`, "If-Match", shown).refuses(unprocessable, "invalid_value", "chosen")
	p.asks("POST", at+"/settle", choice, "If-Match", shown).has(http.StatusOK, "open", false)
	p.asks("POST", at+"/settle", choice, "If-Match", shown, "Accept-Language", "zh").has(http.StatusConflict, "code", "already_closed")
	if says := p.text("detail"); !strings.ContainsRune(says, '。') && !strings.ContainsRune(says, '，') && !strings.ContainsRune(says, '：') {
		t.Errorf("in Chinese it says %q", says)
	}
	// Whoever asks on hears that it was settled.
	p.asks("GET", "/conflicts?cursor="+cursor, "").has(http.StatusOK)
	if rows := p.rows(); len(rows) == 0 || rows[len(rows)-1]["id"] != one["id"] || rows[len(rows)-1]["open"] != false {
		t.Errorf("behind the cursor is %v", rows)
	}
	sync(t, phone)
	if here := p.jobOn(phone, job).State; here != aftersales.JobCancelled {
		t.Errorf("the job is %s on the phone", here)
	}
}

func TestAProgramDecidesRefusedChanges(t *testing.T) {
	t.Parallel()
	p, phone, job := disputed(t)
	for _, title := range []string{"Fan rattles, belt too", "Fan is fine", "Fan is gone"} { // which is the office's to say
		update(t, phone, aftersales.CauseEdit, func(tx aftersales.Tx) error {
			return tx.Update("job", job, record.Values{"title": record.Text(title)})
		})
	}
	sync(t, phone)
	p.asks("GET", "/refused-changes?open=true", "", "Accept-Language", "zh").has(http.StatusOK)
	var ids []string
	for _, row := range p.rows() {
		ids = append(ids, row["id"].(string))
	}
	if len(ids) != 3 {
		t.Fatalf("%d are refused: %v", len(ids), p.got)
	}
	first := p.rows()[0]
	change := first["rows"].([]any)[0].(map[string]any)
	if first["person_name"] != "王强" || first["open"] != true || change["op"] != "update" || change["resource"] != "jobs" || change["id"] != job.String() ||
		change["fields"].(map[string]any)["title"] != "Fan rattles, belt too" || strings.ContainsAny(first["reason"].(string), "abcdefgh") {
		t.Errorf("the first is %v", first)
	}
	at := func(i int) string { return "/refused-changes/" + ids[i] }
	p.asks("GET", at(0), "").has(http.StatusOK, "open", true)
	p.asks("POST", at(0)+"/release", "").has(http.StatusOK, "open", false)
	p.asks("POST", at(0)+"/release", "").has(http.StatusConflict, "code", "already_closed")
	p.asks("GET", "/jobs/"+job.String(), "").has(http.StatusOK, "title", "Fan rattles, belt too")

	amends := func(table, id, fields string) *program {
		return p.asks("POST", at(1)+"/amend", fmt.Sprintf(`{"rows": [{"table": %q, "id": %q, "fields": %s}]}`, table, id, fields))
	}
	p.asks("POST", at(1)+"/amend", `{}`).refuses(unprocessable, "invalid_value", "rows")
	p.asks("POST", at(1)+"/amend", `{"rows": [{"colour": "red"}]}`).refuses(unprocessable, "invalid_value", "rows")
	amends("party", job.String(), `{"title": "x"}`).refuses(unprocessable, "unknown_row", "rows")
	amends("job", job.String(), `{"description": "x"}`).refuses(unprocessable, "unknown_field", "rows")
	amends("job", job.String(), `{"title": 7}`).refuses(unprocessable, "invalid_value", "title")
	amends("job", job.String(), `{"title": "Fan is <b>mended"}`).has(http.StatusOK, "open", false)
	p.asks("GET", "/jobs/"+job.String(), "").has(http.StatusOK, "title", "Fan is <b>mended")

	p.asks("POST", at(2)+"/dismiss", `{}`).refuses(unprocessable, "invalid_value", "reason")
	p.asks("POST", at(2)+"/dismiss", `{"reason": "It is there."}`).has(http.StatusOK, "open", false)
	p.asks("GET", "/refused-changes?open=true", "").has(http.StatusOK)
	if n := len(p.rows()); n != 0 {
		t.Errorf("%d still wait", n)
	}
	p.asks("GET", "/refused-changes?limit=2", "").has(http.StatusOK, "more", true)
	p.asks("GET", "/refused-changes?cursor="+p.text("cursor"), "").has(http.StatusOK, "more", false)
	if n := len(p.rows()); n != 1 {
		t.Errorf("%d behind the second", n)
	}
	sync(t, phone)
	if refused, err := phone.Outbox(t.Context(), device.Refused); err != nil || len(refused) != 0 {
		t.Errorf("the phone still has %d refused changes: %v", len(refused), err)
	}
	if comments, err := phone.Comments().About(t.Context(), aftersales.Row{Table: "job", ID: job}); err != nil || len(comments) != 1 || comments[0].Text != "It is there." {
		t.Errorf("the technician reads %v: %v", comments, err)
	}
}

func TestAProgramSettlesLeakage(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	job := p.makes("/jobs", `{"title": "Leaks"}`)
	of, err := record.ParseID(job)
	if err != nil {
		t.Fatal(err)
	}
	finding := aftersales.NamedID("leakage")
	p.office("a finding", func(tx aftersales.Tx) error {
		return tx.Insert("billing_finding", finding, record.Values{
			"job": record.Ref(of), "about": aftersales.Row{Table: "job", ID: of}.Value(), "kind": record.Text(aftersales.GapLeakage), "state": record.Text(aftersales.GapOpen),
			"expected": record.Money(100, "EUR"), "charged": record.Money(0, "EUR"), "amount": record.Money(100, "EUR"), "found_at": record.Instant(tx.Now()), "why": record.Text("[]"),
		})
	})
	p.asks("GET", "/billing-findings?state=open", "").has(http.StatusOK)
	if rows := p.rows(); len(rows) != 1 || rows[0]["id"] != finding.String() || fmt.Sprint(rows[0]["why"]) != "[]" {
		t.Fatalf("the findings are %v", rows)
	}
	at := "/billing-findings/" + finding.String()
	p.asks("PUT", at+"/keys/erp/7", "").has(http.StatusOK)
	p.asks("POST", at+"/settle", `{"as": "kept", "reason": "x"}`).refuses(unprocessable, "invalid_value", "as")
	p.asks("POST", at+"/settle", `{"as": "waived"}`).refuses(unprocessable, "invalid_value", "reason")
	p.asks("POST", at+"/settle", `{"as": "waived", "reason": "on us"}`, "Idempotency-Key", "k").has(http.StatusOK, "state", aftersales.GapSettled, "settled_as", "waived")
	p.asks("POST", at+"/settle", `{"as": "waived", "reason": "on us"}`, "Idempotency-Key", "k").has(http.StatusOK)
	p.asks("POST", at+"/settle", `{"as": "charged", "reason": "after all"}`).has(unprocessable, "code", string(aftersales.WrongState))
	boss.get("/billing-findings").sees(http.StatusOK, "Leakage")
}

// A program of another branch neither sees nor decides what waits in this one.
func TestAnInboxIsOfItsBranch(t *testing.T) {
	t.Parallel()
	p, phone, job := disputed(t)
	update(t, phone, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		return tx.Update("job", job, record.Values{"title": record.Text("mine")})
	})
	repair(t, phone, job)
	p.asks("POST", "/jobs/"+job.String()+"/cancel", `{"reason": "sold"}`).has(http.StatusOK)
	sync(t, phone)
	p.asks("GET", "/refused-changes", "").has(http.StatusOK)
	refused := p.rows()[0]["id"].(string)
	p.asks("GET", "/conflicts", "").has(http.StatusOK)
	if len(p.rows()) == 0 {
		t.Fatal("there is no conflict")
	}
	conflict := p.rows()[0]["id"].(string)
	south := p.makes("/branches", `{"code": "S", "name": "South"}`)
	p.asks("POST", "/roles", `{"name": "Links"}`).has(http.StatusCreated)
	p.asks("PATCH", "/roles/Links", `{"may": ["manage_tokens"]}`).has(http.StatusOK)
	lin := p.hire("lin", "Lin", "Links")
	p.asks("GET", "/people/"+lin.String()+"/roles", "").
		asks("PUT", "/people/"+lin.String()+"/roles", fmt.Sprintf(`{"roles": ["Links", "manager@%s"]}`, south), "If-Match", p.tag).has(http.StatusOK)
	other := p.bureau.program(p.browser("lin"), "South", "see_inbox", "settle", "release")
	for _, list := range []string{"/refused-changes", "/conflicts"} {
		if other.asks("GET", list, "").has(http.StatusOK); len(other.rows()) != 0 {
			t.Errorf("%s shows %v", list, other.rows())
		}
	}
	other.asks("GET", "/refused-changes/"+refused, "").has(http.StatusNotFound)
	other.asks("POST", "/refused-changes/"+refused+"/release", "").has(http.StatusNotFound)
	other.asks("POST", "/conflicts/"+conflict+"/settle", `{"chosen": "1-1"}`, "If-Match", `"AA"`).has(http.StatusNotFound)
}

// Who releases what a phone wrote writes it: what is not his to write in the office he does not get in by a phone either, his own least of
// all.
func TestNobodyReleasesWhatHeMayNotWriteHimself(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", "manager")
	boss, manager := b.browser("boss"), b.browser("li")
	phone := b.phone(boss, li, "Li's phone")
	sync(t, phone)
	update(t, phone, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		return tx.Insert("webhook", record.ID{7}, record.Values{
			"list": record.Ref(aftersales.NamedID("webhooks")), "secret": record.Text("whsec_bWluZQ=="), "name": record.Text("Mine"), "url": record.Text("https://mine.example/"), "state": record.Text(aftersales.WebhookOn),
			"events.customer.created": record.Number(1), "person": record.Ref(li),
		})
	})
	sync(t, phone)
	path := manager.get("/refused").sees(http.StatusOK).find(`href="(/refused/[^"?]+)">`)
	manager.post(path, "verb", "release").sees(unprocessable, "This goes beyond what you may do yourself.")
	p := b.program(boss, "inbox", string(auth.SeeInbox), string(auth.Release))
	change := p.asks("GET", "/refused-changes", "").has(http.StatusOK).rows()[0]["id"].(string)
	p.asks("POST", "/refused-changes/"+change+"/release", "").has(http.StatusForbidden, "code", string(auth.BeyondOwn))
	if n := len(b.ids("SELECT id FROM webhook")); n != 0 {
		t.Fatal("the webhook is there")
	}
	manager.post(path, "verb", "dismiss", "reason", "No.").sees(http.StatusOK, "Dismissed.")
}
