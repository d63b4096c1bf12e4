package web

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
)

// The gate lets in the browser of the person at the device, and nobody else: other programs on the device and pages of
// the web that the same browser shows are to learn nothing and do nothing.
//
// Start's URL carries a secret made for this launch. It is exchanged, once a browser, for a cookie that no script can
// read and that no other site's page can make the browser send. The Host header must be the address that was listened
// on, so that a name of somebody else's that resolves to this machine leads nowhere; what changes something must say
// that it comes from here. Cookies know no ports, so the cookie's name has the port in it: two apps on one device do
// not sign each other out.
type gate struct {
	host   string // host:port; "" accepts any loopback address, for handlers that somebody else listens for
	secret string
	cookie string // another secret, so that the cookie opens nothing that the URL does, nor the other way round
}

func newGate() gate { return gate{secret: rand.Text(), cookie: rand.Text()} }

const enterURL = "/enter"

func (g *gate) cookieName() string {
	_, port, _ := net.SplitHostPort(g.host)
	return "fieldtech-" + port
}

// guard is what every request passes.
func (a *App) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		switch {
		case !a.gate.here(r.Host):
			http.Error(w, "this is not the address of the app", http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && !a.gate.fromHere(r):
			http.Error(w, "this did not come from a page of the app", http.StatusForbidden)
		case r.URL.Path == enterURL:
			a.enter(w, r)
		case !a.gate.knows(r):
			http.Error(w, "open the app from its own icon, or with the address that it printed", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// enter exchanges the secret of the launch for a cookie, and leaves it behind: it is in no history and no Referer.
func (a *App) enter(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || !same(r.URL.Query().Get("key"), a.gate.secret) {
		http.Error(w, "this address is of an earlier start of the app: open it again", http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: a.gate.cookieName(), Value: a.gate.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	w.Header().Set("Cache-Control", "no-store")
	// A redirect of a link that was followed from elsewhere would not carry a Strict cookie: the page goes on by itself.
	w.Header().Set("Refresh", "0; url=/")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!doctype html><title>…</title><a href="/">→</a>`))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (g *gate) here(host string) bool {
	if g.host != "" {
		return host == g.host
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

// fromHere reports whether a request that changes something was made by a page of ours. Browsers say where it comes
// from; what is no browser says nothing, and has no cookie that it did not get here.
func (g *gate) fromHere(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "http://"+r.Host || origin == "" && r.Header.Get("Sec-Fetch-Site") != ""
}

func (g *gate) knows(r *http.Request) bool {
	c, err := r.Cookie(g.cookieName())
	return err == nil && same(c.Value, g.cookie)
}

// policy is what pages may load: files of ours, nothing inline, nowhere else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob:; media-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// protect sets the headers that keep a page to itself.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", permissionsNowhere)
}
