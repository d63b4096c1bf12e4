package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// deed is a change that a technician makes under load, as it is said to whoever checks him: before its commit, so that
// nothing can be there of which nobody knows.
type deed struct {
	N      int    // counts from 1 in each process
	Row    string // "table/id"
	Column string
	Value  string // which no other deed of anybody writes
	Over   string // the value that he saw there; "" where he saw none
}

// labour is what a technician does by himself while he takes orders.
type labour struct {
	stop  context.CancelFunc // nil while he rests
	ended sync.WaitGroup
	n     int
}

// work has him write about the jobs at a pace, connected whenever there is a network, until he is told to rest.
func (t *technician) work(o order) error {
	t.rest()
	if err := t.client.Connect(); err != nil || o.Rate <= 0 {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	random := rand.New(rand.NewPCG(t.random.Uint64(), 3))
	t.labour.stop = stop
	t.labour.ended.Go(func() {
		pace := time.NewTicker(time.Duration(float64(time.Second) / o.Rate))
		defer pace.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-pace.C:
			}
			t.labour.n++
			t.do(&deed{N: t.labour.n}, o.On[random.IntN(len(o.On))], random.IntN(3) == 0)
		}
	})
	return nil
}

func (t *technician) rest() {
	if t.labour.stop != nil {
		t.labour.stop()
		t.labour.ended.Wait()
		t.labour.stop = nil
	}
}

// do writes one note about the job: over the one that stands there, or as one more.
func (t *technician) do(d *deed, job record.ID, over bool) {
	cause := aftersales.CauseJobNote
	if over {
		cause = aftersales.CauseEdit
	}
	err := t.client.Update(context.Background(), cause, func(tx client.Tx) (err error) {
		d.Value = "note " + tx.NewID().String()
		if over {
			err = d.replace(tx, job)
		} else {
			err = d.add(tx, job)
		}
		if err != nil {
			return err
		}
		return t.say(answer{Meant: d})
	})
	said := answer{Kept: d.N}
	if err != nil {
		said = answer{Failed: d.N, Reason: err.Error()}
	}
	_ = t.say(said) // nobody listens any more when this fails
}

func (d *deed) replace(tx client.Tx, job record.ID) error {
	row, err := tx.Row("job", job)
	if err == nil && row == nil {
		err = errors.New("the job is not on this phone")
	}
	if err != nil {
		return err
	}
	d.Row, d.Column, d.Over = "job/"+job.String(), "note", aftersales.JobOf(row).Note
	return tx.Update("job", job, record.Values{"note": record.Text(d.Value)})
}

func (d *deed) add(tx client.Tx, job record.ID) error {
	id, err := aftersales.AddNote(tx, job, d.Value)
	d.Row, d.Column = "comment/"+id.String(), "text"
	return err
}
