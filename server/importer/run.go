package importer

import (
	"context"
	"io"

	"fieldsync/sync/fault"
)

// Sink takes the jobs of a file in.
type Sink interface {
	// Known reports whether an earlier run put the row of that identity. The error has the code Clash where something else
	// stands in its place.
	Known(identity string) (bool, error)
	// Put makes the job and whatever it needs, its asset for one, so that Known knows it from then on. A row that
	// does not fit is a *fault.Error with the code fault.Invalid or Clash: it is reported, and the rest goes on.
	Put(row JobRow) error
}

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
	for item, err := range file.Items() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = run.take(item)
		}
		if err != nil {
			return run.sum, err
		}
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

func (r *run) take(item Item) error {
	for _, w := range item.Warnings {
		r.warn(w)
	}
	if item.Refused != "" {
		r.refuse(item.Job.Line, item.Refused)
		return nil
	}
	known, err := r.sink.Known(item.Job.Identity)
	if fault.CodeOf(err) == Clash {
		r.refuse(item.Job.Line, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if known {
		r.sum.Known++
		return nil
	}
	return r.put(item.Job)
}

func (r *run) put(job JobRow) error {
	err := r.sink.Put(job)
	switch {
	case fault.CodeOf(err) == fault.Invalid, fault.CodeOf(err) == Clash:
		r.refuse(job.Line, err.Error())
		return nil
	case err != nil:
		return err
	}
	r.sum.Imported++
	return nil
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
