package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"fieldsync/server"
	"fieldsync/server/files"
	"fieldsync/server/store"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
)

func backupCommand() *command {
	var withKey bool
	return &command{
		Name: "backup", Args: "DST", Least: 1, Most: 1,
		Brief: "copy the database while the hub works, and verify the copy",
		About: `
DST is a new file, or a folder in which one is named by the time. The file appears only when the copy was
read back and found whole. It is an SQLite database, whatever the hub stands on. Photos and other files go to
the folder hub-files beside it, which all backups there share: only what it lacks is copied, or linked where
that can be. Once two verified backups include a change, the devices that made it may forget their own copy of
it. The files hub.db.actors and hub.db.epoch stay where they are: they must survive what makes a backup needed.
The lists of what was erased, who was shut out and which numbers without a gap were given, DST.erased, DST.standings and
DST.numbers, belong to the backup: keep them with it.
So does the key file, unless -with-key says otherwise: a backup without it shows nobody what is stored
encrypted, and whoever lost every copy of it cannot read that either.
With -json it prints {"path":…,"bytes":…,"epoch":…,"commit":…,"files":…}, the last how many files were added.`,
		Example: "fieldsyncd backup /mnt/backups/",
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&withKey, "with-key", false, "copy the key file too, beside the backup; keep the two apart")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			return a.inHouse(ctx, func(h *house) error { return a.backup(ctx, h, args[0], withKey) })
		},
	}
}

func (a *app) backup(ctx context.Context, h *house, to string, withKey bool) error {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, "hub-"+time.Now().UTC().Format("20060102T150405Z")+".db")
	}
	if _, err := os.Stat(filepath.Dir(to)); err != nil {
		return cli.Usage("there is no folder %s for the backup", filepath.Dir(to))
	}
	total := sizeOf(a.path())
	var b store.Backup
	err := a.progress("copying").during(func() (int64, int64, string) {
		done := sizeOf(to + ".partial")
		return done, total, mebibytes(done)
	}, func() (err error) {
		b, err = h.core.Store.Backup(ctx, to)
		return err
	})
	if err == nil && withKey {
		err = a.copyFile(a.keys(), to+".keys")
	}
	if err != nil {
		return err
	}
	added, bytes, err := h.core.Files.Copy(ctx, backupFiles(to))
	if err != nil {
		return fault.Wrap(store.BackupFailed, "The database is backed up, its files are not. Check the disk, and try again.", err)
	}
	return a.answer(struct {
		Path   string `json:"path"`
		Bytes  int64  `json:"bytes"`
		Epoch  uint32 `json:"epoch"`
		Commit uint64 `json:"commit"`
		Files  int    `json:"files"`
	}{b.Path, b.Bytes, b.Epoch, b.Head, added}, func() {
		a.say("%s: %s, verified, with everything up to commit %d\n", b.Path, mebibytes(b.Bytes), b.Head)
		if added > 0 {
			a.say("%s: %s more, %s\n", backupFiles(to), many(added, "file"), mebibytes(bytes))
		}
	})
}

// backupFiles is the folder that the backups of one folder share for the files that rows name.
func backupFiles(backup string) string { return filepath.Join(filepath.Dir(backup), "hub-files") }

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func restoreCommand() *command {
	var force bool
	return &command{
		Name: "restore", Args: "SRC", Least: 1, Most: 1,
		Brief: "put a backup in the database's place",
		About: `
The backup is verified first. Stop the hub before. A database that is there already is not overwritten
unless -force says so, and is then kept beside it under another name. With -db the backup is copied into that
database, which must be empty. A new epoch begins: every device
compares what it holds with the hub, and sends again what the hub has forgotten. Files that are there stay; those
that are missing come from the folder hub-files beside the backup. Who was shut out stays so, and what was erased
stays erased, and numbers of series without a gap are not given again, as far as the lists hub.db.standings,
hub.db.erased and hub.db.numbers in DIR and those beside the backup tell. Codes
that were given out and not used, and everybody's browser sessions, end.
With -json it prints {"path":…,"epoch":…,"commit":…,"replaced":…}.`,
		Example: "fieldsyncd restore /mnt/backups/hub-20260301T020000Z.db -force",
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&force, "force", false, "put it in the place of the database that is there; that one is kept aside")
		},
		Do: func(ctx context.Context, a *app, args []string) error { return a.restore(ctx, args[0], force) },
	}
}

