package systemtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"

	"github.com/chromedp/chromedp"
)

// BenchmarkBoard opens the board of 60 people with 600 jobs in a real browser, and drags a job over all of it. It
// reports when the board was first painted after the navigation began, and of the frames while dragging how long they
// took; nothing fails for being slow.
//
//	go test ./server/systemtest -run '^$' -bench Board -benchtime 1x
func BenchmarkBoard(b *testing.B) {
	s := crowded(b)
	for range b.N {
		s.visit("/board")
		s.holds("the board is there", `document.querySelectorAll(".bar").length === 600`)
		timing := ask[[]float64](s, `(() => { const n = performance.getEntriesByType("navigation")[0], p = performance.getEntriesByName("first-contentful-paint")[0]; return [p.startTime, n.responseStart, n.responseEnd, n.transferSize] })()`)
		b.ReportMetric(timing[0], "first-paint-ms")
		b.ReportMetric(timing[2], "page-received-ms")
		frames := s.dragged()
		slices.Sort(frames)
		b.ReportMetric(frames[len(frames)/2], "frame-p50-ms")
		b.ReportMetric(frames[len(frames)*95/100], "frame-p95-ms")
		b.ReportMetric(frames[len(frames)-1], "frame-max-ms")
		b.ReportMetric(float64(len(frames)), "frames")
	}
}

// crowded is a window on a company of 60 technicians with ten jobs each today, and 100 that wait.
func crowded(b *testing.B) *screen {
	b.Helper()
	office := newBureau(b)
	office.hire("boss", "Anna Berg", auth.Administrator)
	for n := range 60 {
		office.office("fill", func(tx aftersales.Tx) error {
			person, err := aftersales.CreatePerson(tx, aftersales.PersonInput{Name: fmt.Sprintf("Technician %02d", n), Technician: true})
			if err != nil {
				return err
			}
			for i := range 10 {
				start := at(7).Add(time.Duration(i) * 70 * time.Minute).UnixMilli()
				due := start + int64(time.Hour/time.Millisecond)*int64(1+i%3)
				job, err := aftersales.CreateJob(tx, aftersales.JobInput{Title: "循环泵压力不足 pump", DueAt: due})
				if err != nil {
					return err
				}
				in := aftersales.AssignInput{Job: job, Person: person, WindowStart: start, WindowEnd: start + int64(time.Hour/time.Millisecond)}
				if _, err := aftersales.AssignJob(tx, in); err != nil {
					return err
				}
			}
			_, err = aftersales.CreateJob(tx, aftersales.JobInput{Title: "Waiting", ReportedOn: time.Now().Unix()/86400 - int64(n%3)})
			return err
		})
	}
	return office.open()
}

// dragged moves a bar over the whole board and returns how long each frame took, in ms.
func (s *screen) dragged() []float64 {
	s.t.Helper()
	_ = ask[int](s, `window.frames_ = [], (() => { let last = performance.now(); const tick = (now) => { window.frames_.push(now - last); last = now; if (!window.ended_) requestAnimationFrame(tick); }; requestAnimationFrame(tick) })(), 1`)
	x, y := s.middle(".bar")
	s.do(chromedp.MouseEvent("mousePressed", x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	for i := range 150 {
		s.do(chromedp.MouseEvent("mouseMoved", 640+float64(i%50)*10, 180+float64(i)*3, chromedp.ButtonLeft))
	}
	if !ask[bool](s, `document.querySelector(".ghost .hint") !== null`) {
		s.t.Fatal("nothing was dragged")
	}
	frames := ask[[]float64](s, `(window.ended_ = true, window.frames_.slice(1))`)
	s.do(chromedp.KeyEvent("\x1b"))
	return frames
}
