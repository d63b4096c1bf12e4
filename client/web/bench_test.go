package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// BenchmarkScreens shows every screen on a phone that holds 5,000 jobs and 20,000 parts, and prints for each how long
// the device's own server takes to answer: the median and the 95th of a hundred. All of it is written here, so that the
// outbox has 27,000 changes waiting: its screen shows what that costs. TMPDIR on a disk in memory spares the
// setting up as many syncs.
func BenchmarkScreens(b *testing.B) {
	h, err := crowded(b)
	if err != nil {
		b.Fatal(err)
	}
	for _, page := range append(h.pages(), "/search?q=轴", h.job()+"/parts/use?q=seal", "/jobs/new?q=KX", jobURL(h.s.visit)+"/comments") {
		name := strings.NewReplacer(h.job(), "/jobs/J", jobURL(h.s.visit), "/jobs/V", h.s.seal.String(), "P", h.s.unit.String(), "U", h.s.customer.String(), "C", h.s.checklist.String(), "L").Replace(page)
		b.Run(strings.TrimPrefix(name, "/"), func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				began := time.Now()
				size := h.ask(b, page)
				times = append(times, time.Since(began))
				b.ReportMetric(float64(size), "bytes")
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}

func (h *thumb) ask(b *testing.B, page string) int {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+page, nil)
	r.AddCookie(&http.Cookie{Name: h.app.gate.cookieName(), Value: h.app.gate.cookie})
	w := httptest.NewRecorder()
	h.app.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatal(page, w.Code)
	}
	return w.Body.Len()
}

// crowded is a phone with the sample among much else.
func crowded(b *testing.B) (*thumb, error) {
	c := enrolled(b)
	h := &thumb{c: c}
	err := c.Update(b.Context(), aftersales.CauseSetUp, func(tx client.Tx) (err error) {
		h.s, err = furnish(tx, li)
		return err
	})
	if err != nil {
		return nil, err
	}
	for n := range 20_000 {
		err := c.Update(b.Context(), aftersales.CauseSetUp, func(tx client.Tx) error { return h.s.part(tx, n) })
		if err == nil && n%4 == 0 {
			err = c.Update(b.Context(), aftersales.CauseSetUp, func(tx client.Tx) error { return h.s.job(tx, n/4) })
		}
		if err == nil && n%10 == 0 {
			err = c.Update(b.Context(), aftersales.CauseComment, func(tx client.Tx) error { return h.s.say(tx, n) })
		}
		if err != nil {
			return nil, err
		}
	}
	if h.app, err = New(c, Options{}); err != nil {
		return nil, err
	}
	for {
		s, err := c.Status(b.Context())
		if err != nil || s.SearchReady || !s.Complete {
			return h, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// part adds one part of many.
func (s *sample) part(tx client.Tx, n int) error {
	s.id(aftersales.CreatePart(tx, aftersales.PartInput{
		Code: fmt.Sprintf("P-%05d", n), Name: zh(fmt.Sprintf("Bearing %d mm", n%90), "轴承", "軸承")}))
	return s.err
}

// job adds one job of many: a fifth of them open, one in a hundred for today.
func (s *sample) job(tx client.Tx, n int) error {
	day := 24 * time.Hour.Milliseconds()
	start := tx.Now() + int64(n%100)*day
	job := s.id(aftersales.CreateJob(by{tx, s.office}, aftersales.JobInput{
		Branch: s.branch, Title: fmt.Sprintf("漏油 at press %d", n), Unit: s.unit, PlanStart: start, PlanEnd: start + day/24}))
	s.id(aftersales.AssignJob(by{tx, s.office}, aftersales.AssignInput{Job: job, Person: s.li}))
	if n%5 != 0 {
		s.ok(tx.Update("job", job, record.Values{"state": record.Text(aftersales.JobDone), "finished_at": record.Instant(tx.Now() - int64(n)*day/50)}))
	}
	return s.err
}

// say adds one comment of many.
func (s *sample) say(tx client.Tx, n int) error {
	s.id(aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: s.visit}, Text: fmt.Sprintf("said %d", n)}))
	return s.err
}
