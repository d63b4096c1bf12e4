package simtest_test

import (
	"errors"
	"testing"

	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

func TestMemDevice(t *testing.T) {
	t.Parallel()
	simtest.TestDeviceStore(t, func(_ *testing.T, s *schema.Schema) simtest.DeviceStore { return simtest.NewMemDevice(s) })
}

func putOnDevice(t *testing.T, d *simtest.MemDevice, r *record.Row) {
	t.Helper()
	if err := d.Write(func(tx device.Store) error { return tx.PutRow(r) }); err != nil {
		t.Fatal(err)
	}
}

func TestCopiedPhoneGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	d, m := simtest.NewMemDevice(simtest.Schema), simtest.NewMaker(1)
	parts := simtest.Schema.Table("part")
	putOnDevice(t, d, m.DeviceRow(parts, 1, nil))
	c := d.Clone()
	putOnDevice(t, d, m.DeviceRow(parts, 2, nil))
	putOnDevice(t, d, m.DeviceRow(parts, 2, nil))
	if err := c.Write(func(tx device.Store) error { return tx.DropRow(c.Rows()[0].Key()) }); err != nil {
		t.Fatal(err)
	}
	if len(d.Rows()) != 3 || len(c.Rows()) != 0 {
		t.Errorf("the phone has %d rows and the copy %d, want 3 and 0", len(d.Rows()), len(c.Rows()))
	}
	old := d.Clone()
	putOnDevice(t, d, m.DeviceRow(parts, 3, nil))
	d.Restore(old)
	failed := d.Write(func(tx device.Store) error {
		return errors.Join(tx.PutRow(m.DeviceRow(parts, 4, nil)), errors.New("changed its mind"))
	})
	if failed == nil || len(d.Rows()) != 3 || len(old.Rows()) != 3 {
		t.Errorf("after the restore the phone has %d rows and its backup %d, want 3 and 3", len(d.Rows()), len(old.Rows()))
	}
}

func TestDeviceDiesAroundEachCommitInTurn(t *testing.T) {
	t.Parallel()
	parts := simtest.Schema.Table("part")
	for at := range 8 {
		d, m := simtest.NewMemDevice(simtest.Schema), simtest.NewMaker(1)
		boundary := 0
		d.OnCommit = func(simtest.Boundary) error {
			if boundary++; boundary-1 == at {
				return simtest.ErrCrashed
			}
			return nil
		}
		told := 0
		for range 4 {
			if d.Write(func(tx device.Store) error { return tx.PutRow(m.DeviceRow(parts, 1, nil)) }) == nil {
				told++
			}
		}
		if err := d.Reopen(); err != nil {
			t.Fatal(err)
		}
		if kept := len(d.Rows()); kept != (at+1)/2 || told != at/2 {
			t.Errorf("death at boundary %d: told of %d, kept %d", at, told, kept)
		}
	}
}

func TestDeviceRefusesWhatBreaksItsContract(t *testing.T) {
	t.Parallel()
	m := simtest.NewMaker(1)
	row := m.DeviceRow(simtest.Schema.Table("part"), 1, nil)
	item := func(n uint64, change func(*device.Item)) *device.Item {
		cs := m.ChangeSet(m.Dot(), record.Update, row)
		i := &device.Item{N: n, Change: cs, Encoded: cs.AppendBinary(nil), State: device.Pending}
		i.Hash = record.HashOf(i.Encoded)
		change(i)
		return i
	}
	twin := item(1, func(*device.Item) {})
	again := *twin
	again.N = 2
	put := func(n uint64, change func(*device.Item)) func(device.Store) error {
		i := item(n, change)
		return func(tx device.Store) error { return tx.PutItem(i) }
	}
	for name, breach := range map[string]func(device.Store) error{
		"a base under another key": func(tx device.Store) error {
			return tx.PutBase(record.Key{Table: 1, ID: row.ID}, &device.Base{Row: row})
		},
		"an item without a number":          put(0, func(*device.Item) {}),
		"an item without a state":           put(1, func(i *device.Item) { i.State = 0 }),
		"an item that is not what it sends": put(1, func(i *device.Item) { i.Change.K++ }),
		"an item with another hash":         put(1, func(i *device.Item) { i.Hash[0]++ }),
		"two items of one dot": func(tx device.Store) error {
			return errors.Join(tx.PutItem(twin), tx.PutItem(&again))
		},
	} {
		d := simtest.NewMemDevice(simtest.Schema)
		if err := d.Write(breach); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
