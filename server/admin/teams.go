package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Teams are groups of people that work is given to as one.
var Teams = &Noun{
	URL: teamsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "team", ID: "t.id", Where: "t._del = 0", Order: "name", From: "team t LEFT JOIN branch b ON b.id = t.branch",
			Columns: []list.Column{
				{Name: "name", SQL: "t.name", Ref: "t.id", URL: teamsURL + "/"},
				{Name: "members", SQL: "(SELECT count(*) FROM membership m WHERE m.team = t.id AND m._del = 0)", Kind: list.Number, Fixed: true},
				{Name: "branch", SQL: "b.name", Fixed: true}, {Name: "note", SQL: "t.note", Fixed: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, Where: `t.name LIKE ? ESCAPE '\'`},
				archived("t"),
			},
			Indexes: []string{`CREATE INDEX IF NOT EXISTS "team.name,id" ON team(name, id)`},
		},
		URL: teamsURL, Title: "Groups", New: teamsURL + "/new", Make: "New group", Need: auth.EditPeople,
		Empty: "Groups of people that work is given to as one will stand here: a crew, the experts, the night shift.",
	},
	One: &Detail{
		Table: "team", URL: teamsURL, Form: teamForm, Edit: auth.EditPeople, Facts: []string{"name", "branch", "note", "archived_reason"},
		Sections: []sectionOf{{table: "membership", via: "team", columns: []string{"person"}}},
	},
	Deeds: []*Deed{
		{
			Name: "join", Title: "Add a member", Done: "Added. What is given to the group reaches his phone, too.", Cause: aftersales.CauseTeam, Need: auth.EditPeople,
			Asks: []schema.Column{askRow("person", "person")}, Needed: []string{"person"},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.JoinTeam(tx, row.ID, v["person"].Ref())
			},
		},
		{
			Name: "leave", Title: "Take a member out", Done: "Taken out.", Cause: aftersales.CauseTeam, Need: auth.EditPeople,
			Asks: []schema.Column{askRow("person", "person")}, Needed: []string{"person"},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.LeaveTeam(tx, row.ID, v["person"].Ref())
			},
		},
		archiveDeed("team", auth.EditPeople), unarchiveDeed("team", auth.EditPeople),
	},
}

var teamForm = &Form{
	Table: "team", Columns: []string{"name", "branch", "note"}, Needed: []string{"name"}, URL: teamsURL, New: "New group", Edit: "Edit %s",
	Make: "Make the group", Made: "The group is made. Add its members.", Cause: aftersales.CauseCreate,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		id, err := aftersales.CreateTeam(tx, v["branch"].Ref(), v["name"].Text())
		return id, orEdit(err, tx, "team", id, v, "note")
	},
}

// Substates are states of the company's own, each under one that the program knows.
var Substates = &Noun{
	URL: substatesURL,
	Lists: &Listing{
		List: &list.List{
			Name: "substate", ID: "s.id", Where: "s._del = 0", Order: "table_name", From: "substate s",
			Columns: []list.Column{
				{Name: "label", SQL: "s.label", Kind: list.Translated, Ref: "s.id", URL: substatesURL + "/", Fixed: true},
				{Name: "table_name", SQL: "s.table_name", Kind: list.Code, Codes: "table"},
				{Name: "state", SQL: "s.state", Kind: list.Code, Codes: "job.state", Fixed: true},
				{Name: "code", SQL: "s.code", Fixed: true}, {Name: "rank", SQL: "s.rank", Kind: list.Number, Fixed: true},
				{Name: "retired_at", SQL: "s.retired_at", Kind: list.Instant, Fixed: true},
			},
			Filters: []list.Filter{{Name: "retired", Test: list.Is, Where: "s.retired_at IS NOT NULL"}},
		},
		URL: substatesURL, Title: "Sub-states", New: substatesURL + "/new", Make: "New sub-state", Need: auth.EditSettings,
		Empty: "States of your own will stand here, each under one that the program knows: in work, and waiting for a crane.",
	},
	One: &Detail{Table: "substate", URL: substatesURL, Form: substateForm, Facts: []string{"table_name", "state", "code", "label", "rank", "retired_at"}},
	Deeds: []*Deed{
		labelDeed(aftersales.CauseSubstate, auth.EditSettings, nil, func(tx aftersales.Tx, row *record.Row, v record.Values) error {
			return aftersales.PutSubstate(tx, aftersales.SubstateInput{
				Table: row.Get("table_name").Text(), Code: row.Get("code").Text(), State: row.Get("state").Text(),
				Label: translations(v, "label"), Rank: v["rank"].Number(),
			})
		}),
		retireDeed(aftersales.CauseSubstate, auth.EditSettings, nil, func(tx aftersales.Tx, row *record.Row, _ record.Values) error {
			return aftersales.RetireSubstate(tx, row.Get("table_name").Text(), row.Get("code").Text())
		}),
	},
}

var substateForm = &Form{
	Table: "substate",
	Asks: []schema.Column{
		ask("table_name", schema.Enum, "job", "request"), ask("state", schema.Enum, aftersales.States()...), ask("code", schema.Text),
		ask("label", schema.Translated), ask("rank", schema.Integer),
	},
	Needed: []string{"table_name", "state", "code"}, URL: substatesURL, New: "New sub-state", Make: "Make the sub-state", Made: "The sub-state can be chosen.",
	Cause: aftersales.CauseSubstate,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		in := aftersales.SubstateInput{Table: v["table_name"].Text(), Code: v["code"].Text(), State: v["state"].Text(), Label: translations(v, "label"), Rank: v["rank"].Number()}
		return aftersales.SubstateID(in.Table, in.Code), aftersales.PutSubstate(tx, in)
	},
}
