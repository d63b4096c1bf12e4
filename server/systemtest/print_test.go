package systemtest

import (
	"context"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// A slip is printed on A4, or on the 80 mm of a roll, as its page asks the printer for, and nothing of the office stands on it.
func TestASlipPrintsOnItsPaper(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	job, _ := b.browser("boss").makes("Fan rattles", wang)
	var slip record.ID
	b.as(wang, func(tx aftersales.Tx) (err error) {
		slip, err = aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job, Summary: "更换轴封，运转正常"})
		return err
	})
	s := b.open()
	for _, paper := range []struct{ asked, size string }{{"", `0 0 59[4-6][.\d]* 84[12]`}, {"?paper=80", `0 0 22[67][.\d]* 84[12]`}} {
		s.visit("/slips/" + slip.String() + paper.asked)
		pdf := s.prints()
		if !regexp.MustCompile(`/MediaBox \[` + paper.size).Match(pdf) {
			t.Errorf("%q is printed on %s", paper.asked, regexp.MustCompile(`/MediaBox \[[^\]]*\]`).Find(pdf))
		}
		if n := len(regexp.MustCompile(`/Type /Page\b`).FindAll(pdf, -1)); n != 1 {
			t.Errorf("%q takes %d pages", paper.asked, n)
		}
	}
	s.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return none, err
	})
	s.holds("the office's places are not on paper", `getComputedStyle(document.querySelector(".rail")).display === "none"`)
}

// prints returns the page as the printer gets it, on the paper that the page asks for, A4 where it asks for none.
func (s *screen) prints() (pdf []byte) {
	s.t.Helper()
	s.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		asked := true
		answer, err := cdp.Call(ctx, t, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &asked, PaperWidth: 8.27, PaperHeight: 11.69})
		pdf = answer.Data
		return none, err
	})
	return pdf
}
