package aftersales

import (
	"crypto/hmac"
	"encoding/json"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// What Review asks about the rows that a visit adds.

// lateOnVisit are the tables whose new rows belong to what an audit locks: after it they are supplements. Money that was
// taken, goods and parts are not among them: they are facts that stock and cash count.
var lateOnVisit = map[string]bool{"finding": true, "answer": true, "consent": true, "charge": true}

// lateInsert diverts a new row of a visit whose slip is audited, or of a job whose findings are, where it names no visit;
// it reports whether it did.
func (v *review) lateInsert(i int, t *schema.Table, c *record.RowChange) (bool, error) {
	if !lateOnVisit[t.Name] {
		return false, nil
	}
	of := Row{"visit", cell(t, c, "visit").Ref()}
	if of.ID.IsZero() {
		of = Row{"job", cell(t, c, "job").Ref()}
	}
	row, err := v.Row(of.Table, of.ID)
	if err != nil || row == nil || row.Get("locked_by").IsNull() {
		return false, err
	}
	v.divert(i, row, c, row.Get("locked_by").Ref(), SupplementAudited)
	return true, nil
}

// checkApproval lets a phone say yes by a code that fits, or go on flagged; the office is told of the latter.
func (v *review) checkApproval(t *schema.Table, c *record.RowChange) error {
	consent, job := cell(t, c, "consent").Ref(), cell(t, c, "job").Ref()
	switch cell(t, c, "how").Text() {
	case ApprovedByCode:
		secret, err := secretOf(v, cell(t, c, "person").Ref())
		if err != nil {
			return err
		}
		amount := cell(t, c, "amount")
		code := ApprovalCode(secret, job, Money{amount.Number(), amount.Text()}, Challenge(consent))
		if !hmac.Equal([]byte(code), []byte(cell(t, c, "code").Text())) {
			return fault.New(BadCode, "the code is not the one for this job, amount and challenge")
		}
		return v.checkIssued(c, job, consent)
	case ApprovalFlagged:
		return v.report(Discrepancy{
			ID: DiscrepancyID(DiscrepancyUnapproved, consent), Kind: DiscrepancyUnapproved, About: Row{"consent", consent},
			Branch: cell(t, c, "branch").Ref(), Job: job, Person: v.author, Note: cell(t, c, "reason").Text(),
		})
	}
	return fault.New(fault.NotAllowed, "the office's yes is given in the office")
}

// checkIssued tells the office of a code that fits though it has no record of having read it out.
func (v *review) checkIssued(c *record.RowChange, job, consent record.ID) error {
	amount := cell(approvalTable, c, "amount")
	row, err := v.Row("approval", issuedID(job, Money{amount.Number(), amount.Text()}, Challenge(consent)))
	if err != nil || row != nil {
		return err
	}
	return v.report(Discrepancy{
		ID: DiscrepancyID(DiscrepancyUnissued, c.ID), Kind: DiscrepancyUnissued, About: Row{"approval", c.ID},
		Branch: cell(approvalTable, c, "branch").Ref(), Job: job, Person: v.author,
	})
}

// checkConsent refuses a consent that claims to need no second yes where the policy that it names says that it does, and
// tells the office of one that would have needed it by the policy in force then, of which the phone had not heard: the work
// is done.
func (v *review) checkConsent(t *schema.Table, c *record.RowChange) error {
	row, err := v.Row("policy_version", cell(t, c, "policy").Ref())
	if err != nil {
		return err
	}
	amount, second := cell(t, c, "amount"), cell(t, c, "needs_second").Number() == 1
	price := Money{amount.Number(), amount.Text()}
	if row != nil {
		if err := fitsPolicy(PolicyVersionOf(row), price, second); err != nil {
			return err
		}
	}
	branch := cell(t, c, "branch").Ref()
	then, _, err := InForce[ConsentPolicy](v, PolicyConsent, branch, cell(t, c, "corrected").Number())
	if fault.CodeOf(err) == BadPolicy {
		return nil // of a later version of this program: it holds no work up
	}
	if err != nil || second || !then.needsSecond(price) {
		return err
	}
	return v.report(Discrepancy{
		ID: DiscrepancyID(DiscrepancyUnapproved, c.ID), Kind: DiscrepancyUnapproved, About: Row{"consent", c.ID},
		Branch: branch, Job: cell(t, c, "job").Ref(), Person: v.author,
	})
}

// fitsPolicy refuses a consent that goes by no policy for consents, or denies what the one that it names asks for.
func fitsPolicy(version PolicyVersion, price Money, second bool) error {
	var policy ConsentPolicy
	if version.Kind != PolicyConsent || json.Unmarshal([]byte(version.Body), &policy) != nil {
		return fault.New(BadPolicy, "a consent goes by a policy for consents")
	}
	if policy.needsSecond(price) && !second {
		return fault.New(ApprovalMissing, "this much needs the office's yes")
	}
	return nil
}

// report adds a discrepancy to what the change set becomes, once.
func (v *review) report(d Discrepancy) error {
	row, err := v.Row("discrepancy", d.ID)
	if err != nil || row != nil {
		return err
	}
	d.FoundAt = record.Within(v.cs.Stamp.Add(v.cs.Offset).Millis())
	c, err := d.opening()
	if err != nil {
		return err
	}
	v.kept, v.diverted = append(v.kept, c), true
	return nil
}