func (a *app) restore(ctx context.Context, from string, force bool) error {
	if info, err := os.Stat(from); err != nil || !info.Mode().IsRegular() {
		return cli.Usage("%s is no backup: there is no such file", from)
	}
	if err := a.mayRestore(ctx, force); err != nil {
		return err
	}
	if err := makeFolder(a.data); err != nil {
		return err
	}
	unlock, err := lockFolder(a.data, true)
	if err != nil {
		return err
	}
	defer unlock()
	if err := a.bringKeys(from); err != nil {
		return err
	}
	if err := a.checkWithKeys(ctx, from); err != nil {
		return err
	}
	if err := store.BringLists(from, a.path()); err != nil {
		return err
	}
	aside, err := a.bring(ctx, from)
	if err != nil {
		return err
	}
	desk, err := server.OpenFiles(ctx, a.path(), a.files, files.Options{})
	if err != nil {
		return err
	}
	if _, err := desk.Restore(ctx, backupFiles(from)); err != nil {
		return err
	}
	return a.beginEpoch(ctx, aside)
}

// mayRestore refuses to put a backup in the place of a database, unless it can be kept aside and force says so.
func (a *app) mayRestore(ctx context.Context, force bool) error {
	there, err := a.exists(ctx)
	switch {
	case err != nil:
		return err
	case there && a.db != "":
		return cli.Usage("there is a hub in the database that -db names: create an empty one, and name that")
	case there && !force:
		return cli.Usage("there is a database in %s: -force puts the backup in its place, and keeps it aside", a.data)
	}
	return nil
}

// bring puts the backup in the place of the database.
func (a *app) bring(ctx context.Context, from string) (aside string, err error) {
	if a.db == "" {
		return a.putInPlace(from)
	}
	backup := a.storeOptions()
	backup.Path, backup.Database = from, ""
	if _, err = store.Copy(ctx, backup, a.storeOptions(), store.OldHistory); err != nil {
		return "", err
	}
	return "", a.sayElsewhere()
}

// bringKeys takes the key file that was backed up with -with-key, where there is no other.
func (a *app) bringKeys(from string) error {
	_, here := os.Stat(a.keys())
	_, there := os.Stat(from + ".keys")
	if here == nil || there != nil {
		return nil
	}
	return a.copyFile(from+".keys", a.keys())
}

// checkWithKeys is check. To open a store makes a key where there is none: one that was made for a backup that does not open
// with it goes again, since whoever brings the right one must not find another in its place.
func (a *app) checkWithKeys(ctx context.Context, from string) error {
	_, none := os.Stat(a.keys())
	err := a.check(ctx, from)
	if err != nil && errors.Is(none, fs.ErrNotExist) {
		err = errors.Join(err, os.RemoveAll(a.keys()))
	}
	return err
}

// verifying begins the names of folders in which a backup is verified.
const verifying = "verifying-"

// check verifies a copy of the backup, apart from the folder's own files. Copies that a restore which was killed has left go: no erasure
// reaches them.
func (a *app) check(ctx context.Context, from string) (err error) {
	left, err := fs.Glob(os.DirFS(a.data), verifying+"*")
	for _, name := range left {
		err = errors.Join(err, os.RemoveAll(filepath.Join(a.data, name)))
	}
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(a.data, verifying)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	copied := filepath.Join(dir, database)
	if err := a.copyDatabase(from, copied); err != nil {
		return err
	}
	o := a.storeOptions()
	o.Path, o.Database, o.Restored = copied, "", true
	if err := isHub(ctx, o, from); err != nil {
		return err
	}
	report, _, err := a.verifyStore(ctx, o, nil)
	if err == nil && !report.OK() {
		err = fault.Wrap(store.BackupFailed, "The backup is not whole. Nothing was changed.", errors.New(report.Problems[0]))
	}
	return err
}

