package systemtest

import (
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
)

// glass is a browser window on somebody's pages, as the demo's page frames them.
type glass struct {
	t    *testing.T
	http *http.Client
	base string
	body string
	at   string // the path of the last page

	framed bool // the last page may be shown in a frame of the demo's
}

func newGlass(t *testing.T, entry string) *glass {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	at, err := url.Parse(entry)
	if err != nil {
		t.Fatal(err)
	}
	g := &glass{t: t, http: &http.Client{Jar: jar, Timeout: patience}, base: "http://" + at.Host}
	t.Cleanup(g.http.CloseIdleConnections)
	g.get(at.RequestURI())
	return g
}

func (g *glass) get(path string) *glass {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.base+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.send(r)
}

func (g *glass) post(path string, form url.Values) *glass {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", g.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return g.send(r)
}

func (g *glass) send(r *http.Request) *glass {
	g.t.Helper()
	answer, err := g.http.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		g.t.Fatalf("%s %s, from %q: %d\n%s", r.Method, r.URL, r.Header.Get("Referer"), answer.StatusCode, b)
	}
	g.framed = answer.Header.Get("X-Frame-Options") == "" && strings.Contains(answer.Header.Get("Content-Security-Policy"), "frame-ancestors http://127.0.0.1:")
	g.at = answer.Request.URL.RequestURI()
	g.body = html.UnescapeString(string(b))
	return g
}

// comes waits until a page has the text.
func (g *glass) comes(what, path, text string) {
	g.t.Helper()
	soon(g.t, what, func() bool { return strings.Contains(g.get(path).body, text) })
}

// demo is what the demo says when it stands.
type demo struct{ URL, Side, Login, Password, Replica string }

// demo starts the live demo, and returns what it says, and what ends it.
func (i *installation) demo() (said demo, end func()) {
	i.t.Helper()
	c := i.command("demo", "-addr", "127.0.0.1:0", "-json")
	c.Env = append(c.Env, "TMPDIR="+i.t.TempDir())
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = c.Process.Kill() }) // of a test that failed; else it has ended
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		i.t.Fatal(err)
	}
	return said, func() {
		i.t.Helper()
		if err := errors.Join(c.Process.Signal(os.Interrupt), c.Wait()); err != nil {
			i.t.Errorf("the demo does not end well: %v", err)
		}
	}
}

// showsSideBySide: what one phone writes shows on the other and in the office; not while its signal is cut.
func showsSideBySide(t *testing.T, i *installation) {
	said, end := i.demo()
	page := newGlass(t, said.Side)
	at, _ := url.Parse(said.Side)
	frames := regexp.MustCompile(`iframe src="([^"]+)"`).FindAllStringSubmatch(page.body, -1)
	if len(frames) != 3 {
		t.Fatalf("the page has %d frames:\n%s", len(frames), page.body)
	}
	office, sam, mei := page.beside(frames[0][1]), newGlass(t, frames[1][1]), newGlass(t, frames[2][1])
	if !office.get("/").framed || !sam.get("/").framed {
		t.Error("the pages cannot be framed")
	}
	if page.get(at.Path); strings.Count(page.body, frames[1][1]) != 1 {
		t.Error("opening the page again started the phones again")
	}
	for _, c := range page.http.Jar.Cookies(at) {
		page.http.Jar.SetCookies(at, []*http.Cookie{{Name: c.Name, Value: "of-an-earlier-demo", Path: "/"}})
	}
	if page.get(at.Path); strings.Contains(office.get("/").body, "Sign-in name") {
		t.Error("who has seen a demo before has to sign in to this one's office")
	}
	if alone := newGlass(t, frames[0][1]); !strings.Contains(alone.body, "Sign-in name") {
		t.Error("whoever knows the port is in the office")
	}
	writesInATerminal(t, said.Replica)
	job := sharedJob(t, sam, mei)
	says := func(text string) {
		t.Helper()
		sam.get(job + "/comments")
		sam.post(job+"/comments", url.Values{"text": {text}, "once": {once(t, sam.body)}})
	}

	says("the pump is loud")
	mei.comes("the other phone hears of it", job+"/comments", "the pump is loud")
	office.comes("the office hears of it", job, "the pump is loud")

	page.post(at.Path+"/signal", url.Values{"phone": {"Sam Taylor"}, "on": {""}})
	sam.comes("the phone is offline", "/", "Offline")
	says("down in the cellar")
	sam.comes("it waits", "/outbox", "down in the cellar")
	if strings.Contains(sam.body, "no_network") {
		t.Error("a technician reads codes")
	}
	if strings.Contains(office.get(job).body, "down in the cellar") {
		t.Error("the office hears what is said in a cellar")
	}
	if page.get(at.Path); !regexp.MustCompile(`value="Sam Taylor" autocomplete`).MatchString(page.body) {
		t.Error("the page does not show that the signal is cut")
	}
	page.post(at.Path+"/signal", url.Values{"phone": {"Sam Taylor"}, "on": {"yes"}})
	sam.post("/outbox", nil) // he tries at once
	mei.comes("the other phone hears of it at last", job+"/comments", "down in the cellar")

	end()
}

// beside is another window of the same browser, which tells hosts apart and not their ports.
func (g *glass) beside(entry string) *glass {
	at, err := url.Parse(entry)
	if err != nil {
		g.t.Fatal(err)
	}
	return &glass{t: g.t, http: g.http, base: "http://" + at.Host}
}

// writesInATerminal: what the demo says to type works while the page side by side has the phones.
func writesInATerminal(t *testing.T, replica string) {
	t.Helper()
	c, err := client.Open(t.Context(), client.Options{Path: filepath.Join(replica, "replica.db")})
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := c.Jobs().List(t.Context(), client.JobFilter{})
	if err != nil || len(jobs) == 0 {
		t.Fatalf("there is no job: %v", err)
	}
	_, err = c.Comments().Add(t.Context(), aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: jobs[0].Job.ID}, Text: "seal replaced"})
	if err = errors.Join(err, c.SyncOnce(t.Context()), c.Close()); err != nil {
		t.Error(err)
	}
}

// sharedJob returns the page of a job that both have: the last of the day, since the first may be gone by then.
func sharedJob(t *testing.T, sam, mei *glass) string {
	t.Helper()
	jobs := func(g *glass) (list []string) {
		for _, m := range regexp.MustCompile(`href="(/jobs/[0-9a-f-]{36})"`).FindAllStringSubmatch(g.get("/open").body, -1) {
			list = append(list, m[1])
		}
		return list
	}
	job := ""
	soon(t, "the phones share a job", func() bool {
		hers, his := jobs(mei), jobs(sam)
		job = ""
		if len(his) > 1 && len(hers) > 1 && his[len(his)-1] == hers[len(hers)-1] {
			job = his[len(his)-1]
		}
		return job != ""
	})
	return job
}

func once(t *testing.T, body string) string {
	t.Helper()
	m := regexp.MustCompile(`name="once" value="([^"]+)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no form in\n%s", body)
	}
	return m[1]
}
