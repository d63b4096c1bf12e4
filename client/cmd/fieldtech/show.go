package main

import (
	"cmp"
	"context"
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

func showCommand() *command {
	return &command{
		Name: "show", Args: "JOB", Least: 1, Most: 1, Needs: reading,
		Brief:   "show a job with everything that belongs to it",
		About:   "With -json it is the whole job: request, customer, site, machine, visits, slips, parts, times, comments.",
		Example: "fieldtech show J-d1-42",
		Do:      func(ctx context.Context, a *app, args []string) error { return a.show(ctx, args[0]) },
	}
}

func (a *app) show(ctx context.Context, said string) error {
	id, err := a.client.Jobs().Find(ctx, said)
	if err != nil {
		return err
	}
	job, err := a.client.Jobs().Get(ctx, id)
	if err != nil {
		return err
	}
	names, err := a.namesIn(ctx, job)
	if err != nil {
		return err
	}
	return a.answer(job, func() {
		a.say("%s", facts(job))
		a.sayLog(job, names)
	})
}

// namesIn returns what the people and parts of a job are called.
func (a *app) namesIn(ctx context.Context, job *aftersales.JobView) (map[record.ID]string, error) {
	names := map[record.ID]string{}
	err := a.client.View(ctx, func(tx client.Tx) error {
		var failed error
		learn := func(table, column string, id record.ID) {
			row, err := tx.Row(table, id)
			if row != nil {
				names[id] = row.Get(column).Text()
			}
			failed = cmp.Or(failed, err)
		}
		for _, v := range job.Visits {
			learn("person", "name", v.Person)
		}
		for _, c := range job.Comments {
			learn("person", "name", c.Author)
		}
		for _, m := range job.Movements {
			learn("part", "code", m.Part)
		}
		return failed
	})
	return names, err
}

// facts returns what is known of the job, a line each.
func facts(v *aftersales.JobView) *table {
	j, t := v.Job, &table{}
	fact := func(name string, words ...string) {
		if text := strings.Join(strings.Fields(strings.Join(words, " ")), " "); text != "" {
			t.add(name, text)
		}
	}
	fact("Job", j.Number, j.Title)
	fact("State", plain(j.State), j.Substate, j.StateReason)
	fact("What", j.Description)
	fact("Customer", v.Party.Name, v.Party.Phone)
	fact("Contact", v.Contact.Name, v.Contact.Phone)
	fact("Site", v.Site.Name, v.Site.City, v.Site.Address, v.Site.AccessNote)
	fact("Machine", v.Unit.Name, v.Unit.Serial, v.Unit.Place)
	fact("Planned", when(j.PlanStart), through(j.PlanEnd))
	fact("Due", when(j.DueAt))
	fact("Finding", j.Finding, j.FaultCode, j.CauseCode, j.RemedyCode)
	fact("Solution", j.Solution)
	fact("Note", j.Note)
	fact("Finished", when(j.FinishedAt))
	fact("Id", j.ID.String())
	return t
}

func through(ms int64) string {
	if ms == 0 {
		return ""
	}
	return "to " + when(ms)
}

// sayLog prints what happened on the job.
func (a *app) sayLog(v *aftersales.JobView, names map[record.ID]string) {
	section := func(title string, t table) {
		if len(t.rows) > 0 {
			a.say("\n%s\n%s", title, &t)
		}
	}
	var visits, parts, comments table
	for _, w := range v.Visits {
		visits.add(" ", names[w.Person], plain(w.State), plain(w.Outcome), when(cmp.Or(w.FinishedAt, w.ArrivedAt, w.TravelAt, w.AcceptedAt)),
			cmp.Or(w.Summary, w.Reason))
	}
	for _, m := range v.Movements {
		parts.add(" ", plain(m.Cause), m.Quantity.String(), names[m.Part], m.Serial, when(m.Corrected))
	}
	for _, c := range v.Comments {
		comments.add(" ", when(c.Corrected), names[c.Author], c.Text)
	}
	section("Visits", visits)
	section("Parts", parts)
	section("Log", comments)
}
