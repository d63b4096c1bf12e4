package admin

import (
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// substatesView is what a job or request is called under its state, and what it could be.
type substatesView struct {
	Now     string // what it is called, "" for nothing of the company's own
	Code    string
	Options []option // those of its state that are in use
}

// substates reads the company's own states under the job's or request's.
func (b *builder) substates(row *record.Row) (view substatesView, err error) {
	view.Code = row.Get("substate").Text()
	err = b.r.Select(func(q *sqlrow.Rows) error {
		one, err := b.r.Row(record.Key{Table: b.o.Schema.Table("substate").ID, ID: q.ID(0)})
		if err != nil || one == nil {
			return err
		}
		code, label := one.Get("code").Text(), b.n.translated(one)
		if label == "" {
			label = code
		}
		if code == view.Code {
			view.Now = label
		}
		if one.Get("state").Text() == row.Get("state").Text() && notRetired(one) {
			view.Options = append(view.Options, option{code, label})
		}
		return nil
	}, "SELECT id FROM substate WHERE table_name = ? AND (state = ? AND retired_at IS NULL OR code = ?) AND _del = 0 ORDER BY coalesce(rank, 0), code",
		row.Table.Name, row.Get("state").Text(), view.Code)
	return view, err
}

// SetSubstate says how the job stands under its state, in the company's own words; "" takes that back.
func (o *Office) SetSubstate(v *Visit) error {
	return o.jobDo(v, aftersales.CauseJobSubstate, "Set.", func(tx aftersales.Tx, id record.ID) error {
		return aftersales.SetSubstate(tx, id, v.form("substate"))
	})
}

// SetRequestSubstate says how the request stands under its state, in the company's own words; "" takes that back.
func (o *Office) SetRequestSubstate(v *Visit) error {
	return o.requestDo(v, aftersales.CauseRequestSubstate, "Set.", func(tx aftersales.Tx, id record.ID) error {
		return aftersales.SetRequestSubstate(tx, id, v.form("substate"))
	})
}
