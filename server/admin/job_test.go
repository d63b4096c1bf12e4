package admin_test

import (
	"net/http"
	"testing"

	"fieldsync/sync/record"
)

func (x *sample) url() string { return "/jobs/" + x.job.String() }

func (x *sample) get(column string) record.Value { return x.rows[key("job", x.job)].Get(column) }

func TestJobPageTellsTheWholeStory(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	x.visit(t, "li").get(x.url()).sees(http.StatusOK,
		"循环泵压力不足", "上海东方热力有限公司", "Pump P-7", "更换机械密封", // what it is
		"王强", "lead", // who has it
		"Cellar key is with the porter.", "Wang&#39;s phone", // who said what, from where
		"not knowing that", "<q>done</q>", "<q>cancelled</q>", // what is in dispute
		"Job cancelled", "Job completed", // what happened
	)
}

// The rule of the house: a form writes what its user changed, and nothing that he had not seen.
func TestAnEditNeverOverwritesWhatItDidNotShow(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "li").get(x.url() + "/edit").sees(http.StatusOK)
	seen, title := v.hidden("seen"), v.hidden("was.title")

	boss := x.visit(t, "boss").get(x.url() + "/edit")
	boss.post(x.url()+"/edit", "seen", boss.hidden("seen"), "title", "Pump hums", "was.title", title, "priority", "2", "was.priority", "1").
		sees(http.StatusOK, "Saved.")

	v.post(x.url()+"/edit", "seen", seen, "title", title, "was.title", title, "priority", "3", "was.priority", "1").
		sees(http.StatusOK, "Saved.", "While you were editing", "Anna Berg")
	if got := x.get("title").Text(); got != "Pump hums" {
		t.Errorf("the title that he left alone became %q", got)
	}
	if len(x.conflicts) != 2 { // the sample's, and the priority that both set
		t.Errorf("%d conflicts: the priority was overwritten unseen", len(x.conflicts))
	}
}

func TestEditKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "li").get(x.url() + "/edit")
	v.post(x.url()+"/edit", "seen", v.hidden("seen"), "title", "", "was.title", "old", "priority", "many", "was.priority", "1", "note", "kept words").
		sees(http.StatusUnprocessableEntity, "Some fields cannot be read", "This is needed.", "This cannot be read.",
			`value="many"`, "kept words", `aria-invalid="true"`)
	v.post(x.url()+"/edit", "seen", "!!", "title", "x").sees(http.StatusBadRequest, "damaged")
	v.post(x.url()+"/edit", "seen", "", "title", "same", "was.title", "same").sees(http.StatusOK, "Nothing was changed.")
}

func TestMakingAJob(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "li")
	v.post("/jobs", "description", "no title").sees(http.StatusUnprocessableEntity, "This is needed.", "no title")
	v.post("/jobs", "title", "Fan rattles", "plan_start", "2026-03-10T09:00", "plan_end", "2026-03-10T08:00").
		sees(http.StatusUnprocessableEntity, "Fan rattles")
	v.post("/jobs", "title", "Fan rattles", "plan_start", "2026-03-10T09:00", "plan_end", "2026-03-10T11:00").
		sees(http.StatusOK, "Fan rattles", "2026-03-10 09:00", "Now assign it")
}

func TestAssigningAndTakingBack(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "li")
	v.post("/jobs", "title", "Fan rattles")
	job := v.at.Path
	v.post(job+"/assign").sees(http.StatusUnprocessableEntity, "Choose who shall do the job.")
	v.post(job+"/assign", "person", x.wang.String(), "start", "2026-03-10T09:00").sees(http.StatusUnprocessableEntity, "The window needs")
	v.post(job+"/assign", "person", x.wang.String(), "role", "lead", "start", "2026-03-10T09:00", "end", "2026-03-10T11:00").
		sees(http.StatusOK, "Assigned.", "王强", "2026-03-10 09:00–11:00")
	v.post(job+"/assign", "person", x.wang.String()).sees(http.StatusUnprocessableEntity)

	assignment := v.get(job).hidden("assignment")
	v.post(job+"/reassign", "assignment", assignment, "person", x.chen.String()).sees(http.StatusUnprocessableEntity)
	v.post(job+"/reassign", "assignment", assignment, "person", x.chen.String(), "reason", "nearer").sees(http.StatusOK, "Reassigned.", "Chen Wei")
	v.post(job+"/unassign", "assignment", v.hidden("assignment"), "reason", "customer away").sees(http.StatusOK, "Taken back.")
	v.post(x.url()+"/unassign", "assignment", assignment, "reason", "of another job").sees(http.StatusBadRequest)
}

func TestCancellingNeedsAReasonAndReopeningHavingSeen(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "li")
	v.post("/jobs", "title", "Fan rattles")
	job := v.at.Path
	v.post(job+"/cancel", "reason", "  ").sees(http.StatusUnprocessableEntity, "Say why")
	v.post(job+"/cancel", "reason", "sold").sees(http.StatusOK, "Cancelled.", "sold")
	v.post(job+"/reopen", "reason", "bought back", "state", "done").sees(http.StatusUnprocessableEntity)
	v.post(job+"/reopen", "reason", "bought back", "state", "cancelled").sees(http.StatusOK, "Reopened.")
	v.post(job + "/close").sees(http.StatusUnprocessableEntity)
	v.post(job+"/cancel", "reason", "sold").post(job+"/close").sees(http.StatusOK, "Closed.")
}

