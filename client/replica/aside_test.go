package replica_test

import (
	"os"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// A damaged file that was set aside stays, untouched, while the work goes on: it may have what could not be read. Only an
// erasure takes it away, since what is erased may stand in it.
func TestAFileSetAsideStaysUntilAnErasure(t *testing.T) {
	t.Parallel()
	p := path(t)
	r := open(t, replica.Options{Path: p})
	row := simtest.NewMaker(9).DeviceRow(simtest.Schema.Table("person"), 3, record.Values{"name": record.Text(secret)})
	write(t, r, func(tx *replica.Tx) error { return tx.PutRow(row) })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 64<<10)
	if err := os.WriteFile(p, noise, 0o600); err != nil {
		t.Fatal(err)
	}
	r = open(t, replica.Options{Path: p})
	if r.Recovery == nil {
		t.Fatal("the damage was not found")
	}
	aside := r.Recovery.Aside
	for n := range 3 {
		write(t, r, func(tx *replica.Tx) error {
			return tx.PutIdentity(&device.Identity{Device: record.ID{1}, Person: record.ID{2}, Queue: uint64(n)})
		})
		if n == 1 {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			r = open(t, replica.Options{Path: p})
		}
	}
	if kept, err := os.ReadFile(aside); err != nil || len(kept) != len(noise) {
		t.Fatalf("what was set aside: %d bytes, %v", len(kept), err)
	}
	write(t, r, func(tx *replica.Tx) error { return tx.PutRow(row) }) // it came again
	write(t, r, func(tx *replica.Tx) error {
		d, err := device.Open(tx, simtest.Schema)
		if err != nil {
			return err
		}
		return d.TakePage(&wire.Page{To: 9, Last: true, Erased: []record.Key{row.Key()}})
	})
	if _, err := os.Stat(aside); !os.IsNotExist(err) {
		t.Errorf("after an erasure the file that was set aside is still there: %v", err)
	}
}
