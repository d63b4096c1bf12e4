package wire

import (
	"math"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// RunHash returns the one hash that names a run of change sets: the first's own, chained with each that follows.
func RunHash(hashes ...record.Hash) record.Hash {
	var run record.Hash
	for i, h := range hashes {
		if run = record.Chain(run, h); i == 0 {
			run = h
		}
	}
	return run
}

// Join appends the verdict of one change set to verdicts in counter order: to the last run if it continues it, else as
// a run of its own.
func Join(run []Verdict, v Verdict) []Verdict {
	if len(run) == 0 || !run[len(run)-1].continues(v) {
		return append(run, v)
	}
	last := &run[len(run)-1]
	last.Count++
	last.Hash = record.Chain(last.Hash, v.Hash)
	last.Eff = append(last.Eff, v.Eff...)
	return run
}

func (v *Verdict) continues(next Verdict) bool {
	return v.accepts() && next.Count == 1 && next.Outcome == v.Outcome && next.Counter == v.Counter+v.Count &&
		next.Seq == v.Seq+v.Count && (len(next.Eff) == 0) == (len(v.Eff) == 0)
}

func (v *Verdict) accepts() bool { return v.Outcome == Applied || v.Outcome == Merged }

// refuses reports whether the verdict says why the change set was not applied.
func (v *Verdict) refuses() bool { return v.Outcome == Quarantined || v.Outcome == Released }

// EffOf returns the effective time of the i-th change set of the run, whose author meant own.
func (v *Verdict) EffOf(i int, own clock.Stamp) clock.Stamp {
	if i < len(v.Eff) {
		return v.Eff[i]
	}
	return own
}

// minVerdict is what the shortest verdict takes: a gap.
const minVerdict = 3

// effFlag, beside an outcome, says that the effective times follow.
const effFlag = 8

// verdictWalk walks verdicts one after another: counters and commits are differences to what the one before leads
// to expect.
type verdictWalk struct {
	counter uint64
	seq     uint64
}

func (w *verdictWalk) walk(f *form, v *Verdict) {
	head := uint8(v.Outcome)
	if len(v.Eff) > 0 {
		head |= effFlag
	}
	if octet(f, &head, 1, 15); f.reading {
		v.Outcome = Outcome(head &^ effFlag)
	}
	w.walkPlace(f, v)
	if v.Outcome != Gap {
		f.fixed(v.Hash[:])
	}
	if head&effFlag != 0 {
		walkEffs(f, v)
	}
	if v.refuses() {
		text(f, &v.Code, MaxCode)
		f.prose(&v.Message)
	}
	w.check(f, v)
}

// walkPlace walks counters and commits.
func (w *verdictWalk) walkPlace(f *form, v *Verdict) {
	skipped, jump := v.Counter-w.counter, int64(v.Seq-w.seq)
	unsigned(f, &skipped)
	f.signed(&jump)
	if f.reading {
		v.Counter, v.Seq, v.Count = w.counter+skipped, w.seq+uint64(jump), 1
	}
	if v.Counter < w.counter {
		f.malformed()
	}
	if v.accepts() {
		unsigned(f, &v.Count)
	}
	w.counter, w.seq = v.Counter+v.Count, v.Seq+v.Count
}

func walkEffs(f *form, v *Verdict) {
	if f.reading {
		v.Eff = makeList[clock.Stamp](f, int(min(v.Count, math.MaxInt32)), 1)
	}
	last := clock.Stamp(0)
	for i := range v.Eff {
		step := int64(v.Eff[i] - last)
		f.signed(&step)
		if last += clock.Stamp(step); f.reading {
			v.Eff[i] = last
		}
	}
}

// check refuses what no verdict says.
func (w *verdictWalk) check(f *form, v *Verdict) {
	switch {
	case v.Outcome < Applied || v.Outcome > Released, v.Counter == 0, v.Count == 0, w.counter <= v.Counter,
		v.Count > 1 && !v.accepts(), len(v.Eff) > 0 && uint64(len(v.Eff)) != v.Count,
		v.Outcome == Gap && v.Hash != record.Hash{}, !v.refuses() && (v.Code != "" || v.Message != ""):
		f.malformed()
	}
}
