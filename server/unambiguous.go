package server

import (
	"context"

	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// callNames are the columns by which people call a row of a table.
var callNames = map[string]string{
	"job": "number", "request": "number", "party": "number", "unit": "number", "contract": "number",
	"part": "code", "product": "code", "location": "code",
}

// seriesTables are what the numbers of a series call.
var seriesTables = map[string]string{
	aftersales.SeriesJob: "job", aftersales.SeriesRequest: "request", aftersales.SeriesParty: "party", aftersales.SeriesUnit: "unit",
	aftersales.SeriesContract: "contract",
}

// unambiguous is a transaction of an office page, a program or an import that calls nothing as something else is called already:
// whoever says a number over the telephone means one thing. It looks into the group commit that it is part of: what is there
// already may have come a moment before. What devices number by themselves is unique by how it is made.
type unambiguous struct {
	aftersales.Tx
	office *hub.Office
}

// bind returns the transaction of an office page, a program or an import: it writes what the person's branches hold, and is
// unambiguous.
func bind(ctx context.Context, o *hub.Office, person record.ID) aftersales.Tx {
	return guard(ctx, unambiguous{Bind(o, person), o})
}

// Number passes over those that somebody typed before, or brought along from another hub.
func (n unambiguous) Number(series string) string {
	for {
		number := n.Tx.Number(series)
		table := seriesTables[series]
		if table == "" {
			return number
		}
		// An error stops the transaction as soon as something is written.
		if taken, err := taken(n.office, table, record.ID{}, record.Values{"number": record.Text(number)}, record.ID{}); err != nil || !taken {
			return number
		}
	}
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

// free refuses what another row is called.
func (n unambiguous) free(table string, id record.ID, values record.Values, branch record.ID) error {
	taken, err := taken(n.office, table, id, values, branch)
	if err == nil && taken {
		err = fault.Newf(fault.Exists, "another one is called %s already: choose something else", values[callNames[table]].Text())
	}
	return err
}

// taken reports whether another row is called so: another of the company's, where it is a number, else one of the same branch
// that is not archived.
func taken(o *hub.Office, table string, id record.ID, values record.Values, branch record.ID) (bool, error) {
	column := callNames[table]
	name := values[column].Text()
	if name == "" {
		return false, nil
	}
	for _, staged := range o.Staged() {
		if staged.Row.Table.Name == table && staged.Row.ID != id && same(staged.Row, column, name, branch) {
			return true, nil
		}
	}
	ids, err := o.Called(aftersales.Schema.Table(table), column, name)
	if err != nil {
		return false, err
	}
	for _, other := range ids {
		row, err := o.Row(record.Key{Table: aftersales.Schema.Table(table).ID, ID: other})
		if err != nil {
			return false, err
		}
		if other != id && same(row, column, name, branch) {
			return true, nil
		}
	}
	return false, nil
}

// same reports whether the row is called so where the branch would be misled by it.
func same(row *record.Row, column, name string, branch record.ID) bool {
	return row != nil && row.Get(column).Text() == name &&
		(column == "number" || row.Get("branch").Ref() == branch && row.Get("archived_at").IsNull())
}
