package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Backdated says that a program reports something of a request too late, or as of a moment that would make good what was missed.
const Backdated fault.Code = "backdated"

// reportedWithin is how long after it happened a program may report what clocks go by, in ms: the time that a message takes, and
// what two clocks are apart. Whoever has a network says it when it happens; devices without one keep their own times.
const reportedWithin = 5 * 60 * 1000

// CheckReported refuses a moment (ms UTC, 0 for now) as of which a program says that a customer was answered, or that his request
// waits, where no clock could have been right before: it was long ago, before he asked, or before a promise was missed that
// nobody has kept. Codes: Backdated, fault.UnknownRow.
func CheckReported(tx Tx, request record.ID, at int64) error {
	row, err := need(tx, "request", request)
	if err != nil || at == 0 {
		return err
	}
	if at < tx.Now()-reportedWithin {
		return fault.New(Backdated, "this was too long ago: what promises are judged by is reported when it happens, five minutes later at the most")
	}
	if at < RequestOf(row).ReceivedAt {
		return fault.New(Backdated, "this lies before the customer asked")
	}
	clocks, err := SLA(tx, request, tx.Now())
	if fault.CodeOf(err) == BadPolicy {
		return nil // of a later version of this program: nothing is judged by it here
	}
	for _, c := range clocks {
		if c.State == ClockBreached && c.Met == 0 && at <= c.Due {
			return fault.New(Backdated, "a promise was missed since: that stays so, whatever is reported later")
		}
	}
	return err
}
