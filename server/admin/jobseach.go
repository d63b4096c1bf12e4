package admin

import (
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// jobsEach is what can be done to several jobs at once, with the warnings that the board has for one.
var jobsEach = &Each{
	URL: jobsURL, Table: "job", State: "state", Warn: jobWarnings,
	Deeds: []*Deed{
		{
			Name: "assign", Title: "Assign", Cause: aftersales.CauseJobAssign, Need: auth.Dispatch,
			Hint: "Each keeps the time it is planned for. Who has one already keeps it too.",
			Asks: columnsAsked(askRow("person", "person"), askRow("team", "team"), ask("role", schema.Enum, aftersales.Lead, aftersales.Helper)),
			Fits: jobActive, Check: personOrTeam,
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				job := aftersales.JobOf(row)
				in := aftersales.AssignInput{Job: row.ID, Person: v["person"].Ref(), Team: v["team"].Ref(), Role: v["role"].Text(), WindowStart: job.PlanStart, WindowEnd: job.PlanEnd}
				_, err := aftersales.AssignJob(tx, in)
				return err
			},
		},
		{
			Name: "unassign", Title: "Take back", Cause: aftersales.CauseJobUnassign, Need: auth.Dispatch,
			Asks: columnsAsked(ask("reason", textKind)), Needed: []string{"reason"}, Fits: jobActive,
			Hint: "Taken from everybody who has them. What was recorded there stays.",
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				open, err := openAssignments(tx, row.ID)
				if err == nil && len(open) == 0 {
					err = fault.New(fault.Invalid, "Nobody has it.")
				}
				for _, a := range open {
					if err == nil {
						err = aftersales.Unassign(tx, aftersales.UnassignInput{Assignment: a.ID, Reason: v["reason"].Text()})
					}
				}
				return err
			},
		},
		{
			Name: "cancel", Title: "Cancel", Cause: aftersales.CauseJobCancel, Need: auth.CancelJobs,
			Asks: columnsAsked(ask("reason", textKind)), Needed: []string{"reason"}, Fits: jobActive,
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.CancelJob(tx, aftersales.CancelInput{Job: row.ID, Reason: v["reason"].Text()})
			},
		},
		{
			Name: "close", Title: "Close", Cause: aftersales.CauseJobClose, Need: auth.CloseJobs,
			Fits: func(row *record.Row) bool {
				state := row.Get("state").Text()
				return state == aftersales.JobDone || state == aftersales.JobCancelled
			},
			Do: func(tx aftersales.Tx, row *record.Row, _ record.Values) error { return aftersales.CloseJob(tx, row.ID) },
		},
		archiveDeed("job", auth.DeleteRecords), unarchiveDeed("job", auth.DeleteRecords),
	},
}

func jobActive(row *record.Row) bool { return !aftersales.JobOf(row).Over() }

// refsOf is what tells who refers to a row: a transaction, or a snapshot.
type refsOf interface {
	Refs(table, column string, id record.ID) ([]*record.Row, error)
}

func openAssignments(v refsOf, job record.ID) (open []aftersales.Assignment, err error) {
	rows, err := v.Refs("assignment", "job", job)
	for _, row := range rows {
		if a := aftersales.AssignmentOf(row); a.State == aftersales.AssignmentOpen {
			open = append(open, a)
		}
	}
	return open, err
}

// jobWarnings says of each job what the board would say of it: who has it already and may have started, what the one it
// is given to lacks, and which of the others it would overlap.
func jobWarnings(b *builder, d *Deed, rows []*record.Row, values record.Values) (map[record.ID][]string, error) {
	phones, err := b.o.Phones.Phones(b.v.r.Context())
	if err != nil {
		return nil, err
	}
	w := &warning{board: b.o.newBoard(b.v, b.r, phones), found: map[record.ID][]string{}, person: values["person"].Ref()}
	for _, row := range rows {
		switch job := aftersales.JobOf(row); d.Name {
		case "assign":
			err = w.given(job)
		case "unassign", "cancel":
			err = w.taken(job)
		}
		if err != nil {
			return nil, err
		}
	}
	return w.found, nil
}

// warning gathers warnings about several jobs: what was looked at counts as given when the next is.
type warning struct {
	*board
	found  map[record.ID][]string
	person record.ID               // whom the jobs are given to
	taking []aftersales.Assignment // what the person is about to get
}

func (w *warning) say(job record.ID, text string) { w.found[job] = append(w.found[job], text) }

// given warns of giving a job to the person.
func (w *warning) given(job aftersales.Job) error {
	open, err := openAssignments(w.view, job.ID)
	if err != nil {
		return err
	}
	for _, a := range open {
		name, err := w.holder(a)
		if err != nil {
			return err
		}
		w.say(job.ID, w.v.t("%s has it already.", name))
	}
	if w.person.IsZero() {
		return nil
	}
	if c := w.phones[w.person]; c.some && !c.online && w.now-c.at > silentAfter.Milliseconds() {
		w.say(job.ID, w.v.t("His phone has been silent since %s.", times{w.v.lang, w.o.Zone}.when(c.at)))
	}
	candidates, err := w.candidates([]record.ID{w.person}, job.ID)
	if err != nil || len(candidates) == 0 {
		return err
	}
	candidates[0].Open = append(candidates[0].Open, w.taking...)
	list, err := w.said(job.ID, candidates[0], job.PlanStart, job.PlanEnd)
	w.found[job.ID] = append(w.found[job.ID], list...)
	w.taking = append(w.taking, aftersales.Assignment{
		Person: w.person, Job: job.ID, State: aftersales.AssignmentOpen, WindowStart: job.PlanStart, WindowEnd: job.PlanEnd,
	})
	return err
}

// taken warns of taking a job away from who may have started it.
func (w *warning) taken(job aftersales.Job) error {
	open, err := openAssignments(w.view, job.ID)
	for _, a := range open {
		if err != nil {
			return err
		}
		last := w.phones[a.Person].at
		if w.phones[a.Person].online {
			last = w.now
		}
		var may bool
		if may, err = aftersales.MayHaveStarted(w.view, a.ID, last, w.now); err == nil && may && !a.Person.IsZero() {
			w.say(job.ID, w.v.t("This job may already be started: the phone may know more than it could say. If you move it all the same, what was recorded there stays."))
		}
	}
	return err
}

// holder returns what the person or group of an assignment is called.
func (b *board) holder(a aftersales.Assignment) (string, error) {
	if a.Person.IsZero() {
		return b.n.row(record.Key{Table: b.o.Schema.Table("team").ID, ID: a.Team})
	}
	return b.n.row(record.Key{Table: b.o.Schema.Table("person").ID, ID: a.Person})
}
