package importer

import (
	"context"
	"errors"
	"io"

	"fieldsync/sync/fault"
)

// Sink takes the jobs of a file in.
type Sink interface {
	// Known reports whether an earlier run put the row of that identity. The error has the code Clash where something else
	// stands in its place.
	Known(identity string) (bool, error)
	// Put makes the jobs, in their order, and whatever they need, their assets for one, so that Known knows them from then
	// on. A row that does not fit is refused with a *fault.Error with the code fault.Invalid or Clash, in its place of
	// refused: it is reported, and the rest is made. After any other error none of them is made.
	Put(rows []JobRow) (refused []error, err error)
}

// atOnce is how many records are put at once: enough to share the price of a durable write, little enough to do again.
const atOnce = 256

// Clash is the code of a row whose place is taken by something that was not imported.
const Clash fault.Code = "import_clash"

// Reporter hears of what a person should look at, as it is found; either function may be nil.
type Reporter struct {
	Warning func(Warning)
	Refused func(line int, reason string)
}

// Summary counts what a run did. Every record of the file is in exactly one of Imported, Known and Refused.
type Summary struct {
	Imported int `json:"imported"`
	Known    int `json:"known"` // imported by an earlier run
	Refused  int `json:"refused"`
	Warnings int `json:"warnings"`
}

// Run reads the file and puts every job that the sink does not know yet. After an error, the context's among them, the
// jobs put so far are in, and another run goes on behind them.
func Run(ctx context.Context, r io.Reader, opts Options, sink Sink, report Reporter) (Summary, error) {
	file, err := Jobs(r, opts)
	if err != nil {
		return Summary{}, err
	}
	run := run{sink: sink, report: report}
	var items []Item
	for item, err := range file.Items() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil { // what was read before it is taken in all the same
			return run.sum, errors.Join(err, run.take(items))
		}
		if items = append(items, item); len(items) < atOnce {
			continue
		}
		if err := run.take(items); err != nil {
			return run.sum, err
		}
		items = items[:0]
	}
	if err := run.take(items); err != nil {
		return run.sum, err
	}
	for _, w := range file.pending { // of a file that has a header only
		run.warn(w)
	}
	return run.sum, nil
}

type run struct {
	sink   Sink
	report Reporter
	sum    Summary
}

// take puts the jobs that are new, and reports what became of the records in the order of the file.
func (r *run) take(items []Item) error {
	fates := make([]fate, len(items))
	var jobs []JobRow
	var at []int // of items, for each of jobs
	for i := range items {
		var err error
		if fates[i], err = r.look(&items[i]); err != nil {
			return err
		}
		if fates[i] == (fate{}) {
			jobs, at = append(jobs, items[i].Job), append(at, i)
		}
	}
	if len(jobs) > 0 {
		refused, err := r.sink.Put(jobs)
		if err != nil {
			return err
		}
		for i, reason := range refused {
			if reason != nil {
				fates[at[i]].refused = reason.Error()
			}
		}
	}
	for i := range items {
		r.tell(&items[i], fates[i])
	}
	return nil
}

// fate is what becomes of a record; the zero fate is to be imported.
type fate struct {
	known   bool
	refused string
}

// look decides what needs no sink to write.
func (r *run) look(item *Item) (fate, error) {
	if item.Refused != "" {
		return fate{refused: item.Refused}, nil
	}
	known, err := r.sink.Known(item.Job.Identity)
	if fault.CodeOf(err) == Clash {
		return fate{refused: err.Error()}, nil
	}
	return fate{known: known}, err
}

func (r *run) tell(item *Item, f fate) {
	for _, w := range item.Warnings {
		r.warn(w)
	}
	switch {
	case f.refused != "":
		r.refuse(item.Job.Line, f.refused)
	case f.known:
		r.sum.Known++
	default:
		r.sum.Imported++
	}
}

func (r *run) warn(w Warning) {
	r.sum.Warnings++
	if r.report.Warning != nil {
		r.report.Warning(w)
	}
}

func (r *run) refuse(line int, reason string) {
	r.sum.Refused++
	if r.report.Refused != nil {
		r.report.Refused(line, reason)
	}
}
