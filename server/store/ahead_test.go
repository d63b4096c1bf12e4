package store

import (
	"bytes"
	"slices"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// What was read beside the writer is worth nothing once somebody has written it, whatever stood between.
func TestRowsReadBesideTheWriterAreThoseOfToday(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at somewhere) {
		s := withJobs(t, at, 8)
		keys := make([]record.Key, 8)
		for i := range keys {
			keys[i] = record.Key{Table: 2, ID: benchID(i)}
		}
		edit(t, s, keys[7]) // the store began with the commit before: what a snapshot of it has, it does not vouch for
		for name, c := range map[string]struct {
			between func()
			taken   bool
		}{
			"nothing":                {func() {}, true},
			"another row":            {func() { edit(t, s, keys[7]) }, true},
			"the row":                {func() { edit(t, s, keys[0]) }, false},
			"the row, and then more": {func() { edit(t, s, keys[0]); edit(t, s, keys[7]) }, false},
			"more than is remembered": {func() {
				edit(t, s, keys[0])
				for range maxPast {
					edit(t, s, keys[7])
				}
			}, false},
			"a transaction that was given up": {func() {
				_ = s.Write(t.Context(), func(tx *Tx) error { change(t, tx, keys[0], 1_000_000); return errLost })
			}, true},
			"the row, without a commit number": {func() {
				write(t, s, func(tx *Tx) error { change(t, tx, keys[0], 0); return nil })
			}, false},
		} {
			edit(t, s, keys[6]) // or a snapshot would be no later than what was written without a number
			if err := s.Foresee(t.Context(), keys[:6]); err != nil {
				t.Fatal(err)
			}
			read := s.foreseen.rows[keys[0]].row
			c.between()
			write(t, s, func(tx *Tx) error {
				if err := tx.Foresee(keys[:6]); err != nil {
					return err
				}
				row, err := tx.Row(keys[0])
				if now := stored(t, tx, keys[0]).Cols[9]; row.Cols[9].Compare(now) != 0 {
					t.Errorf("%s: the transaction was given %v, and there is %v", name, row.Cols[9], now)
				}
				if (row == read) != c.taken {
					t.Errorf("%s: that what was read is taken is %v, want %v", name, !c.taken, c.taken)
				}
				return err
			})
		}
		if n := len(s.foreseen.rows); n > 0 {
			t.Errorf("%d rows wait that were asked for", n)
		}
	})
}

// A hint that nobody takes up does not fill the memory.
func TestFewRowsWaitToBeAskedFor(t *testing.T) {
	t.Parallel()
	var f foreseen
	for i := range 3 {
		rows := map[record.Key]*record.Row{}
		for n := range maxForeseen/2 + 1 {
			rows[record.Key{Table: 2, ID: benchID(i*maxForeseen + n)}] = nil
		}
		if f.add(rows, 1); len(f.rows) > maxForeseen {
			t.Fatalf("%d rows wait, want at most %d", len(f.rows), maxForeseen)
		}
	}
}

// What refers to a row is the same whether it was read ahead or not, and whoever asks twice is answered twice.
func TestWhatRefersToRowsIsReadAhead(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at somewhere) {
		s, jobs := withJobs(t, at, 40), pushSchema.Table("job")
		of := jobs.Columns[8].Name
		read(t, s, func(v *View) error {
			people := make([]record.ID, 100)
			for i := range people {
				people[i] = benchID(i)
			}
			if err := v.ForeseeRefs(jobs, of, people); err != nil {
				return err
			}
			for i, person := range people {
				ahead, err := v.Refs(jobs, of, person)
				if err != nil {
					return err
				}
				again, err := v.Refs(jobs, of, person)
				if err != nil || !slices.Equal(ahead, again) || len(ahead) != map[bool]int{true: 20}[i < 2] || !slices.IsSortedFunc(ahead, func(a, b record.ID) int { return bytes.Compare(a[:], b[:]) }) {
					t.Errorf("%d: %d jobs were read ahead, and then %d: %v", i, len(ahead), len(again), err)
				}
			}
			return nil
		})
	})
}

// withJobs returns a store with so many jobs, as of the first commit.
func withJobs(t *testing.T, at somewhere, n int) *Store {
	s := open(t, at(t, pushSchema))
	write(t, s, func(tx *Tx) error {
		for i := range n {
			row := benchRow(pushSchema.Table("job"), i, clock.Dot{Actor: 1, Counter: 1}, 1)
			row.Cols[8] = record.Ref(benchID(i % 2))
			if err := tx.PutRow(row, 0); err != nil {
				return err
			}
		}
		return tx.PutCommit(1, clock.StampAt(1_750_000_000_000), nil)
	})
	return s
}

// edit changes the row by the next commit.
func edit(t *testing.T, s *Store, k record.Key) {
	t.Helper()
	write(t, s, func(tx *Tx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		change(t, tx, k, head+1)
		return tx.PutCommit(head+1, clock.StampAt(1_750_000_000_000+int64(head)), nil)
	})
}

// change writes another serial number into the row, at the commit seq; 0 leaves that as it is.
func change(t *testing.T, tx *Tx, k record.Key, seq uint64) {
	t.Helper()
	row := stored(t, tx, k)
	was := row.Seq
	if seq > 0 {
		row.Seq = seq
	}
	row.Cols[9] = record.Text(row.Cols[9].Text() + "*")
	if err := tx.PutRow(row, was); err != nil {
		t.Fatal(err)
	}
}

func stored(t *testing.T, tx *Tx, k record.Key) *record.Row {
	t.Helper()
	row, err := tx.reads.Row(k)
	if err != nil || row == nil {
		t.Fatal(row, err)
	}
	return row
}