func TestCommenting(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "li")
	v.post(x.url()+"/comments", "text", " \n ").sees(http.StatusUnprocessableEntity, "The comment is empty")
	v.post(x.url()+"/comments", "text", "one\r\ntwo").sees(http.StatusOK, "Added.", ">one</p>", ">two</p>")
	v.get("/jobs/"+x.wang.String()).sees(http.StatusNotFound, "There is no such job")
	v.get("/jobs/no-id").sees(http.StatusNotFound, "There is no such page")
}

func TestSettlingAConflict(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "li").get(x.url()).sees(http.StatusOK, "Nobody but a person can decide this", "<q>done</q>")
	form := []string{"conflict", v.hidden("conflict"), "over", v.hidden("over"), "chosen", v.hidden("over"), "to", x.url()}
	v.post("/conflicts/settle", form...).sees(http.StatusOK, "Settled. The technician").lacks("Nobody but a person can decide this")
	if len(x.settled) != 1 || x.settled[0].Chosen != x.settled[0].Over[0] || x.settled[0].Row != key("job", x.job) {
		t.Errorf("settled %+v", x.settled)
	}
	v.post("/conflicts/settle", form...).sees(http.StatusOK, "Somebody settled this before you")
	v.post("/conflicts/settle", "conflict", "1.2.3", "chosen", "1-1").sees(http.StatusBadRequest)
	v.post("/conflicts/settle", "conflict", form[1], "over", "9-9", "chosen", "8-8").sees(http.StatusBadRequest)
}

func TestDecidingARefusedChange(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	url := "/refused/" + dot(x)
	v := x.visit(t, "boss").get(url).sees(http.StatusOK, "Finding recorded", "Chen Wei", "Tablet 3", "Bearing worn", "went to a colleague")
	v.post(url, "verb", "dismiss").sees(http.StatusUnprocessableEntity, "Say why")
	v.post(url, "verb", "explode").sees(http.StatusUnprocessableEntity, "Choose what shall become")
	v.get(url).sees(http.StatusOK, "Bearing worn", "4120")
	meter := "cell.0.35."
	v.post(url, "verb", "release", meter, "4210").sees(http.StatusUnprocessableEntity, "You corrected something", `value="4210"`)
	v.post(url, "verb", "amend", meter, "forty", "reason", "typo").
		sees(http.StatusUnprocessableEntity, `value="forty"`, "Some fields cannot be read", `value="typo"`)
	v.post(url, "verb", "amend", meter, "4210", "cell.0.30.", "Bearing worn").sees(http.StatusOK, "Applied with your corrections")
	if len(x.decisions) != 1 || x.decisions[0].Rows[0].Cells[1].Value != record.Number(4210) {
		t.Fatalf("decided %+v", x.decisions)
	}
	v.post(url, "verb", "release").sees(http.StatusConflict, "This was decided already.")
	v.get("/refused/7-7").sees(http.StatusNotFound)
}

func TestDevices(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "boss").get("/devices").sees(http.StatusOK, "online", "silent", `data-label="clock">fast by 3 h 0 min`, "chip shut_out_for_good", "oldest unsent")
	v.post("/devices/codes", "person", x.chen.String()).sees(http.StatusOK, "Enrolment code for Chen Wei", "ACDE-FGHJ-KMNP")
	v.post("/devices/codes").sees(http.StatusUnprocessableEntity, "Choose the person")
	url := "/devices/" + x.phones[0].ID.String() + "/standing"
	v.post(url, "standing", "revoke").sees(http.StatusOK, "The device is shut out.")
	v.post(url, "standing", "hard", "shown", "1").sees(http.StatusConflict, "Somebody changed this before you")
	v.post(url, "standing", "admit", "shown", "2").sees(http.StatusOK, "let in again")
	v.post(url, "standing", "hard").sees(http.StatusOK, "for good")
	v.post(url, "standing", "wipe").sees(http.StatusUnprocessableEntity, "Say yes")
	v.post(url, "standing", "wipe", "sure", "yes").sees(http.StatusOK, "destroys what it holds", "to be wiped")
	v.post(url, "standing", "king").sees(http.StatusBadRequest)
	v.post("/devices/"+x.job.String()+"/standing", "standing", "admit").sees(http.StatusNotFound)
}

func TestEmptyPagesTeach(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s, web := office(t, w)
	w.hire(t, s.People(), "boss", "Anna Berg", "administrator")
	v := visit(t, web).signIn("boss")
	for path, lesson := range map[string]string{
		"/jobs": "Your jobs will stand here", "/conflicts": "both values stand here", "/refused": "Nothing is refused", "/devices": "No device is enrolled yet",
	} {
		v.get(path).sees(http.StatusOK, lesson)
	}
}
