package systemtest

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// screen is a real browser window. Its stories hold on a machine of any speed: a page is acted on when it stands, its
// scripts included, and what an act brings is waited for.
type screen struct {
	*bureau
	ctx  context.Context
	base string // where its pages are
}

// newScreen opens a browser of its own on the pages at base, if this machine has one.
func newScreen(b *bureau, base string, options ...chromedp.ExecAllocatorOption) *screen {
	b.t.Helper()
	options = append(append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(b.t)), chromedp.NoSandbox), options...)
	allocator, stop := chromedp.NewExecAllocator(b.t.Context(), options...)
	b.t.Cleanup(stop)
	ctx, closeWindow := chromedp.NewContext(allocator)
	b.t.Cleanup(closeWindow)
	s := &screen{b, ctx, base}
	s.do() // the first run starts the browser, which a deadline would end
	s.slow()
	return s
}

func chromium(t testing.TB) (path string) {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium is installed")
	return ""
}

// slow slows the browser as FIELDSYNC_SLOW_BROWSER says: at 8 its processor is an eighth as fast, and whatever it asks
// for waits up to 800 ms, so that what a story takes for granted on a quick machine shows.
func (s *screen) slow() {
	s.t.Helper()
	times, err := strconv.ParseFloat(os.Getenv("FIELDSYNC_SLOW_BROWSER"), 64)
	if err != nil || times <= 1 {
		return
	}
	tab := chromedp.FromContext(s.ctx).Target
	hold := func(id fetch.RequestID) {
		time.Sleep(time.Duration(rand.Float64() * times * float64(100*time.Millisecond)))
		_, _ = cdp.Call(s.ctx, tab, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: id}) // its page may have gone
	}
	err = chromedp.Listen(s.ctx, func(event any) {
		if paused, ok := event.(*fetch.EventRequestPaused); ok {
			go hold(paused.RequestID)
		}
	})
	if err == nil {
		_, err = cdp.Call(s.ctx, tab, fetch.Enable, fetch.EnableParams{})
	}
	if err == nil {
		_, err = cdp.Call(s.ctx, tab, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: times})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// do takes steps, of which none may fail.
func (s *screen) do(steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	defer told(s.t, "the steps were taken", time.Now())
	ctx := s.ctx
	if chromedp.FromContext(ctx).Target != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(s.ctx, patience)
		defer cancel()
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		s.t.Fatal(err)
	}
}

// visit opens a page, and waits until it stands. A page that is just going may take the way to the next one with it: then
// it is gone again.
func (s *screen) visit(path string) {
	s.t.Helper()
	soon(s.t, "the way to "+path, func() bool {
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		defer cancel()
		return chromedp.Do(ctx, chromedp.Navigate(s.base+path)) == nil
	})
	s.at(path)
}

// at waits until the page of the path stands: all of it has come, and its scripts have run.
func (s *screen) at(path string) {
	s.t.Helper()
	s.holds("the page "+path, stands+` && location.pathname + location.search === `+strconv.Quote(path))
}

// stands is true on a page of which all has come, and whose scripts have run.
const stands = `document.readyState === "complete"`

// holds waits until the expression is true on the page. While one page gives way to the next it cannot be asked.
func (s *screen) holds(what, expression string) {
	s.t.Helper()
	soon(s.t, what, func() bool { return s.is(expression) })
}

// until takes a step that can be taken again, and does so until its effect shows, as a person would.
func (s *screen) until(what, effect string, step func()) {
	s.t.Helper()
	soon(s.t, what, func() bool {
		step()
		for begun := time.Now(); time.Since(begun) < 10*time.Second; time.Sleep(20 * time.Millisecond) {
			if s.is(effect) {
				return true
			}
		}
		return false
	})
}

func (s *screen) is(expression string) bool {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
	return err == nil && is
}

func ask[T any](s *screen, expression string) T {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// fits wants pages that are no wider than the window.
func (s *screen) fits(paths ...string) {
	s.t.Helper()
	for _, path := range paths {
		s.visit(path)
		if over := ask[int](s, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			s.t.Errorf("%s is %d px too wide", path, over)
		}
	}
}
