package store

import (
	"errors"
	"math/rand/v2"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// What is remembered about the feed never hides an entry: whatever was written, undone and restarted, FeedSince gives
// what the table holds.
func TestTheFeedIsWhatTheTableHolds(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor := newActor(t, s, benchPerson)
	random := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		undo := random.IntN(4) == 0
		err := s.Write(t.Context(), func(tx *Tx) error {
			for range 1 + random.IntN(3) {
				if err := accept(tx, actor, random.IntN(8)); err != nil {
					return err
				}
				if err := changeMind(tx, actor, random.IntN(8)); err != nil {
					return err
				}
			}
			if undo {
				return errChangedMind
			}
			return nil
		})
		if err != nil && !errors.Is(err, errChangedMind) {
			t.Fatal(err)
		}
		if random.IntN(30) == 0 {
			s = reopen(t, s)
		}
		read(t, s, func(v *View) error {
			for job := range 8 {
				b := record.Bucket{Kind: 2, ID: benchID(job)}
				after := random.Uint64N(v.head + 2)
				got := must[[]judge.FeedEntry](t)(v.FeedSince(b, schema.ClassWork, after, v.head, 10))
				if want := entriesIn(t, v, b, after); len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
					t.Fatalf("after %d of %d: %v, want %v", after, v.head, got, want)
				}
			}
			return nil
		})
	}
	whole(t, s)
}

// changeMind makes a step that is undone, as whoever is refused does to those with whom he shares a commit.
func changeMind(tx *Tx, actor clock.Actor, job int) error {
	err := tx.Step(func() error { return errors.Join(accept(tx, actor, job), errChangedMind) })
	if errors.Is(err, errChangedMind) {
		return nil
	}
	return err
}

// What is undone beside it takes nothing from what a commit tells of: the feed shows it to whoever reads, and the registry,
// which outlives the database, knows how far its writer has come, and not of what was undone.
func TestWhoIsRefusedHidesNothingOfThoseHeSharesACommitWith(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	actor, other := newActor(t, s, benchPerson), newActor(t, s, benchPerson)
	write(t, s, func(tx *Tx) error {
		return errors.Join(tx.Step(func() error { return accept(tx, actor, 1) }), changeMind(tx, other, 2))
	})
	read(t, s, func(v *View) error {
		b := record.Bucket{Kind: 2, ID: benchID(1)}
		if got := must[[]judge.FeedEntry](t)(v.FeedSince(b, schema.ClassWork, 0, v.head, 10)); len(got) != 1 {
			t.Errorf("the feed shows %v", got)
		}
		return nil
	})
	counters := map[clock.Actor]uint64{}
	for _, a := range s.registry.all() {
		counters[a.Actor] = a.Counter
	}
	if counters[actor] != 1 || counters[other] != 0 {
		t.Errorf("the registry knows of %v", counters)
	}
	whole(t, s)
}

func entriesIn(t *testing.T, v *View, b record.Bucket, after uint64) (entries []judge.FeedEntry) {
	t.Helper()
	err := v.conn.Each(func(q *sqlrow.Rows) error {
		entries = append(entries, judge.FeedEntry{Seq: q.Uint(0), Key: key(q, 1)})
		return q.Err()
	}, "SELECT seq, tbl, pk FROM _feed WHERE bucket = ? AND seq > ? ORDER BY seq", b.Bytes(), int64(after))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestHeadsForgetWithoutHiding(t *testing.T) {
	t.Parallel()
	h := heads{floor: 10, upTo: 10, at: map[place]uint64{}}
	at := func(n int) place { return place{bucket: record.Bucket{Kind: 2, ID: benchID(n)}} }
	many := map[place]uint64{}
	for n := range maxHeads + 1 {
		many[at(n)] = 11
	}
	h.raise(many, 11)
	h.raise(map[place]uint64{at(1): 12}, 12)
	for _, c := range []struct {
		n           int
		after, head uint64
		quiet       bool
	}{
		{1, 12, 12, true}, {1, 11, 12, false}, {2, 11, 12, true}, {2, 10, 12, false}, {-1, 11, 12, true}, {-1, 10, 12, false},
		{2, 12, 13, false}, // the snapshot holds a commit of another process
	} {
		if got := h.quiet(at(c.n), c.after, c.head); got != c.quiet {
			t.Errorf("%+v: quiet is %v", c, got)
		}
	}
	if len(h.at) != 1 {
		t.Errorf("%d places are remembered", len(h.at))
	}
}
