package admin_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"fieldsync/server"
)

// app is an authenticator app: it knows the standard, and nothing of this program.
type app struct{ secret []byte }

func (a app) shows(at time.Time) string {
	mac := hmac.New(sha1.New, a.secret)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// sets up the second step on the person's own page; returns the app and the recovery codes.
func (v *visitor) setsUp(at time.Time) (app, []string) {
	v.t.Helper()
	v.post("/second-step/offer", "current", "wrong").sees(http.StatusUnauthorized, "The current password is wrong.").lacks("<svg")
	v.post("/second-step/offer", "current", password).sees(http.StatusOK, "It is shown only now.", `class="qr"`)
	key := between(v.t, v.body, `<p class="secret">`, "</p>")
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(key, " ", ""))
	if err != nil {
		v.t.Fatal(err)
	}
	a := app{secret}
	v.get("/second-step").sees(http.StatusOK).lacks(key, "<svg")
	v.post("/second-step", "code", a.shows(at.Add(-time.Hour))).sees(http.StatusUnauthorized, "The code is wrong").lacks(key)
	v.post("/second-step", "code", a.shows(at)).sees(http.StatusOK, "Your recovery codes.")
	var codes []string
	for _, m := range regexp.MustCompile(`<p class="secret">([a-z2-7-]{19})</p>`).FindAllStringSubmatch(v.body, -1) {
		codes = append(codes, m[1])
	}
	if len(codes) != 10 {
		v.t.Fatalf("%d recovery codes", len(codes))
	}
	v.get("/second-step").sees(http.StatusOK, "Recovery codes left: 10.").lacks(codes[0], key)
	return a, codes
}

