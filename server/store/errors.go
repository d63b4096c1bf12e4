package store

import (
	"errors"

	sqlite3 "modernc.org/sqlite"
	sqlitecode "modernc.org/sqlite/lib"

	"fieldsync/sync/fault"
)

// The codes of the store.
const (
	DiskFull     fault.Code = "disk_full"           // nothing was written; free some space and try again
	ReadOnly     fault.Code = "database_read_only"  // the file, or its folder, may not be written
	Unreadable   fault.Code = "database_unreadable" // the file cannot be opened or read
	Corrupt      fault.Code = "database_corrupt"    // the file is damaged: restore a backup
	Foreign      fault.Code = "database_foreign"    // the file is some other program's database
	Newer        fault.Code = "database_newer"      // the file was written by a newer version of the program
	Busy         fault.Code = "database_busy"       // another process holds the write lock
	Stopped      fault.Code = "database_closed"     // the hub is shutting down
	LoginTaken   fault.Code = "login_taken"         // another person signs in with that name
	UnknownLogin fault.Code = "unknown_person"      // there is no such person
	UnknownPhone fault.Code = "unknown_device"      // there is no such device
	CodeRefused  fault.Code = "code_refused"        // an enrolment code that is unknown, used or expired
	KeyTaken     fault.Code = "external_key_taken"  // the key of that system names another row
	BackupExists fault.Code = "backup_exists"       // a backup never overwrites a file
	BackupFailed fault.Code = "backup_failed"       // the copy was read back and is not whole
)

// refusals says what each primary result code of SQLite means to the person who runs the hub.
var refusals = map[int]struct {
	code    fault.Code
	message string
}{
	sqlitecode.SQLITE_FULL:     {DiskFull, "The disk is full. Nothing was written; free some space and try again."},
	sqlitecode.SQLITE_READONLY: {ReadOnly, "The database may not be written. Check who may write its file and folder."},
	sqlitecode.SQLITE_PERM:     {ReadOnly, "The database may not be written. Check who may write its file and folder."},
	sqlitecode.SQLITE_CANTOPEN: {Unreadable, "The database cannot be opened. Check that its folder exists."},
	sqlitecode.SQLITE_IOERR:    {Unreadable, "The disk does not work as it should. Look at the system's log."},
	sqlitecode.SQLITE_CORRUPT:  {Corrupt, "The database is damaged. Stop the hub and restore a backup."},
	sqlitecode.SQLITE_NOTADB:   {Foreign, "The file is not a database. Name the hub's database file."},
	sqlitecode.SQLITE_BUSY:     {Busy, "Another program is writing the database. Stop it, or try again."},
}

// explain turns what the database says into a refusal with a stable code. Refusals, and errors of others, stay as
// they are.
func explain(err error) error {
	var e *sqlite3.Error
	if err == nil || fault.CodeOf(err) != "" || !errors.As(err, &e) {
		return err
	}
	if r, ok := refusals[e.Code()&0xff]; ok {
		return fault.Wrap(r.code, r.message, err)
	}
	return fault.Wrap(fault.Internal, "The hub's database refused something. The operator's log says what.", err)
}
