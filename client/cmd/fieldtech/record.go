package main

import (
	"context"
	"flag"
	"io"
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/record"
)

func noteCommand() *command {
	return &command{
		Name: "note", Args: "JOB TEXT...", Least: 2, Most: cli.Any, Needs: writing,
		Brief:   "add a line to a job's log",
		About:   "TEXT as - is read from standard input; one that begins with - follows --.",
		Example: "fieldtech note J-d1-42 customer wants a call before noon",
		Do: func(ctx context.Context, a *app, args []string) error {
			text := strings.Join(args[1:], " ")
			if text == "-" {
				b, err := io.ReadAll(a.in)
				if err != nil {
					return err
				}
				text = string(b)
			}
			return a.onJob(ctx, args[0], aftersales.CauseJobNote, func(jobs client.Jobs, id record.ID) error {
				_, err := jobs.Note(ctx, id, text)
				return err
			})
		},
	}
}

func completeCommand() *command {
	var in aftersales.CompleteInput
	return &command{
		Name: "complete", Args: "JOB [-finding TEXT] [-summary TEXT] ...", Least: 1, Most: 1, Needs: writing,
		Brief: "end the visit, and the job where nothing is left to do",
		About: "The clock stops; what was done enters the machine's history. With -follow-up the job stays open.\n" +
			"Codes are those of the company's lists; what is left out stays as it is.",
		Example: "fieldtech complete J-d1-42 -finding \"worn seal\" -summary \"seal replaced\" -meter 10422",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.Finding, "finding", "", "TEXT what was wrong")
			f.StringVar(&in.Solution, "solution", "", "TEXT what cured it")
			f.StringVar(&in.Summary, "summary", "", "TEXT what this visit did")
			f.StringVar(&in.FaultCode, "fault", "", "CODE of the fault")
			f.StringVar(&in.CauseCode, "cause", "", "CODE of its cause")
			f.StringVar(&in.RemedyCode, "remedy", "", "CODE of the remedy")
			f.Int64Var(&in.Meter, "meter", 0, "NUMBER on the machine's meter")
			f.StringVar(&in.FollowUp, "follow-up", "", "WHY somebody must come again")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			return a.onJob(ctx, args[0], aftersales.CauseJobComplete, func(jobs client.Jobs, id record.ID) error {
				in.Job = id
				if in.FollowUp != "" {
					in.Outcome = aftersales.OutcomeFollowUp
				}
				return jobs.Complete(ctx, in)
			})
		},
	}
}
