package aftersales

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// How a second yes was given.
const (
	ApprovedByOffice = "office"  // on a page
	ApprovedByCode   = "code"    // read out over a telephone, and checked on the phone
	ApprovalFlagged  = "flagged" // by nobody: neither could be reached, and the policy let the work go on
	ApprovalIssued   = "issued"  // the office gave a code: what a code that comes back must fit
)

// An approval is the second yes to a consent.
var approvalTable = &schema.Table{
	ID: 188, Name: "approval", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "job", "job", required, fixed),
		ref(2, "consent", "consent", fixed), // empty for a code that the office gave before the consent was here
		enum(3, "how", []string{ApprovedByOffice, ApprovedByCode, ApprovalFlagged, ApprovalIssued}, required),
		money(4, "amount", required),
		text(5, "challenge"),
		text(6, "code"),
		text(7, "reason"),
		ref(8, "person", "person"), // to whom a code was given
		ref(9, "author", "person"),
		ref(10, "policy", "policy_version"),
	}, occurred()),
	Buckets: []schema.Bucket{in(JobBucket, "job")},
	Rights:  add(RightWork),
}

// An approval secret is what a person's phone and the office make one-time codes from. It is on his phone and nowhere
// else; its id follows from the person's.
var approvalSecretTable = &schema.Table{
	ID: 189, Name: "approval_secret", Remade: true,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "person", "person", required, fixed),
		text(2, "secret", required, sealed), // 32 bytes, standard base64
	}),
	Buckets: []schema.Bucket{in(schema.PersonBucket, "person")},
}

// The codes of the second yes.
const (
	BadCode         fault.Code = "bad_code"         // not the code for this job, amount and challenge
	NoSecret        fault.Code = "no_secret"        // the phone, or the office, has nothing to check a code with
	ApprovalGiven   fault.Code = "approval_given"   // it is there, or none is needed
	ApprovalStopped fault.Code = "approval_stopped" // the policy lets nobody go on without it
)

