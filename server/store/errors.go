package store

import (
	"cmp"

	"fieldsync/sync/fault"
)

// The codes of the store.
const (
	DiskFull     fault.Code = "disk_full"            // nothing was written; free some space and try again
	ReadOnly     fault.Code = "database_read_only"   // the file, or its folder, may not be written
	Unreadable   fault.Code = "database_unreadable"  // the file cannot be opened or read
	Corrupt      fault.Code = "database_corrupt"     // the file is damaged: restore a backup
	Foreign      fault.Code = "database_foreign"     // the file is some other program's database
	Newer        fault.Code = "database_newer"       // the file was written by a newer version of the program
	Older        fault.Code = "database_older"       // it has to be opened, or served, once before this
	Busy         fault.Code = "database_busy"        // another process holds the write lock
	Unavailable  fault.Code = "database_unavailable" // its server does not answer; nothing is lost, try again
	Replaced     fault.Code = "database_replaced"    // it was restored under a hub that works: start the hub again
	Stopped      fault.Code = "database_closed"      // the hub is shutting down
	LoginTaken   fault.Code = "login_taken"          // another person signs in with that name
	UnknownLogin fault.Code = "unknown_person"       // there is no such person
	UnknownPhone fault.Code = "unknown_device"       // there is no such device
	CodeRefused  fault.Code = "code_refused"         // an enrolment code that is unknown, used or expired
	BackupExists fault.Code = "backup_exists"        // a backup never overwrites a file
	Occupied     fault.Code = "database_occupied"    // a copy is made into an empty database only
	CopyFailed   fault.Code = "copy_failed"          // the copy was compared with the original, and differs
	BackupFailed fault.Code = "backup_failed"        // the copy was read back and is not whole
)

// explain turns what the database says into a refusal with a stable code. Refusals, and errors of others, stay as
// they are.
func (s *Store) explain(err error) error { return explainBy(s.engine, err) }

func explainBy(e engine, err error) error {
	if err == nil || fault.CodeOf(err) != "" {
		return err
	}
	return cmp.Or(e.explain(err), err)
}

// unexplained is what the database says that it should not.
func unexplained(err error) error {
	return fault.Wrap(fault.Internal, "The hub's database refused something. The operator's log says what.", err)
}
