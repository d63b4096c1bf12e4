package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
)

// Two windows stand open on the same row, and both are saved: of each kind of form.

// form is one that two windows edit: what both write, what only the first one to save writes, and what only the later one does.
type form struct {
	path              string
	both, early, late string
	earlyIs, lateIs   string // "" for "early" and "late"
}

func TestTwoWindowsOnOneRowLoseNothing(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	p.hire("li", "Li Na", auth.Administrator)
	wang := p.hire("wang", "Wang", auth.Technician).String()
	colleague := p.browser("li")
	customer := p.makes("/customers", `{"name": "Nordwind"}`)
	model := p.makes("/models", `{"code": "KX-90"}`)
	machine := p.makes("/machines", `{"name": "KX", "serial": "WF-1", "party": %q, "product": %q}`, customer, model)
	part := p.makes("/parts", `{"code": "S-1"}`)
	job := p.makes("/jobs", `{"title": "Leaks", "party": %q}`, customer)
	request := p.makes("/requests", `{"title": "Cold", "party": %q}`, customer)
	contact := p.makes("/contacts", `{"party": %q, "name": "Chen"}`, customer)
	site := p.makes("/sites", `{"party": %q, "name": "Pier", "address": "Pier 1"}`, customer)
	store := p.makes("/locations", `{"name": "Store", "kind": "central"}`)
	branch := p.makes("/branches", `{"code": "S", "name": "South"}`)
	solution := p.makes("/solutions", `{"title": "Noise", "solution": "Tighten it."}`)
	contract := p.makes("/contracts", `{"party": %q, "starts_on": "2026-01-01", "ends_on": "2030-12-31", "machines": [%q]}`, customer, machine)
	group := p.makes("/groups", `{"name": "Cranes"}`)
	for _, f := range []form{
		{path: "/requests/" + request, both: "title", early: "note", late: "description"},
		{path: "/jobs/" + job, both: "title", early: "note", late: "description"},
		{path: "/customers/" + customer, both: "name", early: "note", late: "city"},
		{path: "/assets/" + machine, both: "name", early: "note", late: "serial"},
		{path: "/products/" + model, both: "name.en", early: "note", late: "code"},
		{path: "/parts/" + part, both: "name.en", early: "note", late: "code"},
		{path: "/people/" + wang, both: "note", early: "email", earlyIs: "early@example.com", late: "phone", lateIs: "+49 431 5550100"},
		{path: "/contacts/" + contact, both: "name", early: "note", late: "email", lateIs: "late@example.com"},
		{path: "/sites/" + site, both: "name", early: "note", late: "address"},
		{path: "/locations/" + store, both: "name", early: "note", late: "code"},
		{path: "/branches/" + branch, both: "name", early: "address", late: "code"},
		{path: "/knowledge/" + solution, both: "title", early: "symptom", late: "solution"},
		{path: "/contracts/" + contract, both: "note"},
		{path: "/groups/" + group, both: "name", early: "note"},
	} {
		boss.bothSave(colleague, p.bureau, f)
	}
}

// bothSave opens the form in two windows, saves the colleague's and then the visitor's own, who is shown what came between.
func (v *browser) bothSave(colleague *browser, b *bureau, f form) {
	v.t.Helper()
	or := func(is, usual string) string {
		if is == "" {
			return usual
		}
		return is
	}
	own, others := []string{f.both, "mine <b>at last"}, []string{f.both, "theirs <b>before"}
	shown := []string{"Saved.", "While you were editing", "theirs <b>before", "mine <b>at last"}
	if f.early != "" {
		others = append(others, f.early, or(f.earlyIs, "early"))
		shown = append(shown, or(f.earlyIs, "early"))
	}
	if f.late != "" {
		own = append(own, f.late, or(f.lateIs, "late"))
	}
	before := b.conflicts()
	v.get(f.path + "/edit")
	colleague.get(f.path+"/edit").fills(f.path+"/edit", others...).sees(http.StatusOK, "Saved.").lacks("While you were editing")
	v.fills(f.path+"/edit", own...).sees(http.StatusOK, shown...)
	if n := b.conflicts(); n != before+1 {
		v.t.Errorf("%s: %d conflicts, want one for %s", f.path, n-before, f.both)
	}
	// Both fields that only one of them wrote stand as he wrote them.
	v.get(f.path + "/edit")
	for field, want := range map[string]string{f.early: or(f.earlyIs, "early"), f.late: or(f.lateIs, "late")} {
		if field == "" {
			continue
		}
		if got := v.value(field); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			v.t.Errorf("%s: %s is %q, want %q", f.path, field, got, want)
		}
	}
}

