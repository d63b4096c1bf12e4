package web

import (
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
)

// swapPage exchanges a unit, or a component of it, for another.
type swapPage struct {
	frame
	stand
	Olds []aftersales.Unit
	Held []heldLine
}

type heldLine struct {
	aftersales.Holding
	Code string
	Name map[string]string
}

// swap asks which serial number goes out, and which comes in.
func (v *request) swap() error {
	p := swapPage{frame: v.frame("Swap a serial number")}
	if err := v.view(func(tx client.Tx) error { return p.read(v, tx) }); err != nil {
		return err
	}
	p.Back = p.URL() + "/parts"
	return v.show("swap", p)
}

func (p *swapPage) read(v *request, tx client.Tx) (err error) {
	if p.stand, err = v.stand(tx); err != nil || p.Unit.ID.IsZero() {
		return err
	}
	if p.Olds, err = aftersales.Components(tx, p.Unit.ID); err != nil {
		return err
	}
	p.Olds = append([]aftersales.Unit{p.Unit}, p.Olds...)
	van, err := aftersales.VanOf(tx, v.me)
	if fault.CodeOf(err) == aftersales.NoVan {
		return nil
	}
	if err != nil {
		return err
	}
	held, err := aftersales.Serials(tx, van.ID)
	for _, h := range held {
		if h.Condition == aftersales.Defective {
			continue
		}
		part, err := rowAs(tx, "part", h.Part, aftersales.PartOf)
		if err != nil {
			return err
		}
		p.Held = append(p.Held, heldLine{h, part.Code, part.Name})
	}
	return err
}

// doSwap exchanges the two. One out of the van is booked by its part; one that is typed has none.
func (v *request) doSwap() (err error) {
	var in aftersales.SwapInput
	if in.Job, err = v.path(); err != nil {
		return err
	}
	if in.Old, err = v.formID("old"); err != nil {
		return err
	}
	in.Serial = v.form("other")
	if part, serial, ok := strings.Cut(v.form("held"), " "); ok && in.Serial == "" {
		if in.Part, err = parseID(part); err != nil {
			return err
		}
		in.Serial = serial
	}
	err = v.once("unit service_record", aftersales.CauseUnitSwap, func(tx client.Tx) error {
		_, err := aftersales.SwapSerial(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(in.Job) + "/parts")
}
