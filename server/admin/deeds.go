package admin

import (
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The deeds that rows of many tables share.

func archiveDeed(table string, need auth.Permission) *Deed {
	return &Deed{
		Name: "archive", Title: "Archive it", Done: "Archived. Nothing is lost: it can be brought back.", Cause: aftersales.CauseArchive, Need: need, Many: true,
		Hint: "Lists no longer show it unless they are asked for the archive. What refers to it stays as it is.",
		Asks: []schema.Column{ask("reason", schema.Text)}, Needed: []string{"reason"},
		Fits: func(row *record.Row) bool { return row.Get("archived_at").IsNull() },
		Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
			return aftersales.Archive(tx, aftersales.ArchiveInput{Table: table, ID: row.ID, Reason: v["reason"].Text()})
		},
	}
}

func unarchiveDeed(table string, need auth.Permission) *Deed {
	return &Deed{
		Name: "unarchive", Title: "Bring it back", Done: "It is back.", Cause: aftersales.CauseUnarchive, Need: need, Many: true,
		Fits: func(row *record.Row) bool { return !row.Get("archived_at").IsNull() },
		Do: func(tx aftersales.Tx, row *record.Row, _ record.Values) error {
			return aftersales.Unarchive(tx, table, row.ID)
		},
	}
}

// joinDeed says that two rows are one thing: the other stands for both.
func joinDeed(table string, need auth.Permission) *Deed {
	return &Deed{
		Name: "join", Title: "Join it with another", Done: "Joined. It can be parted again.", Cause: aftersales.CauseMerge, Need: need,
		Hint: "Both are one thing: the other stands for both from now on. Nothing is copied or lost, and they can be parted again.",
		Asks: []schema.Column{askRow("same_as", table)}, Needed: []string{"same_as"},
		Fits: func(row *record.Row) bool { return row.Get("same_as").IsNull() },
		Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
			return aftersales.Merge(tx, aftersales.MergeInput{Table: table, Loser: row.ID, Winner: v["same_as"].Ref()})
		},
	}
}

func partDeed(table string, need auth.Permission) *Deed {
	return &Deed{
		Name: "part", Title: "Part it again", Done: "They stand apart again.", Cause: aftersales.CauseUnmerge, Need: need,
		Fits: func(row *record.Row) bool { return !row.Get("same_as").IsNull() },
		Do: func(tx aftersales.Tx, row *record.Row, _ record.Values) error {
			return aftersales.Unmerge(tx, aftersales.UnmergeInput{Table: table, ID: row.ID})
		},
	}
}
