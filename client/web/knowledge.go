package web

import (
	"cmp"
	"net/url"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// solutionQuery asks for what fits a job.
func solutionQuery(s stand) aftersales.SolutionQuery {
	return aftersales.SolutionQuery{
		Unit: s.Unit.ID, FaultCode: s.Job.FaultCode, Text: s.Job.Title + " " + s.Job.Description + " " + s.Job.Finding,
	}
}

// knowledgePage shows what cured such faults before, the likeliest first.
type knowledgePage struct {
	frame
	stand
	Query     string
	Solutions []aftersales.Ranked
	Used      map[record.ID]bool
	Rest      rest
}

const maxSolutions = 20 // that the search is asked for

// knowledge shows the solutions that fit the job, or what was typed.
func (v *request) knowledge() error {
	p := knowledgePage{frame: v.frame("What helped before"), Query: v.form("q"), Used: map[record.ID]bool{}}
	found, err := v.solutionsFound(p.Query)
	if err != nil {
		return err
	}
	err = v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		q := solutionQuery(p.stand)
		q.Text, q.Found = cmp.Or(p.Query, q.Text), found
		if p.Solutions, err = aftersales.Solutions(tx, q); err != nil {
			return err
		}
		uses, err := tx.Refs("solution_use", "job", p.Job.ID)
		for _, use := range uses {
			p.Used[aftersales.SolutionUseOf(use).Solution] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	p.Solutions, p.Rest, err = some(v, p.Solutions, func(s aftersales.Ranked) string { return s.Title + s.Symptom + s.Solution.Solution })
	if err != nil {
		return err
	}
	if p.Back = p.URL(); p.Query != "" && p.Rest.URL != "" {
		p.Rest.URL += "&q=" + url.QueryEscape(p.Query)
	}
	return v.show("knowledge", p)
}

// manualsPage is what is written about a model, and what holds for all.
type manualsPage struct {
	frame
	Manuals []manual
	Rest    rest
}

type manual struct {
	aftersales.Document
	File client.Attachment
}

// manuals shows the manuals and procedures for the job's machine.
func (v *request) manuals() error {
	s, err := v.standNow()
	if err != nil {
		return err
	}
	return v.showManuals(s.Unit.Product, s.URL())
}

// machineManuals shows those for a machine that the search found.
func (v *request) machineManuals() error {
	id, err := v.path()
	if err != nil {
		return err
	}
	var unit aftersales.Unit
	err = v.view(func(tx client.Tx) (err error) {
		unit, err = rowAs(tx, "unit", id, aftersales.UnitOf)
		return err
	})
	if err != nil {
		return err
	}
	return v.showManuals(unit.Product, "/machines/"+id.String())
}

// showManuals shows manuals and procedures, with the state of their files.
func (v *request) showManuals(product record.ID, back string) error {
	p := manualsPage{frame: v.frame("Manuals and procedures")}
	p.Live, p.Back = true, back
	list, err := v.client.Knowledge().Library(v.ctx(), product)
	if err == nil {
		list, p.Rest, err = some(v, list, func(d aftersales.Document) string { return v.lang.label(d.Title) + d.Text })
	}
	if err != nil {
		return err
	}
	for _, d := range list {
		p.Manuals = append(p.Manuals, manual{d, v.client.Knowledge().File(d)})
	}
	return v.show("manuals", p)
}

// solutionsFound returns what the search finds among the solutions for what was typed.
func (v *request) solutionsFound(query string) (ids []record.ID, err error) {
	if query == "" {
		return nil, nil
	}
	hits, err := v.client.Search(v.ctx(), query, client.SearchOptions{Tables: []string{"solution"}, Limit: maxSolutions})
	for _, hit := range hits {
		ids = append(ids, hit.ID)
	}
	return ids, err
}

// useSolution says that a solution helped, or did not.
func (v *request) useSolution() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	solution, err := v.formID("solution")
	if err != nil {
		return err
	}
	if solution.IsZero() {
		return fault.New(fault.UnknownRow, "Choose a solution.")
	}
	in := aftersales.UseSolutionInput{Job: job, Solution: solution, Helped: v.form("helped") == "1"}
	err = v.once("solution_use", aftersales.CauseSolutionUse, func(tx client.Tx) error {
		_, err := aftersales.UseSolution(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(job) + "/knowledge")
}

// commentsPage is what people say about a job.
type commentsPage struct {
	frame
	stand
	Said []saidLine
	Rest rest // what was said earlier
}

type saidLine struct {
	aftersales.Comment
	Who string
	Me  bool
}

// comments shows what was said about the job, the latest last, as in a conversation.
func (v *request) comments() error {
	p := commentsPage{frame: v.frame("Messages and notes")}
	p.Live = true
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		said, rest, err := latest(v, p.Comments, func(c aftersales.Comment) string { return c.Text })
		if err != nil {
			return err
		}
		p.Rest = rest
		for _, c := range said {
			who, err := rowAs(tx, "person", c.Author, aftersales.PersonOf)
			if err != nil {
				return err
			}
			p.Said = append(p.Said, saidLine{c, who.Name, c.Author == v.me})
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Back = p.URL()
	return v.show("comments", p)
}

// comment says something about the job: to the office, or as a note in the job's log.
func (v *request) comment() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	in := aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: job}, Text: v.form("text"), Kind: aftersales.CommentMessage}
	if v.form("kind") == aftersales.CommentNote {
		in.Kind = aftersales.CommentNote
	}
	err = v.once("comment", aftersales.CauseComment, func(tx client.Tx) error {
		_, err := aftersales.AddComment(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(job) + "/comments")
}
