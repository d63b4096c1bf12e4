package web

import (
	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
)

// checklistPage is what the user's visit is asked.
type checklistPage struct {
	frame
	stand
	Lists []aftersales.Filled
	Due   int
}

// checklist shows the questions with their answers; each can be corrected, and what was said before is kept.
func (v *request) checklist() error {
	p := checklistPage{frame: v.frame("Checklist")}
	p.Live = true
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil || p.Visit.ID.IsZero() {
			return err
		}
		p.Lists, err = aftersales.Filling(tx, p.Visit.ID)
		return err
	})
	if err != nil {
		return err
	}
	for _, list := range p.Lists {
		for _, line := range list.Lines {
			if line.Due {
				p.Due++
			}
		}
	}
	p.Back = p.URL()
	return v.show("checklist", p)
}

// answer is one decision a screen: a question, with the answer that stands.
type answerPage struct {
	frame
	stand
	List aftersales.Filled
	Line aftersales.Line
	Next string // the question that comes next; "" after the last
}

// Number returns the answer that stands, as it is typed.
func (p answerPage) Number() string {
	if p.Line.Answer == nil || p.Line.Answer.Number == nil {
		return ""
	}
	return aftersales.Quantity{Amount: *p.Line.Answer.Number}.String()
}

// Said returns the answer that stands, or was typed.
func (p answerPage) Said() string {
	if p.Problem != "" || p.Line.Answer == nil {
		return p.Old("text", "")
	}
	return p.Line.Answer.Text
}

// Note returns the note of the answer that stands: who corrects the answer keeps it.
func (p answerPage) Note() string {
	if p.Line.Answer == nil {
		return ""
	}
	return p.Line.Answer.Note
}

// Low and High are the limits, for templates.
func (p answerPage) Low() string  { return limit(p.Line.Question.Minimum) }
func (p answerPage) High() string { return limit(p.Line.Question.Maximum) }

func limit(n *int64) string {
	if n == nil {
		return ""
	}
	return aftersales.Quantity{Amount: *n}.String()
}

func (v *request) question() error {
	p := answerPage{frame: v.frame("Checklist")}
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		if p.Visit.ID.IsZero() {
			return fault.New(aftersales.WrongState, "no visit of yours is under way: set out or arrive first")
		}
		lists, err := aftersales.Filling(tx, p.Visit.ID)
		if err != nil {
			return err
		}
		return p.find(lists, v.r.PathValue("list"), v.r.PathValue("key"))
	})
	if err != nil {
		return err
	}
	p.Back = p.URL() + "/checklist"
	return v.show("question", p)
}

// find picks the question, and the one that comes after it.
func (p *answerPage) find(lists []aftersales.Filled, list, key string) error {
	for _, f := range lists {
		for i, line := range f.Lines {
			if f.Checklist.ID.String() != list || line.Question.Key != key {
				continue
			}
			p.List, p.Line = f, line
			if i+1 < len(f.Lines) {
				p.Next = f.Lines[i+1].Question.Key
			}
			return nil
		}
	}
	return fault.New(aftersales.UnknownQuestion, "no checklist of this visit asks that")
}

// answerIt answers a question, or corrects the answer, and goes on to the next.
func (v *request) answerIt() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	list, err := parseID(v.r.PathValue("list"))
	if err != nil {
		return err
	}
	taken, err := v.received()
	if err != nil {
		return err
	}
	in := aftersales.AnswerInput{Photos: taken, Job: job, Checklist: list, Question: v.r.PathValue("key"), Text: v.form("text"), Note: v.form("note")}
	if typed := v.form("number"); typed != "" {
		n, ok := amount(typed, aftersales.QuantityScale)
		if !ok {
			return fault.New(aftersales.BadAnswer, "A quantity is a number like 2 or 1.5.")
		}
		in.Number = &n
	}
	err = v.once("answer", aftersales.CauseAnswer, func(tx client.Tx) error {
		_, err := aftersales.AnswerQuestion(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	if next := v.form("next"); next != "" {
		return v.redirect(jobURL(job) + "/checklist/" + list.String() + "/" + next)
	}
	return v.redirect(jobURL(job) + "/checklist")
}

// findingsPage is what was wrong, and what cured it.
type findingsPage struct {
	frame
	stand
	Lines  []findingLine
	Rest   rest
	Faults []aftersales.Code
	Causes []aftersales.Code
	Cures  []aftersales.Code
	Edit   aftersales.Finding // the one to revise; zero for a new one
}

type findingLine struct {
	aftersales.Finding
	Fault, Cause, Remedy string
}

// findings shows what was found, and takes one more.
func (v *request) findings() error {
	p := findingsPage{frame: v.frame("Findings")}
	if err := v.view(func(tx client.Tx) error { return p.read(v, tx) }); err != nil {
		return err
	}
	var err error
	p.Lines, p.Rest, err = latest(v, p.Lines, func(l findingLine) string { return l.Finding.Finding + l.Solution })
	if err != nil {
		return err
	}
	if p.Problem != "" { // what was picked stays, as what was typed does
		p.Edit.FaultCode, p.Edit.CauseCode, p.Edit.RemedyCode = v.form("fault"), v.form("cause"), v.form("remedy")
		p.Edit.Solved = v.form("solved") != ""
	}
	p.Back = p.URL()
	return v.show("findings", p)
}

func (p *findingsPage) read(v *request, tx client.Tx) (err error) {
	if p.stand, err = v.stand(tx); err != nil {
		return err
	}
	for list, into := range map[string]*[]aftersales.Code{
		aftersales.ListFault: &p.Faults, aftersales.ListCause: &p.Causes, aftersales.ListRemedy: &p.Cures,
	} {
		if *into, err = aftersales.Codes(tx, list, false); err != nil {
			return err
		}
	}
	found, err := aftersales.Findings(tx, p.Job.ID)
	if err != nil {
		return err
	}
	for _, f := range found {
		line := findingLine{Finding: f}
		for _, named := range []struct {
			list, code string
			into       *string
		}{
			{aftersales.ListFault, f.FaultCode, &line.Fault}, {aftersales.ListCause, f.CauseCode, &line.Cause},
			{aftersales.ListRemedy, f.RemedyCode, &line.Remedy},
		} {
			if named.code == "" {
				continue
			}
			if *named.into, err = v.codeLabel(tx, named.list, named.code); err != nil {
				return err
			}
		}
		p.Lines = append(p.Lines, line)
		if f.ID.String() == v.form("finding") {
			p.Edit = f
		}
	}
	return nil
}

// find notes one more finding, or revises one.
func (v *request) find() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	in := aftersales.VisitFindingInput{
		Job: job, FaultCode: v.form("fault"), CauseCode: v.form("cause"), RemedyCode: v.form("remedy"),
		Text: v.form("text"), Solution: v.form("solution"), Solved: v.form("solved") != "",
	}
	if in.Finding, err = v.formID("finding"); err != nil {
		return err
	}
	err = v.once("finding", aftersales.CauseFinding, func(tx client.Tx) error {
		_, err := aftersales.AddFinding(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(job) + "/findings")
}
