package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"

	"github.com/chromedp/chromedp"
)

func TestOneBoxFindsWhatItsUserMaySee(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("wang", "Wang", auth.Technician)
	b.office("create", func(tx aftersales.Tx) error {
		party, err := aftersales.CreateParty(tx, aftersales.PartyInput{Name: "上海东方热力"})
		if err != nil {
			return err
		}
		if _, err := aftersales.CreateUnit(tx, aftersales.UnitInput{Name: "Boiler <b>", Serial: "CB-88120", Party: party}); err != nil {
			return err
		}
		_, err = aftersales.CreateJob(tx, aftersales.JobInput{Title: "循环泵噪音很大", Party: party})
		return err
	})
	v := b.browser("boss")
	soon(t, "two Chinese characters find a job", func() bool {
		return v.get("/search?q=%E5%99%AA%E9%9F%B3").status == http.StatusOK && len(v.body) > 0 && strings.Contains(v.body, "循环泵噪音很大")
	})
	soon(t, "a serial finds its machine", func() bool {
		return strings.Contains(v.get("/search?q=CB-88120").body, "CB-88120 · 上海东方热力")
	})
	v.sees(http.StatusOK, "Boiler <b>").lacks("Boiler <b> <span></b>")
	v.get("/search?q=%E4%B8%9C%E6%96%B9").sees(http.StatusOK, "上海东方热力")
	v.get("/search?q=customers").sees(http.StatusOK, `href="/customers"`)
	v.get("/search?q=qqqqq").sees(http.StatusOK, "Nothing is called so.")

	// A technician sees none of it: his roles include no table.
	w := b.visitor()
	w.post("/sign-in", "login", "wang", "password", password)
	w.get("/search?q=CB-88120").sees(http.StatusOK).lacks("上海东方热力")

	s := b.open()
	s.visit("/people")
	s.do(chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	s.holds("Ctrl K opens the box", `document.querySelector("#seek")?.open === true`)
	s.do(chromedp.SendKeys("#seek input", "CB-881"))
	s.holds("it answers as one types", `document.querySelector("#seek .results")?.textContent.includes("CB-88120")`)
	s.do(chromedp.KeyEvent("\x1b"))
	s.holds("Esc closes it", `!document.querySelector("#seek").open`)
}
