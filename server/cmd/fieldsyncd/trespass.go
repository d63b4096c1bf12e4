package main

import (
	"errors"
	"fmt"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// trespass has the office give some jobs of the stubborn technician to a colleague; he hears of it, and writes to them
// all the same. All of it is refused and none of it lost: the office lets one change through, and what hangs on it,
// puts another aside, and makes him a helper on the last job, so that he can send his change again.
func (t *teller) trespass() error {
	m := t.crew[stubborn]
	jobs, err := t.takeAway(m, 3)
	if err != nil {
		return err
	}
	if err := t.syncOne(m); err != nil {
		return err
	}
	a, err := m.tell(order{Do: "trespass", Theirs: jobs, Branch: t.company.branch})
	if err != nil {
		return err
	}
	if err := t.syncOne(m); err != nil {
		return err
	}
	refused, err := t.refused(a.Made)
	if err != nil {
		return err
	}
	for _, decide := range []func() error{
		func() error { return t.letThrough(a.Made[0], refused) },
		func() error { return t.putAside(a.Made[1], refused[a.Made[1]].Dot) },
		func() error { return t.sendAgain(m, jobs[2], a.Made[2]) },
	} {
		if err := decide(); err != nil {
			return err
		}
	}
	t.say("%d changes were refused and kept: 2 released, 1 put aside, 1 allowed and sent again", len(refused)+1)
	return nil
}

// takeAway gives n jobs that nobody has begun to a colleague.
func (t *teller) takeAway(m *member, n int) (jobs []record.ID, err error) {
	colleague := t.crew[stubborn+1]
	for _, job := range t.jobsOf(stubborn) {
		row, err := t.row("job", job)
		if err != nil {
			return nil, err
		}
		if row.Get("state").Text() != aftersales.JobPlanned || len(jobs) == n {
			continue
		}
		switch err := t.move(job, m.person, colleague.person); {
		case errors.Is(err, errNotHis): // it was moved before
		case err != nil:
			return nil, err
		default:
			jobs = append(jobs, job)
		}
	}
	if len(jobs) < n {
		return nil, fmt.Errorf("%s has only %d jobs left that nobody began", m.name, len(jobs))
	}
	return jobs, nil
}

// refused returns the changes that wait for a decision, by the row that they make; what hangs on another stands under
// the zero id. It checks that they are what was to be expected.
func (t *teller) refused(made []record.ID) (map[record.ID]store.Refused, error) {
	open, err := t.quarantined(true)
	if err != nil {
		return nil, err
	}
	found := map[record.ID]store.Refused{}
	for _, e := range open {
		cs, err := record.ParseChangeSet(e.Encoded)
		switch {
		case err != nil:
			return nil, err
		case e.Code == fault.DependsOn:
			found[record.ID{}] = e
		case e.Code == fault.LateWrite:
			found[cs.Rows[0].ID] = e
		}
	}
	for _, id := range append(made, record.ID{}) {
		if _, ok := found[id]; !ok {
			return nil, fmt.Errorf("of %d changes that were to be refused, %d were", len(made)+1, len(found))
		}
	}
	return found, nil
}

// quarantined returns the changes that were refused; only those that nobody has decided about, or all there ever were.
func (t *teller) quarantined(open bool) (list []store.Refused, err error) {
	err = t.company.core.Store.Read(t.ctx, func(v *store.View) error {
		list, err = v.Quarantined(open, store.Position{}, 1<<20)
		return err
	})
	return list, err
}

// letThrough releases a change and then the one that hangs on it, which cannot go first.
func (t *teller) letThrough(visit record.ID, refused map[record.ID]store.Refused) error {
	office, dependant := t.company.core.Hub, refused[record.ID{}].Dot
	if _, err := office.Release(t.ctx, record.ID{}, record.ID{}, dependant, nil); fault.CodeOf(err) != fault.DependsOn {
		return fmt.Errorf("what hangs on a refused change was let through before it: %v", err)
	}
	for _, dot := range []clock.Dot{refused[visit].Dot, dependant} {
		if _, err := office.Release(t.ctx, record.ID{}, record.ID{}, dot, nil); err != nil {
			return err
		}
	}
	row, err := t.row("visit", visit)
	if err != nil {
		return err
	}
	if row == nil || row.Get("note").Text() != afterthought {
		return errors.New("what was released has not taken effect")
	}
	return nil
}

// putAside dismisses a change: it takes no effect, and can still be read.
func (t *teller) putAside(visit record.ID, dot clock.Dot) error {
	if _, err := t.company.core.Hub.Dismiss(t.ctx, record.ID{}, record.ID{}, dot); err != nil {
		return err
	}
	if row, err := t.row("visit", visit); row != nil || err != nil {
		return errors.Join(errors.New("what was put aside has taken effect"), err)
	}
	return t.readable(dot)
}

// readable checks that a refused change which was decided about is still there, whole.
func (t *teller) readable(dot clock.Dot) error {
	return t.company.core.Store.Read(t.ctx, func(v *store.View) error {
		e, err := v.Entry(dot)
		if err != nil {
			return err
		}
		if e == nil || e.Outcome != wire.Quarantined || e.Closed.IsZero() {
			return errors.New("a change that was decided about is not in the ledger any more")
		}
		cs, err := record.ParseChangeSet(e.Encoded)
		if err == nil && len(cs.Rows) == 0 {
			err = errors.New("a change that was put aside is empty")
		}
		return err
	})
}

// sendAgain makes the technician a helper on the job, and has him send his refused change once more.
func (t *teller) sendAgain(m *member, job, visit record.ID) error {
	err := t.company.do(t.ctx, aftersales.CauseJobAssign, func(tx aftersales.Tx) error {
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: m.person})
		return err
	})
	if err != nil {
		return err
	}
	if err := t.syncOne(m); err != nil {
		return err
	}
	if _, err := m.tell(order{Do: "resend", Again: visit}); err != nil {
		return err
	}
	if err := t.syncOne(m); err != nil {
		return err
	}
	if row, err := t.row("visit", visit); row == nil || err != nil {
		return errors.Join(errors.New("what was sent again has not taken effect"), err)
	}
	return t.remember(m)
}

// row returns the living row on the hub, nil if there is none.
func (t *teller) row(table string, id record.ID) (row *record.Row, err error) {
	key := record.Key{Table: aftersales.Schema.Table(table).ID, ID: id}
	err = t.company.core.Hub.View(t.ctx, func(v hub.View) error {
		row, err = v.Row(key)
		if row != nil && row.Deleted {
			row = nil
		}
		return err
	})
	return row, err
}
