package systemtest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
)

// Where the log of commits has taken all that a small disk has, or something else fills the disk, the log is emptied and the hub
// goes on in the room that it has, without anybody's help.
func TestAHubGoesOnInTheRoomOfItsLog(t *testing.T) {
	t.Parallel()
	dir := small(t, 24)
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "hub.db"), Schema: aftersales.Schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	write := func(n int) {
		for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			err := s.Write(t.Context(), func(tx *store.Tx) error {
				return tx.PutSetting("large", strings.Repeat(fmt.Sprintf("%8d", n), 5<<10))
			})
			if err == nil {
				return
			}
			if fault.CodeOf(err) != store.DiskFull || time.Now().After(end) {
				t.Fatalf("after %d changes: %v", n, err)
			}
		}
	}
	for n := range 1500 { // 60 MiB, of the same pages again and again
		write(n)
	}
	fill(t, dir)
	for n := range 300 {
		write(n)
	}
}
