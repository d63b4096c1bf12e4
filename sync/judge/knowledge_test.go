package judge_test

import (
	"testing"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// loss is a job that a technician held up to a commit: a change set judged at a K below it is accepted, others are not.
type loss struct {
	*tech
	job record.Key
	at  uint64
}

func newLoss(t *testing.T) *loss {
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	l := &loss{tech: a, job: job, at: w.ends(w.assign(job, a.Person))}
	w.busy(5)
	return l
}

func (l *loss) claims(k uint64) *record.ChangeSet {
	return l.knows(k, l.change(record.Update, l.job, text("title", "changed")))
}

func (l *loss) acknowledges(k, written uint64) {
	l.Helper()
	l.must(l.batch(func(b *judge.Batch) error { return b.Acknowledge(l.actor, k, written) }))
}

// K is what the author claims to have known, raised to what he has been heard to know.
func TestHowMuchAnAuthorKnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tell func(*loss) *record.ChangeSet
		late bool
	}{
		"he says that he had not heard": {func(l *loss) *record.ChangeSet { return l.claims(l.at - 1) }, false},
		"he says that he had":           {func(l *loss) *record.ChangeSet { return l.claims(l.at) }, true},
		"more than there is to know":    {func(l *loss) *record.ChangeSet { return l.claims(1 << 40) }, true},
		"he acknowledged it, and then wrote": {func(l *loss) *record.ChangeSet {
			l.acknowledges(l.at, 0)
			return l.claims(l.at - 1)
		}, true},
		"he wrote, and then acknowledged it": {func(l *loss) *record.ChangeSet {
			l.acknowledges(l.at, 1)
			return l.claims(l.at - 1)
		}, false},
		"an older acknowledgement takes nothing back": {func(l *loss) *record.ChangeSet {
			l.acknowledges(l.at, 0)
			l.acknowledges(l.at-1, 1)
			return l.claims(l.at - 1)
		}, true},
		"the same acknowledgement again says no more": {func(l *loss) *record.ChangeSet {
			l.acknowledges(l.at, 0)
			l.acknowledges(l.at, 1)
			return l.claims(l.at - 1)
		}, true},
		"an earlier change set of his knew": {func(l *loss) *record.ChangeSet {
			l.sends(l.knows(l.at))
			return l.claims(l.at - 1)
		}, true},
		"an earlier change set of his did not": {func(l *loss) *record.ChangeSet {
			l.sends(l.knows(l.at - 1))
			return l.claims(l.at - 1)
		}, false},
		"in an epoch that is gone, and the restored hub knows": {func(l *loss) *record.ChangeSet {
			cs := l.claims(l.at + 3)
			l.cfg.Epoch, l.cfg.RestoreAt = 1, l.at
			return cs
		}, true},
		"in an epoch that is gone, after the restore point": {func(l *loss) *record.ChangeSet {
			cs := l.claims(l.at + 3)
			l.cfg.Epoch, l.cfg.RestoreAt = 1, l.at-1
			return cs
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLoss(t)
			r := l.sends(c.tell(l))
			if c.late {
				l.expect(r, wire.Quarantined, fault.LateWrite)
			} else {
				l.expect(r, wire.Merged, "")
			}
		})
	}
}

func TestAnAcknowledgementOfNobodyIsPassedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.batch(func(b *judge.Batch) error { return b.Acknowledge(w.desk+1<<20, 1, 1) }))
}

func TestNobodyAcknowledgesTheFuture(t *testing.T) {
	t.Parallel()
	l := newLoss(t)
	l.acknowledges(1<<40, 0)
	if got, head := l.world.actor(l.tech.actor).AckK, l.head(); got != head {
		t.Errorf("acknowledged %d of %d", got, head)
	}
}

