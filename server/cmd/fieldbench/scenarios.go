package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// scenario is one measurement. Its runs are gathered in a tally, whose medians are the result.
type scenario struct {
	name  string
	about string
	run   func(ctx context.Context, r *rig, t *tally) error
}

func scenarios() []scenario {
	return []scenario{
		{"first-sync", "an empty device fetches all rows from a hub that was just started; beside it, a bare table", firstSync},
		{"segment", "an empty device takes all rows, which everybody holds, out of a file that the hub has ready; beside it, one table copied into another", segment},
		{"push", "a device delivers 10,000 offline edits of three columns, each its own change set", push},
		{"delta", "the office changed 100 rows while the device was away; it comes back and fetches them", delta},
		{"noop", "a device reconnects, 100 times a run, and there is nothing to do", noop},
		{"live", "one device changes a row, another one that is online hears of it, 500 times; -devices are online besides", live},
		{"idle", "many devices are online and nothing happens: what each of them takes of the hub's memory", idle},
		{"storm", "many devices come back at the same moment, and nothing has changed", storm},
		{"mixed", "many devices write for a minute, each a change and then the next, while the office reads and writes", mixed},
		{"size", "a device's database beside a bare table of the same rows", size},
	}
}

// How much is done in a run.
const (
	pushEdits   = 10_000
	deltaEdits  = 100
	reconnects  = 100 // what one takes of the hub alone is less than what happens on it anyway
	liveChanges = 500
)

// firstSync is timed from the dial until the device has committed the last row and built its indexes. The rate of the
// bare table is measured right before, in the same run.
func firstSync(ctx context.Context, r *rig, t *tally) error {
	for range r.runs {
		bare, err := r.table(ctx, "load")
		if err != nil {
			return err
		}
		if err := r.restart(ctx); err != nil {
			return err
		}
		if err := r.fetchAll(ctx, t, bare); err != nil {
			return err
		}
	}
	return nil
}

// fetchAll has a fresh device fetch every row, and notes how that compares with the bare table.
func (r *rig) fetchAll(ctx context.Context, t *tally, bare answer) error {
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
	rate, raw := perSecond(r.rows, took), perSecond(r.rows, time.Duration(bare.Nanos))
	t.add("rows_per_s", rate)
	t.add("raw_rows_per_s", raw)
	t.add("ratio", rate/raw)
	t.add("ms", millis(took))
	t.add("wire_bytes", float64(bytes))
	t.add("wire_bytes_per_row", float64(bytes)/float64(r.rows))
	t.add("peak_rss_mib", float64(peak)/1024)
	return nil
}

// ready notes when work was possible on a device that was synced.
func (r *rig) ready(w *worker, t *tally) error {
	a, err := w.tell(order{Do: "ready"})
	t.add("ready_ms", millis(time.Duration(a.Ready)))
	return err
}

// holdsAll checks that the device has every row of the hub.
func (r *rig) holdsAll(w *worker) error {
	a, err := w.tell(order{Do: "jobs"})
	if err == nil && a.Count != r.rows {
		err = fmt.Errorf("the device has %d of %d rows", a.Count, r.rows)
	}
	return err
}

// push is timed from the dial until every change set has its verdict, durably on both ends. The edits are made before,
// offline.
func push(ctx context.Context, r *rig, t *tally) error {
	w, err := r.synced(ctx)
	if err != nil {
		return err
	}
	edits := min(pushEdits, r.rows)
	for run := range r.runs {
		if _, err = w.tell(order{Do: "edit", Count: edits, Seed: uint64(run)}); err != nil {
			break
		}
		var took time.Duration
		var bytes int64
		failed := r.counting(t, w, edits, func() (err error) { took, bytes, _, err = r.sync(w); return err })
		if err = errors.Join(failed, settled(w)); err != nil {
			break
		}
		if run == 0 {
			t.add("first_rows_per_s", perSecond(edits, took)) // of a device that has never pushed, to a hub that has judged nothing
		}
		t.add("rows_per_s", perSecond(edits, took))
		t.add("ms", millis(took))
		t.add("wire_bytes", float64(bytes))
		t.add("wire_bytes_per_row", float64(bytes)/float64(edits))
	}
	return errors.Join(err, w.stop())
}

// settled checks that all that the device wrote was accepted.
func settled(w *worker) error {
	a, err := w.tell(order{Do: "state"})
	if err == nil && a.Pending+a.Refused > 0 {
		err = fmt.Errorf("%d changes wait for a verdict, %d were refused", a.Pending, a.Refused)
	}
	return err
}

func delta(ctx context.Context, r *rig, t *tally) error {
	w, err := r.synced(ctx)
	if err != nil {
		return err
	}
	edits := min(deltaEdits, r.rows)
	for run := range r.runs {
		if _, err = r.hub.tell(order{Do: "edit", Count: edits, Seed: uint64(run)}); err != nil {
			break
		}
		var took time.Duration
		var bytes int64
		if err = r.counting(t, w, edits, func() (err error) { took, bytes, _, err = r.sync(w); return err }); err != nil {
			break
		}
		t.add("ms", millis(took))
		t.add("wire_bytes", float64(bytes))
		t.add("wire_bytes_per_row", float64(bytes)/float64(edits))
	}
	return errors.Join(err, w.stop())
}

// noop is measured with another device in each run: a hub puts off one that comes too often.
func noop(ctx context.Context, r *rig, t *tally) error {
	for range r.runs {
		w, err := r.synced(ctx)
		if err != nil {
			return err
		}
		err = r.counting(t, w, reconnects, func() error {
			for range reconnects {
				took, bytes, _, err := r.sync(w)
				if err != nil {
					return err
				}
				t.add("ms", millis(took))
				t.add("wire_bytes", float64(bytes))
			}
			return nil
		})
		if err = errors.Join(err, w.stop()); err != nil {
			return err
		}
	}
	return nil
}

// size compares files as they lie on the disk after everything was closed.
func size(ctx context.Context, r *rig, t *tally) error {
	if err := r.restart(ctx); err != nil {
		return err
	}
	bare, err := r.table(ctx, "load")
	if err != nil {
		return err
	}
	w, p, err := r.device(ctx)
	if err != nil {
		return err
	}
	_, _, _, err = r.sync(w)
	if err = errors.Join(err, r.holdsAll(w), w.stop()); err != nil {
		return err
	}
	file, err := os.Stat(filepath.Join(p.dir, replicaName))
	if err != nil {
		return err
	}
	t.add("db_bytes_per_row", float64(file.Size())/float64(r.rows))
	t.add("raw_bytes_per_row", float64(bare.Bytes)/float64(r.rows))
	t.add("ratio", float64(file.Size())/float64(bare.Bytes))
	indexed, err := indexedSize(ctx, p)
	t.add("search_bytes_per_row", float64(indexed-file.Size())/float64(r.rows))
	return err
}

// indexedSize builds the search index in the device's file, and returns how large the file is then.
func indexedSize(ctx context.Context, p place) (int64, error) {
	w, err := startWorker(ctx, "search-process", p)
	if err != nil {
		return 0, err
	}
	_, err = w.tell(order{Do: "index"})
	if err = errors.Join(err, w.stop()); err != nil {
		return 0, err
	}
	file, err := os.Stat(filepath.Join(p.dir, replicaName))
	if err != nil {
		return 0, err
	}
	return file.Size(), nil
}

func perSecond(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
