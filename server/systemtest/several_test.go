package systemtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Several jobs are given to somebody at once: what there is to think twice about is said of each, and what is refused for
// one is listed and stops nothing of the others.
func TestSeveralJobsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	li := b.hire("li", "Li Na", auth.Technician)
	boss := b.browser("boss")
	one, _ := boss.makes("Pump hums", wang)
	boss.post("/jobs", "title", "Fan rattles").sees(http.StatusOK)
	two := strings.TrimPrefix(boss.at.Path, "/jobs/")
	over, path := boss.makes("Door <i>sticks</i>", wang)
	boss.post(path+"/cancel", "seen", boss.hidden("seen"), "reason", "sold").sees(http.StatusOK, "Cancelled.")

	boss.get("/jobs").sees(http.StatusOK, `formaction="/jobs/each/assign"`, `name="id" value="`+two+`"`)
	boss.post("/jobs/each/assign").sees(http.StatusUnprocessableEntity, "Nothing is chosen")
	boss.post("/jobs/each/assign", "id", "7").sees(http.StatusBadRequest)
	boss.post("/jobs/each/assign", "id", one.String(), "id", two, "id", over.String()).
		sees(http.StatusOK, "chosen: 3", "Pump hums", "Fan rattles", "<i>sticks</i>", "This cannot be done in its state.")
	form := []string{"id", one.String(), "id", two, "id", over.String(), "seen", boss.hidden("seen"), "go", "1", "person", "Li Na", "ref.person", li.String(), "role", "lead"}
	boss.post("/jobs/each/assign", append(form[:8:8], "go", "1", "person", "nobody at all")...).sees(http.StatusUnprocessableEntity, "Nothing of that name is known")
	boss.post("/jobs/each/assign", append(form[:8:8], "go", "1")...).sees(http.StatusUnprocessableEntity, "Choose a person or a group.")
	boss.post("/jobs/each/assign", form...).sees(http.StatusConflict, "There is something to think twice about", "王强 has it already.")
	boss.get("/jobs?person=" + li.String()).lacks("Fan rattles")
	boss.post("/jobs/each/assign", append(form, "sure", "1")...).sees(http.StatusOK, "Done: 1.", "Not done: 2.", "The job has a lead: reassign it, or add a helper")
	boss.get("/jobs?person="+li.String()).sees(http.StatusOK, "Fan rattles").lacks("sticks", "Pump hums")

	boss.post("/jobs/each/cancel", "id", one.String(), "id", two).sees(http.StatusOK)
	boss.post("/jobs/each/cancel", "id", one.String(), "id", two, "seen", boss.hidden("seen"), "go", "1", "reason", "").sees(http.StatusUnprocessableEntity, "This is needed.")
	boss.post("/jobs/each/cancel", "id", one.String(), "id", two, "seen", boss.hidden("seen"), "go", "1", "reason", "sold", "back", "/jobs?state=new").
		sees(http.StatusOK, "Done: 2.")
	if got := b.jobOnHub(one).State; got != aftersales.JobCancelled {
		t.Errorf("the job is %s", got)
	}
	b.hire("audit", "Otto", auth.Auditor)
	b.browser("audit").get("/jobs").sees(http.StatusOK).lacks("/jobs/each/assign")

	// What the filters leave is carried away by who may.
	boss.get("/jobs?state=cancelled").sees(http.StatusOK, "format=csv")
	boss.get("/jobs?state=cancelled&format=csv").sees(http.StatusOK, "Pump hums", "cancelled", "王强").lacks("The whole list")
	boss.get("/jobs?state=new&format=csv").sees(http.StatusOK).lacks("Pump hums")
	boss.get("/jobs?format=xlsx").sees(http.StatusOK, "PK")
	boss.get("/jobs?format=exe").sees(http.StatusBadRequest)
	b.hire("desk", "Mei Lin", "receptionist")
	desk := b.browser("desk")
	desk.get("/jobs").sees(http.StatusOK, "Pump hums").lacks("format=csv")
	desk.get("/jobs?format=csv").sees(http.StatusForbidden)
}

// Customers are put into a group and archived together.
func TestSeveralCustomersAtOnce(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	var form []string
	for _, name := range []string{"Nordwind", "晨星物流"} {
		v.post("/customers", "name", name).sees(http.StatusOK)
		form = append(form, "id", strings.TrimPrefix(v.at.Path, "/customers/"))
	}
	v.get("/customers").sees(http.StatusOK, "/customers/each/archive")
	v.post("/customers/each/archive", form...).sees(http.StatusOK, "Nordwind", "晨星物流")
	v.post("/customers/each/archive", append(form, "go", "1", "seen", v.hidden("seen"), "reason", "moved away", "back", "/customers")...).sees(http.StatusOK, "Done: 2.")
	v.post("/customers/each/archive", append(form, "go", "1", "reason", "again")...).sees(http.StatusOK, "Not done: 2.", "This cannot be done in its state.")
}

