package web

import (
	"errors"
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// pricePage is what the job costs its customer, what he agreed to, and what he paid.
type pricePage struct {
	frame
	stand
	Lines     []priceLine
	Later     rest // lines that this page has no room for
	Totals    aftersales.Totals
	Trouble   string // why there is no total: the lines stand, so that one can be taken back
	Services  []serviceLine
	Consent   aftersales.Consent
	Approval  aftersales.Approval
	Challenge string // to read out to the office; "" where no second yes is missing
	Payments  []aftersales.Payment
	Paid      aftersales.Money
	Rest      aftersales.Money
	Methods   []aftersales.Code
	Worked    string // hours on the clocks of all who are on the job, as a quantity
	Workers   int    // how many of them have worked
	Agreed    bool   // the customer's yes covers the total
}

type priceLine struct {
	aftersales.Charge
	Label map[string]string
	Why   []aftersales.Reason
}

func (v *request) price() error {
	p := pricePage{frame: v.frame("Price and payment")}
	err := v.view(func(tx client.Tx) error { return p.read(v, tx) })
	if err == nil {
		p.Lines, p.Later, err = some(v, p.Lines, func(l priceLine) string {
			text := v.lang.label(l.Label) + l.Text
			for _, why := range l.Why {
				text += v.lang.why(why)
			}
			return text
		})
	}
	if err != nil {
		return err
	}
	p.Back = p.URL()
	return v.show("price", p)
}

func (p *pricePage) read(v *request, tx client.Tx) (err error) {
	if p.stand, err = v.stand(tx); err != nil {
		return err
	}
	if err := p.charges(v, tx); err != nil {
		return err
	}
	if p.Consent, err = aftersales.LastConsent(tx, p.Job.ID); err != nil {
		return err
	}
	if p.Approval, err = aftersales.ApprovalOf(tx, p.Consent.ID); err != nil {
		return err
	}
	if p.Consent.NeedsSecond && p.Approval.ID.IsZero() {
		p.Challenge = aftersales.Challenge(p.Consent.ID)
	}
	if p.Payments, err = aftersales.Payments(tx, p.Job.ID); err != nil {
		return err
	}
	if p.Paid, err = aftersales.Paid(tx, p.Job.ID, record.ID{}); err != nil {
		return err
	}
	total := p.Totals.Rounded
	p.Rest = aftersales.Money{Minor: total.Minor - p.Paid.Minor, Currency: total.Currency}
	p.Agreed = p.Trouble == "" && p.Consent.Amount.Currency == total.Currency && p.Consent.Amount.Minor >= total.Minor
	p.Methods, err = aftersales.Codes(tx, aftersales.ListPayment, false)
	return err
}

func (p *pricePage) charges(v *request, tx client.Tx) (err error) {
	charges, err := aftersales.Charges(tx, p.Job.ID)
	if err != nil {
		return err
	}
	if p.Totals, p.Trouble, err = v.totals(tx, p.Job.ID); err != nil {
		return err
	}
	if p.Services, err = v.services(tx, p.stand); err != nil {
		return err
	}
	for _, c := range charges {
		line := priceLine{Charge: c, Label: p.serviceLabel(c.Service)}
		if !c.Part.IsZero() {
			part, err := rowAs(tx, "part", c.Part, aftersales.PartOf)
			if err != nil {
				return err
			}
			line.Label = part.Name
		}
		if line.Why, err = c.Why(); err != nil {
			line.Why = nil // an older program wrote it otherwise: the line stands all the same
		}
		if line.Why, err = v.called(tx, line.Why); err != nil {
			return err
		}
		p.Lines = append(p.Lines, line)
	}
	return p.clocks(tx)
}

// clocks adds up the work of everybody on the job: the customer pays for all of it.
func (p *pricePage) clocks(tx client.Tx) error {
	all, err := aftersales.JobHours(tx, p.Job.ID, tx.Now())
	var worked int64
	for _, h := range all {
		if h.Spent[aftersales.TimeWork] > 0 {
			worked += h.Spent[aftersales.TimeWork]
			p.Workers++
		}
	}
	p.Worked = aftersales.WorkingHours(worked).String()
	return err
}

// totals adds up what the job costs, or says why that cannot be done: charges that came from several places may be in
// several currencies.
func (v *request) totals(tx client.Tx, job record.ID) (t aftersales.Totals, trouble string, err error) {
	t, err = aftersales.ChargeTotals(tx, job)
	if refused := new(fault.Error); errors.As(err, &refused) && refused.Code == aftersales.BadMoney {
		return aftersales.Totals{}, v.lang.refusal(refused.Code, refused.Message), nil
	}
	return t, "", err
}

func (p *pricePage) serviceLabel(code string) map[string]string {
	for _, s := range p.Services {
		if s.Service == code {
			return s.Label
		}
	}
	return map[string]string{"en": code}
}

// charge adds a service to what the job costs, or takes a line back.
func (v *request) charge() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	if back, err := v.formID("back"); err != nil || !back.IsZero() {
		return firstOf(err, v.takeBack(job, back))
	}
	quantity, err := v.quantity("quantity")
	if err != nil {
		return err
	}
	err = v.once("charge", aftersales.CauseCharge, func(tx client.Tx) error {
		s, err := v.stand(tx)
		if err != nil {
			return err
		}
		_, err = aftersales.AddCharge(tx, aftersales.ChargeInput{
			Job: job, Visit: s.Visit.ID,
			ChargeLine: aftersales.ChargeLine{Service: v.form("service"), Quantity: quantity},
		})
		return err
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(job) + "/price")
}

func (v *request) takeBack(job, charge record.ID) error {
	err := v.once("charge", aftersales.CauseChargeBack, func(tx client.Tx) error {
		_, err := aftersales.TakeBackCharge(tx, charge, v.form("reason"))
		return err
	})
	return firstOf(err, v.redirectIf(err, jobURL(job)+"/price"))
}

// redirectIf redirects where nothing failed.
func (v *request) redirectIf(err error, url string) error {
	if err != nil {
		return nil
	}
	return v.redirect(url)
}

// consentPage shows the customer the price, and takes his yes.
type consentPage struct {
	pricePage
	Shown string
}

func (v *request) consent() error {
	p := consentPage{pricePage: pricePage{frame: v.frame("The customer agrees")}}
	if err := v.view(func(tx client.Tx) error { return p.read(v, tx) }); err != nil {
		return err
	}
	if p.Trouble != "" || len(p.Lines) > 0 && p.Totals.Rounded.Minor <= 0 {
		return v.redirect(p.URL() + "/price") // which says it, and where a line is taken back
	}
	p.Back, p.Shown = p.URL()+"/price", p.shown(v)
	return v.show("consent", p)
}

// shown returns the price line by line, as the customer reads it.
func (p *pricePage) shown(v *request) string {
	var b strings.Builder
	for _, l := range p.Lines {
		b.WriteString(v.lang.label(l.Label) + ", " + v.lang.quantity(l.Quantity) + ": " + money(l.Gross) + "\n")
	}
	b.WriteString(v.say("Together") + ": " + money(p.Totals.Rounded))
	return b.String()
}

// agree records the customer's yes to the price as it stands, with his signature. If the price has changed since he
// was shown it, he is shown it again.
func (v *request) agree() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	signature, err := v.signature()
	if err != nil {
		return err
	}
	err = v.once("consent attachment", aftersales.CauseConsent, func(tx client.Tx) error {
		p := pricePage{frame: frame{v: v}}
		if err := p.read(v, tx); err != nil {
			return err
		}
		shown := p.shown(v)
		if p.Trouble != "" || strings.Join(strings.Fields(shown), " ") != strings.Join(strings.Fields(v.form("shown")), " ") {
			return fault.New(aftersales.NotSeen, "The price has changed since. Show it to the customer again.")
		}
		in := aftersales.ConsentInput{Job: job, Amount: p.Totals.Rounded, Shown: shown, SignedBy: v.form("name")}
		if signature != nil {
			signature.About = aftersales.Row{Table: "job", ID: job}
			if in.Signature, err = aftersales.AddAttachment(tx, *signature); err != nil {
				return err
			}
		}
		_, err := aftersales.RecordConsent(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(job) + "/price")
}

// approve gives the office's yes by the code that it read out, or goes on without it where the policy lets him.
func (v *request) approve() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	consent, _, err := v.client.Visits().Agreed(v.ctx(), job)
	if err != nil {
		return err
	}
	if v.form("code") != "" {
		err = v.client.Visits().ApproveByCode(v.ctx(), consent.ID, v.form("code"))
	} else {
		err = v.client.Visits().GoOn(v.ctx(), consent.ID, v.form("reason"))
	}
	if err != nil && fault.CodeOf(err) != aftersales.ApprovalGiven { // given: the form was sent twice
		return err
	}
	return v.redirect(jobURL(job) + "/price")
}

// pay records money that the customer gave.
func (v *request) pay() error {
	job, err := v.path()
	if err != nil {
		return err
	}
	n, ok := amount(v.form("amount"), scaleOf(v.form("currency")))
	if !ok {
		return fault.New(aftersales.BadAmount, "An amount is a number like 80 or 80.50.")
	}
	in := aftersales.PaymentInput{
		Job: job, Method: v.form("method"), Amount: aftersales.Money{Minor: n, Currency: v.form("currency")},
		Payer: v.form("payer"), Note: v.form("note"),
	}
	err = v.once("payment", aftersales.CausePayment, func(tx client.Tx) error {
		_, err := aftersales.TakePayment(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(job) + "/price")
}
