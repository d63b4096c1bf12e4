package replica_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/seal"
	"fieldsync/sync/simtest"
	"fieldsync/sync/sqlrow"
)

const secret = "doorcode-4711-wolfsmilch"

// writeSecret writes a row with a sealed value everywhere where a replica keeps values.
func writeSecret(t *testing.T, r *replica.Replica) (row *record.Row, waits *device.Item) {
	t.Helper()
	m := simtest.NewMaker(9)
	row = m.DeviceRow(simtest.Schema.Table("customer"), 3, record.Values{"name": record.Text("ACME"), "phone": record.Text(secret)})
	waits = item(m, 1, record.Update, row)
	waits.Change.Rows[0].Cells = []record.CellWrite{{CellID: record.CellID{Column: 2}, Value: record.Text(secret)}}
	waits.Encoded = waits.Change.AppendBinary(nil)
	waits.Hash = record.HashOf(waits.Encoded)
	write(t, r, func(tx *replica.Tx) error {
		if err := tx.PutRow(row); err != nil {
			return err
		}
		if err := tx.PutBase(row.Key(), &device.Base{Row: row, Low: row.Vector}); err != nil {
			return err
		}
		if err := tx.PutItem(waits); err != nil {
			return err
		}
		if err := tx.PutWitness(&device.Witness{Row: row}); err != nil {
			return err
		}
		return tx.PutIdentity(&device.Identity{Device: record.ID{1}, Person: record.ID{2}, Actor: waits.Change.Dot.Actor, Counter: 1, Queue: 1})
	})
	return row, waits
}

// nowhere fails the test if any file of the folder holds the secret.
func nowhere(t *testing.T, folder string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("%s tells the secret", f.Name())
		}
	}
}

func TestSealedValuesAreInNoFile(t *testing.T) {
	t.Parallel()
	p := path(t)
	r := open(t, replica.Options{Path: p})
	row, waits := writeSecret(t, r)
	nowhere(t, filepath.Dir(p)) // the journal, too
	closed(t, r)
	nowhere(t, filepath.Dir(p))
	r = open(t, replica.Options{Path: p})
	read(t, r, func(tx *replica.Tx) error {
		got, err := tx.Row(row.Key())
		if err != nil || got.Get("phone") != record.Text(secret) {
			t.Errorf("the row: %v, %v", got, err)
		}
		base, err := tx.Base(row.Key())
		if err != nil || base.Row.Get("phone") != record.Text(secret) {
			t.Errorf("its base: %v", err)
		}
		copies, err := tx.Witnesses(false, 0, 9)
		if err != nil || len(copies) != 1 || copies[0].Row.Get("phone") != record.Text(secret) {
			t.Errorf("its witness: %v", err)
		}
		items, err := tx.Items(device.Pending, 0, 9)
		if err != nil || len(items) != 1 || !bytes.Equal(items[0].Encoded, waits.Encoded) {
			t.Errorf("the change: %v", err)
		}
		return nil
	})
}

func TestAValueInAnothersPlaceIsDamage(t *testing.T) {
	t.Parallel()
	p := path(t)
	r := open(t, replica.Options{Path: p})
	row, _ := writeSecret(t, r)
	other := *row
	other.ID = record.ID{7}
	write(t, r, func(tx *replica.Tx) error { return tx.PutRow(&other) })
	closed(t, r)
	execute(t, p, "UPDATE customer SET phone = (SELECT phone FROM customer c WHERE c.id <> customer.id)")
	r = open(t, replica.Options{Path: p})
	err := r.Read(context.Background(), func(tx *replica.Tx) error {
		_, err := tx.Row(row.Key())
		return err
	})
	wantCode(t, "a value that was swapped", err, replica.Corrupt)
}

func TestAKeyThatIsGoneLocksTheReplicaAndWipesNothing(t *testing.T) {
	t.Parallel()
	p := path(t)
	r := open(t, replica.Options{Path: p})
	writeSecret(t, r)
	m := simtest.NewMaker(11)
	write(t, r, func(tx *replica.Tx) error { // unsent work that is not sealed
		task := m.DeviceRow(simtest.Schema.Table("task"), 0, record.Values{"text": record.Text("made here")})
		if err := tx.PutRow(task); err != nil {
			return err
		}
		return tx.PutItem(item(m, 2, record.Insert, task))
	})
	closed(t, r)
	before, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(p+".keys", p+".away"); err != nil {
		t.Fatal(err)
	}
	_, err = replica.Open(context.Background(), replica.Options{Path: p, Schema: simtest.Schema})
	wantCode(t, "without its key", err, seal.Missing)
	_, err = replica.Open(context.Background(), replica.Options{Path: p, Schema: simtest.Schema, ReadOnly: true})
	wantCode(t, "without its key, for reading", err, seal.Missing)
	if after, err := os.ReadFile(p); err != nil || !bytes.Equal(before, after) {
		t.Error("the file was touched")
	}
	if err := os.Rename(p+".away", p+".keys"); err != nil {
		t.Fatal(err)
	}
	closed(t, open(t, replica.Options{Path: p})) // the key came back

	if err := os.Remove(p + ".keys"); err != nil {
		t.Fatal(err)
	}
	r = open(t, replica.Options{Path: p, StartOver: true})
	if r.Recovery == nil || !r.Recovery.Identity || len(r.Recovery.Salvaged) != 1 || !r.Cloned {
		t.Errorf("starting over: %+v", r.Recovery)
	}
	if _, err := os.Stat(r.Recovery.Aside); err != nil {
		t.Errorf("what was there is not kept: %v", err)
	}
	closed(t, r)
	closed(t, open(t, replica.Options{Path: p}))
}

func TestARotatedKeySealsWhatComesAndOpensWhatWas(t *testing.T) {
	t.Parallel()
	p := path(t)
	r := open(t, replica.Options{Path: p})
	row, _ := writeSecret(t, r)
	closed(t, r)
	if err := sqlrow.RotateKeyFile(p+".keys", rand.Reader); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(p + ".keys"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info.Mode(), err)
	}
	r = open(t, replica.Options{Path: p})
	if n := count(t, r, "SELECT count(*) FROM _key"); n != 2 {
		t.Errorf("%d keys are known", n)
	}
	newer := *row
	newer.ID = record.ID{8}
	write(t, r, func(tx *replica.Tx) error { return tx.PutRow(&newer) })
	read(t, r, func(tx *replica.Tx) error {
		for _, id := range []record.ID{row.ID, newer.ID} {
			if got, err := tx.Row(record.Key{Table: row.Table.ID, ID: id}); err != nil || got.Get("phone") != record.Text(secret) {
				t.Errorf("%s: %v", id, err)
			}
		}
		return nil
	})
}
