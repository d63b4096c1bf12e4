package replica_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

// crashChild makes the test binary write to the replica it names until it is killed.
const crashChild = "FIELDSYNC_TEST_CRASH_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashChild); path != "" {
		fmt.Println(writeForever(path))
		os.Exit(1)
	}
	if path := os.Getenv(narrowChild); path != "" {
		if err := writeWithoutRoom(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if path := os.Getenv(powerChild); path != "" {
		if err := writeByRounds(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if path := os.Getenv(searchChild); path != "" {
		fmt.Println(indexForever(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const perTransaction = 5

// writeForever commits one numbered transaction after another, and says each number once it is durable.
func writeForever(path string) error {
	ctx := context.Background()
	r, err := replica.Open(ctx, replica.Options{Path: path, Schema: simtest.Schema})
	if err != nil {
		return err
	}
	queue := uint64(0)
	err = r.Read(ctx, func(tx *replica.Tx) error {
		who, err := tx.Identity()
		if who != nil {
			queue = who.Queue
		}
		return err
	})
	for err == nil {
		queue++
		write := r.Write
		if queue%3 == 0 {
			write = r.WriteBulk
		}
		err = write(ctx, func(tx *replica.Tx) error { return writeNumber(tx, queue) })
		fmt.Println(queue)
	}
	return err
}

// writeNumber writes an item, the rows it changes and the identity, all of them saying n.
func writeNumber(tx *replica.Tx, n uint64) error {
	m := simtest.NewMaker(1) // the same rows each time
	rows := parts(m, perTransaction)
	for _, row := range rows {
		row.Seq = n
		if err := tx.PutRow(row); err != nil {
			return err
		}
	}
	if err := tx.PutItem(item(m, n, record.Update, rows...)); err != nil {
		return err
	}
	return tx.PutIdentity(&device.Identity{Device: record.ID{1}, Queue: n})
}

func TestKilledProcessLosesNothingItWasToldIsSafe(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills real processes")
	}
	p := path(t)
	last := uint64(0)
	for round := range 6 {
		said := killWhileWriting(t, crashChild, p, time.Duration(20+30*round)*time.Millisecond)
		r := open(t, replica.Options{Path: p})
		if r.Recovery != nil || r.Cloned {
			t.Errorf("a killed process leaves a file that counts as damaged (%v) or copied (%v)", r.Recovery, r.Cloned)
		}
		found := checkNumbers(t, r)
		if found < said || found < last {
			t.Errorf("number %d was said to be safe, and %d is found", max(said, last), found)
		}
		last = found
		closed(t, r)
	}
}

// killWhileWriting runs the child of that name, kills it some time after its first commit, and returns the last number
// it said.
func killWhileWriting(t *testing.T, name, p string, after time.Duration) (said uint64) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), name+"="+p)
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Fatal(lines.Text())
		}
		if said == 0 {
			time.AfterFunc(after, func() { _ = child.Process.Kill() })
		}
		said = n
	}
	_ = child.Wait()
	if said == 0 {
		t.Fatal("the child never wrote")
	}
	return said
}

// checkNumbers checks that the file holds whole transactions, and returns how many.
func checkNumbers(t *testing.T, r *replica.Replica) (n uint64) {
	t.Helper()
	read(t, r, func(tx *replica.Tx) error {
		who, err := tx.Identity()
		if err != nil {
			return err
		}
		n = who.Queue
		keys, err := tx.BucketRows(record.Shared, schema.ClassLibrary)
		if err != nil {
			return err
		}
		for _, k := range keys {
			row, err := tx.Row(k)
			if err != nil || row.Seq != n {
				t.Errorf("a row of transaction %d stands beside the identity of %d: %v", row.Seq, n, err)
			}
		}
		items, err := tx.Items(device.Pending, 0, 1<<30)
		if uint64(len(items)) != n || len(keys) != perTransaction {
			t.Errorf("%d items and %d rows after %d transactions", len(items), len(keys), n)
		}
		return err
	})
	return n
}
