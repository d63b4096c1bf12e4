package client

import (
	"path/filepath"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// Comparing with the hub reads whole buckets: who writes meanwhile does not wait for it, nor it for him.
func TestComparingWaitsForNoWriter(t *testing.T) {
	t.Parallel()
	c, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "field.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	id := func(n byte) record.ID { return record.NewID(1, [10]byte{n}) }
	err = c.replica.Write(t.Context(), func(tx *replica.Tx) error { return device.Found(tx, c.Schema, id(1), id(2)) })
	if err != nil {
		t.Fatal(err)
	}
	sums := func(sum uint64) *wire.Sums { return &wire.Sums{Sums: []wire.Sum{{Bucket: record.Shared, Sum: sum}}} }
	err = c.replica.Write(t.Context(), func(*replica.Tx) error { // it would wait for ever
		differ, err := local{c}.Compare(sums(0))
		if len(differ) > 0 {
			t.Errorf("an empty replica differs from nothing in %v", differ)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if differ, err := (local{c}).Compare(sums(1)); err != nil || len(differ) != 1 {
		t.Errorf("what the hub has is not here: %v %v", differ, err)
	}
}
