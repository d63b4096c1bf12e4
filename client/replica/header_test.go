package replica_test

import (
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
		for _, flipped := range []byte{0xff, 1, 0x80} {
			if flipped != 0xff && at != 18 && at != 47 && at != 59 { // flags and small numbers
				continue
			}
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
