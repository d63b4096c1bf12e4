package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/worktime"
)

// A wait mark is one end of a stretch in which a request waits: for the customer, for parts, or for us, who owe it a plan or a
// report (EventPlan, EventReport), which were given when that stretch ended, be it that nobody said when it began. Whether its
// clocks rest meanwhile is for the service promise to say.
var waitMarkTable = &schema.Table{
	ID: 24, Name: "wait_mark", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "request", "request", required, fixed),
		ref(2, "author", "person"),
		code(3, "reason", required), // code list "wait"
		enum(4, "edge", []string{EdgeStart, EdgeStop}, required),
		ref(5, "replaces", "wait_mark"),
		text(6, "note"),
	}, occurred()),
	Buckets: []schema.Bucket{in(RequestBucket, "request")},
	Rights:  add(RightWork),
}

// WaitMark is a row of the table wait_mark.
type WaitMark struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Request   record.ID `json:"request"`
	Author    record.ID `json:"author"`
	Reason    string    `json:"reason"`
	Edge      string    `json:"edge"`
	Replaces  record.ID `json:"replaces"`
	Note      string    `json:"note"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// WaitMarkOf returns the row as a WaitMark; the zero WaitMark for nil.
func WaitMarkOf(r *record.Row) WaitMark { return view[WaitMark](r) }

// Wait is a stretch in which a request waited. End 0: it still does.
type Wait struct {
	Reason            string `json:"reason"`
	worktime.Interval `json:"interval"`
}

// Waits returns what the request waited for, in the order in which it began to.
func Waits(tx View, request record.ID) ([]Wait, error) {
	marks, err := waitMarks(tx, request)
	return waitsOf(marks), err
}

// waitMarks returns the marks of a request that stand, in the order in which they happened.
func waitMarks(tx View, request record.ID) ([]WaitMark, error) {
	rows, err := tx.Refs("wait_mark", "request", request)
	if err != nil {
		return nil, err
	}
	marks := make([]WaitMark, 0, len(rows))
	for _, row := range standing(rows) {
		marks = append(marks, WaitMarkOf(row))
	}
	slices.SortStableFunc(marks, func(a, b WaitMark) int {
		return cmp.Or(cmp.Compare(a.Corrected, b.Corrected), compareIDs(a.ID, b.ID))
	})
	return marks, nil
}

func waitsOf(marks []WaitMark) (waits []Wait) {
	for _, m := range marks {
		running := slices.IndexFunc(waits, func(w Wait) bool { return w.Reason == m.Reason && w.End == 0 })
		switch {
		case m.Edge == EdgeStart && running < 0:
			waits = append(waits, Wait{m.Reason, worktime.Interval{Start: m.Corrected}})
		case m.Edge == EdgeStop && running >= 0:
			waits[running].End = m.Corrected
		}
	}
	return waits
}

// Owed are the events that are something which the customer is given, and the codes of the list "wait" while he waits for it.
var Owed = []string{EventPlan, EventReport}

// givenAt returns when the customer was first given what he waits for no longer (ms UTC); 0 where he was not, or waits for it again.
func givenAt(marks []WaitMark, what string) (at int64) {
	for _, m := range marks {
		switch {
		case m.Reason != what:
		case m.Edge == EdgeStart:
			at = 0
		case at == 0:
			at = m.Corrected
		}
	}
	return at
}

// WaitInput is one end of a stretch of waiting.
type WaitInput struct {
	Request  record.ID
	Reason   string // of the list "wait"
	Edge     string
	At       Moment
	Replaces record.ID // the mark that this one corrects
	Note     string
}

// MarkWait says that a request begins to wait, or does no longer, or corrects what was said; that it no longer waits for a plan or
// a report says that the customer has it, the report also when the request is solved. Codes: ClockRunning, ClockStopped,
// UnknownCode, WrongState for a request that is over, fault.UnknownRow.
func MarkWait(tx Tx, in WaitInput) (record.ID, error) {
	row, err := need(tx, "request", in.Request)
	if err != nil {
		return record.ID{}, err
	}
	r := RequestOf(row)
	gives := in.Edge == EdgeStop && slices.Contains(Owed, in.Reason)
	afterwards := gives && in.Reason == EventReport && r.State == RequestSolved
	if r.Over() && in.Replaces.IsZero() && !afterwards {
		return record.ID{}, fault.Newf(WrongState, "the request is %v: it waits for nothing", r.State)
	}
	if in.Reason == "" {
		return record.ID{}, fault.New(UnknownCode, "say what the request waits for")
	}
	if err := checkCode(tx, ListWait, in.Reason); err != nil && !gives {
		return record.ID{}, err
	}
	if err := in.fits(tx); err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(r.Branch), "request": record.Ref(r.ID), "author": record.Ref(tx.Author()),
		"reason": record.Text(in.Reason), "edge": record.Text(in.Edge), "replaces": record.Ref(in.Replaces),
		"note": optional(in.Note),
	}
	in.At.put(tx, values)
	id := tx.NewID()
	return id, insert(tx, "wait_mark", id, values)
}

// fits refuses a mark that makes no stretch. A correction fits where the mark it replaces is.
func (in WaitInput) fits(tx Tx) error {
	if !in.Replaces.IsZero() {
		_, err := need(tx, "wait_mark", in.Replaces)
		return err
	}
	marks, err := waitMarks(tx, in.Request)
	if err != nil {
		return err
	}
	waiting := slices.ContainsFunc(waitsOf(marks), func(w Wait) bool { return w.Reason == in.Reason && w.End == 0 })
	switch {
	case in.Edge == EdgeStart && waiting:
		return fault.New(ClockRunning, "the request waits for this already")
	case in.Edge == EdgeStop && slices.Contains(Owed, in.Reason) && givenAt(marks, in.Reason) == 0:
		return nil
	case in.Edge == EdgeStop && !waiting:
		return fault.New(ClockStopped, "the request does not wait for this")
	}
	return nil
}