// Somebody saves a list as he sees it; an administrator does so for everybody.
func TestAViewIsSaved(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("li", "李娜", auth.Dispatcher)
	boss, li := b.browser("boss"), b.browser("li")
	li.get("/customers").sees(http.StatusOK, "Filter, sort and choose columns")
	li.get("/customers?city=&sort=-name&q=x&after=").sees(http.StatusOK, `name="query" value="q=x&sort=-name"`).lacks("For everybody")
	li.post("/views", "list", "/customers", "query", "sort=-name&q=x", "name", "My <b>x</b>").sees(http.StatusOK, "The view is saved.", "My <b>x</b>", `href="/customers?q=x&sort=-name" aria-current="page"`)
	boss.get("/customers").sees(http.StatusOK).lacks("My <b>x</b>")
	li.post("/views", "list", "/customers", "query", "q=y", "name", "All", "shared", "1").sees(http.StatusForbidden)
	boss.post("/views", "list", "/jobs", "query", "unassigned=1", "name", "Nobody's", "shared", "1").sees(http.StatusOK, "The view is saved.")
	li.get("/jobs").sees(http.StatusOK, "Nobody's", "/jobs?unassigned=1")
	li.post("/views/drop", "list", "/jobs", "name", "Nobody's", "shared", "1").sees(http.StatusForbidden)
	li.post("/views", "list", "/jobs", "query", "q=y", "name", "").sees(http.StatusUnprocessableEntity, "Give the view a name")
	li.post("/views", "list", "https://evil.example/", "query", "", "name", "x").sees(http.StatusBadRequest)
	li.post("/views/drop", "list", "/customers", "name", "My <b>x</b>").sees(http.StatusOK, "The view is forgotten.").lacks("My <b>x</b>")
	boss.post("/views/drop", "list", "/jobs", "name", "Nobody's", "shared", "1").sees(http.StatusOK).lacks("Nobody's")
}

// A notice that could not be sent says why, and is sent again when somebody asks.
func TestANoticeIsSentAgain(t *testing.T) {
	t.Parallel()
	crm := httptest.NewServer(http.NotFoundHandler())
	crm.Close()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	b.office(aftersales.CausePolicyPublish, func(tx aftersales.Tx) error {
		_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: aftersales.PolicyNotice, Body: aftersales.NoticePolicy{
			Attempts: 1, RetrySeconds: 60, Rules: []aftersales.NoticeRule{
				{Event: aftersales.NoticeAssigned, To: aftersales.ToAddress, Channel: aftersales.ChannelWebhook, Address: "crm"},
				{Event: aftersales.NoticeAssigned, To: aftersales.ToConcerned, Channel: aftersales.ChannelApp},
			},
		}})
		return err
	})
	boss := b.browser("boss")
	boss.get("/notices").sees(http.StatusOK, "What people, customers and programs are told will stand here")
	boss.makes("Pump hums", wang)
	boss.get("/notices?waiting=1").sees(http.StatusOK, "Pump hums", "waits")
	boss.get("/notices?channel=app").sees(http.StatusOK, "in the app")
	boss.get("/notices?channel=webhook").sees(http.StatusOK)
	path := boss.find(`<a href="(/notices/[0-9a-f-]{36})"`)
	id := strings.TrimPrefix(path, "/notices/")
	b.attempt(id, "crm answered 503 <busy>")
	boss.get("/notices").sees(http.StatusOK, "1 notices could not be sent")
	boss.get("/notices?given_up=1").sees(http.StatusOK, "given up", "crm answered 503 <busy>")
	boss.get(path).sees(http.StatusOK, "crm answered 503 <busy>", "Send it again")
	boss.get(path + "/retry").sees(http.StatusOK)
	boss.post(path+"/retry", "seen", boss.hidden("seen")).sees(http.StatusOK, "It is sent again at once.")
	boss.get("/notices?failed=1").sees(http.StatusOK, "failed, tried again")
	boss.get("/notices?given_up=1").sees(http.StatusOK, "Nothing matches.")
	boss.post("/notices/each/retry", "id", id, "go", "1").sees(http.StatusOK, "Done: 1.")
	b.hire("desk", "Mei Lin", "receptionist")
	b.browser("desk").get("/notices").sees(http.StatusForbidden)
}

// attempt writes down that the notice could not be sent.
func (b *bureau) attempt(id, why string) {
	b.t.Helper()
	notice, err := record.ParseID(id)
	if err != nil {
		b.t.Fatal(err)
	}
	b.office(aftersales.CauseNoticeSend, func(tx aftersales.Tx) error {
		return aftersales.RecordAttempt(tx, aftersales.AttemptInput{Notice: notice, Detail: why})
	})
}

// People and devices are searched, and carried away by who may; nobody overwrites an extension that he had not seen.
func TestPeopleAndDevicesAreSearchedAndExported(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "李娜 <b>Na", auth.Technician)
	boss := b.browser("boss")
	boss.get("/people").sees(http.StatusOK, "Anna Berg", "李娜 <b>Na", "format=csv")
	boss.get("/people?q=technician").sees(http.StatusOK, "李娜 <b>Na")
	boss.get("/people?q=nobody").sees(http.StatusOK).lacks("李娜")
	boss.get("/people?q=li&format=csv").sees(http.StatusOK, "李娜").lacks("Anna Berg")
	boss.get("/devices?q=nobody").sees(http.StatusOK)
	boss.get("/devices?format=csv").sees(http.StatusOK, "oldest unsent")
	boss.get("/devices?format=xlsx").sees(http.StatusOK, "PK")

	seen := boss.get("/people").find(`/people/` + li.String() + `/extension"><input type="hidden" name="seen" value="([^"]+)"`)
	boss.post("/people/"+li.String()+"/extension", "seen", seen, "extension", "21").sees(http.StatusOK)
	boss.post("/people/"+li.String()+"/extension", "seen", seen, "extension", "22").sees(http.StatusOK)
	boss.get("/people/"+li.String()).sees(http.StatusOK, "21", "22")
}
