package systemtest

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

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
	for _, step := range []struct{ press, next string }{{"accept", "travel"}, {"travel", "arrive"}, {"arrive", ""}, {"pause", "resume"}, {"resume", ""}} {
		s.do(tap("button[value=" + step.press + "]"))
		s.holds("after "+step.press, stands+` && (document.querySelector("button.main")?.value ?? "") === "`+step.next+`"`)
	}
	s.holds("the clock runs", `document.querySelector("[data-since]") !== null`)
	h.worksByTouch(s, job)

	s.visit(job + "/finish")
	s.do(tap("textarea[name=solution]"), chromedp.SendKeys("textarea[name=solution]", "更換軸封"), tap("button.main"))
	s.at(job + "/sign")
	h.signs(s)
	s.do(tap(".scale label:nth-child(4)"), tap("button.main"))
	s.at(job + "/slip")
	s.holds("the slip", `document.body.innerText.includes("林先生") && document.querySelector("img.signature").naturalWidth > 100`)
	s.fits("/", "/open", job, job+"/price", "/stock", "/parts/"+h.seal.String(), "/outbox", "/mine", "/settings", "/search?q=KX")
	h.back()
	for table, want := range map[string]int{
		"slip": 1, "movement": 1, "answer": 1, "finding": 1,
		"attachment": 2, // a photo and the signature
	} {
		if got := h.onHub(table); got != want {
			h.t.Errorf("the hub has %d of %s, want %d", got, table, want)
		}
	}
}

// worksByTouch answers the checklist, uses a part, takes a photo and writes what was found.
func (h *handset) worksByTouch(s *screen, job string) {
	h.t.Helper()
	s.visit(job + "/checklist/" + h.checklist.String() + "/power")
	s.do(tap(`label.pick:has([value=yes])`), tap("button.main"))
	s.at(job + "/checklist")
	s.visit(job + "/parts/use")
	s.do(tap("#results .row"))
	s.at(job + "/parts/use/" + h.seal.String())
	s.do(tap("button.main"))
	s.at(job + "/parts")
	s.visit(job + "/photos")
	s.holds("a photo is taken", takenByTheCamera)
	s.holds("its thumbnail is there at once", `document.querySelector(".photos img")?.naturalWidth > 0`)
	s.visit(job + "/findings")
	s.do(tap("textarea[name=text]"), chromedp.SendKeys("textarea[name=text]", "軸封磨損"), tap("button.main"))
	s.holds("the finding", stands+` && document.querySelector("article.card .text")?.textContent === "軸封磨損"`)
}

// takenByTheCamera hands the page a picture, as a camera's program does.
const takenByTheCamera = `(() => {
	const c = document.createElement("canvas"), input = document.querySelector("input[name=photo]"), given = new DataTransfer();
	c.width = c.height = 400;
	c.getContext("2d").fillRect(50, 50, 200, 200);
	const bytes = Uint8Array.from(atob(c.toDataURL("image/jpeg").split(",")[1]), (b) => b.charCodeAt(0));
	given.items.add(new File([bytes], "seal.jpg", {type: "image/jpeg"}));
	input.files = given.files;
	input.dispatchEvent(new Event("change"));
	return true;
})()`

// signs has the customer write his name and sign with a finger.
func (h *handset) signs(s *screen) {
	h.t.Helper()
	s.do(chromedp.SendKeys("input[name=name]", "林先生"), draw("canvas.pad"))
	s.holds("what was drawn", `document.getElementById("signature").value.length > 500`)
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
