package client

import (
	"context"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Times is typed access to the user's clocks. A running clock is a mark that starts it, without the one that stops it;
// the steps of a visit set marks by themselves.
type Times struct{ c *Client }

// Time returns typed access to the user's clocks.
func (c *Client) Time() Times { return Times{c} }

// Start starts a clock of the kind (aftersales.TimeTravel, TimeWork, TimePause) on the job, and returns the mark's id.
// Codes: aftersales.ClockRunning, and those of aftersales.MarkTime.
func (t Times) Start(ctx context.Context, job record.ID, kind string) (record.ID, error) {
	return t.Mark(ctx, aftersales.MarkInput{Job: job, Kind: kind, Edge: aftersales.EdgeStart})
}

// Stop stops the clock that runs on the job, whatever its kind, and returns the mark's id. Codes:
// aftersales.ClockStopped, and those of aftersales.MarkTime.
func (t Times) Stop(ctx context.Context, job record.ID) (record.ID, error) {
	return add(ctx, t.c, aftersales.CauseTimeMark, stopClock, job)
}

func stopClock(tx Tx, job record.ID) (record.ID, error) {
	running, err := aftersales.RunningClock(tx, job, tx.Author())
	if err != nil {
		return record.ID{}, err
	}
	if running == nil {
		return record.ID{}, fault.New(aftersales.ClockStopped, "no clock of yours runs on this job")
	}
	return aftersales.MarkTime(tx, aftersales.MarkInput{Job: job, Kind: running.Kind, Edge: aftersales.EdgeStop})
}

// Mark sets one end of a stretch of time, or corrects one that was set, and returns the mark's id.
func (t Times) Mark(ctx context.Context, in aftersales.MarkInput) (record.ID, error) {
	return add(ctx, t.c, aftersales.CauseTimeMark, aftersales.MarkTime, in)
}

// Running returns the mark that started the user's clock on the job, nil if none runs.
func (t Times) Running(ctx context.Context, job record.ID) (*aftersales.TimeMark, error) {
	return see(ctx, t.c, func(tx Tx) (*aftersales.TimeMark, error) {
		return aftersales.RunningClock(tx, job, tx.Author())
	})
}

// Marks returns the user's marks on the job that no other replaces, in the order in which they happened.
func (t Times) Marks(ctx context.Context, job record.ID) ([]aftersales.TimeMark, error) {
	return see(ctx, t.c, func(tx Tx) ([]aftersales.TimeMark, error) {
		return aftersales.TimeMarks(tx, job, tx.Author())
	})
}

// Everybody returns how long everybody spent on the job, the lead first: the user's own time and that of his colleagues as far
// as their devices have sent it.
func (t Times) Everybody(ctx context.Context, job record.ID) ([]aftersales.PersonHours, error) {
	return see(ctx, t.c, func(tx Tx) ([]aftersales.PersonHours, error) { return aftersales.JobHours(tx, job, tx.Now()) })
}

// Spent returns how long the user worked on the job, by the kind of time; a running clock counts until now.
func (t Times) Spent(ctx context.Context, job record.ID) (map[string]time.Duration, error) {
	return see(ctx, t.c, func(tx Tx) (map[string]time.Duration, error) {
		spent, err := aftersales.TimeSpent(tx, job, tx.Author(), tx.Now())
		kinds := make(map[string]time.Duration, len(spent))
		for kind, ms := range spent {
			kinds[kind] = time.Duration(ms) * time.Millisecond
		}
		return kinds, err
	})
}
