package admin

import (
	"net/http"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// consentView is the customer's yes to a price, and how it stands with the second one.
type consentView struct {
	ID, Amount, Shown, SignedBy string
	NeedsSecond                 bool
	How                         string // the second yes was given; "" not yet
	Approval                    signature
	Challenge                   string
	People                      []option // to whom a one-time code can be read out
	signature
}

func (s *serving) consent() error {
	c, err := aftersales.LastConsent(s.view(), s.job.ID)
	if err != nil {
		return err
	}
	people, err := holders(s.r, s.job.ID)
	if err != nil {
		return err
	}
	if c.ID.IsZero() {
		s.x.Consent = &consentView{People: people}
		return nil
	}
	view := &consentView{
		ID: c.ID.String(), Amount: money(c.Amount), Shown: c.Shown, SignedBy: c.SignedBy, NeedsSecond: c.NeedsSecond,
		Challenge: aftersales.Challenge(c.ID), People: people,
	}
	s.x.Consent = view
	row, err := s.r.Row(s.key("consent", c.ID))
	if err != nil {
		return err
	}
	s.show(row)
	if view.signature, err = s.signed(row); err != nil {
		return err
	}
	a, err := aftersales.ApprovalOf(s.view(), c.ID)
	if err != nil || a.ID.IsZero() {
		return err
	}
	view.How = a.How
	if row, err = s.r.Row(s.key("approval", a.ID)); err != nil {
		return err
	}
	s.show(row)
	view.Approval, err = s.signed(row)
	return err
}

// ApproveJob gives the office's yes to what the customer agreed to pay; the technician's phone hears of it.
func (o *Office) ApproveJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseApproval, "Approved. The phone hears of it as soon as it has signal.", func(tx aftersales.Tx, id record.ID) error {
		consent, err := v.ofJob(tx, "consent", id)
		if err != nil {
			return err
		}
		return aftersales.Approve(tx, consent)
	})
}

// IssueCode makes the digits that are read out over the telephone to a technician whose phone has no network, and shows
// them this once.
func (o *Office) IssueCode(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	person, err := record.ParseID(v.form("person"))
	if err != nil {
		return o.jobRefused(v, fault.New(fault.Invalid, "Choose who shall do the job."))
	}
	in := aftersales.ApprovalCodeInput{Job: id, Person: person, Challenge: v.form("challenge")}
	if in.Amount, err = readMoney(v.form("amount"), v.form("currency")); err != nil {
		return o.jobRefused(v, err)
	}
	var code string
	err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseApprovalIssue, func(tx aftersales.Tx) (err error) {
		code, err = aftersales.IssueApprovalCode(tx, in)
		return err
	})
	if err != nil {
		return o.jobRefused(v, err)
	}
	page, err := o.loadJob(v)
	if err != nil {
		return err
	}
	page.Service.Code, page.Service.CodeFor = code[:4]+" "+code[4:], money(in.Amount)
	return v.show(http.StatusOK, "job", page)
}
