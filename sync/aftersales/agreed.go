package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// CheckAgreed opens a discrepancy where a job is done for which its customer is to pay though he did not agree to so much, or more
// than the limit of then though the second yes is not there, and settles it when they come; one that a person settled stays so.
// The hub runs it. Codes: fault.UnknownRow.
func CheckAgreed(tx Tx, job record.ID) error {
	row, err := need(tx, "job", job)
	if err != nil {
		return err
	}
	j := JobOf(row)
	id := DiscrepancyID(DiscrepancyUnapproved, job)
	missing, err := unapproved(tx, j)
	if err != nil {
		return err
	}
	if !missing {
		return heal(tx, id, "it was agreed to")
	}
	known, err := tx.Row("discrepancy", id)
	if err != nil || known != nil && !DiscrepancyOf(known).SettledBy.IsZero() {
		return err
	}
	visits, err := Visits(tx, job)
	if err != nil {
		return err
	}
	var who record.ID
	for _, v := range visits {
		if v.State == VisitCompleted {
			who = v.Person
		}
	}
	return report(tx, Discrepancy{
		ID: id, Kind: DiscrepancyUnapproved, About: Row{"job", job}, Branch: j.Branch, Job: job, Person: who,
	})
}

// unapproved reports whether the job was done for money without the customer's consent, or for more than the limit without the
// second yes.
func unapproved(tx Tx, j Job) (bool, error) {
	if j.State != JobDone && j.State != JobClosed {
		return false, nil
	}
	totals, err := ChargeTotalsEach(tx, j.ID)
	if err != nil {
		return false, ignore(err, BadMoney)
	}
	policy, _, err := InForce[ConsentPolicy](tx, PolicyConsent, j.Branch, j.FinishedAt)
	if err != nil {
		return false, ignore(err, BadPolicy) // of a later version of this program: it holds no work up
	}
	for _, t := range totals {
		if t.Rounded.Minor <= 0 {
			continue
		}
		_, err := NeedConsent(tx, j.ID, t.Rounded)
		switch code := fault.CodeOf(err); {
		case code == ConsentMissing, code == ApprovalMissing && policy.needsSecond(t.Rounded):
			return true, nil
		case err != nil && code != ApprovalMissing: // he agreed to more than it came to
			return false, err
		}
	}
	return false, nil
}
