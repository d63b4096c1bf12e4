package aftersales

import (
	"slices"

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
	return notMissedSince(tx, request, at)
}

// CheckStep refuses a moment (ms UTC, 0 for now) as of which a program says that somebody took a step of his visit: before the
// visit was given to him, before a step that he had taken, or before a promise was missed that nobody has kept. Codes:
// Backdated, fault.UnknownRow.
func CheckStep(tx Tx, visit record.ID, at int64) error {
	row, err := need(tx, "visit", visit)
	if err != nil || at == 0 {
		return err
	}
	v := VisitOf(row)
	given, err := tx.Row("assignment", v.Assignment)
	if err != nil {
		return err
	}
	marks, err := TimeMarks(tx, v.Job, v.Person)
	if err != nil {
		return err
	}
	earliest := max(AssignmentOf(given).AssignedAt, v.AcceptedAt, v.TravelAt, v.ArrivedAt)
	for _, m := range marks {
		earliest = max(earliest, m.Corrected)
	}
	if at < earliest {
		return fault.New(Backdated, "this lies before the visit was given to him, or before the step that he took last")
	}
	job, err := need(tx, "job", v.Job)
	if err != nil || job.Get("request").IsNull() {
		return err
	}
	return notMissedSince(tx, job.Get("request").Ref(), at)
}

// CheckOnJob refuses a moment (ms UTC, 0 for now) as of which a program says that something was charged or used for a job: before
// the job was reported, by prices and a warranty that were never the job's. Codes: Backdated, fault.UnknownRow.
func CheckOnJob(tx Tx, job record.ID, at int64) error {
	row, err := needIf(tx, "job", job)
	if err != nil || row == nil || at == 0 {
		return err
	}
	j := JobOf(row)
	request, err := tx.Row("request", j.Request)
	if err != nil {
		return err
	}
	reported := (j.ReportedOn - 1) * dayMillis // the day begins earlier in the east
	if request != nil {
		reported = min(reported, RequestOf(request).ReceivedAt)
	}
	if at < reported {
		return fault.New(Backdated, "this lies before the job was reported")
	}
	return nil
}

// CheckReturn refuses a moment (ms UTC, 0 for now) as of which a program says that a customer has his thing again: before it was
// taken. Codes: Backdated, fault.UnknownRow.
func CheckReturn(tx Tx, receipt record.ID, at int64) error {
	row, err := need(tx, "goods_receipt", receipt)
	if err == nil && at != 0 && at < GoodsReceiptOf(row).TakenAt {
		err = fault.New(Backdated, "this lies before the thing was taken")
	}
	return err
}

// notMissedSince refuses a moment that would keep a promise which was missed since.
func notMissedSince(tx Tx, request record.ID, at int64) error {
	clocks, err := clocksIfKnown(tx, request)
	for _, c := range clocks {
		if c.State == ClockBreached && c.Met == 0 && at <= c.Due {
			return fault.New(Backdated, "a promise was missed since: that stays so, whatever is reported later")
		}
	}
	return err
}

// missesStay makes a change of a row, and refuses it where a promise that was missed by then would be none any more: whoever
// says too late that a job, which was done in time, was that request's repairs nothing. Codes: Backdated, and those of the change.
func missesStay(tx Tx, row *record.Row, values record.Values, change func() error) error {
	before := map[record.ID][]Clock{}
	for _, request := range jobMoves(row, values) {
		clocks, err := clocksIfKnown(tx, request)
		if err != nil && fault.CodeOf(err) != fault.UnknownRow {
			return err
		}
		before[request] = clocks
	}
	if err := change(); err != nil {
		return err
	}
	for request, was := range before {
		is, err := clocksIfKnown(tx, request)
		if err != nil && fault.CodeOf(err) != fault.UnknownRow {
			return err
		}
		for _, c := range was {
			if c.State == ClockBreached && !slices.ContainsFunc(is, func(d Clock) bool { return d.Target == c.Target && d.State == ClockBreached }) {
				return fault.New(Backdated, "a promise was missed by then: that stays so, whatever else would have been promised")
			}
		}
	}
	return nil
}

// jobMoves returns the requests that the edit of a job takes it from and to.
func jobMoves(row *record.Row, values record.Values) (requests []record.ID) {
	to, given := values["request"]
	if row.Table.Name != "job" || !given || to == row.Get("request") {
		return nil
	}
	return slices.DeleteFunc([]record.ID{row.Get("request").Ref(), to.Ref()}, record.ID.IsZero)
}

// clocksIfKnown returns a request's clocks as of now; none where they go by a policy of a later version of this program: nothing is
// judged by it here.
func clocksIfKnown(tx Tx, request record.ID) ([]Clock, error) {
	clocks, err := SLA(tx, request, tx.Now())
	if fault.CodeOf(err) == BadPolicy {
		return nil, nil
	}
	return clocks, err
}
