package systemtest

import (
	"bufio"
	"encoding/json"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// TestTheApp builds fieldtech once, and plays the stories of its app: the device is a process of its own, that is
// killed, and the hub behind a gate that is closed.
func TestTheApp(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "fieldtech")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, module+"/client/cmd/fieldtech")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, story := range map[string]func(*handset){
		"a visit by touch, in English":          func(h *handset) { h.visitByTouch("en-GB", "Accept", "Free: in warranty") },
		"a visit by touch, in Chinese":          func(h *handset) { h.visitByTouch("zh-CN", "接单", "免费：保修期内") },
		"killed in the middle of every step":    killedInTheMiddle,
		"logging out is refused with work":      logOutIsRefused,
		"a refused change is mended and resent": refusedIsMended,
		"a part is scanned by the camera":       scansAPart,
		"a code is typed without a camera":      typesWhereThereIsNoCamera,
		"a voice note is recorded":              speaks,
		"a film has a picture":                  films,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(newHandset(t, program))
		})
	}
}

// handset is Li's phone, with the app on it.
type handset struct {
	*shop
	gate *gate // the way to the hub
	app  *exec.Cmd
	url  string // opens the app
	base string

	checklist record.ID
	http      *http.Client
	body      string
}

// newHandset is a phone that has fetched its work, and then lost the hub: whoever comes there is sent away.
func newHandset(t *testing.T, program string) *handset {
	t.Helper()
	h := furnishedHandset(t, program)
	h.done("sync", "-within", patience.String())
	h.gate.shut.Store(true)
	h.start()
	return h
}

// furnishedHandset is a phone that is Li's, and has nothing yet.
func furnishedHandset(t testing.TB, program string) *handset {
	t.Helper()
	h := &handset{shop: newShop(t, program)}
	h.office("company.setup", func(tx aftersales.Tx) (err error) {
		h.checklist, err = aftersales.CreateChecklist(tx, aftersales.ChecklistInput{
			Name: map[string]string{"en": "Lift"}, Product: h.product(tx), Questions: []aftersales.Question{
				{Key: "power", Kind: aftersales.AskYesNo, Label: map[string]string{"en": "Power off?"}, Required: aftersales.AskAlways},
			}})
		if err != nil {
			return err
		}
		van, err := aftersales.VanOf(tx, h.li)
		if err != nil {
			return err
		}
		_, err = aftersales.ReceivePart(tx, aftersales.MoveInput{
			Part: h.seal, Quantity: aftersales.Quantity{Amount: 5 * aftersales.One}, To: van.ID})
		return err
	})
	h.gate = newGate(t, h.shop.world.url, nil)
	h.done("enrol", h.gate.url(), h.code(), "-name", "Li's phone")
	return h
}

