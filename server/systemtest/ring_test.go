package systemtest

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
)

// stream is the event stream that a page of the browser listens to.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

func (v *browser) listens(t *testing.T) *stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Jar: v.http.Jar}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return &stream{t, bufio.NewScanner(answer.Body)}
}

// rings waits until the stream tells of a ring, and returns its mark.
func (s *stream) rings() string {
	s.t.Helper()
	ring := false
	for s.lines.Scan() {
		line := s.lines.Text()
		if mark, ok := strings.CutPrefix(line, "data: "); ok && ring {
			return mark
		}
		ring = line == "event: ring"
	}
	s.t.Fatalf("the stream ended: %v", s.lines.Err())
	return ""
}

func TestWhoCallsIsShownOnThePageThatIsOpen(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	mei := b.hire("mei", "陈梅", auth.Dispatcher)
	boss, agent := b.browser("boss"), b.browser("mei")
	boss.post("/people/"+mei.String()+"/extension", "extension", "12").sees(http.StatusOK, "Set.", `value="12"`)
	boss.post("/people/"+mei.String()+"/extension", "extension", strings.Repeat("1", 40)).sees(http.StatusUnprocessableEntity, "up to 32")
	p := b.program(boss, "Telephone", "ring_calls")
	p.asks("GET", "/customers", "").has(http.StatusForbidden)
	boss.post("/customers", "name", "Zhang <b>Wei</b>", "phone", "+86 138 0013 8000", "kind", "person").sees(http.StatusOK)

	stream := agent.listens(t)
	agent.get("/jobs").sees(http.StatusOK, `<div id="ring" data-mark=""`)
	p.asks("GET", "/calls/ring?extension=12&number=%2B8613800138000", "").has(http.StatusOK, "number", "+8613800138000")
	mark := stream.rings()
	if mark == "" {
		t.Fatal("the stream says that nobody calls")
	}
	agent.get("/ring").sees(http.StatusOK, "Zhang <b>Wei</b> calls", "+8613800138000", `data-mark="`+mark+`"`)
	boss.get("/ring").sees(http.StatusOK, "Nobody calls")
	// The same call again is no other.
	p.asks("POST", "/calls/ring?extension=12&number=008613800138000", "").has(http.StatusOK)
	agent.get("/ring").sees(http.StatusOK, `data-mark="`+mark+`"`)

	// In each language.
	for _, c := range [][2]string{{"zh-Hans", "来电"}, {"zh-Hant", "來電"}, {"en", "calls"}} {
		agent.post("/language", "language", c[0], "to", "/ring").sees(http.StatusOK, "Zhang <b>Wei</b> "+c[1])
	}

	// Taken, it is gone from the page, and the intake knows who it is.
	agent.post("/ring", "mark", mark, "number", "+8613800138000", "do", "intake").sees(http.StatusOK, "Zhang <b>Wei</b>")
	if agent.at.Path != "/intake" || agent.at.Query().Get("party") == "" {
		t.Fatalf("it leads to %s", agent.at)
	}
	if again := stream.rings(); again != "" {
		t.Fatalf("it still rings: %q", again)
	}

	// Nobody is known by another number: the intake begins with it.
	p.asks("GET", "/calls/ring?extension=12&number=13900139000", "").has(http.StatusOK)
	mark = stream.rings()
	agent.get("/ring").sees(http.StatusOK, "Somebody unknown calls")
	number := agent.hidden("number")
	agent.post("/ring", "mark", mark, "number", number, "do", "intake").sees(http.StatusOK, `value="`+number)
	p.asks("GET", "/calls/ring?extension=12&number=13900139001", "").has(http.StatusOK)
	agent.get("/ring")
	agent.post("/ring", "mark", agent.hidden("mark"), "do", "away", "back", "//elsewhere.example").sees(http.StatusOK)
	agent.get("/ring").sees(http.StatusOK, "Nobody calls")
}

func TestWhatATelephoneSystemMayNot(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	p := b.program(boss, "Telephone", "ring_calls")
	p.asks("GET", "/calls/ring?number=unknown", "").has(http.StatusUnprocessableEntity, "code", string(aftersales.BadNumber))
	p.asks("GET", "/calls/ring?number=110&extension=99", "").has(http.StatusNotFound)
	p.asks("POST", "/calls/ring", `{"number": "+8613800138000"}`, "Content-Type", "application/json").has(http.StatusOK, "number", "+8613800138000")
	p.asks("POST", "/calls/ring", "number=111", "Content-Type", "application/x-www-form-urlencoded").has(http.StatusOK)
	p.asks("POST", "/calls/ring", `{"nummer": "111"}`).refuses(http.StatusUnprocessableEntity, "unknown_field", "nummer")
	p.asks("GET", "/calls/ring?number=110", "").has(http.StatusOK) // without an extension it is whose token it is
	boss.get("/ring").sees(http.StatusOK, "Somebody unknown calls", "110")

	// In the URL, where many see it, only a token that can do nothing else.
	wide := b.program(boss, "Everything", "ring_calls", "see_customers")
	for _, c := range []struct {
		token  string
		status int
	}{{p.token, http.StatusOK}, {wide.token, http.StatusUnauthorized}, {"fsk_wrong", http.StatusUnauthorized}} {
		answer, err := http.Get(b.url + "/api/v1/calls/ring?number=110&token=" + url.QueryEscape(c.token))
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("answered %d, want %d", answer.StatusCode, c.status)
		}
	}
	b.program(boss, "Reader", "see_customers").asks("GET", "/calls/ring?number=110", "").has(http.StatusForbidden)
	answer, err := http.Get(b.url + "/api/v1/customers?token=" + url.QueryEscape(wide.token))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token in a URL opens the rest: %d", answer.StatusCode)
	}
}
