package server

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"

	"github.com/alexedwards/scs/v2/memstore"
)

// desk keeps one person and one code.
type desk struct {
	auth.PeopleStore
	auth.DeviceStore
	person auth.Person
	code   auth.Hash
}

func (d *desk) Person(context.Context, record.ID) (*auth.Person, error) { return &d.person, nil }

func (d *desk) Roles(context.Context) (map[auth.Role][]string, error) { return nil, nil }

func (d *desk) Guarded(context.Context) ([]auth.Role, error) { return nil, nil }

func (d *desk) Enrol(_ context.Context, code auth.Hash, device auth.Device, _ time.Time) (*auth.Device, error) {
	if code != d.code {
		return nil, fault.New(auth.BadCode, "This code is wrong, used or expired. Ask the office for a new one.")
	}
	d.code, device.Person = auth.Hash{}, d.person.ID
	return &device, nil
}

func newTestServer(t *testing.T, change func(*Options, *Parts)) (*Server, *desk) {
	t.Helper()
	d := &desk{person: auth.Person{ID: record.ID{15: 7}, Name: "王强", Active: true}, code: auth.HashCode("ACDE-FGHJ-KMNP")}
	o := Options{Address: "127.0.0.1:0", Grace: time.Minute}
	p := Parts{
		Schema: aftersales.Schema, Health: func(context.Context) error { return nil }, Sync: http.NotFoundHandler(), People: d,
		Devices: d, Sessions: memstore.New(), Hub: record.ID{15: 1}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if change != nil {
		change(&o, &p)
	}
	s, err := New(o, p)
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}

func ask(s *Server, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func TestEnrolOnceWithTheCode(t *testing.T) {
	t.Parallel()
	s, d := newTestServer(t, nil)
	key, _, _ := ed25519.GenerateKey(rand.Reader)
	body, _ := json.Marshal(Enrolment{Code: "acde fghj kmnp", Key: key, Name: "Wang's phone"})
	answer := ask(s, "POST", "/enrol", string(body))
	var e Enrolled
	if err := json.Unmarshal(answer.Body.Bytes(), &e); err != nil || answer.Code != http.StatusCreated {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	if e.Person != d.person.ID || e.Name != "王强" || e.Device.IsZero() || e.Hub != (record.ID{15: 1}) || e.Now == 0 {
		t.Errorf("enrolled as %+v", e)
	}
	if again := ask(s, "POST", "/enrol", string(body)); again.Code != http.StatusForbidden || !strings.Contains(again.Body.String(), `"bad_code"`) {
		t.Errorf("a used code: %d %s", again.Code, again.Body)
	}
	for range 5 {
		ask(s, "POST", "/enrol", string(body))
	}
	if slow := ask(s, "POST", "/enrol", string(body)); slow.Code != http.StatusTooManyRequests {
		t.Errorf("codes may be guessed: %d", slow.Code)
	}
}

func TestEnrolRefusesNonsense(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	for body, want := range map[string]int{
		"": 400, "{": 400, `{"key":"!"}`: 400, `{"code":"x","key":"AAAA","name":"n"}`: 422,
		`{"name":"` + strings.Repeat("n", maxEnrolment) + `"}`: 400,
	} {
		if got := ask(s, "POST", "/enrol", body); got.Code != want || !json.Valid(got.Body.Bytes()) {
			t.Errorf("%.30q: %d %s, want %d", body, got.Code, got.Body, want)
		}
	}
}

func TestHealthAsksTheStore(t *testing.T) {
	t.Parallel()
	var broken error
	s, _ := newTestServer(t, func(_ *Options, p *Parts) { p.Health = func(context.Context) error { return broken } })
	if got := ask(s, "GET", "/healthz", ""); got.Code != http.StatusOK {
		t.Errorf("healthy: %d", got.Code)
	}
	broken = errors.New("disk gone")
	if got := ask(s, "GET", "/healthz", ""); got.Code != http.StatusServiceUnavailable || strings.Contains(got.Body.String(), "disk") {
		t.Errorf("broken: %d %s", got.Code, got.Body)
	}
}

func TestMetricsAreForTheBearer(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, func(o *Options, _ *Parts) { o.MetricsToken = "secret" })
	ask(s, "GET", "/healthz", "")
	for _, headers := range [][]string{nil, {"Authorization", "Bearer wrong"}, {"Authorization", "secret"}} {
		if got := ask(s, "GET", "/metrics", "", headers...); got.Code != http.StatusUnauthorized {
			t.Errorf("%v: %d", headers, got.Code)
		}
	}
	got := ask(s, "GET", "/metrics", "", "Authorization", "Bearer secret")
	if !strings.Contains(got.Body.String(), `fieldsync_http_request_seconds_count{method="GET",route="/healthz",status="200"} 1`) {
		t.Errorf("metrics: %d %s", got.Code, got.Body)
	}
}

// Without a token they are for this machine alone, and not for whom a proxy on it asks.
func TestMetricsWithoutATokenStayOnTheMachine(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, func(*Options, *Parts) {})
	for from, header := range map[string]string{
		"192.0.2.7:1": "", "127.0.0.1:1": "X-Forwarded-For", "127.0.0.1:2": "X-Forwarded-Proto", "127.0.0.1:3": "Forwarded", "[::1]:1": "Via", "[::1]:2": "X-Real-Ip", "127.0.0.1:4": "",
	} {
		r, want := httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody), http.StatusUnauthorized
		if r.RemoteAddr = from; header != "" {
			r.Header.Set(header, "203.0.113.9")
		} else if strings.HasPrefix(from, "127.") {
			want = http.StatusOK
		}
		answer := httptest.NewRecorder()
		if s.Handler().ServeHTTP(answer, r); answer.Code != want {
			t.Errorf("from %s with %q: %d, want %d", from, header, answer.Code, want)
		}
	}
}

