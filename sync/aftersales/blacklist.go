package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Blacklisted says that nothing is taken on for this customer: the policy stops what its reason warns of.
const Blacklisted fault.Code = "blacklisted"

// WhyBlacklisted warns of a customer; its arg is the reason.
const WhyBlacklisted = "blacklisted"

// Blacklist warns of a customer from now on, or gives another reason for it. Codes: MissingReason, fault.UnknownRow.
func Blacklist(tx Tx, party record.ID, reason string) error {
	row, err := living(tx, "party", party)
	if err != nil {
		return err
	}
	if reason, err = reasonFor("blacklist the customer", reason); err != nil {
		return err
	}
	return tx.Update("party", row.ID, record.Values{
		"blacklisted": flag(true), "blacklist_reason": record.Text(reason),
	})
}

// Unblacklist takes a customer off the blacklist; why stands where the reason stood. Codes: MissingReason, WrongState,
// fault.UnknownRow.
func Unblacklist(tx Tx, party record.ID, reason string) error {
	row, err := living(tx, "party", party)
	if err != nil {
		return err
	}
	if reason, err = reasonFor("take the customer off the blacklist", reason); err != nil {
		return err
	}
	if !PartyOf(row).Blacklisted {
		return fault.New(WrongState, "the customer is not blacklisted")
	}
	return tx.Update("party", row.ID, record.Values{
		"blacklisted": flag(false), "blacklist_reason": record.Text(reason),
	})
}

// CustomerWarnings returns what somebody who takes a call of the customer should know first, and whether the intake policy of
// the branch stops him there. A customer who is not here, or was joined with another, is asked for by the row that
// stands for him.
func CustomerWarnings(v View, party, branch record.ID, at int64) (why []Reason, stop bool, err error) {
	p, err := rowFor(v, "party", party, PartyOf)
	if err != nil || !p.Blacklisted {
		return nil, false, err
	}
	policy, _, err := InForce[IntakePolicy](v, PolicyIntake, first(branch, p.Branch), at)
	return []Reason{{WhyBlacklisted, []string{p.BlacklistReason}}}, policy.Blacklist == BlacklistStop, err
}

// checkWelcome refuses to take on work for a customer where the policy stops it. Codes: Blacklisted.
func checkWelcome(tx Tx, party *record.Row, branch record.ID) error {
	if party == nil {
		return nil
	}
	why, stop, err := CustomerWarnings(tx, party.ID, branch, tx.Now())
	if err != nil || !stop {
		return err
	}
	return fault.Newf(Blacklisted, "the customer is blacklisted: %s. Ask the office", why[0].Args[0])
}
