package admin

import (
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Jobs and requests that are over are put away with a reason, and brought back: nothing is deleted.

const (
	saidArchived = "Archived. Nothing is lost: it can be brought back."
	saidBack     = "It is back."
)

func archives(v *Visit, table string) func(aftersales.Tx, record.ID) error {
	return func(tx aftersales.Tx, id record.ID) error {
		return aftersales.Archive(tx, aftersales.ArchiveInput{Table: table, ID: id, Reason: v.form("reason")})
	}
}

func unarchives(table string) func(aftersales.Tx, record.ID) error {
	return func(tx aftersales.Tx, id record.ID) error { return aftersales.Unarchive(tx, table, id) }
}

// ArchiveJob puts a job away that is over.
func (o *Office) ArchiveJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseArchive, saidArchived, archives(v, "job"))
}

// UnarchiveJob brings a job back.
func (o *Office) UnarchiveJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseUnarchive, saidBack, unarchives("job"))
}

// ArchiveRequest puts a request away that is over.
func (o *Office) ArchiveRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseArchive, saidArchived, archives(v, "request"))
}

// UnarchiveRequest brings a request back.
func (o *Office) UnarchiveRequest(v *Visit) error {
	return o.requestDo(v, aftersales.CauseUnarchive, saidBack, unarchives("request"))
}
