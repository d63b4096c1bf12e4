package web

import (
	"slices"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// machinePage is a machine: what it is, and what was done to it, the latest first.
type machinePage struct {
	frame
	Unit       aftersales.Unit
	Product    aftersales.Product
	Party      aftersales.Party
	Components []aftersales.Unit
	History    []aftersales.ServiceRecord
	Rest       rest // of its history
	Manuals    int  // of its model
	Jobs       []aftersales.Job
}

// jobMachine shows the job's machine.
func (v *request) jobMachine() error {
	s, err := v.standNow()
	if err != nil {
		return err
	}
	return v.showMachine(s.Unit.ID, s.URL())
}

// machine shows a machine that the search found.
func (v *request) machine() error {
	id, err := v.path()
	if err != nil {
		return err
	}
	return v.showMachine(id, searchURL)
}

func (v *request) showMachine(id record.ID, back string) error {
	p := machinePage{frame: v.frame("Machine")}
	p.Back = back
	jobs, err := v.ids(`SELECT id FROM job WHERE _del = 0 AND unit = ? ORDER BY id DESC LIMIT ?`, id[:], maxListed)
	if err != nil {
		return err
	}
	err = v.view(func(tx client.Tx) (err error) {
		if p.Jobs, err = those(tx, "job", jobs, aftersales.JobOf); err != nil {
			return err
		}
		return p.read(v, tx, id)
	})
	if err != nil {
		return err
	}
	return v.show("machine", p)
}

func (p *machinePage) read(v *request, tx client.Tx, id record.ID) (err error) {
	if id, err = aftersales.Survivor(tx, "unit", id); err != nil {
		return err
	}
	if p.Unit, err = rowAs(tx, "unit", id, aftersales.UnitOf); err != nil || p.Unit.ID.IsZero() {
		return err
	}
	if p.Product, err = rowAs(tx, "product", p.Unit.Product, aftersales.ProductOf); err != nil {
		return err
	}
	if p.Party, err = rowAs(tx, "party", p.Unit.Party, aftersales.PartyOf); err != nil {
		return err
	}
	if p.Components, err = aftersales.Components(tx, id); err != nil {
		return err
	}
	if p.History, err = aftersales.History(tx, id); err != nil {
		return err
	}
	slices.Reverse(p.History)
	p.History, p.Rest, err = some(v, p.History, func(r aftersales.ServiceRecord) string { return r.Summary + r.Parts })
	if err != nil || p.Unit.Product.IsZero() {
		return err
	}
	manuals, err := aftersales.DocumentsOf(tx, p.Unit.Product)
	p.Manuals = len(manuals)
	return err
}