// When something happened is its author's word, within what the hub knows: not before the news that he had heard, nor
// after he was heard.
func TestTheTimeOfAChangeIsClamped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wrote  time.Duration // after the job was given, by his clock
		offset time.Duration
		want   time.Duration // 0: when the job was given; an hour: when he was heard
	}{
		"as he says":                       {10 * time.Minute, 0, 10 * time.Minute},
		"corrected":                        {3*time.Hour + 10*time.Minute, -3 * time.Hour, 10 * time.Minute},
		"a slow clock":                     {-time.Hour, 0, 0},
		"a clock of the year 1970":         {-50 * 365 * day, 0, 0},
		"a fast clock":                     {5 * time.Hour, 0, time.Hour},
		"corrected by far too much":        {10 * time.Minute, 99 * time.Hour, time.Hour},
		"a fast clock, corrected too much": {time.Hour, -2 * time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a, job := w.tech(), w.job("a pump")
			w.assign(job, a.Person)
			given := w.now
			cs := a.knows(w.head(), w.change(record.Update, job, text("title", "changed")))
			cs.Stamp, cs.Offset = given.Add(c.wrote.Milliseconds()), c.offset.Milliseconds()
			w.now = given.Add(time.Hour.Milliseconds() - 1000)
			var told clock.Stamp
			w.cfg.Rules = ruling(func(_ judge.Rows, _ *record.ChangeSet, by judge.Author) (judge.Decision, error) {
				told = by.Eff
				return judge.Decision{}, nil
			})
			r := a.sends(cs)
			if told != r.Eff {
				t.Errorf("rules are told %v, want %v", told, r.Eff)
			}
			if got := time.Duration(r.Eff.Millis()-given.Millis()) * time.Millisecond; got != c.want {
				t.Errorf("effective %v after the job was given, want %v", got, c.want)
			}
			if r.Meant != cs.Stamp.Add(cs.Offset) {
				t.Errorf("meant at %d", r.Meant)
			}
		})
	}
}

func TestAChangeKeepsTheTimeItWasGivenBeforeARestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Epoch = 1
	a := w.tech()
	given := clock.StampAt(1_749_000_000_000)
	for name, c := range map[string]struct {
		epoch uint32
		given clock.Stamp
		want  func(cs *record.ChangeSet) clock.Stamp
	}{
		"in the epoch before": {0, given, func(*record.ChangeSet) clock.Stamp { return given }},
		"in this epoch":       {1, given, func(cs *record.ChangeSet) clock.Stamp { return cs.Stamp }},
		"never given one":     {0, 0, func(cs *record.ChangeSet) clock.Stamp { return cs.Stamp }},
		"of the future":       {0, w.now.Add(99_000_000), func(*record.ChangeSet) clock.Stamp { return w.now }},
	} {
		cs := a.knows(0, w.change(record.Insert, w.fresh("job"), nil))
		cs.Epoch = c.epoch
		r := a.pushes(wire.Pushed{Encoded: cs.AppendBinary(nil), Prior: &wire.Prior{Outcome: wire.Applied, Eff: c.given}})
		if want := c.want(cs); r.Eff != want {
			t.Errorf("%s: effective at %d, want %d", name, r.Eff, want)
		}
	}
}

// The hub's own clock may stumble; commit times never do.
func TestCommitTimesNeverDecrease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.busy(1)
	w.now = w.now.Add(-day.Milliseconds())
	w.busy(1)
	w.tx(func(tx judge.Store) error {
		one, err := tx.CommitTime(1)
		w.must(err)
		two, err := tx.CommitTime(2)
		if two < one {
			t.Errorf("%d after %d", two, one)
		}
		return err
	})
}

// Nobody has heard of what comes. Who says that he has is taken at no more than all there is, and what he writes later is
// judged by what he can have known then: else one such word would throw his honest work away.
func TestNobodyKnowsWhatComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, job := w.tech(), w.job("a pump")
	given := w.assign(job, a.Person)
	a.expect(a.sends(a.knows(1<<40, a.change(record.Update, job, text("title", "by a liar")))), wire.Applied, "")
	lost := w.ends(given)
	a.expect(a.sends(a.knows(lost-1, a.change(record.Update, job, text("title", "unheard")))), wire.Merged, "")
}
