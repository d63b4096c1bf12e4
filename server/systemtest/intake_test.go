package systemtest

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"

	"github.com/chromedp/chromedp"
)

// A call is taken without a script: look, choose, look again, save.
func TestACallIsTaken(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.get("/intake?number=%2B86+21+5555+0101").sees(http.StatusOK, "Who is calling", `value="+86 21 5555 0101"`)
	draft := v.hidden("draft")

	// Somebody new, with a machine that is not known: all of it is made in one go.
	form := []string{
		"draft", draft, "q", "+86 21 5555 0101", "party", "new", "name", "上海东方热力", "city", "上海", "address", "人民路 1 号",
		"caller", "王丽", "unit", "new", "serial", "DT9-20417", "title", "循环泵噪音很大", "channel", "phone", "severity", "1",
	}
	v.post("/intake", form...).sees(http.StatusOK, "循环泵噪音很大").lacks("The request is made")
	v.post("/intake", append(form, "do", "open")...).sees(http.StatusOK, "The request is made.", "循环泵噪音很大", "上海东方热力", "DT9-20417", "王丽", "Calls")
	request := v.at.Path
	if request != "/requests/"+draft {
		t.Errorf("the request is at %s", request)
	}
	v.post("/intake", append(form, "do", "open")...).sees(http.StatusOK, "This was saved already.")
	v.get("/requests?q=%E5%BE%AA%E7%8E%AF%E6%B3%B5").sees(http.StatusOK, "1 shown of 1")

	// He calls again: his number pops him, with his machine and what he asked for; a second of him is not made by accident.
	v.get("/intake?number=%2B862155550101").sees(http.StatusOK, "上海东方热力", "DT9-20417", "循环泵噪音很大", "Before")
	v.get("/intake?q=dt9-20417").sees(http.StatusOK, "Warranty and entitlement", "Neither sale, installation nor acceptance is known")
	v.get("/intake?q=nobody+at+all").sees(http.StatusOK, "Nobody is known by this.")
	v.post("/intake", "draft", newDraft(), "q", "东方", "title", "x", "do", "open").
		sees(http.StatusUnprocessableEntity, "Choose who is calling, or say that it is somebody new.")
	v.post("/intake", "draft", newDraft(), "party", "new", "name", "东方热力（上海）", "phone", "+86 21 5555 0101", "look", "1").
		sees(http.StatusOK, "probably the same:", "same telephone")
	v.post("/intake", "draft", newDraft(), "q", "x", "title", "", "do", "solved").
		sees(http.StatusUnprocessableEntity, "This is needed.", "Say what helped")
	v.post("/intake", "draft", "nonsense", "title", "x", "name", "N", "do", "open").sees(http.StatusUnprocessableEntity, "too long or damaged")
	v.post("/intake", "draft", newDraft(), "title", "x", "name", "N", "do", "fly").sees(http.StatusBadRequest)
}

// What becomes of a call: solved on the phone, a job on site, the depot's queue, an escalation.
func TestWhatBecomesOfACall(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	party := b.party("Harbour Cold Store", "+886255501177")
	b.office("solution", func(tx aftersales.Tx) error {
		_, err := aftersales.PutSolution(tx, aftersales.SolutionInput{Title: "风扇噪音", Symptom: "运转时噪音很大", Solution: "清洁风扇，紧固护罩"})
		return err
	})
	take := func(pairs ...string) *browser {
		t.Helper()
		return v.post("/intake", append([]string{"draft", newDraft(), "party", party.String(), "title", "冷凝风扇噪音 <b>"}, pairs...)...)
	}
	take("look", "1").sees(http.StatusOK, "清洁风扇", "Use this", "冷凝风扇噪音 <b>")
	take("use", v.find(`name="use" value="([^"]+)"`)).sees(http.StatusOK, "清洁风扇，紧固护罩</textarea>")
	take("solution", "清洁风扇", "do", "solved").sees(http.StatusOK, "Solved on the phone. The request is closed.", "清洁风扇")
	take("do", "job").sees(http.StatusOK, "Now assign it.", "冷凝风扇噪音 <b>")
	take("do", "depot").sees(http.StatusUnprocessableEntity, `id="p-reason"`)
	take("do", "depot", "reason", "needs the bench", "intake", "carry_in").sees(http.StatusOK, "in the depot's queue", "brought in")
	take("do", "escalate", "reason", "he is angry").sees(http.StatusOK, "The request is escalated.", "escalated, times: 1")

	b.office("blacklist", func(tx aftersales.Tx) error { return aftersales.Blacklist(tx, party, "never pays") })
	take("look", "1").sees(http.StatusOK, "Blacklisted: never pays")
}

