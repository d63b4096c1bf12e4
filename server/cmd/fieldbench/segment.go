package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
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
	if err != nil {
		return err
	}
	w, p, err := r.device(ctx)
	if err != nil {
		return err
	}
	var took time.Duration
	var bytes, peak int64
	err = r.counting(t, w, r.rows, func() (err error) { took, bytes, peak, err = r.sync(w); return err })
	err = errors.Join(err, r.ready(w, t), r.holdsAll(w), w.stop(), os.RemoveAll(p.dir))
	if err != nil {
		return err
	}
	served, err := r.hub.tell(order{Do: "served"})
	if err == nil && served.Count != 1 {
		err = fmt.Errorf("the hub was asked for %d segments, not for one", served.Count)
	}
	rate, raw := perSecond(r.rows, took), perSecond(r.rows, time.Duration(bare.Nanos))
	t.add("rows_per_s", rate)
	t.add("raw_rows_per_s", raw)
	t.add("ratio", rate/raw)
	t.add("ms", millis(took))
	t.add("wire_bytes", float64(bytes))
	t.add("wire_bytes_per_row", float64(bytes)/float64(r.rows))
	t.add("peak_rss_mib", float64(peak)/1024)
	return err
}
