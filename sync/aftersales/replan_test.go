package aftersales

import (
	"testing"

	"fieldsync/sync/record"
)

func (w *world) windowOf(id record.ID) (start, end int64) {
	w.t.Helper()
	row, err := w.Row("assignment", id)
	w.ok(err)
	a := AssignmentOf(row)
	return a.WindowStart, a.WindowEnd
}

// onTheJob returns the first assignment of the world's job.
func (w *world) onTheJob() record.ID {
	w.t.Helper()
	list, err := Assignments(w, w.job)
	w.ok(err)
	return list[0].ID
}

// A crew of three: the lead and a helper come at nine, another helper at two.
func TestReplanningMovesWhoWasToBeThereTogether(t *testing.T) {
	t.Parallel()
	const hour = 3_600_000
	w := newWorld(t)
	nine, two := int64(morning), int64(morning+5*hour)
	lead := w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.wang, WindowStart: nine, WindowEnd: nine + hour}))
	with := w.id(AssignJob(w, AssignInput{Job: w.job, Person: w.li, WindowStart: nine, WindowEnd: nine + hour}))
	zhou := w.id(CreatePerson(w, PersonInput{Name: "Zhou", Branch: w.branch, Technician: true}))
	later := w.id(AssignJob(w, AssignInput{Job: w.job, Person: zhou, WindowStart: two, WindowEnd: two + hour}))

	w.ok(Replan(w, ReplanInput{lead, nine + hour, nine + 3*hour}))
	for _, id := range []record.ID{lead, with} {
		if start, end := w.windowOf(id); start != nine+hour || end != nine+3*hour {
			t.Errorf("the crew is planned from %d to %d", start, end)
		}
	}
	if start, _ := w.windowOf(later); start != two {
		t.Error("who was to come later was moved too")
	}
	row, err := w.Row("job", w.job)
	w.ok(err)
	if job := JobOf(row); job.PlanStart != nine+hour || job.PlanEnd != nine+3*hour {
		t.Errorf("the job is planned from %d to %d", job.PlanStart, job.PlanEnd)
	}

	w.ok(Replan(w, ReplanInput{with, two, two + hour}))
	if start, _ := w.windowOf(lead); start != nine+hour {
		t.Error("a helper took the lead along")
	}
	w.ok(Replan(w, ReplanInput{later, 0, 0}))
	if start, end := w.windowOf(later); start != 0 || end != 0 {
		t.Error("his time was not taken back")
	}
}

func TestWhatIsSkilledForIsWhatHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(SetSkill(w, SkillInput{Person: w.wang, Code: "electrical", Level: 3, ValidUntil: morning / dayMillis}))
	row, err := w.Row("person", w.wang)
	w.ok(err)
	for days, want := range map[int64]int64{0: 3, 1: 0} {
		levels, err := Levels(w, PersonOf(row), morning/dayMillis+days)
		w.ok(err)
		if levels["electrical"] != want {
			t.Errorf("%d days later he can do it on level %d, want %d", days, levels["electrical"], want)
		}
	}
}
