package web

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/words"
)

// look is one way to look at a screen: through a window of a size, with the app's looks.
type look struct {
	width, height int64
	looks         string
}

// finds returns what is wrong with the page that is shown, a line each.
//
//go:embed testdata/finds.js
var finds string

// Every screen, before a visit and in the middle of it, can be read aloud, read in the sun, hit by a thumb, and used with the phone
// lying on its side or with its text twice as large. FIELDSYNC_SHOTS names the folder in which a picture of each is kept.
func TestEveryScreenIsForEverybody(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		text  int // px
		looks []look
	}{
		"as it comes":      {16, []look{{390, 844, "light"}, {360, 640, "dark"}, {844, 390, "contrast"}}},
		"with larger text": {32, []look{{390, 844, "light"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, during := newThumb(t), newThumb(t)
			w := newWindow(t, one.text)
			w.walk("before", before, before.pages(), one.looks)
			during.works()
			w.walk("during", during, append(during.pages(), during.deeper()...), one.looks)
			during.lastRefused() // the hand-over, in which nothing can be mended
			during.get(during.job()+"/comments").post(during.job()+"/comments", "text", "on the roof").done()
			during.lastRefused()
			w.walk("refused", during, append(during.get(outboxURL).links("/outbox/"), outboxURL), one.looks)
			w.walk("nobody's", nobodys(t), []string{enrolURL, enrolURL + "?wiped=1", settingsURL}, one.looks)
			before.c.Lease = 1
			w.walk("without a lease", before, []string{todayURL, exportURL}, one.looks)
		})
	}
}

// nobodys is a phone that has been given to nobody yet.
func nobodys(t *testing.T) *thumb {
	t.Helper()
	h := &thumb{t: t, c: newClient(t)}
	var err error
	if h.app, err = New(h.c, Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.app.Close() })
	return h
}

// works brings a visit so far that every screen has something to show.
func (h *thumb) works() {
	h.t.Helper()
	job, seal := h.job(), "/parts/"+h.s.seal.String()
	for _, step := range []string{"accept", "travel", "arrive"} {
		h.get(job).post(job+"/step", "step", step).done()
	}
	h.checks()
	h.get(job+"/findings").post(job+"/findings", "fault", "leak", "cause", "misuse", "text", "ran dry").done()
	h.moves()
	h.pays()
	h.get(job+"/comments").post(job+"/comments", "text", "the guard was there").done()
	h.get(job+"/goods").post(job+"/goods", "items", "control box", "by", "Lin").done()
	h.sendFile(job+"/photos", "photo", "plate.png", strings.NewReader("\x89PNG\r\n\x1a\n"), "caption", "type plate")
	h.sendFile(job+"/photos", "voice", "said.ogg", strings.NewReader("OggS\x00and so on"))
	h.sendFile(job+"/photos", "video", "pump.mp4", strings.NewReader(string(film(3000))))
	h.pictures(h.colleaguesFilm())
	h.get(seal).post(seal+"/give", "act", "give", "to", h.s.wang.String(), "quantity", "1", "gives", h.hidden("gives")).done()
}

// deeper are screens that a visit under way has beside those that every phone has.
func (h *thumb) deeper() []string {
	h.t.Helper()
	handOver := h.get("/handovers").links("/handovers/")[0]
	check := h.job() + "/checklist/" + h.s.checklist.String()
	return []string{
		check + "/power", check + "/where", check + "/remark", "/search?q=KX", "/jobs/new?q=KX", "/jobs/new?unit=" + h.s.unit.String(),
		h.job() + "/parts/use?q=SEAL", h.job() + "/parts/old/" + h.s.board.String(), handOver, "/export/codes", "/nowhere",
	}
}

// links returns the addresses on the page that begin so.
func (h *thumb) links(begins string) (list []string) {
	h.t.Helper()
	for _, m := range regexp.MustCompile(`href="(`+begins+`[^"]+)"`).FindAllStringSubmatch(h.body, -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		h.t.Fatalf("nothing leads to %s…:\n%s", begins, h.body)
	}
	return list
}

// window is a browser.
type window struct {
	t   *testing.T
	ctx context.Context
}

// newWindow opens a browser whose text is so many pixels high, if this machine has one.
func newWindow(t *testing.T, text int) *window {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("blink-settings", fmt.Sprintf("defaultFontSize=%d", text)))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil { // the first run starts the browser, which a deadline would end
		t.Fatal(err)
	}
	return &window{t, ctx}
}

