package admin

import (
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/words"
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

// change is what a deed does to its row.
type change = func(tx aftersales.Tx, row *record.Row, v record.Values) error

// labelDeed calls one that people choose something else, and puts it elsewhere in its list; fits may be nil.
func labelDeed(cause string, need auth.Permission, fits func(*record.Row) bool, do change) *Deed {
	return &Deed{
		Name: "label", Title: "Call it something else", Done: "Set.", Cause: cause, Need: need,
		Asks: []schema.Column{ask("label", schema.Translated), ask("rank", schema.Integer)},
		Hint: "One that was retired is in use again.",
		Fits: fits, Begin: labelled, Do: do,
	}
}

// retireDeed ends that one can be chosen; fits may be nil.
func retireDeed(cause string, need auth.Permission, fits func(*record.Row) bool, do change) *Deed {
	return &Deed{
		Name: "retire", Title: "Retire it", Done: "Retired. What has it keeps it; nobody can choose it any more.", Cause: cause, Need: need,
		Fits: func(row *record.Row) bool { return notRetired(row) && (fits == nil || fits(row)) },
		Do:   do,
	}
}

// labelled begins a form with what the row is called, and where it stands in its list.
func labelled(_ *builder, row *record.Row) (map[string]record.Value, error) {
	begin := map[string]record.Value{"rank": row.Get("rank")}
	for _, tag := range words.Tags {
		begin["label."+tag] = row.Get("label").Cell(tag)
	}
	return begin, nil
}

func notRetired(row *record.Row) bool { return row.Get("retired_at").IsNull() }
