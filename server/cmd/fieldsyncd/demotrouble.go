package main

import (
	"context"
	"slices"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What needs a person when the demo begins is real: phones work without a network while the office does something else.

// Who of the crew gets into trouble: those who go on by themselves.
const (
	crossed    = 0 // the office cancels what he has just repaired
	trespasser = 1 // she writes about jobs that were taken from her
)

// trouble has what phones and the office did meanwhile come together: two jobs that are both done and cancelled, a note on
// both sides, changes that are refused, a part that is handed over and not taken yet, and one more used than there was.
func (l *live) trouble(ctx context.Context) error {
	for _, step := range []func(context.Context) error{l.crossing, l.trespassing, l.handingOver, l.runningOut} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, m := range l.crew {
		if _, err := m.tell(order{Do: "sync", Within: time.Minute}); err != nil {
			return err
		}
	}
	return l.company.core.Reconcile(ctx)
}

// crossing has a technician finish two jobs while the office cancels them.
func (l *live) crossing(ctx context.Context) error {
	m := l.crew[crossed]
	jobs, err := l.waiting(ctx, m, 2)
	if err != nil {
		return err
	}
	if _, err := m.tell(order{Do: "finish", Theirs: jobs}); err != nil {
		return err
	}
	for _, job := range jobs {
		err := l.company.do(ctx, aftersales.CauseJobCancel, func(tx aftersales.Tx) error {
			return aftersales.CancelJob(tx, aftersales.CancelInput{Job: job, Reason: "客户来电取消：机器已送原厂"})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// trespassing has a technician write about jobs that the office gave to a colleague, which she knew.
func (l *live) trespassing(ctx context.Context) error {
	m := l.crew[trespasser]
	jobs, err := l.waiting(ctx, m, 2)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		err := l.company.doAs(ctx, atDesk(dispatcher), aftersales.CauseJobReassign, func(tx aftersales.Tx) error {
			assignments, err := aftersales.Assignments(tx, job, aftersales.AssignmentOpen)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(assignments, func(a aftersales.Assignment) bool { return a.Person == m.person })
			if i < 0 {
				return errNotHis
			}
			colleague := aftersales.NamedID("demo", "person", demoStaff[4].name)
			_, err = aftersales.Reassign(tx, aftersales.ReassignInput{Assignment: assignments[i].ID, Person: colleague, Reason: "closer by"})
			return err
		})
		if err != nil {
			return err
		}
	}
	if _, err := m.tell(order{Do: "sync", Within: time.Minute}); err != nil {
		return err
	}
	_, err = m.tell(order{Do: "trespass", Theirs: jobs, Branch: branchID(demoCrew[trespasser].branch)})
	return err
}

// handingOver has one technician give a part to another, who has not taken it yet.
func (l *live) handingOver(context.Context) error {
	_, err := l.crew[crossed].tell(order{Do: "give", To: l.crew[played[0]].person, Part: partID("FLT-OIL")})
	return err
}

// runningOut has a technician use more of a part than lay in the van, because somebody had not booked what he put there.
func (l *live) runningOut(ctx context.Context) error {
	m := l.crew[crossed]
	jobs, err := l.waiting(ctx, m, 1)
	if err != nil {
		return err
	}
	_, err = m.tell(order{Do: "use", Theirs: jobs, Part: partID("FUSE-16"), Jobs: inVan + 2})
	return err
}

// waiting returns the first n jobs of the member's that nobody has begun.
func (l *live) waiting(ctx context.Context, m *member, n int) ([]record.ID, error) {
	jobs, err := l.company.ids(ctx, `SELECT job.id FROM job JOIN assignment a ON a.job = job.id AND a.person = ? AND a.state = 'open'
		WHERE job._del = 0 AND job.state = 'planned' ORDER BY a.window_start, job.id`, m.person[:])
	return jobs[:min(n, len(jobs))], err
}
