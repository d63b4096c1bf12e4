package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// ReplanInput moves one of those who are on a job to another time, in ms UTC; both zero takes his time back.
type ReplanInput struct {
	Assignment record.ID
	Start, End int64
}

// Replan moves one of those who are on a job to another time. Who leads the job takes its own window along, and those
// of his crew who were to be there with him: half a crew at the old time would be of no use to anybody. Codes:
// BadWindow, WrongState, CodeJobClosed, fault.UnknownRow.
func Replan(tx Tx, in ReplanInput) error {
	if err := checkWindow(in.Start, in.End); err != nil {
		return err
	}
	row, err := need(tx, "assignment", in.Assignment)
	if err != nil {
		return err
	}
	moved := AssignmentOf(row)
	if moved.State != AssignmentOpen {
		return fault.Newf(WrongState, "the assignment is %v already", moved.State)
	}
	if _, err := activeJob(tx, moved.Job); err != nil {
		return err
	}
	if moved.Role == Lead {
		plan := record.Values{"plan_start": at(in.Start), "plan_end": at(in.End)}
		if err := tx.Update("job", moved.Job, plan); err != nil {
			return err
		}
	}
	crew, err := Assignments(tx, moved.Job, AssignmentOpen)
	for _, a := range crew {
		if a.ID != moved.ID && (moved.Role != Lead || a.WindowStart != moved.WindowStart || a.WindowEnd != moved.WindowEnd) {
			continue
		}
		window := record.Values{"window_start": at(in.Start), "window_end": at(in.End)}
		if err := tx.Update("assignment", a.ID, window); err != nil {
			return err
		}
	}
	return err
}
