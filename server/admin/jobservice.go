package admin

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// jobService is what the page of a job says of the service beyond its rows: what was promised, who pays, what was
// agreed, answered, signed and found.
type jobService struct {
	Clocks      []clockView
	Entitlement *entitlementView
	Charges     []chargeView
	ToPay       string // what the customer is to pay in all, with tax; "" for nothing
	Mixed       bool   // in several currencies
	NotRaised   string // what he did not have to pay
	Paid        string
	Services    []option // what can be charged beside parts
	Bases       []option
	Part        field // of the form that charges something
	Currency    string
	Consent     *consentView
	Checklists  []filledView
	Slips       []slipView
	Supplements []supplementView // what came after the job was closed, and belongs to no slip
	Gaps        []gapView
	Code        string // a one-time code that was just made; shown once
	CodeFor     string
}

// gapView is a billing finding or a discrepancy about the job.
type gapView struct {
	URL, Name, State, Amount string
	Open                     bool
}

// serving reads the service of a job, step by step, within one snapshot.
type serving struct {
	*builder
	x   *jobService
	job aftersales.Job
	now int64
}

func (b *builder) service(row *record.Row) (*jobService, error) {
	s := &serving{b, &jobService{}, aftersales.JobOf(row), b.o.Now().UnixMilli()}
	for _, step := range []func() error{s.promised, s.entitled, s.charges, s.offers, s.consent, s.checklists, s.slips, s.gaps} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.x, nil
}

func (s *serving) view() aftersales.Present { return aftersales.LookAt(s.r, s.now) }

func (s *serving) promised() error {
	request, err := s.view().Row("request", s.job.Request)
	if err != nil || request == nil {
		return err
	}
	clocks, err := aftersales.SLA(s.view(), s.job.Request, s.now)
	if err != nil {
		return err
	}
	s.x.Clocks, err = s.v.clocks(s.n, clocks)
	return err
}

// entitled tells what the customer is entitled to, as of the moment when he asked.
func (s *serving) entitled() error {
	request, err := s.view().Row("request", s.job.Request)
	if err != nil {
		return err
	}
	at := cmp.Or(aftersales.RequestOf(request).ReceivedAt, s.job.ReportedOn*24*3600*1000, s.now)
	work := aftersales.Work{Branch: s.job.Branch, Party: s.job.Party, Site: s.job.Site, Cause: s.job.CauseCode}
	d, err := aftersales.Entitle(s.view(), s.job.Unit, work, at)
	if err != nil {
		return err
	}
	s.x.Entitlement, err = s.v.entitlement(s.n, d)
	return err
}

// gaps lists what the hub found when it reckoned the job again, and what does not fit together about it.
func (s *serving) gaps() error {
	rows, err := s.about("billing_finding", "job", s.job.ID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		f := aftersales.BillingFindingOf(row)
		s.x.Gaps = append(s.x.Gaps, gapView{
			URL: findingsURL + "/" + f.ID.String(), Name: s.v.lang.Name("billing_finding.kind." + f.Kind), Amount: money(f.Amount),
			State: s.v.lang.Name("billing_finding.state." + f.State), Open: f.State == aftersales.GapOpen,
		})
	}
	if rows, err = s.about("discrepancy", "job", s.job.ID); err != nil {
		return err
	}
	for _, row := range rows {
		d := aftersales.DiscrepancyOf(row)
		s.x.Gaps = append(s.x.Gaps, gapView{
			URL: discrepanciesURL + "/" + d.ID.String(), Name: s.v.lang.Name("discrepancy.kind." + d.Kind),
			State: s.v.lang.Name("discrepancy.state." + d.State), Open: d.Open(),
		})
	}
	return nil
}

// filledView is a checklist as a visit has filled it in so far.
type filledView struct {
	Name, By string
	Lines    []answerView
	Due      int // questions that must still be answered
}

type answerView struct {
	Question, Answer, Note string
	Photos                 int64
	Due                    bool
}

func (s *serving) checklists() error {
	visits, err := aftersales.Visits(s.view(), s.job.ID)
	if err != nil {
		return err
	}
	for _, visit := range visits {
		lists, err := aftersales.Filling(s.view(), visit.ID)
		if err != nil {
			return err
		}
		by, err := s.n.row(s.key("person", visit.Person))
		if err != nil {
			return err
		}
		for _, filled := range lists {
			view := filledView{Name: aftersales.Label(filled.Checklist.Name, s.v.lang.Tag), By: by}
			for _, line := range filled.Lines {
				view.add(s.v, line)
			}
			s.x.Checklists = append(s.x.Checklists, view)
		}
	}
	return nil
}

func (f *filledView) add(v *Visit, line aftersales.Line) {
	view := answerView{Question: aftersales.Label(line.Question.Label, v.lang.Tag), Due: line.Due}
	if line.Due {
		f.Due++
	}
	if a := line.Answer; a != nil {
		view.Note, view.Photos, view.Answer = a.Note, a.Photos, a.Text
		for _, c := range line.Question.Choices {
			if c.Code == a.Text {
				view.Answer = aftersales.Label(c.Label, v.lang.Tag)
			}
		}
		switch {
		case a.Number != nil:
			view.Answer = strings.TrimSpace(quantity(*a.Number, aftersales.QuantityScale) + " " + line.Question.Unit)
		case line.Question.Kind == aftersales.AskYesNo && a.Text != "":
			view.Answer = v.t(a.Text)
		}
	}
	f.Lines = append(f.Lines, view)
}

