package systemtest

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// steps are the forms of a visit under warranty, in order: the page that each is on, where it goes, and what is typed.
func (h *handset) steps(of record.ID) [][]string {
	return slices.Concat(h.begins(of), h.works(of), h.ends(of))
}

func (h *handset) begins(of record.ID) [][]string {
	job := "/jobs/" + of.String()
	return [][]string{{job, job + "/step", "step", "accept"}, {job, job + "/step", "step", "travel"}, {job, job + "/step", "step", "arrive"}}
}

func (h *handset) works(of record.ID) [][]string {
	job := "/jobs/" + of.String()
	return [][]string{
		{job + "/parts/use/" + h.seal.String(), job + "/parts/use/" + h.seal.String(), "quantity", "2"},
		{job + "/checklist/" + h.checklist.String() + "/power", job + "/checklist/" + h.checklist.String() + "/power", "text", "yes"},
		{job + "/comments", job + "/comments", "text", "all well"},
		{job + "/goods", job + "/goods", "items", "a control box"},
		{job + "/findings", job + "/findings", "text", "worn", "fault", "noise"},
	}
}

// exchanges takes the old seal back, and puts another machine in the place of this one.
func (h *handset) exchanges(of record.ID) [][]string {
	job := "/jobs/" + of.String()
	return [][]string{
		{job + "/parts/old/" + h.seal.String(), job + "/parts/old/" + h.seal.String(), "quantity", "1", "tag", "T-7"},
		{job + "/swap", job + "/swap", "old", h.unit.String(), "other", "KX-90-99"},
	}
}

// isPaid agrees on the price of an hour, and takes the money for it.
func (h *handset) isPaid(of record.ID) [][]string {
	job := "/jobs/" + of.String()
	return [][]string{
		{job + "/price", job + "/charge", "service", "labour", "quantity", "1"},
		{job + "/consent", job + "/consent", "name", "Lin", "signature", onePixel},
		{job + "/price", job + "/pay", "amount", "800", "method", "cash", "payer", "Lin"},
	}
}

func (h *handset) ends(of record.ID) [][]string {
	job := "/jobs/" + of.String()
	return [][]string{
		{job + "/finish", job + "/finish", "outcome", "fixed", "solution", "new seal"},
		{job + "/sign", job + "/sign", "name", "Lin", "signature", onePixel, "attitude", "4"},
	}
}

// comesToNothing ends a visit before its work, in one of the ways.
func comesToNothing(of record.ID, way string) [][]string {
	page := "/jobs/" + of.String() + "/" + way
	return [][]string{{page, page, "reason", "the gate is locked"}}
}

// gives takes a seal out of the van for Wang.
func (h *handset) gives() [][]string {
	seal := "/parts/" + h.seal.String()
	return [][]string{{seal, seal + "/give", "to", h.wang.String(), "quantity", "1"}}
}

// killedInTheMiddle: every form of a technician's day is killed while it is sent, and sent again as a browser does: each
// counts once.
func killedInTheMiddle(h *handset) {
	wang := h.colleague()
	h.killedAt(slices.Concat(
		h.begins(h.lift), h.works(h.lift), h.exchanges(h.lift), h.ends(h.lift),
		comesToNothing(h.pump, "absent"), h.begins(h.pump), h.isPaid(h.pump), h.ends(h.pump),
		comesToNothing(h.fan, "decline"), h.gives()))
	h.page("/handovers")
	h.page(regexp.MustCompile(`href="(/handovers/[^"]+)"`).FindStringSubmatch(h.body)[1])
	code := regexp.MustCompile(`(?s)id="code">(.*?)<`).FindStringSubmatch(h.body)[1]
	wang.killedAt([][]string{{"/take", "/take", "code", code}})
	h.back()
	wang.back()

	h.wantOnHub(h.lift, map[string]int{
		"visit": 1, "answer": 1, "comment": 1, "goods_receipt": 1, "finding": 1, "slip": 1, "time_mark": 4,
		"movement":       2, // one seal out of the van, one into it
		"service_record": 3, // of the visit, of the machine that went and of the one that came
		"attachment":     1,
	})
	h.wantOnHub(h.pump, map[string]int{"visit": 2, "charge": 1, "consent": 1, "payment": 1, "slip": 1, "attachment": 2})
	h.wantOnHub(h.fan, map[string]int{"visit": 1, "assignment": 1})
	h.wantState(h.lift, aftersales.JobDone)
	h.wantState(h.pump, aftersales.JobDone)
	h.wantState(h.fan, aftersales.JobNew)
	h.wantInVan(h.li, h.seal, 5-2+1-1) // two were used, the old one came, one went to Wang
	h.wantInVan(h.wang, h.seal, 1)
}

// killedAt kills the app while each of the forms is sent, and sends it again.
func (h *handset) killedAt(steps [][]string) {
	h.t.Helper()
	chance := rand.New(rand.NewPCG(3, 5))
	for _, step := range steps {
		h.page(step[0])
		form := h.form(step[2:]...)
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, _, _ = h.ask(http.MethodPost, step[1], form)
		}()
		time.Sleep(time.Duration(chance.IntN(30_000)) * time.Microsecond)
		h.kill()
		<-sent
		h.start()
		if status, to, err := h.ask(http.MethodPost, step[1], form); err != nil || status != http.StatusSeeOther {
			// The slip that is signed is the one step that says so when it is asked for again.
			if !strings.HasSuffix(step[1], "/sign") || !strings.Contains(h.body, "signed already") {
				h.t.Fatalf("%s again: %d %s %v\n%s", step[1], status, to, err, h.body)
			}
		}
	}
}

const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
