//go:build unix

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// Root does not work in the folder of the service's user, who could not open afterwards what root wrote.
func TestRootLeavesTheFolderOfAnotherUserAlone(t *testing.T) {
	t.Parallel()
	const service = 65532
	for _, c := range []struct {
		me, owner int
		refused   bool
	}{{0, service, true}, {0, 0, false}, {service, service, false}, {service, 0, false}} {
		err := asItsUser("hub", c.me, c.owner)
		if (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), "run this as 65532") {
			t.Errorf("%d in the folder of %d: %v", c.me, c.owner, err)
		}
	}
	dir := t.TempDir()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if os.Chown(dir, service, -1) != nil {
		return // only root can give it away, and only root is refused
	}
	if unlock, err := lockFolder(dir, false); err == nil {
		unlock()
		t.Error("root works in it")
	}
	if files, err := os.ReadDir(dir); len(files) > 0 || err != nil {
		t.Errorf("something was left: %v, %v", files, err)
	}
	if err := os.Chown(dir, int(info.Sys().(*syscall.Stat_t).Uid), -1); err != nil {
		t.Error(err)
	}
}
