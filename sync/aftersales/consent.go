package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A consent is a customer's yes to the price of a job, before the work: what he was shown, and who signed. A later one
// is for the whole job too, and takes the place of the earlier.
var consentTable = &schema.Table{
	ID: 187, Name: "consent", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		ref(2, "visit", "visit"),
		money(3, "amount", required),
		long(64<<10, text(4, "shown", required)), // the price, line by line, as the customer read it
		text(5, "signed_by", required, personal),
		ref(6, "signature", "attachment"),
		ref(7, "policy", "policy_version"), // by which it was decided whether a second yes is needed
		integer(8, "needs_second"),         // 0 or 1
		ref(9, "author", "person"),
	}, occurred()),
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  add(RightWork),
}

// The codes of agreeing to a price.
const (
	ConsentMissing  fault.Code = "consent_missing"  // the customer has not agreed to that much
	ApprovalMissing fault.Code = "approval_missing" // so much needs a second yes, which is not there
)

// Consent is a row of the table consent.
type Consent struct {
	ID          record.ID `json:"id"`
	Branch      record.ID `json:"branch"`
	Job         record.ID `json:"job"`
	Visit       record.ID `json:"visit"`
	Amount      Money     `json:"amount"`
	Shown       string    `json:"shown"`
	SignedBy    string    `json:"signed_by"`
	Signature   record.ID `json:"signature"`
	Policy      record.ID `json:"policy"`
	NeedsSecond bool      `json:"needs_second"`
	Author      record.ID `json:"author"`
	Occurred    int64     `json:"occurred"`
	Corrected   int64     `json:"corrected"`
}

// ConsentOf returns the row as a Consent; the zero Consent for nil.
func ConsentOf(r *record.Row) Consent { return view[Consent](r) }

// ConsentInput is what the customer was shown and agreed to.
type ConsentInput struct {
	Job       record.ID
	Visit     record.ID // zero: the author's latest
	Amount    Money     // of the whole job
	Shown     string    // the price, line by line
	SignedBy  string
	Signature record.ID // the attachment
	At        Moment
}

// RecordConsent records the customer's yes to a price. Whether it needs a second one the policy says that is in force
// (ConsentPolicy); the consent's NeedsSecond has the answer. Codes: BadAmount, MissingText without what was shown or
// who signed, CodeJobClosed, CodeSlipAudited, fault.UnknownRow.
func RecordConsent(tx Tx, in ConsentInput) (record.ID, error) {
	row, err := unlockedJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	job := JobOf(row)
	if in.Amount.Currency == "" || in.Amount.Minor <= 0 {
		return record.ID{}, fault.New(BadAmount, "to which price does the customer agree, in which currency?")
	}
	shown, err := textFor("what the customer was shown", in.Shown)
	if err != nil {
		return record.ID{}, err
	}
	signer, err := textFor("the name of who agreed", in.SignedBy)
	if err != nil {
		return record.ID{}, err
	}
	policy, version, err := InForce[ConsentPolicy](tx, PolicyConsent, job.Branch, in.At.corrected(tx))
	if err != nil {
		return record.ID{}, err
	}
	visit, err := visitAt(tx, in.Job, in.Visit)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(job.Branch), "job": record.Ref(in.Job), "visit": record.Ref(visit.ID),
		"amount": in.Amount.Value(), "shown": record.Text(shown), "signed_by": record.Text(signer),
		"signature": record.Ref(in.Signature), "policy": record.Ref(version),
		"needs_second": flag(policy.needsSecond(in.Amount)), "author": record.Ref(tx.Author()),
	}
	in.At.put(tx, values)
	id := tx.NewID()
	return id, insert(tx, "consent", id, values)
}

// LastConsent returns what the customer agreed to last, the zero Consent if nothing.
func LastConsent(v View, job record.ID) (last Consent, err error) {
	rows, err := v.Refs("consent", "job", job)
	for _, row := range rows {
		if c := ConsentOf(row); c.Corrected >= last.Corrected {
			last = c
		}
	}
	return last, err
}

// NeedConsent returns the consent that covers so much for the job. Codes: ConsentMissing, ApprovalMissing.
func NeedConsent(v View, job record.ID, total Money) (Consent, error) {
	c, err := LastConsent(v, job)
	if err != nil {
		return c, err
	}
	if c.Amount.Currency != total.Currency || c.Amount.Minor < total.Minor {
		return c, fault.New(ConsentMissing, "show the customer the price and let him sign before paid work")
	}
	if !c.NeedsSecond {
		return c, nil
	}
	yes, err := ApprovalOf(v, c.ID)
	if err == nil && yes.ID.IsZero() {
		err = fault.Newf(ApprovalMissing, "this much needs the office's yes: sync, or call the office for a code (challenge %s)", Challenge(c.ID))
	}
	return c, err
}
