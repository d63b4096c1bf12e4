package store

import (
	"errors"
	"testing"

	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Rows that are gathered are written when somebody looks, or when there are enough; who rolls back takes them back too.
func TestWhatIsGatheredIsThereForWhoeverLooks(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, where somewhere) {
		s := open(t, where(t, schema.Must(schema.New("empty", 1))))
		into := sqlrow.NewGathered("INSERT INTO pile(n)", 1, "")
		count := func(tx *Tx) int64 {
			n, err := tx.conn.Int("SELECT count(*) FROM pile")
			if err != nil {
				t.Error(err)
			}
			return n
		}
		next := int64(0)
		add := func(tx *Tx, rows int) {
			for range rows {
				next++
				if err := tx.conn.Gather(into, next); err != nil {
					t.Error(err)
				}
			}
		}
		err := s.Write(t.Context(), func(tx *Tx) error {
			if err := tx.Prepare("CREATE TABLE pile(n BIGINT PRIMARY KEY)"); err != nil {
				return err
			}
			for _, rows := range []int{1, 15, 16, 17, 35} {
				before := count(tx)
				if add(tx, rows); count(tx) != before+int64(rows) {
					t.Errorf("of %d there are %d", rows, count(tx)-before)
				}
			}
			add(tx, 3)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		undone := errors.New("undone")
		err = s.Write(t.Context(), func(tx *Tx) error {
			was := count(tx)
			add(tx, 2)
			if err := tx.Step(func() error { add(tx, 5); return undone }); !errors.Is(err, undone) {
				t.Errorf("a step that fails: %v", err)
			}
			if n := count(tx) - was; n != 2 || was != 87 {
				t.Errorf("of %d, and two before the step that was undone, there are %d more", was, n)
			}
			add(tx, 2)
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		err = s.Write(t.Context(), func(tx *Tx) error {
			if n := count(tx); n != 87 {
				t.Errorf("there are %d, not what was committed", n)
			}
			next = 1
			add(tx, 1)                               // there is one of that number already
			_ = tx.Step(func() error { return nil }) // hears of it, and nobody minds
			return nil
		})
		if err == nil {
			t.Error("a row that could not be inserted was committed")
		}
	})
}
