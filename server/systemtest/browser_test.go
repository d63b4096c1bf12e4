package systemtest

import (
	"context"
	"os/exec"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"

	"github.com/chromedp/chromedp"
)

// screen is a real browser window.
type screen struct {
	*bureau
	ctx context.Context
}

// open starts a browser, if this machine has one.
func (b *bureau) open() *screen {
	b.t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		b.t.Skip("no chromium is installed")
	}
	allocator, stop := chromedp.NewExecAllocator(b.t.Context(),
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	b.t.Cleanup(stop)
	ctx, closeWindow := chromedp.NewContext(allocator)
	b.t.Cleanup(closeWindow)
	s := &screen{b, ctx}
	s.do(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(b.url+"/sign-in"), chromedp.SendKeys("#login", "boss"),
		chromedp.SendKeys("#password", password+"\r"), chromedp.WaitVisible(".rail"))
	return s
}

func (s *screen) do(steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx := s.ctx
	if chromedp.FromContext(ctx).Target != nil { // the first run starts the browser, which a deadline would end
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(s.ctx, patience)
		defer cancel()
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		s.t.Fatal(err)
	}
}

// holds waits until the expression is true on the page. While one page gives way to the next it cannot be asked.
func (s *screen) holds(what, expression string) {
	s.t.Helper()
	soon(s.t, what, func() bool {
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		defer cancel()
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		return err == nil && is
	})
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

func TestInARealBrowser(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	phone := b.phone(boss, wang, "Wang's phone")
	job, path := boss.makes("循环泵压力不足", wang)
	boss.makes("Fan rattles", wang)
	sync(t, phone)
	s := b.open()

	// The list follows what a phone sends, without being loaded again, and keeps the focus where it was.
	s.do(chromedp.Navigate(b.url+"/jobs"), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	_ = ask[int](s, "window.stayed = 1")
	repair(t, phone, job)
	sync(t, phone)
	row := `document.getElementById("j-` + job.String() + `")`
	s.holds("the job is done in the list", row+`.querySelector(".chip.done") !== null`)
	s.holds("the change is marked, the page was not loaded again, and the focus stayed",
		`window.stayed === 1 && `+row+`.contains(document.activeElement)`)

	// Keys: ? explains them, Enter opens, e edits, Ctrl Enter sends.
	s.do(chromedp.KeyEvent("?"))
	s.holds("? shows the keys", `document.getElementById("keys").open`)
	s.do(chromedp.KeyEvent("\x1b"))
	s.holds("Esc closes them", `!document.getElementById("keys").open`)
	s.do(chromedp.KeyEvent("\r"))
	s.holds("Enter opens the job", `location.pathname === "`+path+`" && document.readyState === "complete"`)
	s.do(chromedp.KeyEvent("e"))
	s.holds("e edits it", `location.pathname.endsWith("/edit") && document.getElementById("f-note") !== null`)
	s.do(chromedp.SendKeys("#f-note", "ring twice"), chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	s.holds("Ctrl Enter saves it", `location.pathname === "`+path+`" && document.querySelector(".notice") !== null`)

	s.settleWithKeys(boss)
	s.fitsOnAPhone(path)

	s.do(chromedp.Navigate(b.url + "/jobs"))
	_ = ask[any](s, `(() => { const l = document.querySelector("#language"); l.value = "zh-Hans"; l.dispatchEvent(new Event("change", {bubbles: true})) })()`)
	s.holds("the page speaks Chinese", `document.documentElement.lang === "zh-Hans" && document.querySelector("h1").textContent === "工单"`)
}

// settleWithKeys makes a conflict, and settles it without a mouse.
func (s *screen) settleWithKeys(boss *browser) {
	s.t.Helper()
	li := s.hire("li", "李娜", auth.Technician)
	phone := s.phone(boss, li, "Li's phone")
	job, path := boss.makes("Dock lift stuck", li)
	sync(s.t, phone)
	repair(s.t, phone, job)
	boss.get(path)
	boss.post(path+"/cancel", "seen", boss.hidden("seen"), "reason", "sold")
	sync(s.t, phone)
	s.do(chromedp.Navigate(s.url + "/conflicts"))
	for about := ""; about != "job.state"; about = ask[string](s, `document.activeElement.dataset.about ?? ""`) {
		s.do(chromedp.KeyEvent("j"))
	}
	button := `document.activeElement.matches('[data-about="job.state"] button:not(.quiet)')`
	for range 5 {
		if ask[bool](s, button) {
			break
		}
		s.do(chromedp.KeyEvent("\t"))
	}
	if !ask[bool](s, button) {
		s.t.Fatal("Tab does not lead from the conflict to its buttons")
	}
	s.do(chromedp.KeyEvent("\r"))
	s.holds("it is settled", `document.querySelector(".notice") !== null && document.querySelector('[data-about="job.state"]') === null`)
	if got := s.jobOnHub(job).State; got != aftersales.JobCancelled {
		s.t.Errorf("the job is %s", got)
	}
}

// fitsOnAPhone looks for pages that are wider than a phone.
func (s *screen) fitsOnAPhone(job string) {
	s.t.Helper()
	s.do(chromedp.EmulateViewport(390, 844))
	for _, path := range []string{"/jobs", job, job + "/edit", "/jobs/new", "/conflicts", "/conflicts?show=settled", "/refused", "/devices", "/people"} {
		s.do(chromedp.Navigate(s.url + path))
		if over := ask[int](s, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			s.t.Errorf("%s is %d px too wide for a phone", path, over)
		}
	}
	s.do(chromedp.EmulateViewport(1280, 800))
}
