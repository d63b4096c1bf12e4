package admin_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/sync/words"
)

// Every page is shown in every language, whole, without an inline script or style that the policy would stop.
func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "boss")
	paths := []string{
		"/jobs", "/jobs?q=nothing-like-it", "/jobs/new", "/jobs/" + x.job.String(), "/jobs/" + x.job.String() + "/edit",
		"/conflicts", "/conflicts?show=settled", "/refused", "/refused?show=closed", "/refused/" + dot(x), "/devices",
		"/people", "/password",
	}
	for i, language := range words.Tags {
		v.post("/language", "language", language, "to", "/jobs").sees(http.StatusOK, `<html lang="`+language+`">`)
		for _, path := range paths {
			v.get(path).sees(http.StatusOK, `<html lang="`+language+`">`, "Nordwind Service", "</html>")
			v.lacks("<script>", " style=", " onclick=", "%!", "ZgotmplZ", "&lt;no value&gt;")
			if i > 0 {
				v.lacks("Sign out", ">Jobs<")
			}
		}
	}
}

func dot(x *sample) string {
	v := x.quarantined
	return strings.Join([]string{itoa(uint64(v.Actor)), itoa(v.Counter)}, "-")
}

// Each page refuses everybody whose roles lack its permission, and nobody else.
func TestPermissions(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	for _, role := range auth.Roles {
		x.hire2(t, string(role)+"@", role)
		x.now = x.now.Add(2 * time.Hour) // what the one before him failed at, with empty forms, is forgotten
		v := visit(t, x.web)
		v.post("/sign-in", "login", string(role)+"@", "password", password)
		for _, p := range server.Pages {
			if strings.HasPrefix(p.Path, "/sign-out") || p.Path == "/live" || p.Path == "/" {
				continue
			}
			path := strings.NewReplacer("{id}", x.job.String(), "{dot}", dot(x)).Replace(p.Path)
			if p.Method == http.MethodGet {
				v.get(path)
			} else {
				v.post(path)
			}
			if refused := v.status == http.StatusForbidden; refused == role.Grants(p.Need) {
				t.Errorf("%s: %s %s answers %d", role, p.Method, p.Path, v.status)
			}
		}
	}
}

func (x *sample) hire2(t *testing.T, login string, role auth.Role) {
	t.Helper()
	w := x.world
	s, _ := office(t, w)
	w.hire(t, s.People(), login, "Some "+login, role)
}

func TestNobodyGetsInUnasked(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	for _, p := range server.Pages {
		v := visit(t, x.web)
		v.send(p.Method, strings.NewReplacer("{id}", x.job.String(), "{dot}", dot(x)).Replace(p.Path), nil)
		if v.at.Path != "/sign-in" {
			t.Errorf("%s %s leads to %s, want the sign-in page", p.Method, p.Path, v.at)
		}
	}
}

func TestSignInComesBackToWhereItWasAskedFor(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := visit(t, x.web).get("/jobs?state=new").sees(http.StatusOK, "Sign-in name")
	v.post("/sign-in", "to", v.hidden("to"), "login", "li", "password", password)
	if v.at.RequestURI() != "/jobs?state=new" {
		t.Errorf("came back to %s", v.at)
	}
	for _, elsewhere := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "jobs"} {
		v := visit(t, x.web)
		v.post("/sign-in", "to", elsewhere, "login", "li", "password", password)
		if v.at.Path != "/" {
			t.Errorf("to=%q led to %s", elsewhere, v.at)
		}
	}
}

func TestSignInKeepsTheNameAndSlowsGuessesDown(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := visit(t, x.web)
	v.post("/sign-in", "login", "li", "password", "wrong").sees(http.StatusUnauthorized, `value="li"`, "The sign-in name or the password is wrong.")
	for range 4 {
		v.post("/sign-in", "login", "li", "password", "wrong")
	}
	v.sees(http.StatusTooManyRequests, "Wait a little")
	v.post("/sign-in", "login", "boss", "password", password).sees(http.StatusOK) // a colleague at the same address
}

// A form from another site is refused, with or without a session, before anything is read of it.
// Who came in, who did not, and who asked for what is not his is in the log, by id and address; names and passwords never.
func TestSignInsAndRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := visit(t, x.web)
	v.post("/sign-in", "login", "hunter2 typed in the wrong place", "password", "another secret")
	v.post("/sign-in", "login", "li", "password", password)
	v.get("/people/" + x.boss.String() + "/nothing?q=%E6%9D%8E%E6%95%8F").sees(http.StatusNotFound)
	v.post("/people", "login", "mallory", "name", "Mallory", "role", "administrator").sees(http.StatusForbidden)
	said := x.log.String()
	for _, want := range []string{"sign-in refused", "code=not_authentic", "from=127.0.0.1", "signed in", "person=" + x.li.String(), "page refused", "path=/people"} {
		if !strings.Contains(said, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	for _, secret := range []string{"hunter2", "another secret", password, "mallory", "Mallory", "李敏"} {
		if strings.Contains(said, secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "boss")
	for _, from := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"https://evil.example"}}} {
		v.header = from
		v.post("/people", "login", "mallory", "name", "Mallory", "role", "administrator").
			sees(http.StatusForbidden, "came from another site")
	}
	if p, _ := x.PersonByLogin(t.Context(), "mallory"); p != nil {
		t.Error("the person was added all the same")
	}
}

