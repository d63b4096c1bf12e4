package web

import (
	"fieldsync/client"
	"fieldsync/sync/aftersales"
)

// jobLinks says, beside the way to each page about a job, how things stand there.
type jobLinks struct {
	Cover     aftersales.Entitlement
	Due       int // questions that must still be answered
	Questions int
	Findings  int
	Solutions int
	Manuals   int // of the model
	History   int
	Said      int // comments
	Parts     int
	Photos    int // and films, voices, documents
	Total     aftersales.Money
	NoTotal   string // why there is none
	Paid      aftersales.Money
	Slip      aftersales.Slip
	Goods     int
	Lacks     int // what is missing before driving off
}

// links reads how things stand on the pages about a job.
func (v *request) links(tx client.Tx, s stand, b bar) (l jobLinks, err error) {
	for _, read := range []func() error{
		func() (err error) { l.Cover, err = v.entitled(tx, s, nil); return err },
		func() error { return l.checklists(tx, s) },
		func() error { return l.counts(tx, s) },
		func() error { return l.price(v, tx, s) },
		func() error { items, err := v.readyItems(tx, s, b); l.Lacks = lacking(items); return err },
	} {
		if err := read(); err != nil {
			return l, err
		}
	}
	for _, slip := range s.Slips {
		if slip.Person == v.me {
			l.Slip = slip
		}
	}
	return l, nil
}

func (l *jobLinks) checklists(tx client.Tx, s stand) error {
	if s.Visit.ID.IsZero() {
		return nil
	}
	filled, err := aftersales.Filling(tx, s.Visit.ID)
	for _, f := range filled {
		for _, line := range f.Lines {
			l.Questions++
			if line.Due {
				l.Due++
			}
		}
	}
	return err
}

func (l *jobLinks) counts(tx client.Tx, s stand) error {
	found, err := aftersales.Findings(tx, s.Job.ID)
	if err != nil {
		return err
	}
	l.Findings = len(found)
	if !s.Unit.ID.IsZero() {
		lines, err := aftersales.History(tx, s.Unit.ID)
		if err != nil {
			return err
		}
		l.History = len(lines)
	}
	fits, err := aftersales.Solutions(tx, solutionQuery(s))
	if err != nil {
		return err
	}
	if !s.Unit.Product.IsZero() {
		manuals, err := aftersales.DocumentsOf(tx, s.Unit.Product)
		if err != nil {
			return err
		}
		l.Manuals = len(manuals)
	}
	goods, err := aftersales.GoodsOf(tx, s.Job.ID)
	l.Solutions, l.Said, l.Goods = len(fits), len(s.Comments), len(goods)
	for _, m := range s.Movements {
		if m.Quantity.Amount != 0 {
			l.Parts++
		}
	}
	for _, a := range s.Attachments {
		if a.Kind != aftersales.AttachSignature {
			l.Photos++
		}
	}
	return err
}

func (l *jobLinks) price(v *request, tx client.Tx, s stand) error {
	totals, trouble, err := v.totals(tx, s.Job.ID)
	if err != nil {
		return err
	}
	l.Total, l.NoTotal = totals.Rounded, trouble
	l.Paid, err = aftersales.Paid(tx, s.Job.ID, s.Job.LockedBy)
	return err
}
