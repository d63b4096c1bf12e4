package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOnlyThePersonAtTheDeviceGetsIn(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	open, err := h.app.Start()
	if err != nil {
		t.Fatal(err)
	}
	base := open[:strings.Index(open, enterURL)]
	jar := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, url string, change func(*http.Request)) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(r)
		}
		answer, err := jar.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer
	}
	want := func(what string, answer *http.Response, status int) {
		t.Helper()
		if answer.StatusCode != status {
			t.Errorf("%s: %d, want %d", what, answer.StatusCode, status)
		}
		if csp := answer.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy is %q", what, csp)
		}
	}
	want("without the secret", ask("GET", base+"/", nil), http.StatusForbidden)
	want("with another secret", ask("GET", base+enterURL+"?key=x", nil), http.StatusForbidden)
	entered := ask("GET", open, nil)
	want("with it", entered, http.StatusOK)
	c := entered.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Value == h.app.gate.secret {
		t.Errorf("the cookie is %v", c)
	}
	in := func(r *http.Request) { r.AddCookie(c) }
	want("with the cookie", ask("GET", base+"/", in), http.StatusOK)
	want("under another name", ask("GET", base+"/", func(r *http.Request) { in(r); r.Host = "evil.example:80" }), http.StatusMisdirectedRequest)
	want("from a page of somebody else", ask("POST", base+"/settings", func(r *http.Request) { in(r); r.Header.Set("Origin", "http://evil.example") }), http.StatusForbidden)
	want("from another port", ask("POST", base+"/settings", func(r *http.Request) { in(r); r.Header.Set("Origin", "http://127.0.0.1:1") }), http.StatusForbidden)
	want("from nowhere", ask("POST", base+"/settings", in), http.StatusForbidden)
	want("as a script of another site", ask("POST", base+"/settings", func(r *http.Request) {
		in(r)
		r.Header.Set("Origin", base)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}), http.StatusForbidden)
	want("from here", ask("POST", base+"/settings?language=zh-Hans", func(r *http.Request) { in(r); r.Header.Set("Origin", base) }), http.StatusSeeOther)
	if err := h.app.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(open); err == nil {
		t.Error("it listens after Close")
	}
}

func TestAFolderIsNotListed(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int{"/static/": http.StatusNotFound, "/static/app.css": http.StatusOK} {
		w := httptest.NewRecorder()
		static().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
