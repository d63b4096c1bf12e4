package wire

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"

	"github.com/google/go-cmp/cmp"
)

func TestVerdictsJoinIntoRuns(t *testing.T) {
	t.Parallel()
	one := func(counter, seq uint64, o Outcome) Verdict {
		return Verdict{Counter: counter, Count: 1, Hash: record.Hash{byte(counter)}, Outcome: o, Seq: seq}
	}
	clamped := func(counter, seq uint64, eff clock.Stamp) Verdict {
		v := one(counter, seq, Applied)
		v.Eff = []clock.Stamp{eff}
		return v
	}
	hash := func(counters ...byte) record.Hash {
		var hashes []record.Hash
		for _, c := range counters {
			hashes = append(hashes, record.Hash{c})
		}
		return RunHash(hashes...)
	}
	for name, c := range map[string]struct{ single, want []Verdict }{
		"in consecutive commits": {
			[]Verdict{one(1, 10, Applied), one(2, 11, Applied), one(3, 12, Applied)},
			[]Verdict{{Counter: 1, Count: 3, Hash: hash(1, 2, 3), Outcome: Applied, Seq: 10}},
		},
		"broken by another device's commit": {
			[]Verdict{one(1, 10, Applied), one(2, 12, Applied)},
			[]Verdict{one(1, 10, Applied), one(2, 12, Applied)},
		},
		"broken by a counter that is answered elsewhere": {
			[]Verdict{one(1, 10, Merged), one(3, 11, Merged)},
			[]Verdict{one(1, 10, Merged), one(3, 11, Merged)},
		},
		"broken by another outcome": {
			[]Verdict{one(1, 10, Applied), one(2, 11, Merged), one(3, 12, Merged)},
			[]Verdict{one(1, 10, Applied), {Counter: 2, Count: 2, Hash: hash(2, 3), Outcome: Merged, Seq: 11}},
		},
		"refusals stand alone": {
			[]Verdict{one(1, 10, Quarantined), one(2, 11, Quarantined)},
			[]Verdict{one(1, 10, Quarantined), one(2, 11, Quarantined)},
		},
		"with the times they were given": {
			[]Verdict{clamped(1, 10, 70), clamped(2, 11, 60), one(3, 12, Applied)},
			[]Verdict{
				{Counter: 1, Count: 2, Hash: hash(1, 2), Outcome: Applied, Seq: 10, Eff: []clock.Stamp{70, 60}},
				one(3, 12, Applied),
			},
		},
	} {
		var got []Verdict
		for _, v := range c.single {
			got = Join(got, v)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestARunIsNamedByOneHash(t *testing.T) {
	t.Parallel()
	a, b, c := record.Hash{1}, record.Hash{2}, record.Hash{3}
	if RunHash() != (record.Hash{}) || RunHash(a) != a {
		t.Error("one change set is named by its own hash, none by zero")
	}
	if RunHash(a, b, c) != record.Chain(record.Chain(a, b), c) || RunHash(a, b) == RunHash(b, a) {
		t.Error("a run chains its hashes in order")
	}
}

func TestEffIsTheAuthorsUnlessGiven(t *testing.T) {
	t.Parallel()
	own, given := Verdict{Count: 2}, Verdict{Count: 2, Eff: []clock.Stamp{5, 6}}
	if own.EffOf(1, 9) != 9 || given.EffOf(1, 9) != 6 {
		t.Error(own.EffOf(1, 9), given.EffOf(1, 9))
	}
}