// product gives the elevator a model, under warranty.
func (h *handset) product(tx aftersales.Tx) record.ID {
	id, err := aftersales.CreateProduct(tx, aftersales.ProductInput{Code: "KX", Name: map[string]string{"en": "Lift KX"}, WarrantyMonths: 24})
	if err == nil {
		today := tx.Now() / (24 * time.Hour.Milliseconds())
		err = tx.Update("unit", h.unit, record.Values{
			"product": record.Ref(id), "sold_on": record.Date(today - 40), "installed_on": record.Date(today - 30), "accepted_on": record.Date(today - 30),
		})
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// start starts the app.
func (h *handset) start() {
	h.t.Helper()
	h.app = h.command("app", "-json")
	out, err := h.app.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.app.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(h.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	var opened struct{ URL string }
	if err != nil || json.Unmarshal([]byte(line), &opened) != nil {
		h.t.Fatalf("the app says %q: %v", line, err)
	}
	h.url = opened.URL
	h.base, _, _ = strings.Cut(opened.URL, "/enter")
	jar, _ := cookiejar.New(nil)
	h.http = &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if _, _, err := h.ask(http.MethodGet, strings.TrimPrefix(h.url, h.base), nil); err != nil {
		h.t.Fatal(err)
	}
}

// kill ends the app as a phone does that has run out of memory or power.
func (h *handset) kill() {
	_ = h.app.Process.Signal(syscall.SIGKILL)
	_ = h.app.Wait()
}

// ask sends a request as the browser does, and returns where it leads.
func (h *handset) ask(method, path string, form url.Values) (status int, to string, err error) {
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", h.base)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("Accept-Language", "en")
	answer, err := h.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	h.body = html.UnescapeString(string(b))
	return answer.StatusCode, answer.Header.Get("Location"), err
}

// page wants a page with all of the texts.
func (h *handset) page(path string, texts ...string) {
	h.t.Helper()
	status, _, err := h.ask(http.MethodGet, path, nil)
	if err != nil || status != http.StatusOK {
		h.t.Fatalf("%s: %d %v", path, status, err)
	}
	for _, text := range texts {
		if !strings.Contains(h.body, text) {
			h.t.Fatalf("%s lacks %q:\n%s", path, text, h.body)
		}
	}
}

// form returns the fields of names and values, with those that the page hides.
func (h *handset) form(pairs ...string) url.Values {
	form := url.Values{}
	for _, m := range regexp.MustCompile(`type="hidden" name="([^"]+)"[^>]* value="([^"]*)"`).FindAllStringSubmatch(h.body, -1) {
		form.Set(m[1], m[2])
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// back opens the hub again, and sends what waits.
func (h *handset) back() {
	h.t.Helper()
	h.kill()
	h.done("sync", "-server", h.shop.world.url, "-within", patience.String())
}

// onHub counts rows of the job on the hub.
func (h *handset) onHub(table string) (n int) {
	h.t.Helper()
	h.office("look", func(tx aftersales.Tx) error {
		rows, err := tx.Refs(table, "job", h.lift)
		n = len(rows)
		return err
	})
	return n
}

// steps are the forms of a visit, in order: the page that each is on, where it goes, and what is typed.
func (h *handset) steps(of record.ID) [][]string {
	job := "/jobs/" + of.String()
	return [][]string{
		{job, job + "/step", "step", "accept"}, {job, job + "/step", "step", "travel"}, {job, job + "/step", "step", "arrive"},
		{job + "/parts/use/" + h.seal.String(), job + "/parts/use/" + h.seal.String(), "quantity", "2"},
		{job + "/checklist/" + h.checklist.String() + "/power", job + "/checklist/" + h.checklist.String() + "/power", "text", "yes"},
		{job + "/comments", job + "/comments", "text", "all well"},
		{job + "/goods", job + "/goods", "items", "a control box"},
		{job + "/findings", job + "/findings", "text", "worn", "fault", "noise"},
		{job + "/finish", job + "/finish", "outcome", "fixed", "solution", "new seal"},
		{job + "/sign", job + "/sign", "name", "Lin", "signature", onePixel, "attitude", "4"},
	}
}

// Every form of a visit is killed while it is sent, and sent again as a browser does: each counts once.
func killedInTheMiddle(h *handset) {
	chance := rand.New(rand.NewPCG(3, 5))
	for _, step := range h.steps(h.lift) {
		h.page(step[0])
		form := h.form(step[2:]...)
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, _, _ = h.ask(http.MethodPost, step[1], form)
		}()
		time.Sleep(time.Duration(chance.IntN(30_000)) * time.Microsecond)
		h.kill()
		<-sent
		h.start()
		if status, to, err := h.ask(http.MethodPost, step[1], form); err != nil || status != http.StatusSeeOther {
			// The slip that is signed is the one step that says so when it is asked for again.
			if !strings.HasSuffix(step[1], "/sign") || !strings.Contains(h.body, "signed already") {
				h.t.Fatalf("%s again: %d %s %v\n%s", step[1], status, to, err, h.body)
			}
		}
	}
	h.back()
	for table, want := range map[string]int{
		"visit": 1, "movement": 1, "answer": 1, "comment": 1, "goods_receipt": 1, "finding": 1, "slip": 1, "time_mark": 4,
	} {
		if got := h.onHub(table); got != want {
			h.t.Errorf("the hub has %d of %s, want %d", got, table, want)
		}
	}
	h.office("look", func(tx aftersales.Tx) error {
		row, err := tx.Row("job", h.lift)
		if state := row.Get("state").Text(); state != aftersales.JobDone {
			h.t.Errorf("the job is %s", state)
		}
		return err
	})
}

const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func logOutIsRefused(h *handset) {
	h.page("/jobs/" + h.lift.String() + "/comments")
	h.sends("/jobs/"+h.lift.String()+"/comments", "text", "mine")
	h.page("/settings", "only")
	if status, _, err := h.ask(http.MethodPost, "/settings", url.Values{"leave": {"yes"}}); err != nil || status != http.StatusUnprocessableEntity {
		h.t.Fatal(status, err)
	}
	h.back()
	h.start()
	if status, _, err := h.ask(http.MethodPost, "/settings", url.Values{"leave": {"yes"}}); err != nil || status != http.StatusOK {
		h.t.Fatal(status, err)
	}
	if err := h.app.Wait(); err != nil {
		h.t.Error("the app ends with", err)
	}
	if left, _ := filepath.Glob(filepath.Join(h.data, "replica.db*")); len(left) > 0 {
		h.t.Error("left on the phone:", left)
	}
}

// The office takes a part out of the catalogue that Li has used, and rewrites what he found: he reads why, mends what was
// refused, gives it up at last, and sees what became of his words.
func refusedIsMended(h *handset) {
	job := "/jobs/" + h.lift.String()
	h.page(job + "/parts/use/" + h.seal.String())
	h.sends(job+"/parts/use/"+h.seal.String(), "quantity", "2")
	h.page(job + "/findings")
	h.sends(job+"/findings", "text", "worn by sand")
	h.office("row.delete", func(tx aftersales.Tx) error { return tx.Delete("part", h.seal) })
	h.back()
	h.office("job.finding", func(tx aftersales.Tx) error {
		return tx.Update("job", h.lift, record.Values{"finding": record.Text("worn by rust")})
	})
	h.done("sync", "-within", patience.String())
	h.start()
	h.page("/", `class="refused"`)
	h.page("/outbox", "Refused: to be mended", "worn by sand", "worn by rust", "You wrote")
	refused := regexp.MustCompile(`href="(/outbox/[^"]+)"`)
	change := refused.FindStringSubmatch(h.body)[1]
	h.page(change, `value="2"`, "Nothing is lost")
	h.sends(change, "do", "again", "c0-1", "1")
	soon(h.t, "what was mended is sent, and refused under a name of its own", func() bool { // the hub is there again
		h.page("/outbox", "J-100")
		now := refused.FindStringSubmatch(h.body)
		return now != nil && now[1] != change
	})
	change = refused.FindStringSubmatch(h.body)[1]
	h.page(change, `value="1"`)
	h.sends(change, "do", "drop", "sure", "1")
	h.wantColumn(nil, "state", "outbox")
}

// sends a form that must be taken.
func (h *handset) sends(path string, pairs ...string) {
	h.t.Helper()
	if status, _, err := h.ask(http.MethodPost, path, h.form(pairs...)); err != nil || status != http.StatusSeeOther {
		h.t.Fatalf("%s: %d %v\n%s", path, status, err, h.body)
	}
}
