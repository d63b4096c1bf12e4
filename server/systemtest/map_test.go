package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
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
