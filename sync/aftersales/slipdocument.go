package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// SlipPaper is all that stands on a visit's slip, for a page to lay out: shared, printed, or shown. What is not known is
// zero. Nothing in it is formatted: money is in minor units, times in ms UTC, dates in days since 1970-01-01, lengths in
// ms, and codes have their labels in every language.
type SlipPaper struct {
	Job       Job            `json:"job"`
	Request   Request        `json:"request"`
	Visit     Visit          `json:"visit"`
	Slip      Slip           `json:"slip"`
	Numbered  DocumentNumber `json:"document_number"` // by the slip's audit
	Branch    Branch         `json:"branch"`
	Person    string         `json:"person"`
	Party     Party          `json:"party"`
	Contact   Contact        `json:"contact"`
	Site      Site           `json:"site"`
	Unit      Unit           `json:"unit"`
	Product   Product        `json:"product"`
	Times     []TimeLine     `json:"times"`
	Findings  []FindingLine  `json:"findings"`
	Answers   []Filled       `json:"answers"`
	Parts     []PartLine     `json:"parts"`
	Charges   []Charge       `json:"charges"`
	Totals    Totals         `json:"totals"` // none where the charges are in several currencies
	Consent   Consent        `json:"consent"`
	Approval  Approval       `json:"approval"`
	Payments  []Payment      `json:"payments"`
	Paid      Money          `json:"paid"`
	Goods     []GoodsReceipt `json:"goods"`
	Signature Attachment     `json:"signature"` // the file of the customer's signature
	// What came after the audit stands beside the slip.
	Supplements []Supplement `json:"supplements"`
}

// TimeLine is how long one person spent on the visit's job, by the kind of time.
type TimeLine struct {
	Kind   string `json:"kind"`
	Spent  int64  `json:"spent"`            // ms
	Person string `json:"person,omitempty"` // "" for whose visit it is; else a colleague's name
}

// FindingLine is a finding with what its codes are called.
type FindingLine struct {
	Finding
	Fault  map[string]string `json:"fault"`
	Cause  map[string]string `json:"cause"`
	Remedy map[string]string `json:"remedy"`
}

// PartLine is a part that was used, left or taken back at the visit.
type PartLine struct {
	Movement
	Code string            `json:"code"`
	Name map[string]string `json:"name"`
}

// SlipDocument returns what stands on the slip of a visit: the one written at it, else the job's last. Codes:
// fault.UnknownRow.
func SlipDocument(tx Present, visit record.ID) (*SlipPaper, error) {
	row, err := need(tx, "visit", visit)
	if err != nil {
		return nil, err
	}
	v := VisitOf(row)
	job, err := ReadJob(tx, v.Job)
	if err != nil {
		return nil, err
	}
	r := viewReader{tx: tx}
	p := &SlipPaper{
		Job: job.Job, Request: job.Request, Visit: v, Party: job.Party, Contact: job.Contact, Site: job.Site,
		Unit: job.Unit, Slip: slipOf(job.Slips, visit), Supplements: job.Supplements,
		Branch: BranchOf(r.row("branch", job.Job.Branch)), Person: PersonOf(r.row("person", v.Person)).Name,
		Product: ProductOf(r.row("product", job.Unit.Product)), Payments: listOf(&r, PaymentOf, "payment", v.Job),
		Goods: listOf(&r, GoodsReceiptOf, "goods_receipt", v.Job),
	}
	if p.Numbered, err = NumberOf(tx, SeriesAudit, p.Slip.ID); err != nil {
		return nil, err
	}
	p.Signature = AttachmentOf(r.row("attachment", p.Slip.Signature))
	p.Parts = r.partLines(job.Movements, visit)
	p.Findings = r.findingLines(tx, v)
	if r.err != nil {
		return nil, r.err
	}
	return p, p.complete(tx)
}

// complete adds what is computed: times, answers, what was agreed and paid.
func (p *SlipPaper) complete(tx Present) (err error) {
	if p.Answers, err = Filling(tx, p.Visit.ID); err != nil {
		return err
	}
	if p.Charges, err = Charges(tx, p.Job.ID); err != nil {
		return err
	}
	if p.Totals, err = ChargeTotals(tx, p.Job.ID); err != nil && fault.CodeOf(err) != BadMoney {
		return err
	}
	if p.Consent, err = LastConsent(tx, p.Job.ID); err != nil {
		return err
	}
	if p.Approval, err = ApprovalOf(tx, p.Consent.ID); err != nil {
		return err
	}
	if p.Paid, err = Paid(tx, p.Job.ID, record.ID{}); err != nil {
		return err
	}
	p.Times, err = timeLines(tx, p.Job.ID, p.Visit.Person)
	return err
}

// timeLines returns everybody's time on the job, his first whose visit it is.
func timeLines(tx Present, job, visitor record.ID) ([]TimeLine, error) {
	all, err := JobHours(tx, job, tx.Now())
	own, others := []TimeLine{}, []TimeLine{}
	for _, h := range all {
		for _, kind := range []string{TimeTravel, TimeWork, TimePause} {
			switch {
			case h.Spent[kind] <= 0:
			case h.Person == visitor:
				own = append(own, TimeLine{Kind: kind, Spent: h.Spent[kind]})
			case kind != TimePause: // a colleague's pauses are nobody's business
				others = append(others, TimeLine{Kind: kind, Spent: h.Spent[kind], Person: h.Name})
			}
		}
	}
	return append(own, others...), err
}

// slipOf returns the slip written at the visit, else the last of all.
func slipOf(slips []Slip, visit record.ID) (slip Slip) {
	for _, s := range slips {
		if slip = s; s.Visit == visit {
			return s
		}
	}
	return slip
}

func (r *viewReader) partLines(moves []Movement, visit record.ID) []PartLine {
	lines := []PartLine{}
	for _, m := range moves {
		if m.Visit == visit && m.Quantity.Amount != 0 {
			part := PartOf(r.row("part", m.Part))
			lines = append(lines, PartLine{m, part.Code, part.Name})
		}
	}
	return lines
}

func (r *viewReader) findingLines(tx View, v Visit) []FindingLine {
	lines := []FindingLine{}
	if r.err != nil {
		return lines
	}
	found, err := Findings(tx, v.Job)
	r.err = err
	for _, f := range found {
		if f.Visit == v.ID {
			lines = append(lines, FindingLine{
				f, r.label(ListFault, f.FaultCode), r.label(ListCause, f.CauseCode), r.label(ListRemedy, f.RemedyCode),
			})
		}
	}
	return lines
}

func (r *viewReader) label(list, code string) map[string]string {
	if code == "" {
		return nil
	}
	return CodeOf(r.row("code", CodeID(list, code))).Label
}
