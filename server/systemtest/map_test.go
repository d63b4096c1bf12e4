package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

func TestTheMapShowsJobsAndWhoIsAtWork(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "Wang", auth.Technician)
	v := b.browser("boss")
	v.get("/map").sees(http.StatusOK, "Jobs will stand here at their sites")
	places := []aftersales.Position{{Latitude: 250330000, Longitude: 1215654000}, {Latitude: 250331000, Longitude: 1215655000}, {Latitude: -319505000, Longitude: 1158605000}}
	b.office("create", func(tx aftersales.Tx) error {
		for i := range places {
			site, err := aftersales.CreateSite(tx, aftersales.SiteInput{Name: "Site", Position: &places[i]})
			if err != nil {
				return err
			}
			if _, err := aftersales.CreateJob(tx, aftersales.JobInput{Title: "Pump <leaks>", Site: site}); err != nil {
				return err
			}
		}
		return nil
	})
	job := b.plans("Fan rattles", wang, 9, 10)
	v.get("/map").sees(http.StatusOK, "2 jobs", "1 without a position").lacks("Wang ·")
	if n := strings.Count(v.body, "<circle"); n != 1 {
		t.Errorf("%d marks, want the denser place alone", n)
	}
	v.sees(http.StatusOK, `href="/map?all=1">1 elsewhere: see all of it`)
	v.get("/map?all=1").sees(http.StatusOK).lacks("elsewhere")
	if n := strings.Count(v.body, "<circle"); n != 2 {
		t.Errorf("%d marks, want one of two jobs close together and one far away", n)
	}
	nearer := v.find(`href="(/map\?[^"]*)" aria-label="2 jobs"`)
	for range 12 {
		v.get(nearer).sees(http.StatusOK)
		if !strings.Contains(v.body, `aria-label="2 jobs"`) {
			break
		}
		nearer = v.find(`href="(/map\?[^"]*)" aria-label="2 jobs"`)
	}
	v.lacks(`aria-label="2 jobs"`)

	// He is shown while his visit runs, where he said that he arrived, and no longer.
	phone := b.phone(v, wang, "Wang's phone")
	sync(t, phone)
	update(t, phone, aftersales.CauseVisitArrive, func(tx aftersales.Tx) error {
		return aftersales.Arrive(tx, aftersales.VisitInput{Job: job, Position: &places[0]})
	})
	sync(t, phone)
	v.get("/map").sees(http.StatusOK, "Wang ·")
	update(t, phone, aftersales.CauseJobComplete, func(tx aftersales.Tx) error {
		in := aftersales.CompleteInput{Summary: "done"}
		in.Job = job
		return aftersales.Complete(tx, in)
	})
	sync(t, phone)
	v.get("/map").sees(http.StatusOK).lacks("Wang ·")
	v.get("/map?x=NaN&y=0&span=1").sees(http.StatusOK)
	v.get("/map?x=0.5&y=0.0000001&span=1").sees(http.StatusOK)
}

// Tiles stand behind the map where the company names a service: its host, and no other, is opened, on the map alone.
func TestTilesAreDrawnWhereTheCompanyNamesAService(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	b.office("create", func(tx aftersales.Tx) error {
		for _, at := range []aftersales.Position{{Latitude: 311774276, Longitude: 1215272106}, {Latitude: 312774276, Longitude: 1216272106}} {
			site, err := aftersales.CreateSite(tx, aftersales.SiteInput{Name: "Site", Position: &at})
			if err != nil {
				return err
			}
			if _, err := aftersales.CreateJob(tx, aftersales.JobInput{Title: "Pump", Site: site}); err != nil {
				return err
			}
		}
		return nil
	})
	pictures := func(path string) string {
		v.get(path).sees(http.StatusOK)
		_, from, _ := strings.Cut(v.header.Get("Content-Security-Policy"), "img-src ")
		only, _, _ := strings.Cut(from, ";")
		return only
	}
	if from := pictures("/map"); from != "'self'" {
		t.Errorf("a map without a service loads pictures from %s", from)
	}
	for _, bad := range []string{"tiles.example.org/{z}/{x}/{y}", "https://tiles.example.org/{z}/{x}", "https://a b/{z}/{x}/{y}", "javascript:{z}{x}{y}", "https://x;script-src%20*/{z}/{x}/{y}", "https://u:p@x/{z}/{x}/{y}"} {
		v.post("/settings/map_tiles", "value", bad).sees(http.StatusUnprocessableEntity, "The address of the tiles is like")
	}
	v.post("/settings/map_tiles", "value", "https://tiles.example.org:8443/{z}/{x}/{y}.png").sees(http.StatusOK, "Set.")
	v.post("/settings/map_credit", "value", "© <mappers>").sees(http.StatusOK)
	if from := pictures("/map"); from != "'self' https://tiles.example.org:8443" {
		t.Errorf("the map loads pictures from %s", from)
	}
	v.sees(http.StatusOK, `<image href="https://tiles.example.org:8443/`, "© <mappers>")
	if from := pictures("/jobs"); from != "'self'" {
		t.Errorf("another page loads pictures from %s", from)
	}
	nearer := "/map?x=0.83758&y=0.40877&span=0.001"
	circle := `<circle (cx="[^"]*")`
	unmoved := v.get(nearer).sees(http.StatusOK).find(circle)
	v.post("/settings/map_gcj02", "value", "1").sees(http.StatusOK)
	if v.get(nearer).sees(http.StatusOK).find(circle) == unmoved {
		t.Error("nothing is moved for a service that draws moved positions")
	}
}

// The map opens where the visitor's branch has its work, and leads to the rest; where he has none, on the densest group.
func TestTheMapOpensOnTheVisitorsBranch(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	boss := b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	var perth record.ID
	b.office("create", func(tx aftersales.Tx) (err error) {
		if perth, err = aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "PER", Name: "Perth"}); err != nil {
			return err
		}
		for i, title := range []string{"Pump leaks", "Fan rattles", "Dock lift stuck"} {
			at, branch := aftersales.Position{Latitude: 250330000, Longitude: 1215654000 + int64(i)*1e6}, record.ID{}
			if i == 2 {
				at, branch = aftersales.Position{Latitude: -319505000, Longitude: 1158605000}, perth
			}
			site, err := aftersales.CreateSite(tx, aftersales.SiteInput{Name: "Site", Position: &at})
			if err != nil {
				return err
			}
			if _, err := aftersales.CreateJob(tx, aftersales.JobInput{Title: title, Site: site, Branch: branch}); err != nil {
				return err
			}
		}
		return nil
	})
	v.get("/map").sees(http.StatusOK, "Pump leaks", "Fan rattles", "1 elsewhere: see all of it").lacks("Dock lift stuck")
	b.office("edit", func(tx aftersales.Tx) error {
		return tx.Update("person", boss, record.Values{"branch": record.Ref(perth)})
	})
	v.get("/map").sees(http.StatusOK, "Dock lift stuck", "2 elsewhere: see all of it").lacks("Pump leaks", "Fan rattles")
	v.get("/map?all=1").sees(http.StatusOK, "Dock lift stuck", "2 jobs").lacks("elsewhere")
}
