package admin

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// paperWidths are the papers that slips are printed on: an office's printer, and the one on a technician's belt.
var paperWidths = []string{"a4", "80"}

// paperPage is the slip of a visit as it is printed.
type paperPage struct {
	frame
	*aftersales.SlipPaper
	aftersales.SlipLook
	Width                  string
	URL, JobURL            string
	Logo                   string // URL of the picture; "" if the company has none
	LogoMark               string // which picture it is, for the form that changes it
	Heading                string
	Charges                []chargeView
	ToPay, Agreed, PaidSum string
	Mixed                  bool // what is to be paid is in several currencies
	Times                  []fact
	Lines                  []paperPart
	Found                  []fact
	Checklists             []filledView
	Payments               []fact
	Supplements            []supplementView
	Signature              string // URL of the picture; "" if it is not here
	Approved               string
}

type paperPart struct{ Name, Serial, Quantity, Condition string }

// ShowSlip shows a slip as it is printed, with the company's own lines above and below.
func (o *Office) ShowSlip(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	page := &paperPage{Width: paperWidths[0], URL: slipsURL + "/" + id.String()}
	if v.query("paper") == paperWidths[1] {
		page.Width = paperWidths[1]
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := living(r, o.Schema.Table("slip"), id)
		if err != nil {
			return err
		}
		view := aftersales.LookAt(r, o.Now().UnixMilli())
		if page.SlipPaper, err = aftersales.SlipDocument(view, row.Get("visit").Ref()); err != nil {
			return err
		}
		page.Slip = aftersales.SlipOf(row) // a visit may have several
		if page.Numbered, err = aftersales.NumberOf(view, aftersales.SeriesAudit, id); err != nil {
			return err
		}
		return page.lay(&serving{o.builder(v, r, &about{}), &jobService{}, page.Job, view.Now()})
	})
	if err != nil {
		return err
	}
	page.frame = v.frame(page.Slip.Number, jobsURL)
	return v.show(http.StatusOK, "slip", page)
}

// lay says everything in the visitor's language.
func (p *paperPage) lay(s *serving) error {
	p.JobURL = jobURL(p.Job.ID)
	for _, step := range []func(*serving) error{p.letterhead, p.money, p.work, p.parts, p.findings, p.agreement} {
		if err := step(s); err != nil {
			return err
		}
	}
	if err := s.checklists(); err != nil {
		return err
	}
	p.Checklists = s.x.Checklists
	late, err := s.about("supplement", "job", p.Job.ID)
	if err != nil {
		return err
	}
	p.Supplements, err = s.supplements(late, p.Slip.ID)
	return err
}

// letterhead takes over what the company set for its slips: the picture and the lines around them, and what is left out.
func (p *paperPage) letterhead(s *serving) error {
	if err := p.logo(s.r); err != nil {
		return err
	}
	return p.look(s.v, func(name string) (string, error) { return aftersales.Setting(s.view(), name, p.Job.Branch) })
}

// look takes over how slips look, by what a setting says.
func (p *paperPage) look(v *Visit, setting func(name string) (string, error)) error {
	var err error
	if p.SlipLook, err = aftersales.SlipLookOf(setting); err != nil {
		return err
	}
	p.Heading = cmp.Or(p.SlipLook.Heading, v.t("Service slip"))
	return nil
}

func (p *paperPage) money(s *serving) error {
	if err := s.charges(); err != nil {
		return err
	}
	p.Charges, p.ToPay, p.PaidSum, p.Mixed = s.x.Charges, s.x.ToPay, s.x.Paid, s.x.Mixed
	if p.ToPay == "" {
		p.ToPay = money(p.Slip.Total)
	}
	for _, paid := range p.SlipPaper.Payments {
		method, err := s.v.code(s.n, aftersales.ListPayment, paid.Method)
		if err != nil {
			return err
		}
		p.Payments = append(p.Payments, fact{Label: strings.TrimSpace(method + " " + paid.ReceiptNumber), Text: money(paid.Amount)})
	}
	return nil
}

func (p *paperPage) work(s *serving) error {
	for _, t := range p.SlipPaper.Times {
		label := s.v.lang.Name("time_mark.kind." + t.Kind)
		if t.Person != "" {
			label += " · " + t.Person
		}
		p.Times = append(p.Times, fact{Label: label, Text: s.v.lang.length(time.Duration(t.Spent) * time.Millisecond)})
	}
	return nil
}

func (p *paperPage) parts(s *serving) error {
	for _, m := range p.SlipPaper.Parts {
		p.Lines = append(p.Lines, paperPart{
			Name: strings.TrimSpace(m.Code + " " + aftersales.Label(m.Name, s.v.lang.Tag)), Serial: m.Serial,
			Quantity:  strings.TrimSpace(quantity(m.Quantity.Amount, aftersales.QuantityScale) + " " + m.Quantity.Unit),
			Condition: s.v.lang.Name("movement.cause."+m.Cause) + " · " + s.v.lang.Name("movement.condition."+m.Condition),
		})
	}
	return nil
}

func (p *paperPage) findings(s *serving) error {
	for _, f := range p.SlipPaper.Findings {
		var codes []string
		for _, label := range []map[string]string{f.Fault, f.Cause, f.Remedy} {
			if text := aftersales.Label(label, s.v.lang.Tag); text != "" {
				codes = append(codes, text)
			}
		}
		p.Found = append(p.Found, fact{Label: strings.Join(codes, " · "), Text: strings.Join(nonEmpty(f.Finding.Finding, f.Solution), " — ")})
	}
	if len(p.Found) == 0 {
		if text := strings.Join(nonEmpty(p.Job.Finding, p.Job.Solution), " — "); text != "" {
			p.Found = []fact{{Label: s.v.lang.Name("finding"), Text: text}}
		}
	}
	return nil
}

func nonEmpty(texts ...string) (list []string) {
	for _, text := range texts {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}

// agreement says what the customer agreed to, who gave the second yes, and shows his signature where it is here.
func (p *paperPage) agreement(s *serving) error {
	p.Agreed = money(p.Consent.Amount)
	if p.Approval.How != "" {
		p.Approved = s.v.lang.Name("approval.how." + p.Approval.How)
	}
	if p.SlipPaper.Signature.ID == (record.ID{}) || s.o.Files == nil {
		return nil
	}
	row, err := s.r.Row(s.key("attachment", p.SlipPaper.Signature.ID))
	if err != nil || row == nil {
		return err
	}
	file, err := s.file(row)
	if file.Here {
		p.Signature = file.URL + "/thumbnail"
	}
	return err
}
