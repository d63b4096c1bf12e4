package judge

import (
	"time"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Collector is what forgetting deleted rows asks of the store, beside a Store.
type Collector interface {
	Store
	// Dead returns the keys of deleted rows of the class that were last touched at or before the commit, at most limit.
	Dead(class schema.Class, upTo uint64, limit int) ([]record.Key, error)
	// DropRow removes a row and its feed entries without a trace.
	DropRow(*record.Row) error
	// PutCollected notes that deleted rows of schema.ClassWork that were last touched at or before the commit are forgotten;
	// one that is lower than what was noted before changes nothing.
	PutCollected(seq uint64) error
}

// LongestAbsence is how long a device may stay away and still be told what was deleted meanwhile. One that was away
// longer fetches everything anew; what it wrote is judged all the same.
const LongestAbsence = 90 * 24 * time.Hour

// Passed returns the commit up to which every one of the actors, those of the devices that still count, has taken what
// was deleted, and has had judged whatever it wrote before it had. Nobody can write to such a row any more without
// knowing that it is gone.
func Passed(live []Actor, head uint64) uint64 {
	passed := head
	for _, a := range live {
		if a.Counter < a.AckN {
			return 0 // it wrote something, before it acknowledged, that is still on its way
		}
		passed = min(passed, a.AckK)
	}
	return passed
}

// Counting returns those of a device's incarnations, given in the order in which they were handed out, of which Passed is
// to be asked: the newest, and each before it up to one under which something was judged. A device sends what it wrote as
// one before what it wrote as the next; until something of that has come, what is still on its way may be older than
// anything that the newest has acknowledged.
func Counting(incarnations []Actor) []Actor {
	first := len(incarnations)
	for first > 0 {
		if first--; incarnations[first].Counter > 0 {
			break
		}
	}
	return incarnations[first:]
}

// Collect forgets deleted rows, at most limit of each class, and returns how many. Those of the class whose checkpoints
// devices acknowledge go once all have passed them; the others, once no device that counts can have been away so
// long: absent is the head of LongestAbsence ago.
func Collect(tx Collector, passed, absent uint64, limit int) (n int, err error) {
	newest := uint64(0)
	for class := range schema.Class(schema.Classes) {
		upTo := absent
		if class == schema.ClassWork {
			upTo = max(upTo, passed)
		}
		keys, err := tx.Dead(class, upTo, limit)
		if err != nil {
			return n, err
		}
		for _, key := range keys {
			row, err := tx.Row(key)
			if err != nil {
				return n, err
			}
			if row == nil || !row.Deleted || row.Seq > upTo {
				continue
			}
			if err := tx.DropRow(row); err != nil {
				return n, err
			}
			if n++; class == schema.ClassWork {
				newest = max(newest, row.Seq)
			}
		}
	}
	if newest > 0 {
		err = tx.PutCollected(newest)
	}
	return n, err
}
