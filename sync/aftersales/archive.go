package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// The codes of putting away and getting back.
const (
	NotArchivable   fault.Code = "not_archivable"   // rows of this table are not archived
	AlreadyArchived fault.Code = "already_archived" // it is in the archive
	NotArchived     fault.Code = "not_archived"     // it is not in the archive
)

// ArchiveInput names a row that a page shall no longer show.
type ArchiveInput struct {
	Table  string
	ID     record.ID
	Reason string
}

// Archive puts a row away. Nothing is deleted from a page. Codes: NotArchivable, MissingReason, AlreadyArchived, WrongState
// for a job or request that is still to be done, fault.UnknownRow.
func Archive(tx Tx, in ArchiveInput) error {
	row, err := archivable(tx, in.Table, in.ID)
	if err != nil {
		return err
	}
	reason, err := reasonFor("archive it", in.Reason)
	if err != nil {
		return err
	}
	switch {
	case !row.Get("archived_at").IsNull():
		return fault.New(AlreadyArchived, "it is in the archive already")
	case toBeDone(row):
		return fault.New(WrongState, "it is not over yet: finish or cancel it before it is archived")
	}
	return tx.Update(in.Table, in.ID, record.Values{
		"archived_at": record.Instant(tx.Now()), "archived_reason": record.Text(reason),
	})
}

// Unarchive brings a row back from the archive. Codes: NotArchivable, NotArchived, fault.UnknownRow.
func Unarchive(tx Tx, table string, id record.ID) error {
	row, err := archivable(tx, table, id)
	if err != nil {
		return err
	}
	if row.Get("archived_at").IsNull() {
		return fault.New(NotArchived, "it is not in the archive")
	}
	return tx.Update(table, id, record.Values{"archived_at": record.Null, "archived_reason": record.Null})
}

func archivable(tx Tx, table string, id record.ID) (*record.Row, error) {
	if t := Schema.Table(table); t == nil || t.Column("archived_at") < 0 {
		return nil, fault.Newf(NotArchivable, "rows of %v are not archived", table)
	}
	return need(tx, table, id)
}

// toBeDone reports whether the row is a job or a request that somebody still has to do something about.
func toBeDone(row *record.Row) bool {
	switch row.Table.Name {
	case "job":
		return !JobOf(row).Over()
	case "request":
		return !RequestOf(row).Over()
	}
	return false
}

// fromArchive refuses to take up what lies in the archive, where nobody would see it. Codes: WrongState.
func fromArchive(row *record.Row) error {
	if row.Get("archived_at").IsNull() {
		return nil
	}
	return fault.New(WrongState, "it is in the archive: bring it back first")
}
