package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A payment is money that somebody took from the customer, with the number of the receipt that he gave for it. One that
// was entered wrongly is replaced by another; nothing paid is ever deleted.
var paymentTable = &schema.Table{
	ID: 191, Name: "payment", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		ref(2, "visit", "visit"),
		ref(3, "slip", "slip"),
		code(4, "method", required), // code list "payment"
		money(5, "amount", required),
		text(6, "receipt_number", required, searchable, indexed),
		text(7, "payer", personal),
		text(8, "note"),
		ref(9, "author", "person"), // who took it
		ref(10, "replaces", "payment"),
		ref(11, "consent", "consent"), // what it was agreed to by
	}, occurred()),
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  add(RightWork),
}

// SeriesReceipt is the series of receipts for money, SeriesGoods that of receipts for goods.
const (
	SeriesReceipt = "P"
	SeriesGoods   = "G"
)

// BadAmount says that a payment is of nothing, or of less.
const BadAmount fault.Code = "bad_amount"

// Payment is a row of the table payment.
type Payment struct {
	ID            record.ID `json:"id"`
	Branch        record.ID `json:"branch"`
	Job           record.ID `json:"job"`
	Visit         record.ID `json:"visit"`
	Slip          record.ID `json:"slip"`
	Method        string    `json:"method"`
	Amount        Money     `json:"amount"`
	ReceiptNumber string    `json:"receipt_number"`
	Payer         string    `json:"payer"`
	Note          string    `json:"note"`
	Author        record.ID `json:"author"`
	Replaces      record.ID `json:"replaces"`
	Consent       record.ID `json:"consent"`
	Occurred      int64     `json:"occurred"`
	Corrected     int64     `json:"corrected"`
}

// PaymentOf returns the row as a Payment; the zero Payment for nil.
func PaymentOf(r *record.Row) Payment { return view[Payment](r) }

// PaymentInput is money taken on the spot.
type PaymentInput struct {
	Job      record.ID
	Visit    record.ID // zero: the author's latest
	Slip     record.ID // zero: none yet
	Method   string    // of the list "payment"
	Amount   Money
	Payer    string
	Note     string
	Replaces record.ID // the payment that this one corrects; of nothing: it was none
	At       Moment
}

// TakePayment records money that the customer gave; the row has the number for his receipt, which is unique though no
// network was there. What he has not agreed to he is not asked to pay: see AskConsent. Codes: BadAmount, BadMoney for
// another currency than was agreed to, UnknownCode, MissingText without a method, ConsentMissing, ApprovalMissing,
// CodeJobClosed, WrongState for a payment that was corrected already, fault.UnknownRow.
func TakePayment(tx Tx, in PaymentInput) (record.ID, error) {
	job, err := openJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	if err := in.check(tx); err != nil {
		return record.ID{}, err
	}
	paid, err := Paid(tx, in.Job, in.Replaces)
	if err != nil {
		return record.ID{}, err
	}
	if err := sameCurrency(paid, in.Amount); err != nil {
		return record.ID{}, err
	}
	consent, err := in.agreed(tx, paid.Minor+in.Amount.Minor)
	if err != nil {
		return record.ID{}, err
	}
	id, branch, number, err := identity(tx, record.ID{}, record.ID{}, "", SeriesReceipt, job)
	if err != nil {
		return record.ID{}, err
	}
	visit, err := visitAt(tx, in.Job, in.Visit)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(branch), "job": record.Ref(in.Job), "visit": record.Ref(visit.ID),
		"slip": record.Ref(in.Slip), "method": record.Text(in.Method), "amount": in.Amount.Value(),
		"receipt_number": record.Text(number), "payer": optional(in.Payer), "note": optional(in.Note),
		"author": record.Ref(tx.Author()), "replaces": record.Ref(in.Replaces), "consent": record.Ref(consent),
	}
	in.At.put(tx, values)
	return id, insert(tx, "payment", id, values)
}

// agreed returns the consent that covers what the customer will have paid; zero where it is nothing.
func (in PaymentInput) agreed(tx Tx, total int64) (record.ID, error) {
	if in.Amount.Minor == 0 {
		return record.ID{}, nil
	}
	consent, err := NeedConsent(tx, in.Job, Money{total, in.Amount.Currency})
	return consent.ID, err
}

func (in PaymentInput) check(tx Tx) error {
	if _, err := textFor("how it was paid", in.Method); err != nil {
		return err
	}
	if err := checkCode(tx, ListPayment, in.Method); err != nil {
		return err
	}
	if in.Amount.Currency == "" || in.Amount.Minor < 0 || in.Amount.Minor == 0 && in.Replaces.IsZero() {
		return fault.New(BadAmount, "how much was paid, in which currency?")
	}
	if err := needAll(tx, Row{"slip", in.Slip}); err != nil || in.Replaces.IsZero() {
		return err
	}
	if _, err := needOf(tx, in.Job, "payment", in.Replaces); err != nil {
		return err
	}
	later, err := tx.Refs("payment", "replaces", in.Replaces)
	if err == nil && len(later) > 0 {
		err = fault.New(WrongState, "this payment was corrected already: correct the later one")
	}
	return err
}

// Payments returns what was paid for the job, as it was corrected, oldest first.
func Payments(tx View, job record.ID) ([]Payment, error) {
	rows, err := tx.Refs("payment", "job", job)
	list := []Payment{}
	for _, row := range standing(rows) {
		list = append(list, PaymentOf(row))
	}
	return list, err
}

// Paid returns how much was paid for the job, without the payment that is left out; the zero Money for nothing. A job
// is paid in one currency: those in another than the first are not counted.
func Paid(tx View, job, without record.ID) (sum Money, err error) {
	list, err := Payments(tx, job)
	for _, p := range list {
		if sum.Currency == "" {
			sum.Currency = p.Amount.Currency
		}
		if p.ID != without && p.Amount.Currency == sum.Currency {
			sum.Minor += p.Amount.Minor
		}
	}
	return sum, err
}

// sameCurrency refuses to add amounts in two currencies. Codes: BadMoney.
func sameCurrency(a, b Money) error {
	if a.Currency != "" && b.Currency != "" && a.Currency != b.Currency {
		return fault.Newf(BadMoney, "the amounts of one job are in one currency: %s", a.Currency)
	}
	return nil
}
