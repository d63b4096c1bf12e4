package server

import (
	"context"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// callNames are the columns by which people call a row of a table.
var callNames = map[string]string{
	"job": "number", "request": "number", "party": "number", "unit": "number", "contract": "number",
	"part": "code", "product": "code", "location": "code",
}

// unambiguous is a transaction of an office page or a program that calls nothing as something else is called already: whoever says a
// number over the telephone means one thing. What devices and the hub number by themselves is unique by how it is made.
type unambiguous struct {
	aftersales.Tx
	ctx   context.Context
	store *store.Store
}

// bind returns the transaction of an office page or a program: it writes what the person's branches hold, and is unambiguous.
func (c *Core) bind(ctx context.Context, o *hub.Office, person record.ID) aftersales.Tx {
	return guard(ctx, unambiguous{Bind(o, person), ctx, c.Store})
}

func (n unambiguous) Insert(table string, id record.ID, values record.Values) error {
	if err := n.free(table, id, values, values["branch"].Ref()); err != nil {
		return err
	}
	return n.Tx.Insert(table, id, values)
}

func (n unambiguous) Update(table string, id record.ID, values record.Values) error {
	row, err := n.Row(table, id)
	if err != nil {
		return err
	}
	if row != nil && values[callNames[table]] != row.Get(callNames[table]) {
		if err := n.free(table, id, values, row.Get("branch").Ref()); err != nil {
			return err
		}
	}
	return n.Tx.Update(table, id, values)
}

// free refuses what another row is called: another of the company's, where it is a number, else one of the same branch that is not
// archived.
func (n unambiguous) free(table string, id record.ID, values record.Values, branch record.ID) error {
	column := callNames[table]
	name := values[column].Text()
	if name == "" {
		return nil
	}
	query := "SELECT id, branch FROM " + sqlrow.Quote(table) + " WHERE " + column + " = ? AND _del = 0"
	if column == "code" {
		query += " AND archived_at IS NULL"
	}
	taken := false
	err := n.store.Read(n.ctx, func(v *store.View) error {
		return v.Select(func(q *sqlrow.Rows) error {
			taken = taken || q.ID(0) != id && (column == "number" || q.ID(1) == branch)
			return q.Err()
		}, query, name)
	})
	if err == nil && taken {
		err = fault.Newf(fault.Exists, "another one is called %s already: choose something else", name)
	}
	return err
}
