package systemtest

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
)

func TestAPolicyIsFollowedByANewVersionAndNeverEdited(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.get("/policies").sees(http.StatusOK, "warranty", "working calendar", "from the beginning")
	v.get("/policies/nothing").sees(http.StatusNotFound)
	v.get("/policies/warranty").sees(http.StatusOK, "in force", "From sale, card back in 20 days")
	v.get("/policies/intake/new?from=&branch=").sees(http.StatusOK, `name="p.country" value="CN"`)
	v.post("/policies/intake", "p.blacklist", "shout", "p.country", "TW").sees(http.StatusUnprocessableEntity, "reason to warn or to stop")
	v.post("/policies/intake", "p.blacklist", "warn", "p.country", "TW", "note", "at home <b>").
		sees(http.StatusOK, "Published.", "Version 2", "at home <b>", "past")
	v.get("/policies/intake/new?from=&branch=").sees(http.StatusOK, `name="p.country" value="TW"`)
}

func TestAChecklistIsMadeOfAReadyMadeOneAndRevised(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.post("/checklists", "template", "install_quality").sees(http.StatusOK, "The checklist is made.", "Installation quality", "in force", "0 … 100 %")
	path := v.at.Path
	v.get(path+"/questions").sees(http.StatusOK, "Publish this version", `value="team_check"`)
	v.post(path+"/questions", "q.0.key", "ok", "q.0.kind", "number", "q.0.label.en", "Pressure", "q.0.minimum", "much").sees(http.StatusUnprocessableEntity, "A limit is a number", "Pressure")
	v.post(path+"/questions", "q.0.key", "ok", "q.0.kind", "number", "q.0.label.en", "Pressure <i>", "q.0.required", "always", "q.0.minimum", "0.5", "q.0.maximum", "2.5", "q.0.unit", "bar", "q.1.key", "").
		sees(http.StatusOK, "Revised.", "Version 2", "Pressure <i>", "0.5 … 2.5 bar", "The team has checked its own work")
}

// Two people revise one checklist, or publish one policy, at a time: the second is told that the first was there, and what
// he typed stays.
func TestNobodyUndoesAVersionThatHeHadNotSeen(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("deputy", "陈梅", auth.Administrator)
	boss, deputy := b.browser("boss"), b.browser("deputy")
	boss.post("/checklists", "template", "install_quality").sees(http.StatusOK, "The checklist is made.")
	for form, typed := range map[string][]string{
		boss.at.Path + "/questions":          {"q.0.key", "ok", "q.0.kind", "yes_no", "q.0.label.en", "Is it tight?"},
		"/policies/intake/new?from=&branch=": {"p.blacklist", "warn", "p.country", "TW"},
	} {
		to := strings.TrimSuffix(strings.TrimSuffix(form, "?from=&branch="), "/new")
		deputy.get(form).sees(http.StatusOK, `name="seen" value="1"`)
		boss.post(to, append(typed, "seen", "1")...).sees(http.StatusOK, "Version 2")
		deputy.post(to, append(typed, "seen", "1")...).sees(http.StatusUnprocessableEntity, "published a version meanwhile", typed[len(typed)-1], `name="seen" value="1"`)
		deputy.get(form).sees(http.StatusOK, `name="seen" value="2"`)
		deputy.post(to, append(typed, "seen", "2")...).sees(http.StatusOK, "Version 3")
	}
}

func TestKnowledgeIsWrittenDownTidiedUpAndJoined(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.post("/knowledge", "title", "Pump noisy", "solution", "").sees(http.StatusUnprocessableEntity, "This is needed.")
	v.post("/knowledge", "title", "水泵噪音", "symptom", "噪音大", "solution", "更换轴承").sees(http.StatusOK, "Written down.", "更换轴承")
	first := v.at.Path
	v.post("/knowledge", "title", "Noise in the pump", "solution", "Replace the bearing").sees(http.StatusOK)
	v.deed(v.at.Path, "join", "same_as", "水泵噪音").sees(http.StatusOK, "Joined.")
	v.deed(first, "retire").sees(http.StatusOK, "Retired.")
	v.get("/knowledge?q=%E5%99%AA%E9%9F%B3").sees(http.StatusOK, "水泵噪音", "retired").lacks("Noise in the pump")
	v.post("/documents", "kind", "manual", "title.en", "Service manual", "text", "Open the valve.").sees(http.StatusOK, "The document is in the library.", "Open the valve.")
	v.deed(v.at.Path, "revise", "kind", "manual", "title.en", "Service manual 2", "text", "Close the valve.").sees(http.StatusOK, "The new edition is in")
	v.get("/documents").sees(http.StatusOK, "Service manual 2")
}

