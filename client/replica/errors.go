package replica

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"fieldsync/sync/fault"
)

// The codes of this package. None of them means that something was lost.
const (
	DiskFull fault.Code = "disk_full"      // nothing of the transaction was kept; it works again when there is space
	ReadOnly fault.Code = "read_only"      // the file, its folder or the handle cannot be written
	Corrupt  fault.Code = "corrupt"        // the file is damaged: the next Open sets it aside and salvages what waits
	InUse    fault.Code = "in_use"         // another program has the file open for writing
	Foreign  fault.Code = "not_a_replica"  // the file is a database of some other program
	Storage  fault.Code = "storage_failed" // the operating system refused; its reason is in the detail
)

const diskFull = "the disk is full: nothing was changed. Free some space and try again."

// explain turns an error of SQLite into one that says what to do; others stay as they are.
func explain(err error) error {
	var e *sqlite.Error
	if err == nil || fault.CodeOf(err) != "" || !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA:
		return corrupt("the data on this device", err)
	}
	if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // the journal's index cannot grow
		return fault.Wrap(DiskFull, diskFull, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fault.Wrap(DiskFull, diskFull, err)
	case sqlite3.SQLITE_READONLY:
		return fault.Wrap(ReadOnly, "the data can only be read. Check that its folder may be written.", err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return corrupt("the data on this device", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fault.Wrap(InUse, "another program is using the data on this device. Close it and try again.", err)
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM:
		return fault.Wrap(Storage, "the data on this device could not be read or written: nothing was changed."+
			" Check the disk and the rights on its folder.", err)
	}
	return err
}

// corrupt says that something in the file is not what this package wrote.
func corrupt(what string, err error) error {
	return fault.Wrap(Corrupt, what+" is damaged: start the app again, it repairs itself and keeps what was not sent", err)
}

// unsealed says that something sealed could not be read: since its key is not there, or because the file is damaged.
func unsealed(what string, err error) error {
	if fault.CodeOf(err) != "" {
		return err
	}
	return corrupt(what, err)
}

// failed wraps an error of the operating system.
func failed(what string, err error) error {
	return fault.Wrap(Storage, what+": check the disk and the rights on its folder", err)
}
