package main

import (
	"context"
	"errors"
	"fmt"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// repair works on the jobs that wait for him, step by step; each step is a change of its own, durable before the next.
func (t *technician) repair(ctx context.Context, n int) error {
	jobs, err := t.waiting(ctx)
	if err != nil {
		return err
	}
	part, err := t.anyPart(ctx)
	if err != nil {
		return err
	}
	for _, job := range jobs[:min(n, len(jobs))] {
		for _, s := range t.steps(job, part) {
			if err := t.client.Update(ctx, s.cause, s.do); err != nil {
				return fmt.Errorf("%s: %w", s.cause, err)
			}
			if err := t.say(answer{Recorded: s.cause}); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish does all there is to do on the jobs, and completes them.
func (t *technician) finish(ctx context.Context, jobs []record.ID) error {
	part, err := t.anyPart(ctx)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		steps := t.steps(job, part)
		if steps[len(steps)-1].cause != aftersales.CauseJobComplete {
			steps = append(steps, t.complete(job, findings[0]))
		}
		for _, s := range steps {
			if err := t.client.Update(ctx, s.cause, s.do); err != nil {
				return fmt.Errorf("%s: %w", s.cause, err)
			}
		}
	}
	return nil
}

// use books that many of a part as used on the first of the jobs.
func (t *technician) use(ctx context.Context, o order) error {
	if len(o.Theirs) == 0 {
		return nil
	}
	return t.client.Update(ctx, aftersales.CausePartUse, func(tx client.Tx) error {
		in := aftersales.MoveInput{Part: o.Part, Quantity: aftersales.Quantity{Amount: int64(o.Jobs) * aftersales.One}, Job: o.Theirs[0]}
		_, err := aftersales.UsePart(tx, in)
		return err
	})
}

// waiting returns the jobs whose visit he has not begun, in order.
func (t *technician) waiting(ctx context.Context) ([]record.ID, error) {
	return t.ids(ctx, "SELECT job FROM visit WHERE state = 'assigned' AND _del = 0 ORDER BY id")
}

func (t *technician) anyPart(ctx context.Context) (record.ID, error) {
	parts, err := t.ids(ctx, "SELECT id FROM part WHERE _del = 0 ORDER BY id")
	if err != nil {
		return record.ID{}, err
	}
	if len(parts) == 0 {
		return record.ID{}, errors.New("no parts on this phone")
	}
	return parts[t.random.IntN(len(parts))], nil
}

// ids returns what a query for one column of ids gives.
func (t *technician) ids(ctx context.Context, query string, args ...any) ([]record.ID, error) {
	return sqlrow.IDs(t.client.Query(ctx, query, args...))
}

type step struct {
	cause string
	do    func(client.Tx) error
}

var findings = []string{
	"seal worn, replaced", "bearing loud, greased", "filter clogged, cleaned", "密封圈磨損，已更換", "噪音來自風扇，已緊固", "接头松动，已拧紧",
}

func (t *technician) steps(job, part record.ID) []step {
	visit := aftersales.VisitInput{Job: job}
	finding := findings[t.random.IntN(len(findings))]
	steps := []step{
		{aftersales.CauseVisitAccept, func(tx client.Tx) error { return aftersales.Accept(tx, visit) }},
		{aftersales.CauseVisitTravel, func(tx client.Tx) error { return aftersales.Travel(tx, visit) }},
		{aftersales.CauseVisitArrive, func(tx client.Tx) error {
			where, err := siteOf(tx, job)
			if err != nil {
				return err
			}
			return aftersales.Arrive(tx, aftersales.VisitInput{Job: job, Position: where})
		}},
		{aftersales.CausePartUse, func(tx client.Tx) error {
			_, err := aftersales.UsePart(tx, aftersales.MoveInput{Part: part, Quantity: aftersales.Quantity{Amount: 1000}, Job: job})
			return err
		}},
		{aftersales.CauseJobNote, func(tx client.Tx) error {
			_, err := aftersales.AddNote(tx, job, finding)
			return err
		}},
	}
	if t.random.IntN(4) == 0 {
		return steps // he has to come back
	}
	return append(steps, t.complete(job, finding))
}

func (t *technician) complete(job record.ID, finding string) step {
	return step{aftersales.CauseJobComplete, func(tx client.Tx) error {
		in := aftersales.CompleteInput{Summary: finding}
		in.Job, in.Finding = job, finding
		return aftersales.Complete(tx, in)
	}}
}

// siteOf returns where the job is, nil where nobody knows.
func siteOf(tx client.Tx, job record.ID) (*aftersales.Position, error) {
	row, err := tx.Row("job", job)
	if err != nil || row == nil {
		return nil, err
	}
	site, err := tx.Row("site", row.Get("site").Ref())
	if err != nil || site == nil || site.Get("latitude").IsNull() {
		return nil, err
	}
	return &aftersales.Position{Latitude: site.Get("latitude").Number(), Longitude: site.Get("longitude").Number()}, nil
}

// step does the next thing there is to do, as the live demo shows it; nothing where nothing is left.
func (t *technician) step(ctx context.Context) error {
	me, err := t.client.Person(ctx)
	if err != nil {
		return err
	}
	visits, err := t.ids(ctx, `SELECT v.id FROM visit v JOIN job j ON j.id = v.job WHERE v.person = ? AND v._del = 0 AND j._del = 0
		AND v.state IN ('assigned', 'accepted', 'travelling', 'on_site') AND j.state IN ('planned', 'in_work')
		ORDER BY v.state IN ('travelling', 'on_site') DESC, v.id LIMIT 1`, me[:])
	if err != nil || len(visits) == 0 {
		return err
	}
	part, err := t.anyPart(ctx)
	if err != nil {
		return err
	}
	var state string
	var job record.ID
	err = t.client.View(ctx, func(tx client.Tx) error {
		row, err := tx.Row("visit", visits[0])
		state, job = aftersales.VisitOf(row).State, aftersales.VisitOf(row).Job
		return err
	})
	if err != nil {
		return err
	}
	s := t.next(state, t.steps(job, part))
	return t.client.Update(ctx, s.cause, s.do)
}

// next picks what follows for a visit in the state. On site he uses parts and writes notes for a while.
func (t *technician) next(state string, steps []step) step {
	switch state {
	case aftersales.VisitAssigned:
		return steps[0]
	case aftersales.VisitAccepted:
		return steps[1]
	case aftersales.VisitTravelling:
		return steps[2]
	}
	return steps[3+t.random.IntN(len(steps)-3)]
}