func TestSettingsCodesFieldsAndNumbers(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	v.get("/settings/release_days").sees(http.StatusOK, "</form>")
	v.post("/settings/release_days", "value", "soon").sees(http.StatusUnprocessableEntity, "A number is needed")
	v.post("/settings/release_days", "seen", "", "value", "14").sees(http.StatusOK, "Set.", "14")
	v.get("/settings/nothing").sees(http.StatusNotFound)
	v.post("/numbers/J", "pattern", "no number").sees(http.StatusUnprocessableEntity, "once")
	v.post("/numbers/J", "pattern", "W/{number}").sees(http.StatusOK, "W/{number}")
	v.post("/codes", "list", "fault", "code", "frozen", "label.en", "Frozen", "label.zh-Hans", "结冰").sees(http.StatusOK, "The code is in its list.", "Frozen")
	v.deed(v.at.Path, "retire").sees(http.StatusOK, "Retired.")
	v.post("/fields", "table_name", "unit", "field", "engine_no", "label.en", "Engine number", "kind", "text").sees(http.StatusOK, "The field is on its forms.")
	v.get("/assets/new").sees(http.StatusOK, "Engine number")
	v.get("/branches").sees(http.StatusOK, "North")
	if !strings.Contains(v.body, "TWD") {
		t.Error("the branch's currency is not shown")
	}
}

// The slip's template is a form with the slip beside it: what one types is shown before it is kept, the logo is a picture
// made anew, and both stand on the slips.
func TestTheSlipsTemplateHasALogoAndIsShown(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	const page = "/slip-template"
	boss.get(page).sees(http.StatusOK, "How it looks", "Quayside Hotel", "To pay").lacks("/slip-logo?v=")
	seen := boss.hidden("seen")
	typed := []string{"seen", seen, "slip_title", "Work <b>report</b>", "slip_foot", "Thank you.", "slip_costs", "0"}
	boss.post(page, append(typed, "paper", "80")...).sees(http.StatusOK, "Work <b>report</b></h1>", "Thank you.", "paper p80").lacks("To pay", "<h1>Service slip<")
	boss.get(page).sees(http.StatusOK).lacks("Thank you.") // shown is not kept
	boss.post(page, append(typed, "do", "save", "slip_order", "everything")...).sees(http.StatusUnprocessableEntity, "The sections of a slip are these", "Thank you.")
	boss.post(page, append(typed, "do", "save")...).sees(http.StatusOK, "Saved.", "Thank you.").lacks("To pay")
	if strings.Contains(boss.source, "<b>report") {
		t.Error("the title writes into the page")
	}

	boss.sendsForm("/slip-logo", "logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)).sees(http.StatusUnprocessableEntity, "This is no picture")
	boss.sendsForm("/slip-logo", "logo.png", drawn(t)).sees(http.StatusOK, "The logo stands on every slip.")
	logo := boss.find(`src="(/slip-logo\?v=[0-9a-f]+)"`)
	if boss.get(logo).sees(http.StatusOK); boss.header.Get("Content-Type") != "image/jpeg" || boss.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", boss.header)
	}
	b.hire("guest", "Guest", auth.Auditor)
	b.browser("guest").get(page).sees(http.StatusForbidden)
	boss.sendsForm("/slip-logo", "", nil, "remove", "1").sees(http.StatusOK, "The logo is off the slips.").lacks("/slip-logo?v=")
}

// drawn is a picture that somebody drew, as a PNG.
func drawn(t *testing.T) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 640, 200))); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
