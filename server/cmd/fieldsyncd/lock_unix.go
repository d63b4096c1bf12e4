//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder keeps the folder's database from being exchanged while somebody uses it: any number of processes may hold
// it together, whoever exchanges the database holds it alone.
func lockFolder(dir string, alone bool) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, usage("the folder %s cannot be written: name another with -data (%v)", dir, err)
	}
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if alone {
			return nil, usage("a hub, or another command, is using %s: stop it first", dir)
		}
		return nil, usage("the database in %s is being restored: try again when that is done", dir)
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}
