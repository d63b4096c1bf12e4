package web

import (
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// colleague does something as Wang, as his phone's changes come through the hub.
func (h *thumb) colleague(do func(tx client.Tx) error) {
	h.t.Helper()
	err := h.c.Update(h.t.Context(), aftersales.CauseSetUp, func(tx client.Tx) error { return do(by{tx, h.s.wang}) })
	if err != nil {
		h.t.Fatal(err)
	}
}

// Two are on a job: each sees the other's hours, labour is charged for both, and the customer signs with the lead.
func TestTwoTechniciansOnOneJob(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	led, helped := h.s.leak, h.s.noise
	h.office(func(tx client.Tx) error {
		if _, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: led, Person: h.s.wang}); err != nil {
			return err
		}
		return h.swapLead(tx, helped)
	})
	at := aftersales.Moment{Corrected: h.c.Now().UnixMilli() - 50*60_000}
	for _, job := range []record.ID{led, helped} {
		h.colleague(func(tx client.Tx) error {
			return aftersales.Arrive(tx, aftersales.VisitInput{Job: job, At: at})
		})
	}
	job := jobURL(led)
	h.get(job).sees("With you: 王強", "Working 50 min", "the clock runs")
	if strings.Contains(h.body, "leads, and has the customer sign") {
		t.Error("the helper leads")
	}
	h.get(job).post(job+"/step", "step", "arrive").done()
	h.get(job + "/price").sees("The clocks of 2 people say 1 h of work together.")
	h.get(job+"/finish").post(job+"/finish", "outcome", "follow_up", "why", "a part", "solution", "looked", "seen", h.hidden("seen")).done().sees("Hand the phone")
	h.get(job+"/slip").sees("Working · 王強", "50 min")

	job = jobURL(helped)
	h.get(job).sees("leads, and has the customer sign")
	h.get(job).post(job+"/step", "step", "arrive").done()
	h.get(job+"/finish").post(job+"/finish", "outcome", "fixed", "solution", "held the ladder", "seen", h.hidden("seen")).done()
	h.sees("王強 leads this job")
	if strings.Contains(h.body, "Hand the phone") {
		t.Error("the helper has the customer sign")
	}
	h.get(job + "/sign?here=1").sees("Hand the phone")
	h.post(job+"/sign", "name", "Lin", "signature", png).done().sees("Lin")
}

// swapLead makes Wang the lead of the job, and Li his helper.
func (h *thumb) swapLead(tx client.Tx, job record.ID) error {
	err := aftersales.Unassign(tx, aftersales.UnassignInput{Assignment: h.assignment(tx, job), Reason: "Wang knows it"})
	for _, person := range []record.ID{h.s.wang, h.s.li} {
		if err == nil {
			_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: person})
		}
	}
	return err
}

// A job that was given to a group is its members' to take on.
func TestAGroupsJobIsAMembersToTake(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	var job record.ID
	h.office(func(tx client.Tx) error {
		team, err := aftersales.CreateTeam(tx, h.s.branch, "Pump crew")
		if err == nil {
			err = aftersales.JoinTeam(tx, team, h.s.li)
		}
		if err == nil {
			job, err = aftersales.CreateJob(tx, aftersales.JobInput{Branch: h.s.branch, Title: "Pump hums"})
		}
		if err == nil {
			_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Team: team})
		}
		return err
	})
	h.get(jobURL(job)).sees(`value="accept"`).post(jobURL(job)+"/step", "step", "accept").done().sees(`value="travel"`)
	if strings.Contains(h.body, "This job is not yours") {
		t.Error("a member only reads his group's job")
	}
}
