package mobile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Nothing runs on when all is closed. What is ending is given a minute to: goleak by itself waits half a second.
func TestMain(m *testing.M) {
	code := m.Run()
	for begun := time.Now(); code == 0; {
		err := goleak.Find()
		if err == nil {
			break
		}
		if time.Since(begun) > time.Minute {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

const li = "0199f3a0-0000-7000-8000-000000000001"

// phone opens a client of its own.
func phone(t *testing.T) *Client {
	t.Helper()
	c, err := Open(NewConfig(filepath.Join(t.TempDir(), "data")), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// enrolled opens a client that is Li's. Its hub says no more than that.
func enrolled(t *testing.T) *Client {
	t.Helper()
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"device":%q,"person":%q}`, li, li)
	}))
	defer http.DefaultClient.CloseIdleConnections()
	defer hub.Close()
	c := phone(t)
	if err := c.Enroll(hub.URL, "ACDE-FGHJ-KMNP", "Li's phone"); err != nil {
		t.Fatal(err)
	}
	return c
}

// heard is a listener that keeps what it hears.
type heard struct {
	results, errors chan string
}

func newHeard() heard { return heard{make(chan string, 64), make(chan string, 64)} }

func (h heard) OnResult(text string) error { h.results <- text; return nil }
func (h heard) OnStatus(text string) error { h.results <- text; return nil }
func (h heard) OnError(text string) error  { h.errors <- text; return nil }

func next(t *testing.T, from chan string) string {
	t.Helper()
	select {
	case text := <-from:
		return text
	case <-time.After(time.Minute):
		t.Fatal("nothing was heard")
		return ""
	}
}

// wantCode wants an error of the code, and a message behind it, on one line.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if !regexp.MustCompile(`^` + code + `: \S.*$`).MatchString(err.Error()) {
		t.Fatalf("error %q, want %s and a message", err, code)
	}
}

func TestErrorsAreACodeAndAMessage(t *testing.T) {
	t.Parallel()
	c := enrolled(t)
	for name, one := range map[string]struct {
		code string
		do   func() error
	}{
		"no configuration": {"invalid_value", func() error { _, err := Open(nil, nil); return err }},
		"no directory":     {"invalid_value", func() error { _, err := Open(&Config{}, nil); return err }},
		"a policy that is none": {"invalid_value", func() error {
			_, err := Open(&Config{Directory: t.TempDir(), Ahead: "much"}, nil)
			return err
		}},
		"a zone that is none": {"invalid_value", func() error {
			_, err := Open(&Config{Directory: t.TempDir(), Zone: "Mars/Olympus"}, nil)
			return err
		}},
		"a folder that cannot be":      {"read_only", func() error { _, err := Open(NewConfig("/proc/here"), nil); return err }},
		"a file that is open already":  {"in_use", func() error { _, err := Open(NewConfig(filepath.Dir(c.options.Path)), nil); return err }},
		"an address that is none":      {"invalid_value", func() error { return c.Enroll("\x00", "A", "B") }},
		"a hub that is not there":      {"no_network", func() error { return c.SyncOnce(2000) }},
		"no time":                      {"no_network", func() error { return c.SyncOnce(0) }},
		"a network that is none":       {"invalid_value", func() error { return c.SetNetwork("carrier pigeon") }},
		"a job that is none":           {"unknown_row", func() error { _, err := c.Job(li); return err }},
		"an id that is none":           {"invalid_value", func() error { _, err := c.Job("J-1"); return err }},
		"JSON that is none":            {"invalid_value", func() error { _, err := c.Jobs("{"); return err }},
		"two objects":                  {"invalid_value", func() error { _, err := c.Jobs("{}{}"); return err }},
		"a list for an object":         {"invalid_value", func() error { _, err := c.Jobs("[]"); return err }},
		"a member that is unknown":     {"invalid_value", func() error { _, err := c.Jobs(`{"witch":"all"}`); return err }},
		"a choice that is unknown":     {"invalid_value", func() error { _, err := c.Jobs(`{"which":"some"}`); return err }},
		"a query that is unknown":      {"unknown_query", func() error { _, err := c.Query(`{"read":"minds"}`); return err }},
		"a command that is unknown":    {"unknown_command", func() error { _, err := c.Execute("job.win", "{}"); return err }},
		"a command on no job":          {"unknown_row", func() error { _, err := c.Execute("visit.accept", `{"job":"`+li+`"}`); return err }},
		"a state that is none":         {"invalid_value", func() error { _, err := c.Outbox("lost"); return err }},
		"a change that is not refused": {"already_closed", func() error { _, err := c.Execute("outbox.resend", `{"change":"1:1"}`); return err }},
		"a file that is not there":     {"no_file", func() error { _, err := c.Attach("job", li, "/nowhere", `{"kind":"photo"}`); return err }},
		"an attachment that is none":   {"unknown_row", func() error { return c.SaveAttachment(li, filepath.Join(t.TempDir(), "x")) }},
		"SQL that writes": {"read_only", func() error {
			_, err := c.Query(`{"read":"select","in":{"sql":"DELETE FROM job"}}`)
			return err
		}},
		"no listener": {"invalid_value", func() error { _, err := c.Observe(`{"read":"jobs"}`, nil); return err }},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, one.do(), one.code) })
	}
}

// TestEverythingAnswers asks everything with nothing to it: each answers an object or a list, or says why not.
func TestEverythingAnswers(t *testing.T) {
	t.Parallel()
	c := enrolled(t)
	for name := range readings {
		answer, err := c.Query(`{"read":"` + name + `"}`)
		switch {
		case err != nil && !regexp.MustCompile(`^[a-z_]+: `).MatchString(err.Error()):
			t.Errorf("%s: %v", name, err)
		case err == nil && (!json.Valid([]byte(answer)) || !strings.ContainsAny(answer[:1], "[{")):
			t.Errorf("%s answers %q", name, answer)
		}
	}
	for name := range commands {
		if answer, err := c.Execute(name, `{"no_such_member":1}`); err == nil {
			t.Errorf("%s takes what it does not know, and answers %q", name, answer)
		} else {
			wantCode(t, err, "invalid_value")
		}
		if _, err := c.Execute(name, "{}"); err != nil {
			wantCode(t, err, "[a-z_]+")
			if strings.HasPrefix(err.Error(), "internal") || strings.HasPrefix(err.Error(), "panic") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestEmptyIsNeverNull(t *testing.T) {
	t.Parallel()
	c := enrolled(t)
	for query, want := range map[string]string{
		`{"read":"jobs"}`:                            `[]`,
		`{"read":"parts","in":{"text":"x"}}`:         `[]`,
		`{"read":"search","in":{"text":""}}`:         `[]`,
		`{"read":"hand_overs"}`:                      `[]`,
		`{"read":"plans"}`:                           `[]`,
		`{"read":"choices"}`:                         `{"reduce":true,"wifi_only":false}`,
		`{"read":"slip","in":{"id":"` + li + `"}}`:   `{}`,
		`{"read":"outbox","in":{"state":"waiting"}}`: `[]`,
		`{"read":"select","in":{"sql":"SELECT id FROM job","tables":["job"]}}`:                                  `[]`,
		`{"read":"select","in":{"sql":"SELECT ?1 AS n, ?2 AS s, ?3 AS f","args":[12345678901234567,"電梯",1.5]}}`: `[{"f":1.5,"n":12345678901234567,"s":"電梯"}]`,
	} {
		if answer, err := c.Query(query); err != nil || answer != want {
			t.Errorf("%s answers %q, %v, want %s", query, answer, err, want)
		}
	}
}

// What the person chooses holds, and leaves what he does not name.
func TestChoices(t *testing.T) {
	t.Parallel()
	c := enrolled(t)
	if got, err := c.Execute("choose", `{"wifi_only":true}`); err != nil || got != `{"reduce":true,"wifi_only":true}` {
		t.Error(got, err)
	}
	if got, err := c.Query(`{"read":"choices"}`); err != nil || got != `{"reduce":true,"wifi_only":true}` {
		t.Error(got, err)
	}
}

// rude is a listener, and a keystore, that fails in every way.
type rude struct{ heard }

func (r rude) OnResult(text string) error { _ = r.heard.OnResult(text); panic("out of order") }
func (r rude) OnError(text string) error  { _ = r.heard.OnError(text); return errors.New("no") }
func (r rude) Newest() (int64, error)     { return 1, nil }
func (r rude) Destroy() error             { return nil }
func (r rude) Key(int64) ([]byte, error)  { panic("keystore is locked") }

func TestPanicsStayHere(t *testing.T) {
	t.Parallel()
	c := enrolled(t)
	listener := rude{newHeard()}
	if _, err := c.Observe(`{"read":"outbox","in":{"state":"waiting"}}`, listener); err != nil {
		t.Fatal(err)
	}
	next(t, listener.results)
	if _, err := c.Execute("unit.create", `{"serial":"KX-1"}`); err != nil {
		t.Fatal(err)
	}
	next(t, listener.results) // it panicked before, and hears again
	if _, err := Open(NewConfig(t.TempDir()), rude{}); err == nil || !strings.HasPrefix(err.Error(), "key_missing: ") {
		t.Errorf("with a keystore that panics: %v", err)
	}
	err := func() (err error) {
		defer guard(&err)
		none := strings.Fields("")
		return errors.New(none[0])
	}()
	wantCode(t, err, "panic")
	if !strings.Contains(err.Error(), "mobile_test.go:") {
		t.Errorf("%q does not say where", err)
	}
}

func TestNamesAreMatchedWithoutUnderscores(t *testing.T) {
	t.Parallel()
	var in struct {
		FaultCode string
		Inner     []struct{ SignedBy string }
		SHA256    string
		Amount    int64
	}
	err := decode(`{"fault_code":"F1","inner":[{"signed_by":"Ng"}],"sha256":"ab","AMOUNT":9007199254740993}`, &in)
	if err != nil || in.FaultCode != "F1" || in.Inner[0].SignedBy != "Ng" || in.SHA256 != "ab" || in.Amount != 9007199254740993 {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestObserveHearsOfChanges(t *testing.T) {
	t.Parallel()
	c := enrolled(t)
	units, state := newHeard(), newHeard()
	subscription, err := c.Observe(`{"read":"units"}`, units)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.WatchStatus(state); err != nil {
		t.Fatal(err)
	}
	if first := next(t, units.results); first != "[]" {
		t.Fatalf("the first answer is %s", first)
	}
	if first := next(t, state.results); !strings.Contains(first, `"pending":0`) {
		t.Fatalf("the first status is %s", first)
	}
	if _, err := c.Execute("unit.create", `{"serial":"KX-1"}`); err != nil {
		t.Fatal(err)
	}
	if second := next(t, units.results); !strings.Contains(second, "KX-1") {
		t.Fatalf("the second answer is %s", second)
	}
	for !strings.Contains(next(t, state.results), `"pending":1`) {
	}
	if err := subscription.Cancel(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Execute("unit.create", `{"serial":"KX-2"}`); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(next(t, state.results), `"pending":2`) {
	}
	if len(units.results) > 0 {
		t.Error("a cancelled subscription heard of more")
	}
}

func TestSuspendLetsGoOfTheFiles(t *testing.T) {
	t.Parallel()
	c := enrolled(t)
	units := newHeard()
	if _, err := c.Observe(`{"read":"units"}`, units); err != nil {
		t.Fatal(err)
	}
	next(t, units.results)
	if err := c.Suspend(); err != nil {
		t.Fatal(err)
	}
	_, err := c.Jobs("")
	wantCode(t, err, "suspended")
	other, err := Open(NewConfig(filepath.Dir(c.options.Path)), nil)
	if err != nil {
		t.Fatalf("the files are not free: %v", err)
	}
	if _, err := other.Execute("unit.create", `{"serial":"KX-1"}`); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other.Close(), c.Resume(), c.Resume()); err != nil {
		t.Fatal(err)
	}
	if second := next(t, units.results); !strings.Contains(second, "KX-1") {
		t.Fatalf("after the rest it hears %s", second)
	}
	if err := errors.Join(c.Connect(), c.Suspend(), c.Suspend(), c.Resume()); err != nil {
		t.Fatal(err)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	c := enrolled(t)
	units := newHeard()
	for range 8 {
		if _, err := c.Observe(`{"read":"units"}`, units); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(c.Connect(), c.Close(), c.Close()); err != nil {
		t.Fatal(err)
	}
	if len(c.subscriptions) != 0 {
		t.Error("listeners are kept")
	}
	_, err := c.Observe(`{"read":"units"}`, units)
	wantCode(t, err, "closed")
	wantCode(t, c.Resume(), "closed")
	wantCode(t, c.Connect(), "closed")
	if open := openFiles(filepath.Dir(c.options.Path)); len(open) > 0 {
		t.Errorf("still open: %v", open)
	}
}

// openFiles returns what the process has open below the folder, where the system tells.
func openFiles(dir string) (open []string) {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if name, _ := os.Readlink(filepath.Join("/proc/self/fd", e.Name())); strings.HasPrefix(name, dir+"/") {
			open = append(open, name)
		}
	}
	return open
}

// The app is served until it is stopped, or the client rests; where it was, nobody answers then.
func TestTheAppIsServed(t *testing.T) {
	t.Parallel()
	c := enrolled(t)
	url, err := c.StartApp()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.StartApp(); again != url || err != nil {
		t.Errorf("a second start gives %s, %v, not %s", again, err, url)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	jar, _ := cookiejar.New(nil) // without options it never fails
	browser := &http.Client{Transport: transport, Jar: jar, Timeout: time.Minute}
	home := url[:strings.LastIndex(url, "/")+1]
	for _, at := range []string{url, home} { // the first leaves a cookie, and leads to the second
		answer, err := browser.Get(at)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(page), "<!doctype html") {
			t.Errorf("%s answers %d, %v: %s", at, answer.StatusCode, err, page)
		}
	}
	if err := errors.Join(c.Suspend(), c.Resume()); err != nil {
		t.Fatal(err)
	}
	if _, err := browser.Get(url); err == nil {
		t.Error("the app is served by a client that rested")
	}
	if _, err := c.StartApp(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.StopApp(), c.StopApp(), c.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = c.StartApp()
	wantCode(t, err, "closed")
}

// A listener may do anything with the client that it belongs to, even close it.
func TestAListenerMayCloseItsClient(t *testing.T) {
	t.Parallel()
	c := phone(t)
	closed := make(chan error, 1)
	if _, err := c.WatchStatus(closer{c, closed}); err != nil {
		t.Fatal(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

type closer struct {
	c    *Client
	done chan error
}

func (l closer) OnStatus(string) error {
	_, err := l.c.Status()
	l.done <- errors.Join(err, l.c.Suspend(), l.c.Resume(), l.c.Close())
	return nil
}

func TestManyThreadsAndTwoClients(t *testing.T) {
	t.Parallel()
	one, other := enrolled(t), enrolled(t)
	var threads sync.WaitGroup
	for n := range 8 {
		threads.Go(func() {
			for i := range 10 {
				if _, err := one.Execute("unit.create", fmt.Sprintf(`{"serial":"T%d-%d"}`, n, i)); err != nil {
					t.Error(err)
				}
				if _, err := other.Query(`{"read":"units"}`); err != nil {
					t.Error(err)
				}
				runtime.Gosched()
			}
		})
	}
	threads.Wait()
	for c, want := range map[*Client]int{one: 80, other: 0} {
		var units []any
		answer, err := c.Query(`{"read":"units"}`)
		if err = errors.Join(err, json.Unmarshal([]byte(answer), &units)); err != nil || len(units) != want {
			t.Errorf("%d units, %v, want %d", len(units), err, want)
		}
	}
}
