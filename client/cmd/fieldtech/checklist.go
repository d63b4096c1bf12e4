package main

import (
	"context"
	"flag"
	"path/filepath"
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/record"
)

func checklistCommand() *command {
	return &command{
		Name: "checklist", Args: "JOB", Least: 1, Most: 1, Needs: reading,
		Brief:   "show what your visit is asked, and has answered",
		About:   "A * marks what must still be answered before the job can end.",
		Example: "fieldtech checklist J-d1-42",
		Do: func(ctx context.Context, a *app, args []string) error {
			job, err := a.client.Jobs().Find(ctx, args[0])
			if err != nil {
				return err
			}
			filled, err := a.client.Visits().Checklists(ctx, job)
			if err != nil {
				return err
			}
			if !a.json && len(filled) == 0 {
				a.say("No checklist asks anything here, or your visit has not begun: fieldtech arrive.\n")
			}
			return a.checklists(filled)
		},
	}
}

func (a *app) checklists(filled []aftersales.Filled) error {
	for _, f := range filled {
		err := a.answer(f, func() {
			var t table
			for _, l := range f.Lines {
				due := ""
				if l.Due {
					due = "*"
				}
				t.add(due, l.Question.Key, aftersales.Label(l.Question.Label, userLanguage()), plain(l.Question.Kind), answerText(l))
			}
			a.say("%s\n%s", aftersales.Label(f.Checklist.Name, userLanguage()), &t)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// answerText returns an answer as people read it.
func answerText(l aftersales.Line) string {
	switch {
	case l.Answer == nil:
		return ""
	case l.Answer.Number != nil:
		return aftersales.Quantity{Amount: *l.Answer.Number, Unit: l.Question.Unit}.String()
	case l.Answer.Text == "" && l.Answer.Photos > 0:
		return count(int(l.Answer.Photos), "photo")
	}
	return l.Answer.Text
}

func answerCommand() *command {
	var in aftersales.AnswerInput
	var photo string
	return &command{
		Name: "answer", Args: "JOB QUESTION [ANSWER...] [-photo FILE]", Least: 2, Most: cli.Any, Needs: writing,
		Brief: "answer a question of a checklist, or correct the answer",
		About: "QUESTION is its key, as fieldtech checklist shows it; ANSWER is yes, no, a choice, a number or words, as the\n" +
			"question wants it. What was answered before is kept.",
		Example: "fieldtech answer J-d1-42 power_off yes",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.Note, "note", "", "TEXT to go with it")
			f.StringVar(&photo, "photo", "", "FILE that shows it")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			in.Question, in.Text = args[1], strings.Join(args[2:], " ")
			return a.onJob(ctx, args[0], aftersales.CauseAnswer, func(_ client.Jobs, id record.ID) error {
				in.Job = id
				if err := a.asNumber(ctx, &in); err != nil {
					return err
				}
				if err := a.withPhoto(ctx, &in, photo); err != nil {
					return err
				}
				_, err := a.client.Visits().Answer(ctx, in)
				return err
			})
		},
	}
}

// withPhoto takes a photo in, to be attached to the answer; "" is none.
func (a *app) withPhoto(ctx context.Context, in *aftersales.AnswerInput, path string) error {
	if path == "" {
		return nil
	}
	f, err := openFile(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	staged, err := a.client.Stage(ctx, f, client.FileInput{Kind: aftersales.AttachPhoto, Name: filepath.Base(path)})
	if err == nil {
		in.Photos = append(in.Photos, staged)
	}
	return err
}

// asNumber reads the answer as a number where the question wants one.
func (a *app) asNumber(ctx context.Context, in *aftersales.AnswerInput) error {
	filled, err := a.client.Visits().Checklists(ctx, in.Job)
	if err != nil {
		return err
	}
	for _, f := range filled {
		for _, l := range f.Lines {
			if l.Question.Key == in.Question && l.Question.Kind == aftersales.AskNumber {
				digits, minus := strings.CutPrefix(in.Text, "-")
				n, err := quantity(digits)
				if err != nil {
					return err
				}
				if minus {
					n = -n
				}
				in.Number, in.Text = &n, ""
				return nil
			}
		}
	}
	return nil
}

func findingCommand() *command {
	var in aftersales.VisitFindingInput
	return &command{
		Name: "finding", Args: "JOB [-fault CODE] [-text TEXT] ...", Least: 1, Most: 1, Needs: writing,
		Brief:   "note one more thing that was wrong",
		Example: "fieldtech finding J-d1-42 -fault leak -cause wear -remedy replaced -text \"worn seal\" -solved",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.FaultCode, "fault", "", "CODE of the fault")
			f.StringVar(&in.CauseCode, "cause", "", "CODE of its cause")
			f.StringVar(&in.RemedyCode, "remedy", "", "CODE of the remedy")
			f.StringVar(&in.Text, "text", "", "TEXT what was wrong")
			f.StringVar(&in.Solution, "solution", "", "TEXT what cured it")
			f.BoolVar(&in.Solved, "solved", false, "it is cured")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			return a.onJob(ctx, args[0], aftersales.CauseFinding, func(_ client.Jobs, id record.ID) error {
				in.Job = id
				_, err := a.client.Visits().Finding(ctx, in)
				return err
			})
		},
	}
}
