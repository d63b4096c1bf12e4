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

// Archive puts a row away. Nothing is deleted from a page. Codes: NotArchivable, MissingReason, AlreadyArchived,
// fault.UnknownRow.
func Archive(tx Tx, in ArchiveInput) error {
	row, err := archivable(tx, in.Table, in.ID)
	if err != nil {
		return err
	}
	reason, err := reasonFor("archive it", in.Reason)
	if err != nil {
		return err
	}
	if !row.Get("archived_at").IsNull() {
		return fault.New(AlreadyArchived, "it is in the archive already")
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
