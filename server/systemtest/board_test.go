package systemtest

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"

	"github.com/chromedp/chromedp"
)

// at is an hour of today in the office's zone.
func at(hour int) time.Time {
	y, m, d := time.Now().In(officeZone).Date()
	return time.Date(y, m, d, hour, 0, 0, 0, officeZone)
}

func ms(t time.Time) string { return fmt.Sprint(t.UnixMilli()) }

// plans makes a job that the person has from one hour of today to another; zero hours: nobody has it.
func (b *bureau) plans(title string, person record.ID, from, to int) (job record.ID) {
	b.t.Helper()
	b.office(aftersales.CauseJobCreate, func(tx aftersales.Tx) (err error) {
		if job, err = aftersales.CreateJob(tx, aftersales.JobInput{Title: title}); err != nil || from == 0 {
			return err
		}
		_, err = aftersales.AssignJob(tx, aftersales.AssignInput{
			Job: job, Person: person, WindowStart: at(from).UnixMilli(), WindowEnd: at(to).UnixMilli(),
		})
		return err
	})
	return job
}

// has returns who is on the job now.
func (b *bureau) has(job record.ID) (open []aftersales.Assignment) {
	b.t.Helper()
	b.office("look", func(tx aftersales.Tx) (err error) {
		open, err = aftersales.Assignments(tx, job, aftersales.AssignmentOpen)
		return err
	})
	return open
}

// seenOf returns what the board showed of a job, by the attributes of its bar.
func (v *browser) seenOf(job record.ID) string {
	v.t.Helper()
	return v.find(`data-job="` + job.String() + `"[^>]* data-seen="([^"]*)"`)
}

func TestADayOnTheBoardWithoutAScript(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang, li := b.hire("wang", "王强", auth.Technician), b.hire("li", "Li Wei", auth.Technician)
	v := b.browser("boss")
	job := b.plans("Pump <leaks>", record.ID{}, 0, 0)
	v.get("/board").sees(http.StatusOK, "王强", "Li Wei", "Pump <leaks>", "Waiting for somebody").lacks("<leaks> ")
	path := "/board/" + job.String()
	v.get("/board?job="+job.String()).sees(http.StatusOK, "Who could do it", "Somebody else, or a group")

	v.post(path+"/assign", "seen", v.seenOf(job), "to", "p:"+wang.String(), "start", ms(at(9)), "end", ms(at(11))).
		sees(http.StatusOK, "Assigned.", "Undo")
	if crew := b.has(job); len(crew) != 1 || crew[0].Person != wang || crew[0].WindowStart != at(9).UnixMilli() {
		t.Fatalf("the crew is %+v", crew)
	}
	first := b.has(job)[0].ID.String()

	// To another hour, and back.
	v.post(path+"/move", "seen", v.seenOf(job), "assignment", first, "to", "p:"+wang.String(), "start", at(13).Format("2006-01-02T15:04"),
		"end", at(14).Format("2006-01-02T15:04")).sees(http.StatusOK, "Moved.")
	if crew := b.has(job); crew[0].WindowStart != at(13).UnixMilli() || crew[0].ID.String() != first {
		t.Errorf("the crew is %+v", crew)
	}
	v.undoes()
	if crew := b.has(job); crew[0].WindowStart != at(9).UnixMilli() || crew[0].WindowEnd != at(11).UnixMilli() {
		t.Errorf("after the undo the crew is %+v", crew)
	}

	// To somebody else, taken back, given again, and a helper.
	v.post(path+"/move", "seen", v.seenOf(job), "assignment", first, "to", "p:"+li.String(), "start", ms(at(9)), "end", ms(at(11))).sees(http.StatusOK, "Moved.")
	crew := b.has(job)
	if len(crew) != 1 || crew[0].Person != li {
		t.Fatalf("the crew is %+v", crew)
	}
	v.post(path+"/unassign", "seen", v.seenOf(job), "assignment", crew[0].ID.String()).sees(http.StatusOK, "Taken back.")
	if crew := b.has(job); len(crew) != 0 {
		t.Errorf("the crew is %+v", crew)
	}
	v.undoes()
	if crew := b.has(job); len(crew) != 1 || crew[0].Person != li || crew[0].WindowStart != at(9).UnixMilli() {
		t.Errorf("after the undo the crew is %+v", crew)
	}
	v.post(path+"/assign", "seen", v.seenOf(job), "to", "p:"+wang.String(), "role", "helper", "start", ms(at(9)), "end", ms(at(11))).sees(http.StatusOK)
	v.get("/board?job="+job.String()).sees(http.StatusOK, "crew of 2", "One more for the crew")

	// What cannot be is said on the board, and nothing is half done.
	v.post(path+"/assign", "to", "p:"+wang.String()).sees(http.StatusUnprocessableEntity, "assigned to them already")
	v.post(path+"/assign", "to", "").sees(http.StatusUnprocessableEntity)
	v.post(path+"/move", "assignment", b.has(job)[0].ID.String(), "to", "p:"+li.String(), "start", ms(at(11)), "end", ms(at(9))).sees(http.StatusUnprocessableEntity)
	v.post(path+"/move", "assignment", "nonsense", "to", "p:"+li.String()).sees(http.StatusBadRequest)
	v.post(path+"/move", "assignment", b.has(job)[0].ID.String(), "to", "p:"+li.String(), "start", "soon").sees(http.StatusUnprocessableEntity, "needs a beginning")
	v.get("/board?view=week").sees(http.StatusOK, "Monday", "Pump <leaks>")
	v.get("/board?day=2031-02-30&branch=x&team=y&job=z&did=%25").sees(http.StatusOK, "Dispatch board")
}

// undoes sends the form that takes the last step back.
func (v *browser) undoes() {
	v.t.Helper()
	form := v.find(`(?s)(<form method="post" action="[^"]*" data-step data-undo>.*?</form>)`)
	var pairs []string
	for _, m := range regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(form, -1) {
		pairs = append(pairs, m[1], m[2])
	}
	v.post(v.find(`action="([^"]*)" data-step data-undo`), pairs...).sees(http.StatusOK)
}

// A job is moved away from somebody who may be at it in a cellar: the board asks twice.
func TestTheBoardWarnsBeforeItTakesAJobFromASilentPhone(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang, li := b.hire("wang", "Wang", auth.Technician), b.hire("li", "Li", auth.Technician)
	v := b.browser("boss")
	phone := b.phone(v, wang, "Wang's phone")
	job := b.plans("Chiller warm", wang, 1, 23)
	sync(t, phone)
	if err := phone.Update(t.Context(), aftersales.CauseVisitTravel, func(tx client.Tx) error { return aftersales.Travel(tx, aftersales.VisitInput{Job: job}) }); err != nil {
		t.Fatal(err)
	}
	sync(t, phone)
	v.get("/board?job=" + job.String()).sees(http.StatusOK)
	a := b.has(job)[0]
	step := []string{"seen", v.seenOf(job), "assignment", a.ID.String(), "to", "p:" + li.String(), "start", ms(at(9)), "end", ms(at(11))}
	v.post("/board/"+job.String()+"/move", step...).sees(http.StatusConflict, "may already be started", "Move it all the same")
	if crew := b.has(job); len(crew) != 1 || crew[0].Person != wang {
		t.Fatalf("it was moved all the same: %+v", crew)
	}
	v.post("/board/"+job.String()+"/move", append(step, "sure", "1")...).sees(http.StatusOK, "Moved.")
	if crew := b.has(job); len(crew) != 1 || crew[0].Person != li {
		t.Errorf("the crew is %+v", crew)
	}
}

