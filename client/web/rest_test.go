package web

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
)

// However much there is of everything, each page is small, and those after it have the rest: nothing is left out, nothing comes twice.
func TestPagesStaySmallAndLeadOn(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	if err := h.c.Jobs().Arrive(t.Context(), aftersales.VisitInput{Job: h.s.leak}); err != nil {
		t.Fatal(err)
	}
	const many = 100
	for range many {
		if err := h.c.Update(t.Context(), aftersales.CauseSetUp, h.s.more); err != nil {
			t.Fatal(err)
		}
	}
	for n := range many {
		h.sendFile(h.job()+"/photos", "photo", "plate.png", strings.NewReader(fmt.Sprintf("\x89PNG\r\n\x1a\n%d", n)), "caption", "type plate")
	}
	for path, one := range map[string]struct {
		line  string
		lines int
	}{
		h.job() + "/comments": {`<li id="c-`, many + 1}, h.job() + "/photos": {`<li id="f-`, many}, h.job() + "/findings": {`<article class="card">`, many},
		h.job() + "/goods": {`<article class="card">`, many}, h.job() + "/manuals": {`<article class="card" id="d-`, many + 1},
		h.job() + "/machine": {`<p class="l1 num">`, many + 1}, h.job() + "/parts": {`used · `, many}, h.job() + "/price": {`name="back"`, many},
		h.job() + "/knowledge": {`<article class="card" id="s-`, many + 1}, "/stock": {`id="p-`, many + 3},
	} {
		lines, pages := 0, 0
		for next := path; next != ""; pages++ {
			h.get(next)
			if len(h.body) > 60<<10 {
				t.Errorf("%s has %d bytes", next, len(h.body))
			}
			lines += strings.Count(h.body, one.line)
			next = nextPage(h.body)
		}
		if lines != one.lines || pages < 2 && path != h.job()+"/parts" {
			t.Errorf("%s: %d lines on %d pages, want %d", path, lines, pages, one.lines)
		}
	}
	for _, page := range h.pages() {
		if h.get(page); len(h.body) > 60<<10 && !strings.HasSuffix(page, "/slip") { // the slip is one paper, and whole
			t.Errorf("%s has %d bytes", page, len(h.body))
		}
	}
	h.get("/stock?after=x").lacks("BELT-9")
	h.get("/export").sees("This is too much for codes: save it as a file.", "Save the file")
}

// nextPage returns where the page goes on, "" where it ends.
func nextPage(body string) string {
	if m := regexp.MustCompile(`href="([^"]*\?after=\d+)"`).FindStringSubmatch(body); m != nil {
		return m[1]
	}
	return ""
}

// more adds one of each kind of what jobs and machines have many of, with much to say.
func (s *sample) more(tx client.Tx) error {
	long := strings.Repeat(`壓力表低於 2 bar, "the guard" has the key. `, 10)
	part := s.id(aftersales.CreatePart(tx, aftersales.PartInput{
		Code: "P-" + tx.NewID().String(), Name: zh("Bearing", "轴承", "軸承"), ListPrice: aftersales.Money{Minor: 1000, Currency: "TWD"}}))
	one := aftersales.Quantity{Amount: aftersales.One}
	s.id(aftersales.ReceivePart(tx, aftersales.MoveInput{Part: part, Quantity: aftersales.Quantity{Amount: 2 * aftersales.One}, To: s.van}))
	s.id(aftersales.UsePart(tx, aftersales.MoveInput{Job: s.leak, Part: part, Quantity: one}))
	s.id(aftersales.AddCharge(tx, aftersales.ChargeInput{
		Job: s.leak, ChargeLine: aftersales.ChargeLine{Kind: aftersales.ChargeParts, Part: part, Quantity: one}}))
	s.id(aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: s.leak}, Text: long}))
	s.id(aftersales.AddFinding(tx, aftersales.VisitFindingInput{Job: s.leak, FaultCode: "leak", Text: long, Solution: long}))
	s.id(aftersales.TakeGoods(tx, aftersales.TakeGoodsInput{Job: s.leak, Items: long}))
	s.id(aftersales.AddServiceRecord(tx, aftersales.ServiceRecordInput{Unit: s.unit, Number: "J-88", Summary: long, Person: s.wang}))
	s.id(aftersales.AddDocument(tx, aftersales.DocumentInput{
		Kind: aftersales.DocumentProcedure, Product: s.product, Title: zh("Procedure", "规程", "規程"), Text: long}))
	s.id(aftersales.PutSolution(tx, aftersales.SolutionInput{Product: s.product, FaultCode: "leak", Title: "漏水", Symptom: long, Solution: long}))
	return s.err
}