// With a second step nobody is in before the code; a code is good once, and one on paper is, too.
func TestSigningInByTwoSteps(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	li, elsewhere := x.visit(t, "li"), x.visit(t, "li")
	a, recovery := li.setsUp(x.now)
	if elsewhere.get("/jobs"); elsewhere.at.Path != "/sign-in" {
		t.Errorf("a session that began with the password alone goes on at %s", elsewhere.at)
	}
	x.now = x.now.Add(time.Hour)
	code := a.shows(x.now)

	v := visit(t, x.web).get("/jobs?state=new")
	v.post("/sign-in", "to", v.hidden("to"), "login", "li", "password", password).sees(http.StatusOK, "recovery codes")
	if v.at.Path != "/sign-in/code" {
		t.Fatalf("the password led to %s", v.at)
	}
	to := v.hidden("to")
	v.post("/sign-in/code", "to", to, "code", a.shows(x.now.Add(-2*time.Minute))).sees(http.StatusUnauthorized, "The code is wrong")
	v.post("/sign-in/code", "to", to, "code", code)
	if v.at.RequestURI() != "/jobs?state=new" {
		t.Errorf("the code led to %s", v.at)
	}
	again := visit(t, x.web)
	again.post("/sign-in", "login", "li", "password", password)
	again.post("/sign-in/code", "code", code).sees(http.StatusUnauthorized, "was used already")
	again.post("/sign-in/code", "code", recovery[0]).sees(http.StatusOK, "Sign out")
	again.get("/second-step").sees(http.StatusOK, "Recovery codes left: 9.")
	again.post("/sign-out")
	again.post("/sign-in", "login", "li", "password", password)
	again.post("/sign-in/code", "code", recovery[0]).sees(http.StatusUnauthorized)

	for _, secret := range append(recovery, code, password) {
		if strings.Contains(x.log.String(), secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
	for _, want := range []string{"sign-in code refused", "person=" + x.li.String()} {
		if !strings.Contains(x.log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// Between password and code every page, of whatever permission, asks to sign in; so does the code's page without a password.
func TestNoPageOpensBetweenPasswordAndCode(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	x.visit(t, "boss").setsUp(x.now)
	v := visit(t, x.web)
	for _, p := range server.Pages {
		v.post("/sign-in", "login", "boss", "password", password)
		if v.at.Path != "/sign-in/code" {
			t.Fatalf("the password led to %s", v.at)
		}
		v.send(p.Method, strings.NewReplacer("{id}", x.job.String(), "{dot}", dot(x)).Replace(p.Path), nil)
		if v.at.Path != "/sign-in" {
			t.Errorf("%s %s leads to %s, want the sign-in page", p.Method, p.Path, v.at)
		}
	}
	stranger := visit(t, x.web)
	if stranger.post("/sign-in/code", "code", "000000"); stranger.at.Path != "/sign-in" {
		t.Errorf("without a password it leads to %s", stranger.at)
	}
	x.now = x.now.Add(6 * time.Minute)
	if v.post("/sign-in/code", "code", "000000"); v.at.Path != "/sign-in" {
		t.Errorf("minutes later it leads to %s", v.at)
	}
}

// Guesses at the code are slowed down as guesses at the password are, though the password is right each time.
func TestGuessesAtACodeAreSlowedDown(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	a, _ := x.visit(t, "li").setsUp(x.now)
	x.now = x.now.Add(2 * time.Hour)
	v := visit(t, x.web)
	for range 4 {
		v.post("/sign-in", "login", "li", "password", password)
		v.post("/sign-in/code", "code", a.shows(x.now.Add(-time.Hour))).sees(http.StatusUnauthorized)
	}
	v.post("/sign-in/code", "code", a.shows(x.now)).sees(http.StatusTooManyRequests, "Wait a little")
	x.visit(t, "boss").get("/jobs").sees(http.StatusOK) // a colleague at the same address
}

// Who has a role that asks for a second step sees nothing else until he has one, and goes on from there.
func TestARoleLeadsToTheSecondStep(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	boss, li := x.visit(t, "boss"), x.visit(t, "li")
	li.post("/roles/second-step", "role", "dispatcher", "guarded", "yes").sees(http.StatusForbidden)
	boss.post("/roles/second-step", "role", "dispatcher", "guarded", "yes").sees(http.StatusOK, `name="guarded" value="yes" checked`)
	boss.get("/jobs").sees(http.StatusOK)
	for _, v := range []*visitor{li, x.visit(t, "li")} { // one who is in, and one who comes
		for _, path := range []string{"/jobs", "/", "/people", "/live", "/nowhere"} {
			if v.get(path); v.at.Path != "/second-step" {
				t.Errorf("%s leads to %s", path, v.at)
			}
		}
		v.sees(http.StatusOK, "Your role asks for a second step").lacks(">Jobs<")
	}
	li.setsUp(x.now)
	li.get("/jobs").sees(http.StatusOK)
	li.post("/second-step/remove", "current", "wrong").sees(http.StatusUnauthorized)
	li.get("/jobs").sees(http.StatusOK)
	li.post("/second-step/remove", "current", password).sees(http.StatusOK, "Your role asks for a second step")
	if li.get("/jobs"); li.at.Path != "/second-step" {
		t.Errorf("removed, and he sees %s", li.at)
	}
}

// An administrator takes it from whose phone is gone, and from nobody who may do more; his own he removes with his password.
func TestAnAdministratorResetsASecondStep(t *testing.T) {
	t.Parallel()
	x := newSample(t)
	li, boss := x.visit(t, "li"), x.visit(t, "boss")
	li.setsUp(x.now)
	li.post("/people/" + x.li.String() + "/second-step").sees(http.StatusForbidden)
	boss.get("/people").sees(http.StatusOK, "Remove the second step")
	boss.post("/people/"+x.li.String()+"/second-step").sees(http.StatusOK, "The second step is removed").lacks("Remove the second step")
	if li.get("/jobs"); li.at.Path != "/sign-in" {
		t.Errorf("his session goes on at %s", li.at)
	}
	x.visit(t, "li").get("/jobs").sees(http.StatusOK)
	boss.post("/people/"+x.boss.String()+"/second-step").sees(http.StatusUnprocessableEntity, "Remove your own")
}