// A request goes from hand to hand, waits, is escalated, solved and reopened; each refusal stands on its page.
func TestARequestGoesItsWay(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "李娜", auth.Technician)
	v := b.browser("boss")
	party := b.party("远东食品", "+886355501340")
	v.post("/intake", "draft", newDraft(), "party", party.String(), "title", "包装机卡纸", "do", "open").sees(http.StatusOK)
	path := v.at.Path
	do := func(action string, pairs ...string) *browser {
		t.Helper()
		v.get(path)
		return v.post(path+"/"+action, append([]string{"seen", v.hidden("seen")}, pairs...)...)
	}
	v.get(path).sees(http.StatusOK, "Held by:", "What was promised", "Warranty and entitlement", "No machine is named")
	do("hand", "holder", "person:"+li.String()).sees(http.StatusOK, "Handed on.", "<b>李娜</b>")
	do("hand", "holder", "person:nonsense").sees(http.StatusBadRequest)
	do("answer").sees(http.StatusOK, "The first response is noted.").lacks("The customer was answered")
	do("wait", "wait", "nothing").sees(http.StatusUnprocessableEntity, `role="alert"`)
	v.get(path)
	do("wait", "wait", v.find(`<select id="wait"[^>]*><option value="">—</option><option value="([^"]+)"`)).sees(http.StatusOK, "It waits.", "waits:")
	do("wait", "edge", "stop").sees(http.StatusOK, "It waits no longer.").lacks("waits:")
	do("move", "to", "escalated", "reason", "").sees(http.StatusUnprocessableEntity, `role="alert"`)
	do("move", "to", "escalated", "reason", "third time").sees(http.StatusOK, "escalated, times: 1")
	do("move", "to", "cancelled", "reason", "x").sees(http.StatusBadRequest)
	do("calls", "direction", "out", "caller", "陈建国", "note", "said to wait").sees(http.StatusOK, "The call is in the register.", "said to wait")
	do("solve", "solution", "").sees(http.StatusUnprocessableEntity, `role="alert"`)
	do("solve", "solution", "cleaned the sensor").sees(http.StatusOK, "Solved and closed.", "cleaned the sensor")
	do("reopen", "state", "closed", "reason", "it came back").sees(http.StatusOK, "Reopened.")
	do("job").sees(http.StatusOK, "Now assign it.", "包装机卡纸")
	v.get(path).sees(http.StatusOK, "In the hands of job")
	do("cancel", "reason", "x").sees(http.StatusUnprocessableEntity, `role="alert"`)
	v.get(path+"/edit").sees(http.StatusOK, "Edit request")
	v.get("/requests?state=on_site&format=csv").sees(http.StatusOK, "包装机卡纸")
	v.get("/").sees(http.StatusOK, "Jobs that nobody has", "包装机卡纸", "Nothing to do about:")
}

// A technician without a phone calls in: the office writes down what he did, in his name, and a promised report keeps the request open.
func TestTheOfficeWritesDownWhatATechnicianReports(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	v := b.browser("boss")
	job, path := v.makes("Pump <b>leaks", wang)
	v.get(path).sees(http.StatusOK, "王强 reports that he is done")
	finish := []string{"seen", v.hidden("seen"), "person", wang.String()}
	v.post(path+"/finish", append(finish, "outcome", "follow_up")...).sees(http.StatusUnprocessableEntity, `role="alert"`)
	v.post(path+"/finish", "seen", v.hidden("seen"), "person", "nobody").sees(http.StatusBadRequest)
	v.get(path)
	v.post(path+"/finish", append(finish[2:], "seen", v.hidden("seen"), "outcome", "fixed", "solution", "new seal", "fault_code", "leak")...).
		sees(http.StatusOK, "Written down. His visit is over.", "new seal", "Leak").lacks("reports that he is done")
	b.office("his", func(tx aftersales.Tx) error {
		visits, err := aftersales.Visits(tx, job)
		if len(visits) != 1 || visits[0].Person != wang || visits[0].State != aftersales.VisitCompleted {
			t.Errorf("his visits are %+v", visits)
		}
		return err
	})
}

