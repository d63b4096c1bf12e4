package main

import (
	"cmp"
	"context"
	"flag"

	"fieldsync/client"
	"fieldsync/sync/cli"
)

func jobsCommand() *command {
	var today, all bool
	var find string
	return &command{
		Name: "jobs", Args: "[-today | -all] [-find WORDS]", Needs: reading,
		Brief: "list the jobs: the open ones, today's or all",
		About: "Jobs under way come first, then by their planned start, priority and due time. -find keeps those where\n" +
			"every word stands somewhere in the job's number or texts, the customer, the site or the machine.",
		Example: "fieldtech jobs -today -find \"pump 大華\"",
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&today, "today", false, "only what is under way, planned or due by the end of today")
			f.BoolVar(&all, "all", false, "finished, cancelled and archived ones too")
			f.StringVar(&find, "find", "", "WORDS that must all be there")
		},
		Do: func(ctx context.Context, a *app, _ []string) error {
			filter := client.JobFilter{Text: find}
			switch {
			case today && all:
				return cli.Usage("-today and -all exclude each other")
			case today:
				filter.Which = client.JobsToday
			case all:
				filter.Which = client.JobsAll
			}
			return a.jobs(ctx, filter)
		},
	}
}

func (a *app) jobs(ctx context.Context, filter client.JobFilter) error {
	var t table
	t.add("NUMBER", "STATE", "WHEN", "CUSTOMER", "WHAT")
	for job, err := range a.client.Jobs().Each(ctx, filter) {
		if err != nil {
			return err
		}
		err = a.answer(job, func() {
			what := short(cmp.Or(job.Title, job.Description), 60)
			t.add(job.Number, state(job), when(cmp.Or(job.Start, job.DueAt)), short(job.Customer, 30), what)
		})
		if err != nil {
			return err
		}
	}
	nothing := "No such jobs here. fieldtech jobs lists the open ones, fieldtech jobs -all every one.\n"
	if filter == (client.JobFilter{}) {
		nothing = "No open jobs here. fieldtech sync fetches what is new; fieldtech jobs -all shows finished ones too.\n"
	}
	a.list(&t, nothing)
	return nil
}

// state says how far a job has come: while a visit is under way, how far the visit has.
func state(job client.JobLine) string {
	if !job.Over() && job.Visit != "" {
		return plain(job.State) + ", " + plain(job.Visit)
	}
	return plain(job.State)
}