// Approval is a row of the table approval.
type Approval struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Job       record.ID `json:"job"`
	Consent   record.ID `json:"consent"`
	How       string    `json:"how"`
	Amount    Money     `json:"amount"`
	Challenge string    `json:"challenge"`
	Code      string    `json:"code"`
	Reason    string    `json:"reason"`
	Person    record.ID `json:"person"`
	Author    record.ID `json:"author"`
	Policy    record.ID `json:"policy"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// ApprovalRow returns the row as an Approval; the zero Approval for nil.
func ApprovalRow(r *record.Row) Approval { return view[Approval](r) }

// ApprovalOf returns the second yes to a consent, the zero Approval if there is none.
func ApprovalOf(v View, consent record.ID) (Approval, error) {
	if consent.IsZero() {
		return Approval{}, nil
	}
	rows, err := v.Refs("approval", "consent", consent)
	for _, row := range rows {
		if a := ApprovalRow(row); a.How != ApprovalIssued {
			return a, nil
		}
	}
	return Approval{}, err
}

// Challenge returns the four digits that the technician reads out: they name the consent, so that a code fits only one.
func Challenge(consent record.ID) string {
	sum := sha256.Sum256(consent[:])
	return fmt.Sprintf("%04d", binary.BigEndian.Uint32(sum[:])%1e4)
}

// ApprovalCode returns the eight digits that say yes: an HMAC-SHA256 of job, amount and challenge under the person's
// secret, which both ends can compute without a network.
func ApprovalCode(secret []byte, job record.ID, amount Money, challenge string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(job[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(amount.Minor)))
	mac.Write([]byte(amount.Currency + "\x00" + challenge))
	return fmt.Sprintf("%08d", binary.BigEndian.Uint64(mac.Sum(nil))%1e8)
}

func secretID(person record.ID) record.ID { return NamedID("approval_secret", person.String()) }

// GiveSecret gives a person what one-time codes are made from, once; the hub does it.
func GiveSecret(tx Tx, person record.ID) error {
	row, err := tx.Row("approval_secret", secretID(person))
	if err != nil || row != nil {
		return err
	}
	var seed []byte
	for range 3 { // an id has 62 random bits after its eighth byte
		id := tx.NewID()
		seed = append(seed, id[:]...)
	}
	secret := sha256.Sum256(seed)
	return insert(tx, "approval_secret", secretID(person), record.Values{
		"person": record.Ref(person), "secret": record.Text(base64.StdEncoding.EncodeToString(secret[:])),
	})
}

// secretOf returns a person's secret. Codes: NoSecret.
func secretOf(v Reader, person record.ID) ([]byte, error) {
	row, err := v.Row("approval_secret", secretID(person))
	if err != nil {
		return nil, err
	}
	if row != nil {
		if secret, err := base64.StdEncoding.DecodeString(row.Get("secret").Text()); err == nil && len(secret) > 0 {
			return secret, nil
		}
	}
	return nil, fault.New(NoSecret, "there is nothing to check a code with: the phone must sync once")
}

// Approve gives the office's yes to a consent. Codes: ApprovalGiven, fault.UnknownRow.
func Approve(tx Tx, consent record.ID) error {
	c, err := waiting(tx, consent)
	if err != nil {
		return err
	}
	return c.approve(tx, record.Values{"how": record.Text(ApprovedByOffice)})
}

// ApprovalCodeInput is what a technician reads out: his job, the amount, the four digits on his phone.
type ApprovalCodeInput struct {
	Job       record.ID
	Person    record.ID
	Amount    Money
	Challenge string
}

// IssueApprovalCode gives the eight digits that the office reads out, and records that it did. Codes: BadAmount,
// BadCode for a challenge that is none, NoSecret, fault.UnknownRow.
func IssueApprovalCode(tx Tx, in ApprovalCodeInput) (string, error) {
	job, err := openJob(tx, in.Job)
	if err != nil {
		return "", err
	}
	if _, err := need(tx, "person", in.Person); err != nil {
		return "", err
	}
	if in.Amount.Minor <= 0 || in.Amount.Currency == "" {
		return "", fault.New(BadAmount, "for which amount, in which currency?")
	}
	if len(digits(in.Challenge)) != 4 {
		return "", fault.New(BadCode, "ask the technician for the four digits on his phone")
	}
	secret, err := secretOf(tx, in.Person)
	if err != nil {
		return "", err
	}
	values := record.Values{
		"branch": job.Get("branch"), "job": record.Ref(in.Job), "how": record.Text(ApprovalIssued),
		"amount": in.Amount.Value(), "challenge": record.Text(digits(in.Challenge)), "person": record.Ref(in.Person),
		"author": record.Ref(tx.Author()),
	}
	Moment{}.put(tx, values)
	id := issuedID(in.Job, in.Amount, digits(in.Challenge))
	known, err := tx.Row("approval", id)
	if err == nil && known == nil {
		err = insert(tx, "approval", id, values)
	}
	if err != nil {
		return "", err
	}
	return ApprovalCode(secret, in.Job, in.Amount, digits(in.Challenge)), nil
}

// issuedID returns the id of the row that says that the office gave a code: it follows from what the code is for, so that
// the hub knows at once whether it did when one comes back.
func issuedID(job record.ID, amount Money, challenge string) record.ID {
	return NamedID("approval_issued", job.String(), strconv.FormatInt(amount.Minor, 10), amount.Currency, challenge)
}

// ApproveByCode says yes with the digits that the office read out. Codes: BadCode, NoSecret, ApprovalGiven,
// fault.UnknownRow.
func ApproveByCode(tx Tx, consent record.ID, code string) error {
	c, err := waiting(tx, consent)
	if err != nil {
		return err
	}
	secret, err := secretOf(tx, c.Author)
	if err != nil {
		return err
	}
	challenge := Challenge(c.ID)
	if !hmac.Equal([]byte(ApprovalCode(secret, c.Job, c.Amount, challenge)), []byte(digits(code))) {
		return fault.Newf(BadCode, "that is not the code for this job, amount and challenge %s: read all of them out again", challenge)
	}
	return c.approve(tx, record.Values{
		"how": record.Text(ApprovedByCode), "code": record.Text(digits(code)), "challenge": record.Text(challenge),
		"person": record.Ref(c.Author),
	})
}

// GoOnFlagged goes on without the second yes because nobody can be reached, if the policy lets it; the office finds it
// among its discrepancies. Codes: MissingReason, ApprovalStopped, ApprovalGiven, fault.UnknownRow.
func GoOnFlagged(tx Tx, consent record.ID, reason string) error {
	c, err := waiting(tx, consent)
	if err != nil {
		return err
	}
	if reason, err = reasonFor("go on without the office's yes", reason); err != nil {
		return err
	}
	policy, version, err := InForce[ConsentPolicy](tx, PolicyConsent, c.Branch, tx.Now())
	if err != nil {
		return err
	}
	if policy.Unreachable != UnreachableProceed {
		return fault.New(ApprovalStopped, "without the office's yes this work is not to be done: try to reach it later")
	}
	return c.approve(tx, record.Values{
		"how": record.Text(ApprovalFlagged), "reason": record.Text(reason), "policy": record.Ref(version),
	})
}

// waiting returns a consent that waits for its second yes. Codes: ApprovalGiven, fault.UnknownRow.
func waiting(tx Tx, consent record.ID) (Consent, error) {
	row, err := need(tx, "consent", consent)
	if err != nil {
		return Consent{}, err
	}
	c := ConsentOf(row)
	if !c.NeedsSecond {
		return c, fault.New(ApprovalGiven, "the customer's consent is enough: no second yes is needed")
	}
	yes, err := ApprovalOf(tx, consent)
	if err == nil && !yes.ID.IsZero() {
		err = fault.New(ApprovalGiven, "the second yes is there already")
	}
	return c, err
}

func (c Consent) approve(tx Tx, values record.Values) error {
	values["branch"], values["job"], values["consent"] = record.Ref(c.Branch), record.Ref(c.Job), record.Ref(c.ID)
	values["amount"], values["author"] = c.Amount.Value(), record.Ref(tx.Author())
	Moment{}.put(tx, values)
	return insert(tx, "approval", tx.NewID(), values)
}

// digits returns the digits of what somebody typed or read out.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
