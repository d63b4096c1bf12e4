package aftersales

import (
	"cmp"
	"maps"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The states of a slip.
const (
	SlipOpen    = "open"
	SlipSigned  = "signed"
	SlipAudited = "audited"
)

var auditColumns = []string{"audited_by", "audited_at", "audit_note", "archived_at", "archived_reason"}

var slipColumns = slices.Concat(branch(), []schema.Column{
	ref(1, "job", "job", required, fixed),
	ref(2, "visit", "visit", fixed),
	ref(3, "person", "person", fixed),
	text(4, "number", searchable, indexed, fixed),
	ladder(5, "state", []string{SlipOpen, SlipSigned, SlipAudited}),
	long(64<<10, text(6, "summary", searchable)),
	by(schema.Ask, money(10, "parts")),
	by(schema.Ask, money(11, "labour")),
	by(schema.Ask, money(12, "travel")),
	by(schema.Ask, money(13, "freight")),
	by(schema.Ask, money(14, "discount")),
	by(schema.Ask, money(15, "tax")),
	by(schema.Ask, integer(16, "tax_rate")), // hundredths of a percent
	enum(17, "rounding", []string{"line", "total"}),
	by(schema.Ask, money(18, "total")),
	by(schema.Ask, money(19, "paid")),
	code(20, "payment"), // code list "payment"
	text(21, "receipt_number"),
	instant(25, "consent_at"),
	text(26, "consent_by", personal),
	money(27, "consent_total"),
	instant(30, "signed_at"),
	text(31, "signed_by", personal),
	ref(32, "signature", "attachment"),
	text(33, "unsigned_reason"),                      // where nobody could or would sign
	by(schema.First, integer(40, "rating_attitude")), // 1 to 4, as the customer ticked
	by(schema.First, integer(41, "rating_skill")),
	by(schema.First, integer(42, "rating_arrival")),
	by(schema.First, integer(43, "rating_promises")),
	by(schema.First, integer(44, "recommend")), // 0 to 10
	text(45, "rating_comment"),
	text(46, "goods_taken"), // the receipt for what goes to the workshop
	office(ref(50, "audited_by", "person")),
	office(instant(51, "audited_at")),
	office(text(52, "audit_note")),
}, archive())

var slipTable = &schema.Table{
	ID: 44, Name: "slip", Parent: "job",
	Columns: slipColumns,
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  []schema.Right{{Name: RightWork, Insert: true, Columns: names(slipColumns, auditColumns...)}},

	Withheld: auditColumns,
}

// The codes of commands on a slip.
const (
	CodeSlipAudited fault.Code = "slip_audited" // the slip, and what it locks, is audited
	BadRating       fault.Code = "bad_rating"   // a rating outside its range
	BadMoney        fault.Code = "bad_money"    // the amounts of a slip are in several currencies
)

// Slip is a row of the table slip.
type Slip struct {
	ID             record.ID `json:"id"`
	Branch         record.ID `json:"branch"`
	Job            record.ID `json:"job"`
	Visit          record.ID `json:"visit"`
	Person         record.ID `json:"person"`
	Number         string    `json:"number"`
	State          string    `json:"state"`
	Summary        string    `json:"summary"`
	Parts          Money     `json:"parts"`
	Labour         Money     `json:"labour"`
	Travel         Money     `json:"travel"`
	Freight        Money     `json:"freight"`
	Discount       Money     `json:"discount"`
	Tax            Money     `json:"tax"`
	TaxRate        int64     `json:"tax_rate"`
	Rounding       string    `json:"rounding"`
	Total          Money     `json:"total"`
	Paid           Money     `json:"paid"`
	Payment        string    `json:"payment"`
	ReceiptNumber  string    `json:"receipt_number"`
	ConsentAt      int64     `json:"consent_at"`
	ConsentBy      string    `json:"consent_by"`
	ConsentTotal   Money     `json:"consent_total"`
	SignedAt       int64     `json:"signed_at"`
	SignedBy       string    `json:"signed_by"`
	Signature      record.ID `json:"signature"`
	UnsignedReason string    `json:"unsigned_reason"`
	RatingAttitude int64     `json:"rating_attitude"`
	RatingSkill    int64     `json:"rating_skill"`
	RatingArrival  int64     `json:"rating_arrival"`
	RatingPromises int64     `json:"rating_promises"`
	Recommend      *int64    `json:"recommend"`
	RatingComment  string    `json:"rating_comment"`
	GoodsTaken     string    `json:"goods_taken"`
	AuditedBy      record.ID `json:"audited_by"`
	AuditedAt      int64     `json:"audited_at"`
	AuditNote      string    `json:"audit_note"`
}

// SlipOf returns the row as a Slip; the zero Slip for nil.
func SlipOf(r *record.Row) Slip { return view[Slip](r) }

// SlipInput says what stands on a slip. What is empty stays as it is.
type SlipInput struct {
	Slip          record.ID // zero: a new one, of ...
	Job           record.ID // ... this job, and of the author's visit
	Summary       string
	Parts         Money
	Labour        Money
	Travel        Money
	Freight       Money
	Discount      Money
	Tax           Money
	TaxRate       int64  // hundredths of a percent
	Rounding      string // "line" or "total"
	Total         Money
	Paid          Money
	Payment       string // of the list "payment"
	ReceiptNumber string
	ConsentBy     string // who agreed to the price, now
	ConsentTotal  Money
	GoodsTaken    string
}

// WriteSlip makes a slip, or writes on one that is not audited. Codes: CodeSlipAudited, CodeJobClosed, BadMoney,
// UnknownCode, fault.UnknownRow.
func WriteSlip(tx Tx, in SlipInput) (record.ID, error) {
	values, err := in.values(tx)
	if err != nil {
		return record.ID{}, err
	}
	if !in.Slip.IsZero() {
		if _, err := openSlip(tx, in.Slip); err != nil || len(values) == 0 {
			return in.Slip, err
		}
		return in.Slip, tx.Update("slip", in.Slip, values)
	}
	job, err := openJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	id, branch, number, err := identity(tx, record.ID{}, record.ID{}, "", SeriesSlip, job)
	if err != nil {
		return record.ID{}, err
	}
	visit, err := lastVisit(tx, in.Job, tx.Author())
	if err != nil {
		return record.ID{}, err
	}
	values["branch"], values["number"], values["state"] = record.Ref(branch), record.Text(number), record.Text(SlipOpen)
	values["job"], values["visit"] = record.Ref(in.Job), record.Ref(visit.ID)
	values["person"] = record.Ref(tx.Author())
	return id, insert(tx, "slip", id, values)
}

func (in SlipInput) values(tx Tx) (record.Values, error) {
	if err := checkCode(tx, ListPayment, in.Payment); err != nil {
		return nil, err
	}
	values := record.Values{
		"summary": optional(in.Summary), "tax_rate": at(in.TaxRate), "rounding": optional(in.Rounding),
		"payment": optional(in.Payment), "receipt_number": optional(in.ReceiptNumber),
		"goods_taken": optional(in.GoodsTaken), "consent_by": optional(in.ConsentBy),
	}
	currency := ""
	for column, m := range map[string]Money{
		"parts": in.Parts, "labour": in.Labour, "travel": in.Travel, "freight": in.Freight, "discount": in.Discount,
		"tax": in.Tax, "total": in.Total, "paid": in.Paid, "consent_total": in.ConsentTotal,
	} {
		if currency = cmp.Or(currency, m.Currency); m.Currency != "" && m.Currency != currency {
			return nil, fault.New(BadMoney, "a slip is in one currency")
		}
		values[column] = m.Value()
	}
	if in.ConsentBy != "" {
		values["consent_at"] = record.Instant(tx.Now())
	}
	maps.DeleteFunc(values, func(_ string, v record.Value) bool { return v.IsNull() })
	return values, nil
}

// openSlip returns a slip that is not audited. Codes: CodeSlipAudited, fault.UnknownRow.
func openSlip(tx Tx, id record.ID) (Slip, error) {
	row, err := need(tx, "slip", id)
	if err != nil {
		return Slip{}, err
	}
	s := SlipOf(row)
	if s.State == SlipAudited {
		return s, fault.New(CodeSlipAudited, "the slip is audited: add a comment, or ask the office to take the audit back")
	}
	return s, nil
}

// SignInput is the customer's signature and rating card. Ratings are 1 to 4, 0 for none.
type SignInput struct {
	Slip           record.ID
	SignedBy       string
	Signature      record.ID // the attachment
	UnsignedReason string    // where nobody could or would sign
	Attitude       int64
	Skill          int64
	Arrival        int64
	Promises       int64
	Recommend      *int64 // 0 to 10, nil for no answer
	Comment        string
}

// SignSlip has the customer sign, or says why he did not. Codes: MissingReason with neither, BadRating, WrongState for
// one that is signed, CodeSlipAudited, fault.UnknownRow.
func SignSlip(tx Tx, in SignInput) error {
	s, err := openSlip(tx, in.Slip)
	if err != nil {
		return err
	}
	if s.State != SlipOpen {
		return fault.New(WrongState, "the slip is signed already")
	}
	if in.SignedBy == "" {
		if in.UnsignedReason, err = reasonFor("go on without a signature", in.UnsignedReason); err != nil {
			return err
		}
	}
	for _, r := range []int64{in.Attitude, in.Skill, in.Arrival, in.Promises} {
		if r < 0 || r > 4 {
			return fault.New(BadRating, "ratings go from 1 to 4")
		}
	}
	values := record.Values{
		"state": record.Text(SlipSigned), "signed_at": record.Instant(tx.Now()), "signed_by": optional(in.SignedBy),
		"signature": record.Ref(in.Signature), "unsigned_reason": optional(in.UnsignedReason),
		"rating_attitude": at(in.Attitude), "rating_skill": at(in.Skill), "rating_arrival": at(in.Arrival),
		"rating_promises": at(in.Promises), "rating_comment": optional(in.Comment),
	}
	if n := in.Recommend; n != nil {
		if *n < 0 || *n > 10 {
			return fault.New(BadRating, "a recommendation goes from 0 to 10")
		}
		values["recommend"] = record.Number(*n)
	}
	return tx.Update("slip", in.Slip, values)
}

// AuditSlip locks a signed slip with its visit and, where the job is over, the job's findings. What phones still
// bring becomes a supplement. The first audit gives the slip its number in the branch's SeriesAudit, which stays. Codes:
// WrongState, CodeSlipAudited, HubOnly on a device, fault.UnknownRow.
func AuditSlip(tx Tx, slip record.ID, note string) error {
	s, err := openSlip(tx, slip)
	if err != nil {
		return err
	}
	if s.State != SlipSigned {
		return fault.New(WrongState, "a slip is audited after it is signed")
	}
	if err := giveNumber(tx, SeriesAudit, Row{"slip", slip}, s.Job, s.Branch); err != nil {
		return err
	}
	err = tx.Update("slip", slip, record.Values{
		"state": record.Text(SlipAudited), "audited_by": record.Ref(tx.Author()),
		"audited_at": record.Instant(tx.Now()), "audit_note": optional(note),
	})
	if err != nil {
		return err
	}
	return lock(tx, s, record.Null, record.Ref(slip))
}

// lock sets or clears what the slip locks; what another slip locked stays.
func lock(tx Tx, s Slip, from, to record.Value) error {
	visit, err := tx.Row("visit", s.Visit)
	if err != nil {
		return err
	}
	locked := record.Values{"locked_by": to}
	if visit != nil && visit.Get("locked_by") == from {
		if err := tx.Update("visit", s.Visit, locked); err != nil {
			return err
		}
	}
	job, err := tx.Row("job", s.Job)
	if err != nil || job == nil || job.Get("locked_by") != from || !to.IsNull() && !JobOf(job).Over() {
		return err
	}
	return tx.Update("job", s.Job, locked)
}

// UnauditSlip takes an audit back; its number stays the slip's. Codes: MissingReason, WrongState, fault.UnknownRow.
func UnauditSlip(tx Tx, slip record.ID, reason string) error {
	row, err := need(tx, "slip", slip)
	if err != nil {
		return err
	}
	if reason, err = reasonFor("take the audit back", reason); err != nil {
		return err
	}
	s := SlipOf(row)
	if s.State != SlipAudited {
		return fault.New(WrongState, "the slip is not audited")
	}
	err = tx.Update("slip", slip, record.Values{
		"state": record.Text(SlipSigned), "audited_by": record.Null, "audited_at": record.Null,
		"audit_note": record.Text(reason),
	})
	if err != nil {
		return err
	}
	return lock(tx, s, record.Ref(slip), record.Null)
}
