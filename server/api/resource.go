package api

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// resource is a kind of row that programs work with.
type resource struct {
	Path    string // in URLs: "customers"
	Table   string
	See     auth.Permission
	Edit    auth.Permission // "" for what is only read, or is made and then has actions alone
	Create  auth.Permission // "" for what is not made here
	Names   auth.Permission // to say what another system calls a row; "" for Edit, or else Create
	Make    func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error)
	Takes   []string                                                    // what Make takes; the rest of a new row is written like an edit
	More    []schema.Column                                             // what Make takes beside the columns of the table
	Needs   []string                                                    // what a new row must have
	Changes []string                                                    // what an edit may change; nil: all that no command of its own guards
	Save    func(tx aftersales.Tx, id record.ID, v record.Values) error // of an edit; nil: aftersales.Edit
	Files   []string                                                    // the kinds of file that its rows name; nil: none do
	Photos  string                                                      // the set that names photos by their content; "": none does
	Stock   bool                                                        // what lies there can be read
	Hours   bool                                                        // how long everybody spent on it can be read
	Actions []action
}

// resources are all of them.
var resources = slices.Concat(customerResources, stockResources, workResources, visitResources, knowledgeResources, companyResources, ruleResources, ownResources)

// PathOf returns the name that URLs have for the rows of a table ("jobs"), "" if the API has none.
func PathOf(table string) string {
	for _, r := range resources {
		if r.Table == table {
			return r.Path
		}
	}
	return ""
}

func (r *resource) table() *schema.Table { return aftersales.Schema.Table(r.Table) }

// save changes a row.
func (r *resource) save(tx aftersales.Tx, id record.ID, v record.Values) error {
	if r.Save != nil {
		return r.Save(tx, id, v)
	}
	return aftersales.Edit(tx, aftersales.EditInput{Table: r.Table, ID: id, Values: v})
}

// fixedColumns are columns that no program writes: they follow from what is done.
var fixedColumns = []string{"merged_into", "same_as", "archived_at", "archived_reason", "locked_by", "first_response_at",
	"started_at", "finished_at", "solved_at", "closed_at", "substate", "state_reason", "blacklisted", "blacklist_reason"}

// writable reports whether a program may send the column, for a new row or to change one.
func (r *resource) writable(c *schema.Column, fresh bool) bool {
	switch {
	case fresh && slices.Contains(r.Takes, c.Name):
		return true
	case r.Edit == "":
		return false
	case r.Changes != nil:
		return slices.Contains(r.Changes, c.Name)
	}
	return aftersales.Editable(r.Table, c.Name) && !slices.Contains(fixedColumns, c.Name) && !slices.Contains(onlyMade, c.Name) &&
		!c.Has(schema.Immutable)
}

// onlyMade are columns that are given when a row is made, and then have commands of their own.
var onlyMade = []string{"state", "number", "plan_start", "plan_end", "holder", "handler", "handler_team", "level", "branch"}

// Indexes are the statements that make lists fast, for the store to run before the first request.
func Indexes() (statements []string) {
	for _, r := range resources {
		name := r.Table + ".api"
		statements = append(statements, "CREATE INDEX IF NOT EXISTS "+sqlrow.Quote(name)+" ON "+sqlrow.Quote(r.Table)+"(_seq, id)")
	}
	return append(statements, inboxIndexes...)
}
