package client

import (
	"context"
	"slices"

	"fieldsync/client/replica"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// PlanChange says what has become of the plan of a job since the person at the device last saw it.
type PlanChange struct {
	Job    record.ID `json:"job"`
	Number string    `json:"number"` // as it was seen
	What   string    `json:"what"`   // PlanMoved and the others
	Was    int64     `json:"was"`    // when it was to begin, ms UTC; 0 for no time
	WasEnd int64     `json:"was_end"`
	Start  int64     `json:"start"` // when it is to begin now; of PlanMoved
	Finish int64     `json:"finish"`
}

// What becomes of plans.
const (
	PlanMoved     = "moved"
	PlanCancelled = "cancelled" // the job is cancelled
	PlanTaken     = "taken"     // the job is somebody else's now, or nobody's; it may have left the device
)

// PlanChanges returns what has changed, since SawPlans and SawPlan were called, of the jobs that are the user's or were. What
// he did himself, as to finish a job or to decline it, is no news to him.
func (c *Client) PlanChanges(ctx context.Context) ([]PlanChange, error) {
	changes, _, err := c.comparePlans(ctx)
	return changes, err
}

// comparePlans returns what has changed, and which plans are nothing to be told of any more.
func (c *Client) comparePlans(ctx context.Context) (changes []PlanChange, over []record.ID, err error) {
	var seen []replica.Plan
	err = c.replica.Read(ctx, func(tx *replica.Tx) (err error) { seen, err = tx.Plans(); return err })
	changes = []PlanChange{}
	if err != nil || len(seen) == 0 {
		return changes, nil, err
	}
	err = c.View(ctx, func(tx Tx) error {
		for _, p := range seen {
			is, done, err := planNow(tx, p.Job)
			if err != nil {
				return err
			}
			is.Job, is.Number, is.Was, is.WasEnd = p.Job, p.Number, p.Start, p.Finish
			switch {
			case done:
				over = append(over, p.Job)
			case is.What != PlanMoved || is.Start != is.Was || is.Finish != is.WasEnd:
				changes = append(changes, is)
			}
		}
		return nil
	})
	return changes, over, err
}

// planNow returns where a job stands for the user, as PlanMoved where it is his still; done where he is done with it himself.
func planNow(tx Tx, job record.ID) (is PlanChange, done bool, err error) {
	row, err := tx.Row("job", job)
	if err != nil || row == nil {
		return PlanChange{What: PlanTaken}, false, err
	}
	l := JobLine{Job: aftersales.JobOf(row)}
	held, err := aftersales.Assignments(tx, job)
	if err != nil {
		return is, false, err
	}
	mine := func(states ...string) bool {
		return slices.ContainsFunc(held, func(a aftersales.Assignment) bool {
			return (a.Person == tx.Author() || !a.Team.IsZero()) && slices.Contains(states, a.State)
		})
	}
	switch {
	case l.State == aftersales.JobCancelled:
		return PlanChange{What: PlanCancelled}, false, nil
	case l.Over() || mine(aftersales.AssignmentFinished):
		return is, true, nil
	case !mine(aftersales.AssignmentOpen):
		return PlanChange{What: PlanTaken}, mine(aftersales.AssignmentDeclined), nil
	}
	err = l.window(tx)
	return PlanChange{What: PlanMoved, Start: l.Start, Finish: l.Finish}, false, err
}

// SawPlans notes that the user sees these jobs in a list: those that are his and that he has not seen before are known to him
// as they are now. What has changed of the others is news until SawPlan.
func (c *Client) SawPlans(ctx context.Context, list []JobLine) error {
	var fresh []replica.Plan
	err := c.replica.Read(ctx, func(tx *replica.Tx) error {
		seen, err := tx.Plans()
		known := map[record.ID]bool{}
		for _, p := range seen {
			known[p.Job] = true
		}
		for _, l := range list {
			if !known[l.ID] && !l.Over() {
				fresh = append(fresh, replica.Plan{Job: l.ID, Number: l.Number, Start: l.Start, Finish: l.Finish})
			}
		}
		return err
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	if fresh, err = c.ownPlans(ctx, fresh); err != nil || len(fresh) == 0 {
		return err
	}
	return c.replica.WriteBulk(ctx, func(tx *replica.Tx) error {
		for _, p := range fresh {
			if err := tx.PutPlan(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// ownPlans leaves out those of jobs that are not the user's: a manager sees everybody's.
func (c *Client) ownPlans(ctx context.Context, list []replica.Plan) (own []replica.Plan, err error) {
	err = c.View(ctx, func(tx Tx) error {
		for _, p := range list {
			is, done, err := planNow(tx, p.Job)
			if err != nil {
				return err
			}
			if is.What == PlanMoved && !done {
				own = append(own, p)
			}
		}
		return nil
	})
	return own, err
}

// SawPlan notes that the user knows how the job stands now; of a job that is not his any more nothing is kept.
func (c *Client) SawPlan(ctx context.Context, job record.ID) error {
	changes, over, err := c.comparePlans(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(changes, func(p PlanChange) bool { return p.Job == job })
	if at < 0 && len(over) == 0 {
		return nil
	}
	err = c.replica.WriteBulk(ctx, func(tx *replica.Tx) error {
		for _, id := range over {
			if err := tx.DropPlan(id); err != nil {
				return err
			}
		}
		switch {
		case at < 0:
			return nil
		case changes[at].What != PlanMoved:
			return tx.DropPlan(job)
		}
		return tx.PutPlan(replica.Plan{Job: job, Number: changes[at].Number, Start: changes[at].Start, Finish: changes[at].Finish})
	})
	if err == nil {
		c.tell([]record.Key{{Table: c.Schema.Table("job").ID, ID: job}}) // a notice of it may go
	}
	return err
}
