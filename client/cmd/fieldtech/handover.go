package main

import (
	"context"
	"flag"
	"io"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
)

// handed is what the commands of hand-overs answer.
func (a *app) handed(h aftersales.HandOver, what string) error {
	return a.answer(h, func() {
		a.say("%s: %s. The code is good until %s.\n", what, h.Quantity, when(h.Expires))
	})
}

func giveCommand() *command {
	var in aftersales.GiveInput
	return &command{
		Name: "handover give", Args: "COLLEAGUE PART [QUANTITY]", Least: 2, Most: 3, Needs: writing,
		Brief: "give a part from your van to a colleague, without network",
		About: "The answer is a code for the colleague's phone: fieldtech handover take. Each line has a check of its own.\n" +
			"COLLEAGUE is a name or number, or how one begins.",
		Example: "fieldtech handover give Li SEAL-12 2",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.Serial, "serial", "", "NUMBER its serial number, where it has one")
			f.StringVar(&in.Condition, "condition", aftersales.Good, "CONDITION good, defective or refurbished")
			f.Int64Var(&in.Hours, "hours", 0, "HOURS that the code is good; 24 where it is left out")
		},
		Do: func(ctx context.Context, a *app, args []string) (err error) {
			in.Quantity.Amount = aftersales.One
			if len(args) == 3 {
				if in.Quantity.Amount, err = quantity(args[2]); err != nil {
					return err
				}
			}
			if in.To, err = a.client.FindPerson(ctx, args[0]); err != nil {
				return err
			}
			if in.Part, err = a.client.Parts().Find(ctx, args[1]); err != nil {
				return err
			}
			h, err := a.client.Parts().Give(ctx, in)
			if err != nil {
				return err
			}
			return a.answer(h, func() {
				a.say("%s\n\nIt is out of your van. The code is good until %s.\n", h.Code, when(h.Expires))
			})
		},
	}
}

func takeCommand() *command {
	return &command{
		Name: "handover take", Args: "CODE...", Least: 1, Most: cli.Any, Needs: writing,
		Brief:   "take the part that a colleague's code gives you, without network",
		About:   "CODE as - is read from standard input. Blanks, dashes and lines do not matter, nor does the case.",
		Example: "fieldtech handover take - < code.txt",
		Do: func(ctx context.Context, a *app, args []string) error {
			code := strings.Join(args, " ")
			if code == "-" {
				b, err := io.ReadAll(io.LimitReader(a.in, 1<<16))
				if err != nil {
					return err
				}
				code = string(b)
			}
			h, err := a.client.Parts().Take(ctx, aftersales.TakeInput{Code: code})
			if err != nil {
				return err
			}
			return a.handed(h, "In your van")
		},
	}
}

func cancelHandOverCommand() *command {
	return &command{
		Name: "handover cancel", Args: "CODE...", Least: 1, Most: cli.Any, Needs: writing,
		Brief:   "take back what you gave and nobody took",
		About:   "CODE is how the code that you showed begins, as fieldtech handover list has it.",
		Example: "fieldtech handover cancel 4G0R7",
		Do: func(ctx context.Context, a *app, args []string) error {
			list, err := a.client.Parts().HandOvers(ctx)
			if err != nil {
				return err
			}
			var found []aftersales.HandOver
			for _, h := range list {
				if h.Half == aftersales.HalfGive && strings.HasPrefix(bare(h.Code), bare(strings.Join(args, ""))) {
					found = append(found, h)
				}
			}
			if len(found) != 1 {
				return cli.Usage("%s of yours begins so: fieldtech handover list shows them", count(len(found), "code"))
			}
			h, err := a.client.Parts().CancelHandOver(ctx, found[0].ID)
			if err != nil {
				return err
			}
			return a.handed(h, "In your van again")
		},
	}
}

// bare returns a code without what does not matter in it.
func bare(code string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "", "\n", "").Replace(code))
}

