package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// slipPage is the slip, to show, share or print: as the company has its slips look.
type slipPage struct {
	frame
	stand
	aftersales.SlipLook
	Paper  *aftersales.SlipPaper
	Logo   string                       // where the company's picture is; "" if it has none
	Labels map[string]map[string]string // of the services
	Parts  map[record.ID]string         // what the parts that were charged are called
}

// Ends reports whether the visit is still to be ended: a slip may be signed before.
func (p slipPage) Ends() bool {
	return p.Mine() && (p.Visit.State == aftersales.VisitOnSite || p.Visit.State == aftersales.VisitPaused)
}

func (v *request) slip() error {
	p := slipPage{frame: v.frame("Service slip"), Labels: map[string]map[string]string{}, Parts: map[record.ID]string{}}
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil || p.Visit.ID.IsZero() {
			return err
		}
		codes, err := aftersales.Codes(tx, aftersales.ListService, true)
		if err != nil {
			return err
		}
		for _, c := range codes {
			p.Labels[c.Code] = c.Label
		}
		if p.Logo, err = logoOf(tx); err != nil {
			return err
		}
		if p.SlipLook, err = aftersales.ReadSlipLook(tx, p.Job.Branch); err != nil {
			return err
		}
		if p.Paper, err = aftersales.SlipDocument(tx, p.Visit.ID); err != nil {
			return err
		}
		for _, c := range p.Paper.Charges {
			part, err := rowAs(tx, "part", c.Part, aftersales.PartOf)
			if err != nil {
				return err
			}
			p.Parts[c.Part] = v.lang.label(part.Name)
		}
		p.Paper.Answers = slices.DeleteFunc(p.Paper.Answers, func(f aftersales.Filled) bool { return !answered(f) })
		return nil
	})
	if err != nil {
		return err
	}
	p.Back = p.URL()
	return v.show("slip", p)
}

// answered reports whether any question of a checklist was.
func answered(f aftersales.Filled) bool {
	return slices.ContainsFunc(f.Lines, func(l aftersales.Line) bool { return l.Answer != nil })
}

// logoOf returns where the company's picture is, under a name that says which one: so a browser may keep it.
func logoOf(tx client.Tx) (url string, err error) {
	picture, err := aftersales.Logo(tx)
	if err != nil || picture == nil {
		return "", err
	}
	sum := sha256.Sum256(picture)
	return logoURL + "?v=" + hex.EncodeToString(sum[:6]), nil
}

// logo answers with the company's picture for its slips, which came with the rows: it is there without a network.
func (v *request) logo() error {
	var picture []byte
	err := v.view(func(tx client.Tx) (err error) { picture, err = aftersales.Logo(tx); return err })
	if err != nil {
		return err
	}
	if picture == nil {
		http.NotFound(v.w, v.r)
		return nil
	}
	v.w.Header().Set("Content-Type", "image/jpeg")
	v.w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = v.w.Write(picture) // who has gone away needs no answer
	return nil
}
