package replica_test

import (
	"slices"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
)

// Any byte of the file's header may go bad. Those that only count, or say who wrote the file last, do no harm; every other
// is noticed, the file set aside, and what waits in it is there again.
func TestEveryByteOfTheHeaderMayBeDamaged(t *testing.T) {
	t.Parallel()
	p := path(t)
	r, items := someReplica(t, p)
	closed(t, r)
	harmless := func(at int) bool {
		return at >= 24 && at < 28 || at >= 40 && at < 44 || at >= 92 // counters of changes, and the version of SQLite
	}
	m := simtest.NewMaker(9)
	for at := range 100 {
		for _, flipped := range flips(at) {
			hurt := damage(t, p, func(b []byte) []byte { b[at] ^= flipped; return b })
			r := open(t, replica.Options{Path: hurt})
			if noticed := r.Recovery != nil; noticed == harmless(at) {
				t.Errorf("byte %d, changed by %x: noticed %t", at, flipped, noticed)
			}
			wantWhole(t, "a byte of the header", waiting(t, r), items, damagedItems)
			write(t, r, func(tx *replica.Tx) error {
				return tx.PutRow(m.DeviceRow(simtest.Schema.Table("task"), 0, record.Values{"text": record.Text("goes on")}))
			})
			closed(t, r)
		}
	}
}

// flips are what is tried on a byte: of those that hold the size of a page, everything that makes another size; of flags and
// small numbers, two single bits too.
func flips(at int) []byte {
	switch at {
	case 16, 17:
		all := []byte{0xff}
		for bit := range 8 {
			all = append(all, 1<<bit, 1<<bit^0x10)
		}
		return slices.DeleteFunc(all, func(b byte) bool { return b == 0 })
	case 18, 47, 59:
		return []byte{0xff, 1, 0x80}
	}
	return []byte{0xff}
}
