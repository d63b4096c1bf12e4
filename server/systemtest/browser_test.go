package systemtest

import (
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"

	"github.com/chromedp/chromedp"
)

// open opens a browser with the boss in front of it.
func (b *bureau) open() *screen {
	b.t.Helper()
	s := newScreen(b, b.url)
	s.do(chromedp.EmulateViewport(1280, 800))
	s.visit("/sign-in")
	s.do(chromedp.SendKeys("#login", "boss"), chromedp.SendKeys("#password", password+"\r"))
	s.holds("he is signed in", stands+` && document.querySelector(".rail") !== null`)
	return s
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
	s.visit("/jobs")
	s.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	_ = ask[int](s, "window.stayed = 1")
	repair(t, phone, job)
	sync(t, phone)
	row := `document.getElementById("r-` + job.String() + `")`
	s.holds("the job is done in the list", row+`.querySelector(".chip.done") !== null`)
	s.holds("the change is marked, the page was not loaded again, and the focus stayed",
		`window.stayed === 1 && `+row+`.contains(document.activeElement)`)

	// Keys: ? explains them, Enter opens, e edits, Ctrl Enter sends.
	s.do(chromedp.KeyEvent("?"))
	s.holds("? shows the keys", `document.getElementById("keys").open`)
	s.do(chromedp.KeyEvent("\x1b"))
	s.holds("Esc closes them", `!document.getElementById("keys").open`)
	s.do(chromedp.KeyEvent("\r"))
	s.at(path) // Enter opens it
	s.do(chromedp.KeyEvent("e"))
	s.at(path + "/edit")
	s.do(chromedp.SendKeys("#f-note", "ring twice"), chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	s.holds("Ctrl Enter saves it", stands+` && location.pathname === "`+path+`" && document.querySelector(".notice") !== null`)

	s.keepsAClick(job, path)
	s.settleWithKeys(boss)
	s.do(chromedp.EmulateViewport(390, 844))
	s.fits("/jobs", path, path+"/edit", "/jobs/new", "/conflicts", "/conflicts?show=settled", "/refused", "/devices", "/people")
	s.do(chromedp.EmulateViewport(1280, 800))

	s.visit("/jobs")
	_ = ask[any](s, `(() => { const l = document.querySelector("#language"); l.value = "zh-Hans"; l.dispatchEvent(new Event("change", {bubbles: true})) })()`)
	s.holds("the page speaks Chinese", `document.documentElement.lang === "zh-Hans" && document.querySelector("h1").textContent === "工单"`)
}

// keepsAClick changes a row while the button of the mouse is down on its link: the click is not lost with the old row.
func (s *screen) keepsAClick(job record.ID, path string) {
	s.t.Helper()
	s.visit("/jobs")
	_ = ask[any](s, `(() => {
		const stream = new EventSource("/live");
		stream.onopen = () => { window.listens = true };
		stream.addEventListener("changed", () => { window.heard = true });
	})()`)
	s.holds("somebody else listens beside the page", `window.listens === true`)
	x, y := s.middle("#r-" + job.String() + " a")
	s.do(chromedp.MouseEvent("mousePressed", x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	s.office(aftersales.CauseEdit, func(tx aftersales.Tx) error {
		return tx.Update("job", job, record.Values{"title": record.Text("循环泵压力太低")})
	})
	s.holds("the change is told of", `window.heard === true`)
	s.do(chromedp.MouseEvent("mouseReleased", x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	s.at(path)
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
	s.visit("/conflicts")
	button := `document.activeElement.matches('[data-about="job.state"] button:not(.quiet)')`
	soon(s.t, "j leads to the conflict, and Tab from there to its buttons", func() bool {
		for range 5 {
			if s.is(button) {
				return true
			}
			key := "j"
			if s.is(`document.activeElement.closest('[data-about="job.state"]') !== null`) {
				key = "\t"
			}
			s.do(chromedp.KeyEvent(key))
		}
		return s.is(button)
	})
	s.do(chromedp.KeyEvent("\r"))
	s.holds("it is settled", stands+` && document.querySelector(".notice") !== null && document.querySelector('[data-about="job.state"]') === null`)
	if got := s.jobOnHub(job).State; got != aftersales.JobCancelled {
		s.t.Errorf("the job is %s", got)
	}
}
