package store

import (
	"slices"
	"testing"

	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// A deleted row that everybody has passed goes, and its place in the feed with it; up to where rows went stays known.
func TestDeletedRowsAreForgotten(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, where somewhere) {
		s := open(t, where(t, benchSchema))
		acceptMany(t, s, newActor(t, s, benchID(1)), 3)
		jobs := benchSchema.Table("job")
		dead := record.Key{Table: jobs.ID, ID: benchID(1)}
		var seq uint64
		write(t, s, func(tx *Tx) error {
			row, err := tx.Row(dead)
			if err != nil {
				return err
			}
			row.Deleted, seq = true, row.Seq
			return tx.PutRow(row, row.Seq)
		})
		collect := func(passed uint64, want ...record.Key) {
			t.Helper()
			write(t, s, func(tx *Tx) error {
				keys, err := tx.Dead(jobs.Class, passed, 10)
				if !slices.Equal(keys, want) {
					t.Errorf("dead up to %d: %v, want %v", passed, keys, want)
				}
				if err == nil {
					_, err = judge.Collect(tx, passed, passed, 10)
				}
				return err
			})
		}
		collect(seq - 1)
		collect(seq, dead)
		collect(seq)
		s = reopen(t, s)
		write(t, s, func(tx *Tx) error { return tx.PutCollected(seq - 1) })
		read(t, s, func(v *View) error {
			if row := must[*record.Row](t)(v.Row(dead)); row != nil {
				t.Errorf("%v is still there", row.ID)
			}
			if got := must[uint64](t)(v.Collected()); got != seq {
				t.Errorf("forgotten up to %d, want %d", got, seq)
			}
			return nil
		})
		whole(t, s)
	})
}