// value is what a field of the page's form holds.
func (v *browser) value(field string) string {
	v.t.Helper()
	return v.find(`name="was.` + field + `" value="([^"]*)"`)
}

// What is no row with fields apart is not overwritten either: whoever sends it is shown what stands there by now.
func TestTwoWindowsOnOneSettingLoseNothing(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	p.hire("li", "Li Na", auth.Administrator)
	colleague := p.browser("li")
	holds := func(path, want string) {
		t.Helper()
		p.asks("GET", path, "").has(http.StatusOK, "set", want)
	}
	const now = "Something else stands there by now"
	for range 2 { // never set before, and then set
		boss.get("/settings/release_days")
		colleague.get("/settings/release_days").fills("/settings/release_days", "value", "9").sees(http.StatusOK, "Set.")
		boss.fills("/settings/release_days", "value", "7").sees(http.StatusConflict, now, "9")
		holds("/settings/release_days", "9")
		boss.fills("/settings/release_days", "value", "7").sees(http.StatusOK, "Set.")
		holds("/settings/release_days", "7")
	}
	// Of a branch the form shows nothing until it is asked for.
	branch := p.onlyBranch().String()
	colleague.get("/settings/release_days").fills("/settings/release_days", "value", "5", "branch", "North").sees(http.StatusOK, "Set.")
	boss.get("/settings/release_days").fills("/settings/release_days", "value", "3", "branch", "North").sees(http.StatusConflict, now, "5")
	holds("/settings/release_days?branch="+branch, "5")
	boss.fills("/settings/release_days", "value", "3").sees(http.StatusOK, "Set.")
	holds("/settings/release_days?branch="+branch, "3")

	boss.get("/numbers/J")
	colleague.get("/numbers/J").fills("/numbers/J", "pattern", "WO-{number}").sees(http.StatusOK)
	boss.fills("/numbers/J", "pattern", "JOB-{number}").sees(http.StatusConflict, now, "WO-{number}")
	holds("/numbers/J", "WO-{number}")

	boss.get("/policies/return/new")
	colleague.get("/policies/return/new").fills("/policies/return").sees(http.StatusOK)
	if boss.fills("/policies/return"); boss.status != http.StatusConflict && boss.status != http.StatusUnprocessableEntity {
		t.Errorf("a version that another had published meanwhile was passed over: %d", boss.status)
	}

	// What a code is called, and its place in the list, are two things.
	p.makes("/codes", `{"list": "region", "code": "island", "label": {"en": "Island"}, "rank": 1}`)
	at := "/codes/" + aftersales.CodeID("region", "island").String()
	boss.get(at + "/label")
	colleague.get(at+"/label").fills(at+"/label", "rank", "5").sees(http.StatusOK, "Set.")
	boss.fills(at+"/label", "label.en", "Islands").sees(http.StatusOK, "Set.", "While you were editing")
	p.asks("GET", at, "").has(http.StatusOK, "rank", float64(5))
	if n := p.bureau.conflicts(); n != 0 {
		p.asks("GET", "/conflicts", "")
		t.Errorf("%d conflicts, though each wrote another field: %v", n, p.got)
	}
}

// A form refuses a time that nobody can mean beside its field, in its reader's words, and keeps what was typed.
func TestAFormTakesNoTimeThatNobodyMeans(t *testing.T) {
	t.Parallel()
	p, boss := integrator(t)
	job := "/jobs/" + p.makes("/jobs", `{"title": "Leaks"}`)
	for field, typed := range map[string]string{"reported_on": "9999-12-31", "due_at": "2300-01-01T08:00"} {
		boss.get(job+"/edit").fills(job+"/edit", field, typed).sees(http.StatusUnprocessableEntity, "it must be in the years", `value="`+typed+`"`, `aria-invalid="true"`)
	}
	p.asks("GET", job, "").has(http.StatusOK, "due_at", nil)
}
