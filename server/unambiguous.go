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

// callNames are the columns by which people call a row of a table, each with the rows among which no two are called the same.
var callNames = map[string]struct{ column, among string }{
	"job": {"number", ""}, "request": {"number", ""}, "party": {"number", ""}, "unit": {"number", ""}, "contract": {"number", ""},
	"part": {"code", " AND archived_at IS NULL"}, "product": {"code", " AND archived_at IS NULL"}, "location": {"code", " AND archived_at IS NULL"},
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
	if row != nil && values[callNames[table].column] != row.Get(callNames[table].column) {
		if err := n.free(table, id, values, row.Get("branch").Ref()); err != nil {
			return err
		}
	}
	return n.Tx.Update(table, id, values)
}

// free refuses what another row is called: another of the company's, where it is a number, else of the same branch.
func (n unambiguous) free(table string, id record.ID, values record.Values, branch record.ID) error {
	by := callNames[table]
	name := values[by.column].Text()
	if name == "" {
		return nil
	}
	taken := false
	err := n.store.Read(n.ctx, func(v *store.View) error {
		return v.Select(func(q *sqlrow.Rows) error {
			taken = taken || q.ID(0) != id && (by.column == "number" || q.ID(1) == branch)
			return q.Err()
		}, "SELECT id, branch FROM "+sqlrow.Quote(table)+" WHERE "+by.column+" = ? AND _del = 0"+by.among, name)
	})
	if err == nil && taken {
		err = fault.Newf(fault.Exists, "Another one is called %s already. Choose another name for this.", name)
	}
	return err
}