func TestAPanicEndsOneRequestOnly(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, func(_ *Options, p *Parts) {
		p.Sync = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("nobody thought of this") })
	})
	if got := ask(s, "GET", "/sync", ""); got.Code != http.StatusInternalServerError || strings.Contains(got.Body.String(), "thought") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := ask(s, "GET", "/healthz", ""); got.Code != http.StatusOK {
		t.Errorf("the next request: %d", got.Code)
	}
}

func TestRunServesUntilItIsTold(t *testing.T) {
	t.Parallel()
	drained := false
	s, _ := newTestServer(t, func(_ *Options, p *Parts) { p.Drain = func() { drained = true } })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	answer, err := http.Get("http://" + l.Addr().String() + "/static/office.css")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if !bytes.Contains(body, []byte("--accent")) || len(body) > 25<<10 {
		t.Errorf("the stylesheet has %d bytes", len(body))
	}
	stop()
	if err := <-done; err != nil || !drained {
		t.Errorf("shut down with %v, drained %v", err, drained)
	}
}

func TestAPortInUseIsSaid(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, _ := newTestServer(t, func(o *Options, _ *Parts) { o.Address = l.Addr().String() })
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot listen on "+l.Addr().String()) {
		t.Errorf("%v", err)
	}
}

// Whatever answers, and whatever it answers: it is what it says, nothing in it runs, and nobody frames it.
func TestEveryAnswerIsClosed(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, func(o *Options, _ *Parts) { o.Secure, o.MetricsToken = true, "secret" })
	for _, path := range []string{"/healthz", "/metrics", "/enrol", "/sync", "/static/office.css", "/static/", "/sign-in", "/nowhere"} {
		for _, method := range []string{"GET", "POST", "TRACE"} {
			h := ask(s, method, path, "").Header()
			for name, wants := range map[string][]string{
				"X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"same-origin"}, "Cross-Origin-Resource-Policy": {"same-origin"},
				"Content-Security-Policy":   {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"},
				"Strict-Transport-Security": {"max-age=31536000", "includeSubDomains"},
			} {
				for _, want := range wants {
					if !strings.Contains(h.Get(name), want) {
						t.Errorf("%s %s: %s is %q", method, path, name, h.Get(name))
					}
				}
			}
		}
	}
}

func TestAFolderIsNotListed(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	for path, want := range map[string]int{"/static/": http.StatusNotFound, "/static/office.css": http.StatusOK} {
		if got := ask(s, "GET", path, ""); got.Code != want || strings.Contains(got.Body.String(), "<a href") {
			t.Errorf("%s: %d %.80s", path, got.Code, got.Body)
		}
	}
}

// Who failed is in the log, by address; what was typed is not.
func TestRefusedEnrolmentsAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s, _ := newTestServer(t, func(_ *Options, p *Parts) { p.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	key, _, _ := ed25519.GenerateKey(rand.Reader)
	body, _ := json.Marshal(Enrolment{Code: "ACDE-FGHJ-KMNQ", Key: key, Name: "Wang's phone"})
	ask(s, "POST", "/enrol", string(body))
	if said := log.String(); !strings.Contains(said, "enrolment refused") || !strings.Contains(said, "from=192.0.2.1") || strings.Contains(said, "KMNQ") {
		t.Errorf("the log says %q", said)
	}
}
