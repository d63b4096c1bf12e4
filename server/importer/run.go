package importer

import (
	"context"
	"errors"

	"fieldsync/sync/fault"
)

// Sink takes the rows of a file in.
type Sink interface {
	// Put makes what the rows say, in their order, with whatever they need, their machines for one, and returns what it did
	// with each. A row that does not fit is refused, and the rest is made; after an error none of them is.
	Put(rows []Row) ([]Fate, error)
}

// Did is what became of a row.
type Did string

// What becomes of rows.
const (
	Made    Did = "made"
	Changed Did = "changed" // what it is about was there, and is now as the row says
	Same    Did = "same"    // an earlier run made it, or it is so already
	Refused Did = "refused"
)

// Fate is what became of a row, why it was refused, and what of one that was not is worth a look.
type Fate struct {
	Did  Did
	Why  Remark
	Look []Remark
}

// atOnce is how many records are put at once: enough to share the price of a durable write, little enough to do again.
const atOnce = 256

// Clash is the code of a row whose place is taken by something that was not imported.
const Clash fault.Code = "import_clash"

// Reporter hears of the records in the order of the file, once they are put; either function may be nil.
type Reporter struct {
	Warning func(Warning)
	Row     func(Item, Fate) error // an error ends the run
}

// Summary counts what a run did. Every record of the file is in exactly one of Made, Changed, Same and Refused.
type Summary struct {
	Made     int `json:"imported"`
	Changed  int `json:"changed"`
	Same     int `json:"known"` // imported by an earlier run, or so already
	Refused  int `json:"refused"`
	Warnings int `json:"warnings"`
}

// Rows returns how many records there were.
func (s Summary) Rows() int { return s.Made + s.Changed + s.Same + s.Refused }

// Run reads the file and puts every row. After an error, the context's among them, the rows put so far are in, and
// another run goes on behind them.
func Run(ctx context.Context, file *File, sink Sink, report Reporter) (Summary, error) {
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

// take puts the rows that can be, and reports what became of the records in the order of the file.
func (r *run) take(items []Item) error {
	var rows []Row
	for i := range items {
		if !items[i].Refused.Says() {
			rows = append(rows, items[i].Row)
		}
	}
	var fates []Fate
	if len(rows) > 0 {
		var err error
		if fates, err = r.sink.Put(rows); err != nil {
			return err
		}
	}
	for i := range items {
		fate := Fate{Did: Refused, Why: items[i].Refused}
		if !fate.Why.Says() {
			fate, fates = fates[0], fates[1:]
		}
		if err := r.tell(items[i], fate); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) tell(item Item, fate Fate) error {
	for _, w := range item.Warnings {
		r.warn(w)
	}
	for _, look := range fate.Look {
		r.warn(Warning{Line: item.Row.Line, Why: look})
	}
	switch fate.Did {
	case Made:
		r.sum.Made++
	case Changed:
		r.sum.Changed++
	case Same:
		r.sum.Same++
	case Refused:
		r.sum.Refused++
	}
	if r.report.Row == nil {
		return nil
	}
	return r.report.Row(item, fate)
}

func (r *run) warn(w Warning) {
	r.sum.Warnings++
	if r.report.Warning != nil {
		r.report.Warning(w)
	}
}
