package replica_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// What the hub erased is in no file of the phone after its next contact: not in the row, in what was sent and is kept for
// a restored hub, in copies, in freed pages or in the log. What was sent is still known by its hash.
func TestErasedValuesAreInNoFileOfThePhone(t *testing.T) {
	t.Parallel()
	p := path(t)
	r := open(t, replica.Options{Path: p})
	m := simtest.NewMaker(9)
	person := m.DeviceRow(simtest.Schema.Table("person"), 3, record.Values{"name": record.Text(secret)})
	var sent []*device.Item
	for n, state := range []device.State{device.Pending, device.Accepted, device.Refused, device.Closed} {
		i := item(m, uint64(n+1), record.Insert, person)
		i.Change.Rows[0].Cells = []record.CellWrite{{CellID: record.CellID{Column: 1}, Value: record.Text(secret)}}
		i.Encoded = i.Change.AppendBinary(nil)
		i.Hash, i.State = record.HashOf(i.Encoded), state
		sent = append(sent, i)
	}
	write(t, r, func(tx *replica.Tx) error {
		for _, i := range sent {
			if err := tx.PutItem(i); err != nil {
				return err
			}
		}
		if err := tx.PutRow(person); err != nil {
			return err
		}
		if err := tx.PutBase(person.Key(), &device.Base{Row: person, Low: person.Vector}); err != nil {
			return err
		}
		if err := tx.PutWitness(&device.Witness{Row: person}); err != nil {
			return err
		}
		return tx.PutIdentity(&device.Identity{Device: record.ID{1}, Person: record.ID{2}, Actor: sent[0].Change.Dot.Actor, Counter: 4, Queue: 4})
	})
	if !anywhere(t, filepath.Dir(p)) {
		t.Fatal("the search finds nothing before either")
	}
	write(t, r, func(tx *replica.Tx) error {
		d, err := device.Open(tx, simtest.Schema)
		if err != nil {
			return err
		}
		return d.TakePage(&wire.Page{To: 9, Last: true, Erased: []record.Key{person.Key()}})
	})
	nowhere(t, filepath.Dir(p))
	read(t, r, func(tx *replica.Tx) error {
		for _, i := range sent {
			if got, err := tx.Item(i.Change.Dot); err != nil || got.Hash != i.Hash || got.State != i.State {
				t.Errorf("%+v, %v", got, err)
			}
		}
		return nil
	})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r = open(t, replica.Options{Path: p}); r.Recovery != nil {
		t.Error("what an erasure has left is taken for damage")
	}
}

func anywhere(t *testing.T, folder string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if content, err := os.ReadFile(f); err != nil {
			t.Fatal(err)
		} else if bytes.Contains(content, []byte(secret)) {
			return true
		}
	}
	return false
}
