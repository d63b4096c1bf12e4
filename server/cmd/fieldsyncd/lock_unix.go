//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"fieldsync/sync/cli"
)

// lockFolder keeps the folder's database from being exchanged while somebody uses it: any number of processes may hold
// it together, whoever exchanges the database holds it alone.
func lockFolder(dir string, alone bool) (unlock func(), err error) {
	if alone {
		return lockFile(dir, "lock", syscall.LOCK_EX, "a hub, or another command, is using %s: stop it first")
	}
	return lockFile(dir, "lock", syscall.LOCK_SH, "the database in %s is being restored: try again when that is done")
}

// asItsUser refuses root in the folder of another user: what root writes there, the hub that runs as that user could not open.
func asItsUser(dir string, me, owner int) error {
	if me != 0 || owner == 0 {
		return nil
	}
	name := strconv.Itoa(owner)
	if u, err := user.LookupId(name); err == nil {
		name = u.Username
	}
	return cli.Usage("the hub in %s is that of the user %s, who could not open what root writes there: run this as %s", dir, name, name)
}

// lockServing keeps a second hub from serving the folder: devices, pages and housekeeping belong to one.
func lockServing(dir string) (unlock func(), err error) {
	return lockFile(dir, "serving", syscall.LOCK_EX, "a hub serves %s already: stop it first, or name another folder with -data")
}

// lockFile locks the file of that name in the folder until unlock, or the end of the process. taken is what to say where
// somebody else has locked it, with the folder.
func lockFile(dir, name string, how int, taken string) (unlock func(), err error) {
	if info, err := os.Stat(dir); err == nil {
		if err := asItsUser(dir, os.Geteuid(), int(info.Sys().(*syscall.Stat_t).Uid)); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Usage("there is no folder %s: name another with -data", dir)
	}
	if err != nil {
		return nil, cli.Usage("the folder %s cannot be written: name another with -data (%v)", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, cli.Usage(taken, dir)
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}
