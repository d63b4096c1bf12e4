package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// fill makes the jobs, or takes them from a file, and gives everybody his.
func (l *live) fill(ctx context.Context, file string) error {
	for _, t := range demoCrew {
		m := l.newMember(t.name, t.folder)
		person, code, err := l.company.hire(ctx, t.name, branchID(t.branch))
		if err != nil {
			return err
		}
		m.person, m.code = person, code
		l.crew = append(l.crew, m)
	}
	known, err := l.company.jobs(ctx)
	if err != nil || len(known) > 0 {
		return err // a demo that was kept
	}
	if file != "" {
		return l.fillFrom(ctx, file)
	}
	l.filled = true
	return l.fillWithDemo(ctx)
}

// newMember is the next of the crew, who does as the demo's seed says.
func (l *live) newMember(name, folder string) *member {
	return &member{name: name, dir: filepath.Join(l.dir, folder), seed: l.seed + uint64(len(l.crew))}
}

func (l *live) fillFrom(ctx context.Context, file string) error {
	sum, err := l.importFile(ctx, l.company, file)
	if err != nil {
		return err
	}
	l.tell("%s imported, %s, %d refused.", many(sum.Made, "job"), many(sum.Warnings, "warning"), sum.Refused)
	jobs, err := l.company.jobs(ctx)
	if err != nil {
		return err
	}
	for i := range demoCrew {
		for n, window := range dayOf(time.Now(), demoTours) {
			if at := n*len(demoCrew) + i; at < len(jobs) {
				if err := l.assign(ctx, l.crew[i], jobs[at], window); err != nil {
					return err
				}
			}
		}
	}
	return l.together(ctx)
}

// fillWithDemo makes today's jobs, some that nobody has yet, and some that are over.
func (l *live) fillWithDemo(ctx context.Context) error {
	if err := l.company.staff(ctx); err != nil {
		return err
	}
	machines, err := l.company.settleIn(ctx)
	if err != nil {
		return err
	}
	if err := l.company.serve(ctx); err != nil {
		return err
	}
	if err := l.loadVans(ctx); err != nil {
		return err
	}
	if err := l.remember(ctx, machines); err != nil {
		return err
	}
	number := 100
	next := func(branch string, window time.Time) (id record.ID, err error) {
		number++
		units := machines[branch]
		j := demoJob{fmt.Sprintf("D-%d", number), branch, units[number%len(units)], demoFaults[number%len(demoFaults)], window}
		err = l.company.do(ctx, aftersales.CauseJobCreate, func(tx aftersales.Tx) error {
			id, err = j.create(tx)
			return err
		})
		return id, err
	}
	for i, t := range demoCrew {
		for _, window := range dayOf(time.Now(), demoTours) {
			job, err := next(t.branch, window)
			if err == nil {
				err = l.assign(ctx, l.crew[i], job, window)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := l.together(ctx); err != nil {
		return err
	}
	if err := l.organise(ctx); err != nil {
		return err
	}
	for i := range 2 * len(demoCrew) {
		t := demoCrew[i%len(demoCrew)]
		job, err := next(t.branch, time.Time{})
		if err == nil && i < len(demoCrew) {
			err = l.finish(ctx, l.crew[i], job)
		}
		if err != nil {
			return err
		}
	}
	return l.show(ctx)
}

// inVan is how many of each part a van has in the morning.
const inVan = 3

// loadVans gives everybody some of each part.
func (l *live) loadVans(ctx context.Context) error {
	parts, err := l.company.ids(ctx, "SELECT id FROM part ORDER BY id")
	if err != nil {
		return err
	}
	return l.company.do(ctx, aftersales.CausePartReceive, func(tx aftersales.Tx) error {
		for _, m := range l.crew {
			van, err := aftersales.VanOf(tx, m.person)
			if err != nil {
				return err
			}
			for _, part := range parts {
				in := aftersales.MoveInput{Part: part, Quantity: aftersales.Quantity{Amount: inVan * aftersales.One}, To: van.ID}
				if _, err := aftersales.ReceivePart(tx, in); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// together makes the second of those who are played a helper on the last job of the first, half an hour after he begins: so
// it is the last of both, whatever becomes of the others, and what one does shows on the other's phone.
func (l *live) together(ctx context.Context) error {
	jobs, err := l.company.ids(ctx, `SELECT job FROM assignment WHERE person = ? AND state = 'open' ORDER BY window_start DESC, id DESC LIMIT 1`, l.personOf(0))
	if err != nil || len(jobs) == 0 {
		return err
	}
	last := dayOf(time.Now(), demoTours)[demoTours-1]
	return l.assign(ctx, l.crew[played[1]], jobs[0], last.Add(30*time.Minute))
}

// personOf returns the id of one of those who are played, as SQL has it.
func (l *live) personOf(n int) []byte {
	id := l.crew[played[n]].person
	return id[:]
}

func (l *live) assign(ctx context.Context, m *member, job record.ID, window time.Time) error {
	return l.company.do(ctx, aftersales.CauseJobAssign, func(tx aftersales.Tx) error {
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{
			Job: job, Person: m.person, WindowStart: window.UnixMilli(), WindowEnd: window.Add(90 * time.Minute).UnixMilli(),
		})
		return err
	})
}

// finish has the technician have done the job yesterday.
func (l *live) finish(ctx context.Context, m *member, job record.ID) error {
	if err := l.assign(ctx, m, job, time.Now().AddDate(0, 0, -1)); err != nil {
		return err
	}
	visit := aftersales.VisitInput{Job: job}
	in := aftersales.CompleteInput{Summary: "replaced and tested"}
	in.Job, in.Finding = job, "seal worn"
	return l.company.doAs(ctx, m.person, aftersales.CauseJobComplete, func(tx aftersales.Tx) error {
		for _, step := range []func(aftersales.Tx, aftersales.VisitInput) error{aftersales.Accept, aftersales.Travel, aftersales.Arrive} {
			if err := step(tx, visit); err != nil {
				return err
			}
		}
		return aftersales.Complete(tx, in)
	})
}
