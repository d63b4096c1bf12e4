package api

import (
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The resources by which a company says more than the program knows: fields and states of its own.
var ownResources = []*resource{
	{Path: "field-sets", Table: "field_set", See: auth.SignedIn, Names: auth.EditSettings},
	{
		Path: "fields", Table: "field_def", See: auth.SignedIn, Edit: auth.EditSettings, Create: auth.EditSettings,
		Takes: []string{"field", "builtin", "kind", "label", "list", "required_on", "minimum", "maximum", "rank"},
		More:  []schema.Column{oneOf("table_name", aftersales.FieldTables()...)}, Needs: []string{"table_name", "field"},
		Changes: []string{"label", "required_on", "minimum", "maximum", "rank"}, Make: defineField, Save: aftersales.ChangeField,
		Actions: []action{
			ofField("retire", aftersales.RetireField), ofField("reuse", aftersales.ReuseField),
		},
	},
	{
		Path: "substates", Table: "substate", See: auth.SignedIn, Edit: auth.EditSettings, Create: auth.EditSettings,
		Takes: []string{"table_name", "code", "state", "label", "rank"}, Needs: []string{"table_name", "code", "state"},
		Changes: []string{"label", "rank"}, Make: makeSubstate, Save: aftersales.RelabelSubstate,
		Actions: []action{
			ofSubstate("retire", aftersales.RetireSubstate), ofSubstate("reuse", aftersales.ReuseSubstate),
		},
	},
}

// defineField makes a field, or lays a rule on a column that is there anyway. One that is there already is changed by PATCH.
func defineField(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	in := aftersales.FieldDefInput{
		Table: v["table_name"].Text(), Field: v["field"].Text(), Builtin: v["builtin"].Number() != 0, Kind: v["kind"].Text(), Label: textsOf(v, "label"),
		List: v["list"].Text(), RequiredOn: v["required_on"].Text(), Minimum: v["minimum"].Number(), Maximum: v["maximum"].Number(), Rank: v["rank"].Number(),
	}
	id := aftersales.FieldDefID(in.Table, in.Field)
	row, err := tx.Row("field_def", id)
	if err == nil && row != nil {
		err = refused("field", fault.Exists, nil, "There is a field of this key already: %s. Change it with PATCH.", id)
	}
	if err == nil && in.Kind == aftersales.FieldChoice && in.List == "" && !in.Builtin {
		err = needed("list")
	}
	if err != nil {
		return id, err
	}
	return id, aftersales.DefineField(tx, in)
}

// ofField takes a field out of use, or into use again; its values stay.
func ofField(name string, do func(tx aftersales.Tx, table, field string) error) action {
	return action{
		Name: name, Need: auth.EditSettings, Cause: aftersales.CauseField, Undoes: true,
		Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error {
			is, err := tx.Row("field_def", row)
			if err != nil {
				return err
			}
			set, err := tx.Row("field_set", is.Get("field_set").Ref())
			if err == nil && set == nil {
				err = errNotFound
			}
			if err != nil {
				return err
			}
			return do(tx, set.Get("table_name").Text(), is.Get("field").Text())
		},
	}
}

func makeSubstate(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	in := aftersales.SubstateInput{Table: v["table_name"].Text(), Code: v["code"].Text(), State: v["state"].Text(), Label: textsOf(v, "label"), Rank: v["rank"].Number()}
	id := aftersales.SubstateID(in.Table, in.Code)
	row, err := tx.Row("substate", id)
	if err == nil && row != nil {
		err = refused("code", fault.Exists, nil, "There is a sub-state of this code already: %s. Change it with PATCH.", id)
	}
	if err != nil {
		return id, err
	}
	if err = aftersales.PutSubstate(tx, in); fault.CodeOf(err) == aftersales.UnknownCode {
		err = about("state", err)
	}
	return id, err
}

// ofSubstate keeps a sub-state from being chosen, or lets it be chosen again; what has it keeps it.
func ofSubstate(name string, do func(tx aftersales.Tx, table, code string) error) action {
	return action{
		Name: name, Need: auth.EditSettings, Cause: aftersales.CauseSubstate, Undoes: true,
		Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error {
			is, err := tx.Row("substate", row)
			if err != nil {
				return err
			}
			return do(tx, is.Get("table_name").Text(), is.Get("code").Text())
		},
	}
}
