package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"fieldsync/server/badline"
)

// Side by side: a page with the office and two phones in one window. Each phone is a process of its own with the
// technician's app in it, and between it and the hub a line that the page cuts and joins. What the page shows are the
// real pages, in frames: they let nobody frame them, so that they are fetched through the demo, which lets its own page.

// beside is one of the two phones.
type beside struct {
	*member
	line *badline.Line
	shot *framed
}

// side is the page and what is on it.
type side struct {
	live   *live
	key    string // in the page's address, since it opens everything
	origin string // of the page
	server *http.Server
	office *framed

	opening sync.Mutex // the phones start when the page is first opened
	phones  []*beside
	session *http.Cookie // with which the office lets in
}

//go:embed side/side.html
var sideHTML string

//go:embed side/side.css
var sideCSS []byte

//go:embed side/side.js
var sideJS []byte

var sidePage = template.Must(template.New("side").Parse(sideHTML))

// openSide serves the page, and returns its address.
func (l *live) openSide(ctx context.Context) (*side, string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	s := &side{live: l, key: strings.ToLower(rand.Text()), origin: "http://" + listener.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+s.key, s.show)
	mux.HandleFunc("POST /"+s.key+"/signal", s.signal)
	mux.HandleFunc("GET /side.css", plain("text/css; charset=utf-8", sideCSS))
	mux.HandleFunc("GET /side.js", plain("text/javascript; charset=utf-8", sideJS))
	s.server = &http.Server{Handler: s.guard(mux), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // ends with close
	return s, s.origin + "/" + s.key, nil
}

func plain(kind string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(content) // who has gone away needs no answer
	}
}

// guard lets in who asks for this address by its number, from a page of it.
func (s *side) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-src http://127.0.0.1:*; frame-ancestors 'none'; base-uri 'none'")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if "http://"+r.Host != s.origin || r.Method != http.MethodGet && r.Header.Get("Origin") != s.origin {
			http.Error(w, "this did not come from the demo's page", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *side) close() {
	_ = s.server.Close()
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.office != nil {
		s.office.close()
	}
	for _, p := range s.phones {
		p.shot.close()
		_ = p.line.Close() // it listens no longer either way
		_ = p.stop()       // its process ends with the demo
	}
}

// sideView is what the page shows.
type sideView struct {
	Words  sideWords
	Key    string
	Office string
	Phones []phoneView
}

type phoneView struct {
	Name string
	URL  string
	On   bool
}

func (s *side) show(w http.ResponseWriter, r *http.Request) {
	if err := s.open(r.Context()); err != nil {
		http.Error(w, "the phones do not start: "+err.Error(), http.StatusInternalServerError)
		return
	}
	words := sideLanguage(r.Header.Get("Accept-Language"))
	v := sideView{Words: words, Key: s.key, Office: s.office.origin + "/"}
	for _, p := range s.phones {
		v.Phones = append(v.Phones, phoneView{p.name, p.shot.entry, !p.line.State().Down})
	}
	http.SetCookie(w, s.session) // a browser tells hosts apart and not their ports: an earlier demo's would be sent else
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = sidePage.Execute(w, v) // who has gone away needs no answer
}

// signal cuts a phone's line, or joins it.
func (s *side) signal(w http.ResponseWriter, r *http.Request) {
	s.opening.Lock()
	defer s.opening.Unlock()
	for _, p := range s.phones {
		if p.name == r.FormValue("phone") {
			if err := p.signal(r.FormValue("on") == "yes"); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	http.Error(w, "no such phone", http.StatusNotFound)
}

// signal cuts or joins the line; a phone notices by itself when there is a network again.
func (p *beside) signal(on bool) error {
	p.line.Set(badline.State{Down: !on})
	if !on {
		return nil
	}
	_, err := p.tell(order{Do: "network"})
	return err
}

// open starts the phones, once, and signs in to the office.
func (s *side) open(ctx context.Context) error {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.office == nil {
		var err error
		if s.session, err = signIn(ctx, s.live.company.url(), "boss", s.live.password); err != nil {
			return err
		}
		if s.office, err = frame(s.live.company.url(), s.origin); err != nil {
			return err
		}
	}
	for _, i := range played[len(s.phones):] {
		p, err := s.phone(s.live.crew[i])
		if err != nil {
			return err
		}
		s.phones = append(s.phones, p)
	}
	return nil
}

// phone starts the app on a phone, with a line of its own to the hub.
func (s *side) phone(m *member) (p *beside, err error) {
	p = &beside{member: m}
	if p.line, err = badline.Open(0, badline.To(s.live.company.addr)); err != nil {
		return nil, err
	}
	if err := m.start(context.Background()); err != nil { // it ends when the demo closes the page
		return nil, errors.Join(err, p.line.Close())
	}
	a, err := m.tell(order{Do: "app", Server: p.line.URL()})
	if err != nil {
		_ = m.stop() // it has said why
		return nil, errors.Join(err, p.line.Close())
	}
	at, err := url.Parse(a.URL)
	if err != nil {
		return nil, err
	}
	if p.shot, err = frame("http://"+at.Host, s.origin); err != nil {
		return nil, err
	}
	p.shot.entry = p.shot.origin + at.RequestURI()
	return p, nil
}

// signIn returns the cookie of a session in the office.
func signIn(ctx context.Context, office, login, password string) (*http.Cookie, error) {
	jar, _ := cookiejar.New(nil)
	c := http.Client{Jar: jar, Timeout: 30 * time.Second}
	defer c.CloseIdleConnections()
	form := url.Values{"login": {login}, "password": {password}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, office+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close()
	at, err := url.Parse(office)
	if err != nil {
		return nil, err
	}
	for _, cookie := range jar.Cookies(at) {
		return &http.Cookie{Name: cookie.Name, Value: cookie.Value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}, nil
	}
	return nil, fmt.Errorf("the office did not let %s in", login)
}

// framed is somebody's pages, fetched so that the demo's page may frame them.
type framed struct {
	origin string
	entry  string // where a phone's app is entered
	server *http.Server
}

// frame serves the pages of target at an origin of their own, which pages of by may frame.
func frame(target, by string) (*framed, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	f := &framed{origin: "http://" + listener.Addr().String()}
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1, // pages follow what happens
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = to.Host
			if r.In.Header.Get("Origin") == f.origin {
				r.Out.Header.Set("Origin", target)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("X-Frame-Options")
			policy := strings.ReplaceAll(r.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'", "frame-ancestors "+by)
			r.Header.Set("Content-Security-Policy", policy)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "the demo does not answer: "+err.Error(), http.StatusBadGateway)
		},
	}
	f.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if "http://"+r.Host != f.origin {
			http.Error(w, "this is not the address of the demo", http.StatusMisdirectedRequest)
			return
		}
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = f.server.Serve(listener) }() // ends with close
	return f, nil
}

func (f *framed) close() { _ = f.server.Close() }
