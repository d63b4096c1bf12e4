//go:build unix

package replica_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"fieldsync/client/replica"
	"fieldsync/sync/simtest"
)

const narrowChild = "FIELDSYNC_TEST_NARROW_CHILD"

// much is how many numbers a transaction of writeWithoutRoom has: the file would have to become larger.
const much = 20

// writeWithoutRoom commits to a replica whose file cannot become larger, while its log has room, says the number of the last
// transaction that was said to be durable, and ends without closing when its log is full too.
func writeWithoutRoom(path string) error {
	ctx := context.Background()
	r, err := replica.Open(ctx, replica.Options{Path: path, Schema: simtest.Schema})
	if err != nil {
		return err
	}
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	limit := &syscall.Rlimit{Cur: uint64(before.Size()), Max: uint64(before.Size())}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, limit); err != nil {
		return err
	}
	said := uint64(1)
	for err == nil {
		fmt.Println(said)
		err = r.Write(ctx, func(tx *replica.Tx) (err error) {
			for n := said + 1; n <= said+much && err == nil; n++ {
				err = writeNumber(tx, n)
			}
			return err
		})
		said += much
	}
	if after, err := os.Stat(path); err != nil || after.Size() != before.Size() {
		return errors.Join(err, errors.New("there was room"))
	}
	return nil
}

// The log can have room where the file has none: then what is in it cannot be brought over, and has been committed all the same.
func TestWhatIsRefusedForAFullDiskIsNotThereAfterACrash(t *testing.T) {
	t.Parallel()
	p := path(t)
	r := open(t, replica.Options{Path: p})
	write(t, r, func(tx *replica.Tx) error { return writeNumber(tx, 1) })
	closed(t, r)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), narrowChild+"="+p)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r = open(t, replica.Options{Path: p})
	said := strings.Fields(string(out))
	if found, last := fmt.Sprint(checkNumbers(t, r)), said[len(said)-1]; found != last || len(said) < 2 {
		t.Errorf("number %s was the last of %d that was said to be durable, and %s is the last that is there", last, len(said), found)
	}
	closed(t, r)
}