// chargeView is a line of what the job costs its customer.
type chargeView struct {
	ID, Kind, What, Quantity, Price, Gross, Payer string
	Percent                                       int64 // that the customer does not pay
	Why                                           []string
	signature
}

func (s *serving) charges() error {
	list, err := aftersales.Charges(s.view(), s.job.ID)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Quantity.Amount == 0 {
			continue // taken back: its row is in the history
		}
		view, err := s.charge(c)
		if err != nil {
			return err
		}
		s.x.Charges = append(s.x.Charges, view)
	}
	totals, err := aftersales.ChargeTotalsEach(s.view(), s.job.ID)
	if fault.CodeOf(err) == aftersales.BadMoney { // the page stands, so that somebody can take a charge back
		f, _ := statusOf(err)
		s.x.ToPay = s.v.lang.refusal(f)
		return nil
	}
	if err != nil {
		return err
	}
	paid, err := aftersales.Paid(s.view(), s.job.ID, record.ID{})
	s.x.ToPay = sums(totals, func(t aftersales.Totals) aftersales.Money { return t.Rounded })
	s.x.NotRaised = sums(totals, func(t aftersales.Totals) aftersales.Money { return t.NotRaised })
	s.x.Paid, s.x.Mixed = money(paid), len(totals) > 1
	return err
}

// sums says an amount of each currency.
func sums(totals []aftersales.Totals, of func(aftersales.Totals) aftersales.Money) string {
	var said []string
	for _, t := range totals {
		if text := money(of(t)); text != "" {
			said = append(said, text)
		}
	}
	return strings.Join(said, " + ")
}

func (s *serving) charge(c aftersales.Charge) (view chargeView, err error) {
	view = chargeView{
		ID: c.ID.String(), Kind: c.Kind, Percent: c.Percent, Payer: c.Payer, What: c.Text,
		Quantity: strings.TrimSpace(quantity(c.Quantity.Amount, aftersales.QuantityScale) + " " + c.Quantity.Unit), Price: money(c.UnitPrice), Gross: money(c.Gross),
	}
	of, err := s.v.code(s.n, aftersales.ListService, c.Service)
	if err == nil && !c.Part.IsZero() {
		of, err = s.partName(c.Part)
	}
	if err != nil {
		return view, err
	}
	view.What = strings.TrimSpace(of + " " + c.Text)
	why, err := c.Why()
	if err != nil {
		return view, nil // of a later version: shown without its reasons
	}
	if view.Why, err = s.v.reasons(s.n, why); err != nil {
		return view, err
	}
	row, err := s.r.Row(s.key("charge", c.ID))
	if err != nil || row == nil {
		return view, err
	}
	s.show(row)
	view.signature, err = s.signed(row)
	return view, err
}

// partName returns what a part is called: its code, and its name in the visitor's language.
func (s *serving) partName(id record.ID) (string, error) {
	row, err := s.view().Row("part", id)
	if err != nil || row == nil {
		return "", err
	}
	p := aftersales.PartOf(row)
	return strings.TrimSpace(p.Code + " " + aftersales.Label(p.Name, s.v.lang.Tag)), nil
}

// offers lists what can be charged, and on what.
func (s *serving) offers() (err error) {
	if s.x.Services, err = s.v.codes(s.r, aftersales.ListService, ""); err != nil {
		return err
	}
	for _, basis := range []string{aftersales.BasisGoodwill, aftersales.BasisWarranty, aftersales.BasisContract, aftersales.BasisPaid, aftersales.BasisInternal} {
		s.x.Bases = append(s.x.Bases, option{basis, s.v.lang.Name("charge.basis." + basis)})
	}
	t := s.o.Schema.Table("charge")
	s.x.Part = s.v.input(t, &t.Columns[t.Column("part")], record.Null)
	s.x.Part.Kind, s.x.Part.Finds = "row", "part"
	branch, err := s.view().Row("branch", s.job.Branch)
	s.x.Currency = aftersales.BranchOf(branch).Currency
	return err
}

// holders returns the people who have the job now, the lead first.
func holders(r Reader, job record.ID) (people []option, err error) {
	err = r.Select(func(q *sqlrow.Rows) error {
		people = append(people, option{q.ID(0).String(), q.Text(1)})
		return q.Err()
	}, "SELECT p.id, p.name FROM assignment a JOIN person p ON p.id = a.person WHERE a.job = ? AND a.state = 'open' AND a._del = 0 ORDER BY a.role DESC, a.id", job[:])
	return people, err
}

// readQuantity reads a quantity that was typed without its unit: "1.5". One that is too long to be read is as large as can
// be, for the command to refuse.
func readQuantity(typed string) (aftersales.Quantity, error) {
	n, err := parseDecimal(typed, aftersales.QuantityScale)
	if errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	return aftersales.Quantity{Amount: n}, err
}
