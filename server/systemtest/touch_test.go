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