// Whose customer calls, and where he is written to, stands beside him.
func TestTheSalesmanOfWhoCallsIsKnown(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("lin", "林业务", auth.Dispatcher)
	v := b.browser("boss")
	v.makesOne("/customers", []string{"name", "Harbour Cold Store", "email", "hall@harbour.example", "salesman", "林业务"})
	v.sees(http.StatusOK, "salesman", "林业务")
	v.get("/intake?party="+strings.TrimPrefix(v.at.Path, "/customers/")).sees(http.StatusOK, "hall@harbour.example", "林业务")
}

// A promised plan is noted on the request's page when the customer has it, once.
func TestAPlanIsPromisedAndGiven(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.office("policy", func(tx aftersales.Tx) error {
		_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: aftersales.PolicySLA, Body: aftersales.SLAPolicy{
			Promises: []aftersales.Promise{{Target: aftersales.EventPlan, Minutes: 60}},
		}})
		return err
	})
	v := b.browser("boss")
	v.post("/intake", "draft", newDraft(), "party", b.party("远东食品", "+886355501340").String(), "title", "包装机卡纸", "do", "open").sees(http.StatusOK)
	path := v.at.Path
	v.get(path).sees(http.StatusOK, "The plan was given", "Plan within 1 h after").lacks("The report was given")
	v.post(path+"/wait", "seen", v.hidden("seen"), "edge", "stop", "wait", "plan", "note", "a <b>new</b> feeder").
		sees(http.StatusOK, "Noted: the customer has it.", "a <b>new</b> feeder").lacks("The plan was given")
	v.post(path+"/wait", "seen", v.hidden("seen"), "edge", "stop", "wait", "plan").sees(http.StatusUnprocessableEntity, `role="alert"`)
}

// The screen finds the customer as one types, and Ctrl Enter makes the job.
func TestIntakeInARealBrowser(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	party := b.party("Harbour Cold Store", "+886255501177")
	var unit record.ID
	b.office("unit", func(tx aftersales.Tx) (err error) {
		unit, err = aftersales.CreateUnit(tx, aftersales.UnitInput{Party: party, Name: "Chiller C-3", Serial: "C3-88120"})
		return err
	})
	s := b.open()
	s.visit("/intake")
	s.do(chromedp.SendKeys("#q", "Harbour"))
	s.holds("he is found while one types", `document.querySelector('[name=party][value="`+party.String()+`"]') !== null`)
	s.do(chromedp.Click(`[name=party][value="`+party.String()+`"]`), chromedp.WaitVisible(`[name=unit][value="`+unit.String()+`"]`))
	s.holds("what is known stands beside", `document.getElementById("in-known").textContent.includes("Harbour Cold Store")`)
	s.do(chromedp.Click(`[name=unit][value="` + unit.String() + `"]`))
	s.holds("his rights too", `document.querySelector("#in-known #entitlement") !== null`)
	s.do(chromedp.SendKeys("#title", "Compressor trips"))
	s.holds("what was typed stays", `document.querySelector("#title").value === "Compressor trips"`)
	s.do(chromedp.SendKeys("#title", "\r"))
	s.holds("Enter looks, and saves nothing", `location.pathname === "/intake" && document.querySelector("[data-look]").dataset.looked !== undefined`)
	s.do(chromedp.Focus("#title"), chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	s.holds("Ctrl Enter makes the job", `location.pathname.startsWith("/jobs/") && document.body.textContent.includes("Compressor trips")`)
	s.do(chromedp.EmulateViewport(390, 844))
	s.fits("/", "/intake", "/intake?number=%2B886255501177", "/requests", "/discrepancies", "/billing-findings")
}

// party makes a customer in the office.
func (b *bureau) party(name, phone string) (id record.ID) {
	b.t.Helper()
	b.office("party", func(tx aftersales.Tx) (err error) {
		id, err = aftersales.CreateParty(tx, aftersales.PartyInput{Name: name, Phone: phone})
		return err
	})
	return id
}

// newDraft is the id of a request that a page begins.
func newDraft() string {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return record.NewID(time.Now().UnixMilli(), random).String()
}
