package server

import (
	"cmp"
	"context"
	"slices"

	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Holding returns what the device holds and what it believes; nil for a device that there is not, or that is of somebody of other
// branches than those of the request, of whose jobs it tells alone. It follows from the
// last checkpoint that the device acknowledged, and from what the hub has judged since: the device itself is not asked.
func (p phones) Holding(ctx context.Context, id record.ID) (found *admin.Holding, err error) {
	err = p.Store.Read(ctx, func(v *store.View) error {
		d, err := v.Device(id)
		if err != nil || d == nil {
			return err
		}
		seen := reader{v, auth.BranchesOf(ctx)}
		if whose, err := seen.Row(record.Key{Table: aftersales.Schema.Table("person").ID, ID: d.Person}); err != nil || whose == nil && !seen.in.All {
			return err
		}
		found = &admin.Holding{Phone: phoneOf(d)}
		owner, err := v.Person(d.Person)
		if err != nil {
			return err
		}
		if owner != nil {
			found.Owner = owner.Name
		}
		refused, err := v.RefusedBy()
		if err != nil {
			return err
		}
		found.Refused = refused[d.ID]
		return (&belief{View: v, device: d, of: found, in: seen.in}).read()
	})
	if found != nil {
		p.hear(&found.Phone)
	}
	return found, err
}

// belief finds out what a device knows, within one snapshot.
type belief struct {
	*store.View
	device *store.Device
	actor  clock.Actor // its present incarnation
	of     *admin.Holding
	in     auth.Branches // whose jobs may be told of
}

func (b *belief) read() (err error) {
	if b.of.Head, err = b.Head(); err != nil {
		return err
	}
	actors, err := b.ActorsOf(b.device.Person)
	if err != nil {
		return err
	}
	for _, a := range actors { // in order: the last is the incarnation that writes now
		if a.Device == b.device.ID {
			b.actor, b.of.Knows = a.Actor, a.AckK
		}
	}
	if b.of.Knows > 0 {
		at, err := b.CommitTime(b.of.Knows)
		if err != nil {
			return err
		}
		b.of.KnowsAt = at.Millis()
	}
	holds, err := b.HoldsOf(b.device.Person, b.of.Knows)
	if err != nil {
		return err
	}
	return b.jobs(holds)
}

// jobs gathers the jobs that the device has, by what it knows, or shall have.
func (b *belief) jobs(holds []judge.Hold) error {
	byJob := map[record.ID]*admin.Believed{}
	for _, h := range holds {
		if h.Bucket.Kind != aftersales.JobBucket {
			b.of.Others++
			continue
		}
		job := byJob[h.Bucket.ID]
		if job == nil {
			job = &admin.Believed{Job: h.Bucket.ID}
			byJob[h.Bucket.ID] = job
		}
		job.Has = job.Has || h.Since <= b.of.Knows // and it ended after what the device knows, if it did
		job.Shall = job.Shall || h.Until == judge.Forever
	}
	for _, job := range byJob {
		seen, err := b.about(job)
		if err != nil {
			return err
		}
		if seen {
			b.of.Jobs = append(b.of.Jobs, *job)
		}
	}
	slices.SortFunc(b.of.Jobs, func(x, y admin.Believed) int {
		return cmp.Or(cmp.Compare(y.Unheard, x.Unheard), cmp.Compare(y.Number, x.Number))
	})
	return nil
}

// about says what the job is, and what the device has not heard of it; false where it is not to be told of.
func (b *belief) about(job *admin.Believed) (seen bool, err error) {
	row, err := b.Row(record.Key{Table: jobTable.ID, ID: job.Job})
	if err != nil || row == nil {
		return b.in.All, err
	}
	if !sees(b.in, row) {
		return false, nil
	}
	j := aftersales.JobOf(row)
	job.Number, job.Title, job.State, job.Believes = j.Number, j.Title, j.State, j.State
	bucket := record.Bucket{Kind: aftersales.JobBucket, ID: job.Job}
	for class := range schema.Classes {
		entries, err := b.FeedSince(bucket, schema.Class(class), b.of.Knows, b.of.Head, unheardMost)
		if err != nil {
			return false, err
		}
		job.Unheard += len(entries)
	}
	if !job.Has {
		job.Believes = ""
		return true, nil
	}
	if job.Unheard > 0 {
		job.Believes, err = b.stateThen(row)
	}
	return true, err
}

// unheardMost is how many rows that changed since are counted: beyond that "many" is what it means.
const unheardMost = 100

// stateThen returns the state of the job that the device was last told, or wrote itself; "" if the hub no longer knows.
func (b *belief) stateThen(job *record.Row) (string, error) {
	state := job.Table.Columns[job.Table.Column("state")].ID
	from := store.Position{Seq: judge.Forever, Dot: clock.Dot{}}
	entries, err := b.History([]record.Key{job.Key()}, from, historyMost)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if e.Seq > b.of.Knows && e.Dot.Actor != b.actor || e.Outcome == wire.Quarantined {
			continue
		}
		for _, c := range changeOf(e).Rows {
			for _, w := range c.Cells {
				if c.Key() == job.Key() && w.Column == state {
					return w.Value.Text(), nil
				}
			}
		}
	}
	return "", nil
}

// historyMost is how far back a state is sought: nobody changes a job more often than that behind a device's back.
const historyMost = 200
