package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// The codes of joining and parting rows.
const (
	NotMergeable  fault.Code = "not_mergeable"  // rows of this table are not joined
	MergeSelf     fault.Code = "merge_self"     // a row cannot be joined with itself
	AlreadyMerged fault.Code = "already_merged" // it is joined already
	NotMerged     fault.Code = "not_merged"     // it is joined with nothing
	RowsJoined    fault.Code = "rows_joined"    // a change wrote two rows that are one now, and wrote them differently
)

var mergeable = []string{"party", "contact", "site", "unit", "product", "part", "solution"}

// maxAliases bounds the steps that Survivor takes. One is the rule; more come of concurrent merges only.
const maxAliases = 64

// Survivor returns the id of the row that stands for this one: its own, unless it was joined with another. Aliases in
// a circle, which concurrent merges can make, stand for the least id of the circle.
func Survivor(tx Reader, table string, id record.ID) (record.ID, error) {
	seen := []record.ID{id}
	for range maxAliases {
		row, err := tx.Row(table, id)
		if err != nil {
			return record.ID{}, err
		}
		if row == nil || row.Get("merged_into").IsNull() {
			return id, nil
		}
		id = row.Get("merged_into").Ref()
		if i := slices.Index(seen, id); i >= 0 {
			return slices.MinFunc(seen[i:], compareIDs), nil
		}
		seen = append(seen, id)
	}
	return id, nil
}

// Twins returns the rows that were joined with another, which stands for them all.
func Twins(v View, table string, survivor record.ID) ([]*record.Row, error) {
	if survivor.IsZero() {
		return nil, nil
	}
	return v.Refs(table, "merged_into", survivor)
}

func compareIDs(a, b record.ID) int { return slices.Compare(a[:], b[:]) }

// living returns the row that stands for the one with this id, or refuses with fault.UnknownRow.
func living(tx Tx, table string, id record.ID) (*record.Row, error) {
	row, err := need(tx, table, id)
	if err != nil {
		return nil, err
	}
	survivor, err := Survivor(tx, table, row.ID)
	if err != nil || survivor == row.ID {
		return row, err
	}
	better, err := tx.Row(table, survivor)
	if err == nil && better != nil {
		return better, nil
	}
	return row, err // the survivor is not on this phone: the hub redirects what is written to the alias
}

func livingIf(tx Tx, table string, id record.ID) (*record.Row, error) {
	if id.IsZero() {
		return nil, nil
	}
	return living(tx, table, id)
}

// MergeInput names two rows of one table that are one thing.
type MergeInput struct {
	Table  string
	Loser  record.ID // becomes an alias
	Winner record.ID // stands for both
}

// Merge joins two rows for one thing. Nothing is copied and nothing rewritten: reads follow the alias, and Unmerge
// parts them again. Codes: NotMergeable, MergeSelf, AlreadyMerged, fault.UnknownRow.
func Merge(tx Tx, in MergeInput) error {
	if !slices.Contains(mergeable, in.Table) {
		return fault.Newf(NotMergeable, "rows of %v cannot be joined", in.Table)
	}
	loser, err := need(tx, in.Table, in.Loser)
	if err != nil {
		return err
	}
	if !loser.Get("same_as").IsNull() {
		return fault.New(AlreadyMerged, "it is joined with another already: part them first")
	}
	winner, err := living(tx, in.Table, in.Winner)
	if err != nil {
		return err
	}
	if winner.ID == loser.ID {
		return fault.New(MergeSelf, "these two are the same already")
	}
	err = tx.Update(in.Table, loser.ID, record.Values{"same_as": record.Ref(in.Winner)})
	if err != nil {
		return err
	}
	return repoint(tx, in.Table, loser.ID, record.Ref(winner.ID), maxAliases)
}

// UnmergeInput names an alias.
type UnmergeInput struct {
	Table string
	ID    record.ID
}

// Unmerge undoes a Merge: the row, and those that had been joined with it before, stand apart again. Codes:
// NotMergeable, NotMerged, fault.UnknownRow.
func Unmerge(tx Tx, in UnmergeInput) error {
	if !slices.Contains(mergeable, in.Table) {
		return fault.Newf(NotMergeable, "rows of %v cannot be joined", in.Table)
	}
	row, err := need(tx, in.Table, in.ID)
	if err != nil {
		return err
	}
	if row.Get("same_as").IsNull() {
		return fault.New(NotMerged, "it is joined with nothing")
	}
	err = tx.Update(in.Table, row.ID, record.Values{"same_as": record.Null, "merged_into": record.Null})
	if err != nil {
		return err
	}
	return repointAliases(tx, in.Table, row.ID, record.Ref(row.ID), maxAliases)
}

// repoint makes the row and all that were joined with it aliases of the survivor.
func repoint(tx Tx, table string, id record.ID, survivor record.Value, depth int) error {
	if err := tx.Update(table, id, record.Values{"merged_into": survivor}); err != nil {
		return err
	}
	return repointAliases(tx, table, id, survivor, depth)
}

func repointAliases(tx Tx, table string, id record.ID, survivor record.Value, depth int) error {
	aliases, err := tx.Refs(table, "same_as", id)
	if err != nil || depth == 0 {
		return err
	}
	for _, alias := range aliases {
		if alias.ID == survivor.Ref() {
			continue
		}
		if err := repoint(tx, table, alias.ID, survivor, depth-1); err != nil {
			return err
		}
	}
	return nil
}