func handOversCommand() *command {
	return &command{
		Name: "handover list", Needs: reading,
		Brief:   "show what you gave to colleagues and took from them",
		Example: "fieldtech handover list",
		Do: func(ctx context.Context, a *app, _ []string) error {
			list, err := a.client.Parts().HandOvers(ctx)
			if err != nil {
				return err
			}
			var t table
			for _, h := range list {
				part, err := a.client.Parts().Get(ctx, h.Part)
				if err != nil {
					return err
				}
				err = a.answer(h, func() {
					first, _, _ := strings.Cut(h.Code, "\n")
					t.add(when(h.Corrected), h.Half, h.Quantity.String(), part.Code, h.Serial, first)
				})
				if err != nil {
					return err
				}
			}
			if !a.json && len(list) == 0 {
				a.say("No hand-over yet.\n")
			}
			a.say("%s", &t)
			return nil
		},
	}
}

func partCountCommand() *command {
	var note string
	return &command{
		Name: "part count", Args: "PART QUANTITY", Least: 2, Most: 2, Needs: writing,
		Brief:   "say how much of a part you counted in your van",
		About:   "The difference to what should lie there is booked.",
		Example: "fieldtech part count SEAL-12 7",
		Flags:   func(f *flag.FlagSet) { f.StringVar(&note, "note", "", "TEXT to go with it") },
		Do: func(ctx context.Context, a *app, args []string) error {
			counted, err := quantity(args[1])
			if err != nil {
				return err
			}
			part, err := a.client.Parts().Find(ctx, args[0])
			if err != nil {
				return err
			}
			van, err := a.client.Parts().Van(ctx)
			if err != nil {
				return err
			}
			in := aftersales.CountInput{Location: van.ID, Part: part, Counted: counted, Note: note}
			difference, err := a.client.Parts().Count(ctx, in)
			if err != nil {
				return err
			}
			return a.answer(map[string]any{"part": part, "difference": difference}, func() {
				a.say("Booked: %s\n", aftersales.Quantity{Amount: difference})
			})
		},
	}
}

func partAskCommand() *command {
	var in aftersales.AskPartInput
	var job string
	return &command{
		Name: "part ask", Args: "PART [QUANTITY]", Least: 1, Most: 2, Needs: writing,
		Brief:   "ask the store for a part, for your van or a job",
		Example: "fieldtech part ask SEAL-12 2 -job J-d1-42",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&job, "job", "", "JOB it is for")
			f.StringVar(&in.Note, "note", "", "TEXT to go with it")
		},
		Do: func(ctx context.Context, a *app, args []string) (err error) {
			in.Quantity.Amount = aftersales.One
			if len(args) == 2 {
				if in.Quantity.Amount, err = quantity(args[1]); err != nil {
					return err
				}
			}
			if in.Part, err = a.client.Parts().Find(ctx, args[0]); err != nil {
				return err
			}
			if job != "" {
				if in.Job, err = a.client.Jobs().Find(ctx, job); err != nil {
					return err
				}
			}
			id, err := a.client.Parts().Ask(ctx, in)
			if err != nil {
				return err
			}
			return a.answer(map[string]any{"request": id}, func() { a.say("Asked for; the office will see it after the next sync.\n") })
		},
	}
}

func solutionsCommand() *command {
	var q aftersales.SolutionQuery
	return &command{
		Name: "solutions", Args: "JOB [WORDS]", Least: 1, Most: cli.Any, Needs: reading,
		Brief:   "show what cured such faults before, the likeliest first",
		Example: "fieldtech solutions J-d1-42 漏油 -fault leak",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&q.FaultCode, "fault", "", "CODE of the fault; the job's where it is left out")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			id, err := a.client.Jobs().Find(ctx, args[0])
			if err != nil {
				return err
			}
			job, err := a.client.Jobs().Get(ctx, id)
			if err != nil {
				return err
			}
			q.Unit, q.Text = job.Unit.ID, strings.Join(args[1:], " ")
			if q.FaultCode == "" {
				q.FaultCode = job.Job.FaultCode
			}
			return a.solutions(ctx, q)
		},
	}
}

func (a *app) solutions(ctx context.Context, q aftersales.SolutionQuery) error {
	list, err := a.client.Knowledge().Solutions(ctx, q)
	if err != nil {
		return err
	}
	var t table
	for _, s := range list {
		err := a.answer(s, func() { t.add(count(int(s.Uses), "use"), short(s.Title, 30), short(s.Solution.Solution, 60)) })
		if err != nil {
			return err
		}
	}
	if !a.json && len(list) == 0 {
		a.say("Nothing is known about it yet.\n")
	}
	a.say("%s", &t)
	return nil
}
