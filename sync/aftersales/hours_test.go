package aftersales

import "testing"

// Two are on a job, and a third was: each with his own hours, the lead first, and all of them on the slip.
func TestEverybodysHoursAreAddedUp(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	w.as(w.office).id(AssignJob(w, AssignInput{Job: w.job, Person: w.li}))
	w.as(w.li).ok(Travel(w, VisitInput{Job: w.job}))
	w.pass(5)
	w.ok(Arrive(w, VisitInput{Job: w.job}))
	w.as(w.wang).ok(Arrive(w, VisitInput{Job: w.job}))
	w.pass(10)
	w.as(w.li).ok(Complete(w, CompleteInput{FindingInput: FindingInput{Job: w.job}}))
	w.pass(20)

	const minute = 60_000
	all, err := JobHours(w, w.job, w.now)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	lead, helper := all[0], all[1]
	if lead.Person != w.wang || lead.Role != Lead || lead.Running != TimeWork || lead.Spent[TimeWork] != 30*minute || lead.Name == "" {
		t.Errorf("the lead: %+v", lead)
	}
	if helper.Person != w.li || helper.Role != Helper || helper.Running != "" || helper.Spent[TimeTravel] != 5*minute || helper.Spent[TimeWork] != 10*minute {
		t.Errorf("the helper: %+v", helper)
	}
	p, err := SlipDocument(w, w.visitNow(w.wang).ID)
	if err != nil || len(p.Times) != 3 || p.Times[0] != (TimeLine{Kind: TimeWork, Spent: 30 * minute}) ||
		p.Times[2] != (TimeLine{Kind: TimeWork, Spent: 10 * minute, Person: helper.Name}) {
		t.Errorf("the slip: %+v %v", p.Times, err)
	}
	a, err := AssignedTo(w, w.job, w.li)
	w.ok(err)
	w.as(w.office).ok(Unassign(w, UnassignInput{a.ID, "not needed"}))
	if all, err = JobHours(w, w.job, w.now); err != nil || len(all) != 2 || all[1].Role != "" || all[1].Spent[TimeWork] != 10*minute {
		t.Errorf("who has left the job: %+v %v", all, err)
	}
}
