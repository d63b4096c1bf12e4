package systemtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
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

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

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

// tap touches the middle of an element, as a thumb does, and again when nothing came of it: on a machine so slow that
// half a second goes by between down and up, the browser takes a touch for a long one, and a person taps again.
func tap(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for {
			at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(whereToTap, selector)))
			if err != nil {
				return err
			}
			if err := touch(ctx, t, [][2]float64{{at[0], at[1]}}); err != nil {
				return err
			}
			if tookIt(ctx) {
				return nil
			}
		}
	})
}

// whereToTap returns the middle of an element, and has the page remember whether a click came to it.
const whereToTap = `(() => {
	const what = %q, e = document.querySelector(what);
	window.tapped = false;
	addEventListener("click", (click) => { window.tapped ||= click.target.closest(what) !== null }, true);
	e.scrollIntoView({block: "center"});
	const r = e.getBoundingClientRect();
	return [r.x + r.width / 2, r.y + r.height / 2];
})()`

// tookIt waits some seconds for the click, or for the page after it, which remembers no tap.
func tookIt(ctx context.Context) bool {
	for began := time.Now(); time.Since(began) < 5*time.Second && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		// An error is a page that is just going.
		if taken, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`window.tapped !== false`)); taken && err == nil {
			return true
		}
	}
	return ctx.Err() != nil
}

// touch puts a finger down, moves it through the points, and lifts it.
func touch(ctx context.Context, t *chromedp.Target, points [][2]float64) error {
	kind := input.DispatchTouchEventTypeTouchStart
	for _, p := range points {
		one := []*input.TouchPoint{{X: p[0], Y: p[1]}}
		if _, err := cdp.Call(ctx, t, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: one}); err != nil {
			return err
		}
		kind = input.DispatchTouchEventTypeTouchMove
	}
	_, err := cdp.Call(ctx, t, input.DispatchTouchEvent, input.DispatchTouchEventParams{
		Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}})
	return err
}

// window opens a browser of the size of a phone, with touch, on the app.
func (h *handset) window(language string, flags ...chromedp.ExecAllocatorOption) *screen {
	h.t.Helper()
	flags = append(flags, chromedp.Flag("lang", language), chromedp.Flag("accept-lang", language))
	s := newScreen(&bureau{world: h.world}, h.base, flags...)
	s.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate(h.url))
	s.at("/")
	return s
}

// visitByTouch is the whole visit by touch, while the hub cannot be reached.
func (h *handset) visitByTouch(language, accept, cover string) {
	s := h.window(language)
	job := "/jobs/" + h.lift.String()
	s.holds("today", `document.querySelectorAll(".job").length === 1 && document.querySelector(".net.off") !== null`)
	s.do(tap(".job"))
	s.at(job)
	s.holds("the words", stands+` && document.body.innerText.includes("`+accept+`") && document.body.innerText.includes("`+cover+`")`)
	s.do(tap("button[value=accept]"))
	s.holds("accepted", stands+` && document.querySelector("button.main")?.value === "travel"`)
	s.do(tap("button[value=arrive]"))
	s.holds("on site", `document.querySelector("[data-since]") !== null`)

	s.visit(job + "/checklist/" + h.checklist.String() + "/power")
	s.do(tap(`label.pick:has([value=yes])`), tap("button.main"))
	s.at(job + "/checklist")
	s.visit(job + "/parts/use")
	s.do(tap("#results .row"))
	s.at(job + "/parts/use/" + h.seal.String())
	s.do(tap("button.main"))
	s.at(job + "/parts")
	s.visit(job + "/finish")
	s.do(tap("textarea[name=solution]"), chromedp.SendKeys("textarea[name=solution]", "更換軸封"), tap("button.main"))
	s.at(job + "/sign")
	s.do(chromedp.SendKeys("input[name=name]", "林先生"), draw("canvas.pad"))
	s.holds("what was drawn", `document.getElementById("signature").value.length > 500`)
	s.do(tap(".scale label:nth-child(4)"), tap("button.main"))
	s.at(job + "/slip")
	s.holds("the slip", `document.body.innerText.includes("林先生") && document.querySelector("img.signature").naturalWidth > 100`)
	s.fits("/", "/open", job, job+"/price", "/stock", "/parts/"+h.seal.String(), "/outbox", "/mine", "/settings", "/search?q=KX")
	h.back()
	if h.onHub("slip") != 1 || h.onHub("movement") != 1 || h.onHub("answer") != 1 || h.onHub("attachment") != 1 {
		h.t.Error("the hub has not all of it, or some of it twice")
	}
}

// draw signs with a finger.
func draw(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		where := fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height] })()`, selector)
		r, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](where))
		if err != nil {
			return err
		}
		var points [][2]float64
		for i := range 12 {
			points = append(points, [2]float64{r[0] + r[2]*(0.1+float64(i)*0.07), r[1] + r[3]*(0.3+0.4*float64(i%2))})
		}
		return touch(ctx, t, points)
	})
}
