package replica_test

import (
	"bytes"
	"context"
	"database/sql"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

const (
	damagedItems = 60
	pageSize     = 4096
)

// someReplica makes a file with rows, an identity and an outbox, and returns what waits in it. Left open, it is what a
// program that died leaves behind: part of it in the journal.
func someReplica(t *testing.T, p string) (r *replica.Replica, items []*device.Item) {
	t.Helper()
	m := simtest.NewMaker(3)
	r = open(t, replica.Options{Path: p})
	known := parts(m, 80)
	write(t, r, putAll(known))
	for n := range uint64(damagedItems) {
		if n == damagedItems/2 { // from here on it goes to a new journal
			closed(t, r)
			r = open(t, replica.Options{Path: p})
		}
		row, op := known[n], record.Update
		if n%2 == 0 {
			row, op = m.DeviceRow(simtest.Schema.Table("task"), 0, record.Values{"text": record.Text("made here")}), record.Insert
		}
		i := item(m, n+1, op, row)
		if n%20 == 19 { // some are longer than a page
			i.Change.Rows[0].Cells = []record.CellWrite{{CellID: record.CellID{Column: 1}, Value: record.Text(strings.Repeat("long", 3000))}}
			i.Encoded = i.Change.AppendBinary(nil)
			i.Hash = record.HashOf(i.Encoded)
		}
		items = append(items, i)
		write(t, r, func(tx *replica.Tx) error {
			if err := tx.PutRow(row); err != nil {
				return err
			}
			if err := tx.PutBase(row.Key(), &device.Base{Low: row.Vector}); err != nil {
				return err
			}
			if err := tx.PutItem(i); err != nil {
				return err
			}
			return tx.PutIdentity(&device.Identity{Device: record.ID{1}, Person: record.ID{2}, Actor: i.Change.Dot.Actor,
				Counter: n + 1, Chain: i.Chain, Queue: n + 1, Stamp: clock.StampAt(int64(n)), Cursors: [schema.Classes]uint64{7, 8, 9}})
		})
	}
	return r, items
}

// damage copies the replica and changes the copy's bytes.
func damage(t *testing.T, p string, change func([]byte) []byte) (copied string) {
	t.Helper()
	return damageTo(t, p, "", change)
}

// damageTo is damage of one of the files that belong to a replica, by its ending.
func damageTo(t *testing.T, p, which string, change func([]byte) []byte) (copied string) {
	t.Helper()
	copied = path(t)
	for _, ending := range []string{"", "-wal", ".instance", ".keys", ".tally"} {
		if _, err := os.Stat(p + ending); err == nil {
			copyFile(t, p+ending, copied+ending)
		}
	}
	content, err := os.ReadFile(copied + which)
	if err == nil {
		err = os.WriteFile(copied+which, change(content), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

// wantWhole fails the test unless the items found are some of the items there were, unchanged, and at least so many.
func wantWhole(t *testing.T, what string, found, items []*device.Item, atLeast int) {
	t.Helper()
	for _, i := range found { // its place in the queue is no part of its hash: damage there costs order, not work
		if !slices.ContainsFunc(items, func(w *device.Item) bool { return bytes.Equal(i.Encoded, w.Encoded) && i.Hash == w.Hash }) {
			t.Errorf("%s: item %d came back changed", what, i.N)
		}
	}
	if len(found) < atLeast {
		t.Errorf("%s: %d of %d items came back, want at least %d", what, len(found), len(items), atLeast)
	}
}

func waiting(t *testing.T, r *replica.Replica) (items []*device.Item) {
	t.Helper()
	read(t, r, func(tx *replica.Tx) (err error) {
		items, err = tx.Items(device.Pending, 0, 1000)
		return err
	})
	return items
}

func TestDamagedFileIsSetAsideAndItsWorkSalvaged(t *testing.T) {
	t.Parallel()
	p := path(t)
	r, items := someReplica(t, p)
	left := damage(t, p, func(b []byte) []byte { return b }) // as a program leaves it that died
	closed(t, r)
	for _, c := range []struct {
		what    string
		of      string
		change  func([]byte) []byte
		atLeast int
	}{
		{"no header", p, func(b []byte) []byte { clear(b[:100]); return b }, damagedItems},
		{"no first page", p, func(b []byte) []byte { clear(b[:pageSize]); return b }, damagedItems},
		{"another application id", p, func(b []byte) []byte { b[68] ^= 1; return b }, damagedItems},
		{"another version", p, func(b []byte) []byte { b[63] ^= 4; return b }, damagedItems},
		{"another name of a column", p, renamed("\t\"title\" ", "\t\"Title\" "), damagedItems},
		{"another name of a column that is taken", p, renamed(" counter INTEGER", " counteR INTEGER"), damagedItems},
		{"another name of the outbox", p, renamed("TABLE _outbox (", "TABLE _outbpx ("), damagedItems},
		{"only the journal", left, func(b []byte) []byte { return bytes.Repeat([]byte{0xa5}, len(b)) }, damagedItems / 2},
		{"only the journal, and a short file", left, func([]byte) []byte { return []byte("junk") }, damagedItems / 2},
		{"only the journal, and an emptied file", left, func([]byte) []byte { return nil }, damagedItems / 2},
		{"an emptied file", p, func([]byte) []byte { return nil }, 0},
		{"half of it", p, func(b []byte) []byte { return b[:len(b)/2/pageSize*pageSize] }, 0},
		{"a page short", p, func(b []byte) []byte { return b[:len(b)-pageSize] }, damagedItems / 2},
		{"no file but text", p, func([]byte) []byte { return []byte(strings.Repeat("not a database ", 1000)) }, 0},
	} {
		hurt := damage(t, c.of, c.change)
		before, err := os.ReadFile(hurt)
		if err != nil {
			t.Fatal(err)
		}
		r := open(t, replica.Options{Path: hurt})
		if r.Recovery == nil {
			t.Errorf("%s: not noticed", c.what)
			continue
		}
		wantWhole(t, c.what, r.Recovery.Salvaged, items, c.atLeast)
		wantWhole(t, c.what+", in the outbox", waiting(t, r), items, c.atLeast)
		if aside, err := os.ReadFile(r.Recovery.Aside); err != nil || !bytes.Equal(aside, before) {
			t.Errorf("%s: the damaged file does not lie aside as it was: %v", c.what, err)
		}
		if !r.Cloned {
			t.Errorf("%s: writes go on under the old incarnation", c.what)
		}
		checkSalvaged(t, c.what, r)
		closed(t, r)
		if r = open(t, replica.Options{Path: hurt}); r.Recovery != nil {
			t.Errorf("%s: repaired twice", c.what)
		}
	}
}

// renamed damages a definition within the file.
func renamed(old, to string) func([]byte) []byte {
	return func(b []byte) []byte {
		if !bytes.Contains(b, []byte(old)) {
			panic("the file has no " + old)
		}
		return bytes.Replace(b, []byte(old), []byte(to), 1)
	}
}

// checkSalvaged checks that a repaired replica holds together: it starts again, with a base under every row that
// waits, and with the rows that were made here.
func checkSalvaged(t *testing.T, what string, r *replica.Replica) {
	t.Helper()
	read(t, r, func(tx *replica.Tx) error {
		who, err := tx.Identity()
		if err != nil || (who != nil) != r.Recovery.Identity {
			t.Errorf("%s: identity %v, %v", what, who, err)
		}
		if who != nil && (who.Device != record.ID{1} || who.Cursors != [schema.Classes]uint64{}) {
			t.Errorf("%s: the identity came back as %+v", what, who)
		}
		for _, i := range r.Recovery.Salvaged {
			key := i.Change.Rows[0].Key()
			if base, err := tx.Base(key); err != nil || base == nil {
				t.Errorf("%s: item %d has no base: %v", what, i.N, err)
			}
			on, err := tx.PendingOn(key)
			if err != nil || len(on) != 1 {
				t.Errorf("%s: %d items wait on the row of item %d: %v", what, len(on), i.N, err)
			}
			if row, err := tx.Row(key); err != nil || i.Change.Rows[0].Op == record.Insert && row == nil {
				t.Errorf("%s: the row made by item %d is gone: %v", what, i.N, err)
			}
		}
		return nil
	})
}

func TestEveryPageMayBeDamaged(t *testing.T) {
	t.Parallel()
	p := path(t)
	r, items := someReplica(t, p)
	closed(t, r)
	info, err := os.Stat(p)
	if err != nil {
		t.Fatal(err)
	}
	for page := range int(info.Size() / pageSize) {
		hurt := damage(t, p, func(b []byte) []byte {
			for i := range pageSize {
				b[page*pageSize+i] = 0xa5
			}
			return b
		})
		r := open(t, replica.Options{Path: hurt})
		if r.Recovery != nil && page > 0 && !r.Recovery.Identity {
			t.Logf("page %d held the identity", page+1)
		}
		found := waiting(t, r)
		wantWhole(t, "one page", found, items, damagedItems-20) // a page holds at most so many
		if r.Recovery == nil && len(found) < len(items) {
			t.Errorf("page %d: work is gone, and nobody is told", page+1)
		}
		closed(t, r)
	}
}

func TestDamagedBytesAreNeverTakenForWork(t *testing.T) {
	t.Parallel()
	p := path(t)
	r, items := someReplica(t, p)
	closed(t, r)
	random := rand.New(rand.NewPCG(4, 4))
	for range 25 {
		hurt := damage(t, p, func(b []byte) []byte {
			for range 1 + random.IntN(200) {
				b[random.IntN(len(b))] ^= byte(1 + random.IntN(255))
			}
			return b
		})
		r, err := replica.Open(context.Background(), replica.Options{Path: hurt, Schema: simtest.Schema})
		if code := fault.CodeOf(err); code == fault.Version {
			continue // the damage is in the version number itself
		}
		if err != nil {
			t.Fatal(err)
		}
		wantWhole(t, "random damage", waiting(t, r), items, 0)
		closed(t, r)
	}
}

func TestDamageMetInUseIsRepairedByTheNextOpen(t *testing.T) {
	t.Parallel()
	p := path(t)
	r, items := someReplica(t, p)
	closed(t, r)
	execute(t, p, "UPDATE part SET _seen = x'ffff' WHERE id = (SELECT max(id) FROM part)") // its structure is sound
	r = open(t, replica.Options{Path: p})
	if r.Recovery != nil {
		t.Fatal("an Open reads every row, which is slow")
	}
	err := r.Read(context.Background(), func(tx *replica.Tx) error {
		keys, err := tx.BucketRows(record.Shared, schema.ClassLibrary)
		for _, k := range keys {
			if err == nil {
				_, err = tx.Row(k)
			}
		}
		return err
	})
	wantCode(t, "reading the damaged row", err, replica.Corrupt)
	closed(t, r)
	r = open(t, replica.Options{Path: p})
	if r.Recovery == nil {
		t.Fatal("the next Open does not repair what was met")
	}
	wantWhole(t, "a damaged row", waiting(t, r), items, damagedItems)
	closed(t, r)
	if r = open(t, replica.Options{Path: p}); r.Recovery != nil {
		t.Error("repaired twice")
	}
}

func TestInterruptedRepairIsFinished(t *testing.T) {
	t.Parallel()
	p := path(t)
	r, items := someReplica(t, p)
	closed(t, r)
	hurt := damage(t, p, func(b []byte) []byte { clear(b[:pageSize]); return b })
	closed(t, open(t, replica.Options{Path: hurt}))
	aside := hurt + ".corrupt-1"
	for _, died := range []struct {
		when string
		stop func() error
	}{
		{"while building the new file", func() error {
			return errorsOf(os.Rename(aside, hurt), os.WriteFile(hurt+".rebuilding", []byte("half of it"), 0o600))
		}},
		{"before the files changed places", func() error {
			return errorsOf(os.Rename(hurt, hurt+".rebuilt"), os.Rename(aside, hurt))
		}},
		{"between the two files changing places", func() error { return os.Rename(hurt, hurt+".rebuilt") }},
	} {
		if err := died.stop(); err != nil {
			t.Fatal(err)
		}
		r := open(t, replica.Options{Path: hurt})
		if r.Recovery == nil || !r.Recovery.Identity {
			t.Fatalf("died %s: %+v", died.when, r.Recovery)
		}
		wantWhole(t, died.when, waiting(t, r), items, damagedItems)
		if aside = r.Recovery.Aside; filepath.Dir(aside) != filepath.Dir(hurt) {
			t.Errorf("set aside to %s", aside)
		}
		closed(t, r)
		aside = latest(t, hurt)
	}
}

// A repair that ends between the journal and the file being set aside leaves them together.
func TestAJournalAndItsFileStayTogether(t *testing.T) {
	t.Parallel()
	p, items, frames := killed(t)
	hurt := damageTo(t, p, "-wal", func(b []byte) []byte { b[frames[1].At] ^= 1; return b })
	before := damageTo(t, hurt, "-wal", func(b []byte) []byte { return b })
	closed(t, open(t, replica.Options{Path: before}))
	err := errorsOf(os.Rename(before, hurt+".rebuilt"), os.Rename(hurt+"-wal", hurt+".corrupt-1-wal"))
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, replica.Options{Path: hurt})
	if r.Recovery == nil || r.Recovery.Aside != hurt+".corrupt-1" || !fileExists(hurt+".corrupt-1") {
		t.Errorf("set aside as %+v", r.Recovery)
	}
	wantWhole(t, "an interrupted repair", waiting(t, r), items, len(items))
}

// latest returns the damaged file that lies aside, which there must be.
func latest(t *testing.T, p string) string {
	t.Helper()
	for n := 9; n > 0; n-- {
		if aside := p + ".corrupt-" + string(rune('0'+n)); fileExists(aside) {
			return aside
		}
	}
	t.Fatal("nothing lies aside")
	return ""
}

func fileExists(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A bit that flips in the state of an item, and in nothing else, is found: what waits must not pass for sent.
func TestAStateThatIsNotWhatWasWrittenIsFound(t *testing.T) {
	t.Parallel()
	p := path(t)
	r, items := someReplica(t, p)
	m := simtest.NewMaker(5)
	lost := m.DeviceRow(simtest.Schema.Table("customer"), 3, record.Values{"name": record.Text("of a hub that was restored")})
	write(t, r, func(tx *replica.Tx) error {
		if err := tx.PutErased([]record.Key{{Table: 1, ID: record.ID{7}}}); err != nil {
			return err
		}
		return tx.PutWitness(&device.Witness{Row: lost})
	})
	closed(t, r)
	before, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, p, "UPDATE _outbox SET state = 2 WHERE n = 7; PRAGMA wal_checkpoint(TRUNCATE)")
	after, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	at := rootOf(t, p, "_outbox_state") // the index says what the state was
	copy(after[(at-1)*pageSize:at*pageSize], before[(at-1)*pageSize:])
	if err := os.WriteFile(p, after, 0o600); err != nil {
		t.Fatal(err)
	}
	if r = open(t, replica.Options{Path: p}); r.Recovery == nil || len(r.Recovery.Salvaged) != len(items) {
		t.Errorf("recovered %+v", r.Recovery)
	}
	read(t, r, func(tx *replica.Tx) error {
		copies, err := tx.Witnesses(false, 0, 9)
		if len(copies) != 1 || copies[0].Row.Key() != lost.Key() {
			t.Errorf("copies of what a hub lost: %v", copies)
		}
		if erased, err := tx.Erased(record.Key{Table: 1, ID: record.ID{7}}); !erased || err != nil {
			t.Error("it is forgotten that a row was erased", err)
		}
		return err
	})

	// What is erased later is not kept in the file that was set aside.
	write(t, r, func(tx *replica.Tx) error { return tx.Purge(nil) })
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(p), "*.corrupt-*")); len(left) > 0 || err != nil {
		t.Errorf("still there: %v, %v", left, err)
	}
}

// rootOf returns the page of an index that fits on one.
func rootOf(t *testing.T, p, index string) (root int) {
	t.Helper()
	db, err := sql.Open("sqlite", p)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = ?", index).Scan(&root); err != nil {
		t.Fatal(err)
	}
	return root
}
