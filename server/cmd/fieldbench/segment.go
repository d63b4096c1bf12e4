package main

import (
	"context"
	"errors"
	"fmt"
)

// segment is first-sync with rows that everybody holds, which the hub has ready in a file. The rate of a table that is copied from
// another, by statements for ten thousand rows each, is measured right before, in the same run.
func segment(ctx context.Context, r *rig, t *tally) error {
	defer r.proxy.lead(r.address) // the catalogue's hub has it meanwhile
	c, err := r.catalogue(ctx)
	for run := 0; run < r.runs && err == nil; run++ {
		err = c.takeSegment(ctx, t)
	}
	return errors.Join(err, c.stopHub())
}

func (r *rig) takeSegment(ctx context.Context, t *tally) error {
	bare, err := r.table(ctx, "copy")
	if err == nil {
		err = r.restart(ctx)
	}
	if err == nil {
		_, err = r.hub.tell(order{Do: "segment"})
	}
	if err == nil {
		err = r.fetchAll(ctx, t, bare)
	}
	if err != nil {
		return err
	}
	served, err := r.hub.tell(order{Do: "served"})
	if err == nil && served.Count != 1 {
		err = fmt.Errorf("the hub was asked for %d segments, not for one", served.Count)
	}
	return err
}
