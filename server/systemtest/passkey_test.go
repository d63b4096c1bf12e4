package systemtest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/server/auth/passkey/passkeytest"
	"fieldsync/server/store/postgres/pgtest"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Somebody adds a passkey, signs in by it without a password, and beside it as the second step, by keys alone; it rests
// sealed, and whoever has none of it any more is in by nothing of it.
func TestPasskeysInARealBrowser(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Dispatcher)
	anna := b.browser("boss")
	anna.post("/roles/second-step", "role", "dispatcher", "guarded", "yes")
	s := newScreen(b, strings.Replace(b.url, "127.0.0.1", "localhost", 1))
	s.do(chromedp.EmulateViewport(390, 844))
	s.hasDevice()

	s.visit("/sign-in")
	s.do(chromedp.SendKeys("#login", "li"), chromedp.SendKeys("#password", password+"\r"))
	s.at("/second-step") // his role asks for a second step: a passkey is one
	s.do(chromedp.SendKeys("#passkey-name", "Li's phone"), chromedp.SendKeys("#current-passkey", password+"\r"))
	s.holds("the button that makes it has the focus", stands+` && document.activeElement.closest('[data-passkey="create"]') !== null`)
	s.do(chromedp.KeyEvent("\r"))
	s.holds("recovery codes are shown", stands+` && document.querySelectorAll(".secret").length === 10`)
	b.liesSealed(li, []byte("localhost"), "Li's phone")
	s.fits("/second-step", "/password", "/jobs")
	signOut := func() { // a page that is refreshed just then says whence he came
		s.until("he is signed out", stands+` && location.pathname === "/sign-in"`, func() {
			s.visit("/jobs")
			_ = ask[any](s, `document.querySelector('[action="/sign-out"] button')?.click()`)
		})
	}

	signOut()
	s.do(chromedp.Focus(`[action="/sign-in/passkey"] button`), chromedp.KeyEvent("\r"))
	s.holds("the passkey alone lets him in", stands+` && document.querySelector(".rail") !== null`)
	signOut()
	s.do(chromedp.SendKeys("#login", "li"), chromedp.SendKeys("#password", password+"\r"))
	s.holds("his passkey is asked for", stands+` && document.activeElement.closest('[action="/sign-in/code/passkey"]') !== null`)
	if over := ask[int](s, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		t.Errorf("the page that asks is %d px too wide", over)
	}
	s.do(chromedp.KeyEvent("\r"))
	s.holds("it is his second step", stands+` && document.querySelector(".rail") !== null`)
	s.visit("/second-step")
	s.holds("it was used", `document.querySelector(".passkey").textContent.includes("last used on")`)

	s.do(chromedp.Focus(".passkey summary"), chromedp.KeyEvent("\r"), chromedp.SendKeys(`.passkey [name="current"]`, password+"\r"))
	s.holds("it is removed", stands+` && document.querySelector(".notice") !== null && document.querySelector(".passkey") === null`)
	_ = ask[any](s, `document.querySelector('[action="/sign-out"] button')?.click() ?? (location.href = "/sign-in")`)
	anna.post("/people/" + li.String() + "/sign-out")
	s.visit("/sign-in")
	s.do(chromedp.Click(`[action="/sign-in/passkey"] button`))
	s.holds("removed, it lets nobody in", stands+` && (document.querySelector(".problem:not([hidden])")?.textContent ?? "").includes("was not accepted")`)

	added, removed := "second step:</span> a passkey added", "second step:</span> a passkey removed"
	anna.get("/audit/deeds?person="+li.String()).sees(http.StatusOK, added, removed)
}

// hasDevice gives the browser a device with passkeys, which makes sure that it is its owner.
func (s *screen) hasDevice() {
	s.t.Helper()
	tab := chromedp.FromContext(s.ctx).Target
	_, err := cdp.Call(s.ctx, tab, webauthn.Enable, webauthn.EnableParams{})
	if err == nil {
		_, err = cdp.Call(s.ctx, tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, AutomaticPresenceSimulation: true,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true,
		}})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// A passkey that was made at one node is known to the other, which takes the answer to a challenge of the first; an
// administrator removes it for who lost his device.
func TestAPasskeyGoesFromNodeToNode(t *testing.T) {
	t.Parallel()
	path, database := filepath.Join(t.TempDir(), "hub.db"), pgtest.Database(t)
	b := newBureauOn(t, path, database)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Dispatcher)
	srv, err := server.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"), server.Options{
		Database: database, KeyFile: path + ".keys", Company: "Nordwind Service", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	// Both nodes have one address, as behind a balancer: the second is asked where it says so.
	var second atomic.Bool
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		node := b.srv
		if second.Load() {
			node = srv
		}
		node.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		web.Close()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	b.url = strings.Replace(web.URL, "127.0.0.1", "localhost", 1)
	device := &passkeytest.Device{T: t, Origin: b.url, Asks: true}
	wei := b.browser("li")
	wei.post("/second-step/passkeys/offer", "name", "phone", "current", "wrong").sees(http.StatusUnauthorized, "The current password is wrong.").lacks("data-options")
	wei.post("/second-step/passkeys/offer", "name", "phone", "current", password).sees(http.StatusOK, "Make the passkey")
	answer := device.Makes(wei.options())
	second.Store(true)
	wei.post("/second-step/passkeys", "name", "phone", "answer", answer).sees(http.StatusOK, "Your recovery codes.")
	other := b.visitor().get("/sign-in").sees(http.StatusOK, "Sign in with a passkey")
	answer = device.Signs(other.options())
	second.Store(false)
	other.post("/sign-in/passkey", "to", "/jobs", "answer", answer)
	if other.at.Path != "/jobs" {
		t.Errorf("the passkey led to %s", other.at)
	}
	again := b.visitor()
	again.post("/sign-in/passkey", "answer", answer).sees(http.StatusUnauthorized)
	again.post("/sign-in", "login", "li", "password", password).sees(http.StatusOK, "Use a passkey", "One of your recovery codes.")
	answer = device.Signs(again.options())
	second.Store(true)
	again.post("/sign-in/code/passkey", "answer", answer).sees(http.StatusOK, "Sign out")

	anna := b.browser("boss")
	anna.get("/people").sees(http.StatusOK, "Remove the second step")
	anna.post("/people/"+li.String()+"/second-step").sees(http.StatusOK, "The second step is removed").lacks("Remove the second step")
	if again.get("/jobs"); again.at.Path != "/sign-in" {
		t.Errorf("his session goes on at %s", again.at)
	}
	again.post("/sign-in/passkey", "answer", device.Signs(again.get("/sign-in").options())).sees(http.StatusUnauthorized, "was not accepted")
}

// options is what the page asks a browser's device for.
func (v *browser) options() string { return v.find(`data-options="(\{.*\})"(?: data-again| hidden)`) }
