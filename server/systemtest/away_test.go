package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
)

// A job and a request that are over are put away by who may, with a reason; lists show them no longer unless they are asked
// for the archive, and nobody takes them up again before they are back.
func TestJobsAndRequestsArePutAwayByWhoMay(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("lead", "Li Na", auth.Manager)
	b.hire("desk", "Mei Lin", auth.Dispatcher)
	wang := b.hire("wang", "Wang", auth.Technician)
	lead, desk := b.browser("lead"), b.browser("desk")
	_, job := lead.makes("Fan rattles", wang)
	p := b.program(b.browser("boss"), "ERP", everything()...)
	request := "/requests/" + p.makes("/requests", `{"title": "Boiler drips"}`)

	for _, path := range []string{job, request} {
		list := path[:len(path)-37]
		lead.get(path).sees(http.StatusOK).lacks("/archive")
		lead.post(path+"/archive", "seen", lead.hidden("seen"), "reason", "a test").sees(http.StatusUnprocessableEntity, "It is not over yet")
		lead.get(path)
		lead.post(path+"/cancel", "seen", lead.hidden("seen"), "reason", "made by mistake").sees(http.StatusOK)
		desk.get(path).sees(http.StatusOK).lacks("/archive")
		desk.post(path+"/archive", "seen", desk.hidden("seen"), "reason", "a test").sees(http.StatusForbidden)
		lead.get(path).sees(http.StatusOK, path+"/archive")
		lead.post(path+"/archive", "seen", lead.hidden("seen"), "reason", "").sees(http.StatusUnprocessableEntity)
		lead.post(path+"/archive", "seen", lead.hidden("seen"), "reason", "a test").sees(http.StatusOK, "Archived.", "a test", path+"/unarchive")
		seen := lead.hidden("seen")
		lead.post(path+"/reopen", "seen", seen, "state", "cancelled", "reason", "after all").sees(http.StatusUnprocessableEntity, "bring it back first")
		lead.get(list).sees(http.StatusOK).lacks(path)
		lead.get(list+"?archived=1").sees(http.StatusOK, path)
		desk.post(path+"/unarchive", "seen", seen).sees(http.StatusForbidden)
		lead.get(path)
		lead.post(path+"/unarchive", "seen", lead.hidden("seen")).sees(http.StatusOK, "It is back.")
		lead.get(list).sees(http.StatusOK, path)
		p.asks("POST", path+"/archive", `{"reason": "old"}`).has(http.StatusOK, "archived_reason", "old")
		p.asks("GET", path, "").asks("POST", path+"/unarchive", "", "If-Match", p.tag).has(http.StatusOK, "archived_at", nil)
	}
}

// What was said about a job is corrected and taken back by who may: pages and phones show the last word, the history all.
func TestACommentIsCorrectedAndTakenBackByWhoMay(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("lead", "Li Na", auth.Manager)
	b.hire("desk", "Mei Lin", auth.Dispatcher)
	b.hire("clerk", "Ole", "parts_clerk")
	wang := b.hire("wang", "Wang", auth.Technician)
	boss, lead, desk, clerk := b.browser("boss"), b.browser("lead"), b.browser("desk"), b.browser("clerk")
	phone := b.phone(boss, wang, "Wang's phone")
	job, path := boss.makes("Fan rattles", wang)
	sync(t, phone)
	lead.get(path)
	lead.post(path+"/comments", "seen", lead.hidden("seen"), "text", "The customer <b>pays</b> nothing").sees(http.StatusOK, "The customer <b>pays</b> nothing")
	comment := lead.find(`name="comment" value="([0-9a-f-]{36})"`)

	clerk.get(path).sees(http.StatusOK, "pays").lacks("/comments/correct", "/comments/take-back")
	clerk.post(path+"/comments/correct", "comment", comment, "corrected", "x").sees(http.StatusForbidden)
	desk.get(path).sees(http.StatusOK, "/comments/correct").lacks("/comments/take-back")
	desk.post(path+"/comments/take-back", "comment", comment, "reason", "x").sees(http.StatusForbidden)
	desk.get(path)
	desk.post(path+"/comments/correct", "seen", desk.hidden("seen"), "comment", comment, "corrected", " ").sees(http.StatusUnprocessableEntity)
	desk.get(path)
	desk.post(path+"/comments/correct", "seen", desk.hidden("seen"), "comment", comment, "corrected", "The customer pays half").
		sees(http.StatusOK, "Corrected.", "The customer pays half")
	lead.post(path+"/comments/take-back", "seen", lead.hidden("seen"), "comment", comment, "reason", "late").sees(http.StatusUnprocessableEntity, "corrected this comment already")
	sync(t, phone)
	said := func() []string {
		t.Helper()
		view, err := phone.Jobs().Get(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		about, err := phone.Comments().About(t.Context(), aftersales.Row{Table: "job", ID: job})
		if err != nil || len(about) != len(view.Comments) {
			t.Errorf("the job has %d comments, and about it are %d (%v)", len(view.Comments), len(about), err)
		}
		for _, c := range view.Comments {
			texts = append(texts, c.Text)
		}
		return texts
	}
	if got := said(); len(got) != 1 || got[0] != "The customer pays half" {
		t.Errorf("the phone shows %q", got)
	}
	lead.get(path)
	next := lead.find(`name="comment" value="([0-9a-f-]{36})"`)
	lead.post(path+"/comments/take-back", "seen", lead.hidden("seen"), "comment", next, "reason", "").sees(http.StatusUnprocessableEntity)
	lead.get(path)
	lead.post(path+"/comments/take-back", "seen", lead.hidden("seen"), "comment", next, "reason", "another customer's").
		sees(http.StatusOK, "Taken back.", "Nobody has said anything yet.")
	sync(t, phone)
	if got := said(); len(got) != 0 {
		t.Errorf("the phone shows %q", got)
	}
	boss.get("/search?q=pays").sees(http.StatusOK).lacks("pays half")

	p := b.program(boss, "ERP", everything()...)
	p.asks("POST", "/jobs/"+job.String()+"/comment", `{"text": "by the ERP"}`).has(http.StatusOK)
	id := b.ids("SELECT id FROM comment WHERE text = 'by the ERP'")[0].String()
	p.asks("POST", "/comments/"+id+"/correct", `{}`).refuses(http.StatusUnprocessableEntity, "invalid_value", "text")
	p.asks("POST", "/comments/"+id+"/correct", `{"text": "by our ERP"}`).has(http.StatusOK)
	p.asks("POST", "/comments/"+id+"/take-back", `{"reason": "x"}`).has(http.StatusUnprocessableEntity, "code", "already_replaced")
	boss.get(path).sees(http.StatusOK, "by our ERP")
	later := b.ids("SELECT id FROM comment WHERE text = 'by our ERP'")[0].String()
	p.asks("POST", "/comments/"+later+"/take-back", `{"reason": "meant for another job"}`).has(http.StatusOK)
	boss.get(path).sees(http.StatusOK, "Nobody has said anything yet.")
}