// Text is text: whatever somebody types comes back as he typed it, and nothing of it runs.
func TestScriptShowsAsText(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	v := x.visit(t, "boss")
	v.post("/jobs", "title", evil, "description", evil, "note", evil).sees(http.StatusOK, "&lt;script&gt;alert(1)")
	job := v.at.Path
	v.post(job+"/comments", "text", evil)
	v.post("/people", "login", "evil", "name", evil, "role", "technician")
	for _, path := range []string{job, job + "/edit", "/jobs", "/jobs?q=" + "%3Cscript%3Ealert(1)", "/people", "/devices"} {
		v.get(path).sees(http.StatusOK).lacks("<script>alert", "<img src=x")
	}
	if h := v.post("/sign-in", "login", evil, "password", "x"); strings.Contains(h.body, "<script>alert") {
		t.Error("the sign-in page runs what was typed")
	}
}

func TestPagesCarryTheirGuards(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	answer, err := http.Get(x.web.URL + "/sign-in")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if p := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'") || strings.Contains(p, "unsafe") {
		t.Errorf("Content-Security-Policy: %s", p)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestAFaultOfTheHubIsSaidPlainly(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "li")
	x.broken = errors.New("disk on fire at sector 7")
	v.get("/jobs").sees(http.StatusInternalServerError, "Something is wrong with the server").lacks("sector 7")
	v.get("/nowhere").sees(http.StatusNotFound, "There is no such page")
}

func TestAPersonWhoIsDeactivatedIsOutAtOnce(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	li, boss := x.visit(t, "li"), x.visit(t, "boss")
	boss.post("/people/"+x.li.String()+"/active", "active", "no").sees(http.StatusOK, "Deactivated")
	if li.get("/jobs"); li.at.Path != "/sign-in" {
		t.Errorf("the session goes on at %s", li.at)
	}
	boss.post("/people/"+x.boss.String()+"/active", "active", "no").sees(http.StatusUnprocessableEntity, "You cannot deactivate yourself")
	boss.post("/people/"+x.boss.String()+"/roles", "role", "dispatcher").sees(http.StatusUnprocessableEntity, "Somebody must be able to manage people")
}

// Who was signed out everywhere, by himself or by who manages people, signs in again.
func TestSigningOutEverywhere(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	here, there, boss := x.visit(t, "li"), x.visit(t, "li"), x.visit(t, "boss")
	here.get("/password").sees(http.StatusOK, "Sign out everywhere")
	here.post("/sign-out/everywhere").sees(http.StatusOK, "Sign in")
	if there.get("/jobs"); there.at.Path != "/sign-in" {
		t.Errorf("the other session goes on at %s", there.at)
	}
	again := x.visit(t, "li")
	boss.post("/people/"+x.li.String()+"/sign-out").sees(http.StatusOK, "Signed out everywhere.")
	if again.get("/jobs"); again.at.Path != "/sign-in" {
		t.Errorf("the session goes on at %s", again.at)
	}
}

func TestAddingAPerson(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "boss")
	v.post("/people", "login", "li", "name", "Li Two", "role", "technician").
		sees(http.StatusUnprocessableEntity, "Another person has that sign-in name", `value="Li Two"`)
	v.post("/people", "login", "new", "name", "New One", "role", "dispatcher").sees(http.StatusOK, "Password for new.")
	printed := between(t, v.body, `<p class="secret">`, "</p>")

	n := visit(t, x.web)
	n.post("/sign-in", "login", "new", "password", printed).sees(http.StatusOK, "Choose a password")
	if n.get("/jobs"); n.at.Path != "/password" {
		t.Errorf("somebody with a printed password sees %s", n.at)
	}
	n.post("/password", "current", printed, "password", "short", "again", "short").sees(http.StatusUnprocessableEntity, "at least 10")
	n.post("/password", "current", printed, "password", password, "again", password).sees(http.StatusOK, "Your password is changed.")
}

func TestStreamSaysThatSomethingChanged(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	v := x.visit(t, "li")
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, x.web.URL+"/live", nil)
	answer, err := v.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	heard := ""
	for buffer := make([]byte, 256); !strings.Contains(heard, "event: changed"); {
		n, err := answer.Body.Read(buffer)
		if err != nil {
			t.Fatalf("the stream ended with %v after %q", err, heard)
		}
		heard += string(buffer[:n])
	}
}

func between(t *testing.T, s, from, to string) string {
	t.Helper()
	end := strings.Index(s, to)
	if strings.Contains(from, "href") {
		s = s[:end]
		return s[strings.LastIndex(s, from)+len(from):]
	}
	_, s, ok := strings.Cut(s, from)
	if s, _, ok2 := strings.Cut(s, to); ok && ok2 {
		return s
	}
	t.Fatalf("nothing between %q and %q", from, to)
	return ""
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }
