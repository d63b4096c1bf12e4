package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// office does something in the office's name.
func (h *thumb) office(do func(tx client.Tx) error) {
	h.t.Helper()
	err := h.c.Update(h.t.Context(), aftersales.CauseSetUp, func(tx client.Tx) error { return do(by{tx, h.s.office}) })
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *thumb) assignment(tx client.Tx, job record.ID) record.ID {
	h.t.Helper()
	held, err := aftersales.Assignments(tx, job, aftersales.AssignmentOpen)
	if err != nil || len(held) == 0 {
		h.t.Fatal("nobody is on the job", err)
	}
	return held[0].ID
}

// What the office changes in a plan that was seen is news until it was seen: another time, a cancelled job, one that was given
// to somebody else, and one that has left the phone with him.
func TestChangedPlansAreNews(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	if h.get("/"); strings.Contains(h.body, "moved: it was") || strings.Contains(h.body, "Not yours any more") {
		t.Fatal("what is seen for the first time has not changed")
	}
	h.office(func(tx client.Tx) error {
		start := tx.Now() + 4*3600_000
		return aftersales.Replan(tx, aftersales.ReplanInput{Assignment: h.assignment(tx, h.s.noise), Start: start, End: start + 3600_000})
	})
	h.office(func(tx client.Tx) error {
		return aftersales.CancelJob(tx, aftersales.CancelInput{Job: h.s.visit, Reason: "repaired itself"})
	})
	h.office(func(tx client.Tx) error {
		return aftersales.Unassign(tx, aftersales.UnassignInput{Assignment: h.assignment(tx, h.s.leak), Reason: "Wang is nearer"})
	})
	for range 2 { // to look at the list is not to have seen it
		h.get("/")
		for _, text := range []string{"moved: it was", "Not yours any more", "J-102", "is cancelled", "J-100", "given to somebody else"} {
			if !strings.Contains(h.body, text) {
				t.Errorf("Today does not say %q", text)
			}
		}
	}
	if h.get("/jobs/" + h.s.noise.String()); !strings.Contains(h.body, "moved: it was") {
		t.Error("the job does not say that it was moved")
	}
	h.get("/")
	h.post("/plans", "job", h.s.visit.String())
	if h.get("/"); strings.Contains(h.body, "moved: it was") || strings.Contains(h.body, "is cancelled") || !strings.Contains(h.body, "J-100") {
		t.Error("what was seen is still news, or what was not is gone")
	}
	h.post("/plans", "job", h.s.leak.String())
	if h.get("/"); strings.Contains(h.body, "Not yours any more") {
		t.Error("what was seen is still news")
	}
}

// Today says how far it is from one job to the next.
func TestTheWayFromJobToJob(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.office(func(tx client.Tx) error {
		site, err := aftersales.CreateSite(tx, aftersales.SiteInput{
			Party: h.s.customer, Name: "板橋廠", Position: &aftersales.Position{Latitude: 250119000, Longitude: 1214617000}})
		if err != nil {
			return err
		}
		return tx.Update("job", h.s.noise, record.Values{"site": record.Ref(site)})
	})
	h.get("/").sees("11 km from the job before")
	if wayOf(49) != "" || wayOf(50) != "0.1 km" {
		t.Errorf("next door is %q, across the road %q", wayOf(49), wayOf(50))
	}
	for metres, want := range map[int64]string{0: "0.0 km", 940: "0.9 km", 9_999: "10.0 km", 10_400: "10 km", 123_700: "124 km"} {
		if got := kilometres(metres); got != want {
			t.Errorf("%d: %s, want %s", metres, got, want)
		}
	}
}

func TestAJobThatLeftThePhoneIsTold(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.get("/")
	h.office(func(tx client.Tx) error { return tx.Delete("job", h.s.noise) })
	if h.get("/"); !strings.Contains(h.body, "Not yours any more") || !strings.Contains(h.body, "J-101") {
		t.Error("a job went without a word")
	}
}

// What somebody did himself is no news to him.
func TestWhatOneDidOneselfIsNoNews(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.get("/")
	h.get("/jobs/" + h.s.noise.String() + "/decline")
	h.post("/jobs/"+h.s.noise.String()+"/decline", "reason", "too far")
	if h.get("/"); strings.Contains(h.body, `href="`+jobURL(h.s.noise)) {
		t.Error("what I gave back stands among my jobs until the hub hears of it")
	}
	h.office(func(tx client.Tx) error {
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: h.s.noise, Person: h.s.li})
		return err
	})
	h.get("/").sees(`href="` + jobURL(h.s.noise))
	h.get("/jobs/" + h.s.noise.String() + "/decline")
	h.post("/jobs/"+h.s.noise.String()+"/decline", "reason", "still too far")
	h.get("/jobs/" + h.s.leak.String())
	for _, step := range []string{"accept", "travel", "arrive"} {
		h.post("/jobs/"+h.s.leak.String()+"/step", "step", step)
	}
	if h.get("/"); strings.Contains(h.body, "Not yours any more") || strings.Contains(h.body, "moved") {
		t.Error("what I did myself is told me as news")
	}
	changes, err := h.c.PlanChanges(t.Context())
	if err != nil || len(changes) != 0 {
		t.Error(changes, err)
	}
}

// However many jobs are open, they are shown page by page, each once, and every page says how many are left.
func TestAllOpenJobsArePaged(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.office(func(tx client.Tx) (err error) {
		for n := 0; n < 2*maxListed && err == nil; n++ {
			var job record.ID
			if job, err = aftersales.CreateJob(tx, aftersales.JobInput{Branch: h.s.branch, Title: "One of many"}); err == nil {
				_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: h.s.li})
			}
		}
		return err
	})
	h.get("/open").sees("The next ones", "56 more")
	seen, pages := map[string]bool{}, 0
	for url := openURL; url != ""; pages++ {
		h.get(url)
		for _, m := range regexp.MustCompile(`id="j-([^"]+)"`).FindAllStringSubmatch(h.body, -1) {
			if seen[m[1]] {
				t.Error("shown twice:", m[1])
			}
			seen[m[1]] = true
		}
		url = regexp.MustCompile(`/open\?after=\d+`).FindString(h.body)
	}
	if pages != 3 || len(seen) != 2*maxListed+6 {
		t.Errorf("%d jobs on %d pages", len(seen), pages)
	}
	if h.get("/open?after=x"); h.status != http.StatusNotFound {
		t.Error(h.status)
	}
}

// However much waits, the outbox shows it page by page, each once.
func TestALongOutboxIsPaged(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	for range 2*maxWaiting + 3 {
		h.office(func(tx client.Tx) error {
			_, err := aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: h.s.leak}, Text: "one more"})
			return err
		})
	}
	shown, pages := 0, 0
	for url := outboxURL; url != ""; pages++ {
		h.get(url)
		shown += strings.Count(strings.Split(h.body, `id="waiting"`)[1], "<small>")
		url = ""
		if next := regexp.MustCompile(`/outbox\?after=\d+`).FindString(h.body); next != "" {
			url = next
		}
	}
	if want := h.pending(); pages != 3 || shown != want {
		t.Errorf("%d of %d on %d pages", shown, want, pages)
	}
	if h.get("/outbox?after=x"); h.status != http.StatusNotFound {
		t.Error(h.status)
	}
}

// What has a name in several languages is called in the reader's, wherever rows of all kinds stand in one list.
func TestARowIsCalledInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	h.office(func(tx client.Tx) error {
		_, err := aftersales.CreatePart(tx, aftersales.PartInput{Code: "B-1", Name: zh("Bearing 6204", "轴承 6204", "軸承 6204")})
		return err
	})
	h.get("/outbox").sees(">Bearing 6204<").lacks("zh-Hans")
}