// What somebody else has planned meanwhile is not overwritten unseen: both stand, and a person decides.
func TestTheBoardOverwritesNothingThatItDidNotShow(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	b.hire("eva", "Eva", auth.Dispatcher)
	wang := b.hire("wang", "Wang", auth.Technician)
	job := b.plans("Lift stuck", wang, 9, 10)
	a := b.has(job)[0].ID.String()
	boss, eva := b.browser("boss").get("/board"), b.browser("eva").get("/board")
	for i, v := range []*browser{eva, boss} {
		v.post("/board/"+job.String()+"/move", "seen", v.seenOf(job), "assignment", a, "to", "p:"+wang.String(), "start", ms(at(13+i)), "end", ms(at(15+i))).
			sees(http.StatusOK, "Moved.")
	}
	boss.get("/jobs?conflict=1").sees(http.StatusOK, "Lift stuck")
}

func TestTheBoardInARealBrowser(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang, li := b.hire("wang", "Wang", auth.Technician), b.hire("li", "Li", auth.Technician)
	job, other := b.plans("Pump leaks", record.ID{}, 0, 0), b.plans("Fan rattles", wang, 9, 11)
	s := b.open()
	s.visit("/board")
	s.holds("the board is there", `document.querySelectorAll(".job").length === 2`)
	_ = ask[int](s, "window.stayed = 1")

	// By mouse: from the tray to Li, a hint beside it.
	card, line := `#w-`+job.String(), `#p-`+li.String()
	var toX, toY float64
	s.until("a hint says what it would mean", `document.querySelector(".ghost .hint")?.textContent.includes("Li")`, func() {
		x, y := s.middle(card)
		toX, toY = s.middle(line + " .time")
		s.do(chromedp.KeyEvent("\x1b"), // leaves what an attempt before this one lifted
			chromedp.MouseEvent("mousePressed", x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
			chromedp.MouseEvent("mouseMoved", x+20, y+20, chromedp.ButtonLeft), chromedp.MouseEvent("mouseMoved", toX, toY, chromedp.ButtonLeft))
	})
	s.do(chromedp.MouseEvent("mouseReleased", toX, toY, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	s.holds("Li has it, and the page was not loaded again", `window.stayed === 1 && document.querySelector('`+line+` .job[data-job="`+job.String()+`"]') !== null`)
	if crew := b.has(job); len(crew) != 1 || crew[0].Person != li {
		t.Fatalf("the crew is %+v", crew)
	}

	// z takes it back, without the mouse.
	s.holds("it can be taken back", `document.querySelector("[data-undo]") !== null`)
	s.do(chromedp.KeyEvent("z"))
	s.holds("z takes it back", `document.querySelector("`+card+`") !== null`)
	if crew := b.has(job); len(crew) != 0 {
		t.Errorf("the crew is %+v", crew)
	}

	// By keys: Wang's job goes to Li, an hour later and longer.
	bar := `document.querySelector('.job[data-job="` + other.String() + `"]')`
	_ = ask[any](s, bar+`.focus()`)
	s.do(chromedp.KeyEvent(" "))
	s.holds("Space lifts it", `document.querySelector(".ghost") !== null`)
	up := ask[bool](s, `document.querySelector("#p-`+li.String()+`").compareDocumentPosition(document.querySelector("#p-`+wang.String()+`")) === 4`)
	s.keys("ArrowRight", 4, false)
	s.keys("ArrowRight", 2, true)
	s.keys(map[bool]string{true: "ArrowUp", false: "ArrowDown"}[up], 1, false)
	s.do(chromedp.KeyEvent("\r"))
	s.holds("it is Li's", `document.querySelector('`+line+` .job[data-job="`+other.String()+`"]') !== null`)
	if crew := b.has(other); len(crew) != 1 || crew[0].Person != li || crew[0].WindowStart != at(10).UnixMilli() ||
		crew[0].WindowEnd != at(12).Add(30*time.Minute).UnixMilli() {
		t.Errorf("the crew is %+v, want Li from %v to %v", crew, at(10).UnixMilli(), at(12).Add(30*time.Minute).UnixMilli())
	}
	s.holds("the focus stayed with it", bar+` === document.activeElement`)

	// What another does arrives by itself, and the scroll and focus stay.
	b.plans("Door jams", wang, 14, 15)
	s.holds("what another planned arrives", `document.querySelectorAll("#p-`+wang.String()+` .job").length === 1 && window.stayed === 1`)
	s.holds("and the focus stays", bar+` === document.activeElement`)

	// Enter opens what can be done by forms; Delete takes it back.
	s.do(chromedp.KeyEvent("\r"))
	s.holds("Enter chooses it", `document.querySelector("#chosen .member") !== null`)
	s.do(chromedp.KeyEvent("\x1b"))
	s.holds("Esc closes it", `document.querySelector("#chosen .member") === null`)
	_ = ask[any](s, bar+`.focus()`)
	s.keys("Delete", 1, false)
	s.holds("Delete takes it back", `document.querySelector("#w-`+other.String()+`") !== null`)
}

// On a phone the board begins at now, though the day shown began at midnight, with everybody's name in sight; of another day when the
// first one begins to work.
func TestTheBoardOfAPhoneOpensAtNow(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "Wang", auth.Technician)
	for day := range 2 {
		b.plans("Night watch", wang, 24*day-1, 24*day+1)
		b.plans("Late watch", wang, 24*day+23, 24*day+25)
	}
	b.plans("Round the clock", wang, -1, 25)
	s := b.open()
	s.do(chromedp.EmulateViewport(390, 844))
	s.visit("/board?day=" + at(0).Format(time.DateOnly))
	s.holds("now is in sight", `(() => {
		const now = document.querySelector(".now").getBoundingClientRect().left, names = document.querySelector(".hours .who").getBoundingClientRect();
		return now >= names.right - 1 && now <= document.querySelector("#panes").getBoundingClientRect().right
	})()`)
	s.holds("and his name stands beside his job", `(() => {
		const hit = (r, x) => document.elementFromPoint(x, r.top + r.height / 2);
		const name = document.querySelector(".line .who b").getBoundingClientRect(), now = document.querySelector(".line .now").getBoundingClientRect();
		const bar = [...document.querySelectorAll(".line .bar .body")].map((b) => b.getBoundingClientRect()).find((r) => r.left < now.left && r.right > now.left);
		return hit(name, name.left + 2)?.closest(".who") && hit(bar, now.left + 3)?.closest(".bar") ? true : false
	})()`)
	s.visit("/board?view=week&day=" + at(0).Format(time.DateOnly))
	s.holds("his name stays beside the end of his week too", `(() => {
		const panes = document.querySelector("#panes");
		panes.scrollLeft = panes.scrollWidth;
		const name = document.querySelector(".week th[scope=row] b").getBoundingClientRect();
		return panes.scrollLeft > 300 && document.elementFromPoint(name.left + 2, name.top + name.height / 2)?.closest("th") ? true : false
	})()`)
	s.visit("/board?day=" + at(24).Format(time.DateOnly))
	s.holds("so is when he begins, and the night is not", `(() => {
		const scale = document.querySelector(".scale"), {left, width} = scale.getBoundingClientRect(), {from, to} = scale.dataset;
		const begins = Number(document.querySelector("[data-off]").dataset.off.split(" ")[0].split("-")[1]);
		const x = left + (begins - from) / (to - from) * width, names = document.querySelector(".hours .who").getBoundingClientRect();
		return begins > from && x > names.right && x < document.querySelector("#panes").getBoundingClientRect().right && left < names.right - 50
	})()`)
}

// middle returns the middle of an element, in px of the window.
func (s *screen) middle(selector string) (x, y float64) {
	s.t.Helper()
	p := ask[[]float64](s, `(() => { const r = document.querySelector("`+selector+`").getBoundingClientRect(); return [r.left + r.width / 2, r.top + Math.min(r.height / 2, 60)] })()`)
	return p[0], p[1]
}

// keys presses a key that types nothing, n times.
func (s *screen) keys(key string, n int, shift bool) {
	s.t.Helper()
	for range n {
		_ = ask[any](s, fmt.Sprintf(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: %q, shiftKey: %v, bubbles: true, cancelable: true}))`, key, shift))
	}
}
