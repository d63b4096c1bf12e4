package client

import (
	"testing"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// manyKeys returns n names of parts.
func manyKeys(n int) []record.Key {
	keys := make([]record.Key, n)
	for i := range keys {
		keys[i] = record.Key{Table: aftersales.Schema.Table("part").ID, ID: record.NewID(int64(i), [10]byte{})}
	}
	return keys
}

func TestTooMuchIsSaidToBeTooMuch(t *testing.T) {
	t.Parallel()
	c := &Client{Options: Options{Schema: aftersales.Schema}}
	changes, stop := c.Watch("part")
	defer stop()
	c.watch.tell(manyKeys(1)) // in the hand of the channel, which waits for us from here on
	told := 1
	for ; told <= 3*maxWatched; told += 1000 {
		c.watch.tell(manyKeys(1000))
	}
	heard, overflow := 0, false
	for !overflow {
		change := <-changes
		if len(change.Rows) > maxWatched {
			t.Fatalf("%d rows are listed, more than %d", len(change.Rows), maxWatched)
		}
		heard, overflow = heard+len(change.Rows), change.Overflow
	}
	if heard >= told {
		t.Fatalf("%d rows of %d were listed, and still there was an overflow", heard, told)
	}
	c.watch.tell(manyKeys(1))
	if change := <-changes; len(change.Rows) == 0 && !change.Overflow {
		t.Fatal("what changed after the overflow was not told of")
	}
}
