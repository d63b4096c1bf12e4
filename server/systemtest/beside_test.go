package systemtest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// A row of a list opens beside it, is worked there, and the list stays where it was.
func TestARowOpensBesideItsList(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	job, path := boss.makes("循环泵压力不足", wang)
	boss.makes("Fan rattles", wang)
	s := b.open()
	s.do(chromedp.EmulateViewport(1280, 800))
	s.visit("/jobs")
	const panel = `document.querySelector("#beside")`
	shows := func(text string) string {
		return panel + `?.querySelector("h1")?.textContent.includes("` + text + `") === true`
	}
	_ = ask[int](s, "window.stayed = 1")

	// A click on the row, not on its name.
	x, y := s.middle("#r-" + job.String() + " td:last-child")
	s.do(chromedp.MouseClickXY(x, y))
	s.holds("the row stands beside its list", shows("循环泵压力不足")+` && location.pathname === "/jobs" && document.querySelector("tr[aria-current]").id === "r-`+job.String()+`"`)
	s.holds("nothing is wider than the window", `document.documentElement.scrollWidth <= innerWidth`)

	// Keys: j and k lead the panel along, e edits, Ctrl Enter sends, all of it beside the list.
	s.do(chromedp.KeyEvent("k"))
	s.holds("the panel follows the keys", shows("Fan rattles"))
	s.do(chromedp.KeyEvent("j"))
	s.holds("and back", shows("循环泵压力不足"))
	s.do(chromedp.KeyEvent("e"))
	s.holds("the form stands beside the list", panel+`.querySelector("#f-note") !== null`)
	s.do(chromedp.SetValue("#beside #f-title", "循环泵有噪音"), chromedp.SendKeys("#beside #f-note", "ring twice"), chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	s.holds("it is saved there", shows("循环泵有噪音")+` && `+panel+`.querySelector(".notice") !== null && location.pathname === "/jobs"`)
	s.holds("and the list follows, without being loaded again", `window.stayed === 1 && document.querySelector("#r-`+job.String()+`").textContent.includes("循环泵有噪音")`)
	if got := b.jobOnHub(job); got.Note != "ring twice" {
		t.Errorf("the note is %q", got.Note)
	}

	// What others change meanwhile is seen in both.
	s.office(aftersales.CauseEdit, func(tx aftersales.Tx) error {
		return tx.Update("job", job, record.Values{"note": record.Text("gate code 1993")})
	})
	s.holds("the panel follows what others write", panel+`.textContent.includes("gate code 1993")`)

	// Esc closes it; the focus is on the row, and Enter opens its page alone.
	s.do(chromedp.KeyEvent("\x1b"))
	s.holds("Esc closes it", panel+` === null && document.querySelector("#r-`+job.String()+`").contains(document.activeElement)`)
	s.do(chromedp.KeyEvent("o"))
	s.holds("o opens it again", shows("循环泵有噪音"))
	if alone := ask[string](s, panel+`.querySelector(".bar a").getAttribute("href")`); !strings.HasPrefix(alone, path) {
		t.Errorf("alone it is at %q", alone)
	}
	s.do(chromedp.KeyEvent("\r"))
	s.at(path)

	// Where there is no room a row has its page alone.
	s.do(chromedp.EmulateViewport(820, 1180))
	s.visit("/jobs")
	x, y = s.middle("#r-" + job.String() + " td:last-child")
	s.do(chromedp.MouseClickXY(x, y))
	s.holds("there is no panel", panel+` === null && location.pathname === "/jobs"`)
}