// walk looks at the pages of the app in each of the ways, each way in another language.
func (w *window) walk(when string, h *thumb, pages []string, looks []look) {
	w.t.Helper()
	if err := w.enter(w.ctx, h); err != nil {
		w.t.Fatal(err)
	}
	for n, l := range looks {
		tag := words.Tags[n%len(words.Tags)]
		cookies := map[string]string{languageCookie: tag, looksCookie: l.looks}
		if err := chromedp.Do(w.ctx, chromedp.EmulateViewport(l.width, l.height, chromedp.EmulateMobile, chromedp.EmulateTouch)); err != nil {
			w.t.Fatal(err)
		}
		for name, value := range cookies {
			if err := chromedp.Do(w.ctx, setCookie("http://"+h.app.gate.host, name, value)); err != nil {
				w.t.Fatal(err)
			}
		}
		for _, path := range pages {
			if path == exportURL+"/file" { // it is saved, not shown
				continue
			}
			for _, wrong := range w.lookAt("http://"+h.app.gate.host+path, strings.Join([]string{when, tag, fmt.Sprint(l.width), path}, "-")) {
				w.t.Errorf("%s, %s, %v in %s: %s", path, when, l, tag, wrong)
			}
			status, err := chromedp.Run(w.ctx, chromedp.Evaluate[int](`performance.getEntriesByType("navigation")[0].responseStatus`))
			if refuses := path == "/nowhere" || h.c.Lease > 0 && path == todayURL; err != nil || refuses != (status >= http.StatusBadRequest) {
				w.t.Errorf("%s, %s: %d %v", path, when, status, err)
			}
		}
	}
}

// lookAt opens a page, keeps a picture of it where that is wanted, and returns what is wrong with it.
func (w *window) lookAt(url, name string) []string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	var wrong, unnamed []string
	err := chromedp.Do(ctx, chromedp.Navigate(url))
	if err == nil {
		wrong, err = chromedp.Run(ctx, chromedp.Evaluate[[]string](finds))
	}
	if err == nil {
		unnamed, err = chromedp.Run(ctx, nameless)
	}
	if dir := os.Getenv("FIELDSYNC_SHOTS"); dir != "" && err == nil {
		var picture []byte
		if picture, err = chromedp.Run(ctx, chromedp.FullScreenshot(100)); err == nil {
			err = os.MkdirAll(dir, 0o750)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, strings.NewReplacer("/", "_", "?", "_").Replace("phone-"+w.t.Name()+"-"+name)+".png"), picture, 0o600)
		}
	}
	if err != nil {
		w.t.Fatalf("%s: %v", url, err)
	}
	return append(wrong, unnamed...)
}

// enter starts the app, and lets the browser in.
func (w *window) enter(ctx context.Context, h *thumb) error {
	if _, err := h.app.Start(); err != nil {
		return err
	}
	return chromedp.Do(ctx, setCookie("http://"+h.app.gate.host, h.app.gate.cookieName(), h.app.gate.cookie))
}

func setCookie(url, name, value string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: url})
		return err
	})
}

// operated are the roles of what is tapped, typed into or looked at: each has a name that is read aloud.
var operated = []string{
	"button", "link", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "switch", "slider", "spinbutton",
	"image", "navigation", "dialog", "DisclosureTriangle", "Video", "Audio",
}

// nameless returns what the screen reader has no name for.
var nameless = chromedp.Action[[]string](func(ctx context.Context, t *chromedp.Target) (list []string, err error) {
	tree, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return nil, err
	}
	text := func(v *accessibility.Value) string {
		if v == nil {
			return ""
		}
		return strings.Trim(string(v.Value), `" `)
	}
	for _, n := range tree.Nodes {
		if role := text(n.Role); !n.Ignored && slices.Contains(operated, role) && text(n.Name) == "" {
			list = append(list, fmt.Sprintf("a %s without a name", role))
		}
	}
	return list, nil
})

// Who signed and forgot to write his name need not sign again.
func TestASignatureOutlivesARefusal(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	if err := h.c.Jobs().Arrive(t.Context(), aftersales.VisitInput{Job: h.s.leak}); err != nil {
		t.Fatal(err)
	}
	w := newWindow(t, 16)
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	err := w.enter(ctx, h)
	if err == nil {
		err = chromedp.Do(ctx, chromedp.Navigate("http://"+h.app.gate.host+h.job()+"/sign"))
	}
	if err != nil {
		t.Fatal(err)
	}
	before, err := chromedp.Run(ctx, chromedp.Evaluate[string](signAndSend))
	if err != nil || len(before) < 500 {
		t.Fatalf("signed as %q: %v", before, err)
	}
	still := `document.getElementById("problem") !== null && document.getElementById("signature").value === ` + strconv.Quote(before) + ` &&
		document.querySelector("canvas.pad").toDataURL("image/png").split(",")[1] === ` + strconv.Quote(before)
	for {
		if kept, err := chromedp.Run(ctx, chromedp.Evaluate[bool](still)); kept && err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal("the signature is gone")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// signAndSend draws a line into the field, takes the name away and sends the form; it returns what was drawn.
const signAndSend = `(() => {
	const pad = document.querySelector("canvas.pad"), at = pad.getBoundingClientRect();
	const move = (kind, x) => pad.dispatchEvent(new PointerEvent(kind, {pointerId: 1, clientX: at.x + x, clientY: at.y + x / 3, bubbles: true}));
	pad.setPointerCapture = () => {};
	move("pointerdown", 20); move("pointermove", 120); move("pointerup", 120);
	const drawn = document.getElementById("signature").value;
	document.querySelector("input[name=name]").value = "";
	document.getElementById("form").requestSubmit();
	return drawn;
})()`
