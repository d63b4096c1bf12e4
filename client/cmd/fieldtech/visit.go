package main

import (
	"context"
	"flag"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// done is what every command on a job answers.
type done struct {
	Job     record.ID `json:"job"`
	Number  string    `json:"number"`
	Did     string    `json:"did"`   // the command's name, as the audit has it
	State   string    `json:"state"` // of the job
	Visit   string    `json:"visit"` // the state of the user's latest visit
	Pending int       `json:"pending"`
}

// onJob does something to the job that was named, and says how it stands then.
func (a *app) onJob(ctx context.Context, said, cause string, do func(client.Jobs, record.ID) error) error {
	jobs := a.client.Jobs()
	id, err := jobs.Find(ctx, said)
	if err != nil {
		return err
	}
	if err := do(jobs, id); err != nil {
		return err
	}
	answer := done{Job: id, Did: cause}
	if err := a.look(ctx, &answer); err != nil {
		return err
	}
	return a.answer(answer, func() {
		where := plain(answer.State)
		if answer.Visit != "" {
			where += ", visit " + plain(answer.Visit)
		}
		a.say("%s: %s. %s to send.\n", answer.Number, where, count(answer.Pending, "change"))
	})
}

// look fills in how the job stands.
func (a *app) look(ctx context.Context, d *done) error {
	job, err := a.client.Jobs().Get(ctx, d.Job)
	if err != nil {
		return err
	}
	status, err := a.client.Status(ctx)
	if err != nil {
		return err
	}
	d.Number, d.State, d.Pending = job.Job.Number, job.Job.State, status.Pending
	for _, v := range job.Visits {
		if v.Person == status.Person {
			d.Visit = v.State
		}
	}
	return nil
}

type visitStep func(client.Jobs, context.Context, aftersales.VisitInput) error

// stepCommand returns a command that takes a step of the user's visit.
func stepCommand(name, cause, brief string, take visitStep) *command {
	return &command{
		Name: name, Args: "JOB", Least: 1, Most: 1, Needs: writing,
		Brief: brief, Example: "fieldtech " + name + " J-d1-42",
		Do: func(ctx context.Context, a *app, args []string) error {
			return a.onJob(ctx, args[0], cause, func(jobs client.Jobs, id record.ID) error {
				return take(jobs, ctx, aftersales.VisitInput{Job: id})
			})
		},
	}
}

func acceptCommand() *command {
	return stepCommand("accept", aftersales.CauseVisitAccept, "take a job on", client.Jobs.Accept)
}

func travelCommand() *command {
	return stepCommand("travel", aftersales.CauseVisitTravel, "set out for a job; the travel clock starts", client.Jobs.Travel)
}

func arriveCommand() *command {
	return stepCommand("arrive", aftersales.CauseVisitArrive, "begin work on site; the work clock starts", client.Jobs.Arrive)
}

func pauseCommand() *command {
	return stepCommand("pause", aftersales.CauseVisitPause, "interrupt the visit", client.Jobs.Pause)
}

func resumeCommand() *command {
	return stepCommand("resume", aftersales.CauseVisitResume, "go on with work on site", client.Jobs.Resume)
}

type visitEnd func(client.Jobs, context.Context, aftersales.EndInput) error

// endCommand returns a command that ends a visit which comes to nothing.
func endCommand(name, cause, brief string, end visitEnd) *command {
	var in aftersales.EndInput
	return &command{
		Name: name, Args: "JOB -reason TEXT [-code CODE]", Least: 1, Most: 1, Needs: writing,
		Brief: brief, Example: "fieldtech " + name + " J-d1-42 -reason \"gate locked\"",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.Reason, "reason", "", "TEXT why")
			f.StringVar(&in.ReasonCode, "code", "", "CODE the reason's code in the company's list")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			return a.onJob(ctx, args[0], cause, func(jobs client.Jobs, id record.ID) error {
				in.Job = id
				return end(jobs, ctx, in)
			})
		},
	}
}

func declineCommand() *command {
	return endCommand("decline", aftersales.CauseVisitDecline, "give a job back to the office", client.Jobs.Decline)
}

func noAccessCommand() *command {
	return endCommand("noaccess", aftersales.CauseVisitNoAccess, "end a visit that met a closed door", client.Jobs.NoAccess)
}