// isHub refuses a copy that holds no hub, as one of which a full disk left nothing: opened, it would become a new and empty one.
func isHub(ctx context.Context, copied store.Options, from string) error {
	there, err := store.Exists(ctx, copied)
	if err == nil && !there {
		err = cli.Usage("%s is no backup: there is no hub in it", from)
	}
	return err
}

// companions are the files that belong to the database alone, and are of no use to another.
var companions = []string{"", "-wal", "-shm"}

// copyDatabase copies a database with the log that a hub which was killed left beside it: its latest commits are in that alone.
func (a *app) copyDatabase(from, to string) error {
	if err := a.copyFile(from, to); err != nil || sizeOf(from+"-wal") == 0 {
		return err
	}
	return a.copyFile(from+"-wal", to+"-wal")
}

// putInPlace moves the database that is there aside, and copies the backup to its place.
func (a *app) putInPlace(from string) (aside string, err error) {
	incoming := a.path() + ".incoming"
	a.dropFiles(incoming)
	defer a.dropFiles(incoming) // gone when all went well
	if err := a.copyDatabase(from, incoming); err != nil {
		return "", err
	}
	return a.exchange(incoming, "replaced")
}

// exchange puts the database at incoming in the place of what is there, which is kept aside: also a log whose database is gone,
// for SQLite would play what stands in it into the one that comes.
func (a *app) exchange(incoming, why string) (aside string, err error) {
	if aside, err = a.putAside(why); err != nil {
		return "", err
	}
	if err := os.Rename(incoming+"-wal", a.path()+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return aside, os.Rename(incoming, a.path()) // the last: a log without its database is put aside by who tries again
}

// dropFiles removes a copy of a database that did not get its place.
func (a *app) dropFiles(path string) {
	for _, c := range companions {
		_ = os.Remove(path + c) // what is there nevertheless is refused as a database
	}
}

// unused returns the path, or the first one after it that nothing lies at.
func unused(path string) string {
	for n, free := 2, path; ; n++ {
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			return free
		}
		free = fmt.Sprintf("%s-%d", path, n)
	}
}

// putAside gives what there is of the folder's database another name, that says why, and returns it; "" where there is nothing.
func (a *app) putAside(why string) (aside string, err error) {
	name := unused(a.path() + "." + why + "-" + time.Now().UTC().Format("20060102T150405Z"))
	for _, c := range companions {
		switch err := os.Rename(a.path()+c, name+c); {
		case err == nil:
			aside = cmp.Or(aside, name+c)
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	return aside, nil
}

func (a *app) copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return cli.Usage("%s cannot be read: %v", from, cause(err))
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	total := sizeOf(from)
	return a.progress("copying").during(func() (int64, int64, string) {
		done := sizeOf(to)
		return done, total, mebibytes(done)
	}, func() error {
		_, err := io.Copy(out, in)
		if err = errors.Join(err, out.Sync(), out.Close()); errors.Is(err, syscall.ENOSPC) {
			err = fault.Wrap(store.DiskFull, "The disk is full, and this was not written; what came before it stands. Free some space and try again.", err)
		}
		return err
	})
}

// beginEpoch opens the restored database, which begins a new epoch at what it holds.
func (a *app) beginEpoch(ctx context.Context, aside string) error {
	o := a.storeOptions()
	o.Restored = true
	s, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	epoch, commit := s.Epoch(), s.RestoreAt()
	if err := s.Close(); err != nil {
		return err
	}
	return a.answer(struct {
		Path     string `json:"path"`
		Epoch    uint32 `json:"epoch"`
		Commit   uint64 `json:"commit"`
		Replaced string `json:"replaced,omitempty"`
	}{a.place(), epoch, commit, aside}, func() {
		a.say("%s is back at commit %d, in epoch %d: devices will send what it lacks.\n", a.place(), commit, epoch)
		a.say("Codes for enrolment and browser sessions of that time are worthless. Look whether people, devices and programs\n" +
			"that were shut out since are shut out still: those in the lists beside the database are.\n")
		if aside != "" {
			a.say("What was there is kept as %s: delete it once you are sure, for no erasure reaches it.\n", aside)
		}
	})
}
