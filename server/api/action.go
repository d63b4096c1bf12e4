package api

import (
	"maps"
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// action is something that is done to a row, beyond changing what it says.
type action struct {
	Name   string
	Need   auth.Permission
	Cause  string
	Takes  []schema.Column // what its body holds
	Needs  []string        // what it must hold
	Sets   bool            // it writes over what stands: needs If-Match, and what the program was not shown stays beside it
	Undoes bool            // it takes back what somebody decided: needs If-Match, and is refused for a row that has moved on
	Do     func(tx aftersales.Tx, row record.ID, v record.Values) error
}

func takes(name string, kind schema.Kind, ref string) schema.Column {
	c := schema.Column{ID: 1, Name: name, Kind: kind, Ref: ref}
	if kind == schema.Quantity {
		c.Scale = aftersales.QuantityScale
	}
	return c
}

func oneOf(name string, codes ...string) schema.Column {
	return schema.Column{ID: 1, Name: name, Kind: schema.Enum, Codes: codes}
}

var reason = takes("reason", schema.Text, "")

func commentOn(table string) action {
	return action{
		Name: "comment", Need: auth.Comment, Cause: aftersales.CauseComment, Needs: []string{"text"}, Takes: []schema.Column{takes("text", schema.Text, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			_, err := aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: table, ID: row}, Text: v["text"].Text()})
			return err
		},
	}
}

// ofJob refuses an assignment of another job.
func ofJob(tx aftersales.Tx, assignment, job record.ID) error {
	row, err := tx.Row("assignment", assignment)
	if err == nil && (row == nil || row.Get("job").Ref() != job) {
		err = errNotFound
	}
	return err
}

// archiving are the actions that put a row away and bring it back; nothing is deleted.
func archiving(table string, need auth.Permission) []action {
	return []action{
		{
			Name: "archive", Need: need, Cause: aftersales.CauseArchive, Needs: []string{"reason"}, Takes: []schema.Column{reason},
			Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
				return aftersales.Archive(tx, aftersales.ArchiveInput{Table: table, ID: row, Reason: v["reason"].Text()})
			},
		},
		{
			Name: "unarchive", Need: need, Cause: aftersales.CauseUnarchive, Undoes: true,
			Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error {
				return aftersales.Unarchive(tx, table, row)
			},
		},
	}
}

// joining are the actions that say that two rows are one thing, and that they are none after all.
func joining(table string, need auth.Permission) []action {
	return []action{
		{
			Name: "join", Need: need, Cause: aftersales.CauseMerge, Needs: []string{"same_as"}, Takes: []schema.Column{takes("same_as", schema.Ref, table)},
			Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
				return aftersales.Merge(tx, aftersales.MergeInput{Table: table, Loser: row, Winner: v["same_as"].Ref()})
			},
		},
		{
			Name: "part", Need: need, Cause: aftersales.CauseUnmerge, Undoes: true,
			Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error {
				return aftersales.Unmerge(tx, aftersales.UnmergeInput{Table: table, ID: row})
			},
		},
	}
}

// What values say, in the shapes that commands take.

func quantityOf(v record.Value) aftersales.Quantity {
	return aftersales.Quantity{Amount: v.Number(), Unit: v.Text()}
}

func moneyOf(v record.Value) aftersales.Money {
	return aftersales.Money{Minor: v.Number(), Currency: v.Text()}
}

// cellsOf returns the cells of a keyed column by their keys.
func cellsOf(v record.Values, column string) map[string]record.Value {
	cells := map[string]record.Value{}
	for name, value := range v {
		if key, ok := strings.CutPrefix(name, column+"."); ok && !value.IsNull() {
			cells[key] = value
		}
	}
	return cells
}

// textsOf returns a text in several languages.
func textsOf(v record.Values, column string) map[string]string {
	texts := map[string]string{}
	for language, value := range cellsOf(v, column) {
		texts[language] = value.Text()
	}
	return texts
}

// elementsOf returns what a set is given.
func elementsOf(v record.Values, column string) []string {
	return slices.Sorted(maps.Keys(cellsOf(v, column)))
}

// rowsOf returns the rows that a set of ids names.
func rowsOf(v record.Values, column string) (ids []record.ID, err error) {
	for _, e := range elementsOf(v, column) {
		id, err := record.ParseID(e)
		if err != nil {
			return nil, refused(column, fault.Invalid, err, "%s cannot be read: it is a list of ids.", column)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// ahead is how far the clock of a program may be before the hub's, in ms.
const ahead = 2 * 60 * 1000

// momentOf returns when something happened: in the past, as a program says, else now.
func momentOf(tx aftersales.Tx, v record.Values, column string) (aftersales.Moment, error) {
	at := v[column].Number()
	if at > tx.Now()+ahead {
		return aftersales.Moment{}, refused(column, fault.Invalid, nil, "%s lies in the future. Check the clock.", column)
	}
	return aftersales.Moment{Corrected: at}, nil
}
